/* The inside of the writer of accounts, for its files alone: account_writer.c,
 * account_writer_sessions.c and account_writer_owed.c. */
#ifndef KRUXOSD_ACCOUNT_WRITER_INTERNAL_H
#define KRUXOSD_ACCOUNT_WRITER_INTERNAL_H

#include "collectors/kruxosd/account_writer.h"
#include "sql/account_writer.h"
#include "store/statement.h"

struct account_writer {
	char *path;
	struct database *database; /* NULL: not open */
	struct statement_set *statements;
	struct error damage; /* as it was found first; ERROR_NONE: none */
};

/* Before statements are started, but behind account_writer_begin(). */
int account_writer_open(struct account_writer *writer, struct error *err);

/* statement_end() and statement_run(); damage that they find is remembered. */
int account_writer_end(
    struct account_writer *writer, struct statement *rows, struct error *err);
int account_writer_run(
    struct account_writer *writer, struct statement *once, struct error *err);

/* End `rows`, of a statement that deletes and says which: the ids go as strings
 * into an array. */
int
account_writer_end_ids(struct account_writer *writer, struct statement *rows,
    struct json_writer *ids, size_t *ret_count, struct error *err);

/* Are there fewer than `most`, as `statement` counts them, of `account` or
 * ({NULL, 0}) of all? -1: ERROR_CONFLICT, which calls them `what`. */
int account_writer_check_room(struct account_writer *writer, int statement,
    struct slice account, uint64_t most, const char *what, struct error *err);

#endif
