#include "cli/commands.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
words_choose_a_command(void **state)
{
	static const struct {
		char *words[4];
		const char *name; /* NULL: none */
		int count;
	} cases[] = {
		{ { "health" }, "health", 1 },
		{ { "status", "x" }, "health", 1 },
		{ { "audit", "query" }, "audit query", 2 },
		{ { "audit", "verify", "x" }, "audit verify", 2 },
		{ { "metrics", "http" }, "metrics", 1 },
		{ { "alerts", "--json" }, "alerts", 1 },
		{ { "alerts", "ack", "7" }, "alerts ack", 2 },
		{ { "notify", "test", "ops" }, "notify test", 2 },
		{ { "notify" }, NULL, 0 },
		{ { "account", "list" }, "account list", 2 },
		{ { "token", "create", "ci" }, "token create", 2 },
		{ { "passwd", "alice" }, "passwd", 1 },
		{ { "login-link" }, "login-link", 1 },
		{ { "audit" }, NULL, 0 },
		{ { "audit", "x" }, NULL, 0 },
		{ { "query" }, NULL, 0 },
		{ { "" }, NULL, 0 },
		{ { "audi", "query" }, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *words[4];
		const struct command *command;
		int count = 0;

		memcpy(words, cases[i].words, sizeof(words));
		command = commands_find(words, &count);
		if (cases[i].name == NULL) {
			assert_null(command);
			continue;
		}
		assert_string_equal(command->name, cases[i].name);
		assert_int_equal(count, cases[i].count);
	}
}

/* Help and completions are made of the table, so it must be right. */
static void
every_row_of_the_table_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < commands_count; i++) {
		const struct command *command = &commands[i];
		char example[64];

		assert_non_null(command->operands);
		assert_non_null(command->form->run);
		assert_true(command->most == COMMAND_ANY_NUMBER ||
			    command->least <= command->most);
		assert_true(strlen(command->summary) <= 56);
		snprintf(example, sizeof(example), "kruxos %s", command->name);
		assert_non_null(strstr(command->examples, example));
	}
}

/* An option that two rows claim would reach only one of them. */
static void
no_two_options_share_a_name_or_a_letter(void **state)
{
	(void)state;
	for (size_t i = 0; i < commands_count; i++) {
		const struct option_row *sets[] = { commands[i].form->options,
			commands_common_options };
		const struct option_row *seen[64];
		size_t count = 0;

		for (size_t set = 0; set < COUNT(sets); set++) {
			for (const struct option_row *row = sets[set];
			     row->name != NULL; row++) {
				for (size_t j = 0; j < count; j++) {
					assert_string_not_equal(
					    row->name, seen[j]->name);
					if (row->letter != 0)
						assert_int_not_equal(
						    row->letter,
						    seen[j]->letter);
				}
				seen[count++] = row;
			}
		}
	}
}

static void
slips_of_the_finger_are_understood(void **state)
{
	static const struct {
		const char *words, *nearest;
	} cases[] = {
		{ "adit", "audit" },
		{ "audit qurey", "audit query" },
		{ "helth", "health" },
		{ "statsu", "status" },
	};
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(
		    commands_nearest(cases[i].words, &arena), cases[i].nearest);
	assert_null(commands_nearest("nonsense", &arena));
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_choose_a_command),
		cmocka_unit_test(every_row_of_the_table_is_whole),
		cmocka_unit_test(no_two_options_share_a_name_or_a_letter),
		cmocka_unit_test(slips_of_the_finger_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
