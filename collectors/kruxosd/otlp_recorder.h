/* What agents tell by OpenTelemetry, into the log: the command `otlp.record`.
 *
 * otlp.fcgi has made calls of what was sent, and relays them with the agent's
 * token. One command is many entries, in one batch where there is room, and is
 * answered when all of them are durable: {"recorded":N,"known":N,"refused":N}.
 * Known is a call whose end was told before, by a hook or by what was sent
 * before (outcomes.h); refused, one that is no entry.
 */
#ifndef KRUXOSD_OTLP_RECORDER_H
#define KRUXOSD_OTLP_RECORDER_H

#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/outcomes.h"

struct otlp_recorder;

struct otlp_recorder_parts {
	struct clock *clock;
	struct commit *commit;
	struct outcomes *outcomes;
};

/* All parts stay the caller's. Never NULL. */
struct otlp_recorder *
otlp_recorder_new(const struct otlp_recorder_parts *parts);
void otlp_recorder_free(struct otlp_recorder *recorder);

/* Who hears which of a session's numbered records have come: a run of them,
 * without a gap, in any order, perhaps again. */
typedef void (*otlp_recorder_on_sequence)(void *context,
    struct slice agent_name, struct slice session_id, uint64_t first,
    uint64_t last);
void otlp_recorder_set_listener(struct otlp_recorder *recorder,
    otlp_recorder_on_sequence on_sequence, void *context);

/* --- the command (docs/door.md) ------------------------------------------- */

extern const struct command_arg otlp_record_args[];

void
otlp_record_command(struct otlp_recorder *recorder, struct command_call *call);

#endif
