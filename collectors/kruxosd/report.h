/* What the daemon says of itself: the status page, and what the next start has
 * to know. */
#ifndef KRUXOSD_REPORT_H
#define KRUXOSD_REPORT_H

#include "collectors/kruxosd/kruxosd.h"

/* Write the page as things are now. */
void report_write(struct kruxosd *kruxosd);

/* The last durable entry, for the next writing. */
void report_head(struct kruxosd *kruxosd, const struct commit_head *head);

/* How the machine is, if 5 s have passed since it was looked at last; what is
 * left of the disk decides whose entries are taken. */
void report_sample(struct kruxosd *kruxosd);

/* How far the chain was verified, and when the index was, into state.db. */
void report_verification(struct kruxosd *kruxosd);

/* Stopped: the last word. */
void report_end(struct kruxosd *kruxosd);

#endif
