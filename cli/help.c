#include "cli/help.h"

#include "base/cleanup.h"
#include "cli/commands.h"

enum {
	HELP_LEFT = 24, /* columns of the commands' names and their indent */
};

static void
help_add_line(const struct command *command, struct buf *out)
{
	buf_addf(
	    out, "  %-*s%s\n", HELP_LEFT - 2, command->name, command->summary);
}

static void
help_add_all(struct buf *out)
{
	buf_add_str(out,
	    "Usage: kruxos COMMAND [OPTION...]\n\n"
	    "Know what your AI agents did, whether the machine they run on is "
	    "healthy,\nand be able to prove it.\n\nCommands:\n");
	for (size_t i = 0; i < commands_count; i++)
		help_add_line(&commands[i], out);
	buf_add_str(out, "\nOptions of every command:\n");
	options_help(commands_common_options, out);
	buf_add_str(out,
	    "\nExit codes: 0 done, 1 failed, 2 the answer is no, 3 unknown "
	    "(nobody answers),\n64 wrong usage, 130 interrupted.\n\n"
	    "`kruxos help COMMAND` shows its options and examples; kruxos(1) "
	    "is the manual.\n");
}

static void
help_add_group(const char *group, struct buf *out)
{
	buf_addf(
	    out, "Usage: kruxos %s COMMAND [OPTION...]\n\nCommands:\n", group);
	for (size_t i = 0; i < commands_count; i++) {
		if (slice_is(commands_group(&commands[i]), group))
			help_add_line(&commands[i], out);
	}
}

void
help_add_command(const struct command *command, struct buf *out)
{
	buf_addf(out, "Usage: kruxos %s [OPTION...]%s%s\n\n", command->name,
	    *command->operands != '\0' ? " " : "", command->operands);
	buf_addf(out, "%s%s\n", command->summary,
	    slice_ends_with(slice_of(command->summary), SLICE_LITERAL("?"))
		? ""
		: ".");
	if (command->alias != NULL)
		buf_addf(out, "Also called: kruxos %s\n", command->alias);
	if (command->about != NULL) {
		buf_add_char(out, '\n');
		options_wrap(command->about, 0, out);
	}
	buf_add_str(out, "\nOptions:\n");
	options_help(command->form->options, out);
	options_help(commands_common_options, out);
	buf_addf(out, "\nExamples:\n%s\n", command->examples);
}

/* "unknown command: adit; did you mean audit?" */
static enum command_exit
help_unknown(struct cli *cli, char **words)
{
	const char *given = words[0];
	const char *nearest;

	if (commands_is_group(words[0]))
		given = arena_printf(&cli->arena, "%s %s", words[0], words[1]);
	nearest = commands_nearest(given, &cli->arena);
	if (nearest != NULL)
		return cli_misused(
		    "unknown command: %s; did you mean %s?", given, nearest);
	return cli_misused(
	    "unknown command: %s; `kruxos help` names them", given);
}

enum command_exit
help_without_command(struct cli *cli, char **words, bool is_wanted)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	if (words[0] == NULL)
		help_add_all(&out);
	else if (commands_is_group(words[0]) && words[1] == NULL)
		help_add_group(words[0], &out);
	else
		return help_unknown(cli, words);
	fwrite(out.data, 1, out.len, is_wanted ? stdout : stderr);
	return is_wanted ? COMMAND_DONE : COMMAND_USAGE;
}

static enum command_exit
help_run(struct cli *cli, const void *values, char **operands)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	const struct command *command = NULL;
	int words;

	(void)values;
	if (operands[0] != NULL)
		command = commands_find(operands, &words);
	if (command == NULL)
		return help_without_command(cli, operands, true);
	help_add_command(command, &out);
	cli_print(&out);
	return COMMAND_DONE;
}

static enum command_exit
help_version_run(struct cli *cli, const void *values, char **operands)
{
	(void)cli;
	(void)values;
	(void)operands;
	puts("kruxos " KRUXOS_VERSION);
	return COMMAND_DONE;
}

const struct command_form help_form = {
	options_none,
	0,
	help_run,
};

const struct command_form help_version_form = {
	options_none,
	0,
	help_version_run,
};
