#include "cli/silence.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "cli/json.h"
#include "cli/listing.h"
#include "cli/order.h"

/* --- add ---------------------------------------------------------------- */

struct silence_add_values {
	const char *reason;
	const char *duration;
	bool until_resolved;
};

static const struct option_row silence_add_options[] = {
	OPTION_TEXT(struct silence_add_values, reason, 'r', "reason", "TEXT",
	    "why; it is recorded (required)"),
	OPTION_TEXT(struct silence_add_values, duration, 0, "for", "DURATION",
	    "how long at most, such as 2h; else an hour"),
	OPTION_FLAG(struct silence_add_values, until_resolved, 0,
	    "until-resolved", "end it when nothing that it means is wrong"),
	OPTION_END
};

static void
silence_add_args(
    const struct silence_add_values *wanted, char **operands, struct buf *args)
{
	struct json_writer json;

	json_writer_init(&json, args);
	json_writer_object(&json);
	json_writer_key(&json, "matchers");
	json_writer_array(&json);
	for (; *operands != NULL; operands++)
		json_writer_text(&json, *operands);
	json_writer_end_array(&json);
	json_writer_pair(&json, "reason", wanted->reason);
	if (wanted->duration != NULL)
		json_writer_pair(&json, "duration", wanted->duration);
	if (wanted->until_resolved)
		json_writer_pair(&json, "until", "resolved");
	json_writer_end_object(&json);
}

static enum command_exit
silence_add_run(struct cli *cli, const void *values, char **operands)
{
	const struct silence_add_values *wanted = values;
	cleanup(buf_free) struct buf args = BUF_INIT;
	cleanup(buf_free) struct buf result = BUF_INIT;
	cleanup(buf_free) struct buf id = BUF_INIT;
	cleanup(json_putp) struct json_object *json = NULL;
	struct error err = { 0 };

	if (wanted->reason == NULL || *wanted->reason == '\0')
		return cli_misused("silence add: --reason TEXT is required");
	silence_add_args(wanted, operands, &args);
	if (order_run(cli, "silences.add", buf_slice(&args), "silence", &result,
		&err) == -1)
		return cli_fail(&err);
	json = json_parse(buf_slice(&result), &err);
	buf_add_slice(&id, json_word(json, "id"));
	buf_add_char(&id, '\n');
	cli_print(&id);
	cli_note("alerts go on and are recorded; `kruxos silence remove` ends "
		 "it before its time");
	return COMMAND_DONE;
}

const struct command_form silence_add_form = {
	silence_add_options,
	sizeof(struct silence_add_values),
	silence_add_run,
};

/* --- list --------------------------------------------------------------- */

struct silence_list_values {
	bool json;
};

static const struct option_row silence_list_options[] = {
	OPTION_FLAG(struct silence_list_values, json, 0, "json",
	    "print what GET /api/silences answers"),
	OPTION_END
};

static void
silence_add_matchers(struct table *table, struct json_object *matchers)
{
	cleanup(buf_free) struct buf text = BUF_INIT;

	if (json_object_is_type(matchers, json_type_object)) {
		json_object_object_foreach(matchers, name, value)
		{
			if (text.len > 0)
				buf_add_char(&text, ' ');
			buf_addf(&text, "%s=%s", name,
			    json_object_get_string(value));
		}
	}
	table_add(table, buf_slice(&text), TERMINAL_PLAIN);
}

static void
silence_add_row(struct table *table, struct json_object *silence)
{
	table_add(table, json_word(silence, "id"), TERMINAL_PLAIN);
	table_add_since(table, json_text(silence, "created_at"));
	table_add_moment(table, json_text(silence, "ends_at"));
	table_add(table, json_text(silence, "author"), TERMINAL_PLAIN);
	silence_add_matchers(table, json_member(silence, "matchers"));
	table_add(table, json_text(silence, "reason"), TERMINAL_PLAIN);
}

static const struct table_column silence_columns[] = {
	{ "ID", true, 0 },
	{ "ADDED", false, 0 },
	{ "ENDS", false, 0 },
	{ "BY", false, 20 },
	{ "MEANS", false, 60 },
	{ "REASON", false, 0 },
};

static const struct listing silence_listing = {
	.member = "silences",
	.nothing = "No silences.\n",
	.columns = silence_columns,
	.column_count = sizeof(silence_columns) / sizeof(silence_columns[0]),
	.add_row = silence_add_row,
};

static enum command_exit
silence_list_run(struct cli *cli, const void *values, char **operands)
{
	const struct silence_list_values *wanted = values;

	(void)operands;
	return listing_get(
	    cli, &silence_listing, "/api/silences", wanted->json);
}

const struct command_form silence_list_form = {
	silence_list_options,
	sizeof(struct silence_list_values),
	silence_list_run,
};

/* --- remove ------------------------------------------------------------- */

static enum command_exit
silence_remove_run(struct cli *cli, const void *values, char **operands)
{
	(void)values;
	return order_each(
	    cli, "silences.remove", "id", operands, "silence", "has ended");
}

const struct command_form silence_remove_form = {
	options_none,
	0,
	silence_remove_run,
};
