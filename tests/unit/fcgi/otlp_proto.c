/* fcgi/otlp_proto.c: telemetry as protobuf. */
#include "fcgi/otlp_proto.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- what is sent --------------------------------------------------------- */

static ProtobufCBinaryData
bytes_of(const char *text)
{
	return (
	    ProtobufCBinaryData){ strlen(text), (uint8_t *)(uintptr_t)text };
}

/* A pair; kept until the next test. */
static Otlp__KeyValue *
pair(const char *key, Otlp__AnyValue value)
{
	static Otlp__KeyValue pairs[16];
	static Otlp__AnyValue values[16];
	static size_t used;
	size_t i = used++ % COUNT(pairs);

	values[i] = value;
	pairs[i] = (Otlp__KeyValue)OTLP__KEY_VALUE__INIT;
	pairs[i].key = bytes_of(key);
	pairs[i].value = &values[i];
	return &pairs[i];
}

static Otlp__AnyValue
string(const char *text)
{
	Otlp__AnyValue value;

	otlp__any_value__init(&value);
	value.value_case = OTLP__ANY_VALUE__VALUE_STRING;
	value.string = bytes_of(text);
	return value;
}

static Otlp__AnyValue
integer(int64_t number)
{
	Otlp__AnyValue value;

	otlp__any_value__init(&value);
	value.value_case = OTLP__ANY_VALUE__VALUE_INTEGER;
	value.integer = number;
	return value;
}

static Otlp__AnyValue
boolean(bool is_true)
{
	Otlp__AnyValue value;

	otlp__any_value__init(&value);
	value.value_case = OTLP__ANY_VALUE__VALUE_BOOLEAN;
	value.boolean = is_true;
	return value;
}

static Otlp__AnyValue
number(double of)
{
	Otlp__AnyValue value;

	otlp__any_value__init(&value);
	value.value_case = OTLP__ANY_VALUE__VALUE_NUMBER;
	value.number = of;
	return value;
}

/* An array of `value`, packed into `room`. */
static Otlp__AnyValue
array_of(Otlp__AnyValue *value, struct buf *room)
{
	Otlp__AnyValue *values[] = { value };
	Otlp__ArrayValue list = OTLP__ARRAY_VALUE__INIT;
	Otlp__AnyValue array;

	otlp__any_value__init(&array);
	list.n_values = 1;
	list.values = values;
	add_message(room, &list.base);
	array.value_case = OTLP__ANY_VALUE__VALUE_ARRAY;
	array.array = (ProtobufCBinaryData){ room->len, (uint8_t *)room->data };
	return array;
}

/* A request with one span, or one log record. */
static void
pack_span(Otlp__Span *span, Otlp__Resource *resource, struct buf *out)
{
	Otlp__Span *records[] = { span };
	Otlp__ScopeSpans scope = OTLP__SCOPE_SPANS__INIT,
			 *scopes[] = { &scope };
	Otlp__ResourceSpans of = OTLP__RESOURCE_SPANS__INIT, *all[] = { &of };
	Otlp__TraceRequest request = OTLP__TRACE_REQUEST__INIT;

	scope.n_records = 1;
	scope.records = records;
	of.resource = resource;
	of.n_scopes = 1;
	of.scopes = scopes;
	request.n_resources = 1;
	request.resources = all;
	add_message(out, &request.base);
}

static void
pack_log(Otlp__LogRecord *log, struct buf *out)
{
	Otlp__LogRecord *records[] = { log };
	Otlp__ScopeLogs scope = OTLP__SCOPE_LOGS__INIT, *scopes[] = { &scope };
	Otlp__ResourceLogs of = OTLP__RESOURCE_LOGS__INIT, *all[] = { &of };
	Otlp__LogsRequest request = OTLP__LOGS_REQUEST__INIT;

	scope.n_records = 1;
	scope.records = records;
	of.n_scopes = 1;
	of.scopes = scopes;
	request.n_resources = 1;
	request.resources = all;
	add_message(out, &request.base);
}

/* --- what is read --------------------------------------------------------- */

/* What a record says, one thing after the other. */
static void
on_record(void *context, const struct otlp_record *record)
{
	struct buf *out = context;

	buf_addf(out, "%.*s %llu-%llu %.*s/%.*s<%.*s%s",
	    SLICE_ARG(record->name), (unsigned long long)record->begun_ns,
	    (unsigned long long)record->ended_ns, SLICE_ARG(record->trace_id),
	    SLICE_ARG(record->span_id), SLICE_ARG(record->parent_span_id),
	    record->has_failed ? " failed" : "");
	for (size_t i = 0; i < OTLP_FIELDS; i++)
		if (record->values[i].type != OTLP_NONE)
			buf_addf(out, " %zu:%d:%.*s", i,
			    (int)record->values[i].type,
			    SLICE_ARG(record->values[i].text));
}

static int
read_into(struct slice body, enum otlp_signal signal, struct buf *out,
    struct error *err)
{
	struct otlp_counts counts = { 0 };
	int result =
	    otlp_proto_read(body, signal, on_record, out, &counts, err);

