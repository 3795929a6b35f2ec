#include "cli/options.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct values {
	bool flag;
	const char *text, *word;
	struct option_list list;
	uint64_t number;
	double factor;
	struct option_time from, to;
	usec_t last;
};

static const struct option_row rows[] = { OPTION_FLAG(struct values, flag, 'f',
					      "flag", "a flag"),
	OPTION_TEXT(struct values, text, 't', "text", "TEXT", "a text"),
	OPTION_WORD(struct values, word, 0, "format", "FORMAT", "json csv",
	    "json", "a word"),
	OPTION_TEXTS(struct values, list, 's', "status", "STATUS",
	    "success error", "some words"),
	OPTION_U64(
	    struct values, number, 'n', "limit", "N", 1, 200, "50", "a number"),
	OPTION_FACTOR(
	    struct values, factor, 0, "speed", "N", 0, 10, "1", "a factor"),
	OPTION_TIME(struct values, from, "from", "a time"),
	OPTION_TIME_END(struct values, to, "to", "a time"),
	OPTION_DURATION(struct values, last, "last", USEC_PER_SEC, USEC_PER_DAY,
	    NULL, "a duration"),
	OPTION_END };

struct outcome {
	struct values values;
	struct error err;
	int first; /* operand, or -1 */
	const char *operands[4];
	struct arena arena;
};

/* Read `line`, its words divided by blanks. */
static void
read_line(const char *line, bool stop_at_operand, struct outcome *ret)
{
	struct option_set set = { rows, &ret->values };
	char *words = strdup(line), *rest = words, *word;
	char *argv[32] = { "kruxos" };
	int argc = 1;

	*ret = (struct outcome){ .arena = ARENA_INIT };
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			argv[argc++] =
			    arena_copy(&ret->arena, word, strlen(word));
	ret->first = options_read(
	    &set, 1, stop_at_operand, argc, argv, &ret->arena, &ret->err);
	for (int i = 0; ret->first != -1 && i < 4 && ret->first + i < argc; i++)
		ret->operands[i] = argv[ret->first + i];
	free(words);
}

static void
values_of_each_type_are_read(void **state)
{
	struct outcome got;

	(void)state;
	read_line("-f --text=x --format csv -s error --status -success "
		  "-n7 --speed 2.5 --from 2026-11-01 --to 2026-11-01 --last "
		  "15m one two",
	    false, &got);
	assert_int_equal(got.err.code, ERROR_NONE);
	assert_true(got.values.flag);
	assert_string_equal(got.values.text, "x");
	assert_string_equal(got.values.word, "csv");
	assert_int_equal(got.values.list.count, 2);
	assert_string_equal(got.values.list.values[0], "error");
	assert_string_equal(got.values.list.values[1], "-success");
	assert_int_equal(got.values.number, 7);
	assert_true(got.values.factor > 2.4 && got.values.factor < 2.6);
	assert_int_equal(got.values.from.at, 1793491200 * USEC_PER_SEC);
	assert_int_equal(
	    got.values.to.at, 1793491200 * USEC_PER_SEC + USEC_PER_DAY);
	assert_int_equal(got.values.last, 15 * USEC_PER_MIN);
	assert_string_equal(got.operands[0], "one");
	assert_string_equal(got.operands[1], "two");
	arena_free(&got.arena);
}

static void
what_is_not_given_has_its_initial_value(void **state)
{
	struct outcome got;

	(void)state;
	read_line("", false, &got);
	assert_int_equal(got.first, 1);
	assert_false(got.values.flag);
	assert_null(got.values.text);
	assert_string_equal(got.values.word, "json");
	assert_int_equal(got.values.number, 50);
	assert_true(got.values.factor > 0.9 && got.values.factor < 1.1);
	assert_int_equal(got.values.list.count, 0);
	arena_free(&got.arena);
}

static void
operands_stand_among_options_or_behind_two_dashes(void **state)
{
	struct outcome got;

	(void)state;
	read_line("one -f two -- --text", false, &got);
	assert_int_equal(got.err.code, ERROR_NONE);
	assert_true(got.values.flag);
	assert_string_equal(got.operands[0], "one");
	assert_string_equal(got.operands[1], "two");
	assert_string_equal(got.operands[2], "--text");
	arena_free(&got.arena);

	read_line("-f audit -t x", true, &got);
	assert_string_equal(got.operands[0], "audit");
	assert_string_equal(got.operands[1], "-t");
	assert_null(got.values.text);
	arena_free(&got.arena);
}

static void
a_wrong_line_is_named(void **state)
{
	static const struct {
		const char *line, *sentence;
	} cases[] = {
		{ "--flga", "unknown option --flga; did you mean --flag?" },
		{ "--limits=3", "unknown option --limits=3; did you mean "
				"--limit?" },
		{ "--nonsense", "unknown option --nonsense" },
		{ "-x", "unknown option -x" },
		{ "-fx", "unknown option -x" },
		{ "--limit", "option --limit needs a N" },
		{ "-n", "option -n needs a value" },
		{ "--flag=yes", "option --flag takes no value" },
		{ "--limit 0", "--limit \"0\": is not between 1 and 200" },
		{ "--limit x", "--limit \"x\": is not a number" },
		{ "--speed 11", "--speed \"11\": is not between 0 and 10" },
		{ "--status good", "--status \"good\": is none of: success "
				   "error" },
		{ "--format -json", "--format \"-json\": is none of: json "
				    "csv" },
		{ "--last 2d", "--last \"2d\": is out of range" },
		{ "--\033[2J", "unknown option --\\e[2J" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome got;

		read_line(cases[i].line, false, &got);
		assert_int_equal(got.first, -1);
		assert_int_equal(got.err.code, ERROR_INVALID);
		assert_string_equal(got.err.sentence, cases[i].sentence);
		arena_free(&got.arena);
	}
}

static void
times_are_refused_with_a_reason(void **state)
{
	static const char *const lines[] = { "--from yesterday",
		"--to 2026-13-01", "--last 5", "--last 24" };

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct outcome got;

		read_line(lines[i], false, &got);
		assert_int_equal(got.first, -1);
		arena_free(&got.arena);
	}
}

static void
help_breaks_lines_at_80_columns(void **state)
{
	static const struct option_row wide[] = {
		OPTION_WORD(struct values, word, 'x', "a-very-long-name-of-one",
		    "ARGUMENT", "one two", "one",
		    "help that is so long that it does not fit behind its name "
		    "in one line"),
		OPTION_FLAG(struct values, flag, 0, "short", "short"),
		OPTION_END
	};
	struct buf out = BUF_INIT;

	(void)state;
	options_help(wide, &out);
	assert_string_equal(out.data,
	    "  -x, --a-very-long-name-of-one ARGUMENT\n"
	    "                            help that is so long that it does not "
	    "fit behind its\n"
	    "                            name in one line: one two (default "
	    "one)\n"
	    "      --short               short\n");
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_each_type_are_read),
		cmocka_unit_test(what_is_not_given_has_its_initial_value),
		cmocka_unit_test(
		    operands_stand_among_options_or_behind_two_dashes),
		cmocka_unit_test(a_wrong_line_is_named),
		cmocka_unit_test(times_are_refused_with_a_reason),
		cmocka_unit_test(help_breaks_lines_at_80_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
