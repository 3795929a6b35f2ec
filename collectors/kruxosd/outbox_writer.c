#include "collectors/kruxosd/outbox_writer.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "collectors/kruxosd/notice_body.h"
#include "sql/outbox_writer.h"
#include "store/alert_row.h"
#include "store/statement.h"

enum {
	ROOM = 100,	    /* that is made at once */
	ALERT_COLUMNS = 18, /* alert_row.h */
	/* Channels of configurations of before, looked at in one turn. */
	CHANNELS = 64,
};

struct outbox_writer {
	struct database *database;
	struct statement_set *statements;
	uint64_t count; /* of notices, at most so many */
};

/* --- making it ------------------------------------------------------------ */

static int
read_count(struct outbox_writer *writer, struct error *err)
{
	struct statement row =
	    statement_start(writer->statements, OUTBOX_WRITER_COUNT);

	if (statement_next(&row))
		writer->count = statement_u64(&row, 0);
	return statement_end(&row, err);
}

struct outbox_writer *
outbox_writer_new(struct database *database, struct error *err)
{
	struct outbox_writer *writer = memory_new(sizeof(*writer));

	writer->database = database;
	writer->statements = statement_set_new(
	    database, outbox_writer_statements, OUTBOX_WRITER_STATEMENTS, err);
	if (writer->statements != NULL && read_count(writer, err) == 0)
		return writer;
	outbox_writer_free(writer);
	return NULL;
}

void
outbox_writer_free(struct outbox_writer *writer)
{
	if (writer == NULL)
		return;
	statement_set_free(writer->statements);
	free(writer);
}

int
outbox_writer_begin(struct outbox_writer *writer, struct error *err)
{
	return database_run(writer->database, "BEGIN IMMEDIATE", err);
}

int
outbox_writer_commit(
    struct outbox_writer *writer, int result, struct error *err)
{
	struct error ignored;

	if (result == 0 && database_run(writer->database, "COMMIT", err) == 0)
		return 0;
	(void)database_run(writer->database, "ROLLBACK", &ignored);
	(void)read_count(writer, &ignored);
	return -1;
}

/* --- small statements ----------------------------------------------------- */

static uint64_t
changed(struct outbox_writer *writer)
{
	return (uint64_t)sqlite3_changes64(database_handle(writer->database));
}

/* Run what takes notices away; returns how many by `ret_gone`, if not NULL. */
static int
take_away(struct outbox_writer *writer, struct statement *run,
    uint64_t *ret_gone, struct error *err)
{
	uint64_t gone;

	if (statement_run(run, err) == -1)
		return -1;
	gone = changed(writer);
	writer->count -= gone < writer->count ? gone : writer->count;
	if (ret_gone != NULL)
		*ret_gone = gone;
	return 0;
}

static int
run_with_number(struct outbox_writer *writer, int statement, uint64_t number,
    uint64_t *ret_gone, struct error *err)
{
	struct statement run = statement_start(writer->statements, statement);

	statement_bind_u64(&run, 1, number);
	return take_away(writer, &run, ret_gone, err);
}

static int
run_with_channel(struct outbox_writer *writer, int statement,
    struct slice channel, uint64_t number, struct error *err)
{
	struct statement run = statement_start(writer->statements, statement);

	statement_bind_text(&run, 1, channel);
	if (number != 0)
		statement_bind_u64(&run, 2, number);
	return statement_run(&run, err);
}

/* --- putting in ----------------------------------------------------------- */

static int
supersede(struct outbox_writer *writer, const struct outbox_notice *notice,
    bool *ret_is_done, struct error *err)
{
	struct statement run =
	    statement_start(writer->statements, OUTBOX_WRITER_SUPERSEDE);

	statement_bind_text(&run, 1, notice->channel);
	statement_bind_text(&run, 2, notice->group_key);
	statement_bind_text(&run, 3, notice->body);
	statement_bind_u64(&run, 4, notice->created_at);
	statement_bind_u64(&run, 5, notice->supersedes_any ? 0 : 1);
	if (statement_run(&run, err) == -1)
		return -1;
	*ret_is_done = changed(writer) > 0;
	return 0;
}

