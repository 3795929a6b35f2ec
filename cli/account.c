#include "cli/account.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "cli/json.h"
#include "cli/listing.h"
#include "cli/order.h"

#include <pwd.h>
#include <unistd.h>

const char *
account_caller(struct error *err)
{
	const struct passwd *user = getpwuid(geteuid());

	if (user != NULL)
		return user->pw_name;
	error_set(err, ERROR_NOT_FOUND,
	    "the user %u has no name: which account is meant?", geteuid());
	return NULL;
}

/* --- list --------------------------------------------------------------- */

struct account_list_values {
	bool json;
};

static const struct option_row account_list_options[] = {
	OPTION_FLAG(struct account_list_values, json, 0, "json",
	    "print the daemon's answer as JSON"),
	OPTION_END
};

static const struct table_column account_columns[] = {
	{ "NAME", false, 40 },
	{ "ROLE", false, 0 },
	{ "PASSWORD", false, 0 },
	{ "SIGNED IN", false, 0 },
	{ "SESSIONS", true, 0 },
	{ "MADE", false, 0 },
};

static void
account_add_row(struct table *table, struct json_object *account)
{
	bool has_password =
	    json_object_get_boolean(json_member(account, "has_password"));

	table_add(table, json_text(account, "name"), TERMINAL_PLAIN);
	table_add(table, json_text(account, "role"), TERMINAL_PLAIN);
	table_add(table, slice_of(has_password ? "yes" : "no"), TERMINAL_PLAIN);
	table_add_since(table, json_text(account, "signed_in_at"));
	table_add(table, json_word(account, "sessions"), TERMINAL_PLAIN);
	table_add_since(table, json_text(account, "created_at"));
}

static const struct listing account_listing = {
	.member = "accounts",
	.nothing = "No accounts: `kruxos passwd NAME` makes one.\n",
	.columns = account_columns,
	.column_count = sizeof(account_columns) / sizeof(account_columns[0]),
	.add_row = account_add_row,
};

static enum command_exit
account_list_run(struct cli *cli, const void *values, char **operands)
{
	const struct account_list_values *wanted = values;

	(void)operands;
	return listing_order(cli, &account_listing, "account.list",
	    (struct slice){ NULL, 0 }, wanted->json);
}

const struct command_form account_list_form = {
	account_list_options,
	sizeof(struct account_list_values),
	account_list_run,
};

/* --- role --------------------------------------------------------------- */

enum command_exit
account_say_set(const struct buf *result, const char *changed)
{
	cleanup(json_putp) struct json_object *json = NULL;
	struct error err = { 0 };
	bool is_new;

	json = json_parse(buf_slice(result), &err);
	if (json == NULL)
		return cli_fail(&err);
	is_new = json_object_get_boolean(json_member(json, "created"));
	cli_note("account %.*s (%.*s) %s", SLICE_ARG(json_text(json, "name")),
	    SLICE_ARG(json_text(json, "role")), is_new ? "is made" : changed);
	return COMMAND_DONE;
}

static enum command_exit
account_role_run(struct cli *cli, const void *values, char **operands)
{
	cleanup(buf_free) struct buf args = BUF_INIT;
	cleanup(buf_free) struct buf result = BUF_INIT;
	struct error err = { 0 };
	struct json_writer json;

	(void)values;
	json_writer_init(&json, &args);
	json_writer_object(&json);
	json_writer_pair(&json, "name", operands[0]);
	json_writer_pair(&json, "role", operands[1]);
	json_writer_end_object(&json);
	if (order_run(cli, "account.set", buf_slice(&args), "account", &result,
		&err) == -1)
		return cli_fail(&err);
	return account_say_set(&result, "has this role from now on");
}

const struct command_form account_role_form = {
	options_none,
	0,
	account_role_run,
};

/* --- remove ------------------------------------------------------------- */

static enum command_exit
account_remove_run(struct cli *cli, const void *values, char **operands)
{
	(void)values;
	return order_each(cli, "account.remove", "name", operands, "account",
	    "is removed; its sessions and tokens have ended");
}

const struct command_form account_remove_form = {
	options_none,
	0,
	account_remove_run,
};
