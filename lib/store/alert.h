/* An alert: what is wrong, since when, who has seen it.
 *
 * It is known by its fingerprint, which is made of the rule and what it speaks
 * of, or of the agent and its title. The same one again is the same alert, with
 * a higher count, until it has been over for a day.
 */
#ifndef STORE_ALERT_H
#define STORE_ALERT_H

#include "base/clock.h"
#include "base/slice.h"
#include "store/rule.h"

enum {
	ALERT_TITLE_BYTES = 200,
	ALERT_MESSAGE_BYTES = 2048,
	ALERT_CONTEXT_BYTES = 4096,
	ALERT_NOTE_BYTES = 1024,
	ALERT_FINGERPRINT_SIZE = sizeof("0123456789abcdef"),
};

enum alert_state {
	ALERT_PENDING, /* so, but not for long enough; or something before it */
	ALERT_FIRING,
	ALERT_RESOLVED,
	ALERT_STATES
};

struct alert {
	uint64_t id;
	uint64_t fingerprint;
	enum alert_state state;
	enum rule_severity severity;
	struct slice rule;	 /* {NULL, 0}: an agent has sent it */
	struct slice service;	 /* that it is about; {NULL, 0}: none */
	struct slice agent_name; /* that sent it, or that it is about */
	struct slice title;
	struct slice message;
	struct slice context; /* a JSON object; {NULL, 0}: none */
	uint64_t count;	      /* how often it was raised */
	usec_t first_seen, last_seen;
	usec_t resolved_at;	      /* 0: it is not */
	struct slice acknowledged_by; /* {NULL, 0}: by nobody */
	usec_t acknowledged_at;
	struct slice note; /* of who acknowledged it */
	uint64_t seq;	   /* the agent's entry with these words; 0: none */
};

/* What can become of it; the names stand in the history. */
enum alert_event {
	ALERT_BEGIN, /* pending, or at once firing: then ALERT_FIRE follows */
	ALERT_DROP,  /* it was pending, and is over */
	ALERT_FIRE,
	ALERT_REPEAT, /* seen again; in no history */
	ALERT_RESOLVE,
	ALERT_ACKNOWLEDGE,
	ALERT_SILENCE,
	ALERT_UNSILENCE,
	ALERT_EVENTS
};

/* "firing"; -1: there is no such state. */
const char *alert_state_name(enum alert_state state);
int alert_state_of(struct slice name);

/* "fire" */
const char *alert_event_name(enum alert_event event);

/* "rule" or "agent": who says it. */
struct slice alert_source(const struct alert *alert);

#endif
