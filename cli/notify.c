#include "cli/notify.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "cli/api.h"
#include "cli/json.h"
#include "cli/order.h"
#include "cli/table.h"
#include "cli/words.h"

#include <inttypes.h>

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
notify_add_ago(struct table *table, struct slice time)
{
	usec_t now = clock_realtime(&clock_system), at;
	cleanup(buf_free) struct buf age = BUF_INIT;
	struct error ignored = { 0 };

	if (time.len == 0)
		buf_add_str(&age, "never");
	else if (clock_parse(time, &at, &ignored) == 0)
		words_add_ago(&age, now > at ? now - at : 0);
	table_add(table, buf_slice(&age), TERMINAL_PLAIN);
}

static void
notify_add_row(struct table *table, struct json_object *channel)
{
	bool is_failing = json_text(channel, "failing_since").len > 0;
	cleanup(buf_free) struct buf waiting = BUF_INIT;

	buf_addf(&waiting, "%" PRIu64, json_number(channel, "waiting"));
	table_add(table, json_text(channel, "channel"), TERMINAL_PLAIN);
	table_add(table, json_text(channel, "kind"), TERMINAL_PLAIN);
	table_add(table, is_failing ? slice_of("failing") : slice_of("ok"),
	    is_failing ? TERMINAL_RED : TERMINAL_GREEN);
	table_add(table, buf_slice(&waiting), TERMINAL_PLAIN);
	notify_add_ago(table, json_text(channel, "delivered_at"));
	table_add(table, json_text(channel, "last_error"), TERMINAL_PLAIN);
}

static void
notify_print(struct cli *cli, struct json_object *list)
{
	static const struct table_column columns[] = {
		{ "CHANNEL", false, 20 },
		{ "KIND", false, 0 },
		{ "STATE", false, 0 },
		{ "WAITING", true, 0 },
		{ "DELIVERED", false, 0 },
		{ "LAST ERROR", false, 0 },
	};
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct table table;
	size_t count = json_object_is_type(list, json_type_array)
			   ? json_object_array_length(list)
			   : 0;

	table_init(
	    &table, columns, sizeof(columns) / sizeof(columns[0]), &cli->arena);
	for (size_t i = 0; i < count; i++)
		notify_add_row(&table, json_object_array_get_idx(list, i));
	if (count == 0)
		buf_add_str(&out, "Nobody is told: there is no [notify NAME] "
				  "in kruxos.conf.\n");
	else
		table_print(&table, &cli->out, &out);
	cli_print(&out);
}

static enum command_exit
notify_list_run(struct cli *cli, const void *values, char **operands)
{
	const struct notify_list_values *wanted = values;
	cleanup(json_putp) struct json_object *json = NULL;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	const struct config *config;
	struct error err = { 0 };

	(void)operands;
	config = cli_config(cli, &err);
	if (config != NULL &&
	    api_get(config->api_socket, "/api/notices", &answer, &err) == 0)
		json = json_parse(buf_slice(&answer), &err);
	if (json == NULL)
		return cli_fail(&err);
	if (wanted->json)
		cli_print_json(cli, &answer);
	else
		notify_print(cli, json_member(json, "channels"));
	return COMMAND_DONE;
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
