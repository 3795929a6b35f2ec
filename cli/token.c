#include "cli/token.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/listing.h"
#include "cli/order.h"
#include "cli/words.h"

/* --- create ------------------------------------------------------------- */

struct token_create_values {
	const char *scope;
	const char *account;
	const char *expires;
	bool json;
};

static const struct option_row token_create_options[] = {
	OPTION_WORD(struct token_create_values, scope, 0, "scope", "SCOPE",
	    "read operate", NULL, "what it may (required)"),
	OPTION_TEXT(struct token_create_values, account, 0, "account", "NAME",
	    "whose it is; else your own"),
	OPTION_TEXT(struct token_create_values, expires, 0, "expires",
	    "DURATION", "how long it is good, such as 90d; else until revoked"),
	OPTION_FLAG(struct token_create_values, json, 0, "json",
	    "print the daemon's answer as JSON"),
	OPTION_END
};

static void
token_create_args(const struct token_create_values *wanted, const char *label,
    struct buf *args)
{
	struct json_writer json;

	json_writer_init(&json, args);
	json_writer_object(&json);
	json_writer_pair(&json, "label", label);
	json_writer_pair(&json, "scope", wanted->scope);
	if (wanted->account != NULL)
		json_writer_pair(&json, "account", wanted->account);
	if (wanted->expires != NULL)
		json_writer_pair(&json, "expires_in", wanted->expires);
	json_writer_end_object(&json);
}

/* "token 4b1d0c… of alice (read), until 2027-…; it is shown this once" */
static void
token_say_created(struct json_object *token)
{
	struct slice end = json_text(token, "expires_at");
	cleanup(buf_free) struct buf words = BUF_INIT;

	if (end.len == 0)
		buf_add_str(&words, "it is revoked");
	else
		words_add_moment(&words, end);
	cli_note("token %.*s of %.*s (%.*s), until %s; it is shown this once",
	    SLICE_ARG(json_word(token, "id")),
	    SLICE_ARG(json_text(token, "account")),
	    SLICE_ARG(json_text(token, "scope")), words.data);
}

/* {"id":…,"token":…,"account":…,"scope":…,"expires_at":…} */
static enum command_exit
token_print(struct cli *cli, struct buf *result, bool as_json)
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
	token_say_created(json);
	return COMMAND_DONE;
}

static enum command_exit
token_create_run(struct cli *cli, const void *values, char **operands)
{
	const struct token_create_values *wanted = values;
	cleanup(buf_free) struct buf args = BUF_INIT;
	cleanup(buf_wipe) struct buf result = BUF_INIT;
	struct error err = { 0 };

	if (wanted->scope == NULL)
		return cli_misused("token create: --scope SCOPE is required");
	token_create_args(wanted, operands[0], &args);
	if (order_run(cli, "token.create", buf_slice(&args), "token", &result,
		&err) == -1)
		return cli_fail(&err);
	return token_print(cli, &result, wanted->json);
}

const struct command_form token_create_form = {
	token_create_options,
	sizeof(struct token_create_values),
	token_create_run,
};

/* --- list --------------------------------------------------------------- */

struct token_list_values {
	const char *account;
	bool json;
};

static const struct option_row token_list_options[] = {
	OPTION_TEXT(struct token_list_values, account, 0, "account", "NAME",
	    "those of one account only"),
	OPTION_FLAG(struct token_list_values, json, 0, "json",
	    "print the daemon's answer as JSON"),
	OPTION_END
};

static const struct table_column token_columns[] = {
	{ "ID", false, 0 },
	{ "ACCOUNT", false, 40 },
	{ "SCOPE", false, 0 },
	{ "MADE", false, 0 },
	{ "USED", false, 0 },
	{ "EXPIRES", false, 0 },
	{ "LABEL", false, 0 },
};

static void
token_add_row(struct table *table, struct json_object *token)
{
	table_add(table, json_word(token, "id"), TERMINAL_PLAIN);
	table_add(table, json_text(token, "account"), TERMINAL_PLAIN);
	table_add(table, json_text(token, "scope"), TERMINAL_PLAIN);
	table_add_since(table, json_text(token, "created_at"));
	table_add_since(table, json_text(token, "last_used_at"));
	table_add_moment(table, json_text(token, "expires_at"));
	table_add(table, json_text(token, "label"), TERMINAL_PLAIN);
}

static const struct listing token_listing = {
	.member = "tokens",
	.nothing = "No tokens.\n",
	.columns = token_columns,
	.column_count = sizeof(token_columns) / sizeof(token_columns[0]),
	.add_row = token_add_row,
};

static enum command_exit
token_list_run(struct cli *cli, const void *values, char **operands)
{
	const struct token_list_values *wanted = values;
	cleanup(buf_free) struct buf args = BUF_INIT;
	struct json_writer json;

	(void)operands;
	json_writer_init(&json, &args);
	json_writer_object(&json);
	if (wanted->account != NULL)
		json_writer_pair(&json, "account", wanted->account);
	json_writer_end_object(&json);
	return listing_order(
	    cli, &token_listing, "token.list", buf_slice(&args), wanted->json);
}

const struct command_form token_list_form = {
	token_list_options,
	sizeof(struct token_list_values),
	token_list_run,
};

/* --- revoke ------------------------------------------------------------- */

static enum command_exit
token_revoke_run(struct cli *cli, const void *values, char **operands)
{
	(void)values;
	return order_each(
	    cli, "token.revoke", "id", operands, "token", "is revoked");
}

const struct command_form token_revoke_form = {
	options_none,
	0,
	token_revoke_run,
};
