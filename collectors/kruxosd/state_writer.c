#include "collectors/kruxosd/state_writer_internal.h"

#include "base/memory.h"
#include "sql/account_writer.h"
#include "sql/agent_writer.h"
#include "sql/approval_writer.h"
#include "sql/schema_state.h"
#include "sql/state_writer.h"

#include <unistd.h>

/* --- opening -------------------------------------------------------------- */

struct state_writer *
state_writer_new(const char *path)
{
	struct state_writer *writer = memory_new(sizeof(*writer));

	writer->path = strdup(path);
	if (writer->path == NULL)
		memory_end(strlen(path));
	return writer;
}

static void
close_database(struct state_writer *writer)
{
	for (int i = 0; i < STATE_WRITER_SETS; i++) {
		statement_set_free(writer->sets[i]);
		writer->sets[i] = NULL;
	}
	if (writer->database != NULL)
		database_close(writer->database);
	writer->database = NULL;
}

void
state_writer_free(struct state_writer *writer)
{
	if (writer == NULL)
		return;
	close_database(writer);
	free(writer->path);
	free(writer);
}

static int
prepare(struct state_writer *writer, struct error *err)
{
	static const struct {
		const struct statement_text *texts;
		size_t count;
	} sets[STATE_WRITER_SETS] = {
		[STATE_WRITER_OWN] = { state_writer_statements,
		    STATE_WRITER_STATEMENTS },
		[STATE_WRITER_ACCOUNTS] = { account_writer_statements,
		    ACCOUNT_WRITER_STATEMENTS },
		[STATE_WRITER_AGENTS] = { agent_writer_statements,
		    AGENT_WRITER_STATEMENTS },
		[STATE_WRITER_APPROVALS] = { approval_writer_statements,
		    APPROVAL_WRITER_STATEMENTS },
	};

	for (int i = 0; i < STATE_WRITER_SETS; i++) {
		writer->sets[i] = statement_set_new(
		    writer->database, sets[i].texts, sets[i].count, err);
		if (writer->sets[i] == NULL)
			return -1;
	}
	return 0;
}

/* Damage that is found first is remembered. */
static int
finish(struct state_writer *writer, int result, const struct error *err)
{
	if (result == -1 && err->code == ERROR_CORRUPT &&
	    writer->damage.code == ERROR_NONE)
		writer->damage = *err;
	return result;
}

/* state.h makes the file, and brings its schema up. */
int
state_writer_open(struct state_writer *writer, struct error *err)
{
	if (writer->database != NULL && database_is_there(writer->database))
		return 0;
	close_database(writer);
	if (access(writer->path, F_OK) == -1)
		return error_set_errno(err, "%s", writer->path);
	writer->database = database_open(writer->path, DATABASE_WRITE_NOW, err);
	if (writer->database != NULL &&
	    database_is_of(writer->database, &schema_state, err) == 0 &&
	    prepare(writer, err) == 0) {
		writer->opened++;
		return 0;
	}
	close_database(writer);
	return finish(writer, -1, err);
}

uint64_t
state_writer_opened(const struct state_writer *writer)
{
	return writer->opened;
}

int
state_writer_begin(struct state_writer *writer, struct error *err)
{
	if (state_writer_open(writer, err) == -1)
		return -1;
	if (database_run(writer->database, "BEGIN IMMEDIATE", err) == 0)
		return 0;
	return err->code == ERROR_BUSY
		   ? error_set(
			 err, ERROR_BUSY, "another process has locked state.db")
		   : -1;
}

int
state_writer_commit(struct state_writer *writer, int result, struct error *err)
{
	struct error ignored;

	if (result == 0 && database_run(writer->database, "COMMIT", err) == 0) {
		(void)database_checkpoint(writer->database, &ignored);
		return 0;
	}
	(void)database_run(writer->database, "ROLLBACK", &ignored);
	return -1;
}

bool
state_writer_take_damage(struct state_writer *writer, struct error *ret_damage)
{
	if (writer->damage.code == ERROR_NONE)
		return false;
	*ret_damage = writer->damage;
	writer->damage = (struct error){ 0 };
	return true;
}

/* --- statements ---------------------------------------------------------- */

struct statement
state_writer_start(
    struct state_writer *writer, enum state_writer_set set, int statement)
{
	return statement_start(writer->sets[set], statement);
}

int
state_writer_end(
    struct state_writer *writer, struct statement *rows, struct error *err)
{
	return finish(writer, statement_end(rows, err), err);
}

int
state_writer_run(
    struct state_writer *writer, struct statement *once, struct error *err)
{
	return finish(writer, statement_run(once, err), err);
}

int
state_writer_check_room(struct state_writer *writer, enum state_writer_set set,
    int statement, struct slice whose, uint64_t most, const char *what,
    struct error *err)
{
	struct statement row = state_writer_start(writer, set, statement);
	uint64_t count = 0;

	if (whose.data != NULL)
		statement_bind_text(&row, 1, whose);
	if (statement_next(&row))
		count = statement_u64(&row, 0);
	if (state_writer_end(writer, &row, err) == -1)
		return -1;
	if (count < most)
		return 0;
	return error_set(err, ERROR_CONFLICT, "there are %llu %s already",
	    (unsigned long long)count, what);
}
