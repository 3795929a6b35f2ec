#include "collectors/kruxosd/approval_writer.h"

#include "collectors/kruxosd/state_writer_internal.h"
#include "sql/approval_writer.h"

static struct statement
start(struct state_writer *writer, int statement)
{
	return state_writer_start(writer, STATE_WRITER_APPROVALS, statement);
}

/* --- a new one ------------------------------------------------------------ */

/* Of `whose`, {NULL, 0}: of all. */
static int
check_room(struct state_writer *writer, int statement, struct slice whose,
    uint64_t most, struct error *err)
{
	enum { WAIT_SECONDS = 60 };

	if (state_writer_check_room(writer, STATE_WRITER_APPROVALS, statement,
		whose, most, "requests that wait for approval", err) == 0)
		return 0;
	return err->code == ERROR_CONFLICT
		   ? error_set_wait(err, WAIT_SECONDS, "%s", err->sentence)
		   : -1;
}

/* What was refused, and is not asked for again, is no reason to ask for nothing
 * else. */
static int
make_room(struct state_writer *writer, struct slice agent, struct error *err)
{
	struct statement remove = start(writer, APPROVAL_WRITER_GIVE_WAY);

	statement_bind_text(&remove, 1, agent);
	statement_bind_u64(&remove, 2, APPROVAL_WRITER_OF_AGENT);
	return state_writer_run(writer, &remove, err);
}

int
approval_writer_add(struct state_writer *writer, const struct approval_row *row,
    const unsigned char digest[static SHA256_BYTES], struct error *err)
{
	struct slice all = { NULL, 0 };
	struct statement add;

	if (make_room(writer, row->agent, err) == -1 ||
	    check_room(writer, APPROVAL_WRITER_COUNT_OF_AGENT, row->agent,
		APPROVAL_WRITER_OF_AGENT, err) == -1 ||
	    check_room(writer, APPROVAL_WRITER_COUNT, all, APPROVAL_WRITER_ALL,
		err) == -1)
		return -1;
	add = start(writer, APPROVAL_WRITER_ADD);
	statement_bind_text(&add, 1, row->id);
	statement_bind_text(&add, 2, row->agent);
	statement_bind_text(&add, 3, row->capability);
	statement_bind_blob(&add, 4, state_writer_bytes(digest));
	statement_bind_text(&add, 5, row->request);
	statement_bind_text(&add, 6,
	    row->session_id.data == NULL ? SLICE_LITERAL("") : row->session_id);
	statement_bind_u64(&add, 7, row->asked_at);
	return state_writer_run(writer, &add, err);
}

/* --- reading -------------------------------------------------------------- */

static struct approval_row
read_row(struct statement *row)
{
	uint64_t step = statement_u64(row, 5);

	return (struct approval_row){
		.id = statement_text(row, 0),
		.agent = statement_text(row, 1),
		.capability = statement_text(row, 2),
		.session_id = statement_text(row, 3),
		.request = statement_text(row, 4),
		.step = step < APPROVAL_STEPS ? (enum approval_step)step
					      : APPROVAL_REFUSED,
		.asked_at = statement_u64(row, 6),
		.decided_at = statement_u64(row, 7),
		.decided_by = statement_text(row, 8),
		.reason = statement_text(row, 9),
	};
}

static void
keep_texts(struct approval_row *row, struct arena *arena)
{
	row->id = arena_slice(arena, row->id);
	row->agent = arena_slice(arena, row->agent);
	row->capability = arena_slice(arena, row->capability);
	row->session_id = arena_slice(arena, row->session_id);
	row->request = arena_slice(arena, row->request);
	row->decided_by = arena_slice(arena, row->decided_by);
	row->reason = arena_slice(arena, row->reason);
}

static int
read_one(struct state_writer *writer, struct statement *row,
    struct arena *arena, struct approval_row *ret_row, struct error *err)
{
	bool is_there = statement_next(row);
	struct approval_row found;

