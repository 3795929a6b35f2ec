#include "fcgi/scrape.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fcgi/made_view.h"

static struct config *config;
static struct buf body = BUF_INIT;

static int
setup(void **state)
{
	(void)state;
	config = read_config("[service mail]\nkind = tcp\ntarget = mail:25\n"
			     "[notify ops]\nkind = webhook\n"
			     "url = http://hooks.example.org/\n");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	config_free(config);
	buf_free(&body);
	return 0;
}

/* All that there can be. */
static struct view
full_view(void)
{
	struct view view = good_view();
	struct observed *observed = &view.observed;

	add_seen(&view, "mail", OBSERVED_DEGRADED, 3);
	observed->route_count = 2;
	observed->routes[0] = (struct observed_route){ .name = "/api/audit",
		.requests = 10,
		.errors = 1,
		.p50_ms = 1.5,
		.p99_ms = 4 };
	observed->routes[1] = (struct observed_route){
		.name = "other", .requests = 3, .p50_ms = NAN, .p99_ms = NAN
	};
	observed->program_count = 1;
	observed->programs[0] = (struct observed_program){
		.name = "kruxosd",
		.resident_bytes = 9437184,
		.cpu_seconds = 0.25,
	};
	for (int i = 0; i < FIGURE_COUNT; i++)
		view.figures[i] = 40 + i;
	view.status.head_seq = 42;
	view.status.verified_seq = 41;
	view.status.verified_at = NOW - USEC_PER_SEC;
	memset(view.status.head_hash, 0xab, sizeof(view.status.head_hash));
	return view;
}

static const struct alert_counts counts = {
	.alerts = { [RULE_CRITICAL] = { [ALERT_FIRING] = 2 } },
	.silences = 1,
	.oldest_silence = NOW - USEC_PER_HOUR,
};

static const struct outbox_channel channels[] = {
	{ .waiting = 3, .failing_since = NOW },
};

static const struct own_process process = { 1.5, 4096, 8192, 9, 1024 };

/* `view` as metrics; all of it lies in `body`. */
static void
write_view(const struct view *view, const struct alert_counts *alerts,
    enum exposition_format format)
{
	const struct scrape scrape = {
		.config = config,
		.view = view,
		.alerts = alerts,
		.channels = alerts == NULL ? NULL : channels,
		.process = &process,
		.process_started_at = NOW,
	};

	buf_reset(&body);
	scrape_write(&scrape, format, &body);
}

static void
has(const char *line)
{
	if (strstr(body.data, line) == NULL)
		fail_msg("no %s in\n%s", line, body.data);
}

