#include "collectors/kruxosd/proxy_writer.h"

#include "base/memory.h"
#include "sql/proxy_writer.h"
#include "store/statement.h"

struct proxy_writer {
	struct database *database;
	struct statement_set *statements;
};

struct proxy_writer *
proxy_writer_new(struct database *database, struct error *err)
{
	struct proxy_writer *writer = memory_new(sizeof(*writer));

	writer->database = database;
	writer->statements = statement_set_new(
	    database, proxy_writer_statements, PROXY_WRITER_STATEMENTS, err);
	if (writer->statements != NULL)
		return writer;
	free(writer);
	return NULL;
}

void
proxy_writer_free(struct proxy_writer *writer)
{
	if (writer == NULL)
		return;
	statement_set_free(writer->statements);
	free(writer);
}

static int
clear(struct proxy_writer *writer, int statement, struct error *err)
{
	struct statement run = statement_start(writer->statements, statement);

	return statement_run(&run, err);
}

static int
save_report(struct proxy_writer *writer, usec_t reported_at, struct error *err)
{
	struct statement save =
	    statement_start(writer->statements, PROXY_WRITER_REPORT);

	statement_bind_u64(&save, 1, reported_at);
	return statement_run(&save, err);
}

static int
add_service(struct proxy_writer *writer, size_t place,
    const struct proxy_service *service, struct error *err)
{
	struct statement add =
	    statement_start(writer->statements, PROXY_WRITER_ADD_SERVICE);

	statement_bind_u64(&add, 1, place);
	statement_bind_text(&add, 2, service->name);
	statement_bind_u64(&add, 3, service->status);
	statement_bind_u64(&add, 4, service->last_started_at);
	statement_bind_u64(&add, 5, service->last_completed_at);
	statement_bind_u64(&add, 6, service->consecutive_failures);
	statement_bind_text(&add, 7, service->last_error);
	statement_bind_i64(&add, 8, service->items_synced);
	return statement_run(&add, err);
}

static int
add_write(struct proxy_writer *writer, size_t place,
    const struct proxy_write *write, struct error *err)
{
	struct statement add =
	    statement_start(writer->statements, PROXY_WRITER_ADD_WRITE);

	statement_bind_u64(&add, 1, place);
	statement_bind_text(&add, 2, write->id);
	statement_bind_text(&add, 3, write->service);
	statement_bind_text(&add, 4, write->summary);
	statement_bind_text(&add, 5, write->agent_name);
	statement_bind_u64(&add, 6, write->state);
	statement_bind_u64(&add, 7, write->created_at);
	statement_bind_u64(&add, 8, write->sends_at);
	statement_bind_u64(&add, 9, write->attempts);
	statement_bind_text(&add, 10, write->last_error);
	statement_bind_u64(&add, 11, write->decision.action);
	statement_bind_text(&add, 12, write->decision.user_name);
	statement_bind_u64(&add, 13, write->decision.at);
	statement_bind_u64(&add, 14, write->decision.attempts);
	return statement_run(&add, err);
}

static int
save_services(struct proxy_writer *writer, const struct proxy_report *report,
    struct error *err)
{
	if (clear(writer, PROXY_WRITER_CLEAR_SERVICES, err) == -1)
		return -1;
	for (size_t i = 0; i < report->service_count; i++)
		if (add_service(writer, i, report->services + i, err) == -1)
			return -1;
	return 0;
}

static int
save_writes(struct proxy_writer *writer, const struct proxy_report *report,
    struct error *err)
{
	if (clear(writer, PROXY_WRITER_CLEAR_WRITES, err) == -1)
		return -1;
	for (size_t i = 0; i < report->write_count; i++)
		if (add_write(writer, i, report->writes + i, err) == -1)
			return -1;
	return 0;
}

static int
add_error(struct proxy_writer *writer, size_t place,
    const struct proxy_error *error, struct error *err)
{
	struct statement add =
	    statement_start(writer->statements, PROXY_WRITER_ADD_ERROR);

	statement_bind_u64(&add, 1, place);
	statement_bind_u64(&add, 2, error->at);
	statement_bind_text(&add, 3, error->service);
	statement_bind_text(&add, 4, error->write_id);
	statement_bind_text(&add, 5, error->error);
	return statement_run(&add, err);
}

static int
save_errors(struct proxy_writer *writer, const struct proxy_report *report,
    struct error *err)
{
	if (clear(writer, PROXY_WRITER_CLEAR_ERRORS, err) == -1)
		return -1;
	for (size_t i = 0; i < report->error_count; i++)
		if (add_error(writer, i, report->errors + i, err) == -1)
			return -1;
	return 0;
}

static int
save_all(struct proxy_writer *writer, const struct proxy_report *report,
    unsigned changed, struct error *err)
{
	if (save_report(writer, report->reported_at, err) == -1 ||
	    save_services(writer, report, err) == -1)
		return -1;
	if ((changed & PROXY_STATE_WRITES) != 0 &&
	    save_writes(writer, report, err) == -1)
		return -1;
	return (changed & PROXY_STATE_ERRORS) == 0
		   ? 0
		   : save_errors(writer, report, err);
}

int
proxy_writer_save(struct proxy_writer *writer,
    const struct proxy_report *report, unsigned changed, struct error *err)
{
	struct error ignored;

	if (database_run(writer->database, "BEGIN IMMEDIATE", err) == -1)
		return -1;
	if (save_all(writer, report, changed, err) == 0 &&
	    database_run(writer->database, "COMMIT", err) == 0)
		return 0;
	(void)database_run(writer->database, "ROLLBACK", &ignored);
	return -1;
}
