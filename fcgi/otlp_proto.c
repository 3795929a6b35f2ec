#include "fcgi/otlp_proto.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "fcgi/otlp.pb-c.h"

#include <limits.h>

/* Arrays and objects within a value; json_reader allows as many. */
enum { DEPTH = 16 };

struct reader {
	struct arena arena;  /* the messages */
	struct arena made;   /* of one record: text and numbers */
	struct arena common; /* the same of a resource */
	ProtobufCAllocator allocator;
	bool is_exhausted;
	struct otlp_record resource;
	enum otlp_signal signal;
	otlp_record_on_read on_record;
	void *context;
	struct otlp_counts counts;
};

/* --- memory --------------------------------------------------------------- */

static void *
allocate(void *context, size_t size)
{
	struct reader *reader = context;

	if (size > OTLP_PROTO_BYTES ||
	    reader->arena.total_bytes > OTLP_PROTO_BYTES - size) {
		reader->is_exhausted = true;
		return NULL;
	}
	return arena_alloc(&reader->arena, size);
}

/* It ends with the arena. */
static void
release(void *context, void *memory)
{
	(void)context;
	(void)memory;
}

/* --- values --------------------------------------------------------------- */

static struct slice
slice_of_bytes(ProtobufCBinaryData bytes)
{
	if (bytes.len == 0)
		return (struct slice){ NULL, 0 };
	return (struct slice){ (const char *)bytes.data, bytes.len };
}

/* Text is mostly UTF-8 as it stands. */
static struct slice
text_of(struct arena *made, ProtobufCBinaryData bytes)
{
	cleanup(buf_free) struct buf valid = BUF_INIT;
	struct slice text = slice_of_bytes(bytes);

	if (text_valid_bytes(text) == text.len)
		return text;
	text_add_valid(&valid, text);
	return arena_slice(made, buf_slice(&valid));
}

static struct slice
hex_of(struct arena *made, ProtobufCBinaryData bytes)
{
	enum { ID_BYTES = 16 };
	cleanup(buf_free) struct buf hex = BUF_INIT;

	if (bytes.len == 0 || bytes.len > ID_BYTES)
		return (struct slice){ NULL, 0 };
	buf_add_hex(&hex, bytes.data, bytes.len);
	return arena_slice(made, buf_slice(&hex));
}

static void add_any(struct reader *reader, struct json_writer *out,
    struct arena *made, const Otlp__AnyValue *any, int depth);

static void
add_elements(struct reader *reader, struct json_writer *out, struct arena *made,
    ProtobufCBinaryData bytes, int depth)
{
	Otlp__ArrayValue *list = otlp__array_value__unpack(
	    &reader->allocator, bytes.len, bytes.data);

	json_writer_array(out);
	for (size_t i = 0; list != NULL && i < list->n_values; i++)
		add_any(reader, out, made, list->values[i], depth);
	json_writer_end_array(out);
}

static void
add_members(struct reader *reader, struct json_writer *out, struct arena *made,
    ProtobufCBinaryData bytes, int depth)
{
	Otlp__KeyValueList *list = otlp__key_value_list__unpack(
	    &reader->allocator, bytes.len, bytes.data);

	json_writer_object(out);
	for (size_t i = 0; list != NULL && i < list->n_values; i++) {
		struct slice key = text_of(made, list->values[i]->key);

		json_writer_key_slice(
		    out, key.data == NULL ? SLICE_LITERAL("") : key);
		add_any(reader, out, made, list->values[i]->value, depth);
	}
	json_writer_end_object(out);
}

/* As short as it can be read again; what JSON has no number for is no number.
 */
static struct slice
number_of(struct arena *made, double number)
{
	if (!(number > -1e300 && number < 1e300))
		return (struct slice){ NULL, 0 };
	return slice_of(arena_printf(made, "%.17g", number));
}

