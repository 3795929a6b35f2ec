/* What is done about alerts: POST of /api/alerts/<id>/acknowledge,
 * /api/silences and /api/silences/<id>/end. Linked into alerts.fcgi. */
#ifndef FCGI_ALERT_CHANGES_H
#define FCGI_ALERT_CHANGES_H

#include "http/param.h"
#include "http/route.h"

extern const struct param acknowledge_body[];
extern const struct param silence_body[];

route_handler acknowledge_post;
route_handler silence_post;
route_handler silence_end_post;

#endif
