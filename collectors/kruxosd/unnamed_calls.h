/* Calls that their agent gives no ids.
 *
 * Gemini CLI tells neither its hooks nor its telemetry which call they are told
 * of. Both get an id that is made (hook/call.h, fcgi/otlp_call.h), and by these
 * outcomes.h does not know that they are the same. What both tell is the
 * session, the capability and the arguments: of calls that are alike in all
 * three, telemetry tells of as many as a hook has told of, and no more are
 * recorded.
 *
 * Kept in memory, and of the last some thousand calls: after a restart,
 * telemetry of a session from before it is recorded beside what its hooks told.
 */
#ifndef KRUXOSD_UNNAMED_CALLS_H
#define KRUXOSD_UNNAMED_CALLS_H

#include "base/json_reader.h"
#include "log/entry.h"

struct unnamed_calls;

struct unnamed_calls *unnamed_calls_new(void); /* never NULL */
void unnamed_calls_free(struct unnamed_calls *calls);

/* Did otlp.fcgi make this id, as there was none? */
bool unnamed_calls_is_made(struct slice call_id);

/* A hook has told how a call ended: `arguments` is a node of `reader`, or
 * NULL. */
void unnamed_calls_add(struct unnamed_calls *calls, const struct entry *entry,
    const struct json_reader *reader, const struct json_node *arguments);

/* Telemetry tells of one whose id is made: is it one of those? Then it is used
 * up, and the same id, sent again, means the same. */
bool unnamed_calls_take(struct unnamed_calls *calls, const struct entry *entry,
    const struct json_reader *reader, const struct json_node *arguments);

#endif
