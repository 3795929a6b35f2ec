/* What a backup says of itself: its first file, `kruxos-backup`, a JSON object.
 */
#ifndef CLI_MANIFEST_H
#define CLI_MANIFEST_H

#include "base/buf.h"
#include "base/clock.h"
#include "cli/head.h"

#define MANIFEST_NAME "kruxos-backup"

enum {
	MANIFEST_FORMAT = 1, /* of what lies behind it */
	MANIFEST_BYTES = 4096,
	MANIFEST_TEXT_SIZE = 128,
};

struct manifest {
	char host[MANIFEST_TEXT_SIZE];	  /* on which it was made */
	char version[MANIFEST_TEXT_SIZE]; /* of the product that made it */
	usec_t made_at;
	struct head head; /* the last entry of its log */
};

/* What is made now, on this host, of a log that ends so. */
void manifest_init(struct manifest *manifest, const struct head *head);

/* Append it, as the file has it. */
void manifest_write(const struct manifest *manifest, struct buf *out);

/* ERROR_CORRUPT: that is none; ERROR_INVALID: one of a later version. */
int manifest_read(
    struct slice text, struct manifest *ret_manifest, struct error *err);

#endif
