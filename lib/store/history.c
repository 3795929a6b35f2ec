#include "store/history.h"

#include "base/memory.h"
#include "sql/history.h"
#include "sql/schema_telemetry.h"
#include "store/statement.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

struct history {
	struct database *database;
	struct statement_set *statements;
};

struct history *
history_open(const char *path, struct error *err)
{
	struct history *history = memory_new(sizeof(*history));

	history->database = database_open(path, DATABASE_READ, err);
	if (history->database == NULL ||
	    database_is_of(history->database, &schema_telemetry, err) == -1)
		goto fail;
	history->statements = statement_set_new(
	    history->database, history_statements, HISTORY_STATEMENTS, err);
	if (history->statements == NULL)
		goto fail;
	return history;
fail:
	history_close(history);
	return NULL;
}

void
history_close(struct history *history)
{
	if (history == NULL)
		return;
	statement_set_free(history->statements);
	if (history->database != NULL)
		database_close(history->database);
	free(history);
}

int
history_points(struct history *history, enum figure figure, usec_t from,
    usec_t step, size_t count, struct history_point *ret_points,
    struct error *err)
{
	struct statement rows = statement_start(history->statements,
	    step < USEC_PER_MIN ? HISTORY_SAMPLES : HISTORY_MINUTES);

	assert(step > 0 && from <= INT64_MAX &&
	       count <= (INT64_MAX - from) / step);
	for (size_t i = 0; i < count; i++)
		ret_points[i] = (struct history_point){ NAN, NAN, NAN };
	statement_bind_u64(&rows, 1, (uint64_t)figure);
	statement_bind_u64(&rows, 2, from);
	statement_bind_u64(&rows, 3, from + step * count);
	statement_bind_u64(&rows, 4, step);
	while (statement_next(&rows)) {
		uint64_t index = statement_u64(&rows, 0);

		if (index < count)
			ret_points[index] = (struct history_point){
				statement_double(&rows, 1),
				statement_double(&rows, 2),
				statement_double(&rows, 3),
			};
	}
	return statement_end(&rows, err);
}

int
history_spans(struct history *history, const char *service, usec_t since,
    struct arena *arena, struct history_span_list *ret_list, struct error *err)
{
	struct history_span_list list = { NULL, 0 };
	struct statement rows =
	    statement_start(history->statements, HISTORY_SPANS_OF);

	list.spans = arena_grow(arena, NULL, 0, sizeof(struct history_span));
	statement_bind_text(&rows, 1, slice_of(service));
	statement_bind_u64(&rows, 2, since);
	statement_bind_u64(&rows, 3, HISTORY_SPANS);
	while (list.count < HISTORY_SPANS && statement_next(&rows)) {
		uint64_t status = statement_u64(&rows, 0);

		if (status > OBSERVED_UNHEALTHY)
			continue;
		list.spans[list.count++] = (struct history_span){
			.status = (enum observed_status)status,
			.since = statement_u64(&rows, 1),
			.until = statement_u64(&rows, 2),
			.details = arena_slice(arena, statement_text(&rows, 3)),
		};
		list.spans = arena_grow(
		    arena, list.spans, list.count, sizeof(struct history_span));
	}
	if (statement_end(&rows, err) == -1)
		return -1;
	*ret_list = list;
	return 0;
}
