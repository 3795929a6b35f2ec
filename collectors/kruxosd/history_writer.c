#include "collectors/kruxosd/history_writer.h"

#include "base/memory.h"
#include "sql/history_writer.h"
#include "store/history.h"
#include "store/statement.h"

#include <math.h>

struct history_writer {
	struct database *database;
	struct statement_set *statements;
	usec_t last; /* sample; 0: none */
};

struct history_writer *
history_writer_new(struct database *database, struct error *err)
{
	struct history_writer *writer = memory_new(sizeof(*writer));
	struct statement last;

	writer->database = database;
	writer->statements = statement_set_new(database,
	    history_writer_statements, HISTORY_WRITER_STATEMENTS, err);
	if (writer->statements == NULL)
		goto fail;
	/* Its minute may not have been summed up. */
	last = statement_start(writer->statements, HISTORY_WRITER_LAST);
	if (statement_next(&last))
		writer->last = statement_u64(&last, 0);
	if (statement_end(&last, err) == 0)
		return writer;
fail:
	history_writer_free(writer);
	return NULL;
}

void
history_writer_free(struct history_writer *writer)
{
	if (writer == NULL)
		return;
	statement_set_free(writer->statements);
	free(writer);
}

static int
add_samples(struct history_writer *writer, usec_t at,
    const double figures[static FIGURE_COUNT], struct error *err)
{
	for (int i = 0; i < FIGURE_COUNT; i++) {
		struct statement add;

		if (isnan(figures[i]))
			continue;
		add =
		    statement_start(writer->statements, HISTORY_WRITER_SAMPLE);
		statement_bind_u64(&add, 1, at);
		statement_bind_u64(&add, 2, (uint64_t)i);
		statement_bind_double(&add, 3, figures[i]);
		if (statement_run(&add, err) == -1)
			return -1;
	}
	return 0;
}

static int
add_spans(struct history_writer *writer,
    const struct history_writer_span *spans, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct history_writer_span *span = spans + i;
		struct statement add =
		    statement_start(writer->statements, HISTORY_WRITER_SPAN);

		statement_bind_text(&add, 1, slice_of(span->service));
		statement_bind_u64(&add, 2, span->status);
		statement_bind_u64(&add, 3, span->since);
		statement_bind_u64(&add, 4, span->until);
		statement_bind_text(&add, 5, slice_of(span->details));
		if (statement_run(&add, err) == -1)
			return -1;
	}
	return 0;
}

static int
sum_up(struct history_writer *writer, usec_t minute, struct error *err)
{
	struct statement sum =
	    statement_start(writer->statements, HISTORY_WRITER_MINUTE);

	statement_bind_u64(&sum, 1, minute);
	statement_bind_u64(&sum, 2, minute + USEC_PER_MIN);
	return statement_run(&sum, err);
}

static usec_t
before(usec_t now, usec_t span)
{
	return now > span ? now - span : 0;
}

static int
expire(struct history_writer *writer, int statement, usec_t limit,
    struct error *err)
{
	struct statement drop = statement_start(writer->statements, statement);

	statement_bind_u64(&drop, 1, limit);
	return statement_run(&drop, err);
}

static int
expire_all(struct history_writer *writer, usec_t now, struct error *err)
{
	for (int i = 0; i < FIGURE_COUNT; i++) {
		struct statement drop = statement_start(
		    writer->statements, HISTORY_WRITER_EXPIRE_MINUTES);

		statement_bind_u64(&drop, 1, (uint64_t)i);
		statement_bind_u64(&drop, 2, before(now, HISTORY_MINUTES_KEPT));
		if (statement_run(&drop, err) == -1)
			return -1;
	}
	if (expire(writer, HISTORY_WRITER_EXPIRE_SAMPLES,
		before(now, HISTORY_SAMPLES_KEPT), err) == -1)
		return -1;
	return expire(writer, HISTORY_WRITER_EXPIRE_SPANS,
	    before(now, HISTORY_SPANS_KEPT), err);
}

static usec_t
minute_of(usec_t at)
{
	return at - at % USEC_PER_MIN;
}

static int
add(struct history_writer *writer, usec_t at,
    const double figures[static FIGURE_COUNT],
    const struct history_writer_span *spans, size_t span_count,
    struct error *err)
{
	if (add_samples(writer, at, figures, err) == -1 ||
	    add_spans(writer, spans, span_count, err) == -1)
		return -1;
	if (minute_of(writer->last) == minute_of(at))
		return 0;
	if (writer->last != 0 &&
	    sum_up(writer, minute_of(writer->last), err) == -1)
		return -1;
	return expire_all(writer, at, err);
}

int
history_writer_add(struct history_writer *writer, usec_t at,
    const double figures[static FIGURE_COUNT],
    const struct history_writer_span *spans, size_t span_count,
    struct error *err)
{
	struct error ignored;

	if (database_run(writer->database, "BEGIN IMMEDIATE", err) == -1)
		return -1;
	if (add(writer, at, figures, spans, span_count, err) == -1 ||
	    database_run(writer->database, "COMMIT", err) == -1) {
		(void)database_run(writer->database, "ROLLBACK", &ignored);
		return -1;
	}
	writer->last = at;
	return 0;
}
