#include "cli/hook_doctor.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/api.h"
#include "cli/child.h"
#include "cli/hook_codex.h"
#include "cli/hook_command.h"
#include "cli/hook_file.h"
#include "cli/hook_settings.h"
#include "cli/json.h"
#include "cli/order.h"
#include "cli/table.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

#define VERSION_TIMEOUT (20 * USEC_PER_SEC)

struct hook_doctor_values {
	bool json;
};

static const struct option_row hook_doctor_options[] = {
	OPTION_FLAG(struct hook_doctor_values, json, 0, "json",
	    "print what was found as JSON"),
	OPTION_END
};

/* What one agent's settings say. */
struct registration {
	const char *path; /* NULL: there is no such place */
	bool is_there;	  /* hooks of ours stand in it */
	bool is_whole;	  /* one for each event */
	struct hook_command command;
};

/* What is known of an agent. */
struct finding {
	const struct hook_agent *agent;
	const char *program; /* NULL: it is not installed */
	const char *version;
	struct registration places[HOOK_SCOPES];
	bool is_registered; /* in one of them */
	bool is_off;	    /* its settings turn all hooks off */
	bool is_trusted;    /* by those that need to be */
	const char *name;   /* in the log */
	const char *last;   /* when the last entry came, or NULL */
	struct buf advice;  /* a line each: what is wrong */
};

enum { FINDINGS_MAX = 8 }; /* there are not so many agents */

struct doctor {
	struct cli *cli;
	struct finding findings[FINDINGS_MAX];
	size_t count;
	bool is_reachable; /* the daemon's answers are */
	struct error why;  /* if not */
};

__attribute__((format(printf, 2, 3))) static void
advise(struct finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buf_addv(&finding->advice, format, arguments);
	va_end(arguments);
	buf_add_char(&finding->advice, '\n');
}

/* --- what is installed --------------------------------------------------- */

/* The first word that begins with a digit: "codex-cli 0.171.0", "2.1.331
 * (Claude Code)". */
static const char *
version_in(struct slice line, struct arena *arena)
{
	size_t begin = 0;

	while (begin < line.len &&
	       !(isdigit((unsigned char)line.data[begin]) &&
		   (begin == 0 || line.data[begin - 1] == ' ' ||
		       line.data[begin - 1] == 'v')))
		begin++;
	line.data += begin;
	line.len -= begin;
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] == ' ')
			line.len = i;
	return line.len == 0 ? NULL : arena_copy(arena, line.data, line.len);
}

/* What the program says when it is asked for its version; NULL: nothing. */
static const char *
ask_version(const char *program, struct arena *arena)
{
	char *argv[] = { (char *)(uintptr_t)program,
		(char *)(uintptr_t) "--version", NULL };
	cleanup(child_end) struct child child;
	const char *version = NULL;
	struct error err = { 0 };
	struct slice line;

	if (child_start(&child, argv, VERSION_TIMEOUT, &err) == -1)
		return NULL;
	while (version == NULL && child_line(&child, &line, &err) == 1)
		version = version_in(line, arena);
	return version;
}

/* --- what is registered -------------------------------------------------- */

static int
look_into(struct finding *finding, struct registration *place,
    const struct hook_file *file, struct arena *arena, struct error *err)
{
	struct hook_settings_found found = { .command = BUF_INIT };
	const struct hook_agent *agent = finding->agent;
	size_t events = 0;

	if (!file->exists)
		return 0;
	if (agent->format == HOOK_PLUGIN) {
		place->is_there = place->is_whole = hook_command_of_plugin(
		    &place->command, buf_slice(&file->text), arena);
		return 0;
	}
	if (hook_settings_look(buf_slice(&file->text), agent, &found, err) ==
	    -1) {
		buf_free(&found.command);
		return -1;
	}
	while (agent->events[events].name != NULL)
		events++;
	place->is_there = found.events > 0;
	place->is_whole = found.events == events;
	finding->is_off |= found.is_off;
	hook_command_split(&place->command, buf_slice(&found.command), arena);
	buf_free(&found.command);
	return 0;
}

/* Is the program that is registered one that can be run? */
static void
check_command(struct finding *finding, const struct registration *place)
{
	const char *program = place->command.words[0];

	if (place->command.count > 0 && *program == '/' &&
	    access(program, X_OK) == -1)
		advise(finding, "%s names %s, which is not there", place->path,
		    program);
}

