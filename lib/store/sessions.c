#include "store/sessions.h"

#include "sql/sessions.h"
#include "store/dictionary.h"

#include <assert.h>

static void
read_session(
    struct statement *row, struct arena *arena, struct session *session)
{
	uint64_t type = statement_u64(row, 1);

	session->id = arena_slice(arena, statement_text(row, 0));
	session->actor =
	    type < ENTRY_ACTORS ? (enum entry_actor)type : ENTRY_SYSTEM;
	session->actor_name = arena_slice(arena, statement_text(row, 2));
	session->started_at = statement_u64(row, 3);
	session->ended_at = statement_u64(row, 4);
	session->first_seen = statement_u64(row, 5);
	session->last_seen = statement_u64(row, 6);
	session->first_seq = statement_u64(row, 7);
	session->last_seq = statement_u64(row, 8);
	session->last_capability = arena_slice(arena, statement_text(row, 9));
	for (int i = 0; i < ENTRY_STATUSES; i++)
		session->by_status[i] = statement_u64(row, 10 + i);
}

static int
read_list(struct statement *rows, size_t limit, struct arena *arena,
    struct session_list *list, struct error *err)
{
	list->sessions = arena_array(arena, limit, sizeof(*list->sessions));
	while (list->count < limit && statement_next(rows))
		read_session(rows, arena, &list->sessions[list->count++]);
	return statement_end(rows, err);
}

int
sessions_find(struct store *store, struct slice id, struct arena *arena,
    struct session_list *ret_list, struct error *err)
{
	struct session_list list = { NULL, 0 };
	struct statement rows;
	int result;

	if (store_begin(store, err) == -1)
		return -1;
	rows = store_start(store, STORE_SESSIONS, SESSIONS_FIND);
	statement_bind_text(&rows, 1, id);
	result = read_list(&rows, SESSIONS_OF_ONE_ID, arena, &list, err);
	store_end(store);
	if (result == 0 && list.count == 0)
		return error_set(err, ERROR_NOT_FOUND,
		    "no session of this id is in the log");
	if (result == 0)
		*ret_list = list;
	return result;
}

/* The id of an agent; 0 for everyone, with `ret_is_nobody` set where there is
 * no such agent. */
static int
find_agent(struct store *store, struct slice name, dictionary_id *ret_id,
    bool *ret_is_nobody, struct error *err)
{
	*ret_id = 0;
	*ret_is_nobody = false;
	if (name.data == NULL)
		return 0;
	if (dictionary_actor(store, ENTRY_AGENT, name, ret_id, err) == -1)
		return -1;
	*ret_is_nobody = *ret_id == 0;
	return 0;
}

int
sessions_list(struct store *store, struct slice agent_name, uint64_t before_seq,
    size_t limit, struct arena *arena, struct session_list *ret_list,
    struct error *err)
{
	struct session_list list = { NULL, 0 };
	struct statement rows;
	dictionary_id agent;
	bool is_nobody;
	int result;

	assert(limit <= SESSIONS_LIMIT);
	if (store_begin(store, err) == -1)
		return -1;
	result = find_agent(store, agent_name, &agent, &is_nobody, err);
	if (result == 0 && !is_nobody) {
		rows = store_start(store, STORE_SESSIONS,
		    agent == 0 ? SESSIONS_LIST : SESSIONS_LIST_OF);
		statement_bind_u64(&rows, 1,
		    before_seq == 0 || before_seq > INT64_MAX ? INT64_MAX
							      : before_seq);
		statement_bind_u64(&rows, 2, limit);
		if (agent != 0)
			statement_bind_u64(&rows, 3, agent);
		result = read_list(&rows, limit, arena, &list, err);
	}
	store_end(store);
	if (result == 0)
		*ret_list = list;
	return result;
}