/* The value as a type and a text. */
static enum otlp_type
value_of(struct reader *reader, struct arena *made, const Otlp__AnyValue *any,
    struct slice *ret_text)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_writer out;

	switch (any->value_case) {
	case OTLP__ANY_VALUE__VALUE_STRING:
		*ret_text = text_of(made, any->string);
		return OTLP_STRING;
	case OTLP__ANY_VALUE__VALUE_BOOLEAN:
		*ret_text = slice_of(any->boolean ? "true" : "false");
		return any->boolean ? OTLP_TRUE : OTLP_FALSE;
	case OTLP__ANY_VALUE__VALUE_INTEGER:
		*ret_text = slice_of(
		    arena_printf(made, "%lld", (long long)any->integer));
		return OTLP_NUMBER;
	case OTLP__ANY_VALUE__VALUE_NUMBER:
		*ret_text = number_of(made, any->number);
		return ret_text->data == NULL ? OTLP_NONE : OTLP_NUMBER;
	case OTLP__ANY_VALUE__VALUE_ARRAY:
	case OTLP__ANY_VALUE__VALUE_MEMBERS:
		json_writer_init(&out, &text);
		add_any(reader, &out, made, any, 0);
		*ret_text = arena_slice(made, buf_slice(&text));
		return OTLP_JSON;
	default:
		return OTLP_NONE;
	}
}

static void
add_any(struct reader *reader, struct json_writer *out, struct arena *made,
    const Otlp__AnyValue *any, int depth)
{
	enum otlp_type type;
	struct slice text;

	if (any == NULL || depth == DEPTH) {
		json_writer_null(out);
	} else if (any->value_case == OTLP__ANY_VALUE__VALUE_ARRAY) {
		add_elements(reader, out, made, any->array, depth + 1);
	} else if (any->value_case == OTLP__ANY_VALUE__VALUE_MEMBERS) {
		add_members(reader, out, made, any->members, depth + 1);
	} else {
		type = value_of(reader, made, any, &text);
		if (type == OTLP_NONE)
			json_writer_null(out);
		else if (type != OTLP_STRING)
			json_writer_raw(out, text);
		else
			json_writer_string(
			    out, text.data == NULL ? SLICE_LITERAL("") : text);
	}
}

/* --- attributes ----------------------------------------------------------- */

static void
take_attributes(struct reader *reader, struct arena *made,
    Otlp__KeyValue *const *pairs, size_t count, struct otlp_record *record)
{
	for (size_t i = 0; i < count; i++) {
		enum otlp_field field;
		enum otlp_type type;
		unsigned char rank;
		struct slice text = { NULL, 0 };

		if (pairs[i]->value == NULL ||
		    !otlp_record_find(
			slice_of_bytes(pairs[i]->key), &field, &rank))
			continue;
		type = value_of(reader, made, pairs[i]->value, &text);
		otlp_record_put(record, field, rank, type, text);
	}
}

static void
take_resource(struct reader *reader, const Otlp__Resource *resource)
{
	arena_reset(&reader->common);
	reader->resource = (struct otlp_record){ .signal = reader->signal };
	if (resource != NULL)
		take_attributes(reader, &reader->common, resource->attributes,
		    resource->n_attributes, &reader->resource);
}

/* --- records -------------------------------------------------------------- */

static void
hand_over(struct reader *reader, struct otlp_record *record)
{
	otlp_record_inherit(record, &reader->resource);
	reader->counts.records++;
	reader->on_record(reader->context, record);
	arena_reset(&reader->made);
}

static void
take_log(struct reader *reader, const Otlp__LogRecord *log)
{
	struct arena *made = &reader->made;
	struct otlp_record record = {
		.signal = OTLP_LOGS,
		.ended_ns = log->time_unix_nano != 0
				? log->time_unix_nano
				: log->observed_time_unix_nano,
		.trace_id = hex_of(made, log->trace_id),
		.span_id = hex_of(made, log->span_id),
	};

	record.begun_ns = record.ended_ns;
	take_attributes(
	    reader, made, log->attributes, log->n_attributes, &record);
	otlp_record_put(&record, OTLP_EVENT, 1, OTLP_STRING,
	    text_of(made, log->event_name));
	hand_over(reader, &record);
}