static int
make_room(
    struct outbox_writer *writer, uint64_t *ret_dropped, struct error *err)
{
	uint64_t gone;

	if (writer->count < OUTBOX_NOTICES)
		return 0;
	if (run_with_number(
		writer, OUTBOX_WRITER_MAKE_ROOM, ROOM, &gone, err) == -1)
		return -1;
	*ret_dropped += gone;
	return 0;
}

int
outbox_writer_put(struct outbox_writer *writer,
    const struct outbox_notice *notice, uint64_t *ret_id, uint64_t *ret_dropped,
    struct error *err)
{
	struct statement put;
	bool is_done = false;
	uint64_t id = 0;

	if (notice->is_repeat && supersede(writer, notice, &is_done, err) == -1)
		return -1;
	if (!is_done) {
		if (make_room(writer, ret_dropped, err) == -1)
			return -1;
		put = statement_start(writer->statements, OUTBOX_WRITER_PUT);
		statement_bind_text(&put, 1, notice->channel);
		statement_bind_text(&put, 2, notice->group_key);
		statement_bind_u64(&put, 3, notice->is_repeat);
		statement_bind_u64(&put, 4, notice->is_test);
		statement_bind_text(&put, 5, notice->body);
		statement_bind_u64(&put, 6, notice->created_at);
		if (statement_run(&put, err) == -1)
			return -1;
		writer->count++;
		id = (uint64_t)sqlite3_last_insert_rowid(
		    database_handle(writer->database));
	}
	if (ret_id != NULL)
		*ret_id = id;
	return 0;
}

/* --- what came of it ------------------------------------------------------ */

int
outbox_writer_find(struct outbox_writer *writer, uint64_t id,
    struct outbox_waiting *ret_waiting, struct error *err)
{
	struct statement row =
	    statement_start(writer->statements, OUTBOX_WRITER_FIND);
	struct outbox_waiting found = { .channel = "" };
	bool is_there;

	statement_bind_u64(&row, 1, id);
	is_there = statement_next(&row);
	if (is_there) {
		statement_copy(&row, 0, found.channel, sizeof(found.channel));
		found.is_repeat = statement_u64(&row, 1) != 0;
		found.is_test = statement_u64(&row, 2) != 0;
		found.attempts = statement_u64(&row, 3);
	}
	if (statement_end(&row, err) == -1)
		return -1;
	if (!is_there)
		return error_set_field(err, ERROR_NOT_FOUND, "notice",
		    "no notice %llu waits", (unsigned long long)id);
	*ret_waiting = found;
	return 0;
}

int
outbox_writer_remove(
    struct outbox_writer *writer, uint64_t id, struct error *err)
{
	return run_with_number(writer, OUTBOX_WRITER_REMOVE, id, NULL, err);
}

int
outbox_writer_deliver(struct outbox_writer *writer, uint64_t id,
    const struct outbox_waiting *waiting, usec_t now, struct error *err)
{
	struct slice channel = slice_of(waiting->channel);
	struct statement mark;

	if (waiting->is_repeat) {
		if (outbox_writer_remove(writer, id, err) == -1)
			return -1;
	} else {
		mark = statement_start(
		    writer->statements, OUTBOX_WRITER_DELIVERED);
		statement_bind_u64(&mark, 1, id);
		statement_bind_u64(&mark, 2, now);
		if (statement_run(&mark, err) == -1)
			return -1;
	}
	if (run_with_channel(writer, OUTBOX_WRITER_HURRY, channel, now, err) ==
	    -1)
		return -1;
	return run_with_channel(
	    writer, OUTBOX_WRITER_CHANNEL_DELIVERED, channel, now, err);
}

