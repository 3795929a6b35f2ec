#include "store/alerts.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "sql/alerts.h"
#include "sql/schema_telemetry.h"
#include "store/alert_row.h"

struct alerts_reader {
	char *path;
	struct database *database; /* NULL: not open */
	struct statement_set *statements;
};

struct alerts_reader *
alerts_open(const char *path)
{
	struct alerts_reader *reader = memory_new(sizeof(*reader));

	reader->path = strdup(path);
	if (reader->path == NULL)
		memory_end(strlen(path));
	return reader;
}

static void
close_database(struct alerts_reader *reader)
{
	statement_set_free(reader->statements);
	reader->statements = NULL;
	if (reader->database != NULL)
		database_close(reader->database);
	reader->database = NULL;
}

void
alerts_close(struct alerts_reader *reader)
{
	if (reader == NULL)
		return;
	close_database(reader);
	free(reader->path);
	free(reader);
}

static int
open_database(struct alerts_reader *reader, struct error *err)
{
	if (reader->database != NULL && database_is_there(reader->database))
		return 0;
	close_database(reader);
	reader->database = database_open(reader->path, DATABASE_READ_NOW, err);
	if (reader->database == NULL)
		return -1;
	if (database_is_of(reader->database, &schema_telemetry, err) == 0)
		reader->statements = statement_set_new(reader->database,
		    alerts_statements, ALERTS_STATEMENTS, err);
	if (reader->statements != NULL)
		return 0;
	close_database(reader);
	return -1;
}

/* One that is damaged is opened anew when it is asked next. */
static int
finish(struct alerts_reader *reader, struct statement *rows, struct error *err)
{
	if (statement_end(rows, err) == 0)
		return 0;
	if (err->code == ERROR_CORRUPT)
		close_database(reader);
	return -1;
}

int
alerts_list(struct alerts_reader *reader, usec_t since, struct arena *arena,
    struct alert_list *ret_list, struct error *err)
{
	struct alert_list list = { NULL, 0 };
	struct statement rows;

	if (open_database(reader, err) == -1)
		return -1;
	rows = statement_start(reader->statements, ALERTS_LIST);
	statement_bind_u64(&rows, 1, since);
	statement_bind_u64(&rows, 2, ALERTS_LIMIT);
	list.alerts = arena_array(arena, ALERTS_LIMIT, sizeof(struct alert));
	while (list.count < ALERTS_LIMIT && statement_next(&rows))
		alert_row_read(&rows, arena, &list.alerts[list.count++]);
	if (finish(reader, &rows, err) == -1)
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

	if (open_database(reader, err) == -1)
		return -1;
	row = statement_start(reader->statements, ALERTS_FIND);
	statement_bind_u64(&row, 1, id > INT64_MAX ? INT64_MAX : id);
	is_there = statement_next(&row);
	if (is_there)
		alert_row_read(&row, arena, ret_alert);
	if (finish(reader, &row, err) == -1)
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

	if (open_database(reader, err) == -1)
		return -1;
	rows = statement_start(reader->statements, ALERTS_HISTORY);
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
	if (finish(reader, &rows, err) == -1)
		return -1;
	*ret_history = history;
	return 0;
}

static int
count_silences(struct alerts_reader *reader, usec_t now,
    struct alert_counts *counts, struct error *err)
{
	struct statement row =
	    statement_start(reader->statements, ALERTS_SILENCE_COUNTS);

	statement_bind_u64(&row, 1, now);
	if (statement_next(&row)) {
		counts->silences = statement_u64(&row, 0);
		counts->oldest_silence = statement_u64(&row, 1);
	}
	return finish(reader, &row, err);
}

int
alerts_count(struct alerts_reader *reader, usec_t now,
    struct alert_counts *ret_counts, struct error *err)
{
	struct alert_counts counts = { 0 };
	struct statement rows;

	if (open_database(reader, err) == -1)
		return -1;
	rows = statement_start(reader->statements, ALERTS_COUNTS);
	while (statement_next(&rows)) {
		uint64_t severity = statement_u64(&rows, 0);
		uint64_t state = statement_u64(&rows, 1);

		if (severity < RULE_SEVERITIES && state < ALERT_RESOLVED)
			counts.alerts[severity][state] =
			    statement_u64(&rows, 2);
	}
	if (finish(reader, &rows, err) == -1 ||
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

	if (open_database(reader, err) == -1)
		return -1;
	rows = statement_start(reader->statements, ALERTS_SILENCES);
	statement_bind_u64(&rows, 1, now);
	statement_bind_u64(&rows, 2, SILENCES);
	list.silences = arena_array(arena, SILENCES, sizeof(struct silence));
	while (list.count < SILENCES && statement_next(&rows))
		if (alert_row_read_silence(
			&rows, arena, &list.silences[list.count]) == 0)
			list.count++;
	if (finish(reader, &rows, err) == -1)
		return -1;
	*ret_list = list;
	return 0;
}
