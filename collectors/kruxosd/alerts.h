/* Alerts as the daemon keeps them: the engine, silences, what is recorded of
 * both in the audit log and in telemetry.db, and the commands about them.
 *
 * What becomes of an alert comes in at one place, waits in one queue until it
 * is recorded in both, and is tried again each second: an alert about a disk
 * that takes nothing is recorded when it takes something again.
 */
#ifndef KRUXOSD_ALERTS_H
#define KRUXOSD_ALERTS_H

#include "collectors/kruxosd/alert_engine.h"
#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/commit.h"
#include "store/database.h"

struct alerts;

/* Both stay the caller's and outlive it. */
struct alerts *alerts_new(struct clock *clock, struct commit *commit);
void alerts_free(struct alerts *alerts);

/* The rules of `config`, copied. */
void alerts_configure(struct alerts *alerts, const struct config *config);

/* Who hears what becomes of an alert, beside the log and the database. */
void alerts_set_listener(
    struct alerts *alerts, alert_listener *listener, void *context);

/* Does a silence mean it? */
bool alerts_is_silenced(const struct alerts *alerts, const struct alert *alert);

/* Of those that are held, the one at `place`, or NULL behind the last. */
const struct alert *alerts_at(const struct alerts *alerts, size_t place);

/* Where they are kept, from now on; NULL: nowhere, until there is a database
 * again. What the first holds is taken over; a later one is told all that is
 * held. The database stays the caller's; it
 * is closed after alerts_set_database(alerts, NULL, …). */
int alerts_set_database(
    struct alerts *alerts, struct database *database, struct error *err);

/* The database was found to be damaged: it is to be put aside. */
bool alerts_are_damaged(const struct alerts *alerts);

/* Lines of the log, durable, in which agents speak (commit.h). */
void alerts_read(struct alerts *alerts, struct slice lines);

/* Once a second. `input->now` is filled in here. */
void alerts_tick(struct alerts *alerts, struct alert_input *input);

/* The payload of the entry `seq` was erased. */
void alerts_erase(struct alerts *alerts, uint64_t seq);

/* --- what agents do by the gateway ---------------------------------------- */

/* The alert with the words of the entry `seq`, which was read; NULL: they are
 * counted by another one. Good until the next call. */
const struct alert *alerts_find_sent(const struct alerts *alerts, uint64_t seq);

/* May `agent` acknowledge it: is it firing, its own, and no more than info?
 * ERROR_NOT_FOUND, ERROR_NOT_ALLOWED. */
int alerts_check_own(const struct alerts *alerts, uint64_t id,
    struct slice agent, struct error *err);

/* It was recorded that `agent` does, just now. ERROR_NOT_FOUND: it has
 * resolved. */
int alerts_acknowledge_own(struct alerts *alerts, uint64_t id,
    struct slice agent, struct slice note, struct error *err);

/* The commands, and their arguments. */
extern const struct command_arg alerts_acknowledge_args[];
extern const struct command_arg silences_add_args[];
extern const struct command_arg silences_remove_args[];
void
alerts_acknowledge_command(struct alerts *alerts, struct command_call *call);
void silences_add_command(struct alerts *alerts, struct command_call *call);
void silences_remove_command(struct alerts *alerts, struct command_call *call);

#endif
