/* The status page: what the daemon says about itself, in one file of 4 KiB.
 *
 * kruxosd keeps it in the runtime folder (`kruxosd.status`, a tmpfs when
 * packaged), allocated at start and overwritten by one pwrite() after each
 * commit and each second. It stays true on a full or read-only disk, where
 * SQLite can tell nothing; and inotify on it (IN_MODIFY) is how the programs
 * hear of a commit. The format stands at the head of status_text.c. A reader
 * that meets a write half done (the two sequence numbers differ) reads again.
 *
 * The daemon holds a lock on the page while it lives, however it ends; its
 * last close() is an event for who watches (IN_CLOSE_WRITE). So readers know at
 * once that it has gone. One that hangs shows by its heartbeat.
 */
#ifndef STORE_STATUS_H
#define STORE_STATUS_H

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "log/logfile.h"

enum { STATUS_BYTES = 4096 };

enum status_integrity {
	STATUS_UNKNOWN,
	STATUS_CHECKING,
	STATUS_VERIFIED,
	STATUS_DAMAGED,
};

enum status_refusal { /* why entries are not accepted */
	STATUS_ACCEPTING,
	STATUS_STARTING,
	STATUS_STOPPING,
	STATUS_STOPPED,
	STATUS_WRITE_FAILED, /* a write or sync failed; being retried */
	STATUS_DISK_FULL,
	STATUS_READ_ONLY,
};

enum status_index { /* of kruxos.db */
	STATUS_INDEX_CURRENT,
	STATUS_INDEX_CATCHING_UP, /* it lacks what came a second ago */
	STATUS_INDEX_REBUILDING,
	STATUS_INDEX_FAILING, /* it does not move; being retried */
};

enum status_state { /* of state.db */
	STATUS_STATE_OK,
	STATUS_STATE_LOST,    /* usable, but what was in it is lost */
	STATUS_STATE_FAILING, /* cannot be read or written; being retried */
};

struct status {
	uint32_t pid;
	usec_t started_at; /* realtime */
	usec_t heartbeat;  /* CLOCK_BOOTTIME of the last write */
	bool has_writer;   /* a daemon lives; status_read() finds it out, the
			    * page does not say it */
	enum status_refusal refusal;
	char reason[256]; /* the sentence behind whatever is wrong, or "" */

	uint64_t commits;  /* moves with every commit, index's included */
	uint64_t head_seq; /* last durable entry */
	unsigned char head_hash[SHA256_BYTES];
	char head_file[LOGFILE_NAME_SIZE];
	uint64_t head_bytes;	   /* durable length of head_file */
	uint64_t index_seq;	   /* last entry that the index holds */
	uint64_t index_generation; /* a rebuilt index has another */
	enum status_index index;
	usec_t index_behind_since; /* CLOCK_BOOTTIME: the index has all that
				      was durable then; 0: it has all */
	enum status_state state;

	enum status_integrity integrity;
	uint64_t verified_seq; /* the chain holds through here */
	usec_t verified_at;

	/* The host, sampled every 5 s. */
	usec_t sampled_at;  /* CLOCK_BOOTTIME; 0: never */
	double cpu_percent; /* 0–100 over all cores */
	uint64_t memory_used_bytes, memory_total_bytes;
	double disk_used_percent; /* as df, of the audit folder */

	uint64_t entries_accepted, entries_refused; /* since the start */
	uint64_t connections;
};

struct status_page;

/* The daemon's side: create or take over the file at `path` (0644, written
 * whole with pid 0 first). NULL: ERROR_SYSTEM. */
struct status_page *status_create(const char *path, struct error *err);

/* One pwrite. -1: ERROR_SYSTEM (the daemon goes on without). */
int status_write(
    struct status_page *page, const struct status *status, struct error *err);

/* Have the page at its path again, if somebody has removed or replaced it.
 * 1: it was, and is to be written anew; 0: it was not; -1: ERROR_SYSTEM,
 * ERROR_INVALID (what stands there is no file). */
int status_keep(struct status_page *page, struct error *err);

/* The readers' side. status_open() succeeds when there is no file yet, too. */
struct status_page *status_open(const char *path, struct error *err);

/* What the page says, and whether its writer lives. -1: ERROR_UNREACHABLE (no
 * file), ERROR_CORRUPT. The file is opened again when another has taken its
 * place. */
int status_read(
    struct status_page *page, struct status *ret_status, struct error *err);

/* An inotify descriptor that is readable after a write to the page, when it
 * is created or replaced, and when its writer has ended; the same for the
 * page's whole life, to be watched by the caller's loop. status_drain() empties
 * it. -1 and err where there can be none. */
int status_watch(struct status_page *page, struct error *err);
void status_drain(struct status_page *page);

/* Block until the page changes, at most `timeout`; for programs without a
 * loop. 1 changed, 0 time is over, -1. */
int status_wait(struct status_page *page, usec_t timeout, struct error *err);

void status_close(struct status_page *page);

DEFINE_CLEANUP(struct status_page *, status_close);

/* Is the daemon alive: is there one, and has it written within `limit` of
 * `now` (both CLOCK_BOOTTIME)? */
bool status_is_fresh(const struct status *status, usec_t now, usec_t limit);

/* Does the index hold what the log held a few seconds before `now`
 * (CLOCK_BOOTTIME)? */
bool status_index_is_good(const struct status *status, usec_t now);

const char *status_integrity_name(enum status_integrity integrity);
const char *status_refusal_name(enum status_refusal refusal);
const char *status_index_name(enum status_index index);

#endif
