/* The service proxy, as whoever runs it has reported it last, and what people
 * have decided of its writes: what kruxosd keeps of both in telemetry.db, for
 * who reads it.
 *
 * The database may not be there yet, or be replaced while a program runs: it is
 * opened when it is first needed, and again when another file has taken its
 * place. Of one thread.
 */
#ifndef STORE_PROXY_H
#define STORE_PROXY_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/database.h"

enum {
	PROXY_SERVICES = 64, /* of a report, at most */
	PROXY_WRITES = 1000,
	PROXY_ERRORS = 100,    /* that are remembered */
	PROXY_NAME_BYTES = 64, /* of a service's name */
	PROXY_TEXT_BYTES = 512,
};

enum proxy_status { /* of a service */
	PROXY_UNKNOWN,
	PROXY_SYNCED,
	PROXY_SYNCING,
	PROXY_ERROR,
	PROXY_PAUSED,
	PROXY_STATUSES
};

enum proxy_write_state { /* of a write */
	PROXY_BUFFERED,	 /* it waits to be sent */
	PROXY_DEAD,	 /* it could not be sent, and is not tried again */
	PROXY_STATES
};

enum proxy_action {
	PROXY_NONE,
	PROXY_CANCEL,  /* a buffered write is not to be sent */
	PROXY_RETRY,   /* a dead letter is to be sent after all … */
	PROXY_DISCARD, /* … or never */
	PROXY_ACTIONS
};

/* "synced", "buffered", "cancel", …; PROXY_NONE has no name: NULL. */
extern const char *const proxy_statuses[PROXY_STATUSES];
extern const char *const proxy_states[PROXY_STATES];
const char *proxy_action_name(enum proxy_action action);

/* Times are 0 where it has not happened; text is {NULL, 0} where there is none.
 */
struct proxy_service {
	struct slice name;
	enum proxy_status status;
	usec_t last_started_at;
	usec_t last_completed_at;
	uint64_t consecutive_failures;
	struct slice last_error;
	int64_t items_synced; /* -1: it was not said */
};

struct proxy_write {
	struct slice id;
	struct slice service;
	struct slice summary;
	struct slice agent_name;
	enum proxy_write_state state;
	usec_t created_at;
	usec_t sends_at;
	uint64_t attempts;
	struct slice last_error;

	/* What is to be done with it: decided, and not yet reported as done. */
	struct proxy_decision {
		enum proxy_action action;
		struct slice user_name;
		usec_t at;
		uint64_t attempts; /* the write's own, then */
	} decision;
};

/* What went wrong, when that was reported. */
struct proxy_error {
	usec_t at;
	struct slice service;
	struct slice write_id; /* {NULL, 0}: its sync */
	struct slice error;
};

struct proxy_report {
	usec_t reported_at; /* 0: never */
	struct proxy_service *services;
	size_t service_count;
	struct proxy_write *writes;
	size_t write_count;
	struct proxy_error *errors; /* of this and earlier ones; newest first */
	size_t error_count;
};

/* Nobody has reported for three intervals of `interval`, or ever. */
bool
proxy_is_stale(const struct proxy_report *report, usec_t interval, usec_t now);

/* Its last sync failed. */
bool proxy_has_errors(const struct proxy_service *service);

struct proxy_reader;

/* `path` (copied) is that of telemetry.db. Never NULL. */
struct proxy_reader *proxy_open(const char *path);
void proxy_close(struct proxy_reader *reader);

/* All of it, of one moment, copied into `arena`. ERROR_UNREACHABLE: there is no
 * database yet; the statements' errors. */
int proxy_read(struct proxy_reader *reader, struct arena *arena,
    struct proxy_report *ret_report, struct error *err);

/* The same from telemetry.db that is open already. */
int proxy_read_database(struct database *database, struct arena *arena,
    struct proxy_report *ret_report, struct error *err);

#endif
