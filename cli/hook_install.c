#include "cli/hook_install.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/hook_codex.h"
#include "cli/hook_command.h"
#include "cli/hook_file.h"
#include "cli/hook_settings.h"

#include <stdlib.h>

/* Where every program looks for it in the end. */
#define USUAL_CONFIG "/etc/kruxos/kruxos.conf"

struct hook_install_values {
	bool user;
	bool project;
	bool system;
	const char *name;
	bool fail_closed;
	bool dry_run;
};

#define SCOPE_OPTIONS                                                         \
	OPTION_FLAG(struct hook_install_values, user, 0, "user",              \
	    "in your own settings: for all that you do with the agent"),      \
	    OPTION_FLAG(struct hook_install_values, project, 0, "project",    \
		"in the settings of the present folder"),                     \
	    OPTION_FLAG(struct hook_install_values, system, 0, "system",      \
		"in the settings of this machine: for all its users"),        \
	    OPTION_FLAG(struct hook_install_values, dry_run, 'n', "dry-run",  \
		"say what would be changed, show the settings as they would " \
		"be, and change nothing")

static const struct option_row hook_install_options[] = { SCOPE_OPTIONS,
	OPTION_TEXT(struct hook_install_values, name, 0, "name", "NAME",
	    "the agent's name in the log; else AGENT"),
	OPTION_FLAG(struct hook_install_values, fail_closed, 0, "fail-closed",
	    "deny what cannot be recorded, instead of letting it run"),
	OPTION_END };

static const struct option_row hook_uninstall_options[] = { SCOPE_OPTIONS,
	OPTION_END };

/* One agent's settings, and what is to become of them. */
struct work {
	struct cli *cli;
	const struct hook_agent *agent;
	enum hook_scope scope;
	const struct hook_install_values *wanted;
	struct hook_command command; /* none: it goes */
	struct hook_file file;
	struct buf text;    /* as it will be; empty: the file goes */
	struct buf changes; /* a line each */
};

static void
work_close(struct work *work)
{
	hook_file_close(&work->file);
	buf_free(&work->text);
	buf_free(&work->changes);
}

static bool
is_installing(const struct work *work)
{
	return work->command.count > 0;
}

/* Exactly one of the three is given. */
static int
read_scope(const struct hook_install_values *wanted, enum hook_scope *ret)
{
	if (wanted->user + wanted->project + wanted->system != 1)
		return -1;
	*ret = wanted->user	 ? HOOK_USER
	       : wanted->project ? HOOK_PROJECT
				 : HOOK_SYSTEM;
	return 0;
}

/* --- the command --------------------------------------------------------- */

/* Agents run in many folders: the configuration is named, unless it is where it
 * is looked for from each of them. */
static void
add_config(struct work *work)
{
	const char *path = config_find_path(work->cli->config_file);
	cleanup(cleanup_free) char *whole = realpath(path, NULL);

	if (whole == NULL || strcmp(whole, USUAL_CONFIG) == 0)
		return;
	hook_command_add(&work->command, "-c");
	hook_command_add(&work->command,
	    arena_copy(&work->cli->arena, whole, strlen(whole)));
}

static int
make_command(struct work *work, struct error *err)
{
	const char *hook = hook_command_find_program(&work->cli->arena, err);

	if (hook == NULL)
		return -1;
	hook_command_add(&work->command, hook);
	hook_command_add(&work->command, work->agent->name);
	if (work->wanted->name != NULL) {
		hook_command_add(&work->command, "--name");
		hook_command_add(&work->command, work->wanted->name);
	}
	if (work->wanted->fail_closed)
		hook_command_add(&work->command, "--fail-closed");
	add_config(work);
	return 0;
}

/* --- the settings -------------------------------------------------------- */

/* A plug-in is a file of ours, or there is none. */
static int
plan_plugin(struct work *work, struct error *err)
{
	struct hook_command found;

	if (work->file.exists &&
	    !hook_command_of_plugin(
		&found, buf_slice(&work->file.text), &work->cli->arena))
		return error_set(err, ERROR_CONFLICT,
		    "it is none that `kruxos hook install` wrote");
	if (is_installing(work))
		hook_command_plugin(&work->command, &work->text);
	if (slice_equal(buf_slice(&work->text), buf_slice(&work->file.text)))
		return 0;
	buf_addf(&work->changes, "  %c plug-in\n",
	    !is_installing(work) ? '-'
	    : work->file.exists	 ? '~'
				 : '+');
	return 0;
}

static int
plan_settings(struct work *work, struct error *err)
{
	cleanup(buf_free) struct buf command = BUF_INIT;
	struct slice text = buf_slice(&work->file.text);

	if (!is_installing(work))
		return hook_settings_uninstall(
		    text, work->agent, &work->text, &work->changes, err);
	hook_command_join(&work->command, &command);
	return hook_settings_install(text, work->agent, buf_slice(&command),
	    &work->text, &work->changes, err);
}

/* Read what is there, and make of it what shall be there. */
static int
plan(struct work *work, struct error *err)
{
	const char *path =
	    hook_agent_path(work->agent, work->scope, &work->cli->arena, err);
	int planned;

	if (path == NULL ||
	    hook_file_open(&work->file, path, &work->cli->arena, err) == -1)
		return -1;
	planned = work->agent->format == HOOK_PLUGIN ? plan_plugin(work, err)
						     : plan_settings(work, err);
	return planned == -1 ? error_prefix(err, "%s", path) : 0;
}

static int
carry_out(struct work *work, struct error *err)
{
	if (work->text.len > 0)
		return hook_file_replace(
		    &work->file, buf_slice(&work->text), err);
	return hook_file_remove(&work->file, err);
}

