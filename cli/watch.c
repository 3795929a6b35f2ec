#include "cli/watch.h"

#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/json.h"
#include "cli/row.h"
#include "cli/selection.h"
#include "cli/sse.h"
#include "cli/words.h"

#include <inttypes.h>
#include <poll.h>

/* The server sends a comment every 15 s: three missed, and it has gone. */
#define WATCH_TIMEOUT	(45 * USEC_PER_SEC)
#define WATCH_RETRY	(2 * USEC_PER_SEC) /* unless the server says so */
#define WATCH_RETRY_MAX (60 * USEC_PER_SEC)

struct watch_values {
	struct selection selection;
	uint64_t recent;
	uint64_t count;
	bool json;
};

static const struct option_row watch_options[] = {
	SELECTION_WHO(struct watch_values, selection),
	OPTION_U64(struct watch_values, recent, 'n', "recent", "N", 0, 200,
	    "10", "begin with the last N entries, 0 to 200"),
	OPTION_U64(struct watch_values, count, 0, "count", "N", 1, INT64_MAX,
	    NULL, "end after N entries"),
	OPTION_FLAG(struct watch_values, json, 0, "json",
	    "print each entry as JSON on a line"),
	OPTION_END
};

struct watch {
	struct cli *cli;
	const struct watch_values *values;
	const char *socket;
	struct arena arena; /* of one entry */
	struct buf query;   /* the filters, each with a '&' behind it */
	uint64_t after;	    /* where the stream begins, before its first id */
	uint64_t shown;
	struct sse sse;
	bool is_lost; /* the connection, and that was said */
};

/* Print one entry, which is `text` if that is there; false when it was the last
 * one wanted. */
static bool
watch_print(struct watch *watch, struct json_object *entry, struct slice text)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct row row;

	if (watch->values->json) {
		if (text.data == NULL)
			text = slice_of(json_object_to_json_string_ext(
			    entry, JSON_C_TO_STRING_NOSLASHESCAPE));
		buf_add_slice(&out, text);
		cli_print_json(watch->cli, &out);
	} else {
		row_read(entry, &watch->arena, &row);
		row_add_line(&row, &watch->cli->out, &out);
		arena_reset(&watch->arena);
		cli_print(&out);
	}
	if (fflush(stdout) == EOF)
		return false; /* main() says why */
	watch->shown++;
	return watch->values->count == 0 || watch->shown < watch->values->count;
}

/* {"skipped":57000,"from":33000,"to":90000} */
static void
watch_say_gap(struct json_object *gap)
{
	cleanup(buf_free) struct buf words = BUF_INIT;

	if (json_member(gap, "skipped") == NULL)
		buf_add_str(&words, "entries");
	else
		words_add_counted(
		    &words, json_number(gap, "skipped"), "entry", "entries");
	cli_note("%s left out: seq %" PRIu64 " to %" PRIu64, words.data,
	    json_number(gap, "from"), json_number(gap, "to"));
}

static bool
watch_on_event(void *context, const struct sse_event *event)
{
	struct watch *watch = context;
	cleanup(json_putp) struct json_object *json = NULL;
	struct error err = { 0 };

	json = json_parse(event->data, &err);
	if (json == NULL) {
		cli_note("an event of the stream is not JSON");
		return true;
	}
	if (slice_is(event->type, "gap"))
		watch_say_gap(json);
	else if (slice_is(event->type, "entry"))
		return watch_print(watch, json, event->data);
	return true;
}

/* The newest entries, oldest first, and where the stream goes on. 1; 0: that
 * was all that was wanted; -1. */
