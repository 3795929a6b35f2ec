/* A database that is read while kruxosd writes it, and its statements.
 *
 * It may not be there yet, or be replaced while a program runs: it is opened
 * when it is first needed, and again when another file has taken its place or
 * it was found to be damaged. Of one thread.
 *
 *	if (database_reader_open(reader, err) == -1)
 *		return -1;
 *	row = statement_start(reader->statements, ALERTS_FIND);
 *	…
 *	return database_reader_end(reader, &row, err);
 */
#ifndef STORE_DATABASE_READER_H
#define STORE_DATABASE_READER_H

#include "store/statement.h"

struct database_reader {
	char *path;
	const struct database_schema *schema;
	const struct statement_text *texts;
	size_t count;
	struct database *database; /* NULL: not open */
	struct statement_set *statements;
};

/* `path` (copied) is the database's, `schema` the one that it is to have; its
 * statements are the `count` `texts`. Opens nothing yet. */
void database_reader_init(struct database_reader *reader, const char *path,
    const struct database_schema *schema, const struct statement_text *texts,
    size_t count);
void database_reader_done(struct database_reader *reader);

/* Before statements are started. ERROR_UNREACHABLE: there is no database yet;
 * ERROR_CORRUPT, ERROR_SYSTEM. */
int database_reader_open(struct database_reader *reader, struct error *err);

/* statement_end(); a database that is found to be damaged is closed. */
int database_reader_end(struct database_reader *reader,
    struct statement *statement, struct error *err);

/* The same of several statements, whose `result` and `err` are given; returns
 * it. None of them is running. */
int database_reader_result(
    struct database_reader *reader, int result, const struct error *err);

#endif
