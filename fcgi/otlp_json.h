/* OTLP as JSON: the log records or spans of a request, one after the other.
 *
 * A request may have four megabytes, and what it is made of once it is
 * unpacked sixteen: so it is walked, and only one record at a time is read as a
 * whole. What belongs to all of them, the resource, may stand behind them.
 *
 *	https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 *
 * Members that are not known are passed over, and so are values of other types
 * than they should be. Pure, but for what `on_record` does.
 */
#ifndef FCGI_OTLP_JSON_H
#define FCGI_OTLP_JSON_H

#include "base/error.h"
#include "fcgi/otlp_record.h"

/* Read `body`, logs or traces as `signal` says. -1: it is no JSON of this
 * shape: ERROR_BAD_JSON, _BAD_UTF8, _DUPLICATE_KEY, _TOO_DEEP, _WRONG_TYPE;
 * some records may have been handed over before that. */
int otlp_json_read(struct slice body, enum otlp_signal signal,
    otlp_record_on_read on_record, void *context,
    struct otlp_counts *ret_counts, struct error *err);

#endif
