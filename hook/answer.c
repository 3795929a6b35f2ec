#include "hook/answer.h"

#include "base/json_writer.h"

/* {"hookSpecificOutput":{"permissionDecision":"deny",…}} */
static void
write_specific(struct json_writer *json, const struct event *event,
    const char *word, struct slice reason)
{
	json_writer_key(json, "hookSpecificOutput");
	json_writer_object(json);
	json_writer_pair_slice(json, "hookEventName", event->name);
	json_writer_pair(json, "permissionDecision", word);
	json_writer_pair_slice(json, "permissionDecisionReason", reason);
	json_writer_end_object(json);
}

/* {"decision":"deny","reason":"…"} */
static void
write_decision(struct json_writer *json, const struct event *event,
    const char *word, struct slice reason)
{
	(void)event;
	json_writer_pair(json, "decision", word);
	json_writer_pair_slice(json, "reason", reason);
}

/* {"permission":"deny","user_message":"…","agent_message":"…"} */
static void
write_permission(struct json_writer *json, const struct event *event,
    const char *word, struct slice reason)
{
	(void)event;
	json_writer_pair(json, "permission", word);
	json_writer_pair_slice(json, "user_message", reason);
	json_writer_pair_slice(json, "agent_message", reason);
}

static const struct {
	bool can_ask;
	/* NULL: by the exit code 2 and the bare reason. */
	void (*write)(struct json_writer *json, const struct event *event,
	    const char *word, struct slice reason);
} forms[EVENT_AGENTS] = {
	[EVENT_CLAUDE_CODE] = { true, write_specific },
	/* To Codex "ask" is no valid answer, and the call would run. */
	[EVENT_CODEX] = { false, write_specific },
	[EVENT_GEMINI] = { true, write_decision },
	[EVENT_CURSOR] = { false, write_permission },
	/* Our plug-in throws what is denied. */
	[EVENT_OPENCODE] = { false, NULL },
};

/* Cursor tells of commands and of tools of MCP servers twice, and asks at the
 * second time. */
static bool
is_asked_by_cursor(const struct event *event)
{
	static const char *const asking[] = { "beforeShellExecution",
		"beforeMCPExecution" };

	for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++)
		if (slice_is(event->name, asking[i]))
			return true;
	return slice_is(event->tool, "Shell") ||
	       slice_starts_with(event->tool, SLICE_LITERAL("MCP:"));
}

bool
answer_can_ask(const struct event *event)
{
	return forms[event->agent].can_ask ||
	       (event->agent == EVENT_CURSOR && is_asked_by_cursor(event));
}

int
answer_write(const struct event *event, enum answer_verdict verdict,
    struct slice reason, struct buf *out)
{
	static const char *const words[] = { NULL, "ask", "deny" };
	struct json_writer json;

	if (verdict == ANSWER_NOTHING)
		return 0;
	if (forms[event->agent].write == NULL) {
		buf_add_slice(out, reason);
		buf_add_char(out, '\n');
		return 2;
	}
	json_writer_init(&json, out);
	json_writer_object(&json);
	forms[event->agent].write(&json, event, words[verdict], reason);
	json_writer_end_object(&json);
	buf_add_char(out, '\n');
	return 0;
}
