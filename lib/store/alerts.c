#include "store/alerts.h"

#include "base/memory.h"
#include "sql/alerts.h"
#include "sql/schema_telemetry.h"
#include "store/alert_row.h"
#include "store/database_reader.h"

struct alerts_reader {
	struct database_reader database;
};

struct alerts_reader *
alerts_open(const char *path)
{
	struct alerts_reader *reader = memory_new(sizeof(*reader));

	database_reader_init(&reader->database, path, &schema_telemetry,
	    alerts_statements, ALERTS_STATEMENTS);
	return reader;
}

void
alerts_close(struct alerts_reader *reader)
{
	if (reader == NULL)
		return;
	database_reader_done(&reader->database);
	free(reader);
}

int
alerts_list(struct alerts_reader *reader, usec_t since, struct arena *arena,
    struct alert_list *ret_list, struct error *err)
{
	struct alert_list list = { NULL, 0 };
	struct statement rows;

	if (database_reader_open(&reader->database, err) == -1)
		return -1;
	rows = statement_start(reader->database.statements, ALERTS_LIST);
	statement_bind_u64(&rows, 1, since);
	statement_bind_u64(&rows, 2, ALERTS_LIMIT);
	list.alerts = arena_grow(arena, NULL, 0, sizeof(struct alert));
	while (list.count < ALERTS_LIMIT && statement_next(&rows)) {
		alert_row_read(&rows, arena, &list.alerts[list.count++]);
		list.alerts = arena_grow(
		    arena, list.alerts, list.count, sizeof(struct alert));
	}
	if (database_reader_end(&reader->database, &rows, err) == -1)
		return -1;
	*ret_list = list;
	return 0;
}

int
alerts_find(struct alerts_reader *reader, uint64_t id, struct arena *arena,
    struct alert *ret_alert, struct error *err)
{
	struct statement row;
	bool is_there;

	if (database_reader_open(&reader->database, err) == -1)
		return -1;
	row = statement_start(reader->database.statements, ALERTS_FIND);
	statement_bind_u64(&row, 1, id > INT64_MAX ? INT64_MAX : id);
	is_there = statement_next(&row);
	if (is_there)
		alert_row_read(&row, arena, ret_alert);
	if (database_reader_end(&reader->database, &row, err) == -1)
		return -1;
	if (!is_there)
		return error_set(err, ERROR_NOT_FOUND, "there is no alert %llu",
		    (unsigned long long)id);
	return 0;
}

static struct slice
read_text(struct statement *row, int column, struct arena *arena)
{
	return statement_is_null(row, column)
		   ? (struct slice){ NULL, 0 }
		   : arena_slice(arena, statement_text(row, column));
}

int
alerts_history(struct alerts_reader *reader, uint64_t id, struct arena *arena,
    struct alert_history *ret_history, struct error *err)
{
	struct alert_history history = { NULL, 0 };
	struct statement rows;

	if (database_reader_open(&reader->database, err) == -1)
		return -1;
	rows = statement_start(reader->database.statements, ALERTS_HISTORY);
	statement_bind_u64(&rows, 1, id > INT64_MAX ? INT64_MAX : id);
	statement_bind_u64(&rows, 2, ALERTS_HISTORY_LIMIT);
	history.moments = arena_array(
	    arena, ALERTS_HISTORY_LIMIT, sizeof(history.moments[0]));
	while (history.count < ALERTS_HISTORY_LIMIT && statement_next(&rows)) {
		uint64_t event = statement_u64(&rows, 1);

		if (event < ALERT_EVENTS)
			history.moments[history.count++] =
			    (struct alert_moment){
				    .at = statement_u64(&rows, 0),
				    .event = (enum alert_event)event,
				    .user_name = read_text(&rows, 2, arena),
				    .note = read_text(&rows, 3, arena),
			    };
	}
	if (database_reader_end(&reader->database, &rows, err) == -1)
		return -1;
	*ret_history = history;
	return 0;
}

static int
count_silences(struct alerts_reader *reader, usec_t now,
    struct alert_counts *counts, struct error *err)
{
	struct statement row =
	    statement_start(reader->database.statements, ALERTS_SILENCE_COUNTS);

	statement_bind_u64(&row, 1, now);
	if (statement_next(&row)) {
		counts->silences = statement_u64(&row, 0);
		counts->oldest_silence = statement_u64(&row, 1);
	}
	return database_reader_end(&reader->database, &row, err);
}

int
alerts_count(struct alerts_reader *reader, usec_t now,
    struct alert_counts *ret_counts, struct error *err)
{
	struct alert_counts counts = { 0 };
	struct statement rows;

	if (database_reader_open(&reader->database, err) == -1)
		return -1;
	rows = statement_start(reader->database.statements, ALERTS_COUNTS);
	while (statement_next(&rows)) {
		uint64_t severity = statement_u64(&rows, 0);
		uint64_t state = statement_u64(&rows, 1);

		if (severity < RULE_SEVERITIES && state < ALERT_RESOLVED)
			counts.alerts[severity][state] =
			    statement_u64(&rows, 2);
	}
	if (database_reader_end(&reader->database, &rows, err) == -1 ||
	    count_silences(reader, now, &counts, err) == -1)
		return -1;
	*ret_counts = counts;
	return 0;
}

int
alerts_silences(struct alerts_reader *reader, usec_t now, struct arena *arena,
    struct silence_list *ret_list, struct error *err)
{
	struct silence_list list = { NULL, 0 };
	struct statement rows;

	if (database_reader_open(&reader->database, err) == -1)
		return -1;
	rows = statement_start(reader->database.statements, ALERTS_SILENCES);
	statement_bind_u64(&rows, 1, now);
	statement_bind_u64(&rows, 2, SILENCES);
	list.silences = arena_grow(arena, NULL, 0, sizeof(struct silence));
	while (list.count < SILENCES && statement_next(&rows)) {
		if (alert_row_read_silence(
			&rows, arena, &list.silences[list.count]) == -1)
			continue;
		list.silences = arena_grow(
		    arena, list.silences, ++list.count, sizeof(struct silence));
	}
	if (database_reader_end(&reader->database, &rows, err) == -1)
		return -1;
	*ret_list = list;
	return 0;
}
