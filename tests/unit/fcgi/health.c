int health_main(int argc, char **argv);
#define main health_main
#include "fcgi/health.c"
#undef main

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The daemon's page and the machine's clocks, as a test has them. */

static struct status the_page;
static bool page_is_there;

int
program_status(
    struct program *prog, struct status *ret_status, struct error *err)
{
	(void)prog;
	if (!page_is_there)
		return error_set(err, ERROR_UNREACHABLE, "no page");
	*ret_status = the_page;
	return 0;
}

int
program_main(int argc, char **argv, const struct program_settings *settings)
{
	(void)argc, (void)argv, (void)settings;
	return 0;
}

static const usec_t BOOT = 1000 * USEC_PER_SEC;
static const usec_t NOW = 2000000 * USEC_PER_SEC;

static struct config *config;

static struct config *
read_config(const char *text)
{
	struct buf problems = BUF_INIT;
	struct config *read;

	if (config_parse("/x/kruxos.conf", slice_of(text), &read, &problems) ==
	    -1)
		fail_msg("%s", problems.data);
	buf_free(&problems);
	return read;
}

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

/* A daemon at work for four hours. */
static struct view
good_view(void)
{
	struct view view = {
		.is_there = true,
		.now = NOW,
		.boottime = BOOT,
	};

	view.status = (struct status){
		.started_at = NOW - 4 * USEC_PER_HOUR,
		.heartbeat = BOOT,
		.refusal = STATUS_ACCEPTING,
		.integrity = STATUS_VERIFIED,
		.sampled_at = BOOT - 2 * USEC_PER_SEC,
		.cpu_percent = 12.54,
		.memory_used_bytes = (UINT64_C(257) << 20) - 1,
		.memory_total_bytes = UINT64_C(2048) << 20,
		.disk_used_percent = 34.2,
	};
	return view;
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
the_page_decides_what_is_healthy(void **state)
{
	static const struct {
		enum status_refusal refusal;
		enum status_integrity integrity;
		enum status_index index;
		enum status_state db;
		enum health audit, state, overall;
	} cases[] = {
		{ STATUS_ACCEPTING, STATUS_UNKNOWN, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_HEALTHY, HEALTH_HEALTHY,
		    HEALTH_HEALTHY },
		{ STATUS_ACCEPTING, STATUS_CHECKING, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_HEALTHY, HEALTH_HEALTHY,
		    HEALTH_HEALTHY },
		{ STATUS_ACCEPTING, STATUS_DAMAGED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_DEGRADED, HEALTH_HEALTHY,
		    HEALTH_DEGRADED },
		{ STATUS_ACCEPTING, STATUS_VERIFIED, STATUS_INDEX_FAILING,
		    STATUS_STATE_OK, HEALTH_HEALTHY, HEALTH_DEGRADED,
		    HEALTH_DEGRADED },
		{ STATUS_ACCEPTING, STATUS_VERIFIED, STATUS_INDEX_REBUILDING,
		    STATUS_STATE_OK, HEALTH_HEALTHY, HEALTH_DEGRADED,
		    HEALTH_DEGRADED },
		{ STATUS_ACCEPTING, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_LOST, HEALTH_HEALTHY, HEALTH_DEGRADED,
		    HEALTH_DEGRADED },
		{ STATUS_ACCEPTING, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_FAILING, HEALTH_HEALTHY, HEALTH_UNHEALTHY,
		    HEALTH_UNHEALTHY },
		{ STATUS_STARTING, STATUS_UNKNOWN, STATUS_INDEX_FAILING,
		    STATUS_STATE_FAILING, HEALTH_DEGRADED, HEALTH_DEGRADED,
		    HEALTH_DEGRADED },
		{ STATUS_STOPPING, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_UNHEALTHY, HEALTH_HEALTHY,
		    HEALTH_UNHEALTHY },
		{ STATUS_STOPPED, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_UNHEALTHY, HEALTH_HEALTHY,
		    HEALTH_UNHEALTHY },
		{ STATUS_WRITE_FAILED, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_UNHEALTHY, HEALTH_HEALTHY,
		    HEALTH_UNHEALTHY },
		{ STATUS_DISK_FULL, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_UNHEALTHY, HEALTH_HEALTHY,
		    HEALTH_UNHEALTHY },
		{ STATUS_READ_ONLY, STATUS_VERIFIED, STATUS_INDEX_CURRENT,
		    STATUS_STATE_OK, HEALTH_UNHEALTHY, HEALTH_HEALTHY,
		    HEALTH_UNHEALTHY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view view = good_view();

		view.status.refusal = cases[i].refusal;
		view.status.integrity = cases[i].integrity;
		view.status.index = cases[i].index;
		view.status.state = cases[i].db;
		assert_int_equal(audit_health(&view), cases[i].audit);
		assert_int_equal(state_health(&view), cases[i].state);
		assert_int_equal(
		    overall_health(config, &view), cases[i].overall);
	}
}

static void
what_is_not_critical_only_degrades(void **state)
{
	struct config *lenient =
	    read_config("[service audit]\ncritical = no\n");
	struct view view = good_view();

	(void)state;
	view.status.refusal = STATUS_DISK_FULL;
	assert_int_equal(overall_health(lenient, &view), HEALTH_DEGRADED);
	/* But a daemon that is gone is never that. */
	view.is_there = false;
	assert_int_equal(overall_health(lenient, &view), HEALTH_UNHEALTHY);
	config_free(lenient);
}

static void
the_operators_services_follow_the_five(void **state)
{
	struct config *more = read_config("[service mail]\ncritical = yes\n"
					  "kind = tcp\ntarget = mail:25\n");
	struct view view = good_view();
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(write_health(more, &view, &out), 200);
	assert_non_null(
	    strstr(out.data, "\"state\":\"healthy\",\"mail\":\"unknown\"},"));
	buf_free(&out);
	config_free(more);
}

static void
samples_that_stop_are_noticed(void **state)
{
	static const struct {
		usec_t sampled, up; /* seconds ago; 0: never */
		enum health overall;
		bool shown;
	} cases[] = {
		{ 1, 100, HEALTH_HEALTHY, true },
		{ 15, 100, HEALTH_HEALTHY, true },
		{ 16, 100, HEALTH_UNHEALTHY, false },
		{ 0, 3, HEALTH_HEALTHY, false },
		{ 0, 16, HEALTH_UNHEALTHY, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view view = good_view();
		struct buf out = BUF_INIT;

		view.status.sampled_at =
		    cases[i].sampled == 0
			? 0
			: BOOT - cases[i].sampled * USEC_PER_SEC;
		view.status.started_at = NOW - cases[i].up * USEC_PER_SEC;
		assert_int_equal(
		    overall_health(config, &view), cases[i].overall);
		write_health(config, &view, &out);
		assert_int_equal(
		    strstr(out.data, "\"cpu_percent\":12.5") != NULL,
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

static void
an_old_page_is_no_report(void **state)
{
	struct view view;

	(void)state;
	page_is_there = true;
	the_page = good_view().status;
	the_page.heartbeat = clock_boottime(&clock_system);
	the_page.has_writer = true;
	look(NULL, &view);
	assert_true(view.is_there);
	/* Killed a moment ago. */
	the_page.has_writer = false;
	look(NULL, &view);
	assert_false(view.is_there);
	the_page.has_writer = true;
	/* Of a boot that is longer ago, or of none. */
	the_page.heartbeat = 0;
	look(NULL, &view);
	assert_false(view.is_there);
	page_is_there = false;
	look(NULL, &view);
	assert_false(view.is_there);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_is_the_specifications),
		cmocka_unit_test(a_daemon_that_is_gone_leaves_nothing_known),
		cmocka_unit_test(the_page_decides_what_is_healthy),
		cmocka_unit_test(what_is_not_critical_only_degrades),
		cmocka_unit_test(the_operators_services_follow_the_five),
		cmocka_unit_test(samples_that_stop_are_noticed),
		cmocka_unit_test(ready_says_why_not),
		cmocka_unit_test(an_old_page_is_no_report),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
