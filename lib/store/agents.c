#include "store/agents.h"

#include "base/memory.h"
#include "sql/agents.h"
#include "store/dictionary.h"
#include "store/search.h"

#include <assert.h>

#define ACTIVE_TIME	(5 * USEC_PER_MIN)
#define INVOCATION_TIME (60 * USEC_PER_SEC)

static void
read_agent(struct statement *row, struct arena *arena, struct agent *agent)
{
	uint64_t type = statement_u64(row, 0);

	agent->actor =
	    type < ENTRY_ACTORS ? (enum entry_actor)type : ENTRY_SYSTEM;
	agent->name = arena_slice(arena, statement_text(row, 1));
	agent->first_seen = statement_u64(row, 2);
	agent->last_seen = statement_u64(row, 3);
	agent->last_seq = statement_u64(row, 4);
	agent->last_capability = arena_slice(arena, statement_text(row, 5));
	for (int i = 0; i < ENTRY_STATUSES; i++)
		agent->by_status[i] = statement_u64(row, 6 + i);
	agent->sessions = statement_u64(row, 10);
}

/* The one number that a statement with one parameter gives. */
static int
read_number(struct store *store, int index, uint64_t parameter,
    uint64_t *ret_number, struct error *err)
{
	struct statement count = store_start(store, STORE_AGENTS, index);
	uint64_t number;

	if (index != AGENTS_SESSIONS)
		statement_bind_u64(&count, 1, parameter);
	number = statement_next(&count) ? statement_u64(&count, 0) : 0;
	if (statement_end(&count, err) == -1)
		return -1;
	*ret_number = number;
	return 0;
}

static int
read_list(struct store *store, enum entry_actor actor, size_t offset,
    size_t limit, struct arena *arena, struct agent_list *list,
    struct error *err)
{
	struct statement rows = store_start(store, STORE_AGENTS, AGENTS_LIST);

	statement_bind_u64(&rows, 1, actor);
	statement_bind_u64(&rows, 2, limit);
	statement_bind_u64(&rows, 3, offset);
	list->agents = arena_array(arena, limit, sizeof(*list->agents));
	while (list->count < limit && statement_next(&rows))
		read_agent(&rows, arena, &list->agents[list->count++]);
	return statement_end(&rows, err);
}

int
agents_list(struct store *store, enum entry_actor actor, size_t offset,
    size_t limit, struct arena *arena, struct agent_list *ret_list,
    struct error *err)
{
	struct agent_list list = { NULL, 0, 0 };
	int result;

	assert(limit <= AGENTS_LIMIT && offset <= INT64_MAX);
	if (store_begin(store, err) == -1)
		return -1;
	result = read_list(store, actor, offset, limit, arena, &list, err);
	if (result == 0)
		result =
		    read_number(store, AGENTS_COUNT, actor, &list.total, err);
	store_end(store);
	if (result == 0)
		*ret_list = list;
	return result;
}

int
agents_find(struct store *store, enum entry_actor actor, struct slice name,
    struct arena *arena, struct agent *ret_agent, struct error *err)
{
	struct statement find;
	bool is_there;
	int result;

	if (store_begin(store, err) == -1)
		return -1;
	find = store_start(store, STORE_AGENTS, AGENTS_FIND);
	statement_bind_u64(&find, 1, actor);
	statement_bind_text(&find, 2, name);
	is_there = statement_next(&find);
	if (is_there)
		read_agent(&find, arena, ret_agent);
	result = statement_end(&find, err);
	store_end(store);
	if (result == 0 && !is_there)
		return error_set(
		    err, ERROR_NOT_FOUND, "nobody of this name is in the log");
	return result;
}

/* Entries of agents within `span` before `now`, by status. */
static int
count_recent(struct store *store, usec_t now, usec_t span,
    uint64_t ret_by_status[ENTRY_STATUSES], struct error *err)
{
	struct filter_value agent = { .choice = ENTRY_AGENT };
	struct search search = {
		.filter = { .from = now > span ? now - span + 1 : 0,
		    .to = CLOCK_MAX + 1,
		    .lists[FILTER_ACTOR_TYPE] = { &agent, 1 } },
	};
	struct arena arena = ARENA_INIT;
	struct search_stats stats;
	int result = search_stats(store, &search, &arena, &stats, err);

	if (result == 0)
		memcpy(ret_by_status, stats.by_status, sizeof(stats.by_status));
	arena_free(&arena);
	return result;
}

int
agents_metrics(struct store *store, usec_t now,
    struct agent_metrics *ret_metrics, struct error *err)
{
	struct agent_metrics metrics = { 0 };
	uint64_t minute[ENTRY_STATUSES] = { 0 };
	uint64_t recent[ENTRY_STATUSES] = { 0 };
	int result;

	if (store_begin(store, err) == -1)
		return -1;
	result = read_number(store, AGENTS_ACTIVE,
	    now > ACTIVE_TIME ? now - ACTIVE_TIME : 0, &metrics.active, err);
	if (result == 0)
		result = read_number(
		    store, AGENTS_SESSIONS, 0, &metrics.sessions, err);
	if (result == 0)
		result = count_recent(store, now, INVOCATION_TIME, minute, err);
	if (result == 0)
		result = count_recent(store, now, ACTIVE_TIME, recent, err);
	store_end(store);
	if (result == -1)
		return -1;
	metrics.invocations =
	    minute[ENTRY_SUCCESS] + minute[ENTRY_ERROR] + minute[ENTRY_DENIED];
	metrics.succeeded = recent[ENTRY_SUCCESS];
	metrics.failed = recent[ENTRY_ERROR];
	*ret_metrics = metrics;
	return 0;
}
