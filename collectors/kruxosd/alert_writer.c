#include "collectors/kruxosd/alert_writer.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "sql/alert_writer.h"
#include "store/alert_row.h"

struct alert_writer {
	struct statement_set *statements;
};

struct alert_writer *
alert_writer_new(struct database *database, struct error *err)
{
	struct alert_writer *writer = memory_new(sizeof(*writer));

	writer->statements = statement_set_new(
	    database, alert_writer_statements, ALERT_WRITER_STATEMENTS, err);
	if (writer->statements != NULL)
		return writer;
	free(writer);
	return NULL;
}

void
alert_writer_free(struct alert_writer *writer)
{
	if (writer == NULL)
		return;
	statement_set_free(writer->statements);
	free(writer);
}

static int
read_number(struct alert_writer *writer, int statement, uint64_t *ret,
    struct error *err)
{
	struct statement row = statement_start(writer->statements, statement);

	*ret = statement_next(&row) ? statement_u64(&row, 0) : 0;
	return statement_end(&row, err);
}

static int
load_alerts(struct alert_writer *writer, struct alert_writer_reader *reader,
    struct arena *arena, struct error *err)
{
	struct statement row =
	    statement_start(writer->statements, ALERT_WRITER_ACTIVE);
	struct alert alert;

	while (statement_next(&row)) {
		alert_row_read(&row, arena, &alert);
		reader->on_alert(reader->context, &alert);
		arena_reset(arena);
	}
	return statement_end(&row, err);
}

static int
load_silences(struct alert_writer *writer, usec_t now,
    struct alert_writer_reader *reader, struct arena *arena, struct error *err)
{
	struct statement row =
	    statement_start(writer->statements, ALERT_WRITER_SILENCES);
	struct silence silence;

	statement_bind_u64(&row, 1, now);
	statement_bind_u64(&row, 2, SILENCES);
	while (statement_next(&row)) {
		if (alert_row_read_silence(&row, arena, &silence) == 0)
			reader->on_silence(reader->context, &silence);
		arena_reset(arena);
	}
	return statement_end(&row, err);
}

int
alert_writer_load(struct alert_writer *writer, usec_t now,
    struct alert_writer_reader *reader, struct error *err)
{
	struct arena arena = ARENA_INIT;
	int result = 0;

	if (load_alerts(writer, reader, &arena, err) == -1 ||
	    load_silences(writer, now, reader, &arena, err) == -1 ||
	    read_number(
		writer, ALERT_WRITER_LAST_ID, &reader->last_alert, err) == -1 ||
	    read_number(writer, ALERT_WRITER_LAST_SILENCE,
		&reader->last_silence, err) == -1)
		result = -1;
	arena_free(&arena);
	return result;
}

int
alert_writer_save(
    struct alert_writer *writer, const struct alert *alert, struct error *err)
{
	struct statement save =
	    statement_start(writer->statements, ALERT_WRITER_SAVE);

	statement_bind_u64(&save, 1, alert->id);
	statement_bind_u64(&save, 2, alert->fingerprint);
	statement_bind_u64(&save, 3, alert->state);
	statement_bind_u64(&save, 4, alert->severity);
	statement_bind_text(&save, 5, alert->rule);
	statement_bind_text(&save, 6, alert->service);
	statement_bind_text(&save, 7, alert->agent_name);
	statement_bind_text(&save, 8, alert->title);
	statement_bind_text(&save, 9, alert->message);
	statement_bind_text(&save, 10, alert->context);
	statement_bind_u64(&save, 11, alert->count);
	statement_bind_u64(&save, 12, alert->first_seen);
	statement_bind_u64(&save, 13, alert->last_seen);
	statement_bind_u64(&save, 14, alert->resolved_at);
	statement_bind_text(&save, 15, alert->acknowledged_by);
	statement_bind_u64(&save, 16, alert->acknowledged_at);
	statement_bind_text(&save, 17, alert->note);
	statement_bind_u64(&save, 18, alert->seq);
	return statement_run(&save, err);
}

static int
run_with_number(struct alert_writer *writer, int statement, uint64_t number,
    struct error *err)
{
	struct statement run = statement_start(writer->statements, statement);

	statement_bind_u64(&run, 1, number);
	return statement_run(&run, err);
}

int
alert_writer_delete(struct alert_writer *writer, uint64_t id, struct error *err)
{
	return run_with_number(writer, ALERT_WRITER_DELETE, id, err);
}

int
alert_writer_add_event(struct alert_writer *writer, uint64_t id,
    enum alert_event event, usec_t at, struct slice user, struct slice note,
    struct error *err)
{
	struct statement add =
	    statement_start(writer->statements, ALERT_WRITER_ADD_EVENT);

	statement_bind_u64(&add, 1, id);
	statement_bind_u64(&add, 2, at);
	statement_bind_u64(&add, 3, event);
	statement_bind_text(&add, 4, user);
	statement_bind_text(&add, 5, note);
	return statement_run(&add, err);
}

int
alert_writer_save_silence(struct alert_writer *writer,
    const struct silence *silence, struct error *err)
{
	struct statement save =
	    statement_start(writer->statements, ALERT_WRITER_SAVE_SILENCE);
	cleanup(buf_free) struct buf matchers = BUF_INIT;

	silence_write(silence, &matchers);
	statement_bind_u64(&save, 1, silence->id);
	statement_bind_text(&save, 2, buf_slice(&matchers));
	statement_bind_text(&save, 3, silence->author);
	statement_bind_text(&save, 4, silence->reason);
	statement_bind_u64(&save, 5, silence->created_at);
	statement_bind_u64(&save, 6, silence->ends_at);
	statement_bind_u64(&save, 7, silence->until_resolved);
	statement_bind_u64(&save, 8, silence->ended_at);
	return statement_run(&save, err);
}

int
alert_writer_end_silence(
    struct alert_writer *writer, uint64_t id, usec_t at, struct error *err)
{
	struct statement end =
	    statement_start(writer->statements, ALERT_WRITER_END_SILENCE);

	statement_bind_u64(&end, 1, id);
	statement_bind_u64(&end, 2, at);
	return statement_run(&end, err);
}

int
alert_writer_expire(
    struct alert_writer *writer, usec_t before, struct error *err)
{
	if (run_with_number(writer, ALERT_WRITER_EXPIRE_EVENTS, before, err) ==
	    -1)
		return -1;
	return run_with_number(writer, ALERT_WRITER_EXPIRE, before, err);
}

int
alert_writer_erase(struct alert_writer *writer, uint64_t seq, struct error *err)
{
	return run_with_number(writer, ALERT_WRITER_ERASE, seq, err);
}
