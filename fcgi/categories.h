/* The figures of one category, as one flat object: /api/metrics, and the
 * capability system.metrics. */
#ifndef FCGI_CATEGORIES_H
#define FCGI_CATEGORIES_H

#include "base/json_writer.h"
#include "fcgi/view.h"
#include "http/params.h"

extern const struct param categories_params[];

/* The category that is asked for. -1: none is, or there is no such one; the
 * error names the parameter. */
int categories_read(struct request *req, int *ret_category, struct error *err);

enum { CATEGORIES = 4 };

/* The category of that name, or -1. */
int categories_find(struct slice name);

bool categories_has(int category, enum figure figure);

/* What is not known is null. */
void categories_write(
    int category, const struct view *view, struct json_writer *json);

/* The same without the braces, within an object. */
void categories_write_fields(
    int category, const struct view *view, struct json_writer *json);

/* The fields of "agents" alone, within an object. */
void categories_write_agents(const struct view *view, struct json_writer *json);

#endif
