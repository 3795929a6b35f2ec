#include "cli/metrics.h"

#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/words.h"

/* No figure comes near to it, and every whole number below is one in C. */
#define METRICS_MAX 1e18

struct metrics_values {
	bool json;
};

static const struct option_row metrics_options[] = {
	OPTION_FLAG(struct metrics_values, json, 0, "json",
	    "print what GET /api/metrics answers"),
	OPTION_END
};

static const struct {
	const char *name, *title;
} metrics_categories[] = {
	{ "system", "SYSTEM" },
	{ "agents", "AGENTS" },
	{ "policy", "POLICY" },
	{ "http", "HTTP" },
};
enum {
	METRICS_COUNT =
	    sizeof(metrics_categories) / sizeof(metrics_categories[0])
};

/* --- a value with its unit ---------------------------------------------- */

static void
metrics_add_plain(struct buf *out, double value)
{
	if (value == (double)(uint64_t)value)
		words_add_count(out, (uint64_t)value);
	else
		buf_addf(out, "%.2f", value);
}

static void
metrics_add_percent(struct buf *out, double value)
{
	buf_addf(out, "%.1f %%", value);
}

static void
metrics_add_ratio(struct buf *out, double value)
{
	metrics_add_percent(out, 100 * value);
}

static void
metrics_add_megabytes(struct buf *out, double value)
{
	words_add_count(out, (uint64_t)value);
	buf_add_str(out, " MB");
}

static void
metrics_add_bytes(struct buf *out, double value)
{
	words_add_bytes(out, (uint64_t)value);
}

static void
metrics_add_seconds(struct buf *out, double value)
{
	if (value == 0)
		buf_add_str(out, "0 s");
	else
		words_add_duration(out, 1000 * value);
}

static void
metrics_add_rate(struct buf *out, double value)
{
	metrics_add_plain(out, value);
	buf_add_str(out, "/min");
}

/* The unit is what a name ends in. */
static const struct {
	const char *end;
	void (*add)(struct buf *out, double value);
} metrics_units[] = {
	{ "_percent", metrics_add_percent },
	{ "error_rate", metrics_add_ratio },
	{ "_mb", metrics_add_megabytes },
	{ "_bytes", metrics_add_bytes },
	{ "_seconds", metrics_add_seconds },
	{ "_per_minute", metrics_add_rate },
	{ "latency_p50", words_add_duration },
	{ "latency_p99", words_add_duration },
	{ "", metrics_add_plain },
};

static void
metrics_add_value(struct buf *out, const char *key, double value)
{
	size_t unit = 0;

	/* Nothing that is measured is negative: there is no such number. */
	if (value < 0 || value > METRICS_MAX) {
		buf_add_str(out, "unknown");
		return;
	}
	while (
	    !slice_ends_with(slice_of(key), slice_of(metrics_units[unit].end)))
		unit++;
	metrics_units[unit].add(out, value);
}

static void
metrics_add_cell(
    struct table *table, struct json_object *object, const char *key)
{
	cleanup(buf_free) struct buf words = BUF_INIT;
	double value = json_decimal(object, key);

	metrics_add_value(&words, key, value);
	table_add(table, buf_slice(&words),
	    value < 0 ? TERMINAL_DIM : TERMINAL_PLAIN);
}

/* --- tables ------------------------------------------------------------- */

static void
metrics_print_figures(struct cli *cli, const char *title,
    struct json_object *answer, struct buf *out)
{
	const struct table_column columns[] = {
		{ title, false, 0 },
		{ "VALUE", true, 0 },
	};
	struct table table;

	if (!json_object_is_type(answer, json_type_object))
		return;
	table_init(&table, columns, 2, &cli->arena);
	json_object_object_foreach(answer, key, value)
	{
		if (json_object_is_type(value, json_type_array))
			continue;
		table_add(&table, slice_of(key), TERMINAL_PLAIN);
		metrics_add_cell(&table, answer, key);
	}
	table_print(&table, &cli->out, out);
}

static void
metrics_print_routes(
    struct cli *cli, struct json_object *routes, struct buf *out)
{
	static const char *const keys[] = { "requests_total", "errors_total",
		"latency_p50", "latency_p99" };
	static const struct table_column columns[] = {
		{ "ROUTE", false, 0 },
		{ "REQUESTS", true, 0 },
		{ "ERRORS", true, 0 },
		{ "P50", true, 0 },
		{ "P99", true, 0 },
	};
	size_t count = json_object_is_type(routes, json_type_array)
			   ? json_object_array_length(routes)
			   : 0;
	struct table table;

	if (count == 0)
		return;
	table_init(&table, columns, 5, &cli->arena);
	for (size_t i = 0; i < count; i++) {
		struct json_object *route =
		    json_object_array_get_idx(routes, i);

		table_add(&table, json_text(route, "route"), TERMINAL_PLAIN);
		for (size_t key = 0; key < sizeof(keys) / sizeof(*keys); key++)
			metrics_add_cell(&table, route, keys[key]);
	}
	buf_add_char(out, '\n');
	table_print(&table, &cli->out, out);
}

/* --- the command -------------------------------------------------------- */

/* What the API answers about a category; for people, or as it is. */
static int
metrics_add_category(struct cli *cli, size_t category, bool json,
    struct buf *out, struct error *err)
{
	cleanup(json_putp) struct json_object *parsed = NULL;
	cleanup(buf_free) struct buf target = BUF_INIT;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	const struct config *config = cli_config(cli, err);

	buf_addf(&target, "/api/metrics?category=%s",
	    metrics_categories[category].name);
	if (config == NULL ||
	    api_get(config->api_socket, target.data, &answer, err) == -1)
		return -1;
	parsed = json_parse(buf_slice(&answer), err);
	if (parsed == NULL)
		return -1;
	if (json) {
		buf_add_slice(out, buf_slice(&answer));
		return 0;
	}
	metrics_print_figures(
	    cli, metrics_categories[category].title, parsed, out);
	metrics_print_routes(cli, json_member(parsed, "routes"), out);
	return 0;
}

/* All of them: an object each in one, or a table below the other. */
static int
metrics_add_all(struct cli *cli, bool json, struct buf *out, struct error *err)
{
	for (size_t i = 0; i < METRICS_COUNT; i++) {
		if (json)
			buf_addf(out, "%c\"%s\":", i == 0 ? '{' : ',',
			    metrics_categories[i].name);
		else if (i > 0)
			buf_add_char(out, '\n');
		if (metrics_add_category(cli, i, json, out, err) == -1)
			return -1;
	}
	if (json)
		buf_add_char(out, '}');
	return 0;
}

static enum command_exit
metrics_run(struct cli *cli, const void *values, char **operands)
{
	const struct metrics_values *wanted = values;
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct error err = { 0 };
	size_t category = 0;
	int result;

	while (operands[0] != NULL && category < METRICS_COUNT &&
	       strcmp(operands[0], metrics_categories[category].name) != 0)
		category++;
	if (category == METRICS_COUNT)
		return cli_misused("metrics: system, agents, policy or http, "
				   "not %s",
		    operands[0]);
	result =
	    operands[0] == NULL
		? metrics_add_all(cli, wanted->json, &out, &err)
		: metrics_add_category(cli, category, wanted->json, &out, &err);
	if (result == -1)
		return cli_fail(&err);
	if (wanted->json)
		cli_print_json(cli, &out);
	else
		cli_print(&out);
	return COMMAND_DONE;
}

const struct command_form metrics_form = {
	metrics_options,
	sizeof(struct metrics_values),
	metrics_run,
};
