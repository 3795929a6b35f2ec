#include "fcgi/exposition.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Two labels, a unit, a counter, an info, and what is not known. */
static void
write_some(struct exposition *out)
{
	exposition_family(
	    out, "kruxos_build_info", EXPOSITION_INFO, "The version.");
	exposition_sample(out, 1, "version", "1.2.3", NULL);
	exposition_family(
	    out, "kruxos_http_requests_total", EXPOSITION_COUNTER, "Requests.");
	exposition_sample(out, 12, "route", "/a", "method", "GET", NULL);
	exposition_sample(out, NAN, "route", "/b", "method", "GET", NULL);
	exposition_single(out, "kruxos_host_network_received_bytes_total",
	    EXPOSITION_COUNTER, "Bytes.", 7);
	exposition_single(
	    out, "kruxos_host_cpu_ratio", EXPOSITION_GAUGE, "CPU.", 0.125);
	exposition_single(
	    out, "kruxos_unknown_seconds", EXPOSITION_GAUGE, "Nothing.", NAN);
}

static void
text_names_what_it_types_whole(void **state)
{
	struct buf body = BUF_INIT;
	struct exposition out;

	(void)state;
	exposition_begin(&out, EXPOSITION_TEXT, &body);
	write_some(&out);
	exposition_end(&out);
	assert_string_equal(body.data,
	    "# HELP kruxos_build_info The version.\n"
	    "# TYPE kruxos_build_info gauge\n"
	    "kruxos_build_info{version=\"1.2.3\"} 1\n"
	    "# HELP kruxos_http_requests_total Requests.\n"
	    "# TYPE kruxos_http_requests_total counter\n"
	    "kruxos_http_requests_total{route=\"/a\",method=\"GET\"} 12\n"
	    "# HELP kruxos_host_network_received_bytes_total Bytes.\n"
	    "# TYPE kruxos_host_network_received_bytes_total counter\n"
	    "kruxos_host_network_received_bytes_total 7\n"
	    "# HELP kruxos_host_cpu_ratio CPU.\n"
	    "# TYPE kruxos_host_cpu_ratio gauge\n"
	    "kruxos_host_cpu_ratio 0.125\n");
	buf_free(&body);
}

static void
openmetrics_names_families_and_units(void **state)
{
	struct buf body = BUF_INIT;
	struct exposition out;

	(void)state;
	exposition_begin(&out, EXPOSITION_OPENMETRICS, &body);
	write_some(&out);
	exposition_end(&out);
	assert_string_equal(body.data,
	    "# HELP kruxos_build The version.\n"
	    "# TYPE kruxos_build info\n"
	    "kruxos_build_info{version=\"1.2.3\"} 1\n"
	    "# HELP kruxos_http_requests Requests.\n"
	    "# TYPE kruxos_http_requests counter\n"
	    "kruxos_http_requests_total{route=\"/a\",method=\"GET\"} 12\n"
	    "# HELP kruxos_host_network_received_bytes Bytes.\n"
	    "# TYPE kruxos_host_network_received_bytes counter\n"
	    "# UNIT kruxos_host_network_received_bytes bytes\n"
	    "kruxos_host_network_received_bytes_total 7\n"
	    "# HELP kruxos_host_cpu_ratio CPU.\n"
	    "# TYPE kruxos_host_cpu_ratio gauge\n"
	    "# UNIT kruxos_host_cpu_ratio ratio\n"
	    "kruxos_host_cpu_ratio 0.125\n"
	    "# EOF\n");
	buf_free(&body);
}

static void
values_are_written_as_they_are(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 1, "1" },
		{ -3, "-3" },
		{ 34.2 * 0.01, "0.342" },
		{ 1793059200.123456, "1793059200.12346" },
		{ 9007199254740991.0, "9007199254740991" },
		{ 1e300, "1e+300" },
		{ 1e-9, "1e-09" },
		{ INFINITY, "+Inf" },
		{ -INFINITY, "-Inf" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;

		add_value(&out, cases[i].value);
		assert_string_equal(out.data, cases[i].text);
		buf_free(&out);
	}
}

static void
labels_hold_anything(void **state)
{
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{ "", "" },
		{ "/api/audit", "/api/audit" },
		{ "a\"b", "a\\\"b" },
		{ "a\\b", "a\\\\b" },
		{ "a\nb", "a\\nb" },
		{ "\"} 1\nevil 1", "\\\"} 1\\nevil 1" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xff", "\xef\xbf\xbd" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;

		add_label_text(&out, cases[i].text);
		assert_string_equal(out.data, cases[i].escaped);
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_names_what_it_types_whole),
		cmocka_unit_test(openmetrics_names_families_and_units),
		cmocka_unit_test(values_are_written_as_they_are),
		cmocka_unit_test(labels_hold_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
