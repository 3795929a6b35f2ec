#include "cli/selection.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct option_list
list(const char **values, size_t count)
{
	return (struct option_list){ values, count };
}

static void
a_selection_becomes_a_query(void **state)
{
	const char *agents[] = { "a&b", "-c d" }, *statuses[] = { "error" };
	struct selection selection = {
		.lists = { [FILTER_AGENT_NAME] = list(agents, 2),
		    [FILTER_STATUS] = list(statuses, 1) },
		.q = "50% \xc3\xa4+",
		.from = { USEC_PER_SEC, true },
		.to = { 2 * USEC_PER_SEC, true },
	};
	struct buf out = BUF_INIT;

	(void)state;
	selection_add_query(&selection, &out);
	assert_string_equal(out.data,
	    "agent_name=a%26b&agent_name=-c%20d&status=error&"
	    "q=50%25%20%C3%A4%2B&from=1970-01-01T00%3A00%3A01.000000Z&"
	    "to=1970-01-01T00%3A00%3A02.000000Z&");
	buf_free(&out);
}

/* It is what one asks from who wants all. */
static void
the_beginning_of_1970_is_a_time_too(void **state)
{
	struct selection selection = { .from = { 0, true } };
	struct buf out = BUF_INIT;

	(void)state;
	selection_add_query(&selection, &out);
	assert_string_equal(out.data, "from=1970-01-01T00%3A00%3A00.000000Z&");
	buf_free(&out);
}

static void
a_selection_becomes_members_of_an_object(void **state)
{
	const char *agents[] = { "a\"b", "-c" };
	struct selection selection = {
		.lists = { [FILTER_AGENT_NAME] = list(agents, 2) },
		.to = { USEC_PER_SEC, true },
	};
	struct json_writer json;
	struct buf out = BUF_INIT;

	(void)state;
	json_writer_init(&json, &out);
	json_writer_object(&json);
	selection_write(&selection, &json);
	json_writer_end_object(&json);
	assert_string_equal(out.data,
	    "{\"agent_name\":[\"a\\\"b\",\"-c\"],"
	    "\"to\":\"1970-01-01T00:00:01.000000Z\"}");
	buf_free(&out);
}

static void
the_filter_means_the_same(void **state)
{
	const char *agents[] = { "-a" };
	struct selection selection = {
		.lists = { [FILTER_AGENT_NAME] = list(agents, 1) },
		.last = USEC_PER_SEC,
	};
	struct arena arena = ARENA_INIT;
	struct filter filter;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(selection_settle(&selection, 10 * USEC_PER_SEC, &arena,
			     &filter, &err),
	    0);
	assert_int_equal(filter.lists[FILTER_AGENT_NAME].count, 1);
	assert_true(filter.lists[FILTER_AGENT_NAME].values[0].is_negative);
	assert_int_equal(filter.from, 9 * USEC_PER_SEC);
	assert_int_equal(selection.from.at, 9 * USEC_PER_SEC);
	assert_int_equal(filter.to, CLOCK_MAX + 1);
	arena_free(&arena);
}

static void
what_no_entry_can_have_is_refused(void **state)
{
	const char *spaced[] = { "a b" }, *empty[] = { "" };
	struct {
		struct selection selection;
		const char *sentence;
	} cases[] = {
		{ { .lists = { [FILTER_AGENT_NAME] = list(spaced, 1) } },
		    "--agent-name: no entry can have \"a b\"" },
		{ { .lists = { [FILTER_CAPABILITY] = list(empty, 1) } },
		    "--capability: no entry can have \"\"" },
		{ { .last = 1, .from = { 1, true } },
		    "--last and --from exclude each other" },
		{ { .last = 1, .from = { 0, true } },
		    "--last and --from exclude each other" },
		{ { .from = { 2, true }, .to = { 2, true } },
		    "--to is not after --from" },
		{ { .to = { 0, true } }, "--to is not after --from" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena arena = ARENA_INIT;
		struct filter filter;
		struct error err = { 0 };

		assert_int_equal(selection_settle(&cases[i].selection, 10,
				     &arena, &filter, &err),
		    -1);
		assert_string_equal(err.sentence, cases[i].sentence);
		arena_free(&arena);
	}
}

static void
a_bad_text_is_refused_by_its_option(void **state)
{
	static const char *const texts[] = { "", "\xff" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct selection selection = { .q = texts[i] };
		struct arena arena = ARENA_INIT;
		struct filter filter;
		struct error err = { 0 };

		assert_int_equal(
		    selection_settle(&selection, 10, &arena, &filter, &err),
		    -1);
		assert_int_equal(strncmp(err.sentence, "--q: ", 5), 0);
		arena_free(&arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_selection_becomes_a_query),
		cmocka_unit_test(the_beginning_of_1970_is_a_time_too),
		cmocka_unit_test(a_selection_becomes_members_of_an_object),
		cmocka_unit_test(the_filter_means_the_same),
		cmocka_unit_test(what_no_entry_can_have_is_refused),
		cmocka_unit_test(a_bad_text_is_refused_by_its_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
