/* Named statements: prepared at open, bound, stepped, checked once.
 *
 *	struct statement find = statement_start(set, AGENTS_FIND);
 *
 *	statement_bind_text(&find, 1, name);
 *	while (statement_next(&find))
 *		… statement_u64(&find, 0) …
 *	if (statement_end(&find, err) == -1)
 *		return -1;
 *
 * SQL stands in sql/<stem>.sql, each statement under "-- name: <stem>_…"; the
 * build makes an enum and a table of them, <stem>_statements. A statement
 * remembers its first error until statement_end(), so that what lies between
 * needs no checks. What is bound must live until then; what is read lives
 * until the next statement_next().
 */
#ifndef STORE_STATEMENT_H
#define STORE_STATEMENT_H

#include "base/slice.h"
#include "store/database.h"

#include <stdint.h>

struct statement_text {
	const char *name;
	const char *sql;
};

/* The statements of one table over one connection. */
struct statement_set;

/* Prepare all `count` of them: one test of this finds every typing error.
 * NULL and an error that names the statement. */
struct statement_set *statement_set_new(struct database *database,
    const struct statement_text *texts, size_t count, struct error *err);
void statement_set_free(struct statement_set *set);

struct statement { /* a value: being run */
	sqlite3_stmt *stmt;
	struct database *database;
	const char *name;
	int result; /* SQLITE_OK, _ROW, _DONE, or the first error */
};

/* Begin a run of statement `index`; it must not be running. */
struct statement statement_start(struct statement_set *set, int index);

/* Parameters are ?1, ?2, …. Numbers beyond INT64_MAX are a bug. A slice
 * {NULL, 0} is bound as NULL. */
void statement_bind_u64(struct statement *statement, int index, uint64_t value);
void statement_bind_i64(struct statement *statement, int index, int64_t value);
void
statement_bind_text(struct statement *statement, int index, struct slice text);
void
statement_bind_blob(struct statement *statement, int index, struct slice blob);
void
statement_bind_double(struct statement *statement, int index, double value);
void statement_bind_null(struct statement *statement, int index);

/* The next row; false at the end and after an error. */
bool statement_next(struct statement *statement);

/* A column of the row, from 0. NULL is 0 or {NULL, 0}; a negative number where
 * none can be is 0: the database may be damaged. */
uint64_t statement_u64(struct statement *statement, int column);
int64_t statement_i64(struct statement *statement, int column);
double statement_double(struct statement *statement, int column);
struct slice statement_text(struct statement *statement, int column);
struct slice statement_blob(struct statement *statement, int column);
bool statement_is_null(struct statement *statement, int column);

/* A text into `ret_text` of `size` bytes, cut where it has no room. */
void statement_copy(
    struct statement *statement, int column, char *ret_text, size_t size);

/* End the run, whatever came of it; may come before the last row. -1 and the
 * first error. */
int statement_end(struct statement *statement, struct error *err);

/* For statements without rows: run to the end. */
int statement_run(struct statement *statement, struct error *err);

#endif
