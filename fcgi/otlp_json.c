#include "fcgi/otlp_json.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/json_reader.h"
#include "base/json_walk.h"
#include "base/json_writer.h"
#include "base/number.h"

#include <limits.h>

/* What is read at a time, and what it takes that stands nowhere as it is. */
struct piece {
	struct json_reader json;
	struct arena made;
};

struct reader {
	struct json_walk walk;
	struct piece outer; /* the resource: lasts while its records are read */
	struct piece inner; /* a record */
	struct otlp_record resource;
	enum otlp_signal signal;
	otlp_record_on_read on_record;
	void *context;
	struct otlp_counts counts;
};

/* What each signal calls its own. */
static const struct {
	const char *resources, *scopes, *records;
} words[] = {
	[OTLP_LOGS] = { "resourceLogs", "scopeLogs", "logRecords" },
	[OTLP_TRACES] = { "resourceSpans", "scopeSpans", "spans" },
};

/* --- values --------------------------------------------------------------- */

static void add_any(struct json_writer *out, const struct json_reader *json,
    const struct json_node *any);

/* The array `values` of an arrayValue or a kvlistValue. */
static const struct json_node *
values_of(const struct json_reader *json, const struct json_node *list)
{
	const struct json_node *values =
	    json_reader_member(json, list, "values");

	return values == NULL || values->type != JSON_ARRAY ? NULL : values;
}

static void
add_elements(struct json_writer *out, const struct json_reader *json,
    const struct json_node *list)
{
	const struct json_node *values = values_of(json, list);
	const struct json_node *item =
	    values == NULL ? NULL : json_reader_first(json, values);

	json_writer_array(out);
	for (; item != NULL; item = json_reader_next(json, values, item))
		add_any(out, json, item);
	json_writer_end_array(out);
}

static void
add_members(struct json_writer *out, const struct json_reader *json,
    const struct json_node *list)
{
	const struct json_node *values = values_of(json, list);
	const struct json_node *item =
	    values == NULL ? NULL : json_reader_first(json, values);

	json_writer_object(out);
	for (; item != NULL; item = json_reader_next(json, values, item)) {
		const struct json_node *key =
		    json_reader_member(json, item, "key");
		const struct json_node *value =
		    json_reader_member(json, item, "value");

		if (key == NULL || key->type != JSON_STRING || value == NULL)
			continue;
		json_writer_key_slice(out, key->text);
		add_any(out, json, value);
	}
	json_writer_end_object(out);
}

/* The one member of an AnyValue that is known: its name, and what it holds. */
static const struct json_node *
member_of_any(const struct json_reader *json, const struct json_node *any)
{
	static const char *const known[] = { "stringValue", "intValue",
		"boolValue", "doubleValue", "arrayValue", "kvlistValue",
		"bytesValue" };

	if (any->type != JSON_OBJECT)
		return NULL;
	for (const struct json_node *member = json_reader_first(json, any);
	     member != NULL; member = json_reader_next(json, any, member))
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (slice_is(member->key, known[i]))
				return member;
	return NULL;
}

/* 64 bits are written as strings, and often as numbers all the same. */
static bool
is_integer(const struct json_node *member)
{
	int64_t ignored;

	return slice_is(member->key, "intValue") &&
	       number_parse_i64(member->text, INT64_MIN, INT64_MAX, &ignored) ==
		   0;
}

static enum otlp_type
type_of(const struct json_node *member)
{
	switch (member->type) {
	case JSON_STRING:
		return is_integer(member) ? OTLP_NUMBER : OTLP_STRING;
	case JSON_NUMBER:
		return OTLP_NUMBER;
	case JSON_TRUE:
		return OTLP_TRUE;
	case JSON_FALSE:
		return OTLP_FALSE;
	case JSON_OBJECT:
		return OTLP_JSON;
	default:
		return OTLP_NONE;
	}
}

static void
add_any(struct json_writer *out, const struct json_reader *json,
    const struct json_node *any)
{
	const struct json_node *member = member_of_any(json, any);
	enum otlp_type type = member == NULL ? OTLP_NONE : type_of(member);

	if (type == OTLP_STRING)
		json_writer_string(out, member->text);
	else if (type == OTLP_NONE)
		json_writer_null(out);
	else if (type != OTLP_JSON)
		json_writer_raw(out, member->text);
	else if (slice_is(member->key, "arrayValue"))
		add_elements(out, json, member);
	else
		add_members(out, json, member);
}