static void
look_at_place(
    struct finding *finding, enum hook_scope scope, struct arena *arena)
{
	struct registration *place = &finding->places[scope];
	cleanup(hook_file_close) struct hook_file file = { .text = BUF_INIT };
	struct error err = { 0 };

	place->path = hook_agent_path(finding->agent, scope, arena, &err);
	if (place->path == NULL)
		return;
	if (hook_file_open(&file, place->path, arena, &err) == -1) {
		advise(finding, "%s", err.sentence);
		return;
	}
	if (look_into(finding, place, &file, arena, &err) == -1) {
		error_prefix(&err, "%s", place->path);
		advise(finding, "%s", err.sentence);
		return;
	}
	if (!place->is_there)
		return;
	finding->is_registered = true;
	finding->name =
	    hook_command_agent_name(&place->command, finding->agent);
	check_command(finding, place);
	if (!place->is_whole)
		advise(finding,
		    "not all events have a hook: kruxos hook install %s --%s",
		    finding->agent->name, hook_scope_name(scope));
}

/* --- what is trusted ----------------------------------------------------- */

static void
look_at_trust_of(
    struct finding *finding, enum hook_scope scope, struct arena *arena)
{
	cleanup(cleanup_free) char *here = getcwd(NULL, 0);
	struct hook_codex codex = {
		.program = finding->program,
		.folder =
		    here == NULL ? "/" : arena_copy(arena, here, strlen(here)),
		.path = finding->places[scope].path,
	};
	struct hook_codex_trust trust = { 0 };
	struct error err = { 0 };

	if (hook_codex_look(&codex, &trust, &err) == -1) {
		finding->is_trusted = false;
		advise(finding,
		    "whether its hooks are trusted is not known: "
		    "%s",
		    err.sentence);
	} else if (trust.hooks == 0 || trust.trusted < trust.hooks) {
		finding->is_trusted = false;
		advise(finding,
		    "%s trusts %zu of %zu hooks and runs no other: "
		    "kruxos hook install %s --%s",
		    finding->agent->title, trust.trusted, trust.hooks,
		    finding->agent->name, hook_scope_name(scope));
	}
}

static void
look_at_trust(struct finding *finding, struct arena *arena)
{
	finding->is_trusted = true;
	if (!finding->agent->needs_trust || finding->program == NULL)
		return;
	for (enum hook_scope scope = 0; scope < HOOK_SCOPES; scope++)
		if (finding->places[scope].is_there && scope != HOOK_SYSTEM)
			look_at_trust_of(finding, scope, arena);
}

/* --- what has arrived ---------------------------------------------------- */

/* The time of the newest entry that a hook of the agent has told. */
static int
ask_last(const struct config *config, struct finding *finding,
    struct arena *arena, struct error *err)
{
	cleanup(buf_free) struct buf target = BUF_INIT;
	cleanup(buf_free) struct buf body = BUF_INIT;
	cleanup(json_putp) struct json_object *answer = NULL;
	struct json_object *entries;
	struct slice time;

	buf_add_str(&target, "/api/audit?limit=1&from=1970-01-01&source=hook"
			     "&agent_name=");
	api_escape(&target, slice_of(finding->name));
	if (api_get(config->api_socket, target.data, &body, err) == -1)
		return -1;
	answer = json_parse(buf_slice(&body), err);
	if (answer == NULL)
		return -1;
	entries = json_member(answer, "entries");
	if (json_length(entries) == 0)
		return 0;
	time = json_text(json_object_array_get_idx(entries, 0), "time");
	finding->last = arena_copy(arena, time.data, time.len);
	return 0;
}

/* Would the door take what this user's hooks tell? They ask it the same. */
static int
ask_door(struct cli *cli, struct finding *finding, struct error *err)
{
	cleanup(buf_free) struct buf args = BUF_INIT;
	cleanup(buf_free) struct buf result = BUF_INIT;
	struct json_writer json;
	struct error why;

	json_writer_init(&json, &args);
	json_writer_object(&json);
	json_writer_pair(&json, "agent_name", finding->name);
	json_writer_pair(&json, "capability", "shell.exec");
	json_writer_end_object(&json);
	if (order_run(cli, "policy.ask", buf_slice(&args), "hook", &result,
		&why) == 0)
		return 0;
	if (why.code != ERROR_NOT_ALLOWED) {
		*err = why;
		return -1;
	}
	advise(finding, "kruxosd takes nothing from this user's hooks: %s",
	    why.sentence);
	return 0;
}

