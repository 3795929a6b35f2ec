#include "fcgi/otlp_call.h"

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/sha256.h"
#include "base/text.h"
#include "door/tool.h"

#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct otlp_call_maker {
	struct arena *arena;
	struct json_reader json; /* arguments and results that are JSON */
	struct buf text;
	struct sha256 *sha256;
};

struct otlp_call_maker *
otlp_call_maker_new(struct arena *arena)
{
	struct otlp_call_maker *maker = memory_new(sizeof(*maker));

	*maker = (struct otlp_call_maker){
		.arena = arena,
		.json = JSON_READER_INIT,
		.text = BUF_INIT,
		.sha256 = sha256_new(),
	};
	return maker;
}

void
otlp_call_maker_free(struct otlp_call_maker *maker)
{
	if (maker == NULL)
		return;
	json_reader_free(&maker->json);
	buf_free(&maker->text);
	sha256_free(maker->sha256);
	free(maker);
}

/* --- names ---------------------------------------------------------------- */

struct slice
otlp_call_name(struct otlp_call_maker *maker, struct slice text)
{
	cleanup(buf_free) struct buf name = BUF_INIT;

	if (text.len == 0)
		return (struct slice){ NULL, 0 };
	if (entry_is_name(text))
		return arena_slice(maker->arena, text);
	entry_add_name(&name, text);
	return arena_slice(maker->arena, buf_slice(&name));
}

/* An id for a call that has none: the span's, or what is said of it. The same
 * record, sent once more, has the same. */
static struct slice
made_call_id(struct otlp_call_maker *maker, const struct otlp_record *record)
{
	static const enum otlp_field told[] = { OTLP_SESSION, OTLP_TOOL,
		OTLP_ARGUMENTS };
	enum { SHOWN_BYTES = 12 };
	unsigned char digest[SHA256_BYTES];
	struct buf *text = &maker->text;

	buf_reset(text);
	if (record->signal == OTLP_TRACES && record->span_id.len > 0) {
		buf_addf(text, "span-%.*s", SLICE_ARG(record->span_id));
		return otlp_call_name(maker, buf_slice(text));
	}
	buf_addf(text, "%llu", (unsigned long long)record->ended_ns);
	for (size_t i = 0; i < COUNT(told); i++) {
		buf_add_char(text, '\0');
		buf_add_slice(text, otlp_record_text(record, told[i]));
	}
	sha256_digest(maker->sha256, buf_slice(text), digest);
	buf_reset(text);
	buf_add_str(text, "otlp-");
	buf_add_hex(text, digest, SHOWN_BYTES);
	return arena_slice(maker->arena, buf_slice(text));
}

static struct slice
capability_of(struct otlp_call_maker *maker, const struct otlp_record *record)
{
	struct slice tool = otlp_record_text(record, OTLP_TOOL);
	struct slice server = otlp_record_text(record, OTLP_MCP_SERVER);

	buf_reset(&maker->text);
	if (server.len > 0 && !slice_starts_with(tool, SLICE_LITERAL("mcp__")))
		tool_add_mcp_capability(&maker->text, server, tool);
	else
		tool_add_capability(&maker->text, tool);
	return arena_slice(maker->arena, buf_slice(&maker->text));
}

/* --- how it ended --------------------------------------------------------- */

static struct slice
take_line(struct slice *text)
{
	struct slice line = *text;

	if (!slice_take_line(text, &line))
		text->len = 0;
	return line;
}

/* Codex says "success" of a command that was run, however it ended; how, stands
 * before the command's own words. */
static bool
says_exit_code(struct slice output)
{
	static const struct slice before[] = {
		SLICE_LITERAL("Process exited with code "),
		SLICE_LITERAL("Exit code: "),
	};
	enum { HEAD_LINES = 8 };

	for (int i = 0; i < HEAD_LINES && output.len > 0; i++) {
		struct slice line = take_line(&output);

		if (slice_is(line, "Output:"))
			return false;
		for (size_t j = 0; j < COUNT(before); j++)
			if (slice_starts_with(line, before[j]))
				return line.len != before[j].len + 1 ||
				       line.data[before[j].len] != '0';
	}
	return false;
}

static bool
is_nonzero(const struct json_node *node)
{
	return node != NULL && node->type == JSON_NUMBER &&
	       !slice_is(node->text, "0");
}

/* Gemini CLI: {"exitCode":1,"isError":true}; OpenCode, in what a tool
 * returned: {"metadata":{"exit":1}}. */
