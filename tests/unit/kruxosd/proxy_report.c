#include "collectors/kruxosd/proxy_report.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct scene {
	struct redactor *redactor;
	struct json_reader reader;
	struct arena arena;
	struct proxy_report report;
};

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene->redactor = redact_new();
	scene->reader = (struct json_reader)JSON_READER_INIT;
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	redact_free(scene->redactor);
	json_reader_free(&scene->reader);
	arena_free(&scene->arena);
	free(scene);
	return 0;
}

static int
read_args(struct scene *scene, const char *args, struct error *err)
{
	if (json_reader_read(&scene->reader, slice_of(args), err) == -1)
		fail_msg("%s", err->sentence);
	return proxy_report_read(&scene->reader, scene->reader.nodes,
	    scene->redactor, &scene->arena, &scene->report, err);
}

#define SERVICE "{\"name\":\"gmail\",\"status\":\"synced\"}"
#define WRITE(rest)                                                    \
	"{\"id\":\"w1\",\"service\":\"gmail\",\"state\":\"buffered\"," \
	"\"created_at\":\"2026-11-28T00:00:01Z\"," rest "}"
#define REPORT(writes) "{\"services\":[" SERVICE "],\"writes\":[" writes "]}"

static void
a_report_is_read(void **state)
{
	struct scene *scene = *state;
	const struct proxy_service *service;
	const struct proxy_write *write;
	struct error err;

	if (read_args(scene,
		"{\"services\":[{\"name\":\"gmail\",\"status\":\"error\","
		"\"last_started_at\":\"2026-11-28T00:00:01Z\","
		"\"last_completed_at\":null,\"consecutive_failures\":3,"
		"\"last_error\":\"HTTP 503\",\"items_synced\":0},"
		"{\"name\":\"tickets\",\"status\":\"paused\"}],"
		"\"writes\":[{\"id\":\"w:1\",\"service\":\"gmail\","
		"\"summary\":\"mail to bob\",\"agent_name\":\"a/b\","
		"\"state\":\"dead\",\"created_at\":\"2026-11-28T00:00:01Z\","
		"\"sends_at\":\"2026-11-28T00:00:02Z\",\"attempts\":5,"
		"\"last_error\":null}]}",
		&err) == -1)
		fail_msg("%s", err.sentence);

	assert_int_equal(scene->report.service_count, 2);
	service = scene->report.services;
	assert_true(slice_is(service->name, "gmail"));
	assert_int_equal(service->status, PROXY_ERROR);
	assert_int_equal(service->last_started_at, 1795824001 * USEC_PER_SEC);
	assert_int_equal(service->last_completed_at, 0);
	assert_int_equal(service->consecutive_failures, 3);
	assert_true(slice_is(service->last_error, "HTTP 503"));
	assert_int_equal(service->items_synced, 0);
	service++;
	assert_int_equal(service->status, PROXY_PAUSED);
	assert_null(service->last_error.data);
	assert_int_equal(service->items_synced, -1);

	assert_int_equal(scene->report.write_count, 1);
	write = proxy_report_write(&scene->report, slice_of("w:1"));
	assert_ptr_equal(write, scene->report.writes);
	assert_true(slice_is(write->service, "gmail"));
	assert_true(slice_is(write->summary, "mail to bob"));
	assert_true(slice_is(write->agent_name, "a/b"));
	assert_int_equal(write->state, PROXY_DEAD);
	assert_int_equal(write->created_at, 1795824001 * USEC_PER_SEC);
	assert_int_equal(write->sends_at, 1795824002 * USEC_PER_SEC);
	assert_int_equal(write->attempts, 5);
	assert_null(write->last_error.data);
	assert_int_equal(write->decision.action, PROXY_NONE);
	assert_null(proxy_report_write(&scene->report, slice_of("w")));
}