	if (is_there) {
		found = read_row(row);
		keep_texts(&found, arena);
	}
	if (state_writer_end(writer, row, err) == -1)
		return -1;
	if (is_there)
		*ret_row = found;
	return is_there;
}

int
approval_writer_find(struct state_writer *writer, struct slice id,
    struct arena *arena, struct approval_row *ret_row, struct error *err)
{
	struct statement row;

	if (state_writer_open(writer, err) == -1)
		return -1;
	row = start(writer, APPROVAL_WRITER_FIND);
	statement_bind_text(&row, 1, id);
	return read_one(writer, &row, arena, ret_row, err);
}

int
approval_writer_find_call(struct state_writer *writer, struct slice agent,
    struct slice capability, const unsigned char digest[static SHA256_BYTES],
    struct arena *arena, struct approval_row *ret_row, struct error *err)
{
	struct statement row;

	if (state_writer_open(writer, err) == -1)
		return -1;
	row = start(writer, APPROVAL_WRITER_FIND_CALL);
	statement_bind_text(&row, 1, agent);
	statement_bind_text(&row, 2, capability);
	statement_bind_blob(&row, 3, state_writer_bytes(digest));
	return read_one(writer, &row, arena, ret_row, err);
}

int
approval_writer_find_over(struct state_writer *writer, usec_t asked_since,
    usec_t decided_since, usec_t now, struct arena *arena,
    struct approval_row *ret_row, struct error *err)
{
	struct statement row;

	if (state_writer_open(writer, err) == -1)
		return -1;
	row = start(writer, APPROVAL_WRITER_FIND_OVER);
	statement_bind_u64(&row, 1, asked_since);
	statement_bind_u64(&row, 2, decided_since);
	statement_bind_u64(&row, 3, now);
	return read_one(writer, &row, arena, ret_row, err);
}

int
approval_writer_each(struct state_writer *writer, unsigned steps,
    bool (*on_row)(void *context, const struct approval_row *row),
    void *context, struct error *err)
{
	struct statement rows;
	bool goes_on = true;

	if (state_writer_open(writer, err) == -1)
		return -1;
	rows = start(writer, APPROVAL_WRITER_LIST);
	statement_bind_u64(&rows, 1, steps);
	while (goes_on && statement_next(&rows)) {
		struct approval_row row = read_row(&rows);

		goes_on = on_row(context, &row);
	}
	return state_writer_end(writer, &rows, err);
}

/* --- changes -------------------------------------------------------------- */

int
approval_writer_set_step(struct state_writer *writer, struct slice id,
    enum approval_step step, struct error *err)
{
	struct statement set = start(writer, APPROVAL_WRITER_SET_STATE);

	statement_bind_text(&set, 1, id);
	statement_bind_u64(&set, 2, step);
	return state_writer_run(writer, &set, err);
}

int
approval_writer_decide(struct state_writer *writer, struct slice id,
    enum approval_step step, usec_t now, struct slice user, struct slice reason,
    struct error *err)
{
	struct statement set = start(writer, APPROVAL_WRITER_DECIDE);

	statement_bind_text(&set, 1, id);
	statement_bind_u64(&set, 2, step);
	statement_bind_u64(&set, 3, now);
	statement_bind_text(&set, 4, user);
	statement_bind_text(&set, 5, reason);
	return state_writer_run(writer, &set, err);
}

int
approval_writer_end_of_agent(
    struct state_writer *writer, struct slice agent, struct error *err)
{
	struct statement end = start(writer, APPROVAL_WRITER_END_OF_AGENT);

	statement_bind_text(&end, 1, agent);
	return state_writer_run(writer, &end, err);
}

int
approval_writer_remove(
    struct state_writer *writer, struct slice id, struct error *err)
{
	struct statement remove = start(writer, APPROVAL_WRITER_REMOVE);

	statement_bind_text(&remove, 1, id);
	return state_writer_run(writer, &remove, err);
}
