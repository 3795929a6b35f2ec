#include "cli/notify.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "cli/json.h"
#include "cli/listing.h"
#include "cli/order.h"

/* --- list --------------------------------------------------------------- */

struct notify_list_values {
	bool json;
};

static const struct option_row notify_list_options[] = {
	OPTION_FLAG(struct notify_list_values, json, 0, "json",
	    "print what GET /api/notices answers"),
	OPTION_END
};

static void
notify_add_row(struct table *table, struct json_object *channel)
{
	bool is_failing = json_text(channel, "failing_since").len > 0;

	table_add(table, json_text(channel, "channel"), TERMINAL_PLAIN);
	table_add(table, json_text(channel, "kind"), TERMINAL_PLAIN);
	table_add(table, is_failing ? slice_of("failing") : slice_of("ok"),
	    is_failing ? TERMINAL_RED : TERMINAL_GREEN);
	table_add(table, json_word(channel, "waiting"), TERMINAL_PLAIN);
	table_add_since(table, json_text(channel, "delivered_at"));
	table_add(table, json_text(channel, "last_error"), TERMINAL_PLAIN);
}

static const struct table_column notify_columns[] = {
	{ "CHANNEL", false, 20 },
	{ "KIND", false, 0 },
	{ "STATE", false, 0 },
	{ "WAITING", true, 0 },
	{ "DELIVERED", false, 0 },
	{ "LAST ERROR", false, 0 },
};

static const struct listing notify_listing = {
	.member = "channels",
	.nothing = "Nobody is told: there is no [notify NAME] in "
		   "kruxos.conf.\n",
	.columns = notify_columns,
	.column_count = sizeof(notify_columns) / sizeof(notify_columns[0]),
	.add_row = notify_add_row,
};

static enum command_exit
notify_list_run(struct cli *cli, const void *values, char **operands)
{
	const struct notify_list_values *wanted = values;

	(void)operands;
	return listing_get(cli, &notify_listing, "/api/notices", wanted->json);
}

const struct command_form notify_list_form = {
	notify_list_options,
	sizeof(struct notify_list_values),
	notify_list_run,
};

/* --- test --------------------------------------------------------------- */

/* {"delivered":true,"detail":"HTTP 200"} */
static enum command_exit
notify_say_tested(const char *name, const struct buf *result)
{
	cleanup(json_putp) struct json_object *json = NULL;
	struct json_object *delivered;
	struct error err = { 0 };
	struct slice detail;

	json = json_parse(buf_slice(result), &err);
	if (json == NULL)
		return cli_fail(&err);
	delivered = json_member(json, "delivered");
	detail = json_text(json, "detail");
	if (json_object_get_boolean(delivered)) {
		cli_note("%s: delivered (%.*s)", name, SLICE_ARG(detail));
		return COMMAND_DONE;
	}
	error_set(&err, ERROR_SYSTEM, "%s: not delivered: %.*s", name,
	    SLICE_ARG(detail));
	return cli_fail(&err);
}

static enum command_exit
notify_test_run(struct cli *cli, const void *values, char **operands)
{
	cleanup(buf_free) struct buf args = BUF_INIT;
	cleanup(buf_free) struct buf result = BUF_INIT;
	struct error err = { 0 };
	struct json_writer json;

	(void)values;
	json_writer_init(&json, &args);
	json_writer_object(&json);
	json_writer_pair(&json, "channel", operands[0]);
	json_writer_end_object(&json);
	if (order_run(cli, "notices.test", buf_slice(&args), "notify", &result,
		&err) == -1)
		return cli_fail(&err);
	return notify_say_tested(operands[0], &result);
}

const struct command_form notify_test_form = {
	options_none,
	0,
	notify_test_run,
};