static bool
tells_failure(struct otlp_call_maker *maker, struct slice text)
{
	struct json_reader *json = &maker->json;
	const struct json_node *top, *inner;
	struct error ignored = { 0 };

	if (text.len == 0 || text.data[0] != '{' ||
	    json_reader_read(json, text, &ignored) == -1)
		return false;
	top = json->nodes;
	inner = json_reader_member(json, top, "isError");
	if (inner != NULL && inner->type == JSON_TRUE)
		return true;
	if (is_nonzero(json_reader_member(json, top, "exitCode")))
		return true;
	inner = json_reader_member(json, top, "metadata");
	return inner != NULL &&
	       is_nonzero(json_reader_member(json, inner, "exit"));
}

bool
otlp_call_is_false(const struct otlp_value *value)
{
	return value->type == OTLP_FALSE ||
	       (value->type == OTLP_STRING && slice_is(value->text, "false"));
}

static enum entry_status
status_of(struct otlp_call_maker *maker, const struct otlp_record *record)
{
	struct slice error_type = otlp_record_text(record, OTLP_ERROR_TYPE);

	if (slice_is(error_type, "policy_violation"))
		return ENTRY_DENIED;
	if (slice_is(otlp_record_text(record, OTLP_DECISION), "reject"))
		return ENTRY_DENIED;
	if (record->has_failed || error_type.len > 0 ||
	    otlp_call_is_false(&record->values[OTLP_SUCCESS]) ||
	    says_exit_code(otlp_record_text(record, OTLP_OUTPUT)) ||
	    tells_failure(maker, otlp_record_text(record, OTLP_OUTPUT)) ||
	    tells_failure(maker, otlp_record_text(record, OTLP_METADATA)))
		return ENTRY_ERROR;
	return ENTRY_SUCCESS;
}

/* --- who let it run ------------------------------------------------------- */

static const struct {
	const char *word; /* in any letters */
	enum entry_decider decider;
} deciders[] = {
	{ "config", ENTRY_BY_POLICY },
	{ "hook", ENTRY_BY_HOOK },
	{ "user", ENTRY_BY_USER },
	{ "user_permanent", ENTRY_BY_USER },
	{ "user_temporary", ENTRY_BY_USER },
	{ "user_abort", ENTRY_BY_USER },
	{ "user_reject", ENTRY_BY_USER },
};

enum entry_decider
otlp_call_decider(const struct otlp_record *record)
{
	struct slice word = otlp_record_text(record, OTLP_DECIDER);

	for (size_t i = 0; i < COUNT(deciders); i++)
		if (word.len == strlen(deciders[i].word) &&
		    strncasecmp(word.data, deciders[i].word, word.len) == 0)
			return deciders[i].decider;
	return slice_is(otlp_record_text(record, OTLP_ERROR_TYPE),
		   "policy_violation")
		   ? ENTRY_BY_POLICY
		   : ENTRY_UNDECIDED;
}

bool
otlp_call_is_denial(const struct otlp_record *record)
{
	struct slice decision = otlp_record_text(record, OTLP_DECISION);

	return slice_is(decision, "reject") || slice_is(decision, "denied") ||
	       slice_is(decision, "abort");
}

/* --- a call --------------------------------------------------------------- */

/* How deep the value lies that was read last. */
static int
depth_of(const struct json_reader *json)
{
	uint32_t ends[JSON_READER_DEPTH + 1];
	int depth = 0, deepest = 0;

	for (uint32_t i = 0; i < json->count; i++) {
		while (depth > 0 && ends[depth - 1] <= i)
			depth--;
		if (json->nodes[i].children > 0)
			ends[depth++] = json->nodes[i].next;
		deepest = depth > deepest ? depth : deepest;
	}
	return deepest;
}

/* Arguments that are an object are written as one, on one line: JSON has line
 * breaks nowhere but between its values. What is no JSON, or too much or too
 * deep of it, is text. */
static void
write_arguments(
    struct otlp_call_maker *maker, struct slice text, struct json_writer *json)
{
	enum { DEPTH_AROUND = 8 }; /* in a command, see docs/door.md */
	struct error ignored = { 0 };
	struct buf *line = &maker->text;

	if (text.len > 0 && text.len <= OTLP_CALL_TEXT_BYTES &&
	    text.data[0] == '{' &&
	    json_reader_read(&maker->json, text, &ignored) == 0 &&
	    depth_of(&maker->json) <= JSON_READER_DEPTH - DEPTH_AROUND) {
		buf_reset(line);
		buf_add_slice(line, text);
		for (size_t i = 0; i < line->len; i++)
			if (line->data[i] == '\n' || line->data[i] == '\r')
				line->data[i] = ' ';
		json_writer_raw(json, buf_slice(line));
		return;
	}
	text.len = text_cut(text, OTLP_CALL_TEXT_BYTES);
	json_writer_string(json, text);
}

