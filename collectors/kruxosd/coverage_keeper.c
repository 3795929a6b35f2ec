#include "collectors/kruxosd/coverage_keeper.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "collectors/kruxosd/coverage_ranges.h"
#include "sql/coverage_keeper.h"
#include "store/statement.h"

#include <sys/random.h>

#include <stdlib.h>

enum {
	CALLS = 1 << 15,    /* known in a generation … */
	PLACES = 2 * CALLS, /* … where they are found: a power of two */
	SESSIONS = 4096,    /* that wait to be written */
	BUCKETS = 4096,
	SESSIONS_KEPT = 100000, /* in the database */
	FORGET_EVERY = 1024,	/* times that something was written */
	THREADS = 1024,		/* that are known: the last of each place */
};

/* What a call is known by. */
enum {
	BY_HOOK = 1 << 0,
	BY_TELEMETRY = 1 << 1,
	DENIED = 1 << 2, /* by a hook; it never ran */
	BITS = 8,
};

/* Calls by a hash of session and call_id, which leaves the lowest bits free for
 * what they are known by. */
struct generation {
	uint64_t calls[PLACES]; /* 0: free */
	size_t count;
};

/* What a session's row is still to get. */
struct change {
	char session[ENTRY_NAME_BYTES + 1];
	int64_t by_hook, by_telemetry, both, unnamed, denied;
	struct coverage_ranges came;
	usec_t seen_at;
	struct change *next; /* in its bucket */
};

/* A sub-agent's own session, and the one that it is a part of. */
struct thread {
	uint64_t id; /* a hash; 0: nobody's */
	char session[ENTRY_NAME_BYTES + 1];
};

struct coverage_keeper {
	struct clock *clock;
	struct database *database;
	struct statement_set *statements; /* NULL: there is no database */
	bool has_failed;		  /* to be kept, and that was said */
	bool is_damaged;
	uint64_t seed;
	struct generation *now, *before;
	struct thread threads[THREADS];
	struct change *buckets[BUCKETS];
	size_t change_count;
	uint64_t writes;
};

struct coverage_keeper *
coverage_keeper_new(struct clock *clock)
{
	struct coverage_keeper *keeper = memory_new(sizeof(*keeper));

	keeper->clock = clock;
	keeper->now = memory_new(sizeof(*keeper->now));
	keeper->before = memory_new(sizeof(*keeper->before));
	/* Nobody outside is to know which calls are taken for one. */
	if (getrandom(&keeper->seed, sizeof(keeper->seed), 0) == -1)
		keeper->seed = clock_realtime(clock);
	return keeper;
}

static void
forget_changes(struct coverage_keeper *keeper)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (keeper->buckets[i] != NULL) {
			struct change *change = keeper->buckets[i];

			keeper->buckets[i] = change->next;
			free(change);
		}
	keeper->change_count = 0;
}

void
coverage_keeper_free(struct coverage_keeper *keeper)
{
	if (keeper == NULL)
		return;
	statement_set_free(keeper->statements);
	forget_changes(keeper);
	free(keeper->now);
	free(keeper->before);
	free(keeper);
}

/* --- what calls are known by ---------------------------------------------- */

/* FNV-1a from the seed on, its bits mixed for the places. */
static uint64_t
add_hash(uint64_t hash, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.data[i]) * 0x100000001b3u;
	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

/* The place of the call in a generation: its own, or a free one. */
static uint64_t *
find_place(struct generation *generation, uint64_t call)
{
	size_t place = (size_t)(call / BITS) % PLACES;

	while (generation->calls[place] != 0 &&
	       generation->calls[place] / BITS != call / BITS)
		place = (place + 1) % PLACES;
	return &generation->calls[place];
}

/* The older generation is forgotten, and its room is the new one's. */
static void
turn_over(struct coverage_keeper *keeper)
{
	struct generation *oldest = keeper->before;

	keeper->before = keeper->now;
	keeper->now = oldest;
	memset(oldest, 0, sizeof(*oldest));
}

/* Note that it is known by `bits`, too. Returns what it was known by. */
static unsigned
learn(struct coverage_keeper *keeper, struct slice session, struct slice call,
    unsigned bits)
{
	uint64_t hash =
	    add_hash(add_hash(keeper->seed, session), call) / BITS * BITS;
	uint64_t *place = find_place(keeper->now, hash);
	unsigned known;

	if (*place == 0) {
		if (keeper->now->count == CALLS) {
			turn_over(keeper);
			place = find_place(keeper->now, hash);
		}
		keeper->now->count++;
		*place = hash | *find_place(keeper->before, hash) % BITS;
	}
	known = (unsigned)(*place % BITS);
	*place |= bits;
	return known;
}

