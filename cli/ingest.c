#include "cli/ingest.h"

#include "base/cleanup.h"
#include "cli/recast.h"
#include "cli/sender.h"

struct ingest_values {
	bool json;
	bool ending_now;
};

static const struct option_row ingest_options[] = {
	OPTION_FLAG(struct ingest_values, json, 0, "json",
	    "print what became of the lines as JSON"),
	OPTION_END
};

static const struct option_row ingest_import_options[] = {
	OPTION_FLAG(struct ingest_values, ending_now, 0, "ending-now",
	    "move all times alike, so that the last entry is of this moment"),
	OPTION_FLAG(struct ingest_values, json, 0, "json",
	    "print what became of the lines as JSON"),
	OPTION_END
};

/* Send one line; as an import if there is a `recast`. */
static int
ingest_send(struct sender *sender, struct json_reader *reader,
    const struct recast *recast, struct slice line, struct error *err)
{
	cleanup(buf_free) struct buf recorded = BUF_INIT;
	struct error why = { 0 };
	int made;

	if (line.data == NULL)
		return sender_refuse_long(sender, err);
	if (recast == NULL || line.len == 0)
		return sender_send(sender, line, err);
	made = recast_line(reader, line, recast, &recorded, &why);
	if (made == -1)
		return sender_refuse(sender, &why, err);
	if (made == 0)
		sender->left_out++;
	return sender_send(sender, buf_slice(&recorded), err);
}

static enum command_exit
ingest_all(struct cli *cli, struct lines *lines, const struct recast *recast,
    bool as_json)
{
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	cleanup(sender_close) struct sender sender = { 0 };
	struct error err = { 0 };
	struct slice line;
	int more;

	if (sender_open(&sender, cli, recast == NULL ? "ingest" : "import",
		lines, &err) == -1)
		return cli_fail(&err);
	while ((more = lines_next(lines, &line, &err)) == 1) {
		if (ingest_send(&sender, &reader, recast, line, &err) == -1)
			return sender_fail(&sender, &err);
		/* Nobody waits for an answer until the next line comes. */
		if (!lines_are_ready(lines) &&
		    door_flush(sender.door, &err) == -1)
			return sender_fail(&sender, &err);
	}
	if (more == -1) {
		sender_finish(&sender, as_json);
		return cli_fail(&err);
	}
	return sender_finish(&sender, as_json);
}

static enum command_exit
ingest_run(struct cli *cli, const void *values, char **operands)
{
	const struct ingest_values *wanted = values;
	cleanup(lines_close) struct lines lines = { .fd = -1 };
	struct error err = { 0 };

	if (lines_open(&lines, operands[0], &err) == -1)
		return cli_fail(&err);
	return ingest_all(cli, &lines, NULL, wanted->json);
}

/* How far must the times move? Lines that are no entries are reported when
 * they are sent. */
static int
ingest_find_shift(struct lines *lines, struct recast *recast, struct error *err)
{
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	usec_t now = clock_realtime(&clock_system);
	usec_t last = 0, time;
	struct slice line;
	int more;

	while ((more = lines_next(lines, &line, err)) == 1) {
		struct error ignored = { 0 };

		if (line.data != NULL &&
		    recast_time(&reader, line, &time, &ignored) == 0 &&
		    time > last)
			last = time;
	}
	if (more == -1 || lines_rewind(lines, err) == -1)
		return -1;
	if (last == 0)
		return 0;
	if (now > last)
		recast->later = now - last;
	else
		recast->earlier = last - now;
	return 0;
}

static enum command_exit
ingest_import_run(struct cli *cli, const void *values, char **operands)
{
	const struct ingest_values *wanted = values;
	cleanup(lines_close) struct lines lines = { .fd = -1 };
	struct recast recast = { 0 };
	struct error err = { 0 };

	if (lines_open(&lines, operands[0], &err) == -1 ||
	    (wanted->ending_now &&
		ingest_find_shift(&lines, &recast, &err) == -1))
		return cli_fail(&err);
	return ingest_all(cli, &lines, &recast, wanted->json);
}

const struct command_form ingest_form = {
	ingest_options,
	sizeof(struct ingest_values),
	ingest_run,
};

const struct command_form ingest_import_form = {
	ingest_import_options,
	sizeof(struct ingest_values),
	ingest_import_run,
};
