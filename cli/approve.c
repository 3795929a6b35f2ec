#include "cli/approve.h"

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "cli/account.h"
#include "cli/json.h"
#include "cli/listing.h"
#include "cli/order.h"
#include "cli/show.h"
#include "door/password.h"

/* --- list --------------------------------------------------------------- */

struct approve_list_values {
	bool all;
	bool json;
};

static const struct option_row approve_list_options[] = {
	OPTION_FLAG(struct approve_list_values, all, 'a', "all",
	    "those that are decided, and whose call has not come, too"),
	OPTION_FLAG(struct approve_list_values, json, 0, "json",
	    "print the daemon's answer as JSON"),
	OPTION_END
};

static const struct table_column approve_columns[] = {
	{ "ID", false, 0 },
	{ "STATE", false, 0 },
	{ "ASKED", false, 0 },
	{ "AGENT", false, 30 },
	{ "CAPABILITY", false, 40 },
	{ "REQUEST", false, 0 },
};

static void
approve_add_row(struct table *table, struct json_object *approval)
{
	struct json_object *request = json_member(approval, "request");

	table_add(table, json_text(approval, "id"), TERMINAL_PLAIN);
	table_add(table, json_text(approval, "state"), TERMINAL_PLAIN);
	table_add_since(table, json_text(approval, "asked_at"));
	table_add(table, json_text(approval, "agent_name"), TERMINAL_PLAIN);
	table_add(table, json_text(approval, "capability"), TERMINAL_PLAIN);
	table_add(table,
	    slice_of(json_object_to_json_string_ext(request,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)),
	    TERMINAL_PLAIN);
}

static const struct listing approve_listing = {
	.member = "approvals",
	.nothing = "Nothing waits for approval.\n",
	.columns = approve_columns,
	.column_count = sizeof(approve_columns) / sizeof(approve_columns[0]),
	.add_row = approve_add_row,
};

static enum command_exit
approve_list_run(struct cli *cli, const void *values, char **operands)
{
	const struct approve_list_values *wanted = values;

	(void)operands;
	return listing_order(cli, &approve_listing, "approval.list",
	    wanted->all ? SLICE_LITERAL("{\"state\":\"all\"}")
			: SLICE_LITERAL("{}"),
	    wanted->json);
}

const struct command_form approve_list_form = {
	approve_list_options,
	sizeof(struct approve_list_values),
	approve_list_run,
};

/* --- show --------------------------------------------------------------- */

struct approve_show_values {
	bool json;
};

static const struct option_row approve_show_options[] = {
	OPTION_FLAG(struct approve_show_values, json, 0, "json",
	    "print the request as JSON"),
	OPTION_END
};

/* By our own reader: what is decided on is shown to the byte. */
static void
approve_add_fields(struct cli *cli, const struct json_reader *reader,
    const struct json_node *approval, struct buf *out)
{
	const struct json_node *node = json_reader_first(reader, approval);

	for (; node != NULL; node = json_reader_next(reader, approval, node)) {
		cleanup(buf_free) struct buf key = BUF_INIT;

		if (node->type == JSON_NULL)
			continue;
		buf_add_slice(&key, node->key);
		show_add_field(&cli->out, key.data, node->text, out);
	}
}

/* {"approvals":[{…}],…} */
static const struct json_node *
approve_find(
    struct json_reader *reader, const struct buf *answer, struct error *err)
{
	const struct json_node *list;

	if (json_reader_read(reader, buf_slice(answer), err) == -1)
		return NULL;
	list = json_reader_member(reader, reader->nodes, "approvals");
	if (list != NULL && list->children > 0)
		return json_reader_first(reader, list);
	error_set(err, ERROR_CORRUPT, "the daemon's answer has no approval");
	return NULL;
}

static enum command_exit
approve_show_run(struct cli *cli, const void *values, char **operands)
{
	const struct approve_show_values *wanted = values;
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	cleanup(buf_free) struct buf args = BUF_INIT;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	cleanup(buf_free) struct buf out = BUF_INIT;
	const struct json_node *approval = NULL;
	struct error err = { 0 };
	struct json_writer json;

	json_writer_init(&json, &args);
	json_writer_object(&json);
	json_writer_pair(&json, "id", operands[0]);
	json_writer_end_object(&json);
	if (order_run(cli, "approval.list", buf_slice(&args), "approve",
		&answer, &err) == 0)
		approval = approve_find(&reader, &answer, &err);
	if (approval == NULL)
		return cli_fail(&err);
	if (wanted->json) {
		buf_add_slice(&out, approval->text);
		cli_print_json(cli, &out);
		return COMMAND_DONE;
	}
	approve_add_fields(cli, &reader, approval, &out);
	cli_print(&out);
	return COMMAND_DONE;
}

const struct command_form approve_show_form = {
	approve_show_options,
	sizeof(struct approve_show_values),
	approve_show_run,
};

/* --- accept, reject ----------------------------------------------------- */

struct approve_values {
	const char *reason;
	const char *account;
};

