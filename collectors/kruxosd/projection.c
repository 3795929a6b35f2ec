#include "collectors/kruxosd/projection.h"

#include "base/crc32c.h"
#include "base/memory.h"
#include "sql/projection.h"
#include "store/approvals.h"

#include <assert.h>

enum {
	SUMS = 4096,	   /* gathered before they are written; */
	PLACES = 4 * SUMS, /* … where they are found: a power of two */
	SHARES = 256,	   /* taken out in one step */
	/* Calls that may wait for a decision, by some bits of their hash. */
	OPEN_BITS = 1 << 16,
};

/* Of an actor (session 0), or of a session as one actor uses it. */
struct sum {
	dictionary_id session, actor;
	usec_t started_at, ended_at; /* 0: not in this batch */
	usec_t first_seen, last_seen;
	uint64_t first_seq, last_seq;
	dictionary_id last_capability;
	uint64_t by_status[ENTRY_STATUSES];
	uint64_t sessions; /* started */
};

struct projection {
	struct statement_set *statements;
	struct sum *sums;
	size_t count;
	dictionary_id file;	 /* of the entries that were gathered */
	uint16_t places[PLACES]; /* index into sums, + 1; 0: free */
	unsigned char open[OPEN_BITS / 8];
};

/* --- sums --------------------------------------------------------------- */

static int
write_actor(
    struct projection *projection, const struct sum *sum, struct error *err)
{
	struct statement add =
	    statement_start(projection->statements, PROJECTION_ADD_TO_ACTOR);

	statement_bind_u64(&add, 1, sum->actor);
	statement_bind_u64(&add, 2, sum->first_seen);
	statement_bind_u64(&add, 3, sum->last_seen);
	statement_bind_u64(&add, 4, sum->last_seq);
	statement_bind_u64(&add, 5, sum->last_capability);
	for (int i = 0; i < ENTRY_STATUSES; i++)
		statement_bind_u64(&add, 6 + i, sum->by_status[i]);
	statement_bind_u64(&add, 10, sum->sessions);
	return statement_run(&add, err);
}

/* A session's row and a share begin alike. */
static void
bind_sum(struct statement *add, const struct sum *sum)
{
	statement_bind_u64(add, 1, sum->session);
	statement_bind_u64(add, 2, sum->actor);
	statement_bind_u64(add, 3, sum->started_at);
	statement_bind_u64(add, 4, sum->ended_at);
	statement_bind_u64(add, 5, sum->first_seen);
	statement_bind_u64(add, 6, sum->last_seen);
	statement_bind_u64(add, 7, sum->first_seq);
	statement_bind_u64(add, 8, sum->last_seq);
	statement_bind_u64(add, 9, sum->last_capability);
	for (int i = 0; i < ENTRY_STATUSES; i++)
		statement_bind_u64(add, 10 + i, sum->by_status[i]);
}

static int
write_session(
    struct projection *projection, const struct sum *sum, struct error *err)
{
	struct statement add =
	    statement_start(projection->statements, PROJECTION_ADD_TO_SESSION);

	bind_sum(&add, sum);
	return statement_run(&add, err);
}

static int
write_share(
    struct projection *projection, const struct sum *sum, struct error *err)
{
	struct statement add =
	    statement_start(projection->statements, PROJECTION_ADD_TO_SHARE);

	bind_sum(&add, sum);
	statement_bind_u64(&add, 14, projection->file);
	statement_bind_u64(&add, 15, sum->sessions);
	return statement_run(&add, err);
}

static int
write_sum(
    struct projection *projection, const struct sum *sum, struct error *err)
{
	return sum->session == 0 ? write_actor(projection, sum, err)
				 : write_session(projection, sum, err);
}

static void
forget_sums(struct projection *projection)
{
	memset(projection->places, 0, sizeof(projection->places));
	projection->count = 0;
}

int
projection_flush(struct projection *projection, struct error *err)
{
	for (size_t i = 0; i < projection->count; i++) {
		const struct sum *sum = &projection->sums[i];

		if (write_sum(projection, sum, err) == -1 ||
		    write_share(projection, sum, err) == -1)
			return -1;
	}
	forget_sums(projection);
	return 0;
}

