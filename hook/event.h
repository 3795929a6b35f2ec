/* One event of an agent's hook, whatever the agent calls it: pure.
 *
 * Agents name the same moments and fields differently. The tables at the head
 * of event.c say which event is what, and where each field stands; what is not
 * in them is ignored, so that an agent's next version breaks nothing.
 */
#ifndef HOOK_EVENT_H
#define HOOK_EVENT_H

#include "base/json_reader.h"

enum event_agent {
	EVENT_CLAUDE_CODE,
	EVENT_CODEX,
	EVENT_GEMINI,
	EVENT_CURSOR,
	EVENT_OPENCODE,
	EVENT_AGENTS
};

enum event_kind {
	EVENT_IGNORED,
	EVENT_SESSION_START,
	EVENT_SESSION_END,
	EVENT_COMPACT, /* the session goes on with less before it */
	EVENT_PROMPT,
	EVENT_BEFORE, /* a tool call is about to run */
	EVENT_AFTER,
	EVENT_FAILED,
	EVENT_BATCH,   /* calls have ended, those that never ran among them */
	EVENT_ASKED,   /* a person is asked whether a call may run */
	EVENT_REFUSED, /* a call may not run */
	EVENT_SUBAGENT_START,
	EVENT_SUBAGENT_STOP,
	EVENT_NOTIFICATION,
	EVENT_STOP, /* the agent has done what it was asked */
	EVENT_KINDS
};

/* What an event says, as it stands there; {NULL, 0} and NULL: nothing. All of
 * it lies in the reader and in the tables. */
struct event {
	enum event_agent agent;
	enum event_kind kind;
	const struct json_reader *reader;
	struct slice name; /* as the agent has it */

	/* Of a tool call: one moment that has no other half (`is_single`), or
	 * one that the agent tells in other words, too (`is_echo`). */
	bool is_single, is_echo;

	struct slice session_id;
	struct slice call_id;
	struct slice tool;
	struct slice mcp_server, mcp_tool;
	struct slice agent_id, agent_type; /* of the sub-agent */
	struct slice parent_call_id;
	struct slice permission_mode;
	struct slice cwd;
	struct slice model;
	struct slice turn_id;
	struct slice prompt;
	struct slice source;
	struct slice reason;
	struct slice message;
	struct slice error;
	struct slice failure;  /* what kind of one */
	struct slice duration; /* ms: a number's digits */
	bool is_interrupt;
	const struct json_node *input; /* an object; or, where there is none: */
	const struct json_node *top;   /* its members in event_arguments */
	const struct json_node *response;
	const struct json_node *calls; /* of a batch: an array */
};

/* "claude-code", "codex", … -1: no such agent. */
int event_agent_of(struct slice name);
const char *event_agent_name(enum event_agent agent);

/* Read the event `name` (of --event; {NULL, 0}: as the text itself says) of
 * which `reader` holds the text. What is no event is ignored. */
void event_read(enum event_agent agent, struct slice name,
    const struct json_reader *reader, struct event *ret);

/* One of the calls of a batch, into an event like `batch`. */
void event_read_call(
    const struct event *batch, const struct json_node *call, struct event *ret);

/* Is the event of this name one before a tool call? For text that is no JSON;
 * a name that is not given is looked for in it. */
bool
event_is_before(enum event_agent agent, struct slice name, struct slice text);

/* Append the capability of the call's tool. */
void event_add_capability(const struct event *event, struct buf *out);

/* The members of the event itself that are a call's arguments, where it has no
 * object of them; NULL behind the last. */
extern const char *const event_arguments[];

/* What a call is about, in few words: the command, the file, the URL, as one
 * of its arguments. {NULL, 0}: nothing is known. */
struct slice event_find_subject(const struct event *event);

/* A number for the call's tool and arguments: the same before and behind it,
 * in whatever order the members stand and however far strings were cut. */
uint64_t event_digest(const struct event *event);

/* The node at `path` ("output.metadata.exit"; an element of an array by its
 * number) below `node`, or NULL. */
const struct json_node *event_find(const struct json_reader *reader,
    const struct json_node *node, const char *path);

#endif
