#include "cli/hook_agent.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
settings_lie_where_each_agent_looks_for_them(void **state)
{
	static const struct {
		const char *name;
		enum hook_scope scope;
		const char *variable, *value, *path;
	} cases[] = {
		{ "claude-code", HOOK_USER, NULL, NULL,
		    "/home/a/.claude/settings.json" },
		{ "claude-code", HOOK_USER, "CLAUDE_CONFIG_DIR", "/c",
		    "/c/settings.json" },
		{ "claude-code", HOOK_SYSTEM, NULL, NULL,
		    "/etc/claude-code/managed-settings.json" },
		{ "codex", HOOK_USER, NULL, NULL, "/home/a/.codex/hooks.json" },
		{ "codex", HOOK_USER, "CODEX_HOME", "/x", "/x/hooks.json" },
		/* What is no path is nobody's choice. */
		{ "codex", HOOK_USER, "CODEX_HOME", "",
		    "/home/a/.codex/hooks.json" },
		{ "codex", HOOK_SYSTEM, NULL, NULL, "/etc/codex/hooks.json" },
		{ "gemini", HOOK_USER, NULL, NULL,
		    "/home/a/.gemini/settings.json" },
		{ "gemini", HOOK_SYSTEM, NULL, NULL,
		    "/etc/gemini-cli/settings.json" },
		{ "cursor", HOOK_USER, NULL, NULL,
		    "/home/a/.cursor/hooks.json" },
		{ "cursor", HOOK_SYSTEM, NULL, NULL, "/etc/cursor/hooks.json" },
		{ "cursor", HOOK_PROJECT, NULL, NULL, "/.cursor/hooks.json" },
		{ "opencode", HOOK_USER, NULL, NULL,
		    "/home/a/.config/opencode/plugins/kruxos.js" },
		{ "opencode", HOOK_USER, "OPENCODE_CONFIG_DIR", "/o",
		    "/o/plugins/kruxos.js" },
		{ "opencode", HOOK_PROJECT, NULL, NULL,
		    "/.opencode/plugins/kruxos.js" },
		{ "opencode", HOOK_SYSTEM, NULL, NULL, NULL },
	};
	struct arena arena = ARENA_INIT;
	char here[4096];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };
		const char *path;

		/* Not all there is: cmocka is told by it how to report. */
		for (size_t other = 0; other < COUNT(cases); other++)
			if (cases[other].variable != NULL)
				unsetenv(cases[other].variable);
		setenv("HOME", "/home/a", 1);
		if (cases[i].variable != NULL)
			setenv(cases[i].variable, cases[i].value, 1);
		path = hook_agent_path(hook_agent_find(cases[i].name),
		    cases[i].scope, &arena, &err);
		if (cases[i].path == NULL) {
			assert_null(path);
			assert_int_equal(err.code, ERROR_NOT_FOUND);
		} else if (cases[i].scope == HOOK_PROJECT) {
			assert_memory_equal(path, here, strlen(here));
			assert_string_equal(path + strlen(here), cases[i].path);
		} else {
			assert_string_equal(path, cases[i].path);
		}
	}
	arena_free(&arena);
}

static void
a_program_is_looked_for_in_path(void **state)
{
	static const char *const programs[] = { "no-such-agent", "sh", NULL };
	static const struct hook_agent agent = { .programs = programs };
	static const struct {
		const char *path, *found;
	} cases[] = {
		{ "/bin", "/bin/sh" },
		{ "/nowhere:/bin:/usr/bin", "/bin/sh" },
		{ "::/bin", "/bin/sh" },
		{ "bin:.", NULL },
		{ "", NULL },
	};
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *found;

		setenv("PATH", cases[i].path, 1);
		found = hook_agent_program(&agent, &arena);
		if (cases[i].found == NULL)
			assert_null(found);
		else
			assert_string_equal(found, cases[i].found);
	}
	unsetenv("PATH");
	assert_null(hook_agent_program(&agent, &arena));
	arena_free(&arena);
}

/* They stand in a string for help and completions, too. */
static void
the_names_are_those_of_the_table(void **state)
{
	char names[256] = "";

	(void)state;
	for (size_t i = 0; i < hook_agents_count; i++) {
		size_t len = strlen(names);

		snprintf(names + len, sizeof(names) - len, "%s%s",
		    i > 0 ? " " : "", hook_agents[i].name);
	}
	assert_string_equal(names, HOOK_AGENT_NAMES);
	assert_null(hook_agent_find("vim"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_lie_where_each_agent_looks_for_them),
		cmocka_unit_test(a_program_is_looked_for_in_path),
		cmocka_unit_test(the_names_are_those_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
