#include "cli/replay.h"

#include "base/cleanup.h"
#include "cli/recast.h"
#include "cli/sender.h"

#include <errno.h>
#include <poll.h>

struct replay_values {
	const char *session;
	double speed;
	usec_t longest_pause;
	bool loop;
	bool json;
};

static const struct option_row replay_options[] = {
	OPTION_FACTOR(struct replay_values, speed, 0, "speed", "N", 0, 1000000,
	    "1", "N times as fast as it was; 0: without pauses"),
	OPTION_DURATION(struct replay_values, longest_pause, "longest-pause", 0,
	    USEC_PER_DAY, "10s",
	    "longer pauses of the recording are shortened to this"),
	OPTION_TEXT(struct replay_values, session, 'S', "session", "ID",
	    "only this session of the recording"),
	OPTION_FLAG(struct replay_values, loop, 0, "loop",
	    "again and again, until interrupted"),
	OPTION_FLAG(struct replay_values, json, 0, "json",
	    "print what became of the lines as JSON"),
	OPTION_END
};

struct replay {
	const struct replay_values *values;
	struct lines *lines;
	struct sender *sender;
	struct json_reader reader;
	struct buf suffix; /* of this run's session ids */
	usec_t last_time;  /* of the entry before, as recorded; 0: none */
	uint64_t runs;
	uint64_t told; /* entries in this run */
};

/* Let the time pass that passed then. */
static void
replay_pause(const struct replay *replay, usec_t time)
{
	usec_t pause = 0;

	if (replay->last_time > 0 && time > replay->last_time)
		pause = time - replay->last_time;
	if (pause > replay->values->longest_pause)
		pause = replay->values->longest_pause;
	if (replay->values->speed <= 0 || pause == 0)
		return;
	if ((double)pause / replay->values->speed < (double)USEC_PER_DAY)
		pause = (usec_t)((double)pause / replay->values->speed);
	else
		pause = USEC_PER_DAY; /* as long as poll() can wait, or so */
	poll(NULL, 0, (int)(pause / USEC_PER_MSEC));
}

/* Is the line one to be told? Fills its time. -1: it is no entry. */
static int
replay_choose(struct replay *replay, struct slice line, usec_t *ret_time,
    struct error *err)
{
	if (recast_time(&replay->reader, line, ret_time, err) == -1)
		return -1;
	return replay->values->session == NULL ||
	       slice_is(
		   recast_session(&replay->reader), replay->values->session);
}

static int
replay_line(struct replay *replay, struct slice line, struct error *err)
{
	cleanup(buf_free) struct buf told = BUF_INIT;
	struct recast recast = { .session_suffix = buf_slice(&replay->suffix) };
	struct error why = { 0 };
	usec_t time;
	int made;

	if (line.data == NULL)
		return sender_refuse_long(replay->sender, err);
	if (line.len == 0)
		return sender_send(replay->sender, line, err);
	made = replay_choose(replay, line, &time, &why);
	if (made == 1) {
		replay_pause(replay, time);
		replay->last_time = time;
		recast.now = clock_realtime(&clock_system);
		made = recast_line(&replay->reader, line, &recast, &told, &why);
	}
	if (made == -1)
		return sender_refuse(replay->sender, &why, err);
	replay->told += (uint64_t)made;
	if (sender_send(replay->sender, buf_slice(&told), err) == -1)
		return -1;
	/* Each entry is there before the next one happens. */
	return made == 1 ? door_flush(replay->sender->door, err) : 0;
}

/* The recording once, from its beginning to its end. */
static int
replay_once(struct replay *replay, struct error *err)
{
	struct slice line;
	int more;

	buf_reset(&replay->suffix);
	buf_addf(&replay->suffix, "-%llx-%llx",
	    (unsigned long long)(clock_realtime(&clock_system) / USEC_PER_MSEC),
	    (unsigned long long)replay->runs++);
	replay->told = 0;
	replay->last_time = 0;
	while ((more = lines_next(replay->lines, &line, err)) == 1) {
		if (replay_line(replay, line, err) == -1)
			return -1;
	}
	if (more == -1)
		return -1;
	if (replay->told == 0)
		return error_set(err, ERROR_NOT_FOUND,
		    "%s: there is nothing to replay", replay->lines->name);
	return 0;
}

static enum command_exit
replay_all(struct replay *replay)
{
	struct error err = { 0 };

	do {
		if (replay_once(replay, &err) == -1)
			return sender_fail(replay->sender, &err);
		if (!replay->values->loop)
			return sender_finish(
			    replay->sender, replay->values->json);
		replay->sender->lines_before = door_sent(replay->sender->door);
	} while (lines_rewind(replay->lines, &err) == 0);
	return sender_fail(replay->sender, &err);
}

static enum command_exit
replay_run(struct cli *cli, const void *values, char **operands)
{
	cleanup(lines_close) struct lines lines = { .fd = -1 };
	cleanup(sender_close) struct sender sender = { 0 };
	struct replay replay = {
		.values = values,
		.lines = &lines,
		.sender = &sender,
		.reader = JSON_READER_INIT,
		.suffix = BUF_INIT,
	};
	struct error err = { 0 };
	enum command_exit result;

	if (lines_open(&lines, operands[0], &err) == -1 ||
	    sender_open(&sender, cli, "replay", &lines, &err) == -1)
		return cli_fail(&err);
	result = replay_all(&replay);
	json_reader_free(&replay.reader);
	buf_free(&replay.suffix);
	return result;
}

const struct command_form replay_form = {
	replay_options,
	sizeof(struct replay_values),
	replay_run,
};
