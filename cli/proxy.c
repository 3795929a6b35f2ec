#include "cli/proxy.h"

#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/json.h"
#include "cli/lines.h"
#include "cli/order.h"
#include "cli/table.h"
#include "cli/words.h"

#include <inttypes.h>
#include <unistd.h>

enum { PROXY_ERRORS_SHOWN = 10 };

/* --- status ------------------------------------------------------------- */

struct proxy_status_values {
	bool json;
};

static const struct option_row proxy_status_options[] = {
	OPTION_FLAG(struct proxy_status_values, json, 0, "json",
	    "print what GET /api/proxy/status answers"),
	OPTION_END
};

static void
proxy_add_number(
    struct table *table, struct json_object *object, const char *key)
{
	cleanup(buf_free) struct buf text = BUF_INIT;

	words_add_count(&text, json_number(object, key));
	table_add(table, buf_slice(&text), TERMINAL_PLAIN);
}

static enum terminal_colour
proxy_colour(struct slice status)
{
	if (slice_is(status, "synced"))
		return TERMINAL_GREEN;
	if (slice_is(status, "error") || slice_is(status, "dead"))
		return TERMINAL_RED;
	return TERMINAL_PLAIN;
}

static void
proxy_add_service(struct table *table, struct json_object *service)
{
	struct slice status = json_text(service, "status");

	table_add(table, json_text(service, "name"), TERMINAL_PLAIN);
	table_add(table, status, proxy_colour(status));
	table_add_since(table, json_text(service, "last_started_at"));
	table_add_since(table, json_text(service, "last_completed_at"));
	proxy_add_number(table, service, "buffered");
	proxy_add_number(table, service, "dead_letters");
	proxy_add_number(table, service, "consecutive_failures");
	table_add(table, json_text(service, "last_error"), TERMINAL_PLAIN);
}

/* "dead", "to retry: alice" */
static void
proxy_add_state(struct table *table, struct json_object *write)
{
	struct slice state = json_text(write, "state");
	struct slice action = json_text(write, "pending_action");
	cleanup(buf_free) struct buf words = BUF_INIT;

	if (action.len == 0) {
		table_add(table, state, proxy_colour(state));
		return;
	}
	buf_addf(&words, "to %.*s: %.*s", SLICE_ARG(action),
	    SLICE_ARG(json_text(write, "decided_by")));
	table_add(table, buf_slice(&words), TERMINAL_YELLOW);
}

/* "in 4m 10s" */
static void
proxy_add_sends(struct table *table, struct json_object *write)
{
	cleanup(buf_free) struct buf words = BUF_INIT;
	usec_t now = clock_realtime(&clock_system), at;
	struct error ignored = { 0 };

	if (clock_parse(json_text(write, "sends_at"), &at, &ignored) == -1) {
		table_add(table, SLICE_LITERAL("-"), TERMINAL_PLAIN);
		return;
	}
	if (at > now) {
		buf_add_str(&words, "in ");
		words_add_duration(
		    &words, (double)(at - now) / (double)USEC_PER_MSEC);
	} else {
		buf_add_str(&words, "now");
	}
	table_add(table, buf_slice(&words), TERMINAL_PLAIN);
}

static void
proxy_add_write(struct table *table, struct json_object *write)
{
	table_add(table, json_text(write, "id"), TERMINAL_PLAIN);
	table_add(table, json_text(write, "service"), TERMINAL_PLAIN);
	proxy_add_state(table, write);
	proxy_add_sends(table, write);
	proxy_add_number(table, write, "attempts");
	table_add(table, json_text(write, "agent_name"), TERMINAL_PLAIN);
	table_add(table, json_text(write, "summary"), TERMINAL_PLAIN);
	table_add(table, json_text(write, "last_error"), TERMINAL_PLAIN);
}

static void
proxy_add_error(struct table *table, struct json_object *error)
{
	table_add_since(table, json_text(error, "at"));
	table_add(table, json_text(error, "service"), TERMINAL_PLAIN);
	table_add(table, json_text(error, "write_id"), TERMINAL_PLAIN);
	table_add(table, json_text(error, "error"), TERMINAL_PLAIN);
}

