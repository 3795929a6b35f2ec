#include "store/approvals.h"

#include "sql/approvals.h"

#include <assert.h>

static struct slice
read_text(struct statement *row, int column, struct arena *arena)
{
	struct slice text = statement_text(row, column);

	return text.len == 0 ? (struct slice){ NULL, 0 }
			     : arena_slice(arena, text);
}

static void
read_approval(
    struct statement *row, struct arena *arena, struct approval *approval)
{
	uint64_t state = statement_u64(row, 1), type = statement_u64(row, 2);

	approval->seq = statement_u64(row, 0);
	approval->state = state < APPROVAL_STATES ? (enum approval_state)state
						  : APPROVAL_ENDED;
	approval->actor =
	    type < ENTRY_ACTORS ? (enum entry_actor)type : ENTRY_SYSTEM;
	approval->actor_name = read_text(row, 3, arena);
	approval->session_id = read_text(row, 4, arena);
	approval->call_id = read_text(row, 5, arena);
	approval->capability = read_text(row, 6, arena);
	approval->asked_at = statement_u64(row, 7);
	approval->decided_seq = statement_u64(row, 8);
	approval->decided_at = statement_u64(row, 9);
	approval->decided_by = read_text(row, 10, arena);
}

static int
read_list(struct store *store, unsigned states, uint64_t before_seq,
    size_t limit, struct arena *arena, struct approval_list *list,
    struct error *err)
{
	struct statement rows =
	    store_start(store, STORE_APPROVALS, APPROVALS_LIST);

	statement_bind_u64(&rows, 1,
	    before_seq == 0 || before_seq > INT64_MAX ? INT64_MAX : before_seq);
	statement_bind_u64(&rows, 2, states);
	statement_bind_u64(&rows, 3, limit);
	list->approvals = arena_grow(arena, NULL, 0, sizeof(*list->approvals));
	while (list->count < limit && statement_next(&rows)) {
		read_approval(&rows, arena, &list->approvals[list->count++]);
		list->approvals = arena_grow(arena, list->approvals,
		    list->count, sizeof(*list->approvals));
	}
	return statement_end(&rows, err);
}

static int
count(struct store *store, unsigned states, uint64_t *ret_total,
    struct error *err)
{
	uint64_t total = 0;

	for (unsigned state = 0; state < APPROVAL_STATES; state++) {
		struct statement rows;

		if ((states & 1U << state) == 0)
			continue;
		rows = store_start(store, STORE_APPROVALS, APPROVALS_COUNT);
		statement_bind_u64(&rows, 1, state);
		if (statement_next(&rows))
			total += statement_u64(&rows, 0);
		if (statement_end(&rows, err) == -1)
			return -1;
	}
	*ret_total = total;
	return 0;
}

int
approvals_list(struct store *store, unsigned states, uint64_t before_seq,
    size_t limit, struct arena *arena, struct approval_list *ret_list,
    struct error *err)
{
	struct approval_list list = { NULL, 0, 0 };
	int result;

	assert(limit <= APPROVALS_LIMIT);
	if (store_begin(store, err) == -1)
		return -1;
	result = read_list(store, states, before_seq, limit, arena, &list, err);
	if (result == 0)
		result = count(store, states, &list.total, err);
	store_end(store);
	if (result == 0)
		*ret_list = list;
	return result;
}

int
approvals_find(struct store *store, uint64_t seq, struct arena *arena,
    struct approval *ret_approval, struct error *err)
{
	struct statement find;
	bool is_there;
	int result;

	if (store_begin(store, err) == -1)
		return -1;
	find = store_start(store, STORE_APPROVALS, APPROVALS_FIND);
	statement_bind_u64(&find, 1, seq > INT64_MAX ? INT64_MAX : seq);
	is_there = statement_next(&find);
	if (is_there)
		read_approval(&find, arena, ret_approval);
	result = statement_end(&find, err);
	store_end(store);
	if (result == 0 && !is_there)
		return error_set(err, ERROR_NOT_FOUND,
		    "entry %llu asks for no approval", (unsigned long long)seq);
	return result;
}

static int
read_oldest(struct store *store, usec_t *ret_asked_at, struct error *err)
{
	struct statement row =
	    store_start(store, STORE_APPROVALS, APPROVALS_OLDEST);

	statement_bind_u64(&row, 1, APPROVAL_PENDING);
	*ret_asked_at = statement_next(&row) ? statement_u64(&row, 0) : 0;
	return statement_end(&row, err);
}

int
approvals_pending(struct store *store, uint64_t *ret_count,
    usec_t *ret_asked_at, struct error *err)
{
	int result;

	if (store_begin(store, err) == -1)
		return -1;
	result = count(store, 1U << APPROVAL_PENDING, ret_count, err);
	if (result == 0)
		result = read_oldest(store, ret_asked_at, err);
	store_end(store);
	return result;
}
