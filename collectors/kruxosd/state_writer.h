/* The writing end of state.db, for those who keep tables in it (state.h keeps
 * the file): one connection, one transaction at a time.
 *
 * What is changed, and the entry that says so, are one transaction: an entry
 * waits here, owed to the log, until the log holds it (owed_entries.h). So
 * nothing changes without a record, and nothing is recorded that did not
 * happen, whatever ends the daemon in between.
 *
 *	int result = state_writer_begin(writer, err);
 *	if (result == 0) {
 *		result = account_writer_put(writer, …);
 *		…
 *		result = state_writer_commit(writer, result, err);
 *	}
 *
 * All, and what account_writer.h, agent_writer.h and others add, return -1 with
 * ERROR_BUSY (somebody has locked it), ERROR_SYSTEM (a full disk, …) or
 * ERROR_CORRUPT. Of one thread: the loop's.
 */
#ifndef KRUXOSD_STATE_WRITER_H
#define KRUXOSD_STATE_WRITER_H

#include "base/arena.h"
#include "base/clock.h"
#include "log/entry.h"

#include <stdbool.h>

struct state_writer;

/* `path` (copied) is that of state.db, which state.h has made. It is opened
 * when it is first needed, and again when another file is at its path. Never
 * NULL. */
struct state_writer *state_writer_new(const char *path);
void state_writer_free(struct state_writer *writer);

/* How often it was opened: what was read before is of another file then. */
uint64_t state_writer_opened(const struct state_writer *writer);

int state_writer_begin(struct state_writer *writer, struct error *err);

/* Commit if `result` is 0, else take all back; -1 then, too, and `err` as it
 * was. */
int
state_writer_commit(struct state_writer *writer, int result, struct error *err);

/* Has something been found that says that the database is damaged? Once, for
 * who keeps the file (state_tell()). */
bool
state_writer_take_damage(struct state_writer *writer, struct error *ret_damage);

/* --- entries that the log has not yet ------------------------------------- */

/* `entry`: all that a producer says, but the duration. `request`: an object as
 * JSON. */
int state_writer_owe(struct state_writer *writer, const struct entry *entry,
    struct slice request, uint64_t *ret_id, struct error *err);

/* The first ones that are owed, by id. */
int state_writer_owed(struct state_writer *writer, uint64_t *ret_ids,
    size_t most, size_t *ret_count, struct error *err);

/* 1: the entry, its slices and `ret_request` in `arena`; 0: none is owed. */
int state_writer_owed_entry(struct state_writer *writer, uint64_t id,
    struct arena *arena, struct entry *ret_entry, struct slice *ret_request,
    struct error *err);

/* The log has it. */
int state_writer_settle(
    struct state_writer *writer, uint64_t id, struct error *err);

#endif
