#include "fcgi/categories.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fcgi/made_view.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
ask(const char *query, int *ret_category, struct error *err)
{
	static const struct route route = { .params = categories_params };
	struct arena arena = ARENA_INIT;
	struct request req = {
		.query = slice_of(query),
		.route = &route,
		.arena = &arena,
	};
	int result = categories_read(&req, ret_category, err);

	arena_free(&arena);
	return result;
}

static void
a_category_is_asked_for(void **state)
{
	static const char *const wrong[] = { "", "category=", "category=x",
		"category=http&category=http", "category=System" };
	struct error err = { 0 };
	int category;

	(void)state;
	for (int i = 0; names[i] != NULL; i++) {
		char query[32];

		snprintf(query, sizeof(query), "category=%s", names[i]);
		assert_int_equal(ask(query, &category, &err), 0);
		assert_int_equal(category, i);
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(ask(wrong[i], &category, &err), -1);
		assert_string_equal(err.field, "category");
	}
}

static void
a_category_is_one_flat_object(void **state)
{
	static const struct {
		int category;
		const char *answer;
	} cases[] = {
		{ CATEGORY_AGENTS,
		    "{\"active_count\":3,\"total_sessions\":null,"
		    "\"invocations_per_minute\":null,\"error_rate\":0.0625,"
		    "\"coverage_percent\":null,"
		    "\"unrecorded_calls\":null}" },
		{ CATEGORY_POLICY,
		    "{\"evaluations_total\":null,\"denied_count\":12345678,"
		    "\"approval_pending_count\":null,"
		    "\"approval_waiting_seconds\":null}" },
		{ CATEGORY_HTTP,
		    "{\"requests_total\":null,\"errors_total\":null,"
		    "\"latency_p50\":null,\"latency_p99\":4.125,"
		    "\"bad_lines_total\":null,\"routes\":[{\"route\":"
		    "\"/health\",\"requests_total\":2,\"errors_total\":1,"
		    "\"latency_p50\":0.500,\"latency_p99\":null}]}" },
	};
	struct view view = good_view();

	(void)state;
	view.figures[FIGURE_ACTIVE_AGENTS] = 3;
	view.figures[FIGURE_ERROR_RATE] = 0.0625;
	view.figures[FIGURE_DENIED_TOTAL] = 12345678;
	view.figures[FIGURE_HTTP_P99_MS] = 4.125;
	view.observed.route_count = 1;
	view.observed.routes[0] = (struct observed_route){ .name = "/health",
		.requests = 2,
		.errors = 1,
		.p50_ms = 0.5,
		.p99_ms = NAN };
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = BUF_INIT;
		struct json_writer json;

		json_writer_init(&json, &out);
		categories_write(cases[i].category, &view, &json);
		assert_string_equal(out.data, cases[i].answer);
		buf_free(&out);
	}
}

static void
the_system_has_the_specifications_fields(void **state)
{
	static const char *const fields[] = { "\"cpu_percent\":12.5,",
		"\"memory_used_mb\":256,", "\"disk_used_percent\":null,",
		"\"uptime_seconds\":14400}" };
	struct view view = good_view();
	struct buf out = BUF_INIT;
	struct json_writer json;

	(void)state;
	view.figures[FIGURE_CPU_PERCENT] = 12.54;
	view.figures[FIGURE_MEMORY_USED_MB] = 256.2;
	json_writer_init(&json, &out);
	categories_write(CATEGORY_SYSTEM, &view, &json);
	for (size_t i = 0; i < COUNT(fields); i++)
		assert_non_null(strstr(out.data, fields[i]));
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_category_is_asked_for),
		cmocka_unit_test(a_category_is_one_flat_object),
		cmocka_unit_test(the_system_has_the_specifications_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
