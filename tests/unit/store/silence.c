#include "lib/store/silence.c"

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct alert down = {
	.severity = RULE_CRITICAL,
	.rule = { "service-down", 12 },
	.service = { "search", 6 },
	.title = { "Service down", 12 },
};

static void
all_matchers_must_hold(void **state)
{
	static const struct {
		const char *matchers;
		bool matches;
	} cases[] = {
		{ "severity=critical", true }, { "severity=warning", false },
		{ "severity=critical\nservice=search", true },
		{ "severity=critical\nservice=vault", false },
		{ "service=sea*", true }, { "title=Service *", true },
		{ "source=rule\nrule=service-*", true },
		{ "source=agent", false },
		{ "agent_name=*", false }, /* it has none */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct silence silence = { 0 };
		struct error err;

		assert_int_equal(
		    silence_read(&silence, slice_of(cases[i].matchers), &err),
		    0);
		assert_int_equal(
		    silence_matches(&silence, &down), cases[i].matches);
	}
}

static void
what_is_no_matcher_is_named(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "severity", "\"severity\" is not name=value" },
		{ "", "\"\" is not name=value" },
		{ "id=3", "\"id\" is no field of an alert" },
		{ "title=", "\"\" is not a value of 1 to 256 bytes" },
		{ "severity=bad", "\"bad\" is not critical, warning or info" },
		{ "rule=b", "\"rule\" is given twice" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct silence silence = { 0 };
		struct error err;

		assert_int_equal(
		    silence_add(&silence, slice_of("rule=a"), &err), 0);
		assert_int_equal(
		    silence_add(&silence, slice_of(cases[i].text), &err), -1);
		assert_string_equal(err.sentence, cases[i].sentence);
		assert_string_equal(err.field, "matchers");
	}
}

static void
what_could_mean_critical_alerts_is_known(void **state)
{
	static const struct {
		const char *matchers;
		bool may;
	} cases[] = {
		{ "severity=warning", false },
		{ "severity=critical", true },
		{ "severity=*", true },
		{ "severity=w*", false },
		{ "title=x", true },
		{ "title=x\nseverity=info", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct silence silence = { 0 };
		struct error err;

		assert_int_equal(
		    silence_read(&silence, slice_of(cases[i].matchers), &err),
		    0);
		assert_int_equal(
		    silence_may_be_critical(&silence), cases[i].may);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_matchers_must_hold),
		cmocka_unit_test(what_is_no_matcher_is_named),
		cmocka_unit_test(what_could_mean_critical_alerts_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
