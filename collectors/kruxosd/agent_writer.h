/* Agents and their tokens' digests in state.db, as kruxosd changes them
 * (state_writer.h). */
#ifndef KRUXOSD_AGENT_WRITER_H
#define KRUXOSD_AGENT_WRITER_H

#include "collectors/kruxosd/state_writer.h"

enum { AGENT_PURPOSE_BYTES = 256 }; /* text */

struct agent_row {
	char name[ENTRY_NAME_BYTES + 1];
	char purpose[AGENT_PURPOSE_BYTES + 1];
	unsigned char digest[SHA256_BYTES]; /* of its token */
	usec_t created_at;
	usec_t rotated_at;   /* 0: never */
	usec_t last_used_at; /* as far as it was noted; 0: never */
	usec_t revoked_at;   /* 0: the token is good */
};

/* Each to `on_row`, by name. */
int agent_writer_each(struct state_writer *writer,
    void (*on_row)(void *context, const struct agent_row *row), void *context,
    struct error *err);

/* A new one, or all of one that is there. */
int agent_writer_put(struct state_writer *writer, const struct agent_row *row,
    struct error *err);

int agent_writer_touch(struct state_writer *writer, const char *name,
    usec_t last_used_at, struct error *err);

#endif
