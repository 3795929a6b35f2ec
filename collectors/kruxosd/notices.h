/* Notices of alerts: who is told what and when (notice_groups.h), kept until it
 * was (outbox_writer.h), and the commands about it.
 *
 * The daemon has no network: it decides, and kruxos-observer reads what is due
 * in telemetry.db, sends it, and says what came of it. An entry says when a
 * channel begins to fail, and when everything has reached it again.
 */
#ifndef KRUXOSD_NOTICES_H
#define KRUXOSD_NOTICES_H

#include "collectors/kruxosd/alerts.h"

struct notices;

/* All of it stays the caller's and outlives them. They listen to `alerts`. */
struct notices *
notices_new(struct clock *clock, struct commit *commit, struct alerts *alerts);
void notices_free(struct notices *notices);

/* The channels of `config`, copied. */
void notices_configure(struct notices *notices, const struct config *config);

/* Where they are kept, from now on, as by alerts_set_database(), and after it.
 */
int notices_set_database(
    struct notices *notices, struct database *database, struct error *err);

/* Once a second, after alerts_tick(). */
void notices_tick(struct notices *notices);

/* The payload of the entry `seq` was erased. */
void notices_erase(struct notices *notices, uint64_t seq);

/* The commands, and their arguments. */
extern const struct command_arg notices_result_args[];
extern const struct command_arg notices_test_args[];
void notices_result_command(struct notices *notices, struct command_call *call);
void notices_test_command(struct notices *notices, struct command_call *call);

#endif
