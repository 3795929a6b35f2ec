/* Alerts and silences as kruxosd keeps them in telemetry.db, for who reads
 * them.
 *
 * The database may not be there yet, or be replaced while a program runs: it is
 * opened when it is first needed, and again when another file has taken its
 * place. Of one thread.
 */
#ifndef STORE_ALERTS_H
#define STORE_ALERTS_H

#include "store/silence.h"

enum {
	ALERTS_LIMIT = 4096,	     /* of one list */
	ALERTS_HISTORY_LIMIT = 1000, /* of one alert */
};

struct alerts_reader;

/* `path` (copied) is that of telemetry.db. Never NULL. */
struct alerts_reader *alerts_open(const char *path);
void alerts_close(struct alerts_reader *reader);

struct alert_list {
	struct alert *alerts; /* in the arena */
	size_t count;
};

/* Those seen at `since` or later: what is not resolved first, then the worst,
 * then the newest. ERROR_UNREACHABLE: there is no database yet; the
 * statements' errors. */
int alerts_list(struct alerts_reader *reader, usec_t since, struct arena *arena,
    struct alert_list *ret_list, struct error *err);

/* One. ERROR_NOT_FOUND. */
int alerts_find(struct alerts_reader *reader, uint64_t id, struct arena *arena,
    struct alert *ret_alert, struct error *err);

struct alert_history {
	struct alert_moment {
		usec_t at;
		enum alert_event event;
		struct slice user_name; /* {NULL, 0}: nobody's doing */
		struct slice note;
	} * moments; /* the newest first */
	size_t count;
};
int alerts_history(struct alerts_reader *reader, uint64_t id,
    struct arena *arena, struct alert_history *ret_history, struct error *err);

/* How many there are of each kind. */
struct alert_counts {
	uint64_t alerts[RULE_SEVERITIES][ALERT_RESOLVED]; /* by state */
	uint64_t silences;				  /* that count now */
	usec_t oldest_silence;				  /* 0: there is none */
};
int alerts_count(struct alerts_reader *reader, usec_t now,
    struct alert_counts *ret_counts, struct error *err);

struct silence_list {
	struct silence *silences;
	size_t count;
};

/* Those that count at `now`, the oldest first. */
int alerts_silences(struct alerts_reader *reader, usec_t now,
    struct arena *arena, struct silence_list *ret_list, struct error *err);

#endif
