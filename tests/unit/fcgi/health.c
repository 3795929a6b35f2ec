int health_main(int argc, char **argv);
#define main health_main
#include "fcgi/health.c"
#undef main

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fcgi/made_view.h"

/* No daemon, and no loop. */

int
program_status(
    struct program *prog, struct status *ret_status, struct error *err)
{
	(void)prog, (void)ret_status;
	return error_set(err, ERROR_UNREACHABLE, "no page");
}

int
program_main(int argc, char **argv, const struct program_settings *settings)
{
	(void)argc, (void)argv, (void)settings;
	return 0;
}

static struct config *config;

static int
setup(void **state)
{
	(void)state;
	config = read_config("");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	config_free(config);
	return 0;
}

static void
the_answer_is_the_specifications(void **state)
{
	struct view view = good_view();
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(write_health(config, &view, &out), 200);
	assert_string_equal(out.data,
	    "{\"status\":\"healthy\",\"version\":\"" KRUXOS_VERSION "\","
	    "\"uptime_seconds\":14400,"
	    "\"services\":{\"gateway\":\"unknown\",\"vault\":\"unknown\","
	    "\"proxy\":\"unknown\",\"audit\":\"healthy\","
	    "\"state\":\"healthy\"},"
	    "\"resources\":{\"cpu_percent\":12.5,\"memory_used_mb\":256,"
	    "\"memory_total_mb\":2048,\"disk_used_percent\":34.2}}\n");
	buf_free(&out);
}

static void
a_daemon_that_is_gone_leaves_nothing_known(void **state)
{
	struct view view = good_view();
	struct buf out = BUF_INIT;

	(void)state;
	view.is_there = false;
	assert_int_equal(write_health(config, &view, &out), 503);
	assert_string_equal(out.data,
	    "{\"status\":\"unhealthy\",\"version\":\"" KRUXOS_VERSION "\","
	    "\"uptime_seconds\":null,"
	    "\"services\":{\"gateway\":\"unknown\",\"vault\":\"unknown\","
	    "\"proxy\":\"unknown\",\"audit\":\"unhealthy\","
	    "\"state\":\"unhealthy\"},"
	    "\"resources\":{\"cpu_percent\":null,\"memory_used_mb\":null,"
	    "\"memory_total_mb\":null,\"disk_used_percent\":null}}\n");
	buf_free(&out);
}

static void
the_operators_services_follow_the_five(void **state)
{
	struct config *more = read_config("[service mail]\ncritical = yes\n"
					  "kind = tcp\ntarget = mail:25\n");
	struct view view = good_view();
	struct buf out = BUF_INIT;

	(void)state;
	add_seen(&view, "mail", OBSERVED_DEGRADED, 1);
	assert_int_equal(write_health(more, &view, &out), 200);
	assert_non_null(
	    strstr(out.data, "\"state\":\"healthy\",\"mail\":\"degraded\"},"));
	buf_free(&out);
	config_free(more);
}

static void
what_is_not_sampled_of_late_is_null(void **state)
{
	static const struct {
		usec_t sampled; /* seconds ago; 0: never */
		bool shown;
	} cases[] = { { 1, true }, { 15, true }, { 16, false }, { 0, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view view = good_view();
		struct buf out = BUF_INIT;

		view.status.sampled_at =
		    cases[i].sampled == 0
			? 0
			: BOOT - cases[i].sampled * USEC_PER_SEC;
		view.status.started_at = NOW - 3 * USEC_PER_SEC;
		write_health(config, &view, &out);
		assert_int_equal(
		    strstr(out.data, "\"cpu_percent\":12.5") != NULL,
		    cases[i].shown);
		assert_int_equal(
		    strstr(out.data, "\"memory_used_mb\":null") == NULL,
		    cases[i].shown);
		buf_free(&out);
	}
}

static void
ready_says_why_not(void **state)
{
	static const struct {
		bool is_there;
		enum status_refusal refusal;
		const char *reason, *answer;
	} cases[] = {
		{ true, STATUS_ACCEPTING, "", "{\"status\":\"ready\"}\n" },
		{ false, STATUS_ACCEPTING, "",
		    "{\"status\":\"not_ready\","
		    "\"detail\":\"kruxosd does not report\"}\n" },
		{ true, STATUS_STARTING, "",
		    "{\"status\":\"not_ready\",\"detail\":\"starting\"}\n" },
		{ true, STATUS_DISK_FULL, "write: No space left on device",
		    "{\"status\":\"not_ready\",\"detail\":"
		    "\"disk_full: write: No space left on device\"}\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view view = good_view();
		struct buf out = BUF_INIT;

		view.is_there = cases[i].is_there;
		view.status.refusal = cases[i].refusal;
		memcpy(view.status.reason, cases[i].reason,
		    strlen(cases[i].reason) + 1);
		assert_int_equal(write_ready(&view, &out), i == 0 ? 200 : 503);
		assert_string_equal(out.data, cases[i].answer);
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_is_the_specifications),
		cmocka_unit_test(a_daemon_that_is_gone_leaves_nothing_known),
		cmocka_unit_test(the_operators_services_follow_the_five),
		cmocka_unit_test(what_is_not_sampled_of_late_is_null),
		cmocka_unit_test(ready_says_why_not),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