static void
take_span(struct reader *reader, const Otlp__Span *span)
{
	enum { STATUS_ERROR = 2 };
	struct arena *made = &reader->made;
	struct otlp_record record = {
		.signal = OTLP_TRACES,
		.name = text_of(made, span->name),
		.begun_ns = span->start_time_unix_nano,
		.ended_ns = span->end_time_unix_nano,
		.trace_id = hex_of(made, span->trace_id),
		.span_id = hex_of(made, span->span_id),
		.parent_span_id = hex_of(made, span->parent_span_id),
	};

	take_attributes(
	    reader, made, span->attributes, span->n_attributes, &record);
	if (span->status != NULL && span->status->code == STATUS_ERROR) {
		record.has_failed = true;
		otlp_record_put(&record, OTLP_ERROR, UCHAR_MAX, OTLP_STRING,
		    text_of(made, span->status->message));
	}
	hand_over(reader, &record);
}

/* --- requests ------------------------------------------------------------- */

static bool
read_logs(struct reader *reader, struct slice body)
{
	const Otlp__LogsRequest *request = otlp__logs_request__unpack(
	    &reader->allocator, body.len, (const uint8_t *)body.data);

	for (size_t i = 0; request != NULL && i < request->n_resources; i++) {
		const Otlp__ResourceLogs *of = request->resources[i];

		take_resource(reader, of->resource);
		for (size_t j = 0; j < of->n_scopes; j++)
			for (size_t k = 0; k < of->scopes[j]->n_records; k++)
				take_log(reader, of->scopes[j]->records[k]);
	}
	return request != NULL;
}

static bool
read_traces(struct reader *reader, struct slice body)
{
	const Otlp__TraceRequest *request = otlp__trace_request__unpack(
	    &reader->allocator, body.len, (const uint8_t *)body.data);

	for (size_t i = 0; request != NULL && i < request->n_resources; i++) {
		const Otlp__ResourceSpans *of = request->resources[i];

		take_resource(reader, of->resource);
		for (size_t j = 0; j < of->n_scopes; j++)
			for (size_t k = 0; k < of->scopes[j]->n_records; k++)
				take_span(reader, of->scopes[j]->records[k]);
	}
	return request != NULL;
}

int
otlp_proto_read(struct slice body, enum otlp_signal signal,
    otlp_record_on_read on_record, void *context,
    struct otlp_counts *ret_counts, struct error *err)
{
	struct reader reader = {
		.arena = ARENA_INIT,
		.made = ARENA_INIT,
		.common = ARENA_INIT,
		.allocator = { allocate, release, &reader },
		.signal = signal,
		.on_record = on_record,
		.context = context,
	};
	bool is_read = signal == OTLP_LOGS ? read_logs(&reader, body)
					   : read_traces(&reader, body);

	arena_free(&reader.made);
	arena_free(&reader.common);
	arena_free(&reader.arena);
	if (is_read) {
		*ret_counts = reader.counts;
		return 0;
	}
	if (reader.is_exhausted)
		return error_set(err, ERROR_TOO_LONG,
		    "the body becomes more than %d bytes in memory",
		    OTLP_PROTO_BYTES);
	return error_set(
	    err, ERROR_INVALID, "the body is no protobuf of an OTLP request");
}

/* --- answers -------------------------------------------------------------- */

static void
add_message(struct buf *out, const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);

	buf_reserve(out, len);
	protobuf_c_message_pack(message, (uint8_t *)out->data + out->len);
	buf_set_len(out, out->len + len);
}

void
otlp_proto_add_answer(struct buf *out, uint64_t rejected, const char *sentence)
{
	Otlp__PartialSuccess partial = OTLP__PARTIAL_SUCCESS__INIT;
	Otlp__Response response = OTLP__RESPONSE__INIT;

	partial.rejected = (int64_t)rejected;
	partial.error_message = (char *)(uintptr_t)sentence;
	if (*sentence != '\0')
		response.partial_success = &partial;
	add_message(out, &response.base);
}

void
otlp_proto_add_failure(struct buf *out, int code, const char *sentence)
{
	Otlp__Failure failure = OTLP__FAILURE__INIT;

	failure.code = code;
	failure.message = (char *)(uintptr_t)sentence;
	add_message(out, &failure.base);
}
