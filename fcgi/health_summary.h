/* Is the machine healthy, in one object: for /health, and for agents that ask.
 */
#ifndef FCGI_HEALTH_SUMMARY_H
#define FCGI_HEALTH_SUMMARY_H

#include "base/json_writer.h"
#include "fcgi/judgement.h"

/* Status, version, uptime, services and resources; what is not known is null.
 * Returns the status. */
enum health health_summary_write(const struct config *config,
    const struct view *view, struct json_writer *json);

#endif
