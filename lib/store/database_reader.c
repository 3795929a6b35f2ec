#include "store/database_reader.h"

#include "base/memory.h"

#include <string.h>

void
database_reader_init(struct database_reader *reader, const char *path,
    const struct database_schema *schema, const struct statement_text *texts,
    size_t count)
{
	*reader = (struct database_reader){
		.path = strdup(path),
		.schema = schema,
		.texts = texts,
		.count = count,
	};
	if (reader->path == NULL)
		memory_end(strlen(path));
}

static void
close_database(struct database_reader *reader)
{
	statement_set_free(reader->statements);
	reader->statements = NULL;
	if (reader->database != NULL)
		database_close(reader->database);
	reader->database = NULL;
}

void
database_reader_done(struct database_reader *reader)
{
	close_database(reader);
	free(reader->path);
}

int
database_reader_open(struct database_reader *reader, struct error *err)
{
	if (reader->database != NULL && database_is_there(reader->database))
		return 0;
	close_database(reader);
	reader->database = database_open(reader->path, DATABASE_READ_NOW, err);
	if (reader->database == NULL)
		return -1;
	if (database_is_of(reader->database, reader->schema, err) == 0)
		reader->statements = statement_set_new(
		    reader->database, reader->texts, reader->count, err);
	if (reader->statements != NULL)
		return 0;
	close_database(reader);
	return -1;
}

int
database_reader_result(
    struct database_reader *reader, int result, const struct error *err)
{
	if (result == -1 && err->code == ERROR_CORRUPT)
		close_database(reader);
	return result;
}

int
database_reader_end(struct database_reader *reader, struct statement *statement,
    struct error *err)
{
	return database_reader_result(
	    reader, statement_end(statement, err), err);
}
