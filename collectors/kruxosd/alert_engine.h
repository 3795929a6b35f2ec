/* Alerts as a pure function of what is seen and of time: pending, firing,
 * resolved.
 *
 * A rule that holds for as long as it says raises its alert; once it has been
 * clear for a while, by a margin (rule.h), the alert resolves. One that comes
 * back again and again must be clear for longer each time, so it does not
 * flap. What is not known (NAN, a service that nobody has heard of) neither
 * raises nor resolves anything.
 *
 * No flood from one cause: the alert of a service waits while one that it
 * depends on is down, and what the daemon counts itself waits while its log
 * cannot be written.
 *
 * What agents send is hostile text: cut to its bounds, deduplicated, and of an
 * agent and of all agents there are only so many alerts, and so many about
 * their rate limits; what is beyond is one alert that counts. There is always
 * room for what the machine itself has to say.
 *
 * Nothing here reads a clock, a file or a socket: what becomes of an alert is
 * told to one function.
 */
#ifndef KRUXOSD_ALERT_ENGINE_H
#define KRUXOSD_ALERT_ENGINE_H

#include "config/config.h"
#include "store/alert.h"
#include "store/observed.h"

enum {
	ALERT_ENGINE_MAX = 1024,    /* alerts held at once */
	ALERT_ENGINE_A_AGENT = 32,  /* of one agent, not resolved */
	ALERT_ENGINE_AGENTS = 512,  /* of all agents, not resolved */
	ALERT_ENGINE_LIMITED = 128, /* about rate limits, not resolved */
};

/* How long it must have been clear; twice as long for each time that it has
 * come back, up to ALERT_CLEAR_MAX. */
#define ALERT_CLEAR_FIGURE  (15 * USEC_PER_SEC)
#define ALERT_CLEAR_SERVICE (5 * USEC_PER_SEC)
#define ALERT_CLEAR_MAX	    (5 * USEC_PER_MIN)
/* What happens at a moment is over when it has not happened for this long. */
#define ALERT_QUIET_RATE_LIMIT (5 * USEC_PER_MIN)
#define ALERT_QUIET_AGENT      USEC_PER_DAY
/* Over for longer, it is another one when it comes back. */
#define ALERT_FORGET USEC_PER_DAY

struct alert_engine;

/* Now, by both clocks: durations by the one that nobody sets. */
struct alert_time {
	usec_t realtime;
	usec_t boottime;
};

/* What became of `alert`, which is as it is afterwards. */
typedef void alert_listener(void *context, const struct alert *alert,
    enum alert_event event, usec_t realtime);

struct alert_engine *alert_engine_new(alert_listener *listener, void *context);
void alert_engine_free(struct alert_engine *engine);

/* The rules of `config`, copied. Alerts of rules that are no more there, or not
 * enabled, resolve with the next evaluation. */
void alert_engine_configure(
    struct alert_engine *engine, const struct config *config);

/* One that was there before the start, as it was told to the listener. */
void alert_engine_restore(struct alert_engine *engine,
    const struct alert *alert, struct alert_time now);
/* The first id that was never given. */
void alert_engine_set_next_id(struct alert_engine *engine, uint64_t id);

struct alert_service {
	const char *name;
	enum observed_status status;
	const char *details;
	uint64_t depends_on; /* a bit for each place in the list */
	bool has_other_rule; /* which tells when it is down */
	/* How long those it depends on may take to be found down, too: so long
	 * its own alert waits for them at least. */
	usec_t patience;
};

struct alert_input {
	struct alert_time now;
	const double *figures; /* FIGURE_COUNT of them */
	const struct alert_service *services;
	size_t service_count; /* at most 64 */
	/* What is wrong with the daemon's own, by the subject of the rules
	 * about it, in words; NULL: nothing is. */
	const char *trouble[RULE_SUBJECTS];
};

/* Once a second. */
void alert_engine_evaluate(
    struct alert_engine *engine, const struct alert_input *input);

/* An agent has hit its rate limit. */
void alert_engine_rate_limit(struct alert_engine *engine,
    struct slice agent_name, struct alert_time now);

/* What an agent sends. */
struct alert_words {
	struct slice agent_name;
	enum rule_severity severity;
	struct slice title;   /* empty: it has none */
	struct slice message; /* {NULL, 0}: none */
	struct slice context; /* a JSON object, or {NULL, 0} */
	uint64_t seq;	      /* its entry */
};
void alert_engine_send(struct alert_engine *engine,
    const struct alert_words *words, struct alert_time now);

/* It counts as seen by `user` until it has resolved. ERROR_NOT_FOUND: no alert
 * that is not resolved has this id. */
int alert_engine_acknowledge(struct alert_engine *engine, uint64_t id,
    struct slice user, struct slice note, struct alert_time now,
    struct error *err);

/* The alert `id`, or NULL; good until the engine is called again. */
const struct alert *
alert_engine_find(const struct alert_engine *engine, uint64_t id);

/* Of those that are held, the one at `place`, or NULL behind the last. */
const struct alert *
alert_engine_at(const struct alert_engine *engine, size_t place);

/* The words of the entry `seq` are erased from what is held. */
void alert_engine_erase(struct alert_engine *engine, uint64_t seq);

#endif
