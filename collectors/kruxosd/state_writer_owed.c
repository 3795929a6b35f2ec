#include "collectors/kruxosd/state_writer_internal.h"

#include "sql/state_writer.h"

/* Words of an entry, by their names; left out is ''. */
static struct slice
text_of(struct slice text)
{
	return text.data == NULL ? SLICE_LITERAL("") : text;
}

static struct slice
word_of(const char *name)
{
	return slice_of(name == NULL ? "" : name);
}

int
state_writer_owe(struct state_writer *writer, const struct entry *entry,
    struct slice request, uint64_t *ret_id, struct error *err)
{
	struct statement owe =
	    state_writer_start(writer, STATE_WRITER_OWN, STATE_WRITER_OWE);
	bool is_agent = entry->actor == ENTRY_AGENT;
	bool is_user = entry->actor == ENTRY_USER;
	struct slice nobody = SLICE_LITERAL("");

	statement_bind_u64(&owe, 1, entry->time);
	statement_bind_u64(&owe, 2, entry->uid);
	statement_bind_text(&owe, 3, word_of(entry_source_name(entry->source)));
	statement_bind_text(&owe, 4, is_user ? entry->actor_name : nobody);
	statement_bind_text(&owe, 5, entry->capability);
	statement_bind_text(&owe, 6, request);
	statement_bind_text(&owe, 7, is_agent ? entry->actor_name : nobody);
	statement_bind_text(&owe, 8, text_of(entry->session_id));
	statement_bind_text(&owe, 9, text_of(entry->call_id));
	statement_bind_text(&owe, 10, text_of(entry->parent_call_id));
	statement_bind_text(&owe, 11, text_of(entry->trace_id));
	statement_bind_text(&owe, 12, word_of(entry_tier_name(entry->tier)));
	statement_bind_text(
	    &owe, 13, word_of(entry_decider_name(entry->decider)));
	statement_bind_text(
	    &owe, 14, word_of(entry_status_name(entry->status)));
	if (state_writer_run(writer, &owe, err) == -1)
		return -1;
	*ret_id = (uint64_t)sqlite3_last_insert_rowid(
	    database_handle(writer->database));
	return 0;
}

int
state_writer_owed(struct state_writer *writer, uint64_t *ret_ids, size_t most,
    size_t *ret_count, struct error *err)
{
	struct statement rows;
	size_t count = 0;

	if (state_writer_open(writer, err) == -1)
		return -1;
	rows = state_writer_start(writer, STATE_WRITER_OWN, STATE_WRITER_OWED);
	statement_bind_u64(&rows, 1, most);
	while (count < most && statement_next(&rows))
		ret_ids[count++] = statement_u64(&rows, 0);
	if (state_writer_end(writer, &rows, err) == -1)
		return -1;
	*ret_count = count;
	return 0;
}

/* In `arena`, or {NULL, 0} for ''. */
static struct slice
read_text(struct statement *row, int column, struct arena *arena)
{
	struct slice text = statement_text(row, column);

	return text.len == 0 ? (struct slice){ NULL, 0 }
			     : arena_slice(arena, text);
}

/* A word that is none of ours becomes `otherwise`. */
static int
read_word(struct statement *row, int column, int (*of)(struct slice name),
    int otherwise)
{
	int word = of(statement_text(row, column));

	return word == -1 ? otherwise : word;
}

static void
read_actor(struct statement *row, struct arena *arena, struct entry *entry)
{
	struct slice user = read_text(row, 3, arena);
	struct slice agent = read_text(row, 6, arena);

	entry->actor = agent.len > 0  ? ENTRY_AGENT
		       : user.len > 0 ? ENTRY_USER
				      : ENTRY_SYSTEM;
	entry->actor_name = agent.len > 0 ? agent : user;
}

static void
read_entry(struct statement *row, struct arena *arena, struct entry *ret)
{
	*ret = (struct entry){
		.time = statement_u64(row, 0),
		.uid = (uint32_t)statement_u64(row, 1),
		.source = (enum entry_source)read_word(
		    row, 2, entry_source_of, ENTRY_DAEMON),
		.capability = read_text(row, 4, arena),
		.session_id = read_text(row, 7, arena),
		.call_id = read_text(row, 8, arena),
		.parent_call_id = read_text(row, 9, arena),
		.trace_id = read_text(row, 10, arena),
		.tier = (enum entry_tier)read_word(
		    row, 11, entry_tier_of, ENTRY_NO_TIER),
		.decider = (enum entry_decider)read_word(
		    row, 12, entry_decider_of, ENTRY_UNDECIDED),
		.status = (enum entry_status)read_word(
		    row, 13, entry_status_of, ENTRY_SUCCESS),
	};
	read_actor(row, arena, ret);
}

int
state_writer_owed_entry(struct state_writer *writer, uint64_t id,
    struct arena *arena, struct entry *ret_entry, struct slice *ret_request,
    struct error *err)
{
	struct statement row;
	bool is_there;

	if (state_writer_open(writer, err) == -1)
		return -1;
	row = state_writer_start(
	    writer, STATE_WRITER_OWN, STATE_WRITER_OWED_ENTRY);
	statement_bind_u64(&row, 1, id);
	is_there = statement_next(&row);
	if (is_there) {
		read_entry(&row, arena, ret_entry);
		*ret_request = arena_slice(arena, statement_text(&row, 5));
	}
	return state_writer_end(writer, &row, err) == -1 ? -1 : is_there;
}

int
state_writer_settle(struct state_writer *writer, uint64_t id, struct error *err)
{
	struct statement settle;

	if (state_writer_open(writer, err) == -1)
		return -1;
	settle =
	    state_writer_start(writer, STATE_WRITER_OWN, STATE_WRITER_SETTLE);
	statement_bind_u64(&settle, 1, id);
	return state_writer_run(writer, &settle, err);
}
