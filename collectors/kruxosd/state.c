#include "collectors/kruxosd/state.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/disk.h"
#include "base/memory.h"
#include "collectors/kruxosd/aside.h"
#include "sql/schema_state.h"
#include "sql/state.h"
#include "store/database_upgrade.h"

#include <errno.h>
#include <fcntl.h>

#define CONTENT                                          \
	"accounts and tokens, totals of removed files, " \
	"how far the log was verified"

enum { BOOT_ID_SIZE = sizeof("01234567-89ab-cdef-0123-456789abcdef") };

struct state {
	char *path;
	struct clock *clock;
	struct database *database; /* NULL: there is none */
	struct statement_set *statements;
	char boot[BOOT_ID_SIZE];
	char lost[256];	   /* what is lost, and why; "" */
	char failure[256]; /* of the last reading or writing; "" */
	bool is_damaged;   /* that failure says so */
};

/* --- opening ----------------------------------------------------------- */

static void
read_boot_id(char ret_boot[static BOOT_ID_SIZE])
{
	cleanup(cleanup_close) int fd =
	    open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd == -1 ? -1
			       : disk_read_all(&disk_system, fd, ret_boot,
				     BOOT_ID_SIZE - 1, 0);

	/* Without one, each start counts as a boot of its own. */
	ret_boot[got > 0 ? got : 0] = '\0';
}

static void
close_database(struct state *state)
{
	statement_set_free(state->statements);
	state->statements = NULL;
	if (state->database != NULL)
		database_close(state->database);
	state->database = NULL;
}

static int
check_pages(struct state *state, struct error *err)
{
	struct statement check =
	    statement_start(state->statements, STATE_QUICK_CHECK);
	cleanup(buf_free) struct buf verdict = BUF_INIT;

	if (statement_next(&check))
		buf_add_slice(&verdict, statement_text(&check, 0));
	if (statement_end(&check, err) == -1)
		return -1;
	if (!slice_is(buf_slice(&verdict), "ok"))
		return error_set(
		    err, ERROR_CORRUPT, "quick_check: %.200s", verdict.data);
	return 0;
}

static int
upgrade(struct state *state, struct error *err)
{
	int from = 0;

	if (database_upgrade(state->database, &schema_state, &from, err) == -1)
		return -1;
	if (from > 0)
		diag(DIAG_NOTICE,
		    "state.db has schema %d now; as it was it stays as "
		    "state.db.schema-%d",
		    schema_state.count, from);
	return 0;
}

static int
open_database(struct state *state, struct error *err)
{
	state->database = database_open(state->path, DATABASE_WRITE, err);
	if (state->database == NULL)
		return -1;
	if (upgrade(state, err) == -1)
		return -1;
	state->statements = statement_set_new(
	    state->database, state_statements, STATE_STATEMENTS, err);
	if (state->statements == NULL)
		return -1;
	return check_pages(state, err);
}

/* A damaged database is evidence, and perhaps all that is left of accounts:
 * it is kept. */
static void
put_aside(struct state *state, const struct error *why)
{
	char time[CLOCK_TEXT_SIZE];

	close_database(state);
	aside_put(state->path, state->clock, time);
	snprintf(state->lost, sizeof(state->lost),
	    "state.db was damaged (%.80s) and is kept as "
	    "state.db.damaged-%s; lost are: " CONTENT,
	    why->sentence, time);
	diag(DIAG_CRITICAL, "%s", state->lost);
}

/* What a reading or writing came to. */
static int
finish(struct state *state, int result, const struct error *err)
{
	if (result == -1 && err->code == ERROR_BUSY)
		return -1;
	if (result == -1) {
		bool is_known = state->failure[0] != '\0';

		snprintf(state->failure, sizeof(state->failure),
		    "state.db cannot be used: %.200s", err->sentence);
		state->is_damaged = err->code == ERROR_CORRUPT;
		if (!is_known)
			diag(DIAG_CRITICAL, "%s", state->failure);
		return -1;
	}
	if (state->failure[0] != '\0')
		diag(DIAG_NOTICE, "state.db can be used again");
	state->failure[0] = '\0';
	state->is_damaged = false;
	return 0;
}

/* Open it, and have a new one in the place of one that is damaged. */
static int
take_up(struct state *state, struct error *err)
{
	int result = open_database(state, err);

	if (result == -1 && err->code == ERROR_CORRUPT) {
		put_aside(state, err);
		result = open_database(state, err);
	}
	if (result == -1)
		close_database(state);
	return finish(state, result, err);
}

