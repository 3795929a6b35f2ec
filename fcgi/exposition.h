/* Metrics as Prometheus reads them: its text format 0.0.4, or OpenMetrics 1.0.
 *
 *	exposition_begin(&out, EXPOSITION_OPENMETRICS, &body);
 *	exposition_family(&out, "kruxos_http_requests_total",
 *	    EXPOSITION_COUNTER, "Requests that nginx answered.");
 *	exposition_sample(&out, 12, "route", "/health", NULL);
 *	exposition_end(&out);
 *
 * Names are those of the text format: a counter's ends in _total, an info's in
 * _info; OpenMetrics has both on the samples alone, and tells the unit that a
 * name ends in. A family of which no sample is known is left out: a value that
 * is NAN is not known.
 */
#ifndef FCGI_EXPOSITION_H
#define FCGI_EXPOSITION_H

#include "base/buf.h"

enum exposition_format { EXPOSITION_TEXT, EXPOSITION_OPENMETRICS };

enum exposition_type {
	EXPOSITION_GAUGE,
	EXPOSITION_COUNTER,
	EXPOSITION_INFO, /* always 1; its labels tell */
};

struct exposition {
	struct buf *out;
	enum exposition_format format;

	/* Private: the family at hand. */
	const char *name;
	enum exposition_type type;
	const char *help;
	bool is_told; /* its head is written */
};

void exposition_begin(struct exposition *exposition,
    enum exposition_format format, struct buf *out);

/* Samples of `name` follow. `help` is a sentence; both outlive the family. */
void exposition_family(struct exposition *exposition, const char *name,
    enum exposition_type type, const char *help);

/* A value, and what distinguishes it: names and texts of labels in turn, then
 * NULL. The texts may hold anything. */
void exposition_sample(struct exposition *exposition, double value, ...)
    __attribute__((sentinel));

/* A family of one sample without labels. */
void exposition_single(struct exposition *exposition, const char *name,
    enum exposition_type type, const char *help, double value);

void exposition_end(struct exposition *exposition);

#endif
