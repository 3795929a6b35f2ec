/* What the observer reports: the arguments of `telemetry.report` as a struct.
 *
 * Pure. The observer is a program of its own, of another uid: what it says is
 * checked like anything else that comes through the door, and a report of
 * which one field is wrong is none.
 */
#ifndef KRUXOSD_TELEMETRY_REPORT_H
#define KRUXOSD_TELEMETRY_REPORT_H

#include "base/json_reader.h"
#include "collectors/kruxosd/command.h"
#include "store/observed.h"

extern const struct command_arg telemetry_report_args[];

/* Fill `ret_observed` from `args`, which are of the types above. Of services
 * there are those that were checked since the report before; `reported_at`,
 * `since` and `observer_at` are left 0. What is null or left out is not known.
 * ERROR_UNKNOWN_FIELD, ERROR_MISSING_FIELD, ERROR_WRONG_TYPE,
 * ERROR_OUT_OF_RANGE, ERROR_TOO_LONG; err->field is the key. */
int telemetry_report_read(const struct json_reader *reader,
    const struct json_node *args, struct observed *ret_observed,
    struct error *err);

/* A service's status and its words, of a report or a heartbeat: `text` made
 * visible, cut where it is too long. */
void telemetry_report_details(
    struct slice text, char ret_details[static OBSERVED_DETAILS_BYTES + 1]);

#endif