/* The sum of a session (0: none) and an actor. There is room for one. */
static struct sum *
find_sum(struct projection *projection, dictionary_id session,
    dictionary_id actor, const struct entry *entry)
{
	uint64_t key = (uint64_t)session << 32 | actor;
	size_t place = (key * 0x9e3779b97f4a7c15ULL >> 40) % PLACES;
	struct sum *sum;

	while (projection->places[place] != 0) {
		sum = &projection->sums[projection->places[place] - 1];
		if (sum->session == session && sum->actor == actor)
			return sum;
		place = (place + 1) % PLACES;
	}
	assert(projection->count < SUMS);
	sum = &projection->sums[projection->count++];
	projection->places[place] = (uint16_t)projection->count;
	*sum = (struct sum){ .session = session,
		.actor = actor,
		.first_seen = entry->time,
		.first_seq = entry->seq };
	return sum;
}

static void
add_to_sum(struct sum *sum, const struct projection_entry *added)
{
	const struct entry *entry = added->entry;

	if (entry->time < sum->first_seen)
		sum->first_seen = entry->time;
	if (entry->time > sum->last_seen)
		sum->last_seen = entry->time;
	sum->last_seq = entry->seq;
	sum->last_capability = added->capability;
	sum->by_status[entry->status]++;
}

/* --- what a capability does --------------------------------------------- */

static int
on_session_start(struct projection *projection,
    const struct projection_entry *added, struct error *err)
{
	const struct entry *entry = added->entry;
	struct sum *sum;

	(void)err;
	find_sum(projection, 0, added->actor, entry)->sessions++;
	if (added->session == 0)
		return 0;
	sum = find_sum(projection, added->session, added->actor, entry);
	sum->started_at = entry->time;
	sum->ended_at = 0;
	return 0;
}

static int
on_session_end(struct projection *projection,
    const struct projection_entry *added, struct error *err)
{
	(void)err;
	if (added->session != 0)
		find_sum(projection, added->session, added->actor, added->entry)
		    ->ended_at = added->entry->time;
	return 0;
}

static unsigned
open_bit(struct slice call_id)
{
	return crc32c(0, call_id) % OPEN_BITS;
}

static int
ask(struct projection *projection, const struct projection_entry *added,
    struct error *err)
{
	const struct entry *entry = added->entry;
	struct statement add =
	    statement_start(projection->statements, PROJECTION_ADD_APPROVAL);
	unsigned bit = open_bit(entry->call_id);

	projection->open[bit / 8] |= (unsigned char)(1 << bit % 8);
	statement_bind_u64(&add, 1, entry->seq);
	statement_bind_u64(&add, 2, added->actor);
	statement_bind_u64(&add, 3, added->session);
	statement_bind_text(&add, 4,
	    entry->call_id.data == NULL ? SLICE_LITERAL("") : entry->call_id);
	statement_bind_u64(&add, 5, added->capability);
	statement_bind_u64(&add, 6, entry->time);
	return statement_run(&add, err);
}

/* What asks with this call_id in this session (and of this actor, if not 0) is
 * decided, if something does. */
static int
decide(struct projection *projection, const struct projection_entry *added,
    dictionary_id asker, enum approval_state state, dictionary_id decider,
    struct error *err)
{
	const struct entry *entry = added->entry;
	unsigned bit = open_bit(entry->call_id);
	struct statement find, set;
	uint64_t seq;

	if (entry->call_id.data == NULL ||
	    (projection->open[bit / 8] & 1 << bit % 8) == 0)
		return 0;
	find = statement_start(projection->statements, PROJECTION_FIND_OPEN);
	statement_bind_text(&find, 1, entry->call_id);
	statement_bind_u64(&find, 2, added->session);
	statement_bind_u64(&find, 3, asker);
	seq = statement_next(&find) ? statement_u64(&find, 0) : 0;
	if (statement_end(&find, err) == -1)
		return -1;
	if (seq == 0)
		return 0;
	set = statement_start(projection->statements, PROJECTION_DECIDE);
	statement_bind_u64(&set, 1, seq);
	statement_bind_u64(&set, 2, state);
	statement_bind_u64(&set, 3, entry->seq);
	statement_bind_u64(&set, 4, entry->time);
	statement_bind_u64(&set, 5, decider);
	return statement_run(&set, err);
}