usec_t
outbox_writer_pause(uint64_t attempts, uint64_t chance)
{
	usec_t pause = OUTBOX_PAUSE_SHORTEST;

	for (; attempts > 1 && pause < OUTBOX_PAUSE_LONGEST; attempts--)
		pause *= 2;
	if (pause > OUTBOX_PAUSE_LONGEST)
		pause = OUTBOX_PAUSE_LONGEST;
	return pause - pause / 4 + chance % (pause / 2 + 1);
}

int
outbox_writer_fail(struct outbox_writer *writer, uint64_t id,
    const struct outbox_waiting *waiting, struct slice why, usec_t now,
    uint64_t chance, struct error *err)
{
	usec_t due = now + outbox_writer_pause(waiting->attempts + 1, chance);
	struct statement run =
	    statement_start(writer->statements, OUTBOX_WRITER_FAILED);

	statement_bind_u64(&run, 1, id);
	statement_bind_u64(&run, 2, due);
	statement_bind_text(&run, 3, why);
	if (statement_run(&run, err) == -1)
		return -1;
	run = statement_start(writer->statements, OUTBOX_WRITER_CHANNEL_FAILED);
	statement_bind_text(&run, 1, slice_of(waiting->channel));
	statement_bind_u64(&run, 2, now);
	statement_bind_text(&run, 3, why);
	return statement_run(&run, err);
}

int
outbox_writer_is_failing(struct outbox_writer *writer, struct slice channel,
    bool *ret_is_failing, struct error *err)
{
	struct statement row =
	    statement_start(writer->statements, OUTBOX_WRITER_IS_FAILING);
	bool is_failing;

	statement_bind_text(&row, 1, channel);
	is_failing = statement_next(&row) && statement_u64(&row, 0) != 0;
	if (statement_end(&row, err) == -1)
		return -1;
	*ret_is_failing = is_failing;
	return 0;
}

int
outbox_writer_expire(struct outbox_writer *writer, usec_t now,
    uint64_t *ret_given_up, struct error *err)
{
	*ret_given_up = 0;
	if (now < OUTBOX_PATIENCE)
		return 0;
	if (run_with_number(writer, OUTBOX_WRITER_EXPIRE, now - OUTBOX_KEEP,
		NULL, err) == -1)
		return -1;
	return run_with_number(writer, OUTBOX_WRITER_GIVE_UP,
	    now - OUTBOX_PATIENCE, ret_given_up, err);
}

/* --- erasing -------------------------------------------------------------- */

static int
set_body(struct outbox_writer *writer, uint64_t id, struct slice body,
    struct error *err)
{
	struct statement run =
	    statement_start(writer->statements, OUTBOX_WRITER_SET_BODY);

	statement_bind_u64(&run, 1, id);
	statement_bind_text(&run, 2, body);
	return statement_run(&run, err);
}

/* The next behind `*id` that holds `mark`: 1; 0: there is none. */
static int
find_words(struct outbox_writer *writer, uint64_t *id, struct slice mark,
    struct buf *body, struct error *err)
{
	struct statement row =
	    statement_start(writer->statements, OUTBOX_WRITER_FIND_WORDS);
	bool is_there;

	statement_bind_u64(&row, 1, *id);
	statement_bind_text(&row, 2, mark);
	is_there = statement_next(&row);
	buf_reset(body);
	if (is_there) {
		*id = statement_u64(&row, 0);
		buf_add_slice(body, statement_text(&row, 1));
	}
	return statement_end(&row, err) == -1 ? -1 : is_there;
}

/* What is not even JSON is taken away whole. */
static int
erase_one(struct outbox_writer *writer, struct json_reader *reader, uint64_t id,
    struct slice body, struct error *err)
{
	cleanup(buf_free) struct buf erased = BUF_INIT;
	struct error ignored;

	if (notice_body_erase(reader, body, &erased, &ignored) == -1)
		return outbox_writer_remove(writer, id, err);
	return set_body(writer, id, buf_slice(&erased), err);
}