static int
watch_begin(struct watch *watch, struct error *err)
{
	cleanup(json_putp) struct json_object *json = NULL;
	cleanup(buf_free) struct buf target = BUF_INIT;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	uint64_t recent = watch->values->recent;
	struct json_object *entries;

	buf_addf(&target, "/api/activity?%slimit=%" PRIu64, watch->query.data,
	    recent > 0 ? recent : 1);
	if (api_get(watch->socket, target.data, &answer, err) == -1)
		return -1;
	json = json_parse(buf_slice(&answer), err);
	if (json == NULL)
		return -1;
	watch->after = json_number(json, "last_seq");
	entries = json_member(json, "entries");
	if (recent == 0 || !json_object_is_type(entries, json_type_array))
		return 1;
	for (size_t i = json_object_array_length(entries); i-- > 0;) {
		if (!watch_print(watch, json_object_array_get_idx(entries, i),
			(struct slice){ NULL, 0 }))
			return 0;
	}
	return 1;
}

/* Connect where the last event was, and print until the connection ends. 0:
 * all that was wanted has been printed; -1. */
static int
watch_stream(struct watch *watch, struct error *err)
{
	cleanup(api_closep) struct api *api = NULL;
	cleanup(buf_free) struct buf target = BUF_INIT;
	cleanup(buf_free) struct buf piece = BUF_INIT;
	struct slice last_id = { NULL, 0 };

	buf_addf(&target, "/api/activity/stream?%safter=%" PRIu64,
	    watch->query.data, watch->after);
	if (watch->sse.last_id.len > 0)
		last_id = buf_slice(&watch->sse.last_id);
	api = api_open(watch->socket, target.data, last_id, WATCH_TIMEOUT, err);
	if (api == NULL)
		return -1;
	if (api_status(api) != 200)
		return api_refused(api, err);
	if (watch->is_lost)
		cli_note("connected again");
	watch->is_lost = false;
	sse_restart(&watch->sse);
	for (;;) {
		int more = api_read(api, &piece, err);

		if (more == 0)
			return error_set(
			    err, ERROR_UNREACHABLE, "the stream has ended");
		if (more == 1)
			more = sse_feed(&watch->sse, buf_slice(&piece),
			    watch_on_event, watch, err);
		if (more < 1)
			return more;
		buf_reset(&piece);
	}
}

/* What may be over when one tries again. */
static bool
watch_may_recover(const struct error *err)
{
	return err->code == ERROR_UNREACHABLE || err->code == ERROR_BUSY ||
	       err->code == ERROR_CORRUPT;
}

static enum command_exit
watch_all(struct watch *watch)
{
	struct error err = { 0 };
	int begun = watch_begin(watch, &err);

	if (begun == -1)
		return cli_fail(&err);
	while (begun == 1) {
		usec_t retry;

		if (watch_stream(watch, &err) == 0)
			break;
		if (!watch_may_recover(&err))
			return cli_fail(&err);
		if (!watch->is_lost)
			cli_note("%s; connecting again", err.sentence);
		watch->is_lost = true;
		retry = watch->sse.retry > 0 ? watch->sse.retry : WATCH_RETRY;
		if (retry > WATCH_RETRY_MAX)
			retry = WATCH_RETRY_MAX;
		poll(NULL, 0, (int)(retry / USEC_PER_MSEC));
	}
	return COMMAND_DONE;
}

static enum command_exit
watch_run(struct cli *cli, const void *values, char **operands)
{
	struct watch watch = {
		.cli = cli,
		.values = values,
		.arena = ARENA_INIT,
		.query = BUF_INIT,
		.sse = SSE_INIT,
	};
	struct selection selection = watch.values->selection;
	const struct config *config;
	struct filter filter;
	struct error err = { 0 };
	enum command_exit result;

	(void)operands;
	if (selection_settle(&selection, clock_realtime(&clock_system),
		&cli->arena, &filter, &err) == -1)
		return cli_misused("%s", err.sentence);
	config = cli_config(cli, &err);
	if (config == NULL)
		return cli_fail(&err);
	watch.socket = config->api_socket;
	selection_add_query(&selection, &watch.query);
	result = watch_all(&watch);
	sse_free(&watch.sse);
	buf_free(&watch.query);
	arena_free(&watch.arena);
	return result;
}

const struct command_form watch_form = {
	watch_options,
	sizeof(struct watch_values),
	watch_run,
};
