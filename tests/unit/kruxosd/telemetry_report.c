#include "collectors/kruxosd/telemetry_report.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
read_args(const char *args, struct observed *ret, struct error *err)
{
	struct json_reader reader = JSON_READER_INIT;
	int result;

	assert_int_equal(json_reader_read(&reader, slice_of(args), err), 0);
	result = telemetry_report_read(&reader, reader.nodes, ret, err);
	json_reader_free(&reader);
	return result;
}

static void
a_report_is_read(void **state)
{
	static struct observed observed;
	struct error err;

	(void)state;
	if (read_args("{\"figures\":{\"cpu_percent\":12.5,\"load_1m\":null},"
		      "\"services\":[{\"name\":\"gateway\",\"status\":"
		      "\"degraded\",\"latency_ms\":1.25,\"details\":\"HTTP "
		      "\\u001b[2J500\",\"checked_at\":\"2026-11-28T00:00:01Z\"}"
		      "],\"routes\":[{\"name\":\"/api/audit\",\"requests\":10,"
		      "\"errors\":1,\"p50_ms\":2}],\"programs\":[{\"name\":"
		      "\"nginx\",\"resident_bytes\":4096,\"cpu_seconds\":0.5,"
		      "\"cpu_percent\":null}]}",
		&observed, &err) == -1)
		fail_msg("%s", err.sentence);
	assert_true(observed.figures[FIGURE_CPU_PERCENT] == 12.5);
	assert_true(isnan(observed.figures[FIGURE_LOAD_1M]));
	assert_true(isnan(observed.figures[FIGURE_DISK_USED_PERCENT]));

	assert_int_equal(observed.service_count, 1);
	assert_string_equal(observed.services[0].name, "gateway");
	assert_int_equal(observed.services[0].status, OBSERVED_DEGRADED);
	assert_true(observed.services[0].latency_ms == 1.25);
	assert_string_equal(observed.services[0].details, "HTTP \\e[2J500");
	assert_int_equal(
	    observed.services[0].checked_at, 1795824001 * USEC_PER_SEC);
	assert_int_equal(observed.services[0].reported_at, 0);

	assert_int_equal(observed.route_count, 1);
	assert_int_equal(observed.routes[0].requests, 10);
	assert_int_equal(observed.routes[0].errors, 1);
	assert_true(observed.routes[0].p50_ms == 2);
	assert_true(isnan(observed.routes[0].p99_ms));

	assert_int_equal(observed.program_count, 1);
	assert_int_equal(observed.programs[0].resident_bytes, 4096);
	assert_true(isnan(observed.programs[0].cpu_percent));
}

static void
what_is_wrong_is_named(void **state)
{
#define SERVICE(rest) "{\"figures\":{},\"services\":[{" rest "}]}"
#define GOOD                                                      \
	"\"name\":\"a\",\"status\":\"healthy\",\"details\":\"\"," \
	"\"checked_at\":\"2026-11-28T00:00:01Z\""
	static const struct {
		const char *args, *field;
		enum error_code code;
	} cases[] = {
		{ "{\"figures\":{\"cpu\":1}}", "cpu", ERROR_UNKNOWN_FIELD },
		/* It is the daemon that counts them. */
		{ "{\"figures\":{\"active_agents\":1}}", "active_agents",
		    ERROR_UNKNOWN_FIELD },
		{ "{\"figures\":{\"cpu_percent\":\"1\"}}", "cpu_percent",
		    ERROR_WRONG_TYPE },
		{ "{\"figures\":{\"cpu_percent\":-1}}", "cpu_percent",
		    ERROR_OUT_OF_RANGE },
		{ "{\"figures\":{\"cpu_percent\":1e300}}", "cpu_percent",
		    ERROR_OUT_OF_RANGE },
		{ SERVICE("\"name\":\"a\""), "status", ERROR_MISSING_FIELD },
		{ SERVICE(GOOD ",\"since\":1"), "since", ERROR_UNKNOWN_FIELD },
		{ SERVICE(GOOD ",\"latency_ms\":false"), "latency_ms",
		    ERROR_WRONG_TYPE },
		{ SERVICE("\"name\":\"\",\"status\":\"healthy\",\"details\":"
			  "\"\",\"checked_at\":\"2026-11-28T00:00:01Z\""),
		    "name", ERROR_TOO_LONG },
		{ SERVICE("\"name\":\"a\\nb\",\"status\":\"healthy\","
			  "\"details\":\"\",\"checked_at\":\"2026-11-28T00:00:"
			  "01Z\""),
		    "name", ERROR_OUT_OF_RANGE },
		{ "{\"figures\":{},\"routes\":[{\"name\":\"/\",\"requests\":"
		  "1.5,\"errors\":0}]}",
		    "requests", ERROR_OUT_OF_RANGE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static struct observed observed;
		struct error err;

		assert_int_equal(read_args(cases[i].args, &observed, &err), -1);
		assert_string_equal(err.field, cases[i].field);
		assert_int_equal(err.code, cases[i].code);
	}
}

static void
there_are_only_so_many(void **state)
{
	static struct observed observed;
	struct buf args = BUF_INIT;
	struct error err;

	(void)state;
	buf_add_str(&args, "{\"figures\":{},\"programs\":[");
	for (int i = 0; i <= OBSERVED_PROGRAMS; i++)
		buf_addf(&args, "%s{\"name\":\"p%d\",\"resident_bytes\":1}",
		    i == 0 ? "" : ",", i);
	buf_add_str(&args, "]}");
	assert_int_equal(read_args(args.data, &observed, &err), -1);
	assert_string_equal(err.field, "programs");
	assert_int_equal(err.code, ERROR_TOO_LONG);
	buf_free(&args);
}

static void
details_are_cut_and_visible(void **state)
{
	char details[OBSERVED_DETAILS_BYTES + 1];
	char text[OBSERVED_DETAILS_BYTES + 41];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	text[0] = '\t';
	telemetry_report_details(slice_of(text), details);
	assert_int_equal(strlen(details), OBSERVED_DETAILS_BYTES);
	assert_memory_equal(details, "\\tx", 3);
	telemetry_report_details((struct slice){ NULL, 0 }, details);
	assert_string_equal(details, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_is_read),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(there_are_only_so_many),
		cmocka_unit_test(details_are_cut_and_visible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
