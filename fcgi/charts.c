#include "fcgi/charts.h"

#include "config/config.h"
#include "fcgi/program.h"
#include "http/reply.h"
#include "store/history.h"

enum {
	FIGURES = 16,	     /* in one answer */
	POINTS_WANTED = 300, /* at most, when no step was given */
	NAME_BYTES = 64,
};

#define SPAN_DEFAULT USEC_PER_HOUR
#define STEP_MIN     (HISTORY_SAMPLE_SECONDS * USEC_PER_SEC)
#define UNSET	     UINT64_MAX

struct question {
	struct param_list figures;
	usec_t from, to, step; /* UNSET: not given */
};

/* What is answered: `count` buckets from `from` on. */
struct chart {
	enum figure figures[FIGURES];
	size_t figure_count;
	usec_t from, step;
	size_t count;
};

const struct param charts_params[] = {
	{ "figure", PARAM_TYPE_TEXT, PARAM_LIST,
	    PARAM_FIELD(struct question, figures, struct param_list), 1,
	    NAME_BYTES, NULL },
	PARAM_TIME(struct question, from, "from"),
	PARAM_TIME_END(struct question, to, "to"),
	PARAM_DURATION(
	    struct question, step, "step", STEP_MIN, HISTORY_MINUTES_KEPT),
	PARAM_END,
};

/* --- the question --------------------------------------------------------- */

static int
read_figures(
    const struct question *question, struct chart *chart, struct error *err)
{
	if (question->figures.count == 0)
		return error_set_field(err, ERROR_MISSING_FIELD, "figure",
		    "figure: one or more of cpu_percent, memory_percent, …");
	if (question->figures.count > FIGURES)
		return error_set_field(err, ERROR_OUT_OF_RANGE, "figure",
		    "figure: at most %d at once", FIGURES);
	for (size_t i = 0; i < question->figures.count; i++) {
		enum figure figure =
		    figure_find(question->figures.values[i].text);

		if (figure == FIGURE_COUNT)
			return error_set_field(err, ERROR_INVALID, "figure",
			    "figure: there is no such figure");
		chart->figures[chart->figure_count++] = figure;
	}
	return 0;
}

/* The smallest usual step that makes few points, and of which there is still
 * something at `from`. */
static usec_t
choose_step(usec_t from, usec_t to, usec_t now)
{
	static const unsigned usual[] = { 5, 15, 30, 60, 300, 900, 1800, 3600,
		10800, 21600, 43200, 86400 };
	enum { USUAL = sizeof(usual) / sizeof(*usual) };
	bool is_sampled =
	    now < HISTORY_SAMPLES_KEPT || from >= now - HISTORY_SAMPLES_KEPT;
	size_t i = 0;

	while (i + 1 < USUAL &&
	       ((to - from) / (usual[i] * USEC_PER_SEC) >= POINTS_WANTED ||
		   (!is_sampled && usual[i] < 60)))
		i++;
	return usual[i] * USEC_PER_SEC;
}

/* Buckets begin at multiples of the step, so that they stay the same ones
 * while time goes on. */
static int
read_range(const struct question *question, usec_t now, struct chart *chart,
    struct error *err)
{
	usec_t to = question->to == UNSET ? now : question->to;
	usec_t from = question->from;
	usec_t step = question->step;

	if (from == UNSET)
		from = to > SPAN_DEFAULT ? to - SPAN_DEFAULT : 0;
	if (from >= to)
		return error_set_field(
		    err, ERROR_INVALID, "to", "to is not later than from");
	if (step == UNSET)
		step = choose_step(from, to, now);
	if (step % USEC_PER_SEC != 0)
		return error_set_field(err, ERROR_INVALID, "step",
		    "step is not a number of whole seconds");
	chart->step = step;
	chart->from = from - from % step;
	if ((to - chart->from - 1) / step >= HISTORY_POINTS)
		return error_set_field(err, ERROR_OUT_OF_RANGE,
		    question->step == UNSET ? "from" : "step",
		    "this range would have more than %d points",
		    HISTORY_POINTS);
	chart->count = (size_t)((to - chart->from - 1) / step) + 1;
	return 0;
}

static int
read_question(struct request *req, struct chart *chart, struct error *err)
{
	struct question question = {
		.from = UNSET, .to = UNSET, .step = UNSET
	};

	if (params_read(req, &question, err) == -1 ||
	    read_figures(&question, chart, err) == -1 ||
	    read_range(&question, clock_realtime(&clock_system), chart, err) ==
		-1)
		return -1;
	return 0;
}

/* --- the answer ----------------------------------------------------------- */

/* As short as it can be said: figures are not more exact than that. */
static void
write_value(struct json_writer *json, const char *key, double value)
{
	int digits = value > -1e6 && value < 1e6 ? 4 : 0;

	json_writer_key(json, key);
	json_writer_fixed(json, value, digits);
}

static void
write_figure(struct json_writer *json, const struct chart *chart,
    enum figure figure, const struct history_point *points)
{
	json_writer_object(json);
	json_writer_pair(json, "figure", figure_rows[figure].name);
	json_writer_key(json, "points");
	json_writer_array(json);
	for (size_t i = 0; i < chart->count; i++) {
		json_writer_object(json);
		json_writer_pair_time(
		    json, "time", chart->from + i * chart->step);
		write_value(json, "average", points[i].average);
		write_value(json, "minimum", points[i].minimum);
		write_value(json, "maximum", points[i].maximum);
		json_writer_end_object(json);
	}
	json_writer_end_array(json);
	json_writer_end_object(json);
}

static int
write_figures(struct json_writer *json, const struct chart *chart,
    struct history *history, struct arena *arena, struct error *err)
{
	struct history_point *points =
	    arena_array(arena, chart->count, sizeof(*points));

	json_writer_key(json, "figures");
	json_writer_array(json);
	for (size_t i = 0; i < chart->figure_count; i++) {
		if (history_points(history, chart->figures[i], chart->from,
			chart->step, chart->count, points, err) == -1)
			return -1;
		write_figure(json, chart, chart->figures[i], points);
	}
	json_writer_end_array(json);
	return 0;
}

/* GET /api/metrics/history: figures over time; what was not measured is a gap.
 */
int
charts_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	cleanup(history_closep) struct history *history = NULL;
	struct chart chart = { 0 };
	struct json_writer *json = rep->json;

	if (read_question(req, &chart, err) == -1)
		return 400;
	history = history_open(prog->config->telemetry_file, err);
	if (history == NULL)
		return 503;
	json_writer_object(json);
	json_writer_pair_time(json, "from", chart.from);
	json_writer_pair_time(
	    json, "to", chart.from + chart.count * chart.step);
	json_writer_pair_u64(json, "step_seconds", chart.step / USEC_PER_SEC);
	if (write_figures(json, &chart, history, req->arena, err) == -1)
		return 503;
	json_writer_end_object(json);
	return 200;
}
