/* What became of a call, and why it could run: pure. */
#ifndef HOOK_OUTCOME_H
#define HOOK_OUTCOME_H

#include "hook/event.h"
#include "hook/waiting.h"

/* How the call ended that `event` (EVENT_AFTER, EVENT_FAILED) tells of. Most
 * agents say it somewhere in the answer of the tool; Codex never does. */
enum entry_status outcome_status(const struct event *event);

/* Why it could run. `call`: as it waited, or NULL. */
enum entry_decider outcome_decider(const struct event *event,
    struct slice capability, const struct waiting_call *call);

/* Who has denied the call of a batch, which never ran: its `tool_response` says
 * so. */
enum entry_decider outcome_denier(const struct event *call);

/* Append what a reader of the log sees first: what the call is about and, if it
 * failed, how. */
void outcome_add_summary(const struct event *event, struct buf *out);

#endif
