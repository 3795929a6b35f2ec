#include "store/statement.h"

#include "base/memory.h"

#include <assert.h>
#include <stdio.h>

struct statement_set {
	struct database *database;
	const struct statement_text *texts;
	size_t count;
	sqlite3_stmt **stmts;
};

struct statement_set *
statement_set_new(struct database *database, const struct statement_text *texts,
    size_t count, struct error *err)
{
	struct statement_set *set = memory_new(sizeof(*set));

	set->database = database;
	set->texts = texts;
	set->count = count;
	set->stmts = memory_new(memory_product(count, sizeof(sqlite3_stmt *)));
	for (size_t i = 0; i < count; i++)
		if (sqlite3_prepare_v3(database_handle(database), texts[i].sql,
			-1, SQLITE_PREPARE_PERSISTENT, &set->stmts[i],
			NULL) != SQLITE_OK) {
			database_error(database, texts[i].name, err);
			statement_set_free(set);
			return NULL;
		}
	return set;
}

void
statement_set_free(struct statement_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++)
		sqlite3_finalize(set->stmts[i]);
	free(set->stmts);
	free(set);
}

struct statement
statement_start(struct statement_set *set, int index)
{
	assert(index >= 0 && (size_t)index < set->count);
	assert(!sqlite3_stmt_busy(set->stmts[index]));
	return (struct statement){
		.stmt = set->stmts[index],
		.database = set->database,
		.name = set->texts[index].name,
		.result = SQLITE_OK,
	};
}

static void
remember(struct statement *statement, int result)
{
	if (statement->result == SQLITE_OK)
		statement->result = result;
}

void
statement_bind_i64(struct statement *statement, int index, int64_t value)
{
	remember(statement, sqlite3_bind_int64(statement->stmt, index, value));
}

void
statement_bind_u64(struct statement *statement, int index, uint64_t value)
{
	assert(value <= INT64_MAX);
	statement_bind_i64(statement, index, (int64_t)value);
}

void
statement_bind_text(struct statement *statement, int index, struct slice text)
{
	remember(
	    statement, sqlite3_bind_text64(statement->stmt, index, text.data,
			   text.len, SQLITE_STATIC, SQLITE_UTF8));
}

void
statement_bind_blob(struct statement *statement, int index, struct slice blob)
{
	remember(statement, sqlite3_bind_blob64(statement->stmt, index,
				blob.data, blob.len, SQLITE_STATIC));
}

void
statement_bind_double(struct statement *statement, int index, double value)
{
	remember(statement, sqlite3_bind_double(statement->stmt, index, value));
}

void
statement_bind_null(struct statement *statement, int index)
{
	remember(statement, sqlite3_bind_null(statement->stmt, index));
}

bool
statement_next(struct statement *statement)
{
	if (statement->result != SQLITE_OK && statement->result != SQLITE_ROW)
		return false;
	statement->result = sqlite3_step(statement->stmt);
	return statement->result == SQLITE_ROW;
}

int64_t
statement_i64(struct statement *statement, int column)
{
	return sqlite3_column_int64(statement->stmt, column);
}

double
statement_double(struct statement *statement, int column)
{
	return sqlite3_column_double(statement->stmt, column);
}

uint64_t
statement_u64(struct statement *statement, int column)
{
	int64_t value = statement_i64(statement, column);

	return value < 0 ? 0 : (uint64_t)value;
}

struct slice
statement_text(struct statement *statement, int column)
{
	const unsigned char *text =
	    sqlite3_column_text(statement->stmt, column);
	int len = sqlite3_column_bytes(statement->stmt, column);

	return (
	    struct slice){ (const char *)text, text == NULL ? 0 : (size_t)len };
}

void
statement_copy(
    struct statement *statement, int column, char *ret_text, size_t size)
{
	struct slice text = statement_text(statement, column);

	snprintf(ret_text, size, "%.*s", SLICE_ARG(text));
}

struct slice
statement_blob(struct statement *statement, int column)
{
	const void *blob = sqlite3_column_blob(statement->stmt, column);
	int len = sqlite3_column_bytes(statement->stmt, column);

	return (struct slice){ blob, blob == NULL ? 0 : (size_t)len };
}

bool
statement_is_null(struct statement *statement, int column)
{
	return sqlite3_column_type(statement->stmt, column) == SQLITE_NULL;
}

int
statement_end(struct statement *statement, struct error *err)
{
	int result = 0;

	switch (statement->result) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		break;
	default:
		result =
		    database_error(statement->database, statement->name, err);
	}
	sqlite3_reset(statement->stmt);
	sqlite3_clear_bindings(statement->stmt);
	return result;
}

int
statement_run(struct statement *statement, struct error *err)
{
	while (statement_next(statement))
		continue;
	return statement_end(statement, err);
}
