#include "store/proxy.h"

#include "base/memory.h"
#include "sql/proxy.h"
#include "sql/schema_telemetry.h"
#include "store/database_reader.h"

/* Intervals without a report. */
enum { PATIENCE = 3 };

struct proxy_reader {
	struct database_reader database;
};

const char *const proxy_statuses[PROXY_STATUSES] = {
	[PROXY_UNKNOWN] = "unknown",
	[PROXY_SYNCED] = "synced",
	[PROXY_SYNCING] = "syncing",
	[PROXY_ERROR] = "error",
	[PROXY_PAUSED] = "paused",
};

const char *const proxy_states[PROXY_STATES] = {
	[PROXY_BUFFERED] = "buffered",
	[PROXY_DEAD] = "dead",
};

const char *
proxy_action_name(enum proxy_action action)
{
	static const char *const names[PROXY_ACTIONS] = {
		[PROXY_CANCEL] = "cancel",
		[PROXY_RETRY] = "retry",
		[PROXY_DISCARD] = "discard",
	};

	return names[action];
}

/* The clock may have been set back since. */
bool
proxy_is_stale(const struct proxy_report *report, usec_t interval, usec_t now)
{
	usec_t at = report->reported_at;
	usec_t apart = now > at ? now - at : at - now;

	return at == 0 || apart > PATIENCE * interval;
}

bool
proxy_has_errors(const struct proxy_service *service)
{
	return service->status == PROXY_ERROR ||
	       service->consecutive_failures > 0;
}

/* --- rows ----------------------------------------------------------------- */

static struct slice
read_text(struct statement *row, int column, struct arena *arena)
{
	return statement_is_null(row, column)
		   ? (struct slice){ NULL, 0 }
		   : arena_slice(arena, statement_text(row, column));
}

/* What cannot be is the first: the database may be damaged. */
static unsigned
read_choice(struct statement *row, int column, unsigned count)
{
	uint64_t value = statement_u64(row, column);

	return value < count ? (unsigned)value : 0;
}

static struct proxy_service
read_service(struct statement *row, struct arena *arena)
{
	return (struct proxy_service){
		.name = arena_slice(arena, statement_text(row, 0)),
		.status = read_choice(row, 1, PROXY_STATUSES),
		.last_started_at = statement_u64(row, 2),
		.last_completed_at = statement_u64(row, 3),
		.consecutive_failures = statement_u64(row, 4),
		.last_error = read_text(row, 5, arena),
		.items_synced = statement_i64(row, 6),
	};
}

static struct proxy_write
read_write(struct statement *row, struct arena *arena)
{
	return (struct proxy_write){
		.id = arena_slice(arena, statement_text(row, 0)),
		.service = arena_slice(arena, statement_text(row, 1)),
		.summary = arena_slice(arena, statement_text(row, 2)),
		.agent_name = read_text(row, 3, arena),
		.state = read_choice(row, 4, PROXY_STATES),
		.created_at = statement_u64(row, 5),
		.sends_at = statement_u64(row, 6),
		.attempts = statement_u64(row, 7),
		.last_error = read_text(row, 8, arena),
		.decision = {
			.action = read_choice(row, 9, PROXY_ACTIONS),
			.user_name = read_text(row, 10, arena),
			.at = statement_u64(row, 11),
			.attempts = statement_u64(row, 12),
		},
	};
}

static struct proxy_error
read_error(struct statement *row, struct arena *arena)
{
	return (struct proxy_error){
		.at = statement_u64(row, 0),
		.service = arena_slice(arena, statement_text(row, 1)),
		.write_id = read_text(row, 2, arena),
		.error = arena_slice(arena, statement_text(row, 3)),
	};
}

static int
read_time(struct statement_set *statements, struct proxy_report *report,
    struct error *err)
{
	struct statement row = statement_start(statements, PROXY_REPORT);

	if (statement_next(&row))
		report->reported_at = statement_u64(&row, 0);
	return statement_end(&row, err);
}

static int
read_services(struct statement_set *statements, struct arena *arena,
    struct proxy_report *report, struct error *err)
{
	struct statement row = statement_start(statements, PROXY_SERVICES_OF);

	report->services =
	    arena_array(arena, PROXY_SERVICES, sizeof(report->services[0]));
	statement_bind_u64(&row, 1, PROXY_SERVICES);
	while (statement_next(&row))
		report->services[report->service_count++] =
		    read_service(&row, arena);
	return statement_end(&row, err);
}

static int
read_writes(struct statement_set *statements, struct arena *arena,
    struct proxy_report *report, struct error *err)
{
	struct statement row = statement_start(statements, PROXY_WRITES_OF);

	report->writes =
	    arena_array(arena, PROXY_WRITES, sizeof(report->writes[0]));
	statement_bind_u64(&row, 1, PROXY_WRITES);
	while (statement_next(&row))
		report->writes[report->write_count++] = read_write(&row, arena);
	return statement_end(&row, err);
}

static int
read_errors(struct statement_set *statements, struct arena *arena,
    struct proxy_report *report, struct error *err)
{
	struct statement row = statement_start(statements, PROXY_ERRORS_OF);

	report->errors =
	    arena_array(arena, PROXY_ERRORS, sizeof(report->errors[0]));
	statement_bind_u64(&row, 1, PROXY_ERRORS);
	while (statement_next(&row))
		report->errors[report->error_count++] = read_error(&row, arena);
	return statement_end(&row, err);
}

static int
run(struct statement_set *statements, int statement, struct error *err)
{
	struct statement run = statement_start(statements, statement);

	return statement_run(&run, err);
}

/* In one snapshot. */
static int
read_report(struct statement_set *statements, struct arena *arena,
    struct proxy_report *ret_report, struct error *err)
{
	struct proxy_report report = { 0 };
	struct error ignored;
	int result = -1;

	if (run(statements, PROXY_BEGIN, err) == -1)
		return -1;
	if (read_time(statements, &report, err) == 0 &&
	    read_services(statements, arena, &report, err) == 0 &&
	    read_writes(statements, arena, &report, err) == 0 &&
	    read_errors(statements, arena, &report, err) == 0)
		result = 0;
	/* There is nothing to commit. */
	(void)run(statements, PROXY_END, &ignored);
	if (result == 0)
		*ret_report = report;
	return result;
}

/* --- the database --------------------------------------------------------- */

struct proxy_reader *
proxy_open(const char *path)
{
	struct proxy_reader *reader = memory_new(sizeof(*reader));

	database_reader_init(&reader->database, path, &schema_telemetry,
	    proxy_statements, PROXY_STATEMENTS);
	return reader;
}

void
proxy_close(struct proxy_reader *reader)
{
	if (reader == NULL)
		return;
	database_reader_done(&reader->database);
	free(reader);
}

int
proxy_read(struct proxy_reader *reader, struct arena *arena,
    struct proxy_report *ret_report, struct error *err)
{
	if (database_reader_open(&reader->database, err) == -1)
		return -1;
	return database_reader_result(&reader->database,
	    read_report(reader->database.statements, arena, ret_report, err),
	    err);
}

int
proxy_read_database(struct database *database, struct arena *arena,
    struct proxy_report *ret_report, struct error *err)
{
	struct statement_set *statements = statement_set_new(
	    database, proxy_statements, PROXY_STATEMENTS, err);
	int result;

	if (statements == NULL)
		return -1;
	result = read_report(statements, arena, ret_report, err);
	statement_set_free(statements);
	return result;
}
