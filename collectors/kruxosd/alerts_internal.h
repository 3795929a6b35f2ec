/* The inside of the keeper of alerts, for three files alone: alerts.c;
 * alert_record.c, which brings what becomes of them into log and database; and
 * alert_commands.c, which does what people ask. */
#ifndef KRUXOSD_ALERTS_INTERNAL_H
#define KRUXOSD_ALERTS_INTERNAL_H

#include "base/json_writer.h"
#include "collectors/kruxosd/alert_silences.h"
#include "collectors/kruxosd/alert_writer.h"
#include "collectors/kruxosd/alerts.h"

#include <sys/queue.h>

/* What became of an alert or a silence, until the log and the database hold
 * it. */
struct change {
	uint64_t serial;
	uint64_t alert;	  /* 0: of none */
	uint64_t silence; /* 0: of none; alone: it ended */
	uint64_t erased;  /* the entry whose words go; 0: none */
	enum alert_event event;
	usec_t at;
	struct buf user, note;
	struct buf summary, request; /* of its entry; empty: it has none */
	bool is_error;		     /* of that entry's status */
	bool is_stored, is_logged, is_in_log; /* in the batch; durable */
	TAILQ_ENTRY(change) of_queue;
};

TAILQ_HEAD(change_queue, change);

struct alerts {
	struct clock *clock;
	struct commit *commit;
	struct alert_engine *engine;
	alert_listener *listener; /* NULL: nobody else listens */
	void *listener_context;
	struct alert_silences *silences;
	struct alert_writer *writer; /* NULL: there is no database */
	struct database *database;
	bool is_loaded;
	bool has_failed; /* to store, and that was said */
	bool is_damaged; /* the database */
	struct json_reader reader;
	usec_t expire_due;

	struct change_queue queue;
	size_t change_count;
	bool is_full; /* the queue, and that was said */
	uint64_t next_serial;
};

struct alert_time alerts_time(const struct alerts *alerts);

/* Into an object: "fingerprint":"…", as it is shown. */
void alerts_write_fingerprint(struct json_writer *json, uint64_t fingerprint);

/* What an entry says of a silence: an object. */
void alerts_write_silence(struct buf *out, const struct silence *silence);

/* Into the database. ERROR_SYSTEM where there is none now. */
int alerts_store_silence(
    struct alerts *alerts, const struct silence *silence, struct error *err);

/* Each alert that `silence` means has `event` in its history. */
void alerts_note_silence(struct alerts *alerts, const struct silence *silence,
    enum alert_event event, struct slice user);

/* `silence` is over, and freed: by `user`, whose entry stands in the log, or
 * {NULL, 0} by itself. -1: it stays, as there is no room to record its end. */
int alerts_end_silence(
    struct alerts *alerts, const struct silence *silence, struct slice user);

/* --- recording ------------------------------------------------------------ */

/* The engine's listener. */
void alerts_on_event(void *context, const struct alert *alert,
    enum alert_event event, usec_t realtime);

/* One more that waits to be recorded; it has no entry unless the caller gives
 * it a request. NULL: there is no room, and that is said. */
struct change *
alerts_add_change(struct alerts *alerts, enum alert_event event, usec_t at);
void alerts_free_change(struct alerts *alerts, struct change *change);

/* What a writing to the database came to; a failure is said once. */
void
alerts_say_stored(struct alerts *alerts, int result, const struct error *err);

/* All that waits, as far as log and database take it. */
void alerts_record(struct alerts *alerts);

#endif
