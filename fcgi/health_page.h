/* /api/health: what the dashboard's Health page shows. Linked into
 * metrics.fcgi. */
#ifndef FCGI_HEALTH_PAGE_H
#define FCGI_HEALTH_PAGE_H

#include "http/route.h"

route_handler health_page_get;

#endif
