/* The daemon: what it owns, opened in order, closed in reverse.
 *
 *	configuration → folders and their lock → status page → index → state →
 *	log, recovered → commit → what the last batch left undone → door
 *
 * Everything runs in one loop, on one thread; the index and the verifier have
 * threads of their own and read the log's files. Parts are given what they
 * need, never the whole daemon.
 */
#ifndef KRUXOSD_KRUXOSD_H
#define KRUXOSD_KRUXOSD_H

#include "base/error.h"

struct kruxosd;

/* Read the configuration at `config_path` (copied), and open everything but
 * the door. NULL: err names what is in the way. */
struct kruxosd *kruxosd_new(const char *config_path, struct error *err);

/* Open the door and serve until SIGTERM or SIGINT; then answer what was taken
 * and stop. -1: the door could not be opened, or the loop failed. */
int kruxosd_run(struct kruxosd *kruxosd, struct error *err);

void kruxosd_free(struct kruxosd *kruxosd);

#endif
