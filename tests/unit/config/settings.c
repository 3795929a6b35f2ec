#include "lib/config/settings.c"

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A row of a type, whose field is at the beginning of its struct. */
#define ROW(setting_type, ...)                                      \
	(struct setting)                                            \
	{                                                           \
		.section = "s", .key = "k", .type = (setting_type), \
		.standard = "x", __VA_ARGS__                        \
	}

static int
store(const struct setting *row, const char *text, void *field,
    struct arena *arena, struct error *err)
{
	return settings_store(
	    row, slice_of(text), "/etc/kruxos", arena, field, err);
}

static void
texts_are_stored(void **state)
{
	static const struct {
		enum setting_type type;
		const char *text;
		const char *stored;   /* or NULL: refused */
		const char *sentence; /* then with this */
	} cases[] = {
		{ SETTING_PATH, "/var/lib/kruxos", "/var/lib/kruxos", NULL },
		{ SETTING_PATH, "/var//", "/var", NULL },
		{ SETTING_PATH, "/", "/", NULL },
		{ SETTING_PATH, ".", "/etc/kruxos", NULL },
		{ SETTING_PATH, "audit/", "/etc/kruxos/audit", NULL },
		{ SETTING_PATH, "../x y", "/etc/kruxos/../x y", NULL },
		{ SETTING_TEXT, "any = # thing", "any = # thing", NULL },
		{ SETTING_ACCOUNT, "kruxos-web", "kruxos-web", NULL },
		{ SETTING_ACCOUNT, "_a.B9", "_a.B9", NULL },
		{ SETTING_ACCOUNT, "1001", "1001", NULL },
		{ SETTING_ACCOUNT, "-a", NULL,
		    "\"-a\" is not the name of an account" },
		{ SETTING_ACCOUNT, "a b", NULL,
		    "\"a b\" is not the name of an account" },
		{ SETTING_ACCOUNT, "abcdefghijklmnopqrstuvwxyz0123456", NULL,
		    "\"abcdefghijklmnopqrstuvwxyz0123456\" is not the name of "
		    "an account" },
		{ SETTING_ADDRESS, "127.0.0.1", "127.0.0.1", NULL },
		{ SETTING_ADDRESS, "::1", "::1", NULL },
		{ SETTING_ADDRESS, "localhost", NULL,
		    "\"localhost\" is not an IP address" },
		{ SETTING_ADDRESS, "127.0.0.1:80", NULL,
		    "\"127.0.0.1:80\" is not an IP address" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(arena_free) struct arena arena = ARENA_INIT;
		struct setting row = ROW(cases[i].type);
		const char *stored = NULL;
		struct error err = { 0 };
		int result = store(&row, cases[i].text, &stored, &arena, &err);

		assert_int_equal(result, cases[i].stored == NULL ? -1 : 0);
		if (result == 0) {
			assert_string_equal(stored, cases[i].stored);
			continue;
		}
		assert_null(stored);
		assert_string_equal(err.sentence, cases[i].sentence);
	}
}

static void
numbers_have_bounds(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *sentence;
	} cases[] = {
		{ "1", 0, "" },
		{ "64", 0, "" },
		{ "0", -1, "\"0\" is not within 1 to 64" },
		{ "65", -1, "\"65\" is not within 1 to 64" },
		{ "99999999999999999999", -1,
		    "\"99999999999999999999\" is not within 1 to 64" },
		{ "abc", -1, "\"abc\" is not a number" },
		{ "-1", -1, "\"-1\" is not a number" },
		{ "1 2", -1, "\"1 2\" is not a number" },
		{ "", -1, "there is no value" },
	};
	struct setting number = ROW(SETTING_NUMBER, .min = 1, .max = 64);
	struct setting msec = ROW(SETTING_MSEC, .min = 1, .max = 64);
	struct setting sec = ROW(SETTING_SEC, .min = 1, .max = 64);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = cases[i].text;
		struct error err = { 0 };
		unsigned value = 4711;
		usec_t usec = 4711;

		assert_int_equal(
		    store(&number, text, &value, NULL, &err), cases[i].result);
		assert_string_equal(err.sentence, cases[i].sentence);
		assert_int_equal(
		    store(&msec, text, &usec, NULL, &err), cases[i].result);
		if (cases[i].result == 0)
			assert_int_equal(usec, value * USEC_PER_MSEC);
		else
			assert_int_equal(value + usec, 2 * 4711);
		assert_int_equal(
		    store(&sec, text, &usec, NULL, &err), cases[i].result);
		if (cases[i].result == 0)
			assert_int_equal(usec, value * USEC_PER_SEC);
	}
}