struct state *
state_open(const char *path, struct clock *clock, struct error *err)
{
	struct state *state = memory_new(sizeof(*state));
	struct error why;

	state->path = strdup(path);
	if (state->path == NULL)
		memory_end(strlen(path));
	state->clock = clock;
	read_boot_id(state->boot);
	if (take_up(state, &why) == -1 && why.code == ERROR_INVALID) {
		*err = why;
		error_prefix(err, "%s", path);
		state_close(state);
		return NULL;
	}
	return state;
}

void
state_close(struct state *state)
{
	if (state == NULL)
		return;
	close_database(state);
	free(state->path);
	free(state);
}

void
state_retry(struct state *state)
{
	struct error why;

	if (state->database != NULL && !database_is_there(state->database)) {
		close_database(state);
		snprintf(state->lost, sizeof(state->lost),
		    "state.db was deleted or replaced; lost are: " CONTENT);
		diag(DIAG_CRITICAL, "%s", state->lost);
	} else if (state->is_damaged && state->database != NULL) {
		error_set(&why, ERROR_CORRUPT, "%s", state->failure);
		put_aside(state, &why);
	}
	if (state->database == NULL)
		(void)take_up(state, &why); /* finish() has said why */
}

void
state_tell(struct state *state, const struct error *err)
{
	struct error why;

	diag(DIAG_ERROR, "state.db: %s", err->sentence);
	close_database(state);	    /* what it has cached proves nothing */
	(void)take_up(state, &why); /* finish() has said why */
}

enum status_state
state_status(const struct state *state)
{
	if (state->failure[0] != '\0')
		return STATUS_STATE_FAILING;
	return state->lost[0] != '\0' ? STATUS_STATE_LOST : STATUS_STATE_OK;
}

const char *
state_sentence(const struct state *state)
{
	return state->failure[0] != '\0' ? state->failure : state->lost;
}

static int
check_open(const struct state *state, struct error *err)
{
	if (state->statements == NULL)
		return error_set(err, ERROR_SYSTEM, "%s",
		    state->failure[0] != '\0' ? state->failure
					      : "state.db is not open");
	return 0;
}

/* --- retention --------------------------------------------------------- */

int
state_read_removed(
    struct state *state, struct state_removed *ret_removed, struct error *err)
{
	struct state_removed removed = { 0 };
	struct statement select;

	if (check_open(state, err) == -1)
		return -1;
	select = statement_start(state->statements, STATE_REMOVED);
	if (statement_next(&select))
		removed = (struct state_removed){
			.through_seq = statement_u64(&select, 0),
			.files = statement_u64(&select, 1),
			.bytes = statement_u64(&select, 2),
			.entries = statement_u64(&select, 3),
			.agent_entries = statement_u64(&select, 4),
			.sessions = statement_u64(&select, 5),
			.evaluations = statement_u64(&select, 6),
			.errors = statement_u64(&select, 7),
			.denied = statement_u64(&select, 8),
		};
	if (finish(state, statement_end(&select, err), err) == -1)
		return -1;
	*ret_removed = removed;
	return 0;
}

static int
set_totals(
    struct state *state, const struct state_removed *removed, struct error *err)
{
	struct statement update =
	    statement_start(state->statements, STATE_SET_REMOVED);

	statement_bind_u64(&update, 1, removed->through_seq);
	statement_bind_u64(&update, 2, removed->files);
	statement_bind_u64(&update, 3, removed->bytes);
	statement_bind_u64(&update, 4, removed->entries);
	statement_bind_u64(&update, 5, removed->agent_entries);
	statement_bind_u64(&update, 6, removed->sessions);
	statement_bind_u64(&update, 7, removed->evaluations);
	statement_bind_u64(&update, 8, removed->errors);
	statement_bind_u64(&update, 9, removed->denied);
	return statement_run(&update, err);
}

/* This removal is noted; those of other boots, and of more than a day ago,
 * count no more. */
static int
note_removal(struct state *state, usec_t at, struct error *err)
{
	struct statement insert, drop;

	drop = statement_start(state->statements, STATE_DROP_REMOVALS);
	statement_bind_text(&drop, 1, slice_of(state->boot));
	statement_bind_u64(&drop, 2, at > USEC_PER_DAY ? at - USEC_PER_DAY : 0);
	if (statement_run(&drop, err) == -1)
		return -1;
	insert = statement_start(state->statements, STATE_ADD_REMOVAL);
	statement_bind_text(&insert, 1, slice_of(state->boot));
	statement_bind_u64(&insert, 2, at);
	return statement_run(&insert, err);
}

int
state_set_removed(struct state *state, const struct state_removed *removed,
    usec_t at, struct error *err)
{
	struct error ignored;

	if (check_open(state, err) == -1)
		return -1;
	if (database_run(state->database, "BEGIN IMMEDIATE", err) == 0 &&
	    set_totals(state, removed, err) == 0 &&
	    note_removal(state, at, err) == 0 &&
	    database_run(state->database, "COMMIT", err) == 0)
		return finish(state, 0, err);
	(void)database_run(state->database, "ROLLBACK", &ignored);
	return finish(state, -1, err);
}

