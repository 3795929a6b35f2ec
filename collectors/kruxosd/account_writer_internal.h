/* The inside of the writer of accounts, for its files alone: account_writer.c
 * and account_writer_sessions.c. */
#ifndef KRUXOSD_ACCOUNT_WRITER_INTERNAL_H
#define KRUXOSD_ACCOUNT_WRITER_INTERNAL_H

#include "collectors/kruxosd/account_writer.h"
#include "collectors/kruxosd/state_writer_internal.h"
#include "sql/account_writer.h"

/* End `rows`, of a statement that deletes and says which: the ids go as strings
 * into an array. */
int account_writer_end_ids(struct state_writer *writer, struct statement *rows,
    struct json_writer *ids, size_t *ret_count, struct error *err);

#endif
