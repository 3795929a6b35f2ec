#include "lib/store/rule.c"

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
rules_are_read_and_described(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "cpu_percent > 90 for 5m", "cpu_percent > 90 for 5m" },
		{ "http_p99_ms >= 500.5", "http_p99_ms >= 500.5" },
		{ "disk_free_mb  <  1e3  for  1500ms",
		    "disk_free_mb < 1000 for 1500ms" },
		{ "error_rate <= -1", "error_rate <= -1" },
		{ "service_down for 30s", "service_down for 30s" },
		{ "audit_write_failure", "audit_write_failure" },
		{ "rate_limit_hit", "rate_limit_hit" },
		{ "token_guessing for 5s", "token_guessing for 5s" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf words = BUF_INIT;
		struct rule rule;
		struct error err;

		assert_int_equal(
		    rule_parse(slice_of(cases[i].text), &rule, &err), 0);
		rule_describe(&rule, &words);
		assert_string_equal(words.data, cases[i].words);
	}
}

static void
what_is_wrong_with_a_rule_is_named(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "", "\"\" is not a figure or event" },
		{ "cpu > 90", "\"cpu\" is not a figure or event" },
		{ "cpu_percent = 90", "\"=\" is none of > >= < <=" },
		{ "cpu_percent >", "\"\" is not a number" },
		{ "cpu_percent > nan", "\"nan\" is not a number" },
		{ "cpu_percent > 90%", "\"90%\" is not a number" },
		{ "cpu_percent > 90 5m",
		    "\"5m\" stands where \"for\" could stand" },
		{ "cpu_percent > 90 for 25h", "\"25h\" is more than a day" },
		{ "service_down for 5m please",
		    "\"please\" stands behind the end" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rule rule = { .hold = 7 };
		struct error err;

		assert_int_equal(
		    rule_parse(slice_of(cases[i].text), &rule, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_string_equal(err.sentence, cases[i].sentence);
		assert_int_equal(rule.hold, 7);
	}
}

static void
a_margin_lies_between_holding_and_clear(void **state)
{
	static const struct {
		const char *rule;
		double value;
		bool holds, is_clear;
	} cases[] = {
		{ "cpu_percent > 90", 90.1, true, false },
		{ "cpu_percent > 90", 90, false, false },
		{ "cpu_percent >= 90", 90, true, false },
		{ "cpu_percent > 90", 88.3, false, false },
		{ "cpu_percent > 90", 88.2, false, true },
		{ "disk_free_mb < 100", 99, true, false },
		{ "disk_free_mb < 100", 101, false, false },
		{ "disk_free_mb <= 100", 102, false, true },
		{ "approvals_pending > 0", 0, false, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rule rule;
		struct error err;

		assert_int_equal(
		    rule_parse(slice_of(cases[i].rule), &rule, &err), 0);
		assert_int_equal(
		    rule_holds(&rule, cases[i].value), cases[i].holds);
		assert_int_equal(
		    rule_is_clear(&rule, cases[i].value), cases[i].is_clear);
	}
}

static void
every_figure_can_be_asked_for(void **state)
{
	(void)state;
	for (int i = 0; i < FIGURE_COUNT; i++) {
		cleanup(buf_free) struct buf text = BUF_INIT;
		struct rule rule;
		struct error err;

		buf_addf(&text, "%s > 1", figure_rows[i].name);
		assert_int_equal(rule_parse(buf_slice(&text), &rule, &err), 0);
		assert_int_equal(rule.figure, i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_read_and_described),
		cmocka_unit_test(what_is_wrong_with_a_rule_is_named),
		cmocka_unit_test(a_margin_lies_between_holding_and_clear),
		cmocka_unit_test(every_figure_can_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
