#include "cli/hook_command.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
a_shell_reads_the_words_that_were_joined(void **state)
{
	static const struct {
		const char *words[4]; /* NULL ends them */
		const char *text;
	} cases[] = {
		{ { "/usr/bin/kruxos-hook", "codex" },
		    "/usr/bin/kruxos-hook codex" },
		{ { "/my tools/kruxos-hook", "codex", "" },
		    "'/my tools/kruxos-hook' codex ''" },
		{ { "a'b", "$HOME", "`x`" }, "'a'\\''b' '$HOME' '`x`'" },
		{ { "\\", "\"", "a;b" }, "'\\' '\"' 'a;b'" },
	};
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hook_command command = { .count = 0 }, read;
		struct buf text = BUF_INIT;

		for (size_t j = 0; j < 4 && cases[i].words[j] != NULL; j++)
			hook_command_add(&command, cases[i].words[j]);
		hook_command_join(&command, &text);
		assert_string_equal(text.data, cases[i].text);
		hook_command_split(&read, buf_slice(&text), &arena);
		assert_int_equal(read.count, command.count);
		for (size_t j = 0; j < read.count; j++)
			assert_string_equal(read.words[j], command.words[j]);
		buf_free(&text);
	}
	arena_free(&arena);
}

static void
the_name_in_the_log_is_found(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{ "kruxos-hook codex", "codex" },
		{ "kruxos-hook codex --name builder", "builder" },
		{ "kruxos-hook codex --name=builder -c x", "builder" },
		{ "kruxos-hook codex --name", "codex" },
		{ "", "codex" },
	};
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hook_command command;

		hook_command_split(&command, slice_of(cases[i].text), &arena);
		assert_string_equal(
		    hook_command_agent_name(&command, hook_agent_find("codex")),
		    cases[i].name);
	}
	arena_free(&arena);
}

static void
a_plug_in_is_known_by_the_command_in_it(void **state)
{
	struct hook_command command = { .count = 0 }, read;
	struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT;

	(void)state;
	hook_command_add(&command, "/a \"b\"/kruxos-hook");
	hook_command_add(&command, "opencode");
	hook_command_plugin(&command, &text);
	assert_non_null(strstr(text.data,
	    "\nconst command = [\"/a \\\"b\\\"/kruxos-hook\",\"opencode\"];\n"));
	assert_true(hook_command_of_plugin(&read, buf_slice(&text), &arena));
	assert_int_equal(read.count, 2);
	assert_string_equal(read.words[0], command.words[0]);
	buf_free(&text);
	arena_free(&arena);
}

static void
another_plug_in_is_none_of_ours(void **state)
{
	static const char *const texts[] = {
		"",
		"const command = ",
		"const command = [\"ls\", \"-l\"];\n",
		"const command = [\"kruxos-hook\"];\n",
		"const command = {\"a\":\"kruxos-hook\"};\n",
		"const command = [1, 2];\n",
	};
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct hook_command read;

		assert_false(
		    hook_command_of_plugin(&read, slice_of(texts[i]), &arena));
	}
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shell_reads_the_words_that_were_joined),
		cmocka_unit_test(the_name_in_the_log_is_found),
		cmocka_unit_test(a_plug_in_is_known_by_the_command_in_it),
		cmocka_unit_test(another_plug_in_is_none_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