static int
on_approval_request(struct projection *projection,
    const struct projection_entry *added, struct error *err)
{
	return ask(projection, added, err);
}

static int
on_approval_accept(struct projection *projection,
    const struct projection_entry *added, struct error *err)
{
	return decide(
	    projection, added, 0, APPROVAL_ACCEPTED, added->actor, err);
}

static int
on_approval_reject(struct projection *projection,
    const struct projection_entry *added, struct error *err)
{
	return decide(
	    projection, added, 0, APPROVAL_REJECTED, added->actor, err);
}

/* Any other call: it waits for a person, or what waited has ended. */
static int
on_call(struct projection *projection, const struct projection_entry *added,
    struct error *err)
{
	const struct entry *entry = added->entry;

	if (entry->call_id.data == NULL || entry->actor == ENTRY_SYSTEM)
		return 0;
	if (entry->status != ENTRY_PENDING)
		return decide(
		    projection, added, added->actor, APPROVAL_ENDED, 0, err);
	if (entry->tier == ENTRY_APPROVAL_REQUIRED)
		return ask(projection, added, err);
	return 0;
}

/* Reserved capabilities are believed of these actors only: a set of
 * 1 << ENTRY_…. */
static const struct {
	const char *capability;
	unsigned actors;
	int (*on_entry)(struct projection *projection,
	    const struct projection_entry *added, struct error *err);
} effects[] = {
	{ "session.start", 1 << ENTRY_AGENT | 1 << ENTRY_USER,
	    on_session_start },
	{ "session.end", 1 << ENTRY_AGENT | 1 << ENTRY_USER, on_session_end },
	{ "approval.request", 1 << ENTRY_AGENT | 1 << ENTRY_USER,
	    on_approval_request },
	{ "approval.accept", 1 << ENTRY_USER, on_approval_accept },
	/* The system: nobody has decided in time. */
	{ "approval.reject", 1 << ENTRY_USER | 1 << ENTRY_SYSTEM,
	    on_approval_reject },
};

static int
take_effect(struct projection *projection, const struct projection_entry *added,
    struct error *err)
{
	const struct entry *entry = added->entry;

	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++)
		if (slice_is(entry->capability, effects[i].capability))
			return (effects[i].actors & 1U << entry->actor) == 0
				   ? 0
				   : effects[i].on_entry(
					 projection, added, err);
	return on_call(projection, added, err);
}

int
projection_add(struct projection *projection,
    const struct projection_entry *added, struct error *err)
{
	/* An entry needs two at most. */
	if ((projection->count + 2 > SUMS || added->file != projection->file) &&
	    projection_flush(projection, err) == -1)
		return -1;
	projection->file = added->file;
	add_to_sum(find_sum(projection, 0, added->actor, added->entry), added);
	if (added->session != 0)
		add_to_sum(find_sum(projection, added->session, added->actor,
			       added->entry),
		    added);
	return take_effect(projection, added, err);
}

/* --- what retention took ------------------------------------------------ */

static int
run_with(struct projection *projection, int statement, const uint64_t *values,
    int count, struct error *err)
{
	struct statement run =
	    statement_start(projection->statements, statement);

	for (int i = 0; i < count; i++)
		statement_bind_u64(&run, i + 1, values[i]);
	return statement_run(&run, err);
}

/* Add the shares that are left to sums that were emptied. */
static int
add_shares_left(struct projection *projection, struct sum sum,
    uint64_t first_seq, struct error *err)
{
	struct statement shares =
	    statement_start(projection->statements, PROJECTION_SHARES_LEFT);
	struct error own;
	int result = 0;

	statement_bind_u64(&shares, 1, sum.session);
	statement_bind_u64(&shares, 2, sum.actor);
	statement_bind_u64(&shares, 3, first_seq);
	while (result == 0 && statement_next(&shares)) {
		sum.started_at = statement_u64(&shares, 0);
		sum.ended_at = statement_u64(&shares, 1);
		sum.first_seen = statement_u64(&shares, 2);
		sum.last_seen = statement_u64(&shares, 3);
		sum.first_seq = statement_u64(&shares, 4);
		sum.last_seq = statement_u64(&shares, 5);
		sum.last_capability = (dictionary_id)statement_u64(&shares, 6);
		for (int i = 0; i < ENTRY_STATUSES; i++)
			sum.by_status[i] = statement_u64(&shares, 7 + i);
		sum.sessions = statement_u64(&shares, 11);
		result = write_sum(projection, &sum, &own);
	}
	if (statement_end(&shares, err) == -1)
		return -1;
	if (result == -1)
		*err = own;
	return result;
}

