#include "fcgi/view.h"

#include <math.h>

#define MIB 1048576.0

usec_t
view_uptime(const struct view *view)
{
	usec_t started = view->status.started_at;

	return view->now > started ? view->now - started : 0;
}

static bool
is_recent(const struct view *view, usec_t time, usec_t limit)
{
	return time != 0 &&
	       (time >= view->boottime || view->boottime - time <= limit);
}

bool
view_is_current(const struct view *view, usec_t time, usec_t limit)
{
	return is_recent(view, time, limit) ||
	       (time == 0 && view_uptime(view) <= limit);
}

bool
view_is_observed(const struct view *view)
{
	return view->is_there && view->has_page &&
	       is_recent(view, view->observed.observer_at, VIEW_SILENCE_MAX);
}

const struct observed_service *
view_service(const struct view *view, const char *name)
{
	const struct observed *observed = &view->observed;

	if (!view->is_there || !view->has_page)
		return NULL;
	for (size_t i = 0; i < observed->service_count; i++) {
		const struct observed_service *service = observed->services + i;

		if (strcmp(service->name, name) == 0)
			return is_recent(view, service->reported_at,
				   VIEW_CHECK_SILENCE_MAX)
				   ? service
				   : NULL;
	}
	return NULL;
}

/* --- figures -------------------------------------------------------------- */

/* What nobody else has said. */
static void
fill(struct view *view, enum figure figure, double value)
{
	if (isnan(view->figures[figure]))
		view->figures[figure] = value;
}

/* The daemon samples the host, too. */
static void
fill_host(struct view *view)
{
	const struct status *status = &view->status;
	double used = (double)status->memory_used_bytes;
	double total = (double)status->memory_total_bytes;

	if (!is_recent(view, status->sampled_at, VIEW_SILENCE_MAX))
		return;
	fill(view, FIGURE_CPU_PERCENT, status->cpu_percent);
	fill(view, FIGURE_MEMORY_USED_MB, used / MIB);
	fill(view, FIGURE_MEMORY_TOTAL_MB, total / MIB);
	if (total > 0)
		fill(view, FIGURE_MEMORY_PERCENT, 100 * used / total);
	fill(view, FIGURE_DISK_USED_PERCENT, status->disk_used_percent);
}

/* Of the log the status page says the latest. */
static void
take_log(struct view *view)
{
	const struct status *status = &view->status;
	uint64_t lag = status->head_seq > status->index_seq
			   ? status->head_seq - status->index_seq
			   : 0;

	view->figures[FIGURE_ENTRIES_TOTAL] = (double)status->head_seq;
	view->figures[FIGURE_ENTRIES_REFUSED_TOTAL] =
	    (double)status->entries_refused;
	view->figures[FIGURE_INDEX_LAG_ENTRIES] = (double)lag;
}

/* The first of the figures are the observer's, the rest the daemon's. */
static void
gather_figures(struct view *view)
{
	figure_clear(view->figures);
	if (!view->is_there)
		return;
	for (int i = 0; i < FIGURE_COUNT; i++)
		if (view->has_page &&
		    (i >= FIGURE_ACTIVE_AGENTS || view_is_observed(view)))
			view->figures[i] = view->observed.figures[i];
	fill_host(view);
	take_log(view);
}

/* --- looking -------------------------------------------------------------- */

void
view_look(
    struct program *prog, struct observed_page *page, struct view *ret_view)
{
	struct view *view = ret_view;
	struct error err = { 0 };
	bool is_read;

	*view = (struct view){ 0 };
	/* Why a page cannot be read is for the daemon's own diagnostics: here
	 * it only does not report. */
	is_read = program_status(prog, &view->status, &err) == 0;
	view->has_page = observed_read(page, &view->observed, &err) == 0;
	/* After the pages, whose times would lie in the future else. */
	view->now = clock_realtime(&clock_system);
	view->boottime = clock_boottime(&clock_system);
	view->is_there = is_read && status_is_fresh(&view->status,
					view->boottime, VIEW_SILENCE_MAX);
	gather_figures(view);
}
