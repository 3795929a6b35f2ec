#include "cli/table.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct table_column columns[] = {
	{ "N", true, 0 },
	{ "NAME", false, 8 },
	{ "TEXT", false, 0 },
};

/* A table of two rows, as `terminal` shows it. */
static char *
show(const struct terminal *terminal, const char *const cells[6],
    struct arena *arena)
{
	struct buf out = BUF_INIT;
	struct table table;
	char *ret;

	table_init(&table, columns, COUNT(columns), arena);
	for (size_t i = 0; i < 6; i++)
		table_add(&table, slice_of(cells[i]),
		    i == 1 ? TERMINAL_RED : TERMINAL_PLAIN);
	table_print(&table, terminal, &out);
	ret = arena_copy(arena, out.data, out.len);
	buf_free(&out);
	return ret;
}

static void
columns_are_as_wide_as_their_widest_cell(void **state)
{
	static const struct terminal none = { 0 };
	static const char *const cells[] = { "7", "a", "x", "1234", "bcd", "" };
	struct arena arena = ARENA_INIT;

	(void)state;
	assert_string_equal(show(&none, cells, &arena), "   N  NAME  TEXT\n"
							"   7  a     x\n"
							"1234  bcd\n");
	arena_free(&arena);
}

static void
wide_characters_count_two_columns(void **state)
{
	static const struct terminal none = { 0 };
	static const char *const cells[] = { "1", "日本", "x", "2", "ab", "y" };
	struct arena arena = ARENA_INIT;

	(void)state;
	assert_string_equal(show(&none, cells, &arena), "N  NAME  TEXT\n"
							"1  日本  x\n"
							"2  ab    y\n");
	arena_free(&arena);
}

static void
the_last_cell_ends_at_the_screens_edge(void **state)
{
	static const struct terminal narrow = { true, false, 30 };
	static const struct terminal tiny = { true, false, 5 };
	static const char *const cells[] = { "1", "a",
		"abcdefghijklmnopqrstuvwxyz", "2", "a much too long name",
		"short" };
	struct arena arena = ARENA_INIT;

	(void)state;
	assert_string_equal(show(&narrow, cells, &arena),
	    "N  NAME      TEXT\n"
	    "1  a         abcdefghijklmnop…\n"
	    "2  a much …  short\n");
	assert_string_equal(show(&tiny, cells, &arena),
	    "N  NAME      TEXT\n"
	    "1  a         abcdefghijklmno…\n"
	    "2  a much …  short\n");
	arena_free(&arena);
}

static void
colour_changes_no_width(void **state)
{
	static const struct terminal coloured = { true, true, 80 };
	static const char *const cells[] = { "1", "a", "x", "2", "bcd", "y" };
	struct arena arena = ARENA_INIT;

	(void)state;
	assert_string_equal(show(&coloured, cells, &arena),
	    "\033[1mN\033[0m  \033[1mNAME\033[0m  \033[1mTEXT\033[0m\n"
	    "1  \033[31ma\033[0m     x\n"
	    "2  bcd   y\n");
	arena_free(&arena);
}

static void
hostile_text_stays_in_its_cell(void **state)
{
	static const struct terminal none = { 0 };
	static const char *const cells[] = { "1", "\033[2J\n\t",
		"a\nb\r\xff\u202e", "2", "b", "y" };
	struct arena arena = ARENA_INIT;

	(void)state;
	assert_string_equal(show(&none, cells, &arena),
	    "N  NAME      TEXT\n"
	    "1  \\e[2J\\n…  a\\nb\\r\\xff\\u{202e}\n"
	    "2  b         y\n");
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(wide_characters_count_two_columns),
		cmocka_unit_test(the_last_cell_ends_at_the_screens_edge),
		cmocka_unit_test(colour_changes_no_width),
		cmocka_unit_test(hostile_text_stays_in_its_cell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
