#include "collectors/kruxosd/agent_writer.h"

#include "collectors/kruxosd/state_writer_internal.h"
#include "sql/agent_writer.h"

static struct agent_row
read_row(struct statement *rows)
{
	struct slice digest = statement_blob(rows, 2);
	struct agent_row row = {
		.created_at = statement_u64(rows, 3),
		.rotated_at = statement_u64(rows, 4),
		.last_used_at = statement_u64(rows, 5),
		.revoked_at = statement_u64(rows, 6),
	};

	statement_copy(rows, 0, row.name, sizeof(row.name));
	statement_copy(rows, 1, row.purpose, sizeof(row.purpose));
	if (digest.len == sizeof(row.digest))
		memcpy(row.digest, digest.data, digest.len);
	return row;
}

int
agent_writer_each(struct state_writer *writer,
    void (*on_row)(void *context, const struct agent_row *row), void *context,
    struct error *err)
{
	struct statement rows;

	if (state_writer_open(writer, err) == -1)
		return -1;
	rows =
	    state_writer_start(writer, STATE_WRITER_AGENTS, AGENT_WRITER_EACH);
	while (statement_next(&rows)) {
		struct agent_row row = read_row(&rows);

		on_row(context, &row);
	}
	return state_writer_end(writer, &rows, err);
}

int
agent_writer_put(
    struct state_writer *writer, const struct agent_row *row, struct error *err)
{
	struct statement put =
	    state_writer_start(writer, STATE_WRITER_AGENTS, AGENT_WRITER_PUT);

	statement_bind_text(&put, 1, slice_of(row->name));
	statement_bind_text(&put, 2, slice_of(row->purpose));
	statement_bind_blob(&put, 3, state_writer_bytes(row->digest));
	statement_bind_u64(&put, 4, row->created_at);
	statement_bind_u64(&put, 5, row->rotated_at);
	statement_bind_u64(&put, 6, row->last_used_at);
	statement_bind_u64(&put, 7, row->revoked_at);
	return state_writer_run(writer, &put, err);
}

int
agent_writer_touch(struct state_writer *writer, const char *name,
    usec_t last_used_at, struct error *err)
{
	struct statement touch =
	    state_writer_start(writer, STATE_WRITER_AGENTS, AGENT_WRITER_TOUCH);

	statement_bind_text(&touch, 1, slice_of(name));
	statement_bind_u64(&touch, 2, last_used_at);
	return state_writer_run(writer, &touch, err);
}