int
outbox_writer_erase(struct outbox_writer *writer, struct json_reader *reader,
    uint64_t seq, struct error *err)
{
	cleanup(buf_free) struct buf mark = BUF_INIT;
	cleanup(buf_free) struct buf body = BUF_INIT;
	struct statement run;
	uint64_t id = 0;
	int found;

	notice_body_add_mark(&mark, seq);
	run = statement_start(writer->statements, OUTBOX_WRITER_ERASE_SENT);
	statement_bind_text(&run, 1, buf_slice(&mark));
	if (take_away(writer, &run, NULL, err) == -1)
		return -1;
	while ((found = find_words(
		    writer, &id, buf_slice(&mark), &body, err)) == 1)
		if (erase_one(writer, reader, id, buf_slice(&body), err) == -1)
			return -1;
	return found;
}

/* --- what was told -------------------------------------------------------- */

int
outbox_writer_tell(struct outbox_writer *writer, struct slice channel,
    uint64_t alert, usec_t at, struct error *err)
{
	struct statement run =
	    statement_start(writer->statements, OUTBOX_WRITER_TELL);

	statement_bind_text(&run, 1, channel);
	statement_bind_u64(&run, 2, alert);
	statement_bind_u64(&run, 3, at);
	return statement_run(&run, err);
}

int
outbox_writer_forget(struct outbox_writer *writer, struct slice channel,
    uint64_t alert, struct error *err)
{
	return run_with_channel(
	    writer, OUTBOX_WRITER_FORGET, channel, alert, err);
}

/* --- at the start --------------------------------------------------------- */

static int
drop_channel(
    struct outbox_writer *writer, struct slice channel, struct error *err)
{
	static const int statements[] = { OUTBOX_WRITER_DROP_NOTICES,
		OUTBOX_WRITER_DROP_TOLD, OUTBOX_WRITER_DROP_CHANNEL };

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		if (run_with_channel(writer, statements[i], channel, 0, err) ==
		    -1)
			return -1;
	return read_count(writer, err);
}

int
outbox_writer_drop_others(struct outbox_writer *writer,
    const struct outbox_reader *reader, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct slice others[CHANNELS];
	struct statement rows =
	    statement_start(writer->statements, OUTBOX_WRITER_CHANNELS);
	size_t count = 0;
	int result;

	while (count < CHANNELS && statement_next(&rows)) {
		struct slice name = statement_text(&rows, 0);

		if (!reader->is_channel(reader->context, name))
			others[count++] = arena_slice(&arena, name);
	}
	result = statement_end(&rows, err);
	for (size_t i = 0; i < count && result == 0; i++)
		result = drop_channel(writer, others[i], err);
	arena_free(&arena);
	return result;
}

static int
load_told(struct outbox_writer *writer, const struct outbox_reader *reader,
    struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct statement rows =
	    statement_start(writer->statements, OUTBOX_WRITER_TOLD);

	while (statement_next(&rows)) {
		struct alert alert;
		struct slice channel;

		alert_row_read(&rows, &arena, &alert);
		channel =
		    arena_slice(&arena, statement_text(&rows, ALERT_COLUMNS));
		/* It was over, and that was not told. */
		if (alert.state == ALERT_PENDING)
			alert.state = ALERT_RESOLVED;
		reader->on_told(reader->context, &alert, channel.data,
		    statement_u64(&rows, ALERT_COLUMNS + 1));
		arena_reset(&arena);
	}
	arena_free(&arena);
	return statement_end(&rows, err);
}

int
outbox_writer_load(struct outbox_writer *writer,
    const struct outbox_reader *reader, struct error *err)
{
	struct statement run;

	if (outbox_writer_drop_others(writer, reader, err) == -1)
		return -1;
	run = statement_start(writer->statements, OUTBOX_WRITER_DROP_TESTS);
	if (take_away(writer, &run, NULL, err) == -1)
		return -1;
	run = statement_start(writer->statements, OUTBOX_WRITER_DROP_UNTOLD);
	if (statement_run(&run, err) == -1)
		return -1;
	return load_told(writer, reader, err);
}
