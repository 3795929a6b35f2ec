#include "collectors/kruxosd/verifier.h"

#include "base/condition.h"
#include "base/diag.h"
#include "base/memory.h"
#include "collectors/kruxosd/idle.h"
#include "log/chain.h"
#include "log/cursor.h"

#include <errno.h>
#include <pthread.h>

#define WHOLE_EVERY USEC_PER_DAY
#define RETRY_AFTER USEC_PER_MIN

struct verifier {
	char *audit_dir;
	struct clock *clock;
	pthread_t thread;
	bool is_started;

	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t changed;
	bool is_stopping;
	uint64_t head_seq; /* durable */
	struct verifier_state state;
	char told[sizeof(((struct verifier_state *)NULL)->damage)];
	uint64_t told_count;		      /* how often that was told */
	uint64_t asked_count, answered_count; /* verifier_ask() */
	uint64_t asked_seq;

	/* The thread's own. */
	struct chain *chain;   /* behind state.seq; NULL: begin anew */
	struct cursor *cursor; /* likewise */
	usec_t retry_at;       /* CLOCK_MONOTONIC; after a log unreadable */
};

struct verifier *
verifier_new(const char *audit_dir, struct clock *clock,
    const struct verifier_state *known)
{
	struct verifier *verifier = memory_new(sizeof(*verifier));

	verifier->audit_dir = strdup(audit_dir);
	if (verifier->audit_dir == NULL)
		memory_end(strlen(audit_dir));
	verifier->clock = clock;
	verifier->state = *known;
	verifier->state.integrity =
	    known->damage[0] != '\0' ? STATUS_DAMAGED : STATUS_CHECKING;
	pthread_mutex_init(&verifier->mutex, NULL);
	condition_init(&verifier->changed);
	return verifier;
}

/* --- what both threads see --------------------------------------------- */

void
verifier_durable(struct verifier *verifier, uint64_t seq)
{
	pthread_mutex_lock(&verifier->mutex);
	verifier->head_seq = seq;
	pthread_cond_signal(&verifier->changed);
	pthread_mutex_unlock(&verifier->mutex);
}

void
verifier_tell_damage(struct verifier *verifier, const char *sentence)
{
	pthread_mutex_lock(&verifier->mutex);
	snprintf(verifier->told, sizeof(verifier->told), "%.255s", sentence);
	verifier->told_count++;
	pthread_mutex_unlock(&verifier->mutex);
}

void
verifier_ask(struct verifier *verifier)
{
	pthread_mutex_lock(&verifier->mutex);
	verifier->asked_count++;
	verifier->asked_seq = 0;
	pthread_cond_signal(&verifier->changed);
	pthread_mutex_unlock(&verifier->mutex);
}

void
verifier_get(struct verifier *verifier, struct verifier_state *ret_state)
{
	pthread_mutex_lock(&verifier->mutex);
	*ret_state = verifier->state;
	ret_state->is_asked = verifier->asked_count > verifier->answered_count;
	ret_state->asked_seq = verifier->asked_seq;
	if (verifier->told[0] != '\0') {
		ret_state->integrity = STATUS_DAMAGED;
		memcpy(
		    ret_state->damage, verifier->told, sizeof(verifier->told));
	}
	pthread_mutex_unlock(&verifier->mutex);
}

static bool
is_stopping(struct verifier *verifier)
{
	bool stopping;

	pthread_mutex_lock(&verifier->mutex);
	stopping = verifier->is_stopping;
	pthread_mutex_unlock(&verifier->mutex);
	return stopping;
}

static uint64_t
head_seq(struct verifier *verifier)
{
	uint64_t seq;

	pthread_mutex_lock(&verifier->mutex);
	seq = verifier->head_seq;
	pthread_mutex_unlock(&verifier->mutex);
	return seq;
}

/* What the thread itself knows. */
static void
read_state(struct verifier *verifier, struct verifier_state *ret_state)
{
	pthread_mutex_lock(&verifier->mutex);
	*ret_state = verifier->state;
	pthread_mutex_unlock(&verifier->mutex);
}

/* How often damage was told. */
static uint64_t
told_count(struct verifier *verifier)
{
	uint64_t count;

	pthread_mutex_lock(&verifier->mutex);
	count = verifier->told_count;
	pthread_mutex_unlock(&verifier->mutex);
	return count;
}

