#include "cli/health_report.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct terminal plain = { 0 };

static const struct health nothing = HEALTH_NOTHING;

static void
thresholds_are_those_of_the_alerts(void **state)
{
	struct health health = nothing;
	struct buf out = BUF_INIT;

	(void)state;
	health.cpu_percent = 90;
	health.memory_used_mb = 850;
	health.memory_total_mb = 1000;
	health.disk_used_percent = 90;
	health_add_resources(&health, &plain, &out);
	assert_string_equal(out.data,
	    "CPU: 90.0% (ok)\nMemory: 850 MB / 1000 MB (ok)\n"
	    "Disk: 90.0% (ok)\n");
	buf_free(&out);
}

static void
json_without_nginx_has_the_shape_of_health(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	health_report_add_json(&nothing, &out);
	assert_string_equal(out.data,
	    "{\"status\":\"unknown\",\"version\":\"" KRUXOS_VERSION
	    "\",\"uptime_seconds\":null,\"services\":{\"gateway\":\"unknown\","
	    "\"vault\":\"unknown\",\"proxy\":\"unknown\",\"audit\":"
	    "\"unknown\",\"state\":\"unknown\"},\"resources\":{"
	    "\"cpu_percent\":null,\"memory_used_mb\":null,"
	    "\"memory_total_mb\":null,\"disk_used_percent\":null}}");
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thresholds_are_those_of_the_alerts),
		cmocka_unit_test(json_without_nginx_has_the_shape_of_health),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
