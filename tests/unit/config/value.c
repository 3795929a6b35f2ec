#include "lib/config/value.c"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const colours[] = { "red", "green", "blue", NULL };

/* What is stored is written as it was said. */
static void
what_is_written_is_what_was_stored(void **state)
{
	static const struct {
		enum setting_type type;
		const char *text;
	} cases[] = {
		{ SETTING_PATH, "/var/lib/kruxos" },
		{ SETTING_TEXT, "http://a.example/?x=1#y" },
		{ SETTING_TEXT, "" },
		{ SETTING_ACCOUNT, "kruxos-web" },
		{ SETTING_ACCOUNTS, "kruxos-web 1001" },
		{ SETTING_ADDRESS, "::1" },
		{ SETTING_HOSTS, "a.example b.example" },
		{ SETTING_HOSTS, "" },
		{ SETTING_NAMES, "db" },
		{ SETTING_NUMBER, "400" },
		{ SETTING_MSEC, "2000" },
		{ SETTING_SEC, "15" },
		{ SETTING_DURATION, "30m" },
		{ SETTING_DURATION, "90s" },
		{ SETTING_DURATION, "1500ms" },
		{ SETTING_YES_NO, "no" },
		{ SETTING_MAIL, "a@b.example" },
		{ SETTING_MAILS, "a@b.example c@d" },
		{ SETTING_RULE, "service_down" },
		{ SETTING_RULE, "http_p99_ms > 500 for 5m" },
		{ SETTING_RULE, "cpu_percent >= 90.5" },
		{ SETTING_CHOICE, "green" },
		{ SETTING_CHOICE, "" },
		{ SETTING_SET, "red blue" },
		{ SETTING_TIER, "approval_required" },
		{ SETTING_RATE, "30/1m" },
		{ SETTING_RATE, "none" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(arena_free) struct arena arena = ARENA_INIT;
		cleanup(buf_free) struct buf out = BUF_INIT;
		const struct setting row = {
			.type = cases[i].type,
			.standard = "",
			.max = UINT64_MAX,
			.choices = colours,
		};
		union {
			struct rule rule;
			struct config_words words;
		} field = { 0 };
		struct error err;

		assert_int_equal(settings_store(&row, slice_of(cases[i].text),
				     "/", &arena, &field, &err),
		    0);
		value_write(&row, &field, &out);
		assert_string_equal(out.data, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_what_was_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