int
state_count_removals(
    struct state *state, usec_t since, uint64_t *ret_count, struct error *err)
{
	struct statement count;
	uint64_t removals = 0;

	if (check_open(state, err) == -1)
		return -1;
	count = statement_start(state->statements, STATE_REMOVALS_SINCE);
	statement_bind_text(&count, 1, slice_of(state->boot));
	statement_bind_u64(&count, 2, since);
	if (statement_next(&count))
		removals = statement_u64(&count, 0);
	if (finish(state, statement_end(&count, err), err) == -1)
		return -1;
	*ret_count = removals;
	return 0;
}

/* --- erasure ----------------------------------------------------------- */

int
state_read_erasures(struct state *state,
    uint64_t ret_seqs[static STATE_ERASURES], size_t *ret_count,
    struct error *err)
{
	struct statement select;
	size_t count = 0;

	if (check_open(state, err) == -1)
		return -1;
	select = statement_start(state->statements, STATE_PENDING_ERASURES);
	statement_bind_u64(&select, 1, STATE_ERASURES);
	while (count < STATE_ERASURES && statement_next(&select))
		ret_seqs[count++] = statement_u64(&select, 0);
	if (finish(state, statement_end(&select, err), err) == -1)
		return -1;
	*ret_count = count;
	return 0;
}

static int
run_with_number(
    struct state *state, int statement, uint64_t number, struct error *err)
{
	struct statement run;

	if (check_open(state, err) == -1)
		return -1;
	run = statement_start(state->statements, statement);
	statement_bind_u64(&run, 1, number);
	return finish(state, statement_run(&run, err), err);
}

int
state_add_erasure(struct state *state, uint64_t seq, struct error *err)
{
	return run_with_number(state, STATE_ADD_ERASURE, seq, err);
}

int
state_end_erasure(struct state *state, uint64_t seq, struct error *err)
{
	return run_with_number(state, STATE_END_ERASURE, seq, err);
}

/* --- verification ------------------------------------------------------ */

int
state_read_verification(struct state *state,
    struct state_verification *ret_verification, struct error *err)
{
	struct state_verification found = { 0 };
	struct statement select;

	if (check_open(state, err) == -1)
		return -1;
	select = statement_start(state->statements, STATE_VERIFICATION);
	if (statement_next(&select)) {
		struct slice hash = statement_blob(&select, 1);
		struct slice damage = statement_text(&select, 3);

		/* A hash of another length is none of ours: begin anew. */
		if (hash.len == SHA256_BYTES) {
			found.seq = statement_u64(&select, 0);
			memcpy(found.hash, hash.data, SHA256_BYTES);
		}
		found.whole_at = statement_u64(&select, 2);
		snprintf(found.damage, sizeof(found.damage), "%.*s",
		    SLICE_ARG(damage));
	}
	if (finish(state, statement_end(&select, err), err) == -1)
		return -1;
	*ret_verification = found;
	return 0;
}

int
state_set_verification(struct state *state,
    const struct state_verification *verification, struct error *err)
{
	struct statement update;

	if (check_open(state, err) == -1)
		return -1;
	update = statement_start(state->statements, STATE_SET_VERIFICATION);
	statement_bind_u64(&update, 1, verification->seq);
	statement_bind_blob(&update, 2,
	    (struct slice){ (const char *)verification->hash, SHA256_BYTES });
	statement_bind_u64(&update, 3, verification->whole_at);
	statement_bind_text(&update, 4, slice_of(verification->damage));
	return finish(state, statement_run(&update, err), err);
}

/* --- sign-in ------------------------------------------------------------ */

int
state_end_sign_ins(struct state *state, struct error *err)
{
	static const int statements[] = { STATE_END_SESSIONS, STATE_END_LINKS };

	if (check_open(state, err) == -1)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		struct statement run =
		    statement_start(state->statements, statements[i]);

		if (finish(state, statement_run(&run, err), err) == -1)
			return -1;
	}
	return 0;
}

/* --- the index, held against the log ------------------------------------ */

int
state_read_scrubbed(struct state *state, usec_t *ret_at, struct error *err)
{
	struct statement select;
	usec_t at;

	if (check_open(state, err) == -1)
		return -1;
	select = statement_start(state->statements, STATE_SCRUBBED);
	at = statement_next(&select) ? statement_u64(&select, 0) : 0;
	if (finish(state, statement_end(&select, err), err) == -1)
		return -1;
	*ret_at = at;
	return 0;
}

int
state_set_scrubbed(struct state *state, usec_t at, struct error *err)
{
	return run_with_number(state, STATE_SET_SCRUBBED, at, err);
}
