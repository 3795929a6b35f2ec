#include "fcgi/health_page.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fcgi/made_view.h"

static struct config *config;
static struct arena arena = ARENA_INIT;
static struct buf body = BUF_INIT;

static int
setup(void **state)
{
	(void)state;
	config = read_config("[service mail]\nkind = tcp\ntarget = mail:25\n");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	config_free(config);
	arena_free(&arena);
	buf_free(&body);
	return 0;
}

static void
write_view(const struct view *view)
{
	const struct health_page page = {
		.config = config,
		.view = view,
		.arena = &arena,
	};
	struct json_writer json;

	buf_reset(&body);
	json_writer_init(&json, &body);
	write_page(&page, &json);
}

static void
has(const char *text)
{
	if (strstr(body.data, text) == NULL)
		fail_msg("no %s in\n%s", text, body.data);
}

static void
services_are_as_they_were_seen(void **state)
{
	struct view view = good_view();

	(void)state;
	add_seen(&view, "mail", OBSERVED_DEGRADED, 2);
	write_view(&view);
	has("{\"status\":\"degraded\",\"issue_count\":1,"
	    "\"generated_at\":\"1970-01-24T03:33:20.000000Z\","
	    "\"total_latency_ms\":1.250,");
	has("{\"name\":\"mail\",\"kind\":\"tcp\",\"critical\":false,"
	    "\"status\":\"degraded\",\"latency_ms\":1.250,"
	    "\"details\":\"connected\","
	    "\"checked_at\":\"1970-01-24T03:33:18.000000Z\","
	    "\"since\":\"1970-01-24T02:33:20.000000Z\",\"history\":null}");
	has("{\"name\":\"vault\",\"kind\":null,\"critical\":false,"
	    "\"status\":\"unknown\",\"latency_ms\":null,\"details\":null,"
	    "\"checked_at\":null,\"since\":null,\"history\":null}");
	has("{\"name\":\"audit\",\"kind\":\"daemon\",\"critical\":true,"
	    "\"status\":\"healthy\",\"latency_ms\":null,"
	    "\"details\":\"accepting\","
	    "\"checked_at\":\"1970-01-24T03:33:20.000000Z\"");
}

static void
what_is_wrong_with_the_log_stands_there(void **state)
{
	struct view view = good_view();

	(void)state;
	view.status.refusal = STATUS_DISK_FULL;
	snprintf(view.status.reason, sizeof(view.status.reason),
	    "write: No space left on device");
	write_view(&view);
	has("{\"status\":\"unhealthy\",");
	has("\"details\":\"write: No space left on device\"");
}

static void
of_a_daemon_that_is_gone_nothing_is_known(void **state)
{
	struct view view = good_view();

	(void)state;
	add_seen(&view, "mail", OBSERVED_HEALTHY, 2);
	view.is_there = false;
	write_view(&view);
	has("{\"status\":\"unhealthy\",\"issue_count\":4,");
	has("\"total_latency_ms\":null,");
	has("\"uptime_seconds\":null,\"observed\":false,");
	has("\"details\":\"kruxosd does not report\",\"checked_at\":null");
	has("\"resources\":{\"cpu_percent\":null,");
	has("\"integrity\":{\"status\":\"unknown\",\"through_seq\":0,"
	    "\"verified_at\":null},\"on_audit_failure\":\"deny\","
	    "\"programs\":[]}}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_are_as_they_were_seen),
		cmocka_unit_test(what_is_wrong_with_the_log_stands_there),
		cmocka_unit_test(of_a_daemon_that_is_gone_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
