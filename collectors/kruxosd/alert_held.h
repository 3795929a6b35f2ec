/* The inside of the alert engine: the alerts that it holds, and what becomes of
 * one. For four files alone: alert_held.c; alert_rules.c, which evaluates
 * rules; alert_moments.c, for what happens at a moment; alert_engine.c, the
 * rest.
 */
#ifndef KRUXOSD_ALERT_HELD_H
#define KRUXOSD_ALERT_HELD_H

#include "base/buf.h"
#include "base/sha256.h"
#include "collectors/kruxosd/alert_engine.h"

enum outcome {
	HOLDS,
	BETWEEN, /* neither so nor over */
	CLEAR,
	UNKNOWN,
};

struct held {
	struct alert alert;  /* its text is its own */
	usec_t clear_time;   /* how long it must have been clear */
	bool is_quiet_clear; /* it is clear when it is not seen */

	/* CLOCK_BOOTTIME; 0: it is not so. */
	usec_t so_since, clear_since;
	usec_t seen_at, told_at;
	usec_t over_at;
	uint64_t round; /* of its last evaluation */
	bool is_untold; /* it was counted since it was told */
};

struct engine_rule {
	struct rule when;
	enum rule_severity severity;
	char *name, *title;
	uint64_t fingerprint; /* where it speaks of one thing alone */
};

struct alert_engine {
	alert_listener *listener;
	void *context;
	struct sha256 *sha256;
	struct buf scratch;
	struct engine_rule *rules;
	size_t rule_count;
	uint64_t next_id, round;
	bool log_fails; /* the log cannot be written now */

	/* Fingerprints lie beside each other: they are what is looked for. */
	uint64_t fingerprints[ALERT_ENGINE_MAX];
	struct held *held[ALERT_ENGINE_MAX];
	size_t count;
};

/* One thing that a rule, or an agent, speaks of. */
struct subject {
	uint64_t fingerprint;
	enum rule_severity severity;
	struct slice rule, service, agent_name, title;
	usec_t hold;
	usec_t clear_time;
	bool is_quiet_clear;
};

/* A copy of `value`, cut at `max` bytes, takes the place of `text`, which is
 * freed. */
void alert_held_set_text(struct slice *text, struct slice value, size_t max);
void alert_held_free(struct held *held);

/* Of what makes one alert another than the others. */
uint64_t alert_held_fingerprint(struct alert_engine *engine, const char *kind,
    struct slice first, struct slice second);

/* NULL: none. */
struct held *
alert_held_find(const struct alert_engine *engine, uint64_t fingerprint);

/* A new one, pending. NULL: as many as can be held are not over. */
struct held *alert_held_add(struct alert_engine *engine,
    const struct subject *subject, struct alert_time now);
/* One that is made already; there is room. */
struct held *alert_held_keep(struct alert_engine *engine, struct held *held);
/* The last one takes its place. */
void alert_held_forget(struct alert_engine *engine, size_t place);

/* To the listener; a count at most once a second. */
void alert_held_tell(struct alert_engine *engine, struct held *held,
    enum alert_event event, struct alert_time now);
void alert_held_tell_count(
    struct alert_engine *engine, struct held *held, struct alert_time now);

/* From state to state. What was pending and is dropped may be forgotten. */
void alert_held_fire(
    struct alert_engine *engine, struct held *held, struct alert_time now);
void alert_held_resolve(
    struct alert_engine *engine, struct held *held, struct alert_time now);
void alert_held_drop(
    struct alert_engine *engine, struct held *held, struct alert_time now);

/* One evaluation of one thing; `waits`: something that it follows from is being
 * told already; `message` in words, when it is so. */
void alert_held_step(struct alert_engine *engine, const struct subject *subject,
    enum outcome outcome, bool waits, struct slice message,
    struct alert_time now);

/* What a rule speaks of, where that is one thing alone. */
struct subject alert_rules_subject(const struct engine_rule *rule);

#endif