static void
what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *args, *field;
		enum error_code code;
	} cases[] = {
		{ REPORT(WRITE("\"summary\":\"\",\"note\":1")), "note",
		    ERROR_UNKNOWN_FIELD },
		{ REPORT(WRITE("\"attempts\":0")), "summary",
		    ERROR_MISSING_FIELD },
		{ REPORT(WRITE("\"summary\":null")), "summary",
		    ERROR_WRONG_TYPE },
		{ REPORT(WRITE("\"summary\":\"\",\"attempts\":\"1\"")),
		    "attempts", ERROR_WRONG_TYPE },
		{ REPORT(WRITE("\"summary\":\"\",\"attempts\":-1")), "attempts",
		    ERROR_OUT_OF_RANGE },
		{ REPORT(WRITE("\"summary\":\"\",\"attempts\":"
			       "9007199254740992")),
		    "attempts", ERROR_OUT_OF_RANGE },
		{ REPORT(WRITE("\"summary\":\"\",\"sends_at\":\"soon\"")),
		    "sends_at", ERROR_OUT_OF_RANGE },
		{ REPORT(WRITE("\"summary\":\"\",\"agent_name\":\"a b\"")),
		    "agent_name", ERROR_OUT_OF_RANGE },
		{ REPORT(WRITE("\"summary\":\"\"") "," WRITE(
		      "\"summary\":\"again\"")),
		    "id", ERROR_OUT_OF_RANGE },
		{ "{\"services\":[" SERVICE "," SERVICE "],\"writes\":[]}",
		    "name", ERROR_OUT_OF_RANGE },
		{ "{\"services\":[],\"writes\":[" WRITE("\"summary\":\"\"") "]"
									    "}",
		    "service", ERROR_OUT_OF_RANGE },
		{ "{\"services\":[{\"name\":\"a\",\"status\":\"good\"}],"
		  "\"writes\":[]}",
		    "status", ERROR_OUT_OF_RANGE },
		{ "{\"services\":[{\"name\":\"a\"}],\"writes\":[]}", "status",
		    ERROR_MISSING_FIELD },
		{ "{\"services\":[{\"name\":\"a/b\",\"status\":\"synced\"}],"
		  "\"writes\":[]}",
		    "name", ERROR_OUT_OF_RANGE },
		{ "{\"services\":[{\"name\":\"..\",\"status\":\"synced\"}],"
		  "\"writes\":[]}",
		    "name", ERROR_OUT_OF_RANGE },
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };

		print_message("%s\n", cases[i].args);
		assert_int_equal(read_args(scene, cases[i].args, &err), -1);
		assert_int_equal(err.code, cases[i].code);
		assert_string_equal(err.field, cases[i].field);
		assert_int_not_equal(err.sentence[0], '\0');
	}
}

static void
a_report_has_bounds(void **state)
{
	struct scene *scene = *state;
	cleanup(buf_free) struct buf args = BUF_INIT;
	struct error err;

	for (unsigned too_many = 0; too_many < 2; too_many++) {
		buf_reset(&args);
		buf_add_str(&args, "{\"services\":[" SERVICE "],\"writes\":[");
		for (unsigned i = 0; i < PROXY_WRITES + too_many; i++)
			buf_addf(&args,
			    "%s{\"id\":\"w%u\",\"service\":\"gmail\","
			    "\"summary\":\"\",\"state\":\"buffered\","
			    "\"created_at\":\"2026-11-28T00:00:01Z\"}",
			    i == 0 ? "" : ",", i);
		buf_add_str(&args, "]}");
		assert_int_equal(
		    read_args(scene, args.data, &err), too_many ? -1 : 0);
	}
	assert_int_equal(err.code, ERROR_TOO_LONG);
	assert_string_equal(err.field, "writes");
	assert_int_equal(scene->report.write_count, PROXY_WRITES);
}

static void
text_is_redacted_and_then_cut(void **state)
{
	struct scene *scene = *state;
	cleanup(buf_free) struct buf args = BUF_INIT;
	struct slice summary;
	struct error err;

	buf_add_str(&args,
	    "{\"services\":[" SERVICE "],\"writes\":["
	    "{\"id\":\"w1\",\"service\":\"gmail\",\"state\":\"buffered\","
	    "\"created_at\":\"2026-11-28T00:00:01Z\",\"last_error\":"
	    "\"login failed: password=hunter2hunter2\",\"summary\":\"");
	/* A token across the place of the cut. */
	for (unsigned i = 0; i < PROXY_TEXT_BYTES - 12; i++)
		buf_add_char(&args, 'x');
	buf_add_str(
	    &args, " ghp_0123456789abcdefghijABCDEFGHIJ012345 end\"}]}");
	assert_int_equal(read_args(scene, args.data, &err), 0);
	assert_true(slice_is(scene->report.writes->last_error,
	    "login failed: password=[REDACTED]"));
	summary = scene->report.writes->summary;
	assert_true(summary.len <= PROXY_TEXT_BYTES);
	assert_true(slice_ends_with(summary, slice_of("…")));
	assert_null(memmem(summary.data, summary.len, "ghp_", 4));
}

static void
an_id_is_one_segment_of_a_path(void **state)
{
	(void)state;
	assert_true(is_id(slice_of("a.b:c@d+e-f_9")));
	assert_false(is_id(slice_of("")));
	assert_false(is_id(slice_of(".")));
	assert_false(is_id(slice_of("..")));
	assert_false(is_id(slice_of("a/b")));
	assert_false(is_id(slice_of("-a")));
	assert_false(is_id(slice_of("a b")));
	assert_false(is_id((struct slice){ "a\0b", 3 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_report_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_is_wrong_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_report_has_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    text_is_redacted_and_then_cut, setup, teardown),
		cmocka_unit_test(an_id_is_one_segment_of_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
