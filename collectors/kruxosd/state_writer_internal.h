/* The inside of the writing end of state.db, for the files that have statements
 * on it: state_writer.c, state_writer_owed.c, account_writer*.c,
 * agent_writer.c and approval_writer.c. */
#ifndef KRUXOSD_STATE_WRITER_INTERNAL_H
#define KRUXOSD_STATE_WRITER_INTERNAL_H

#include "collectors/kruxosd/state_writer.h"
#include "store/statement.h"

/* Whose statements: of one sql file each. */
enum state_writer_set {
	STATE_WRITER_OWN,
	STATE_WRITER_ACCOUNTS,
	STATE_WRITER_AGENTS,
	STATE_WRITER_APPROVALS,
	STATE_WRITER_SETS
};

struct state_writer {
	char *path;
	struct database *database; /* NULL: not open */
	struct statement_set *sets[STATE_WRITER_SETS];
	uint64_t opened;     /* how often */
	struct error damage; /* as it was found first; ERROR_NONE: none */
};

/* Before statements are started, but behind state_writer_begin(). */
int state_writer_open(struct state_writer *writer, struct error *err);

/* statement_start(), statement_end() and statement_run(); damage that they find
 * is remembered. */
struct statement state_writer_start(
    struct state_writer *writer, enum state_writer_set set, int statement);
int state_writer_end(
    struct state_writer *writer, struct statement *rows, struct error *err);
int state_writer_run(
    struct state_writer *writer, struct statement *once, struct error *err);

/* Are there fewer than `most`, as `statement` counts them, of `whose` or
 * ({NULL, 0}) of all? -1: ERROR_CONFLICT, which calls them `what`. */
int state_writer_check_room(struct state_writer *writer,
    enum state_writer_set set, int statement, struct slice whose, uint64_t most,
    const char *what, struct error *err);

static inline struct slice
state_writer_bytes(const unsigned char digest[static SHA256_BYTES])
{
	return (struct slice){ (const char *)digest, SHA256_BYTES };
}

#endif
