/* Names to small ids, with new ones made as they come. The names seen last are
 * kept in memory, as many as fit; the database is behind them. */
#ifndef KRUXOSD_DICTIONARY_WRITER_H
#define KRUXOSD_DICTIONARY_WRITER_H

#include "log/entry.h"
#include "store/dictionary.h"

struct dictionary_writer;

/* `database` stays the caller's, and outlives it. NULL: a statement does not
 * fit the schema. */
struct dictionary_writer *
dictionary_writer_new(struct database *database, struct error *err);
void dictionary_writer_free(struct dictionary_writer *writer);

/* The id of a name of the log; within a transaction. The errors are the
 * database's. */
int dictionary_writer_file(struct dictionary_writer *writer, struct slice name,
    dictionary_id *ret_id, struct error *err);
int dictionary_writer_capability(struct dictionary_writer *writer,
    struct slice name, dictionary_id *ret_id, struct error *err);
int dictionary_writer_session(struct dictionary_writer *writer,
    struct slice name, dictionary_id *ret_id, struct error *err);
int
dictionary_writer_actor(struct dictionary_writer *writer, enum entry_actor type,
    struct slice name, dictionary_id *ret_id, struct error *err);

/* Forget what is in memory: a transaction was rolled back. */
void dictionary_writer_reset(struct dictionary_writer *writer);

#endif