/* How often somebody has asked, and is there an answer to that? */
static uint64_t
asked_count(struct verifier *verifier, bool *ret_is_asked)
{
	uint64_t count;

	pthread_mutex_lock(&verifier->mutex);
	count = verifier->asked_count;
	*ret_is_asked = count > verifier->answered_count;
	pthread_mutex_unlock(&verifier->mutex);
	return count;
}

static void
set_asked_seq(struct verifier *verifier, uint64_t seq)
{
	pthread_mutex_lock(&verifier->mutex);
	verifier->asked_seq = seq;
	pthread_mutex_unlock(&verifier->mutex);
}

/* Those who had asked by then have their answer, whatever it is. */
static void
answer_asked(struct verifier *verifier, uint64_t count)
{
	pthread_mutex_lock(&verifier->mutex);
	verifier->answered_count = count;
	verifier->asked_seq = 0;
	pthread_mutex_unlock(&verifier->mutex);
}

/* The whole was read since, and holds. */
static void
forget_told(struct verifier *verifier, uint64_t count)
{
	pthread_mutex_lock(&verifier->mutex);
	if (verifier->told_count == count)
		verifier->told[0] = '\0';
	pthread_mutex_unlock(&verifier->mutex);
}

static void
set_state(struct verifier *verifier, const struct verifier_state *state)
{
	pthread_mutex_lock(&verifier->mutex);
	verifier->state = *state;
	pthread_mutex_unlock(&verifier->mutex);
}

/* Until there is something new, at most a second: the day's whole reading may
 * be due. */
static void
wait_for_news(struct verifier *verifier)
{
	struct timespec until = condition_deadline(USEC_PER_SEC);

	pthread_mutex_lock(&verifier->mutex);
	if (!verifier->is_stopping &&
	    verifier->asked_count == verifier->answered_count)
		pthread_cond_timedwait(
		    &verifier->changed, &verifier->mutex, &until);
	pthread_mutex_unlock(&verifier->mutex);
}

/* --- verdicts ---------------------------------------------------------- */

static void
stand_anew(struct verifier *verifier)
{
	chain_free(verifier->chain);
	verifier->chain = NULL;
	cursor_free(verifier->cursor);
	verifier->cursor = NULL;
}

static void
found_damage(struct verifier *verifier, const struct chain_fault *fault)
{
	struct verifier_state state;

	read_state(verifier, &state);
	state.integrity = STATUS_DAMAGED;
	if (fault->file[0] == '\0')
		snprintf(state.damage, sizeof(state.damage),
		    "the log ends before entry %llu, which was durable",
		    (unsigned long long)fault->seq);
	else
		snprintf(state.damage, sizeof(state.damage),
		    "%s line %llu, entry %llu: %s does not hold", fault->file,
		    (unsigned long long)fault->line,
		    (unsigned long long)fault->seq, fault->what);
	set_state(verifier, &state);
	diag(DIAG_CRITICAL, "audit-damaged: %s", state.damage);
}

static void
cannot_read(struct verifier *verifier, const struct error *err)
{
	diag(DIAG_ERROR, "verification: %s", err->sentence);
	verifier->retry_at = clock_monotonic(verifier->clock) + RETRY_AFTER;
	stand_anew(verifier);
}

/* --- the whole --------------------------------------------------------- */

/* Let the log's own writer, and everyone else, go first. */
static bool
on_progress(void *context, uint64_t seq, uint64_t bytes, uint64_t total_bytes)
{
	(void)bytes;
	(void)total_bytes;
	set_asked_seq(context, seq);
	return !is_stopping(context);
}

static void
verify_whole(struct verifier *verifier)
{
	uint64_t head = head_seq(verifier);
	uint64_t told = told_count(verifier);
	struct chain_options options = {
		.through_seq = head,
		.synced_seq = head,
		.on_progress = on_progress,
		.context = verifier,
	};
	struct chain_result result = { 0 };
	struct verifier_state state;
	struct error err;

	for (int look = 0; look < 2 && !result.is_whole; look++)
		if (chain_verify(
			verifier->audit_dir, &options, &result, &err) == -1) {
			if (err.code != ERROR_BUSY)
				cannot_read(verifier, &err);
			return;
		}
	read_state(verifier, &state);
	state.whole_at = clock_realtime(verifier->clock);
	if (result.is_whole) {
		state.integrity = STATUS_VERIFIED;
		state.damage[0] = '\0';
		forget_told(verifier, told);
	}
	state.seq = result.last_seq;
	memcpy(state.hash, result.last_hash, SHA256_BYTES);
	state.verified_at = state.whole_at;
	set_state(verifier, &state);
	if (!result.is_whole)
		found_damage(verifier, &result.fault);
	stand_anew(verifier);
}