static void
everything_known_is_there(void **state)
{
	struct view view = full_view();

	(void)state;
	write_view(&view, &counts, EXPOSITION_TEXT);
	has("\nkruxos_build_info{version=\"" KRUXOS_VERSION "\"} 1\n");
	has("\nkruxos_up 1\n");
	has("\nkruxos_observer_up 1\n");
	has("\nkruxos_uptime_seconds 14400\n");
	has("\nkruxos_health_status{status=\"degraded\"} 1\n");
	has("\nkruxos_health_status{status=\"healthy\"} 0\n");
	has("\nkruxos_health_issues 1\n");
	has("\nkruxos_service_status{service=\"mail\",status=\"degraded\"} "
	    "1\n");
	has("\nkruxos_service_status{service=\"mail\",status=\"healthy\"} "
	    "0\n");
	has("\nkruxos_service_status{service=\"gateway\",status=\"unknown\"} "
	    "1\n");
	has("\nkruxos_service_latency_seconds{service=\"mail\"} 0.00125\n");
	has("\nkruxos_service_status_since_timestamp_seconds{service="
	    "\"mail\"} 1996400\n");
	has("\nkruxos_http_route_requests_total{route=\"/api/audit\"} 10\n");
	has("\nkruxos_http_route_latency_p99_seconds{route=\"/api/audit\"} "
	    "0.004\n");
	has("\nkruxos_program_resident_memory_bytes{program=\"kruxosd\"} "
	    "9437184\n");
	has("\nkruxos_program_cpu_seconds_total{program=\"kruxosd\"} 0.25\n");
	has("\nkruxos_audit_accepting 1\n");
	has("\nkruxos_audit_head_seq 42\n");
	has("\nkruxos_audit_verified_seq 41\n");
	has("\nkruxos_audit_integrity_status{status=\"verified\"} 1\n");
	has("\nkruxos_audit_integrity_status{status=\"damaged\"} 0\n");
	has("\nkruxos_audit_head_info{seq=\"42\",hash=\"abababab");
	has("\nkruxos_alerts{severity=\"critical\",state=\"firing\"} 2\n");
	has("\nkruxos_alerts{severity=\"info\",state=\"pending\"} 0\n");
	has("\nkruxos_silences 1\n");
	has("\nkruxos_notices_waiting{channel=\"ops\"} 3\n");
	has("\nkruxos_notices_failing{channel=\"ops\"} 1\n");
	has("\nprocess_resident_memory_bytes 4096\n");
	for (int i = 0; i < FIGURE_COUNT; i++) {
		char line[128];

		snprintf(line, sizeof(line), "\n%s ", figure_rows[i].metric);
		has(line);
	}
	/* 40 percent, in the base unit. */
	has("\nkruxos_host_cpu_ratio 0.4\n");
}

static void
what_is_not_known_is_left_out(void **state)
{
	struct view view = full_view();

	(void)state;
	view.figures[FIGURE_LOAD_1M] = NAN;
	write_view(&view, NULL, EXPOSITION_TEXT);
	assert_null(strstr(body.data, "kruxos_host_load1 "));
	assert_null(strstr(body.data, "kruxos_alerts"));
	assert_null(strstr(body.data, "kruxos_notices"));
	assert_null(strstr(
	    body.data, "kruxos_http_route_latency_p99_seconds{route=\"other"));
	assert_null(strstr(
	    body.data, "kruxos_service_latency_seconds{service=\"gateway"));
	assert_null(strstr(body.data, "NaN"));
}

static void
of_a_daemon_that_is_gone_little_is_known(void **state)
{
	struct view view = full_view();

	(void)state;
	view.is_there = false;
	figure_clear(view.figures);
	write_view(&view, NULL, EXPOSITION_TEXT);
	has("\nkruxos_up 0\n");
	has("\nkruxos_observer_up 0\n");
	has("\nkruxos_health_status{status=\"unhealthy\"} 1\n");
	has("\nkruxos_service_status{service=\"mail\",status=\"unknown\"} 1\n");
	assert_null(strstr(body.data, "kruxos_audit_"));
	assert_null(strstr(body.data, "kruxos_uptime_seconds"));
	assert_null(strstr(body.data, "kruxos_http_"));
}

/* One HELP and TYPE a family, and all of its samples behind it. */
static void
a_family_comes_once(void **state)
{
	static const enum exposition_format formats[] = { EXPOSITION_TEXT,
		EXPOSITION_OPENMETRICS };
	struct view view = full_view();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct slice rest, line;

		write_view(&view, &counts, formats[i]);
		rest = buf_slice(&body);
		while (slice_take_line(&rest, &line)) {
			char head[160];

			if (!slice_starts_with(line, SLICE_LITERAL("# HELP ")))
				continue;
			snprintf(head, sizeof(head), "\n%.*s ",
			    (int)strcspn(line.data + 7, " ") + 7, line.data);
			assert_null(strstr(rest.data, head));
		}
		assert_int_equal(rest.len, 0);
	}
	assert_string_equal(
	    body.data + body.len - strlen("\n# EOF\n"), "\n# EOF\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_known_is_there),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(of_a_daemon_that_is_gone_little_is_known),
		cmocka_unit_test(a_family_comes_once),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