/* An AnyValue that is an array or an object, as JSON. */
static struct slice
write_any(struct piece *piece, const struct json_node *any)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_writer out;

	json_writer_init(&out, &text);
	add_any(&out, &piece->json, any);
	return arena_slice(&piece->made, buf_slice(&text));
}

/* --- attributes ----------------------------------------------------------- */

static void
take_attribute(struct piece *piece, const struct json_node *pair,
    struct otlp_record *record)
{
	const struct json_node *key =
	    json_reader_member(&piece->json, pair, "key");
	const struct json_node *value =
	    json_reader_member(&piece->json, pair, "value");
	const struct json_node *member;
	enum otlp_field field;
	enum otlp_type type;
	unsigned char rank;

	if (key == NULL || key->type != JSON_STRING || value == NULL ||
	    !otlp_record_find(key->text, &field, &rank))
		return;
	member = member_of_any(&piece->json, value);
	if (member == NULL)
		return;
	type = type_of(member);
	otlp_record_put(record, field, rank, type,
	    type == OTLP_JSON ? write_any(piece, value) : member->text);
}

static void
take_attributes(struct piece *piece, const struct json_node *owner,
    struct otlp_record *record)
{
	const struct json_reader *json = &piece->json;
	const struct json_node *list =
	    json_reader_member(json, owner, "attributes");

	if (list == NULL || list->type != JSON_ARRAY)
		return;
	for (const struct json_node *pair = json_reader_first(json, list);
	     pair != NULL; pair = json_reader_next(json, list, pair))
		take_attribute(piece, pair, record);
}

/* --- records -------------------------------------------------------------- */

static struct slice
text_of(const struct json_reader *json, const struct json_node *owner,
    const char *key)
{
	const struct json_node *node = json_reader_member(json, owner, key);

	if (node == NULL || node->type != JSON_STRING || node->text.len == 0)
		return (struct slice){ NULL, 0 };
	return node->text;
}

/* Nanoseconds, as a string or a number; 0 without them. */
static uint64_t
time_of(const struct json_reader *json, const struct json_node *owner,
    const char *key)
{
	const struct json_node *node = json_reader_member(json, owner, key);
	uint64_t time = 0;

	if (node != NULL)
		(void)number_parse_u64(node->text, 0, UINT64_MAX, &time);
	return time;
}

static void
take_span(const struct json_reader *json, const struct json_node *top,
    struct otlp_record *record)
{
	const struct json_node *status =
	    json_reader_member(json, top, "status");
	const struct json_node *code =
	    status == NULL ? NULL : json_reader_member(json, status, "code");

	record->name = text_of(json, top, "name");
	record->parent_span_id = text_of(json, top, "parentSpanId");
	record->begun_ns = time_of(json, top, "startTimeUnixNano");
	record->ended_ns = time_of(json, top, "endTimeUnixNano");
	record->has_failed =
	    code != NULL && (slice_is(code->text, "2") ||
				slice_is(code->text, "STATUS_CODE_ERROR"));
	if (record->has_failed)
		otlp_record_put(record, OTLP_ERROR, UCHAR_MAX, OTLP_STRING,
		    text_of(json, status, "message"));
}

/* The name of an event is a field of its own since 2025, in which not
 * everybody writes it. */
static void
take_log(const struct json_reader *json, const struct json_node *top,
    struct otlp_record *record)
{
	record->ended_ns = time_of(json, top, "timeUnixNano");
	if (record->ended_ns == 0)
		record->ended_ns = time_of(json, top, "observedTimeUnixNano");
	record->begun_ns = record->ended_ns;
	otlp_record_put(record, OTLP_EVENT, 1, OTLP_STRING,
	    text_of(json, top, "eventName"));
}

