/* /api/metrics: the figures of one category, as one flat object. Linked into
 * metrics.fcgi. */
#ifndef FCGI_CATEGORIES_H
#define FCGI_CATEGORIES_H

#include "base/json_writer.h"
#include "fcgi/view.h"
#include "http/params.h"

extern const struct param categories_params[];

/* The category that is asked for. -1: none is, or there is no such one; the
 * error names the parameter. */
int categories_read(struct request *req, int *ret_category, struct error *err);

/* What is not known is null. */
void categories_write(
    int category, const struct view *view, struct json_writer *json);

/* The fields of "agents" alone, within an object. */
void categories_write_agents(const struct view *view, struct json_writer *json);

#endif
