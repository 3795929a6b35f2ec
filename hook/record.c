#include "hook/record.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "door/message.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What a tool answers may be large, and is no more than a hint at what was
 * done: so much of it is kept. */
enum {
	RESPONSE_BYTES = 8 << 10,
	RESPONSE_STRING_BYTES = 2 << 10,
	SHORTEST = 64,
};

#define AT(member) offsetof(struct event, member)

/* Of the request, in this order: what the event says. */
static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{ "event", AT(name) },
	{ "cwd", AT(cwd) },
	{ "permission_mode", AT(permission_mode) },
	{ "model", AT(model) },
	{ "turn_id", AT(turn_id) },
	{ "agent_id", AT(agent_id) },
	{ "agent_type", AT(agent_type) },
	{ "source", AT(source) },
	{ "reason", AT(reason) },
	{ "prompt", AT(prompt) },
	{ "message", AT(message) },
	{ "kind", AT(failure) },
	{ "error", AT(error) },
	{ "tool_name", AT(tool) },
};

/* --- values --------------------------------------------------------------- */

static void
add_string(struct json_writer *json, struct slice text, size_t longest)
{
	cleanup(buf_free) struct buf cut = BUF_INIT;
	size_t kept = text.len <= longest ? text.len : text_cut(text, longest);

	if (kept == text.len) {
		json_writer_string(json, text);
		return;
	}
	buf_add(&cut, text.data, kept);
	buf_addf(&cut, "…[cut %zu bytes]", text.len - kept);
	json_writer_string(json, buf_slice(&cut));
}

static void
add_node(struct json_writer *json, const struct json_reader *reader,
    const struct json_node *node, size_t longest)
{
	bool is_object = node->type == JSON_OBJECT;

	switch (node->type) {
	case JSON_NULL:
		json_writer_null(json);
		return;
	case JSON_TRUE:
	case JSON_FALSE:
		json_writer_bool(json, node->type == JSON_TRUE);
		return;
	case JSON_NUMBER:
		json_writer_raw(json, node->text);
		return;
	case JSON_STRING:
		add_string(json, node->text, longest);
		return;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	if (is_object)
		json_writer_object(json);
	else
		json_writer_array(json);
	for (const struct json_node *child = json_reader_first(reader, node);
	     child != NULL; child = json_reader_next(reader, node, child)) {
		if (is_object)
			json_writer_key_slice(json, child->key);
		add_node(json, reader, child, longest);
	}
	if (is_object)
		json_writer_end_object(json);
	else
		json_writer_end_array(json);
}

/* --- the request ---------------------------------------------------------- */

static void
add_arguments(
    struct json_writer *json, const struct event *event, size_t longest)
{
	if (event->tool.data == NULL)
		return;
	json_writer_key(json, "tool_input");
	if (event->input != NULL) {
		add_node(json, event->reader, event->input, longest);
		return;
	}
	json_writer_object(json);
	for (size_t i = 0; event_arguments[i] != NULL; i++) {
		const struct json_node *node =
		    event_find(event->reader, event->top, event_arguments[i]);

		if (node == NULL)
			continue;
		json_writer_key(json, event_arguments[i]);
		add_node(json, event->reader, node, longest);
	}
	json_writer_end_object(json);
}

static void
add_response(
    struct json_writer *json, const struct event *event, size_t longest)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_writer writer;

	if (event->response == NULL || event->kind == EVENT_BEFORE)
		return;
	if (longest > RESPONSE_STRING_BYTES)
		longest = RESPONSE_STRING_BYTES;
	do {
		buf_reset(&text);
		json_writer_init(&writer, &text);
		add_node(&writer, event->reader, event->response, longest);
		longest /= 4;
	} while (text.len > RESPONSE_BYTES && longest >= SHORTEST);
	json_writer_key(json, "tool_response");
	if (text.len <= RESPONSE_BYTES) {
		json_writer_raw(json, buf_slice(&text));
	} else {
		json_writer_object(json);
		json_writer_pair_u64(json, "cut_bytes", text.len);
		json_writer_end_object(json);
	}
}

static void
add_request(struct json_writer *json, const struct record *record,
    const struct event *event, size_t longest)
{
	json_writer_key(json, "request");
	json_writer_object(json);
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct slice text =
		    *(const struct slice *)((const char *)event +
					    texts[i].offset);

		if (text.len == 0)
			continue;
		json_writer_key(json, texts[i].key);
		add_string(json, text, longest);
	}
	add_arguments(json, event, longest);
	add_response(json, event, longest);
	if (event->is_interrupt)
		json_writer_pair_bool(json, "is_interrupt", true);
	if (record->policy.len > 0)
		json_writer_pair_slice(json, "policy", record->policy);
	if (record->waited_ms.len > 0) {
		json_writer_key(json, "waited_ms");
		json_writer_raw(json, record->waited_ms);
	}
	if (record->is_slower)
		json_writer_pair_bool(json, "duration_contains_wait", true);
	json_writer_end_object(json);
}

/* --- the line ------------------------------------------------------------- */

static void
add_pair(struct json_writer *json, const char *key, struct slice text)
{
	if (text.len > 0)
		json_writer_pair_slice(json, key, text);
}

static void
write_line(const struct record *record, const struct event *event,
    size_t longest, struct buf *out)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair_time(&json, "time", record->time);
	json_writer_pair(&json, "source", entry_source_name(ENTRY_HOOK));
	json_writer_pair(&json, "actor_type", entry_actor_name(ENTRY_AGENT));
	add_pair(&json, "agent_name", record->agent_name);
	add_pair(&json, "session_id", record->session_id);
	add_pair(&json, "call_id", record->call_id);
	add_pair(&json, "parent_call_id", record->parent_call_id);
	add_pair(&json, "capability", record->capability);
	add_pair(&json, "policy_tier", slice_of(entry_tier_name(record->tier)));
	add_pair(
	    &json, "decided_by", slice_of(entry_decider_name(record->decider)));
	json_writer_pair(&json, "status", entry_status_name(record->status));
	if (record->duration_ms.len > 0) {
		json_writer_key(&json, "duration_ms");
		json_writer_raw(&json, record->duration_ms);
	}
	add_pair(&json, "summary", record->summary);
	add_request(&json, record, event, longest);
	json_writer_end_object(&json);
}

void
record_write(
    const struct record *record, const struct event *event, struct buf *out)
{
	size_t before = out->len;
	size_t longest = SIZE_MAX;

	write_line(record, event, longest, out);
	for (longest = MESSAGE_LINE_BYTES / 8;
	     out->len - before > MESSAGE_LINE_BYTES && longest >= SHORTEST;
	     longest /= 4) {
		buf_set_len(out, before);
		write_line(record, event, longest, out);
	}
}
