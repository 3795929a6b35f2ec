#include "cli/completions.h"

#include "base/cleanup.h"
#include "cli/commands.h"

/* How the words of a command are found, and what they may be followed by. */
static const char completions_head[] =
    "# bash completion for kruxos; made by `kruxos completions bash`\n"
    "_kruxos()\n"
    "{\n"
    "\tlocal current=${COMP_WORDS[COMP_CWORD]}\n"
    "\tlocal previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "\tlocal command='' words='' i\n"
    "\n"
    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
    "\t\tcase ${COMP_WORDS[i]} in\n"
    "\t\t-c | --config) ((i++)) ;;\n"
    "\t\t-*) ;;\n"
    "\t\t*)\n"
    "\t\t\tcommand=\"${command:+$command }${COMP_WORDS[i]}\"\n"
    "\t\t\tcase $command in\n";

static const char completions_middle[] = "\t\t\t*) break ;;\n"
					 "\t\t\tesac\n"
					 "\t\t\t;;\n"
					 "\t\tesac\n"
					 "\tdone\n"
					 "\n"
					 "\tcase \"$command $previous\" in\n";

static const char completions_files[] =
    "\t*' '-c | *' '--config | *' '-o | *' '--output)\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
    "\t\treturn\n"
    "\t\t;;\n"
    "\t*' '-d | *' '--dir)\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$current\")\n"
    "\t\treturn\n"
    "\t\t;;\n"
    "\t*)\n"
    "\t\tcase $command in\n";

static const char completions_tail[] =
    "\t\tesac\n"
    "\t\t;;\n"
    "\tesac\n"
    "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
    "}\n"
    "complete -o default -F _kruxos kruxos\n";

/* Groups stand together in the table, so their first command names them. */
static bool
completions_begins_group(size_t i)
{
	struct slice group = commands_group(&commands[i]);

	return group.len > 0 &&
	       (i == 0 ||
		   !slice_equal(group, commands_group(&commands[i - 1])));
}

/* The groups' names: a command's second word follows. */
static void
completions_add_groups(struct buf *out)
{
	const char *separator = "\t\t\t";

	for (size_t i = 0; i < commands_count; i++) {
		if (!completions_begins_group(i))
			continue;
		buf_add_str(out, separator);
		buf_add_slice(out, commands_group(&commands[i]));
		separator = " | ";
	}
	buf_add_str(out, ") ;;\n");
}

/* "audit query --status" is followed by success, error, … */
static void
completions_add_values(const struct command *command, struct buf *out)
{
	for (const struct option_row *row = command->form->options;
	     row->name != NULL; row++) {
		if (row->words == NULL)
			continue;
		buf_addf(out, "\t'%s --%s'", command->name, row->name);
		if (row->letter != 0)
			buf_addf(
			    out, " | '%s -%c'", command->name, row->letter);
		buf_addf(out, ") words='%s' ;;\n", row->words);
	}
}

/* Which words begin a command. */
static void
completions_add_first(struct buf *out)
{
	buf_add_str(out, "\t\t'') words='");
	for (size_t i = 0; i < commands_count; i++) {
		struct slice group = commands_group(&commands[i]);

		if (group.len == 0 && !commands_is_group(commands[i].name))
			buf_addf(out, "%s ", commands[i].name);
		else if (completions_begins_group(i))
			buf_addf(out, "%.*s ", SLICE_ARG(group));
	}
	buf_add_str(out, "--help --version' ;;\n");
}

/* Options, each with a blank behind it but the last. */
static void
completions_add_names(const struct command *command, struct buf *out)
{
	const struct option_row *row;

	for (row = command->form->options; row->name != NULL; row++)
		buf_addf(out, "--%s ", row->name);
	for (row = commands_common_options; row->name != NULL; row++)
		buf_addf(out, "--%s ", row->name);
	buf_set_len(out, out->len - 1);
}

/* The options of a group that is a command by itself, too. */
static void
completions_add_own(struct slice group, struct buf *out)
{
	for (size_t i = 0; i < commands_count; i++)
		if (slice_is(group, commands[i].name)) {
			buf_add_char(out, ' ');
			completions_add_names(&commands[i], out);
		}
}

/* Which words follow a group's. */
static void
completions_add_second(struct buf *out)
{
	for (size_t i = 0; i < commands_count; i++) {
		struct slice group = commands_group(&commands[i]);

		if (group.len == 0)
			continue;
		if (completions_begins_group(i))
			buf_addf(out, "\t\t'%.*s') words='", SLICE_ARG(group));
		buf_addf(out, "%s", commands[i].name + group.len + 1);
		if (i + 1 < commands_count &&
		    slice_equal(group, commands_group(&commands[i + 1]))) {
			buf_add_char(out, ' ');
		} else {
			completions_add_own(group, out);
			buf_add_str(out, "' ;;\n");
		}
	}
}

static void
completions_add_options(const struct command *command, struct buf *out)
{
	/* Those stand with the words of its group. */
	if (commands_is_group(command->name))
		return;
	buf_addf(out, "\t\t'%s'", command->name);
	if (command->alias != NULL)
		buf_addf(out, " | '%s'", command->alias);
	buf_add_str(out, ") words='");
	if (command->words != NULL)
		buf_addf(out, "%s ", command->words);
	completions_add_names(command, out);
	buf_add_str(out, "' ;;\n");
}

void
completions_add_bash(struct buf *out)
{
	buf_add_str(out, completions_head);
	completions_add_groups(out);
	buf_add_str(out, completions_middle);
	for (size_t i = 0; i < commands_count; i++)
		completions_add_values(&commands[i], out);
	buf_add_str(out, completions_files);
	completions_add_first(out);
	completions_add_second(out);
	for (size_t i = 0; i < commands_count; i++)
		completions_add_options(&commands[i], out);
	buf_add_str(out, completions_tail);
}

static enum command_exit
completions_run(struct cli *cli, const void *values, char **operands)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	(void)cli;
	(void)values;
	if (strcmp(operands[0], "bash") != 0)
		return cli_misused(
		    "completions: for bash only, not for %s", operands[0]);
	completions_add_bash(&out);
	cli_print(&out);
	return COMMAND_DONE;
}

const struct command_form completions_form = {
	options_none,
	0,
	completions_run,
};
