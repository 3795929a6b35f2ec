#include "cli/stats.h"

#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/json.h"
#include "cli/reach.h"
#include "cli/selection.h"
#include "cli/table.h"
#include "cli/words.h"

struct stats_values {
	struct selection selection;
	bool json;
};

static const struct option_row stats_options[] = {
	SELECTION_WHEN(struct stats_values, selection),
	SELECTION_WHO(struct stats_values, selection),
	OPTION_FLAG(
	    struct stats_values, json, 0, "json", "print the answer as JSON"),
	OPTION_END
};

static void
stats_add(struct table *table, struct slice name, uint64_t count)
{
	cleanup(buf_free) struct buf words = BUF_INIT;

	words_add_count(&words, count);
	table_add(table, buf_slice(&words), TERMINAL_PLAIN);
	table_add(table, name, TERMINAL_PLAIN);
}

/* {"success":52,…}: what is not there at all is not shown. */
static void
stats_add_object(struct table *table, struct json_object *sums)
{
	if (!json_object_is_type(sums, json_type_object))
		return;
	json_object_object_foreach(sums, name, count)
	{
		uint64_t number = json_object_get_uint64(count);

		if (number > 0)
			stats_add(table, slice_of(name), number);
	}
}

/* The capability of a row, or its actor. */
static struct slice
stats_name(struct json_object *row, struct arena *arena)
{
	struct slice type = json_text(row, "actor_type");

	if (slice_is(type, "agent"))
		return json_text(row, "agent_name");
	if (slice_is(type, "user"))
		return slice_of(arena_printf(arena, "user %.*s",
		    SLICE_ARG(json_text(row, "user_name"))));
	return type.len > 0 ? type : json_text(row, "capability");
}

static void
stats_add_rows(
    struct table *table, struct json_object *rows, struct arena *arena)
{
	size_t count = json_object_is_type(rows, json_type_array)
			   ? json_object_array_length(rows)
			   : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		stats_add(
		    table, stats_name(row, arena), json_number(row, "total"));
	}
}

static void
stats_print(struct cli *cli, struct json_object *answer)
{
	static const struct {
		const char *key, *title;
	} parts[] = {
		{ "by_status", "STATUS" },
		{ "by_policy_tier", "TIER" },
		{ "by_actor", "ACTOR" },
		{ "by_capability", "CAPABILITY" },
	};
	cleanup(buf_free) struct buf out = BUF_INIT;

	words_add_counted(
	    &out, json_number(answer, "total"), "entry", "entries");
	buf_addf(&out, " from %.*s to %.*s\n",
	    SLICE_ARG(json_text(answer, "from")),
	    SLICE_ARG(json_text(answer, "to")));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct json_object *part = json_member(answer, parts[i].key);
		const struct table_column columns[] = {
			{ "COUNT", true, 0 },
			{ parts[i].title, false, 0 },
		};
		struct table table;

		table_init(&table, columns, 2, &cli->arena);
		stats_add_object(&table, part);
		stats_add_rows(&table, part, &cli->arena);
		if (table.used == 0)
			continue;
		buf_add_char(&out, '\n');
		table_print(&table, &cli->out, &out);
	}
	cli_print(&out);
}

static enum command_exit
stats_run(struct cli *cli, const void *values, char **operands)
{
	struct stats_values wanted = *(const struct stats_values *)values;
	cleanup(json_putp) struct json_object *json = NULL;
	cleanup(buf_free) struct buf target = BUF_INIT;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	const struct config *config;
	struct filter filter;
	struct error err = { 0 };

	(void)operands;
	if (selection_settle(&wanted.selection, clock_realtime(&clock_system),
		&cli->arena, &filter, &err) == -1)
		return cli_misused("%s", err.sentence);
	config = cli_config(cli, &err);
	buf_add_str(&target, "/api/audit/stats?");
	selection_add_query(&wanted.selection, &target);
	buf_set_len(&target, target.len - 1); /* the last '?' or '&' */
	if (config != NULL &&
	    api_get(config->api_socket, target.data, &answer, &err) == 0)
		json = json_parse(buf_slice(&answer), &err);
	if (json == NULL)
		return cli_fail(&err);
	if (wanted.json)
		cli_print_json(cli, &answer);
	else
		stats_print(cli, json);
	reach_note(json);
	return COMMAND_DONE;
}

const struct command_form stats_form = {
	stats_options,
	sizeof(struct stats_values),
	stats_run,
};