/* "/home/a/.claude/settings.json: 2 hooks" and each of them. */
static void
say_changes(const struct work *work)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	const char *words = "is changed";

	if (work->changes.len == 0)
		words = "stays as it is";
	else if (work->text.len == 0)
		words = "is removed";
	else if (!work->file.exists)
		words = "is made";
	text_add_visible(&out, slice_of(work->file.path), TEXT_ONE_LINE);
	buf_addf(
	    &out, " %s%s\n", work->wanted->dry_run ? "(not done) " : "", words);
	text_add_visible(&out, buf_slice(&work->changes), TEXT_MULTI_LINE);
	if (work->wanted->dry_run && work->changes.len > 0) {
		buf_add_char(&out, '\n');
		text_add_visible(&out, buf_slice(&work->text), TEXT_MULTI_LINE);
	}
	cli_print(&out);
}

/* --- Codex's approval ---------------------------------------------------- */

/* Codex, to be asked as from the present folder; false: it is not here. */
static bool
find_codex(const struct work *work, struct hook_codex *ret)
{
	struct arena *arena = &work->cli->arena;
	cleanup(cleanup_free) char *here = getcwd(NULL, 0);

	*ret = (struct hook_codex){
		.program = hook_agent_program(work->agent, arena),
		.path = work->file.path,
		.folder =
		    here == NULL ? "/" : arena_copy(arena, here, strlen(here)),
	};
	return ret->program != NULL;
}

static enum command_exit
say_trust(const struct work *work, const struct hook_codex_trust *trust)
{
	struct error err = { 0 };

	if (trust->hooks > 0 && trust->trusted == trust->hooks) {
		cli_note("Codex trusts them");
		return COMMAND_DONE;
	}
	if (trust->hooks == 0 && work->scope == HOOK_PROJECT)
		error_set(&err, ERROR_CONFLICT,
		    "Codex reads no settings of a folder that it does not "
		    "trust: run codex here, say that you do, and install "
		    "again");
	else
		error_set(&err, ERROR_CONFLICT,
		    "Codex trusts %zu of %zu hooks and runs no other: approve "
		    "them with /hooks in Codex",
		    trust->trusted, trust->hooks);
	return cli_fail(&err);
}

static enum command_exit
approve(const struct work *work)
{
	cleanup(buf_free) struct buf command = BUF_INIT;
	struct hook_codex_trust trust = { 0 };
	struct hook_codex codex;
	struct error err = { 0 };

	if (!find_codex(work, &codex)) {
		cli_note("codex is not in PATH, so its trust could not be set: "
			 "install again when it is, or approve the hooks with "
			 "/hooks in Codex");
		return COMMAND_DONE;
	}
	hook_command_join(&work->command, &command);
	if (hook_codex_approve(&codex, buf_slice(&command), &trust, &err) == 0)
		return say_trust(work, &trust);
	error_prefix(&err, "the hooks are written, but not trusted yet");
	return cli_fail(&err);
}

/* Before the hooks are taken out: Codex names what it trusts by them. */
static void
forget(const struct work *work)
{
	struct hook_codex codex;
	struct error err = { 0 };

	if (find_codex(work, &codex) && hook_codex_forget(&codex, &err) == -1)
		cli_note("what Codex trusted stays in its config.toml: %s",
		    err.sentence);
}

/* --- the commands -------------------------------------------------------- */

static enum command_exit
run(struct work *work)
{
	bool needs_trust =
	    work->agent->needs_trust && work->scope != HOOK_SYSTEM;
	struct error err = { 0 };

	if (plan(work, &err) == -1)
		return cli_fail(&err);
	if (work->wanted->dry_run) {
		say_changes(work);
		return COMMAND_DONE;
	}
	if (work->changes.len > 0) {
		if (needs_trust && !is_installing(work))
			forget(work);
		if (carry_out(work, &err) == -1)
			return cli_fail(&err);
	}
	say_changes(work);
	if (needs_trust && is_installing(work))
		return approve(work);
	return COMMAND_DONE;
}

static enum command_exit
start(struct cli *cli, const struct hook_install_values *wanted,
    const char *name, struct work *work, const char *command)
{
	*work = (struct work){
		.cli = cli,
		.agent = hook_agent_find(name),
		.wanted = wanted,
		.file = { .text = BUF_INIT },
		.text = BUF_INIT,
		.changes = BUF_INIT,
	};
	if (work->agent == NULL)
		return cli_misused(
		    "%s: AGENT is one of: " HOOK_AGENT_NAMES, command);
	if (read_scope(wanted, &work->scope) == -1)
		return cli_misused(
		    "%s: one of --user, --project and --system is required",
		    command);
	return COMMAND_DONE;
}

static enum command_exit
hook_install_run(struct cli *cli, const void *values, char **operands)
{
	cleanup(work_close) struct work work;
	struct error err = { 0 };

	if (start(cli, values, operands[0], &work, "hook install") !=
	    COMMAND_DONE)
		return COMMAND_USAGE;
	if (make_command(&work, &err) == -1)
		return cli_fail(&err);
	return run(&work);
}

const struct command_form hook_install_form = {
	hook_install_options,
	sizeof(struct hook_install_values),
	hook_install_run,
};

static enum command_exit
hook_uninstall_run(struct cli *cli, const void *values, char **operands)
{
	cleanup(work_close) struct work work;

	if (start(cli, values, operands[0], &work, "hook uninstall") !=
	    COMMAND_DONE)
		return COMMAND_USAGE;
	return run(&work);
}

const struct command_form hook_uninstall_form = {
	hook_uninstall_options,
	sizeof(struct hook_install_values),
	hook_uninstall_run,
};