/* The first `most` of it; nothing of an empty list. */
static void
proxy_print_list(struct cli *cli, struct json_object *list, size_t most,
    const struct table_column *columns, size_t count,
    void (*add_row)(struct table *, struct json_object *), struct buf *out)
{
	struct table table;

	if (json_length(list) == 0)
		return;
	table_init(&table, columns, count, &cli->arena);
	for (size_t i = 0; i < json_length(list) && i < most; i++)
		add_row(&table, json_object_array_get_idx(list, i));
	buf_add_char(out, '\n');
	table_print(&table, &cli->out, out);
}

/* "3 services, 2 synced, 1 with errors; 4 buffered, 1 dead letter; reported 5s
 * ago" */
static void
proxy_add_overview(struct json_object *answer, struct buf *out)
{
	words_add_counted(
	    out, json_number(answer, "total_services"), "service", "services");
	buf_addf(out,
	    ", %" PRIu64 " synced, %" PRIu64 " with errors; %" PRIu64
	    " buffered, ",
	    json_number(answer, "synced"), json_number(answer, "with_errors"),
	    json_number(answer, "buffered_ops"));
	words_add_counted(out, json_number(answer, "dead_letters"),
	    "dead letter", "dead letters");
	buf_add_str(out, "; reported ");
	words_add_since(out, json_text(answer, "reported_at"));
	buf_add_char(out, '\n');
}

static void
proxy_print(struct cli *cli, struct json_object *answer)
{
	static const struct table_column services[] = {
		{ "SERVICE", false, 30 },
		{ "STATUS", false, 0 },
		{ "STARTED", false, 0 },
		{ "COMPLETED", false, 0 },
		{ "BUFFERED", true, 0 },
		{ "DEAD", true, 0 },
		{ "FAILURES", true, 0 },
		{ "LAST ERROR", false, 0 },
	};
	static const struct table_column writes[] = {
		{ "ID", false, 40 },
		{ "SERVICE", false, 30 },
		{ "STATE", false, 30 },
		{ "SENDS", false, 0 },
		{ "TRIES", true, 0 },
		{ "AGENT", false, 20 },
		{ "SUMMARY", false, 60 },
		{ "LAST ERROR", false, 0 },
	};
	static const struct table_column errors[] = {
		{ "WENT WRONG", false, 0 },
		{ "SERVICE", false, 30 },
		{ "WRITE", false, 40 },
		{ "ERROR", false, 0 },
	};
	cleanup(buf_free) struct buf out = BUF_INIT;

	proxy_add_overview(answer, &out);
	proxy_print_list(cli, json_member(answer, "services"), SIZE_MAX,
	    services, sizeof(services) / sizeof(services[0]), proxy_add_service,
	    &out);
	proxy_print_list(cli, json_member(answer, "writes"), SIZE_MAX, writes,
	    sizeof(writes) / sizeof(writes[0]), proxy_add_write, &out);
	proxy_print_list(cli, json_member(answer, "errors"), PROXY_ERRORS_SHOWN,
	    errors, sizeof(errors) / sizeof(errors[0]), proxy_add_error, &out);
	cli_print(&out);
}

/* What was so once may not be so any more: 3, and a word about it. */
static enum command_exit
proxy_judge(struct json_object *answer)
{
	if (json_text(answer, "reported_at").len == 0)
		cli_note("nobody has reported what the service proxy does");
	else if (json_object_get_boolean(json_member(answer, "stale")))
		cli_note("nobody reports what the service proxy does any more");
	else
		return COMMAND_DONE;
	return COMMAND_UNKNOWN;
}

static enum command_exit
proxy_status_run(struct cli *cli, const void *values, char **operands)
{
	const struct proxy_status_values *wanted = values;
	cleanup(json_putp) struct json_object *json = NULL;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct error err = { 0 };
	const struct config *config = cli_config(cli, &err);

	(void)operands;
	if (config != NULL && api_get(config->api_socket, "/api/proxy/status",
				  &answer, &err) == 0)
		json = json_parse(buf_slice(&answer), &err);
	if (json == NULL)
		return cli_fail(&err);
	if (wanted->json)
		cli_print_json(cli, &answer);
	else if (json_text(json, "reported_at").len > 0)
		proxy_print(cli, json);
	return proxy_judge(json);
}

const struct command_form proxy_status_form = {
	proxy_status_options,
	sizeof(struct proxy_status_values),
	proxy_status_run,
};

/* --- decisions ---------------------------------------------------------- */

struct proxy_decide_values {
	bool yes;
};