	if (result == 0)
		buf_addf(out, " of %llu", (unsigned long long)counts.records);
	return result;
}

static void
a_span_is_read_with_its_resource(void **state)
{
	cleanup(buf_free) struct buf body = BUF_INIT, found = BUF_INIT,
				     expected = BUF_INIT;
	Otlp__Span span = OTLP__SPAN__INIT;
	Otlp__SpanStatus status = OTLP__SPAN_STATUS__INIT;
	Otlp__Resource resource = OTLP__RESOURCE__INIT;
	Otlp__KeyValue *pairs[] = {
		pair("gen_ai.tool.name", string("Bash")),
		pair("not.looked.at", string("x")),
		pair("success", boolean(false)),
		pair("duration_ms", number(1.5)),
		pair("event.sequence", integer(-7)),
	};
	Otlp__KeyValue *common[] = { pair("service.name", string("me")) };
	struct error err = { 0 };

	(void)state;
	span.name = bytes_of("execute_tool");
	span.trace_id = bytes_of("0123456789abcdef");
	span.span_id = bytes_of("01234567");
	span.parent_span_id = bytes_of("too long for an id");
	span.start_time_unix_nano = 5;
	span.end_time_unix_nano = UINT64_MAX;
	span.n_attributes = COUNT(pairs);
	span.attributes = pairs;
	status.code = 2;
	status.message = bytes_of("no");
	span.status = &status;
	resource.n_attributes = COUNT(common);
	resource.attributes = common;
	pack_span(&span, &resource, &body);
	assert_int_equal(
	    read_into(buf_slice(&body), OTLP_TRACES, &found, &err), 0);
	buf_addf(&expected,
	    "execute_tool 5-18446744073709551615 "
	    "30313233343536373839616263646566/3031323334353637< failed "
	    "%d:%d:Bash %d:%d:me %d:%d:false %d:%d:1.5 %d:%d:no %d:%d:-7 of 1",
	    OTLP_TOOL, OTLP_STRING, OTLP_AGENT, OTLP_STRING, OTLP_SUCCESS,
	    OTLP_FALSE, OTLP_DURATION, OTLP_NUMBER, OTLP_ERROR, OTLP_STRING,
	    OTLP_SEQUENCE, OTLP_NUMBER);
	assert_string_equal(found.data, expected.data);
}

static void
a_log_record_without_a_time_has_the_one_at_which_it_was_seen(void **state)
{
	cleanup(buf_free) struct buf body = BUF_INIT, found = BUF_INIT,
				     expected = BUF_INIT;
	Otlp__LogRecord log = OTLP__LOG_RECORD__INIT;
	struct error err = { 0 };

	(void)state;
	log.observed_time_unix_nano = 9;
	log.event_name = bytes_of("tool_result");
	pack_log(&log, &body);
	assert_int_equal(
	    read_into(buf_slice(&body), OTLP_LOGS, &found, &err), 0);
	buf_addf(&expected, " 9-9 /< %d:%d:tool_result of 1", OTLP_EVENT,
	    OTLP_STRING);
	assert_string_equal(found.data, expected.data);
}

static void
text_that_is_none_is_made_valid(void **state)
{
	cleanup(buf_free) struct buf body = BUF_INIT, found = BUF_INIT;
	Otlp__LogRecord log = OTLP__LOG_RECORD__INIT;
	Otlp__KeyValue *pairs[] = { pair("tool_name", string("a\xff"
							     "b")) };
	struct error err = { 0 };

	(void)state;
	log.n_attributes = COUNT(pairs);
	log.attributes = pairs;
	pack_log(&log, &body);
	assert_int_equal(
	    read_into(buf_slice(&body), OTLP_LOGS, &found, &err), 0);
	assert_non_null(strstr(found.data, "a\xef\xbf\xbd"
					   "b"));
}

/* Numbers that JSON has none for are not there; what nests too deep ends. */
static void
values_of_values_are_json(void **state)
{
	cleanup(buf_free) struct buf body = BUF_INIT, found = BUF_INIT,
				     expected = BUF_INIT;
	struct buf rooms[DEPTH + 4];
	Otlp__AnyValue value = string("\"");
	Otlp__LogRecord log = OTLP__LOG_RECORD__INIT;
	Otlp__KeyValue *pairs[2];
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rooms); i++) {
		buf_init(&rooms[i]);
		value = array_of(&value, &rooms[i]);
	}
	pairs[0] = pair("arguments", value);
	pairs[1] = pair("duration_ms", number(1e308 * 10));
	log.n_attributes = COUNT(pairs);
	log.attributes = pairs;
	pack_log(&log, &body);
	assert_int_equal(
	    read_into(buf_slice(&body), OTLP_LOGS, &found, &err), 0);
	buf_addf(&expected, " 0-0 /< %d:%d:", OTLP_ARGUMENTS, OTLP_JSON);
	buf_add_chars(&expected, '[', DEPTH);
	buf_add_str(&expected, "null");
	buf_add_chars(&expected, ']', DEPTH);
	buf_add_str(&expected, " of 1");
	assert_string_equal(found.data, expected.data);
	for (size_t i = 0; i < COUNT(rooms); i++)
		buf_free(&rooms[i]);
}

