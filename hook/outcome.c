#include "hook/outcome.h"

#include "base/number.h"
#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	SUBJECT_BYTES = 200,
	ERROR_BYTES = 100,
};

/* --- how it ended --------------------------------------------------------- */

/* Text in which a number other than 0 behind a word says that it failed. */
static const struct {
	enum event_agent agent;
	const char *path; /* of the text */
	const char *word;
} exits[] = {
	{ EVENT_GEMINI, "tool_response.llmContent", "\nExit Code: " },
	{ EVENT_GEMINI, "tool_response.llmContent", "\nSignal: " },
	{ EVENT_CURSOR, "tool_output", "\"exitCode\":" },
};

/* Members that say it: one that is there and no null, 0, "" or false. */
static const struct {
	enum event_agent agent;
	const char *path;
} errors[] = {
	{ EVENT_CLAUDE_CODE, "tool_response.interrupted" },
	{ EVENT_GEMINI, "tool_response.error" },
	{ EVENT_OPENCODE, "output.metadata.exit" },
};

static bool
says_number(struct slice text, const char *word)
{
	size_t len = strlen(word);
	const char *at =
	    text.len == 0 ? NULL : memmem(text.data, text.len, word, len);
	const char *end = text.data + text.len;

	if (at == NULL)
		return false;
	for (at += len; at < end && *at == ' '; at++)
		;
	return at < end && ((*at >= '1' && *at <= '9') || *at == '-');
}

static bool
says_yes(const struct json_node *node)
{
	if (node->type == JSON_NUMBER)
		return !slice_is(node->text, "0");
	if (node->type == JSON_STRING)
		return node->text.len > 0;
	return node->type != JSON_NULL && node->type != JSON_FALSE;
}

enum entry_status
outcome_status(const struct event *event)
{
	const struct json_node *node;

	if (event->kind == EVENT_FAILED)
		return ENTRY_ERROR;
	for (size_t i = 0; i < COUNT(exits); i++) {
		if (exits[i].agent != event->agent)
			continue;
		node = event_find(event->reader, event->top, exits[i].path);
		if (node != NULL && node->type == JSON_STRING &&
		    says_number(node->text, exits[i].word))
			return ENTRY_ERROR;
	}
	for (size_t i = 0; i < COUNT(errors); i++) {
		if (errors[i].agent != event->agent)
			continue;
		node = event_find(event->reader, event->top, errors[i].path);
		if (node != NULL && says_yes(node))
			return ENTRY_ERROR;
	}
	return ENTRY_SUCCESS;
}

/* --- who decided ---------------------------------------------------------- */

/* Modes in which an agent runs calls without a question: all of them, or those
 * of one capability. */
static const struct {
	const char *mode;
	const char *capability; /* NULL: any */
} modes[] = {
	{ "bypassPermissions", NULL },
	{ "dontAsk", NULL },
	{ "auto", NULL },
	{ "yolo", NULL },
	{ "acceptEdits", "filesystem.write" },
};

enum entry_decider
outcome_decider(const struct event *event, struct slice capability,
    const struct waiting_call *call)
{
	if (call != NULL &&
	    (call->asked != 0 || call->tier == ENTRY_APPROVAL_REQUIRED))
		return ENTRY_BY_USER;
	if (call != NULL && call->is_explicit)
		return ENTRY_BY_POLICY;
	for (size_t i = 0; i < COUNT(modes); i++)
		if (slice_is(event->permission_mode, modes[i].mode) &&
		    (modes[i].capability == NULL ||
			slice_is(capability, modes[i].capability)))
			return ENTRY_BY_MODE;
	return ENTRY_BY_NONE;
}

enum entry_decider
outcome_denier(const struct event *call)
{
	static const struct {
		const char *begin;
		enum entry_decider decider;
	} words[] = {
		{ "PreToolUse:", ENTRY_BY_HOOK },
		{ "The user doesn't want", ENTRY_BY_USER },
	};
	const struct json_node *said = call->response;

	for (size_t i = 0; i < COUNT(words); i++)
		if (said != NULL && said->type == JSON_STRING &&
		    slice_starts_with(said->text, slice_of(words[i].begin)))
			return words[i].decider;
	/* The agent's own rules. */
	return ENTRY_BY_MODE;
}

/* --- in few words --------------------------------------------------------- */

static struct slice
first_line(struct slice text)
{
	const char *newline =
	    text.len == 0 ? NULL : memchr(text.data, '\n', text.len);

	if (newline != NULL)
		text.len = (size_t)(newline - text.data);
	return text;
}

/* The first line of `text`, and no more than `most` bytes of it. */
static void
add_line(struct buf *out, struct slice text, size_t most)
{
	struct slice line = first_line(text);

	line.len = text_cut(line, most);
	buf_add_slice(out, line);
	if (line.len < text.len)
		buf_add_str(out, " …");
}

void
outcome_add_summary(const struct event *event, struct buf *out)
{
	struct slice subject = event_find_subject(event);

	if (subject.data != NULL)
		add_line(out, subject, SUBJECT_BYTES);
	else
		add_line(out, event->tool, SUBJECT_BYTES);
	if (event->error.len == 0)
		return;
	buf_add_str(out, ": ");
	/* What follows its first line stands in the request. */
	add_line(out, first_line(event->error), ERROR_BYTES);
}
