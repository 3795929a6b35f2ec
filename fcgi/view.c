#include "fcgi/view.h"

#include "config/config.h"

usec_t
view_uptime(const struct view *view)
{
	usec_t started = view->status.started_at;

	return view->now > started ? view->now - started : 0;
}

static bool
is_recent(const struct view *view, usec_t time, usec_t limit)
{
	return observed_is_recent(time, view->boottime, limit);
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
	       is_recent(
		   view, view->observed.observer_at, OBSERVED_SILENCE_MAX);
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
				   view->check_silence)
				   ? service
				   : NULL;
	}
	return NULL;
}

/* --- figures -------------------------------------------------------------- */

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
	observed_fill(view->figures, &view->status, view->boottime);
}

/* --- looking -------------------------------------------------------------- */

void
view_look(
    struct program *prog, struct observed_page *page, struct view *ret_view)
{
	struct view *view = ret_view;
	struct error err = { 0 };
	bool is_read;

	*view = (struct view){
		.check_silence = config_check_silence(prog->config),
	};
	/* Why a page cannot be read is for the daemon's own diagnostics: here
	 * it only does not report. */
	is_read = program_status(prog, &view->status, &err) == 0;
	view->has_page = observed_read(page, &view->observed, &err) == 0;
	/* After the pages, whose times would lie in the future else. */
	view->now = clock_realtime(&clock_system);
	view->boottime = clock_boottime(&clock_system);
	view->is_there = is_read && status_is_fresh(&view->status,
					view->boottime, OBSERVED_SILENCE_MAX);
	gather_figures(view);
}
