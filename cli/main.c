/* kruxos: what your AI agents did, at the command line. */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/hook_run.h"

struct main_values {
	bool wants_version;
};

static const struct option_row main_options[] = {
	OPTION_FLAG(struct main_values, wants_version, 'V', "version",
	    "print the version"),
	OPTION_END
};

static enum command_exit
main_check_operands(const struct command *command, int count)
{
	if (count < command->least)
		return cli_misused("%s: %s is missing; see `kruxos help %s`",
		    command->name, command->operands, command->name);
	if (command->most != COMMAND_ANY_NUMBER && count > command->most)
		return cli_misused(
		    "%s: too many operands; see `kruxos help %s`",
		    command->name, command->name);
	return COMMAND_DONE;
}

/* `argv` begins with the last word of the command's name. */
static enum command_exit
main_run(struct cli *cli, const struct command *command, int argc, char **argv)
{
	void *values = arena_alloc(&cli->arena, command->form->values_bytes);
	const struct option_set sets[] = {
		{ command->form->options, values },
		{ commands_common_options, cli },
	};
	cleanup(buf_free) struct buf help = BUF_INIT;
	struct error err = { 0 };
	int first;

	first = options_read(sets, 2, false, argc, argv, &cli->arena, &err);
	if (first == -1)
		return cli_misused("%s: %s", command->name, err.sentence);
	if (cli->wants_help) {
		help_add_command(command, &help);
		cli_print(&help);
		return COMMAND_DONE;
	}
	if (main_check_operands(command, argc - first) != COMMAND_DONE)
		return COMMAND_USAGE;
	return command->form->run(cli, values, argv + first);
}

/* The first word is no command by itself. Options may stand between the words
 * of one, or behind a group's name: `kruxos audit -h`. */
static enum command_exit
main_dispatch_group(struct cli *cli, int argc, char **argv)
{
	const struct option_set common = { commands_common_options, cli };
	char *words[] = { argv[0], NULL, NULL };
	const struct command *command;
	struct error err = { 0 };
	int first, count;

	if (argc > 1 && commands_is_group(argv[0])) {
		first = options_read(
		    &common, 1, true, argc, argv, &cli->arena, &err);
		if (first == -1)
			return cli_misused("%s: %s", argv[0], err.sentence);
		words[1] = argv[first];
		command = commands_find(words, &count);
		if (command != NULL)
			return main_run(
			    cli, command, argc - first, argv + first);
	}
	return help_without_command(cli, words, cli->wants_help);
}

static enum command_exit
main_dispatch(struct cli *cli, int argc, char **argv)
{
	struct main_values values = { false };
	const struct option_set sets[] = {
		{ main_options, &values },
		{ commands_common_options, cli },
	};
	const struct command *command = NULL;
	struct error err = { 0 };
	int first, count;

	first = options_read(sets, 2, true, argc, argv, &cli->arena, &err);
	if (first == -1)
		return cli_misused("%s", err.sentence);
	argc -= first;
	argv += first;
	if (values.wants_version)
		return help_version_form.run(cli, NULL, argv);
	if (argc > 0)
		command = commands_find(argv, &count);
	if (command == NULL)
		return main_dispatch_group(cli, argc, argv);
	return main_run(cli, command, argc - count + 1, argv + count - 1);
}

/* What could not be written is a failure, if there was none before. */
static enum command_exit
main_flush(enum command_exit result)
{
	struct error err = { 0 };
	enum command_exit failed;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return result;
	error_set_errno(&err, "standard output");
	failed = cli_fail(&err);
	return result == COMMAND_DONE ? failed : result;
}

int
main(int argc, char **argv)
{
	struct cli cli;
	enum command_exit result;

	hook_run(argc, argv);
	cli_open(&cli);
	result = main_flush(main_dispatch(&cli, argc, argv));
	cli_close(&cli);
	return (int)result;
}
