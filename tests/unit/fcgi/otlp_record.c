/* fcgi/otlp_record.c: what attributes mean. */
#include "fcgi/otlp_record.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
every_name_is_found_and_no_other(void **state)
{
	static const char *const others[] = { "", "gen_ai", "gen_ai.tool.nam",
		"gen_ai.tool.names", "A", "zzz", "session.idx" };
	enum otlp_field field;
	unsigned char rank;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		if (i > 0)
			assert_true(strcmp(names[i - 1].key, names[i].key) < 0);
		assert_true(
		    otlp_record_find(slice_of(names[i].key), &field, &rank));
		assert_int_equal(field, names[i].field);
		assert_int_equal(rank, names[i].rank);
	}
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(
		    otlp_record_find(slice_of(others[i]), &field, &rank));
	assert_false(otlp_record_find(
	    SLICE_LITERAL("service.name\0and more"), &field, &rank));
	assert_false(
	    otlp_record_find(SLICE_LITERAL("tool_name\0"), &field, &rank));
}

static void
the_better_name_counts_whichever_comes_first(void **state)
{
	struct otlp_record record = { 0 };

	(void)state;
	otlp_record_put(
	    &record, OTLP_TOOL, 3, OTLP_STRING, SLICE_LITERAL("third"));
	otlp_record_put(
	    &record, OTLP_TOOL, 0, OTLP_STRING, SLICE_LITERAL("first"));
	otlp_record_put(
	    &record, OTLP_TOOL, 1, OTLP_STRING, SLICE_LITERAL("second"));
	otlp_record_put(
	    &record, OTLP_TOOL, 0, OTLP_STRING, SLICE_LITERAL("again"));
	assert_true(slice_is(otlp_record_text(&record, OTLP_TOOL), "first"));
}

static void
what_is_empty_is_not_there(void **state)
{
	struct otlp_record record = { 0 };

	(void)state;
	otlp_record_put(&record, OTLP_TOOL, 0, OTLP_STRING, SLICE_LITERAL(""));
	otlp_record_put(&record, OTLP_TOOL, 0, OTLP_NONE, SLICE_LITERAL("x"));
	assert_null(otlp_record_text(&record, OTLP_TOOL).data);
	otlp_record_put(
	    &record, OTLP_TOOL, 9, OTLP_STRING, SLICE_LITERAL("tool"));
	assert_true(slice_is(otlp_record_text(&record, OTLP_TOOL), "tool"));
}

static void
the_resource_counts_where_the_record_says_nothing(void **state)
{
	struct otlp_record resource = { 0 }, record = { 0 };

	(void)state;
	otlp_record_put(
	    &resource, OTLP_AGENT, 0, OTLP_STRING, SLICE_LITERAL("all"));
	otlp_record_put(
	    &resource, OTLP_SESSION, 0, OTLP_STRING, SLICE_LITERAL("s0"));
	otlp_record_put(
	    &record, OTLP_SESSION, 4, OTLP_STRING, SLICE_LITERAL("s1"));
	otlp_record_inherit(&record, &resource);
	assert_true(slice_is(otlp_record_text(&record, OTLP_AGENT), "all"));
	assert_true(slice_is(otlp_record_text(&record, OTLP_SESSION), "s1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_is_found_and_no_other),
		cmocka_unit_test(the_better_name_counts_whichever_comes_first),
		cmocka_unit_test(what_is_empty_is_not_there),
		cmocka_unit_test(
		    the_resource_counts_where_the_record_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
