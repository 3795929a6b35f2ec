#include "cli/alerts.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "cli/api.h"
#include "cli/health.h"
#include "cli/order.h"
#include "cli/table.h"
#include "cli/words.h"

#include <inttypes.h>

struct alerts_values {
	struct option_list severities;
	usec_t last;
	bool all;
	bool json;
};

static const struct option_row alerts_options[] = {
	OPTION_TEXTS(struct alerts_values, severities, 's', "severity",
	    "SEVERITY", "critical warning info", "only those of it"),
	OPTION_DURATION(struct alerts_values, last, "last", USEC_PER_SEC,
	    90 * USEC_PER_DAY, NULL,
	    "what was seen within DURATION, resolved or not"),
	OPTION_FLAG(struct alerts_values, all, 'a', "all",
	    "resolved ones, too, of the last 90 days"),
	OPTION_FLAG(struct alerts_values, json, 0, "json",
	    "print what GET /api/alerts answers"),
	OPTION_END
};

static void
alerts_add_query(const struct alerts_values *wanted, struct buf *target)
{
	usec_t last = wanted->last;

	if (wanted->all && last == 0)
		last = 90 * USEC_PER_DAY;
	buf_addf(target, "/api/alerts?state=%s", last == 0 ? "active" : "all");
	if (last != 0)
		buf_addf(target, "&last=%" PRIu64 "s", last / USEC_PER_SEC);
	for (size_t i = 0; i < wanted->severities.count; i++) {
		buf_add_str(target, "&severity=");
		api_escape(target, slice_of(wanted->severities.values[i]));
	}
}

/* --- for people --------------------------------------------------------- */

static const struct {
	const char *severity, *title;
	enum terminal_colour colour;
} alerts_groups[] = {
	{ "critical", "CRITICAL", TERMINAL_RED },
	{ "warning", "WARNING", TERMINAL_YELLOW },
	{ "info", "INFO", TERMINAL_BLUE },
};

static void
alerts_add_text(struct table *table, const struct buf *text)
{
	table_add(table, buf_slice(text), TERMINAL_PLAIN);
}

/* "firing", "acknowledged by alice", "silenced by 3" */
static void
alerts_add_state(struct table *table, struct json_object *alert)
{
	cleanup(buf_free) struct buf words = BUF_INIT;
	struct slice state = json_text(alert, "state");
	struct slice user = json_text(alert, "acknowledged_by");
	uint64_t silence = json_number(alert, "silenced_by");
	bool is_over = slice_is(state, "resolved");

	if (!is_over && silence != 0)
		buf_addf(&words, "silenced by %" PRIu64, silence);
	else if (!is_over && user.len > 0)
		buf_addf(&words, "acknowledged by %.*s", SLICE_ARG(user));
	else
		buf_add_slice(&words, state);
	alerts_add_text(table, &words);
}

/* A service, or an agent: who calls itself like a service is not one. */
static void
alerts_add_about(struct table *table, struct json_object *alert)
{
	struct slice service = json_text(alert, "service");
	struct slice agent = json_text(alert, "agent_name");
	cleanup(buf_free) struct buf words = BUF_INIT;

	if (agent.len > 0)
		buf_addf(&words, "agent %.*s", SLICE_ARG(agent));
	else
		buf_add_slice(&words, service);
	alerts_add_text(table, &words);
}

static void
alerts_add_row(struct table *table, struct json_object *alert)
{
	cleanup(buf_free) struct buf count = BUF_INIT;

	words_add_count(&count, json_number(alert, "count"));
	table_add(table, json_word(alert, "id"), TERMINAL_PLAIN);
	table_add_since(table, json_text(alert, "first_seen"));
	table_add_since(table, json_text(alert, "last_seen"));
	alerts_add_text(table, &count);
	alerts_add_state(table, alert);
	table_add(table, json_text(alert, "title"), TERMINAL_PLAIN);
	alerts_add_about(table, alert);
	table_add(table, json_text(alert, "message"), TERMINAL_PLAIN);
}

static void
alerts_add_group(
    struct cli *cli, struct json_object *list, size_t group, struct buf *out)
{
	static const struct table_column columns[] = {
		{ "ID", true, 0 },
		{ "SINCE", false, 0 },
		{ "LAST", false, 0 },
		{ "TIMES", true, 0 },
		{ "STATE", false, 40 },
		{ "TITLE", false, 40 },
		{ "ABOUT", false, 30 },
		{ "MESSAGE", false, 0 },
	};
	struct table table;

