#include "fcgi/judgement.h"

static const char *const names[HEALTH_COUNT] = {
	[HEALTH_UNKNOWN] = "unknown",
	[HEALTH_HEALTHY] = "healthy",
	[HEALTH_DEGRADED] = "degraded",
	[HEALTH_UNHEALTHY] = "unhealthy",
};

const char *
judgement_name(enum health health)
{
	return names[health];
}

/* --- who reports ---------------------------------------------------------- */

/* Has the host been sampled of late? */
static bool
daemon_reports(const struct view *view)
{
	return view->is_there && view_is_current(view, view->status.sampled_at,
				     OBSERVED_SILENCE_MAX);
}

/* What it said is on the page: where there is none, it said nothing. */
static bool
observer_is_silent(const struct view *view)
{
	usec_t told = view->has_page ? view->observed.observer_at : 0;

	return !view_is_current(view, told, OBSERVED_SILENCE_MAX);
}

/* --- a service ------------------------------------------------------------ */

static const enum health healths[] = {
	[OBSERVED_UNKNOWN] = HEALTH_UNKNOWN,
	[OBSERVED_HEALTHY] = HEALTH_HEALTHY,
	[OBSERVED_DEGRADED] = HEALTH_DEGRADED,
	[OBSERVED_UNHEALTHY] = HEALTH_UNHEALTHY,
};

static enum health
audit_health(const struct view *view)
{
	return view->is_there ? healths[observed_audit(&view->status)]
			      : HEALTH_UNHEALTHY;
}

static enum health
state_health(const struct view *view)
{
	return view->is_there
		   ? healths[observed_state(&view->status, view->boottime)]
		   : HEALTH_UNHEALTHY;
}

/* What the status page tells of, the others are told of by who checks them. */
static const struct {
	const char *service;
	enum health (*judge)(const struct view *view);
} judges[] = {
	{ "audit", audit_health },
	{ "state", state_health },
};

static enum health
checked_health(const struct config_service *service, const struct view *view)
{
	const struct observed_service *seen = view_service(view, service->name);

	if (service->kind == CONFIG_SERVICE_UNCHECKED || seen == NULL)
		return HEALTH_UNKNOWN;
	return healths[seen->status];
}

enum health
judgement_of_service(
    const struct config_service *service, const struct view *view)
{
	for (size_t i = 0; i < sizeof(judges) / sizeof(judges[0]); i++)
		if (strcmp(judges[i].service, service->name) == 0)
			return judges[i].judge(view);
	return checked_health(service, view);
}

/* As it counts. One whose check has not come yet may still be told of. */
static enum health
weight(const struct config_service *service, const struct view *view)
{
	enum health health = judgement_of_service(service, view);

	if (health == HEALTH_UNKNOWN &&
	    service->kind != CONFIG_SERVICE_UNCHECKED &&
	    view_service(view, service->name) == NULL &&
	    !view_is_current(view, 0, view->check_silence))
		return HEALTH_UNHEALTHY;
	return health;
}

/* --- the whole ------------------------------------------------------------ */

enum health
judgement_of_all(const struct config *config, const struct view *view)
{
	enum health worst =
	    observer_is_silent(view) ? HEALTH_DEGRADED : HEALTH_HEALTHY;

	if (!daemon_reports(view))
		return HEALTH_UNHEALTHY;
	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];
		enum health health = weight(service, view);

		if (health == HEALTH_UNHEALTHY && !service->critical)
			health = HEALTH_DEGRADED;
		if (health > worst)
			worst = health;
	}
	return worst;
}

unsigned
judgement_issues(const struct config *config, const struct view *view)
{
	unsigned issues = !daemon_reports(view);

	if (view->is_there)
		issues += observer_is_silent(view);
	for (size_t i = 0; i < config->service_count; i++)
		issues += weight(&config->services[i], view) > HEALTH_HEALTHY;
	return issues;
}