static void
ask_all(struct doctor *doctor)
{
	const struct config *config = cli_config(doctor->cli, &doctor->why);

	doctor->is_reachable = config != NULL;
	for (size_t i = 0; i < doctor->count && doctor->is_reachable; i++)
		if (doctor->findings[i].is_registered)
			doctor->is_reachable =
			    ask_door(doctor->cli, &doctor->findings[i],
				&doctor->why) == 0;
	for (size_t i = 0; i < doctor->count && doctor->is_reachable; i++)
		doctor->is_reachable =
		    ask_last(config, &doctor->findings[i], &doctor->cli->arena,
			&doctor->why) == 0;
}

/* --- what comes of it ---------------------------------------------------- */

static void
examine(struct finding *finding, const struct hook_agent *agent,
    struct arena *arena)
{
	*finding = (struct finding){
		.agent = agent,
		.program = hook_agent_program(agent, arena),
		.name = agent->name,
		.advice = BUF_INIT,
	};
	if (finding->program != NULL)
		finding->version = ask_version(finding->program, arena);
	for (enum hook_scope scope = 0; scope < HOOK_SCOPES; scope++)
		look_at_place(finding, scope, arena);
	if (finding->is_registered)
		look_at_trust(finding, arena);
	else if (finding->program != NULL)
		advise(finding,
		    "it has no hooks: kruxos hook install %s "
		    "--user",
		    agent->name);
	if (finding->is_off)
		advise(finding, "its settings turn all hooks off: %s",
		    agent->off_switch);
}

/* An agent that is neither installed nor registered is of no interest, unless
 * it was asked for by name. */
static void
keep_finding(struct doctor *doctor, const char *name, bool is_wanted)
{
	struct finding *finding = &doctor->findings[doctor->count];

	assert(doctor->count < FINDINGS_MAX);
	examine(finding, hook_agent_find(name), &doctor->cli->arena);
	if (finding->program == NULL && is_wanted)
		advise(finding, "it is not installed: no %s in PATH",
		    finding->agent->programs[0]);
	if (finding->program != NULL || finding->is_registered || is_wanted)
		doctor->count++;
	else
		buf_free(&finding->advice);
}

static void
doctor_free(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->count; i++)
		buf_free(&doctor->findings[i].advice);
}

/* --- what is printed ------------------------------------------------------ */

static const struct table_column columns[] = {
	{ "AGENT", false, 0 },
	{ "VERSION", false, 24 },
	{ "HOOKS", false, 0 },
	{ "RUN", false, 0 },
	{ "LAST ENTRY", false, 0 },
};

/* "user, project", or "none". */
static void
add_places(const struct finding *finding, struct buf *out)
{
	for (enum hook_scope scope = 0; scope < HOOK_SCOPES; scope++)
		if (finding->places[scope].is_there)
			buf_addf(out, "%s%s", out->len > 0 ? ", " : "",
			    hook_scope_name(scope));
	if (out->len == 0)
		buf_add_str(out, "none");
}

static bool
is_run(const struct finding *finding)
{
	return finding->is_registered && !finding->is_off &&
	       finding->is_trusted;
}

static void
add_row(const struct doctor *doctor, const struct finding *finding,
    struct table *table)
{
	cleanup(buf_free) struct buf places = BUF_INIT;

	add_places(finding, &places);
	table_add(table, slice_of(finding->agent->name), TERMINAL_PLAIN);
	table_add(table,
	    slice_of(finding->program == NULL	? "not installed"
		     : finding->version == NULL ? "unknown"
						: finding->version),
	    TERMINAL_PLAIN);
	table_add(table, buf_slice(&places),
	    finding->is_registered ? TERMINAL_PLAIN : TERMINAL_RED);
	table_add(table, slice_of(is_run(finding) ? "yes" : "no"),
	    is_run(finding) ? TERMINAL_GREEN : TERMINAL_RED);
	if (doctor->is_reachable)
		table_add_since(table, slice_of(finding->last));
	else
		table_add(table, slice_of("unknown"), TERMINAL_RED);
}