	table_init(
	    &table, columns, sizeof(columns) / sizeof(columns[0]), &cli->arena);
	for (size_t i = 0; i < json_length(list); i++) {
		struct json_object *alert = json_object_array_get_idx(list, i);

		if (slice_is(json_text(alert, "severity"),
			alerts_groups[group].severity))
			alerts_add_row(&table, alert);
	}
	if (table.used == 0)
		return;
	buf_add_char(out, '\n');
	terminal_add(&cli->out, out, alerts_groups[group].colour,
	    slice_of(alerts_groups[group].title));
	buf_add_char(out, '\n');
	table_print(&table, &cli->out, out);
}

/* "2 silences, the first 3d ago (kruxos silence list)" */
static void
alerts_add_silences(struct json_object *answer, struct buf *out)
{
	uint64_t silences = json_number(answer, "silences");
	struct slice oldest = json_text(answer, "oldest_silence");

	if (silences == 0)
		return;
	buf_add_char(out, '\n');
	words_add_counted(out, silences, "silence", "silences");
	if (oldest.len > 0) {
		buf_add_str(out, silences == 1 ? ", " : ", the first ");
		words_add_since(out, oldest);
	}
	buf_add_str(out, " (kruxos silence list)\n");
}

static void
alerts_print(struct cli *cli, struct json_object *answer, struct buf *out)
{
	struct json_object *list = json_member(answer, "alerts");

	if (json_length(list) == 0)
		buf_add_str(out, "\nNo alerts.\n");
	for (size_t i = 0; i < sizeof(alerts_groups) / sizeof(alerts_groups[0]);
	     i++)
		alerts_add_group(cli, list, i, out);
	alerts_add_silences(answer, out);
}

static enum command_exit
alerts_run(struct cli *cli, const void *values, char **operands)
{
	const struct alerts_values *wanted = values;
	struct health health = HEALTH_NOTHING;
	cleanup(json_putp) struct json_object *of_health = NULL;
	cleanup(json_putp) struct json_object *json = NULL;
	cleanup(buf_free) struct buf ignored = BUF_INIT;
	cleanup(buf_free) struct buf target = BUF_INIT;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	cleanup(buf_free) struct buf text = BUF_INIT;
	const struct config *config;
	struct error err = { 0 };

	(void)operands;
	if (!wanted->json) {
		health_find(cli, &health, &ignored, &of_health);
		health_report_add_text(&health, &cli->out, &text);
		cli_print(&text);
		buf_reset(&text);
	}
	config = cli_config(cli, &err);
	alerts_add_query(wanted, &target);
	if (config != NULL &&
	    api_get(config->api_socket, target.data, &answer, &err) == 0)
		json = json_parse(buf_slice(&answer), &err);
	if (json == NULL)
		return cli_fail(&err);
	if (wanted->json) {
		cli_print_json(cli, &answer);
		return COMMAND_DONE;
	}
	alerts_print(cli, json, &text);
	cli_print(&text);
	return COMMAND_DONE;
}

const struct command_form alerts_form = {
	alerts_options,
	sizeof(struct alerts_values),
	alerts_run,
};

/* --- ack ---------------------------------------------------------------- */

struct alerts_ack_values {
	const char *note;
};

static const struct option_row alerts_ack_options[] = {
	OPTION_TEXT(struct alerts_ack_values, note, 'n', "note", "TEXT",
	    "what is being done about it; it is recorded"),
	OPTION_END
};

static enum command_exit
alerts_ack_run(struct cli *cli, const void *values, char **operands)
{
	const struct alerts_ack_values *wanted = values;

	for (; *operands != NULL; operands++) {
		cleanup(buf_free) struct buf args = BUF_INIT;
		cleanup(buf_free) struct buf result = BUF_INIT;
		struct error err = { 0 };
		struct json_writer json;

		json_writer_init(&json, &args);
		json_writer_object(&json);
		json_writer_pair(&json, "id", *operands);
		if (wanted->note != NULL)
			json_writer_pair(&json, "note", wanted->note);
		json_writer_end_object(&json);
		if (order_run(cli, "alerts.acknowledge", buf_slice(&args),
			"ack", &result, &err) == -1)
			return cli_fail(&err);
		cli_note("alert %s is acknowledged", *operands);
	}
	return COMMAND_DONE;
}

const struct command_form alerts_ack_form = {
	alerts_ack_options,
	sizeof(struct alerts_ack_values),
	alerts_ack_run,
};
