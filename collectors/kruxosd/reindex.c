#include "collectors/kruxosd/reindex.h"

#include "base/cleanup.h"
#include "base/memory.h"

enum { WAITING_MAX = 16 };

/* Less than clients wait for a sign of life (cli/order.c). */
#define STANDSTILL_MAX (30 * USEC_PER_SEC)

struct reindex {
	struct indexer *indexer;
	struct command_call *waiting[WAITING_MAX];
	size_t count;
	struct indexer_state last; /* heard of, when it moved */
	usec_t due; /* to move; 0: STANDSTILL_MAX from the next tick */
};

struct reindex *
reindex_new(struct indexer *indexer)
{
	struct reindex *reindex = memory_new(sizeof(*reindex));

	reindex->indexer = indexer;
	return reindex;
}

/* Everyone who waits is told why he waits no more. */
void
reindex_free(struct reindex *reindex)
{
	struct error err;

	if (reindex == NULL)
		return;
	error_set(&err, ERROR_BUSY,
	    "the daemon stops; the index is built on at its next start");
	while (reindex->count > 0)
		command_fail(reindex->waiting[--reindex->count], &err);
	free(reindex);
}

/* Who asks while it is being built waits for that. */
void
reindex_command(struct reindex *reindex, struct command_call *call)
{
	struct indexer_state state;
	struct error err;

	if (reindex->count == WAITING_MAX) {
		error_set(&err, ERROR_BUSY,
		    "the index is being built already, and %d wait for it",
		    WAITING_MAX);
		command_fail(call, &err);
		return;
	}
	indexer_get(reindex->indexer, &state);
	if (reindex->count == 0 || state.status != STATUS_INDEX_REBUILDING)
		indexer_reindex(reindex->indexer);
	if (reindex->count == 0)
		reindex->due = 0;
	reindex->waiting[reindex->count++] = call;
}

static void
answer(struct command_call *call, const struct indexer_state *state)
{
	cleanup(buf_free) struct buf result = BUF_INIT;

	buf_addf(&result, "{\"entries\":%llu,\"generation\":%llu}",
	    (unsigned long long)state->index_seq,
	    (unsigned long long)state->generation);
	command_ok(call, buf_slice(&result));
}

/* Is the order carried out, and how did it end? False: not yet. */
static bool
has_ended(const struct indexer_state *state, struct error *ret_why)
{
	*ret_why = (struct error){ 0 };
	if (state->refusal[0] != '\0')
		error_set(ret_why, ERROR_SYSTEM, "%s", state->refusal);
	else if (state->status == STATUS_INDEX_FAILING)
		error_set(ret_why, ERROR_SYSTEM,
		    "%s; the daemon goes on with the index when it can",
		    state->sentence);
	else
		return state->status != STATUS_INDEX_REBUILDING;
	return true;
}

void
reindex_heard(struct reindex *reindex, const struct indexer_state *state)
{
	struct error why;
	bool is_over = has_ended(state, &why);

	if (state->index_seq != reindex->last.index_seq ||
	    state->generation != reindex->last.generation)
		reindex->due = 0;
	reindex->last = *state;
	for (size_t i = 0; i < reindex->count; i++)
		if (!is_over)
			command_progress(reindex->waiting[i], state->progress);
		else if (why.code != ERROR_NONE)
			command_fail(reindex->waiting[i], &why);
		else
			answer(reindex->waiting[i], state);
	if (is_over)
		reindex->count = 0;
}

void
reindex_tick(struct reindex *reindex, usec_t now)
{
	const char *sentence = reindex->last.sentence;
	struct error err;

	if (reindex->count == 0)
		return;
	if (reindex->due == 0)
		reindex->due = now + STANDSTILL_MAX;
	if (now < reindex->due)
		return;
	error_set(&err, ERROR_BUSY,
	    "the index has not moved for half a minute%s%s; it is built when "
	    "it can be",
	    sentence[0] == '\0' ? "" : ": ", sentence);
	while (reindex->count > 0)
		command_fail(reindex->waiting[--reindex->count], &err);
}
