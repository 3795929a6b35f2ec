/* What the service proxy reports: the arguments of `proxy.report` as a struct.
 *
 * Pure. A report is the whole state each time, and one of which one field is
 * wrong is none. What its text says may come from agents and from services far
 * away: it is redacted like the log's, and cut.
 */
#ifndef KRUXOSD_PROXY_REPORT_H
#define KRUXOSD_PROXY_REPORT_H

#include "base/json_reader.h"
#include "collectors/kruxosd/command.h"
#include "log/redact.h"
#include "store/proxy.h"

extern const struct command_arg proxy_report_args[];

/* Fill `ret_report` from `args`, which are of the types above; all of it comes
 * from `arena`. Its time and decisions are left empty. What is null or left out
 * is not known, or has not happened. ERROR_UNKNOWN_FIELD, ERROR_MISSING_FIELD,
 * ERROR_WRONG_TYPE, ERROR_OUT_OF_RANGE, ERROR_TOO_LONG; err->field is the key.
 */
int proxy_report_read(const struct json_reader *reader,
    const struct json_node *args, const struct redactor *redactor,
    struct arena *arena, struct proxy_report *ret_report, struct error *err);

/* The service or the write of that name; NULL. */
struct proxy_service *
proxy_report_service(const struct proxy_report *report, struct slice name);
struct proxy_write *
proxy_report_write(const struct proxy_report *report, struct slice id);

#endif