/* --- what sessions are to get --------------------------------------------- */

/* Its change, made if there is none; NULL: there are too many. */
static struct change *
change_of(struct coverage_keeper *keeper, struct slice session)
{
	struct change **bucket =
	    &keeper->buckets[add_hash(keeper->seed, session) % BUCKETS];
	struct change *change = *bucket;

	while (change != NULL && !slice_is(session, change->session))
		change = change->next;
	if (change == NULL) {
		if (keeper->change_count == SESSIONS ||
		    session.len > ENTRY_NAME_BYTES)
			return NULL;
		change = memory_new(sizeof(*change));
		memcpy(change->session, session.data, session.len);
		change->next = *bucket;
		*bucket = change;
		keeper->change_count++;
	}
	change->seen_at = clock_realtime(keeper->clock);
	return change;
}

/* An entry with a call_id may be about the session, a person's word or a
 * sub-agent. A program whose own calls are told one by one counts for nothing:
 * hooks tell of those alone. */
static bool
is_of_call(struct slice capability)
{
	static const char *const groups[] = { "session.", "approval.", "agent.",
		"rate_limit." };
	static const char *const others[] = { "subagent.start", "subagent.stop",
		"code.exec" };

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (slice_starts_with(capability, slice_of(groups[i])))
			return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (slice_is(capability, others[i]))
			return false;
	return true;
}

static struct thread *
place_of_thread(struct coverage_keeper *keeper, uint64_t id)
{
	return &keeper->threads[id % THREADS];
}

static void
learn_thread(
    struct coverage_keeper *keeper, struct slice thread, struct slice session)
{
	uint64_t id = add_hash(keeper->seed, thread) | 1;
	struct thread *place = place_of_thread(keeper, id);

	if (session.len > ENTRY_NAME_BYTES || slice_equal(thread, session))
		return;
	place->id = id;
	memcpy(place->session, session.data, session.len);
	place->session[session.len] = '\0';
}

/* The session that telemetry's is a part of, or itself. */
static struct slice
whole_session(struct coverage_keeper *keeper, struct slice session)
{
	uint64_t id = add_hash(keeper->seed, session) | 1;
	const struct thread *place = place_of_thread(keeper, id);

	return place->id == id ? slice_of(place->session) : session;
}

void
coverage_keeper_take(struct coverage_keeper *keeper, const struct entry *entry,
    struct slice thread)
{
	unsigned bits = BY_HOOK | (entry->status == ENTRY_DENIED ? DENIED : 0);
	struct change *change;
	unsigned known;

	if (entry->source != ENTRY_HOOK || entry->session_id.len == 0)
		return;
	if (thread.len > 0)
		learn_thread(keeper, thread, entry->session_id);
	if (entry->call_id.len == 0 || !is_of_call(entry->capability))
		return;
	change = change_of(keeper, entry->session_id);
	if (change == NULL)
		return;
	known = learn(keeper, entry->session_id, entry->call_id, bits);
	if ((known & BY_HOOK) == 0) {
		change->by_hook++;
		change->both += (known & BY_TELEMETRY) != 0;
	}
	if ((bits & DENIED) != 0 && (known & (DENIED | BY_TELEMETRY)) == 0)
		change->denied++;
}

void
coverage_keeper_tell(
    struct coverage_keeper *keeper, const struct coverage_call *call)
{
	struct slice session = whole_session(keeper, call->session_id);
	struct change *change;
	unsigned known;

	if (session.len == 0 || call->call_id.len == 0 ||
	    !is_of_call(call->capability))
		return;
	change = change_of(keeper, session);
	if (change == NULL)
		return;
	known = learn(keeper, session, call->call_id, BY_TELEMETRY);
	if ((known & BY_TELEMETRY) != 0)
		return;
	change->by_telemetry++;
	change->unnamed += call->has_made_id;
	change->both += (known & BY_HOOK) != 0 || call->is_known;
	change->denied -= (known & DENIED) != 0;
}

void
coverage_keeper_count(struct coverage_keeper *keeper, struct slice session_id,
    uint64_t first, uint64_t last)
{
	struct change *change;

	if (session_id.len == 0 || first > last || last > INT64_MAX)
		return;
	change = change_of(keeper, session_id);
	if (change != NULL)
		coverage_ranges_add(&change->came, first, last);
}

/* --- the database --------------------------------------------------------- */

static int
add_sums(struct coverage_keeper *keeper, const struct change *change,
    struct error *err)
{
	struct statement add =
	    statement_start(keeper->statements, COVERAGE_KEEPER_ADD);

