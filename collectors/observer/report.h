/* What is reported: the arguments of the command telemetry.report
 * (docs/door.md). Pure. */
#ifndef OBSERVER_REPORT_H
#define OBSERVER_REPORT_H

#include "base/buf.h"
#include "store/observed.h"

/* Append `observed` as an object: the observer's figures (null: not known),
 * services with their last check, routes, programs. */
void report_write(const struct observed *observed, struct buf *out);

#endif