static void
words_are_among_the_choices(void **state)
{
	struct setting choice = ROW(SETTING_CHOICE, .choices = service_kinds);
	struct setting yes_no = ROW(SETTING_YES_NO);
	struct error err = { 0 };
	bool yes = false;
	int kind = -5;

	(void)state;
	assert_int_equal(store(&choice, "none", &kind, NULL, &err), 0);
	assert_int_equal(kind, CONFIG_SERVICE_UNCHECKED);
	assert_int_equal(store(&choice, "heartbeat", &kind, NULL, &err), 0);
	assert_int_equal(kind, CONFIG_SERVICE_HEARTBEAT);
	assert_int_equal(store(&choice, "HTTP", &kind, NULL, &err), -1);
	assert_string_equal(err.sentence,
	    "\"HTTP\" is not none, http, tcp, unix, systemd or heartbeat");
	assert_int_equal(store(&yes_no, "yes", &yes, NULL, &err), 0);
	assert_true(yes);
	assert_int_equal(store(&yes_no, "no", &yes, NULL, &err), 0);
	assert_false(yes);
	assert_int_equal(store(&yes_no, "true", &yes, NULL, &err), -1);
	assert_string_equal(err.sentence, "\"true\" is neither yes nor no");
}

static void
hosts_are_a_list_with_spaces_between(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	cleanup(buf_free) struct buf many = BUF_INIT;
	struct setting row = ROW(SETTING_HOSTS);
	struct config_words hosts = { NULL, 0 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    store(&row, "a.example  b-2", &hosts, &arena, &err), 0);
	assert_int_equal(hosts.count, 2);
	assert_string_equal(hosts.words[0], "a.example");
	assert_string_equal(hosts.words[1], "b-2");
	assert_null(hosts.words[2]);
	assert_int_equal(store(&row, "a, b", &hosts, &arena, &err), -1);
	assert_string_equal(err.sentence, "\"a,\" is not a host name");
	assert_int_equal(store(&row, "a .b", &hosts, &arena, &err), -1);
	assert_string_equal(err.sentence, "\".b\" is not a host name");
	assert_int_equal(hosts.count, 2);
	for (int i = 0; i < CONFIG_WORDS; i++)
		buf_add_str(&many, "h ");
	assert_int_equal(store(&row, many.data, &hosts, &arena, &err), 0);
	assert_int_equal(hosts.count, CONFIG_WORDS);
	buf_add_str(&many, "h");
	assert_int_equal(store(&row, many.data, &hosts, &arena, &err), -1);
	assert_non_null(strstr(err.sentence, "more than 32 names"));
}

static void
what_is_empty_by_default_may_be_made_empty(void **state)
{
	struct setting row = ROW(SETTING_TEXT);
	struct error err = { 0 };
	const char *text = NULL;

	(void)state;
	assert_int_equal(store(&row, "", &text, NULL, &err), -1);
	row.standard = "";
	assert_int_equal(store(&row, "", &text, NULL, &err), 0);
	assert_null(text);
}

static void
rows_are_complete_and_their_defaults_are_values(void **state)
{
	(void)state;
	for (const struct setting *row = settings; row->section != NULL;
	     row++) {
		cleanup(arena_free) struct arena arena = ARENA_INIT;
		cleanup(buf_free) struct buf words = BUF_INIT;
		union {
			struct config config;
			struct config_service service;
		} object = { 0 };
		struct error err = { 0 };

		assert_int_equal(settings_store(row, slice_of(row->standard),
				     "/", &arena, &object, &err),
		    0);
		assert_ptr_equal(
		    settings_find(slice_of(row->section), slice_of(row->key)),
		    row);
		assert_true(settings_has_section(slice_of(row->section)));
		assert_int_equal(row->help[strlen(row->help) - 1], '.');
		settings_describe(row, &words);
		assert_true(words.len > 0);
	}
	assert_null(settings_find(slice_of("audit"), slice_of("bind")));
	assert_false(settings_has_section(slice_of("Audit")));
}

static void
a_row_is_described_in_words(void **state)
{
	static const char *const cases[][3] = {
		{ "audit", "retention_days", "a number of days, 0 to 36500" },
		{ "http", "health_port", "a number, 1 to 65535" },
		{ "audit", "on_audit_failure", "deny or allow" },
		{ "service", "critical", "yes or no" },
		{ "paths", "data_dir", "a path" },
		{ "sign_in", "link_timeout",
		    "a duration such as 30s, 1s to 1d" },
		{ "notify", "group_wait",
		    "a duration such as 30s, at most 1h" },
		{ "door", "web_users",
		    "users, by name or number, with spaces between" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf words = BUF_INIT;

		settings_describe(
		    settings_find(slice_of(cases[i][0]), slice_of(cases[i][1])),
		    &words);
		assert_string_equal(words.data, cases[i][2]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_stored),
		cmocka_unit_test(numbers_have_bounds),
		cmocka_unit_test(words_are_among_the_choices),
		cmocka_unit_test(hosts_are_a_list_with_spaces_between),
		cmocka_unit_test(what_is_empty_by_default_may_be_made_empty),
		cmocka_unit_test(
		    rows_are_complete_and_their_defaults_are_values),
		cmocka_unit_test(a_row_is_described_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