	statement_bind_text(&add, 1, slice_of(change->session));
	statement_bind_i64(&add, 2, change->by_hook);
	statement_bind_i64(&add, 3, change->by_telemetry);
	statement_bind_i64(&add, 4, change->both);
	statement_bind_i64(&add, 5, change->unnamed);
	statement_bind_i64(&add, 6, change->denied);
	statement_bind_u64(&add, 7, change->seen_at);
	return statement_run(&add, err);
}

/* What came before is read, and what came since is added. */
static int
add_ranges(struct coverage_keeper *keeper, const struct change *change,
    struct error *err)
{
	struct statement row =
	    statement_start(keeper->statements, COVERAGE_KEEPER_SEQUENCE);
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	struct coverage_ranges ranges = { .count = 0 };
	struct statement set;

	statement_bind_text(&row, 1, slice_of(change->session));
	if (statement_next(&row))
		(void)coverage_ranges_read(&ranges, statement_blob(&row, 0));
	if (statement_end(&row, err) == -1)
		return -1;
	for (size_t i = 0; i < change->came.count; i++)
		coverage_ranges_add(&ranges, change->came.ranges[i].first,
		    change->came.ranges[i].last);
	ranges.given_up += change->came.given_up;
	coverage_ranges_write(&ranges, &bytes);
	set = statement_start(keeper->statements, COVERAGE_KEEPER_SET_SEQUENCE);
	statement_bind_text(&set, 1, slice_of(change->session));
	statement_bind_blob(&set, 2, buf_slice(&bytes));
	statement_bind_u64(&set, 3, coverage_ranges_missing(&ranges));
	return statement_run(&set, err);
}

/* The oldest beyond SESSIONS_KEPT go. */
static int
forget_oldest(struct coverage_keeper *keeper, struct error *err)
{
	struct statement row =
	    statement_start(keeper->statements, COVERAGE_KEEPER_OLDEST_KEPT);
	struct statement forget;
	uint64_t at = 0;

	statement_bind_u64(&row, 1, SESSIONS_KEPT);
	if (statement_next(&row))
		at = statement_u64(&row, 0);
	if (statement_end(&row, err) == -1)
		return -1;
	if (at == 0)
		return 0;
	forget = statement_start(keeper->statements, COVERAGE_KEEPER_FORGET);
	statement_bind_u64(&forget, 1, at);
	return statement_run(&forget, err);
}

static int
write_changes(struct coverage_keeper *keeper, struct error *err)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct change *change = keeper->buckets[i];
		     change != NULL; change = change->next)
			if (add_sums(keeper, change, err) == -1 ||
			    (change->came.count > 0 &&
				add_ranges(keeper, change, err) == -1))
				return -1;
	return keeper->writes++ % FORGET_EVERY == 0 ? forget_oldest(keeper, err)
						    : 0;
}

/* In one transaction. */
static int
write_all(struct coverage_keeper *keeper, struct error *err)
{
	struct error ignored;

	if (database_run(keeper->database, "BEGIN IMMEDIATE", err) == -1)
		return -1;
	if (write_changes(keeper, err) == 0 &&
	    database_run(keeper->database, "COMMIT", err) == 0)
		return 0;
	(void)database_run(keeper->database, "ROLLBACK", &ignored);
	return -1;
}

static void
save(struct coverage_keeper *keeper)
{
	struct error err;
	int result;

	if (keeper->statements == NULL || keeper->change_count == 0)
		return;
	result = write_all(keeper, &err);
	if (result == 0)
		forget_changes(keeper);
	else if (!keeper->has_failed)
		diag(DIAG_ERROR,
		    "telemetry.db: %s; how sessions are covered "
		    "is kept in memory until it takes it",
		    err.sentence);
	keeper->has_failed = result == -1;
	keeper->is_damaged = result == -1 && err.code == ERROR_CORRUPT;
}

int
coverage_keeper_set_database(struct coverage_keeper *keeper,
    struct database *database, struct error *err)
{
	save(keeper);
	statement_set_free(keeper->statements);
	keeper->statements = NULL;
	keeper->database = database;
	keeper->is_damaged = false;
	if (database == NULL)
		return 0;
	keeper->statements = statement_set_new(database,
	    coverage_keeper_statements, COVERAGE_KEEPER_STATEMENTS, err);
	return keeper->statements == NULL ? -1 : 0;
}

bool
coverage_keeper_is_damaged(const struct coverage_keeper *keeper)
{
	return keeper->is_damaged;
}

void
coverage_keeper_tick(struct coverage_keeper *keeper)
{
	save(keeper);
}
