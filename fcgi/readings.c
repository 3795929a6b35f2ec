#include "fcgi/readings.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/number.h"
#include "config/config.h"
#include "fcgi/categories.h"
#include "fcgi/health_summary.h"
#include "store/history.h"

#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <math.h>

/* How old what is shown may be. To look costs more than to answer, and figures
 * are measured every five seconds. */
static const usec_t KEPT = USEC_PER_SEC / 10;

#define WINDOW_MIN     (5 * USEC_PER_SEC)
#define WINDOW_MAX     HISTORY_MINUTES_KEPT
#define SAMPLES_WINDOW USEC_PER_HOUR
#define SAMPLES_STEP   (5 * USEC_PER_SEC)

/* One category as it was rendered last. */
struct kept {
	struct buf text;
	usec_t at; /* CLOCK_MONOTONIC; 0: never */
};

struct readings {
	struct program *prog;
	struct observed_page *observed; /* the loop's thread's */
	struct kept metrics[CATEGORIES];
};

struct readings *
readings_new(struct program *prog, struct error *err)
{
	struct observed_page *observed =
	    observed_open(prog->config->observed_file, err);
	struct readings *readings;

	if (observed == NULL)
		return NULL;
	readings = memory_new(sizeof(*readings));
	readings->prog = prog;
	readings->observed = observed;
	for (size_t i = 0; i < CATEGORIES; i++)
		buf_init(&readings->metrics[i].text);
	return readings;
}

void
readings_free(struct readings *readings)
{
	if (readings == NULL)
		return;
	observed_close(readings->observed);
	for (size_t i = 0; i < CATEGORIES; i++)
		buf_free(&readings->metrics[i].text);
	free(readings);
}

struct program *
readings_program(struct readings *readings)
{
	return readings->prog;
}

struct slice
readings_text(const struct capability_call *call, const char *key)
{
	const struct json_node *node =
	    call->arguments == NULL
		? NULL
		: json_reader_member(call->json, call->arguments, key);

	return node == NULL ? (struct slice){ NULL, 0 } : node->text;
}

uint64_t
readings_number(
    const struct capability_call *call, const char *key, uint64_t standard)
{
	uint64_t number = standard;

	(void)number_parse_u64(
	    readings_text(call, key), 0, UINT64_MAX, &number);
	return number;
}

/* --- figures -------------------------------------------------------------- */

static void
write_now(struct readings *readings, int category, struct json_writer *result)
{
	struct kept *kept = &readings->metrics[category];
	usec_t now = loop_now(readings->prog->loop);

	if (kept->at == 0 || now - kept->at >= KEPT) {
		struct json_writer json;
		struct view view;

		buf_reset(&kept->text);
		json_writer_init(&json, &kept->text);
		view_look(readings->prog, readings->observed, &view);
		categories_write(category, &view, &json);
		kept->at = now;
	}
	json_writer_raw(result, buf_slice(&kept->text));
}

/* The average of one figure; NAN if nothing was measured. Of a short window the
 * samples count, since the minute that runs has no average yet. */
static int
average_figure(struct history *history, enum figure figure, usec_t window,
    usec_t now, double *ret_average, struct error *err)
{
	usec_t step = window <= SAMPLES_WINDOW ? SAMPLES_STEP : window;
	size_t count = (size_t)((window + step - 1) / step), measured = 0;
	struct history_point points[SAMPLES_WINDOW / SAMPLES_STEP];
	double sum = 0;

	if (history_points(history, figure, now - count * step, step, count,
		points, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (isnan(points[i].average))
			continue;
		sum += points[i].average;
		measured++;
	}
	*ret_average = measured == 0 ? NAN : sum / (double)measured;
	return 0;
}

/* A gauge is its average over the window, what only grows stays what it is. */
static int
average_figures(struct history *history, int category, usec_t window,
    struct view *view, struct error *err)
{
	for (size_t i = 0; i < FIGURE_COUNT; i++) {
		enum figure figure = (enum figure)i;
		if (figure_rows[i].kind == FIGURE_GAUGE &&
		    categories_has(category, figure) &&
		    average_figure(history, figure, window, view->now,
			&view->figures[i], err) == -1)
			return -1;
	}
	return 0;
}

/* In the pool: the page that the loop reads is not to be read here. */
static int
write_averages(struct program *prog, int category, usec_t window,
    struct json_writer *result, struct error *err)
{
	cleanup(history_closep) struct history *history =
	    history_open(prog->config->telemetry_file, err);
	cleanup(observed_closep) struct observed_page *observed = NULL;
	struct view view;

	if (history == NULL)
		return -1;
	observed = observed_open(prog->config->observed_file, err);
	if (observed == NULL)
		return -1;
	view_look(prog, observed, &view);
	if (average_figures(history, category, window, &view, err) == -1)
		return -1;
	json_writer_object(result);
	categories_write_fields(category, &view, result);
	json_writer_pair_u64(result, "window_seconds", window / USEC_PER_SEC);
	json_writer_end_object(result);
	return 0;
}

static int
read_window(struct slice text, usec_t *ret_window, struct error *err)
{
	struct error why;

	if (clock_parse_duration(text, ret_window, &why) == 0 &&
	    *ret_window >= WINDOW_MIN && *ret_window <= WINDOW_MAX)
		return 0;
	return error_set_field(err, ERROR_OUT_OF_RANGE, "window",
	    "window must be a duration from 5s to 30d, like 5m or 24h");
}

int
readings_metrics(struct readings *readings, const struct capability_call *call,
    struct json_writer *result, struct error *err)
{
	int category = categories_find(readings_text(call, "category"));
	struct slice text = readings_text(call, "window");
	usec_t window;

	if (text.data == NULL) {
		write_now(readings, category, result);
		return 0;
	}
	if (read_window(text, &window, err) == -1)
		return -1;
	if (call->request->worker == 0)
		return CAPABILITY_SLOW;
	return write_averages(readings->prog, category, window, result, err);
}

/* --- the machine ---------------------------------------------------------- */

int
readings_health(struct readings *readings, const struct capability_call *call,
    struct json_writer *result, struct error *err)
{
	struct view view;

	(void)call, (void)err;
	view_look(readings->prog, readings->observed, &view);
	health_summary_write(readings->prog->config, &view, result);
	return 0;
}

int
readings_info(struct readings *readings, const struct capability_call *call,
    struct json_writer *result, struct error *err)
{
	struct utsname name;
	struct sysinfo size;
	struct view view;

	(void)call;
	if (uname(&name) == -1 || sysinfo(&size) == -1)
		return error_set_errno(err, "the system's words of itself");
	view_look(readings->prog, readings->observed, &view);
	json_writer_object(result);
	json_writer_pair(result, "version", KRUXOS_VERSION);
	json_writer_pair(result, "hostname", name.nodename);
	json_writer_pair(result, "system", name.sysname);
	json_writer_pair(result, "kernel", name.release);
	json_writer_pair(result, "architecture", name.machine);
	json_writer_pair_u64(
	    result, "processors", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	json_writer_pair_u64(result, "memory_total_mb",
	    (uint64_t)size.totalram * size.mem_unit >> 20);
	json_writer_pair_u64(
	    result, "host_uptime_seconds", (uint64_t)size.uptime);
	json_writer_pair_time_or_null(
	    result, "started_at", view.is_there ? view.status.started_at : 0);
	json_writer_pair_time(result, "time", view.now);
	json_writer_end_object(result);
	return 0;
}