static void
print_table(struct doctor *doctor)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct table table;

	table_init(&table, columns, sizeof(columns) / sizeof(columns[0]),
	    &doctor->cli->arena);
	for (size_t i = 0; i < doctor->count; i++)
		add_row(doctor, &doctor->findings[i], &table);
	if (doctor->count == 0)
		buf_add_str(&out, "No coding agent is installed here.\n");
	else
		table_print(&table, &doctor->cli->out, &out);
	for (size_t i = 0; i < doctor->count; i++) {
		struct slice advice = buf_slice(&doctor->findings[i].advice);
		struct slice line;

		while (slice_take_line(&advice, &line)) {
			buf_addf(&out, "%s: ", doctor->findings[i].agent->name);
			text_add_visible(&out, line, TEXT_ONE_LINE);
			buf_add_char(&out, '\n');
		}
	}
	cli_print(&out);
}

static void
write_places(const struct finding *finding, struct json_writer *json)
{
	json_writer_key(json, "registered");
	json_writer_array(json);
	for (enum hook_scope scope = 0; scope < HOOK_SCOPES; scope++) {
		const struct registration *place = &finding->places[scope];

		if (!place->is_there)
			continue;
		json_writer_object(json);
		json_writer_pair(json, "scope", hook_scope_name(scope));
		json_writer_pair(json, "path", place->path);
		json_writer_pair_bool(json, "complete", place->is_whole);
		json_writer_end_object(json);
	}
	json_writer_end_array(json);
}

static void
write_finding(const struct finding *finding, struct json_writer *json)
{
	struct slice advice = buf_slice(&finding->advice);
	struct slice line;

	json_writer_object(json);
	json_writer_pair(json, "agent", finding->agent->name);
	json_writer_pair(json, "agent_name", finding->name);
	json_writer_pair(json, "program", finding->program);
	json_writer_pair(json, "version", finding->version);
	write_places(finding, json);
	json_writer_pair_bool(json, "enabled", !finding->is_off);
	json_writer_pair_bool(
	    json, "trusted", finding->is_registered && finding->is_trusted);
	json_writer_pair(json, "last_entry_at", finding->last);
	json_writer_key(json, "problems");
	json_writer_array(json);
	while (slice_take_line(&advice, &line))
		json_writer_string(json, line);
	json_writer_end_array(json);
	json_writer_end_object(json);
}

static void
print_json(struct doctor *doctor)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &out);
	json_writer_object(&json);
	json_writer_key(&json, "agents");
	json_writer_array(&json);
	for (size_t i = 0; i < doctor->count; i++)
		write_finding(&doctor->findings[i], &json);
	json_writer_end_array(&json);
	json_writer_pair_bool(&json, "reachable", doctor->is_reachable);
	json_writer_end_object(&json);
	cli_print_json(doctor->cli, &out);
}

static enum command_exit
conclude(const struct doctor *doctor)
{
	bool is_well = doctor->count > 0;

	for (size_t i = 0; i < doctor->count; i++)
		is_well &= doctor->findings[i].advice.len == 0;
	if (!is_well)
		return COMMAND_NO;
	if (doctor->is_reachable)
		return COMMAND_DONE;
	cli_note("%s", doctor->why.sentence);
	return COMMAND_UNKNOWN;
}

static enum command_exit
hook_doctor_run(struct cli *cli, const void *values, char **operands)
{
	const struct hook_doctor_values *wanted = values;
	cleanup(doctor_free) struct doctor doctor = { .cli = cli };

	for (size_t i = 0; operands[i] != NULL; i++)
		if (hook_agent_find(operands[i]) == NULL)
			return cli_misused(
			    "hook doctor: AGENT is one of: " HOOK_AGENT_NAMES);
	for (size_t i = 0; i < hook_agents_count; i++) {
		const char *name = hook_agents[i].name;
		size_t at = 0;

		while (operands[at] != NULL && strcmp(operands[at], name) != 0)
			at++;
		if (operands[0] == NULL || operands[at] != NULL)
			keep_finding(&doctor, name, operands[at] != NULL);
	}
	ask_all(&doctor);
	if (wanted->json)
		print_json(&doctor);
	else
		print_table(&doctor);
	return conclude(&doctor);
}

const struct command_form hook_doctor_form = {
	hook_doctor_options,
	sizeof(struct hook_doctor_values),
	hook_doctor_run,
};
