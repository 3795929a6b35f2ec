/* The end of the log: the entry that everything before it hangs on. Written as
 * SEQ:HASH, the pair that `audit verify --expect` takes. */
#ifndef CLI_HEAD_H
#define CLI_HEAD_H

#include "base/sha256.h"
#include "cli/command.h"

#include <stdint.h>

struct head {
	uint64_t seq; /* 0: the log is empty */
	unsigned char hash[SHA256_BYTES];
	bool is_live; /* a daemon that answers for it is running */
};

/* "42:9f86…"; -1 for anything else. */
int head_parse(struct slice text, struct head *ret);
void head_add(const struct head *head, struct buf *out);

/* What the daemon's status page knows as durable. -1: it knows nothing. */
int head_of_status(const char *status_file, struct head *ret);

/* The last entry in the files of `audit_dir`. -1 and err. */
int head_of_files(const char *audit_dir, struct head *ret, struct error *err);

extern const struct command_form head_form;

#endif