static const struct option_row approve_accept_options[] = {
	OPTION_TEXT(struct approve_values, reason, 'r', "reason", "TEXT",
	    "why; it is recorded"),
	OPTION_TEXT(struct approve_values, account, 0, "account", "NAME",
	    "whose password is asked for; else yours"),
	OPTION_END
};

static const struct option_row approve_reject_options[] = {
	OPTION_TEXT(struct approve_values, reason, 'r', "reason", "TEXT",
	    "why; it is recorded, and the agent is told (required)"),
	OPTION_TEXT(struct approve_values, account, 0, "account", "NAME",
	    "whose password is asked for; else yours"),
	OPTION_END
};

/* What is asked of the daemon for each id. */
struct approve_order {
	struct cli *cli;
	const char *verb;
	const struct approve_values *wanted;
	const char *account;
	struct buf password; /* empty: it was not asked for */
};

static void
approve_args(
    const struct approve_order *order, const char *id, struct buf *args)
{
	enum { FRAME_BYTES = 128 }; /* keys */
	const char *reason = order->wanted->reason;
	struct json_writer json;

	/* A character becomes six bytes at most; once, for it must not grow. */
	buf_reserve(args,
	    FRAME_BYTES +
		6 * (strlen(id) + order->password.len +
			(reason == NULL ? 0 : strlen(reason)) +
			(order->account == NULL ? 0 : strlen(order->account))));
	json_writer_init(&json, args);
	json_writer_object(&json);
	json_writer_pair(&json, "id", id);
	if (reason != NULL)
		json_writer_pair(&json, "reason", reason);
	if (order->password.len > 0) {
		json_writer_pair(&json, "account", order->account);
		json_writer_pair_slice(
		    &json, "password", buf_slice(&order->password));
	}
	json_writer_end_object(&json);
}

static int
approve_ask_password(struct approve_order *order, struct error *err)
{
	cleanup(buf_free) struct buf question = BUF_INIT;

	order->account = order->wanted->account;
	if (order->account == NULL)
		order->account = account_caller(err);
	if (order->account == NULL)
		return -1;
	buf_addf(&question, "Password of %s: ", order->account);
	return terminal_ask_secret(
	    question.data, PASSWORD_BYTES, &order->password, err);
}

static int
approve_once(struct approve_order *order, const char *id, struct buf *answer,
    struct error *err)
{
	cleanup(buf_wipe) struct buf args = BUF_INIT;

	approve_args(order, id, &args);
	return order_run(
	    order->cli, order->verb, buf_slice(&args), "approve", answer, err);
}

/* The daemon knows who needs a password. It is asked for once. */
static int
approve_run_one(struct approve_order *order, const char *id, struct buf *answer,
    struct error *err)
{
	if (approve_once(order, id, answer, err) == 0)
		return 0;
	if (order->password.len > 0 || err->code != ERROR_MISSING_FIELD ||
	    strcmp(err->field, "password") != 0)
		return -1;
	if (approve_ask_password(order, err) == -1)
		return -1;
	return approve_once(order, id, answer, err);
}

/* "call-1 is accepted: fixer may do shell.exec, once" */
static void
approve_say(const struct buf *answer)
{
	cleanup(json_putp) struct json_object *json = NULL;
	struct error ignored;
	bool is_accepted;

	json = json_parse(buf_slice(answer), &ignored);
	is_accepted = slice_is(json_text(json, "state"), "accepted");
	cli_note("%.*s is %.*s: %.*s %s %.*s%s",
	    SLICE_ARG(json_text(json, "id")),
	    SLICE_ARG(json_text(json, "state")),
	    SLICE_ARG(json_text(json, "agent_name")),
	    is_accepted ? "may do" : "is denied",
	    SLICE_ARG(json_text(json, "capability")),
	    is_accepted ? ", once" : "");
}

static enum command_exit
approve_run(struct cli *cli, const char *verb,
    const struct approve_values *wanted, char **operands)
{
	struct approve_order order = {
		.cli = cli, .verb = verb, .wanted = wanted, .password = BUF_INIT
	};
	struct error err = { 0 };
	int result = 0;

	for (; result == 0 && *operands != NULL; operands++) {
		cleanup(buf_free) struct buf answer = BUF_INIT;

		result = approve_run_one(&order, *operands, &answer, &err);
		if (result == 0)
			approve_say(&answer);
	}
	buf_wipe(&order.password);
	return result == -1 ? cli_fail(&err) : COMMAND_DONE;
}

static enum command_exit
approve_accept_run(struct cli *cli, const void *values, char **operands)
{
	return approve_run(cli, "approval.accept", values, operands);
}

static enum command_exit
approve_reject_run(struct cli *cli, const void *values, char **operands)
{
	const struct approve_values *wanted = values;

	if (wanted->reason == NULL || *wanted->reason == '\0')
		return cli_misused("approve reject: --reason TEXT is required");
	return approve_run(cli, "approval.reject", wanted, operands);
}

const struct command_form approve_accept_form = {
	approve_accept_options,
	sizeof(struct approve_values),
	approve_accept_run,
};

const struct command_form approve_reject_form = {
	approve_reject_options,
	sizeof(struct approve_values),
	approve_reject_run,
};
