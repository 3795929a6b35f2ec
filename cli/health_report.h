/* What `kruxos health` knows, as it is told to people and to scripts. */
#ifndef CLI_HEALTH_REPORT_H
#define CLI_HEALTH_REPORT_H

#include "base/buf.h"
#include "base/clock.h"
#include "cli/json.h"
#include "cli/terminal.h"

enum health_state {
	HEALTH_UNKNOWN,
	HEALTH_HEALTHY,
	HEALTH_DEGRADED,
	HEALTH_UNHEALTHY,
	HEALTH_STATES
};

enum health_service {
	HEALTH_GATEWAY,
	HEALTH_VAULT,
	HEALTH_PROXY,
	HEALTH_AUDIT,
	HEALTH_STATE,
	HEALTH_SERVICES
};

/* All that is shown. Negative figures are not known. */
struct health {
	enum health_state state;
	enum health_state services[HEALTH_SERVICES];
	double cpu_percent, memory_used_mb, memory_total_mb, disk_used_percent;
	double uptime_seconds;
	usec_t synced_ago;	    /* of the proxy; 0: not known */
	const char *chain;	    /* "verified", … */
	struct json_object *others; /* the operator's own services, or NULL */
};

/* What is known before anybody was asked. */
#define HEALTH_NOTHING                                                     \
	{                                                                  \
		HEALTH_UNKNOWN, { HEALTH_UNKNOWN }, -1, -1, -1, -1, -1, 0, \
		    "unknown", NULL                                        \
	}

/* The state that GET /health calls `word`; any other word is unknown. */
enum health_state health_report_state(struct slice word);

/* The service's key in GET /health. */
const char *health_report_key(enum health_service service);

/* For people: a line each for state, resources and services. */
void health_report_add_text(const struct health *health,
    const struct terminal *terminal, struct buf *out);

/* The shape of GET /health, from what is known without it. */
void health_report_add_json(const struct health *health, struct buf *out);

#endif
