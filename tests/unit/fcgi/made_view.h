/* What is known of a daemon at work for four hours, and of an observer, for the
 * tests. */
#ifndef TESTS_MADE_VIEW_H
#define TESTS_MADE_VIEW_H

#include "base/buf.h"
#include "config/config.h"
#include "fcgi/view.h"

#include <math.h>
#include <stdio.h>

static const usec_t BOOT = 1000 * USEC_PER_SEC;
static const usec_t NOW = 2000000 * USEC_PER_SEC;

static inline struct config *
read_config(const char *text)
{
	struct buf problems = BUF_INIT;
	struct config *read;

	if (config_parse("/x/kruxos.conf", slice_of(text), &read, &problems) ==
	    -1)
		fail_msg("%s", problems.data);
	buf_free(&problems);
	return read;
}

static inline struct view
good_view(void)
{
	struct view view = {
		.is_there = true,
		.has_page = true,
		.now = NOW,
		.boottime = BOOT,
		.check_silence = 45 * USEC_PER_SEC,
	};

	view.status = (struct status){
		.started_at = NOW - 4 * USEC_PER_HOUR,
		.heartbeat = BOOT,
		.refusal = STATUS_ACCEPTING,
		.integrity = STATUS_VERIFIED,
		.sampled_at = BOOT - 2 * USEC_PER_SEC,
		.cpu_percent = 12.54,
		.memory_used_bytes = (UINT64_C(257) << 20) - 1,
		.memory_total_bytes = UINT64_C(2048) << 20,
		.disk_used_percent = 34.2,
	};
	figure_clear(view.figures);
	figure_clear(view.observed.figures);
	view.observed.observer_at = BOOT - 2 * USEC_PER_SEC;
	return view;
}

/* It has been checked `ago` seconds ago. */
static inline void
add_seen(struct view *view, const char *name, enum observed_status status,
    unsigned ago)
{
	struct observed_service *service =
	    &view->observed.services[view->observed.service_count++];

	*service = (struct observed_service){
		.status = status,
		.latency_ms = 1.25,
		.checked_at = NOW - ago * USEC_PER_SEC,
		.reported_at = BOOT - ago * USEC_PER_SEC,
		.since = NOW - USEC_PER_HOUR,
	};
	snprintf(service->name, sizeof(service->name), "%s", name);
	snprintf(service->details, sizeof(service->details), "connected");
}

#endif
