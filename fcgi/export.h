/* /api/audit/export: every entry that matches, as a download, in the order of
 * the log. Linked into audit.fcgi. */
#ifndef FCGI_EXPORT_H
#define FCGI_EXPORT_H

#include "http/params.h"
#include "http/reply.h"
#include "http/route.h"

extern const struct param export_params[];

/* Records that it was asked for (`audit.export`, through the door), then
 * streams JSON, NDJSON or CSV. */
route_handler export_get;

/* Append `text` as one cell of CSV (RFC 4180); what a spreadsheet could take
 * for a formula gets a `'` before it. */
void export_add_cell(struct buf *out, struct slice text);

#endif
