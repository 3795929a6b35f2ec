#include "store/outbox.h"

#include "base/memory.h"
#include "sql/outbox.h"
#include "sql/schema_telemetry.h"
#include "store/statement.h"

struct outbox {
	char *path;
	struct database *database; /* NULL: not open */
	struct statement_set *statements;
};

struct outbox *
outbox_open(const char *path)
{
	struct outbox *outbox = memory_new(sizeof(*outbox));

	outbox->path = strdup(path);
	if (outbox->path == NULL)
		memory_end(strlen(path));
	return outbox;
}

static void
close_database(struct outbox *outbox)
{
	statement_set_free(outbox->statements);
	outbox->statements = NULL;
	if (outbox->database != NULL)
		database_close(outbox->database);
	outbox->database = NULL;
}

void
outbox_close(struct outbox *outbox)
{
	if (outbox == NULL)
		return;
	close_database(outbox);
	free(outbox->path);
	free(outbox);
}

static int
open_database(struct outbox *outbox, struct error *err)
{
	if (outbox->database != NULL && database_is_there(outbox->database))
		return 0;
	close_database(outbox);
	outbox->database = database_open(outbox->path, DATABASE_READ_NOW, err);
	if (outbox->database == NULL)
		return -1;
	if (database_is_of(outbox->database, &schema_telemetry, err) == 0)
		outbox->statements = statement_set_new(outbox->database,
		    outbox_statements, OUTBOX_STATEMENTS, err);
	if (outbox->statements != NULL)
		return 0;
	close_database(outbox);
	return -1;
}

/* One that is damaged is opened anew when it is asked next. */
static int
finish(struct outbox *outbox, struct statement *rows, struct error *err)
{
	if (statement_end(rows, err) == 0)
		return 0;
	if (err->code == ERROR_CORRUPT)
		close_database(outbox);
	return -1;
}

int
outbox_next(struct outbox *outbox, struct slice channel, usec_t now,
    struct outbox_due *ret_due, struct buf *body, struct error *err)
{
	struct statement row;
	bool is_due;

	if (open_database(outbox, err) == -1)
		return -1;
	row = statement_start(outbox->statements, OUTBOX_NEXT);
	statement_bind_text(&row, 1, channel);
	statement_bind_u64(&row, 2, now);
	is_due = statement_next(&row);
	buf_reset(body);
	if (is_due) {
		*ret_due = (struct outbox_due){ statement_u64(&row, 0),
			statement_u64(&row, 1) };
		buf_add_slice(body, statement_text(&row, 2));
	}
	return finish(outbox, &row, err) == -1 ? -1 : is_due;
}

static int
read_waiting(struct outbox *outbox, struct slice name,
    struct outbox_channel *channel, struct error *err)
{
	struct statement row =
	    statement_start(outbox->statements, OUTBOX_WAITING);

	statement_bind_text(&row, 1, name);
	if (statement_next(&row)) {
		channel->waiting = statement_u64(&row, 0);
		channel->oldest = statement_u64(&row, 1);
	}
	return finish(outbox, &row, err);
}

int
outbox_channel(struct outbox *outbox, struct slice name, struct arena *arena,
    struct outbox_channel *ret_channel, struct error *err)
{
	struct outbox_channel channel = { 0 };
	struct statement row;

	if (open_database(outbox, err) == -1 ||
	    read_waiting(outbox, name, &channel, err) == -1)
		return -1;
	row = statement_start(outbox->statements, OUTBOX_CHANNEL);
	statement_bind_text(&row, 1, name);
	if (statement_next(&row)) {
		channel.delivered_at = statement_u64(&row, 0);
		channel.failing_since = statement_u64(&row, 1);
		channel.failed_at = statement_u64(&row, 2);
		if (!statement_is_null(&row, 3))
			channel.last_error =
			    arena_slice(arena, statement_text(&row, 3));
	}
	if (finish(outbox, &row, err) == -1)
		return -1;
	*ret_channel = channel;
	return 0;
}
