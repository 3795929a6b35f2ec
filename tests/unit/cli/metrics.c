#include "cli/metrics.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
a_value_has_the_unit_that_its_name_ends_in(void **state)
{
	static const struct {
		const char *key;
		double value;
		const char *words;
	} cases[] = {
		{ "cpu_percent", 12.5, "12.5 %" },
		{ "memory_used_mb", 24105, "24,105 MB" },
		{ "network_sent_bytes", 1536, "1.5 KiB" },
		{ "uptime_seconds", 14400, "4h 0m" },
		{ "error_rate", 0.0625, "6.2 %" },
		{ "invocations_per_minute", 7, "7/min" },
		{ "latency_p99", 4.25, "4.2 ms" },
		{ "requests_total", 1234567, "1,234,567" },
		{ "active_count", 0, "0" },
		{ "load_1m", 0.25, "0.25" },
		{ "cpu_percent", -1, "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;

		metrics_add_value(&out, cases[i].key, cases[i].value);
		assert_string_equal(out.data, cases[i].words);
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_has_the_unit_that_its_name_ends_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
