/* When an alert is raised: the `when` of an [alert NAME].
 *
 *	http_p99_ms > 500 for 5m	a figure of figure.h; > >= < <=
 *	service_down for 30s		one of the events below
 *
 * Without `for` it is raised at once.
 */
#ifndef STORE_RULE_H
#define STORE_RULE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/figure.h"

enum rule_subject {
	RULE_NOTHING, /* no `when` was given */
	RULE_FIGURE,
	RULE_AUDIT_WRITE_FAILURE, /* "audit_write_failure" */
	RULE_LOG_DAMAGED,	  /* "log_damaged" */
	RULE_DATABASE_FAILURE,	  /* "database_failure" */
	RULE_OBSERVER_SILENT,	  /* "observer_silent" */
	RULE_TOKEN_GUESSING,	  /* "token_guessing" */
	RULE_SERVICE_DOWN,	  /* "service_down": each service by itself */
	RULE_RATE_LIMIT_HIT,	  /* "rate_limit_hit": each agent by itself */
	RULE_SUBJECTS
};

enum rule_comparison {
	RULE_ABOVE,    /* > */
	RULE_AT_LEAST, /* >= */
	RULE_BELOW,    /* < */
	RULE_AT_MOST,  /* <= */
	RULE_COMPARISONS
};

/* The worst first. */
enum rule_severity { RULE_CRITICAL, RULE_WARNING, RULE_INFO, RULE_SEVERITIES };

struct rule {
	enum rule_subject subject;
	enum figure figure; /* RULE_FIGURE */
	enum rule_comparison comparison;
	double value;
	usec_t hold; /* how long it must have been so */
};

/* ERROR_INVALID, with a sentence that names the word that is wrong. */
int rule_parse(struct slice text, struct rule *ret, struct error *err);

/* The same in words, as it could have been written. */
void rule_describe(const struct rule *rule, struct buf *out);

/* Does the rule about a figure hold for `value`, which is a number? */
bool rule_holds(const struct rule *rule, double value);

/* Is `value` so far on the other side that it is over? A fiftieth of the
 * bound lies between the two, so that a value at the bound does not flap. */
bool rule_is_clear(const struct rule *rule, double value);

/* "critical", "warning", "info"; NULL ends the table. */
extern const char *const rule_severities[RULE_SEVERITIES + 1];

/* -1: there is no such severity. */
int rule_severity_of(struct slice name);

#endif
