/* What is seen, judged: by one rule for /health, /metrics and the Health page.
 *
 * A service that nobody checks is unknown, and counts for nothing. One that is
 * checked, but silent for three intervals, is unknown too, and counts as
 * failing. Only what is critical makes the whole unhealthy, or a daemon that
 * does not report; an observer that does not makes it degraded.
 */
#ifndef FCGI_JUDGEMENT_H
#define FCGI_JUDGEMENT_H

#include "config/config.h"
#include "fcgi/view.h"

enum health {
	HEALTH_UNKNOWN,
	HEALTH_HEALTHY,
	HEALTH_DEGRADED,
	HEALTH_UNHEALTHY,
	HEALTH_COUNT,
};

/* "healthy" */
const char *judgement_name(enum health health);

/* How a service is, as it is shown. */
enum health judgement_of_service(
    const struct config_service *service, const struct view *view);

/* How all of it is. */
enum health
judgement_of_all(const struct config *config, const struct view *view);

/* How many things are not as they should be: services, and who reports. */
unsigned judgement_issues(const struct config *config, const struct view *view);

#endif