/* Take the share of a file out of a sum: it is made again of the others. A name
 * of which nothing is left goes, too. */
static int
take_share(struct projection *projection, dictionary_id file,
    const struct sum *sum, uint64_t first_seq, struct error *err)
{
	const uint64_t share[] = { file, sum->session, sum->actor };
	const uint64_t *session = &share[1], *actor = &share[2];
	bool is_actor = sum->session == 0;

	if (run_with(projection, PROJECTION_DROP_SHARE, share, 3, err) == -1)
		return -1;
	if (is_actor)
		return run_with(projection, PROJECTION_EMPTY_ACTOR, actor, 1,
			   err) == -1 ||
			       add_shares_left(
				   projection, *sum, first_seq, err) == -1 ||
			       run_with(projection, PROJECTION_DROP_ACTOR,
				   actor, 1, err) == -1
			   ? -1
			   : 0;
	return run_with(projection, PROJECTION_DROP_SESSION, session, 2, err) ==
			   -1 ||
		       add_shares_left(projection, *sum, first_seq, err) ==
			   -1 ||
		       run_with(projection, PROJECTION_DROP_SESSION_NAME,
			   session, 1, err) == -1
		   ? -1
		   : 0;
}

int
projection_forget(struct projection *projection, dictionary_id file,
    uint64_t first_seq, struct error *err)
{
	struct statement shares =
	    statement_start(projection->statements, PROJECTION_SHARES_OF_FILE);
	struct sum taken[SHARES] = { 0 };
	int count = 0;

	assert(projection->count == 0);
	statement_bind_u64(&shares, 1, file);
	statement_bind_u64(&shares, 2, SHARES);
	while (count < SHARES && statement_next(&shares)) {
		taken[count].session = (dictionary_id)statement_u64(&shares, 0);
		taken[count++].actor = (dictionary_id)statement_u64(&shares, 1);
	}
	if (statement_end(&shares, err) == -1 ||
	    run_with(projection, PROJECTION_DROP_APPROVALS, &first_seq, 1,
		err) == -1)
		return -1;
	for (int i = 0; i < count; i++)
		if (take_share(projection, file, &taken[i], first_seq, err) ==
		    -1)
			return -1;
	return count == SHARES;
}

/* --- life --------------------------------------------------------------- */

static int
read_open_calls(struct projection *projection, struct error *err)
{
	struct statement calls =
	    statement_start(projection->statements, PROJECTION_OPEN_CALLS);

	memset(projection->open, 0, sizeof(projection->open));
	while (statement_next(&calls)) {
		unsigned bit = open_bit(statement_text(&calls, 0));

		projection->open[bit / 8] |= (unsigned char)(1 << bit % 8);
	}
	return statement_end(&calls, err);
}

struct projection *
projection_new(struct database *database, struct error *err)
{
	struct projection *projection = memory_new(sizeof(*projection));

	projection->sums = memory_new(SUMS * sizeof(*projection->sums));
	projection->statements = statement_set_new(
	    database, projection_statements, PROJECTION_STATEMENTS, err);
	if (projection->statements == NULL ||
	    read_open_calls(projection, err) == -1) {
		projection_free(projection);
		return NULL;
	}
	return projection;
}

void
projection_free(struct projection *projection)
{
	if (projection == NULL)
		return;
	statement_set_free(projection->statements);
	free(projection->sums);
	free(projection);
}

int
projection_reset(struct projection *projection, struct error *err)
{
	forget_sums(projection);
	return read_open_calls(projection, err);
}

int
projection_clear(struct projection *projection, struct error *err)
{
	static const int tables[] = { PROJECTION_CLEAR_SESSIONS,
		PROJECTION_CLEAR_SHARES, PROJECTION_CLEAR_APPROVALS };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct statement clear =
		    statement_start(projection->statements, tables[i]);

		if (statement_run(&clear, err) == -1)
			return -1;
	}
	return projection_reset(projection, err);
}
