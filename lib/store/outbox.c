#include "store/outbox.h"

#include "base/memory.h"
#include "sql/outbox.h"
#include "sql/schema_telemetry.h"
#include "store/database_reader.h"

struct outbox {
	struct database_reader reader;
};

struct outbox *
outbox_open(const char *path)
{
	struct outbox *outbox = memory_new(sizeof(*outbox));

	database_reader_init(&outbox->reader, path, &schema_telemetry,
	    outbox_statements, OUTBOX_STATEMENTS);
	return outbox;
}

void
outbox_close(struct outbox *outbox)
{
	if (outbox == NULL)
		return;
	database_reader_done(&outbox->reader);
	free(outbox);
}

int
outbox_next(struct outbox *outbox, struct slice channel, usec_t now,
    struct outbox_due *ret_due, struct buf *body, struct error *err)
{
	struct statement row;
	bool is_due;

	if (database_reader_open(&outbox->reader, err) == -1)
		return -1;
	row = statement_start(outbox->reader.statements, OUTBOX_NEXT);
	statement_bind_text(&row, 1, channel);
	statement_bind_u64(&row, 2, now);
	is_due = statement_next(&row);
	buf_reset(body);
	if (is_due) {
		*ret_due = (struct outbox_due){ statement_u64(&row, 0),
			statement_u64(&row, 1) };
		buf_add_slice(body, statement_text(&row, 2));
	}
	return database_reader_end(&outbox->reader, &row, err) == -1 ? -1
								     : is_due;
}

static int
read_waiting(struct outbox *outbox, struct slice name,
    struct outbox_channel *channel, struct error *err)
{
	struct statement row =
	    statement_start(outbox->reader.statements, OUTBOX_WAITING);

	statement_bind_text(&row, 1, name);
	if (statement_next(&row)) {
		channel->waiting = statement_u64(&row, 0);
		channel->oldest = statement_u64(&row, 1);
	}
	return database_reader_end(&outbox->reader, &row, err);
}

int
outbox_channel(struct outbox *outbox, struct slice name, struct arena *arena,
    struct outbox_channel *ret_channel, struct error *err)
{
	struct outbox_channel channel = { 0 };
	struct statement row;

	if (database_reader_open(&outbox->reader, err) == -1 ||
	    read_waiting(outbox, name, &channel, err) == -1)
		return -1;
	row = statement_start(outbox->reader.statements, OUTBOX_CHANNEL);
	statement_bind_text(&row, 1, name);
	if (statement_next(&row)) {
		channel.delivered_at = statement_u64(&row, 0);
		channel.failing_since = statement_u64(&row, 1);
		channel.failed_at = statement_u64(&row, 2);
		if (!statement_is_null(&row, 3))
			channel.last_error =
			    arena_slice(arena, statement_text(&row, 3));
	}
	if (database_reader_end(&outbox->reader, &row, err) == -1)
		return -1;
	*ret_channel = channel;
	return 0;
}
