/* /api/metrics/history: figures over time. Linked into metrics.fcgi. */
#ifndef FCGI_CHARTS_H
#define FCGI_CHARTS_H

#include "http/params.h"
#include "http/route.h"

extern const struct param charts_params[];

route_handler charts_get;

#endif
