#include "collectors/kruxosd/account_writer_internal.h"

int
account_writer_owe(struct account_writer *writer, const struct entry *entry,
    struct slice request, uint64_t *ret_id, struct error *err)
{
	struct statement owe =
	    statement_start(writer->statements, ACCOUNT_WRITER_OWE);

	statement_bind_u64(&owe, 1, entry->time);
	statement_bind_u64(&owe, 2, entry->uid);
	statement_bind_text(
	    &owe, 3, slice_of(entry_source_name(entry->source)));
	statement_bind_text(&owe, 4,
	    entry->actor == ENTRY_USER ? entry->actor_name : SLICE_LITERAL(""));
	statement_bind_text(&owe, 5, entry->capability);
	statement_bind_text(&owe, 6, request);
	if (account_writer_run(writer, &owe, err) == -1)
		return -1;
	*ret_id = (uint64_t)sqlite3_last_insert_rowid(
	    database_handle(writer->database));
	return 0;
}

int
account_writer_owed(struct account_writer *writer, uint64_t *ret_ids,
    size_t most, size_t *ret_count, struct error *err)
{
	struct statement rows;
	size_t count = 0;

	if (account_writer_open(writer, err) == -1)
		return -1;
	rows = statement_start(writer->statements, ACCOUNT_WRITER_OWED);
	statement_bind_u64(&rows, 1, most);
	while (count < most && statement_next(&rows))
		ret_ids[count++] = statement_u64(&rows, 0);
	if (account_writer_end(writer, &rows, err) == -1)
		return -1;
	*ret_count = count;
	return 0;
}

static enum entry_source
read_source(struct slice name)
{
	for (int i = 0; i < ENTRY_SOURCES; i++)
		if (slice_is(name, entry_source_name((enum entry_source)i)))
			return (enum entry_source)i;
	return ENTRY_DAEMON;
}

int
account_writer_owed_entry(struct account_writer *writer, uint64_t id,
    struct arena *arena, struct entry *ret_entry, struct slice *ret_request,
    struct error *err)
{
	struct statement row;
	bool is_there;

	if (account_writer_open(writer, err) == -1)
		return -1;
	row = statement_start(writer->statements, ACCOUNT_WRITER_OWED_ENTRY);
	statement_bind_u64(&row, 1, id);
	is_there = statement_next(&row);
	if (is_there) {
		struct slice user = arena_slice(arena, statement_text(&row, 3));

		*ret_entry = (struct entry){
			.time = statement_u64(&row, 0),
			.uid = (uint32_t)statement_u64(&row, 1),
			.source = read_source(statement_text(&row, 2)),
			.actor = user.len > 0 ? ENTRY_USER : ENTRY_SYSTEM,
			.actor_name = user,
			.capability =
			    arena_slice(arena, statement_text(&row, 4)),
			.status = ENTRY_SUCCESS,
		};
		if (user.len == 0)
			ret_entry->actor_name = (struct slice){ NULL, 0 };
		*ret_request = arena_slice(arena, statement_text(&row, 5));
	}
	return account_writer_end(writer, &row, err) == -1 ? -1 : is_there;
}

int
account_writer_settle(
    struct account_writer *writer, uint64_t id, struct error *err)
{
	struct statement settle;

	if (account_writer_open(writer, err) == -1)
		return -1;
	settle = statement_start(writer->statements, ACCOUNT_WRITER_SETTLE);
	statement_bind_u64(&settle, 1, id);
	return account_writer_run(writer, &settle, err);
}