static const struct option_row proxy_decide_options[] = {
	OPTION_FLAG(struct proxy_decide_values, yes, 'y', "yes",
	    "do not ask, even on a terminal"),
	OPTION_END
};

struct proxy_decision {
	const char *verb;
	const char *one, *many; /* what they are, within the question */
	const char *question;	/* "Cancel", … */
	const char *words;	/* of each, when it is decided */
};

static bool
proxy_confirm(const struct proxy_decision *decision, char **operands)
{
	cleanup(buf_free) struct buf question = BUF_INIT;
	size_t count = 0;

	while (operands[count] != NULL)
		count++;
	buf_addf(&question, "%s ", decision->question);
	words_add_counted(&question, count, decision->one, decision->many);
	buf_add_char(&question, '?');
	return terminal_confirm(question.data);
}

static enum command_exit
proxy_decide(struct cli *cli, const struct proxy_decide_values *wanted,
    const struct proxy_decision *decision, char **operands)
{
	if (!wanted->yes && isatty(STDIN_FILENO) &&
	    !proxy_confirm(decision, operands)) {
		cli_note("nothing was decided");
		return COMMAND_FAILED;
	}
	return order_each(
	    cli, decision->verb, "id", operands, "write", decision->words);
}

static enum command_exit
proxy_cancel_run(struct cli *cli, const void *values, char **operands)
{
	static const struct proxy_decision cancel = { "proxy.cancel",
		"buffered write", "buffered writes", "Cancel",
		"is to be cancelled" };

	return proxy_decide(cli, values, &cancel, operands);
}

static enum command_exit
proxy_retry_run(struct cli *cli, const void *values, char **operands)
{
	static const struct proxy_decision retry = { "proxy.retry",
		"dead letter", "dead letters", "Retry", "is to be retried" };

	return proxy_decide(cli, values, &retry, operands);
}

static enum command_exit
proxy_discard_run(struct cli *cli, const void *values, char **operands)
{
	static const struct proxy_decision discard = { "proxy.discard",
		"dead letter", "dead letters", "Discard",
		"is to be discarded" };

	return proxy_decide(cli, values, &discard, operands);
}

const struct command_form proxy_cancel_form = {
	proxy_decide_options,
	sizeof(struct proxy_decide_values),
	proxy_cancel_run,
};

const struct command_form proxy_retry_form = {
	proxy_decide_options,
	sizeof(struct proxy_decide_values),
	proxy_retry_run,
};

const struct command_form proxy_discard_form = {
	proxy_decide_options,
	sizeof(struct proxy_decide_values),
	proxy_discard_run,
};

/* --- report ------------------------------------------------------------- */

/* A report may be spread over several lines; through the door it is one. */
static int
proxy_read_report(const char *path, struct buf *report, struct error *err)
{
	cleanup(lines_close) struct lines lines = { .fd = -1 };
	struct slice line;
	int more;

	if (lines_open(&lines, path, err) == -1)
		return -1;
	while ((more = lines_next(&lines, &line, err)) == 1) {
		if (line.data == NULL || report->len + line.len >= LINES_BYTES)
			return error_set(err, ERROR_TOO_LONG,
			    "a report has less than %d bytes", LINES_BYTES);
		buf_add_slice(report, line);
		buf_add_char(report, ' ');
	}
	return more;
}

static enum command_exit
proxy_report_run(struct cli *cli, const void *values, char **operands)
{
	cleanup(json_putp) struct json_object *json = NULL;
	cleanup(buf_free) struct buf report = BUF_INIT;
	cleanup(buf_free) struct buf result = BUF_INIT;
	struct error err = { 0 };

	(void)values;
	if (proxy_read_report(operands[0], &report, &err) == -1)
		return cli_fail(&err);
	/* What is no object would end the command that it is put into. */
	json = json_parse(buf_slice(&report), &err);
	if (!json_object_is_type(json, json_type_object)) {
		error_set(&err, ERROR_BAD_JSON, "a report is a JSON object");
		return cli_fail(&err);
	}
	if (order_run(cli, "proxy.report", buf_slice(&report), "report",
		&result, &err) == -1)
		return cli_fail(&err);
	cli_print_json(cli, &result);
	return COMMAND_DONE;
}

const struct command_form proxy_report_form = {
	options_none,
	0,
	proxy_report_run,
};