static void
write_text(struct json_writer *json, const char *key, struct slice text)
{
	enum { TEXT_BYTES = 4096 };

	if (text.len == 0)
		return;
	text.len = text_cut(text, TEXT_BYTES);
	json_writer_pair_slice(json, key, text);
}

static struct slice
request_of(struct otlp_call_maker *maker, const struct otlp_record *record)
{
	static const struct {
		const char *key;
		enum otlp_field field;
	} texts[] = {
		{ "tool", OTLP_TOOL },
		{ "agent", OTLP_AGENT },
		{ "agent_id", OTLP_AGENT_ID },
		{ "model", OTLP_MODEL },
		{ "permission_mode", OTLP_MODE },
		{ "decision", OTLP_DECISION },
		{ "error_type", OTLP_ERROR_TYPE },
		{ "error", OTLP_ERROR },
	};
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &text);
	json_writer_object(&json);
	for (size_t i = 0; i < COUNT(texts); i++)
		write_text(&json, texts[i].key,
		    otlp_record_text(record, texts[i].field));
	if (record->values[OTLP_ARGUMENTS].type != OTLP_NONE) {
		json_writer_key(&json, "arguments");
		write_arguments(
		    maker, otlp_record_text(record, OTLP_ARGUMENTS), &json);
	}
	json_writer_end_object(&json);
	return arena_slice(maker->arena, buf_slice(&text));
}

/* In ms: what the record says, else how long the span is. */
static struct slice
duration_of(struct otlp_call_maker *maker, const struct otlp_record *record)
{
	enum { DIGITS = 32 };
	struct slice said = otlp_record_text(record, OTLP_DURATION);
	uint64_t took = record->ended_ns - record->begun_ns;
	double ms;

	if (said.len > 0 && said.len <= DIGITS &&
	    number_parse_double(said, 0, 1e12, &ms) == 0)
		return arena_slice(maker->arena, said);
	if (record->signal != OTLP_TRACES || record->begun_ns == 0 ||
	    record->ended_ns < record->begun_ns)
		return (struct slice){ NULL, 0 };
	return slice_of(arena_printf(maker->arena, "%llu.%03llu",
	    (unsigned long long)(took / 1000000),
	    (unsigned long long)(took / 1000 % 1000)));
}

struct otlp_call *
otlp_call_new(struct otlp_call_maker *maker, const struct otlp_record *record)
{
	struct otlp_call *call = arena_alloc(maker->arena, sizeof(*call));

	call->session_id =
	    otlp_call_name(maker, otlp_record_text(record, OTLP_SESSION));
	call->call_id =
	    otlp_call_name(maker, otlp_record_text(record, OTLP_CALL));
	if (call->call_id.data == NULL)
		call->call_id = made_call_id(maker, record);
	call->trace_id = otlp_call_name(maker, record->trace_id);
	call->capability = capability_of(maker, record);
	call->status = status_of(maker, record);
	call->decider = otlp_call_decider(record);
	call->time = record->ended_ns / 1000;
	if (call->time > CLOCK_MAX)
		call->time = 0;
	call->duration = duration_of(maker, record);
	call->request = request_of(maker, record);
	return call;
}

/* --- as a command has it -------------------------------------------------- */

static void
write_name(struct json_writer *json, const char *key, struct slice name)
{
	if (name.data != NULL)
		json_writer_pair_slice(json, key, name);
}

void
otlp_call_write(const struct otlp_call *call, struct json_writer *json)
{
	json_writer_object(json);
	if (call->time != 0)
		json_writer_pair_time(json, "time", call->time);
	write_name(json, "session_id", call->session_id);
	json_writer_pair_slice(json, "call_id", call->call_id);
	write_name(json, "trace_id", call->trace_id);
	json_writer_pair_slice(json, "capability", call->capability);
	if (call->decider != ENTRY_UNDECIDED)
		json_writer_pair(
		    json, "decided_by", entry_decider_name(call->decider));
	json_writer_pair(json, "status", entry_status_name(call->status));
	if (call->duration.data != NULL) {
		json_writer_key(json, "duration_ms");
		json_writer_raw(json, call->duration);
	}
	json_writer_key(json, "request");
	json_writer_raw(json, call->request);
	json_writer_end_object(json);
}