static void
take_record(struct reader *reader, const struct json_node *top)
{
	struct piece *piece = &reader->inner;
	struct otlp_record record = { .signal = reader->signal };

	record.trace_id = text_of(&piece->json, top, "traceId");
	record.span_id = text_of(&piece->json, top, "spanId");
	take_attributes(piece, top, &record);
	if (reader->signal == OTLP_LOGS)
		take_log(&piece->json, top, &record);
	else
		take_span(&piece->json, top, &record);
	otlp_record_inherit(&record, &reader->resource);
	reader->on_record(reader->context, &record);
	arena_reset(&piece->made);
}

/* One that is too long is not read, and the others are. */
static int
read_record(struct reader *reader, struct error *err)
{
	struct slice text;

	if (json_walk_value(&reader->walk, &text, err) == -1)
		return -1;
	reader->counts.records++;
	if (text.len > JSON_READER_BYTES) {
		reader->counts.rejected++;
		return 0;
	}
	if (json_reader_read(&reader->inner.json, text, err) == -1)
		return error_prefix(err, "the record at byte %zu",
		    (size_t)(text.data - reader->walk.start) + 1);
	take_record(reader, reader->inner.json.nodes);
	return 0;
}

/* --- from the outside in -------------------------------------------------- */

typedef int (*read_item)(struct reader *reader, struct error *err);

/* The elements of the array before which we stand; null is none. */
static int
read_array(struct reader *reader, read_item read, struct error *err)
{
	struct json_walk *walk = &reader->walk;
	struct slice ignored;
	int more;

	if (json_walk_is_at(walk, 'n'))
		return json_walk_value(walk, &ignored, err);
	if (json_walk_enter(walk, '[', err) == -1)
		return -1;
	while ((more = json_walk_element(walk, err)) == 1)
		if (read(reader, err) == -1)
			return -1;
	return more;
}

/* An object in which one member, an array, is looked at. */
static int
read_object(struct reader *reader, const char *wanted, read_item read,
    struct error *err)
{
	struct json_walk *walk = &reader->walk;
	struct slice key, ignored;
	int more;

	if (json_walk_enter(walk, '{', err) == -1)
		return -1;
	while ((more = json_walk_member(walk, &key, err)) == 1) {
		int result = slice_is(key, wanted)
				 ? read_array(reader, read, err)
				 : json_walk_value(walk, &ignored, err);

		if (result == -1)
			return -1;
	}
	return more;
}

static int
read_scope(struct reader *reader, struct error *err)
{
	return read_object(
	    reader, words[reader->signal].records, read_record, err);
}

/* What all records have in common, before they are read. */
static int
find_resource(struct reader *reader, struct error *err)
{
	struct json_walk ahead = reader->walk;
	struct piece *piece = &reader->outer;
	struct slice key, value;
	int more;

	reader->resource = (struct otlp_record){ .signal = reader->signal };
	arena_reset(&piece->made);
	if (json_walk_enter(&ahead, '{', err) == -1)
		return -1;
	while ((more = json_walk_member(&ahead, &key, err)) == 1) {
		if (json_walk_value(&ahead, &value, err) == -1)
			return -1;
		if (!slice_is(key, "resource"))
			continue;
		if (json_reader_read(&piece->json, value, err) == -1)
			return error_prefix(err, "a resource");
		take_attributes(
		    piece, &piece->json.nodes[0], &reader->resource);
		return 0;
	}
	return more;
}

static int
read_resource(struct reader *reader, struct error *err)
{
	if (find_resource(reader, err) == -1)
		return -1;
	return read_object(
	    reader, words[reader->signal].scopes, read_scope, err);
}

static void
free_piece(struct piece *piece)
{
	json_reader_free(&piece->json);
	arena_free(&piece->made);
}

int
otlp_json_read(struct slice body, enum otlp_signal signal,
    otlp_record_on_read on_record, void *context,
    struct otlp_counts *ret_counts, struct error *err)
{
	struct reader reader = {
		.outer = { JSON_READER_INIT, ARENA_INIT },
		.inner = { JSON_READER_INIT, ARENA_INIT },
		.signal = signal,
		.on_record = on_record,
		.context = context,
	};
	int result;

	json_walk_init(&reader.walk, body);
	result =
	    read_object(&reader, words[signal].resources, read_resource, err);
	if (result == 0)
		result = json_walk_end(&reader.walk, err);
	free_piece(&reader.outer);
	free_piece(&reader.inner);
	if (result == 0)
		*ret_counts = reader.counts;
	return result;
}
