/* What is known at one moment: the daemon's two pages, and how old they are.
 *
 * What is not current is not known: no figure outlives who reports it.
 */
#ifndef FCGI_VIEW_H
#define FCGI_VIEW_H

#include "fcgi/program.h"
#include "store/observed.h"

struct view {
	bool is_there; /* the daemon reports */
	bool has_page; /* … and keeps an observed page */
	struct status status;
	struct observed observed;
	double figures[FIGURE_COUNT]; /* those of both pages that are current */
	usec_t now;		      /* CLOCK_REALTIME */
	usec_t boottime;	      /* CLOCK_BOOTTIME, as in the pages */
	usec_t check_silence;	      /* config_check_silence() */
};

/* Look now. `page` may be read by the calling thread alone. That a page cannot
 * be read is no error: then nothing is known. */
void view_look(
    struct program *prog, struct observed_page *page, struct view *ret_view);

/* Of the daemon. */
usec_t view_uptime(const struct view *view);

/* Did it happen at `time` (CLOCK_BOOTTIME; 0: never), at most `limit` ago? A
 * daemon that is younger than that may still be told of it. */
bool view_is_current(const struct view *view, usec_t time, usec_t limit);

/* Does the observer report? */
bool view_is_observed(const struct view *view);

/* What is known of the service, as long as somebody checks it; or NULL. */
const struct observed_service *
view_service(const struct view *view, const char *name);

#endif
