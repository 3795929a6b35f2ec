#include "cli/agent.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/listing.h"
#include "cli/order.h"
#include "cli/show.h"

/* --- create, rotate: what gives a token --------------------------------- */

/* The token alone on stdout; the words about it are for people. */
static enum command_exit
agent_print_token(
    struct cli *cli, struct buf *result, const char *words, bool as_json)
{
	cleanup(json_putp) struct json_object *json = NULL;
	cleanup(buf_wipe) struct buf out = BUF_INIT;
	struct error err = { 0 };

	json = json_parse(buf_slice(result), &err);
	if (json == NULL)
		return cli_fail(&err);
	if (as_json) {
		cli_print_json(cli, result);
		return COMMAND_DONE;
	}
	text_add_visible(&out, json_text(json, "token"), TEXT_ONE_LINE);
	buf_add_char(&out, '\n');
	cli_print(&out);
	cli_note("agent %.*s %s; its token is shown this once",
	    SLICE_ARG(json_text(json, "name")), words);
	return COMMAND_DONE;
}

static enum command_exit
agent_ask_token(struct cli *cli, const char *verb, const struct buf *args,
    const char *words, bool as_json)
{
	cleanup(buf_wipe) struct buf result = BUF_INIT;
	struct error err = { 0 };

	if (order_run(cli, verb, buf_slice(args), "agent", &result, &err) == -1)
		return cli_fail(&err);
	return agent_print_token(cli, &result, words, as_json);
}

struct agent_create_values {
	const char *purpose;
	bool json;
};

static const struct option_row agent_create_options[] = {
	OPTION_TEXT(struct agent_create_values, purpose, 'p', "purpose", "TEXT",
	    "what it is for (required)"),
	OPTION_FLAG(struct agent_create_values, json, 0, "json",
	    "print the daemon's answer as JSON"),
	OPTION_END
};

static enum command_exit
agent_create_run(struct cli *cli, const void *values, char **operands)
{
	const struct agent_create_values *wanted = values;
	cleanup(buf_free) struct buf args = BUF_INIT;
	struct json_writer json;

	if (wanted->purpose == NULL)
		return cli_misused("agent create: --purpose TEXT is required");
	json_writer_init(&json, &args);
	json_writer_object(&json);
	json_writer_pair(&json, "name", operands[0]);
	json_writer_pair(&json, "purpose", wanted->purpose);
	json_writer_end_object(&json);
	return agent_ask_token(
	    cli, "agent.create", &args, "is made", wanted->json);
}

const struct command_form agent_create_form = {
	agent_create_options,
	sizeof(struct agent_create_values),
	agent_create_run,
};

struct agent_rotate_values {
	bool json;
};

static const struct option_row agent_rotate_options[] = {
	OPTION_FLAG(struct agent_rotate_values, json, 0, "json",
	    "print the daemon's answer as JSON"),
	OPTION_END
};

static enum command_exit
agent_rotate_run(struct cli *cli, const void *values, char **operands)
{
	const struct agent_rotate_values *wanted = values;
	cleanup(buf_free) struct buf args = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &args);
	json_writer_object(&json);
	json_writer_pair(&json, "name", operands[0]);
	json_writer_end_object(&json);
	return agent_ask_token(cli, "agent.rotate", &args,
	    "has another token, and the old one is good for nothing",
	    wanted->json);
}

const struct command_form agent_rotate_form = {
	agent_rotate_options,
	sizeof(struct agent_rotate_values),
	agent_rotate_run,
};

/* --- list, show --------------------------------------------------------- */

struct agent_list_values {
	bool json;
};

static const struct option_row agent_list_options[] = {
	OPTION_FLAG(struct agent_list_values, json, 0, "json",
	    "print the daemon's answer as JSON"),
	OPTION_END
};

static const struct table_column agent_columns[] = {
	{ "NAME", false, 40 },
	{ "TOKEN", false, 0 },
	{ "USED", false, 0 },
	{ "ROTATED", false, 0 },
	{ "MADE", false, 0 },
	{ "PURPOSE", false, 0 },
};

static void
agent_add_row(struct table *table, struct json_object *agent)
{
	bool is_revoked = json_text(agent, "revoked_at").len > 0;

	table_add(table, json_text(agent, "name"), TERMINAL_PLAIN);
	table_add(table, slice_of(is_revoked ? "revoked" : "good"),
	    is_revoked ? TERMINAL_RED : TERMINAL_PLAIN);
	table_add_since(table, json_text(agent, "last_used_at"));
	table_add_since(table, json_text(agent, "rotated_at"));
	table_add_since(table, json_text(agent, "created_at"));
	table_add(table, json_text(agent, "purpose"), TERMINAL_PLAIN);
}

static const struct listing agent_listing = {
	.member = "agents",
	.nothing = "No agents: `kruxos agent create NAME --purpose TEXT` makes "
		   "one.\n",
	.columns = agent_columns,
	.column_count = sizeof(agent_columns) / sizeof(agent_columns[0]),
	.add_row = agent_add_row,
};

static enum command_exit
agent_list_run(struct cli *cli, const void *values, char **operands)
{
	const struct agent_list_values *wanted = values;

	(void)operands;
	return listing_order(cli, &agent_listing, "agent.list",
	    (struct slice){ NULL, 0 }, wanted->json);
}

const struct command_form agent_list_form = {
	agent_list_options,
	sizeof(struct agent_list_values),
	agent_list_run,
};

static struct json_object *
agent_find(struct json_object *list, const char *name)
{
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *agent = json_object_array_get_idx(list, i);

		if (slice_is(json_text(agent, "name"), name))
			return agent;
	}
	return NULL;
}

static void
agent_print(struct cli *cli, struct json_object *agent, bool as_json)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	if (as_json) {
		buf_add_str(&out, json_object_to_json_string_ext(
				      agent, JSON_C_TO_STRING_NOSLASHESCAPE));
		cli_print_json(cli, &out);
	} else {
		show_add(&cli->out, agent, &out);
		cli_print(&out);
	}
}

static enum command_exit
agent_show_run(struct cli *cli, const void *values, char **operands)
{
	const struct agent_list_values *wanted = values;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	cleanup(json_putp) struct json_object *json = NULL;
	struct json_object *agent = NULL;
	struct error err = { 0 };

	if (order_run(cli, "agent.list", (struct slice){ NULL, 0 }, "agents",
		&answer, &err) == 0)
		json = json_parse(buf_slice(&answer), &err);
	if (json == NULL)
		return cli_fail(&err);
	agent = agent_find(json_member(json, "agents"), operands[0]);
	if (agent == NULL) {
		error_set(
		    &err, ERROR_NOT_FOUND, "there is no agent of this name");
		return cli_fail(&err);
	}
	agent_print(cli, agent, wanted->json);
	return COMMAND_DONE;
}

const struct command_form agent_show_form = {
	agent_list_options,
	sizeof(struct agent_list_values),
	agent_show_run,
};

/* --- revoke ------------------------------------------------------------- */

static enum command_exit
agent_revoke_run(struct cli *cli, const void *values, char **operands)
{
	(void)values;
	return order_each(cli, "agent.revoke", "name", operands, "agent",
	    "is revoked: its token is good for nothing");
}

const struct command_form agent_revoke_form = {
	options_none,
	0,
	agent_revoke_run,
};