static bool
is_whole_due(struct verifier *verifier)
{
	struct verifier_state state;
	usec_t now = clock_realtime(verifier->clock);

	read_state(verifier, &state);
	if (head_seq(verifier) == 0)
		return false; /* nothing holds as it is */
	return state.whole_at == 0 || now < state.whole_at ||
	       now - state.whole_at >= WHOLE_EVERY;
}

static void
verify_asked(struct verifier *verifier, uint64_t count)
{
	if (head_seq(verifier) != 0)
		verify_whole(verifier);
	answer_asked(verifier, count);
}

/* --- what is new ------------------------------------------------------- */

/* Stand behind the last entry that was verified. */
static int
stand(struct verifier *verifier, const struct verifier_state *state,
    struct error *err)
{
	if (verifier->chain != NULL)
		return 0;
	verifier->cursor = cursor_open(verifier->audit_dir, err);
	if (verifier->cursor == NULL ||
	    cursor_seek(verifier->cursor, state->seq + 1, err) == -1)
		return -1;
	verifier->chain = chain_new(state->seq + 1, state->hash);
	return 0;
}

/* A line that does not hold: the whole decides, it looks twice. */
static int
verify_new(struct verifier *verifier, struct verifier_state *state)
{
	uint64_t head = head_seq(verifier);
	struct cursor_line line;
	struct chain_fault fault;
	struct error err;
	int more;

	if (stand(verifier, state, &err) == -1) {
		cannot_read(verifier, &err);
		return 0;
	}
	while ((more = cursor_next(verifier->cursor, head, &line, &err)) == 1) {
		if (chain_add(verifier->chain, line.line, &fault) == -1)
			return -1;
		if (line.seq % 4096 == 0 && is_stopping(verifier))
			break;
	}
	chain_last(verifier->chain, &state->seq, state->hash);
	if (more == -1 && err.code == ERROR_CORRUPT)
		return -1;
	if (more == 0 && state->seq < head)
		return -1; /* what was durable is not there */
	if (more == -1)
		cannot_read(verifier, &err);
	return 0;
}

static void
follow(struct verifier *verifier)
{
	struct verifier_state state;
	uint64_t before;

	read_state(verifier, &state);
	before = state.seq;
	if (state.integrity == STATUS_DAMAGED)
		return;
	if (verify_new(verifier, &state) == -1) {
		verify_whole(verifier);
		return;
	}
	if (state.seq == before && state.integrity == STATUS_VERIFIED)
		return;
	state.verified_at = clock_realtime(verifier->clock);
	if (state.seq >= head_seq(verifier))
		state.integrity = STATUS_VERIFIED;
	set_state(verifier, &state);
}

/* --- the thread -------------------------------------------------------- */

static void *
run(void *context)
{
	struct verifier *verifier = context;

	idle_become();
	while (!is_stopping(verifier)) {
		bool is_asked;
		uint64_t asked = asked_count(verifier, &is_asked);

		if (is_asked)
			verify_asked(verifier, asked);
		else if (clock_monotonic(verifier->clock) < verifier->retry_at)
			;
		else if (is_whole_due(verifier))
			verify_whole(verifier);
		else
			follow(verifier);
		wait_for_news(verifier);
	}
	return NULL;
}

int
verifier_start(struct verifier *verifier, struct error *err)
{
	errno = pthread_create(&verifier->thread, NULL, run, verifier);
	if (errno != 0)
		return error_set_errno(err, "the verifier's thread");
	verifier->is_started = true;
	return 0;
}

void
verifier_free(struct verifier *verifier)
{
	if (verifier == NULL)
		return;
	pthread_mutex_lock(&verifier->mutex);
	verifier->is_stopping = true;
	pthread_cond_signal(&verifier->changed);
	pthread_mutex_unlock(&verifier->mutex);
	if (verifier->is_started)
		pthread_join(verifier->thread, NULL);
	stand_anew(verifier);
	pthread_cond_destroy(&verifier->changed);
	pthread_mutex_destroy(&verifier->mutex);
	free(verifier->audit_dir);
	free(verifier);
}