/* An object; a value that is none, or of no type, is null. */
static void
members_are_an_object(void **state)
{
	cleanup(buf_free) struct buf body = BUF_INIT, room = BUF_INIT,
				     found = BUF_INIT, expected = BUF_INIT;
	Otlp__AnyValue none, members;
	Otlp__KeyValue nothing = OTLP__KEY_VALUE__INIT;
	Otlp__KeyValue *inner[] = {
		pair("n", number(0.5)),
		pair("b", boolean(true)),
		pair("nan", number(0.0 / 0.0)),
		NULL,
		&nothing,
	};
	Otlp__KeyValueList list = OTLP__KEY_VALUE_LIST__INIT;
	Otlp__KeyValue *pairs[1];
	Otlp__LogRecord log = OTLP__LOG_RECORD__INIT;
	struct error err = { 0 };

	(void)state;
	otlp__any_value__init(&none);
	inner[3] = pair("none", none);
	list.n_values = COUNT(inner);
	list.values = inner;
	add_message(&room, &list.base);
	otlp__any_value__init(&members);
	members.value_case = OTLP__ANY_VALUE__VALUE_MEMBERS;
	members.members =
	    (ProtobufCBinaryData){ room.len, (uint8_t *)room.data };
	pairs[0] = pair("arguments", members);
	log.n_attributes = COUNT(pairs);
	log.attributes = pairs;
	pack_log(&log, &body);
	assert_int_equal(
	    read_into(buf_slice(&body), OTLP_LOGS, &found, &err), 0);
	buf_addf(&expected,
	    " 0-0 /< %d:%d:{\"n\":0.5,\"b\":true,\"nan\":null,"
	    "\"none\":null,\"\":null} of 1",
	    OTLP_ARGUMENTS, OTLP_JSON);
	assert_string_equal(found.data, expected.data);
}

static void
what_is_no_message_is_refused(void **state)
{
	static const struct slice cases[] = {
		SLICE_LITERAL("\xff"),
		SLICE_LITERAL("\x0a\x7f"),
		SLICE_LITERAL("\x0a\x02\x12\x05"),
		SLICE_LITERAL("{\"resourceLogs\":[]}"),
	};
	cleanup(buf_free) struct buf found = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };

		assert_int_equal(
		    read_into(cases[i], OTLP_LOGS, &found, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
	}
	assert_string_equal(found.data, "");
}

/* Two bytes are a record; in memory it has more than a hundred. */
static void
what_becomes_too_much_is_refused(void **state)
{
	enum { RECORDS = 2 << 20 };
	cleanup(buf_free) struct buf scope = BUF_INIT, body = BUF_INIT,
				     found = BUF_INIT;
	struct error err = { 0 };

	(void)state;
	for (int i = 0; i < RECORDS; i++)
		buf_add(&scope, "\x12\x00", 2);
	/* resources (1) { scopes (2) { records (2) … } }: lengths as varints
	 * of four bytes. */
	for (int field = 2; field >= 1; field--) {
		size_t len = scope.len;
		char head[5] = { (char)(field << 3 | 2), (char)(len | 0x80),
			(char)(len >> 7 | 0x80), (char)(len >> 14 | 0x80),
			(char)(len >> 21 & 0x7f) };

		buf_reset(&body);
		buf_add(&body, head, sizeof(head));
		buf_add_slice(&body, buf_slice(&scope));
		buf_reset(&scope);
		buf_add_slice(&scope, buf_slice(&body));
	}
	assert_int_equal(
	    read_into(buf_slice(&body), OTLP_LOGS, &found, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LONG);
	assert_string_equal(found.data, "");
}

static void
answers_are_what_otlp_has(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	(void)state;
	otlp_proto_add_answer(&out, 0, "");
	assert_int_equal(out.len, 0);
	otlp_proto_add_answer(&out, 3, "no");
	assert_true(slice_equal(
	    buf_slice(&out), SLICE_LITERAL("\x0a\x06\x08\x03\x12\x02no")));
	buf_reset(&out);
	otlp_proto_add_failure(&out, 16, "who");
	assert_true(
	    slice_equal(buf_slice(&out), SLICE_LITERAL("\x08\x10\x12\x03who")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_is_read_with_its_resource),
		cmocka_unit_test(
		    a_log_record_without_a_time_has_the_one_at_which_it_was_seen),
		cmocka_unit_test(text_that_is_none_is_made_valid),
		cmocka_unit_test(values_of_values_are_json),
		cmocka_unit_test(members_are_an_object),
		cmocka_unit_test(what_is_no_message_is_refused),
		cmocka_unit_test(what_becomes_too_much_is_refused),
		cmocka_unit_test(answers_are_what_otlp_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
