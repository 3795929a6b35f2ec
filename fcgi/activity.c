/* activity.fcgi: what happens now.
 *
 *	/api/activity		the newest entries, and where a stream goes on
 *	/api/activity/stream	entries as they become durable (SSE)
 *
 * The stream follows the log's own files up to the entry that the status page
 * calls durable; inotify on that page is how it hears of a commit. The index
 * is asked only how many entries a returning client has missed. With the
 * daemon gone the stream stays open, and goes on when it is back; when its
 * session ends, so does the stream (follower.h).
 */
#include "fcgi/follower.h"
#include "fcgi/program.h"
#include "fcgi/query.h"
#include "fcgi/reach.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "http/broadcast.h"
#include "http/event.h"
#include "log/cursor.h"

enum {
	PAGE_MAX = 200,
	REPLAY_MAX = 10000, /* matching entries a client may catch up on */
	/* Lines looked at for one piece of a replay: its share of the loop. */
	REPLAY_LINES = 2000,
	RING_BYTES = 4 << 20,
	KEPT_BYTES = 256 << 10,
	SUBSCRIBERS_MAX = 16384,
};

static const usec_t EXPIRY_INTERVAL = USEC_PER_SEC;

/* What the loop's callbacks work with. */
struct feed {
	struct program *prog;
	struct broadcast *broadcast;
	struct cursor *live;   /* behind the last entry published */
	struct cursor *replay; /* wherever a returning client needs it */
	uint64_t published;    /* the last seq */
	struct follower_ended ended;
	struct loop_timer expiry;
	bool is_started;
};

static struct feed feed;

/* An event's entry, with the line that its slices lie in behind it. */
struct happening {
	struct entry entry;
	char line[];
};

static const struct param activity_params[] = {
	QUERY_FILTERS,
	PARAM_U64(struct query, limit, "limit", 1, PAGE_MAX),
	PARAM_END,
};

static const struct param stream_params[] = {
	QUERY_FILTERS,
	PARAM_U64(struct query, after, "after", 0, QUERY_SEQ_MAX),
	PARAM_END,
};

/* --- /api/activity -------------------------------------------------------- */

/* GET /api/activity: the newest entries, and where a stream goes on. */
static int
activity_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct query query = QUERY_INIT;
	struct search search = {
		.without_total = true,
		.is_gone = query_is_gone,
		.context = req,
	};
	struct search_page page;
	struct store *store = program_store(prog, req->worker);
	struct json_writer *json = rep->json;

	query.limit = PAGE_MAX;
	if (query_read(req, &query, &search.filter, err) == -1)
		return 400;
	if (req->worker == 0 && filter_has(&search.filter, FILTER_CALL_ID))
		return HANDLER_SLOW;
	search.limit = query.limit;
	if (search_page(store, &search, req->arena, &page, err) == -1)
		return 503;
	json_writer_object(json);
	if (query_write_entries(json, store, &search.filter, &page, err) == -1)
		return 503;
	json_writer_pair_u64(json, "last_seq", page.through_seq);
	reach_write_now(json, prog, page.through_seq);
	json_writer_end_object(json);
	return 200;
}

/* --- the live end --------------------------------------------------------- */

static void
add_event(struct buf *out, struct buf *shown, const struct cursor_line *line)
{
	buf_reset(shown);
	query_add_entry(shown, line->line, line->file);
	event_add(out, line->seq, "entry", buf_slice(shown));
}

static bool
is_over(const void *filter, void *now)
{
	return follower_is_over(filter, &feed.ended, *(usec_t *)now);
}

/* Streams end with the sessions and tokens that began them. */
static void
end_streams(void *context)
{
	usec_t now = clock_realtime(&clock_system);

	(void)context;
	broadcast_end_some(feed.broadcast, is_over, &now);
}

/* Hand a line to all who want it. A line that cannot be read is damage; the
 * verifier tells of it. */
static void
publish(const struct cursor_line *line)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(buf_free) struct buf shown = BUF_INIT;
	struct happening *happening =
	    memory_new(sizeof(*happening) + line->line.len);
	struct error ignored;

	memcpy(happening->line, line->line.data, line->line.len);
	if (entry_parse((struct slice){ happening->line, line->line.len },
		&happening->entry, &ignored) == -1) {
		free(happening);
		return;
	}
	if (follower_note_ended(&feed.ended, &happening->entry) > 0)
		end_streams(NULL);
	add_event(&text, &shown, line);
	broadcast_publish(
	    feed.broadcast, line->seq, happening, buf_slice(&text));
}

/* The log has grown to `head`: publish what is new. */
static void
publish_through(uint64_t head)
{
	struct cursor_line line;
	struct error err;

	while (feed.published < head) {
		int result = cursor_next(feed.live, head, &line, &err);

		if (result == 0)
			return;
		if (result == -1 && err.code == ERROR_CORRUPT)
			continue;
		if (result == -1) {
			diag(DIAG_ERROR, "%s", err.sentence);
			return;
		}
		if (line.seq <= feed.published)
			continue;
		publish(&line);
		feed.published = line.seq;
	}
}

/* Begin at the head that the daemon knows now. */
static int
start_at(uint64_t head, struct error *err)
{
	if (feed.live == NULL)
		feed.live = cursor_open(feed.prog->audit_dir, err);
	if (feed.live == NULL || cursor_seek(feed.live, head + 1, err) == -1)
		return -1;
	feed.published = head;
	feed.is_started = true;
	broadcast_start(feed.broadcast, head);
	return 0;
}

/* The status page was written: has anything been committed? */
static void
on_status(struct program *prog)
{
	struct status status;
	struct error err;

	if (program_status(prog, &status, &err) == -1)
		return; /* no daemon yet, or none any more: wait */
	if (!feed.is_started) {
		if (start_at(status.head_seq, &err) == -1)
			diag(DIAG_ERROR, "%s", err.sentence);
		return;
	}
	publish_through(status.head_seq);
}

static bool
wants(const void *filter, const void *payload)
{
	const struct follower *follower = filter;
	const struct happening *happening = payload;

	return filter_matches_head(follower->filter, &happening->entry);
}

/* --- the past ------------------------------------------------------------- */

/* The next events behind `*after` for a client that comes back. */
static int
replay(void *context, void *filter, uint64_t *after, struct buf *out)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;
	const struct follower *follower = filter;
	struct cursor_line line;
	struct error err;

	(void)context;
	if (feed.replay == NULL)
		feed.replay = cursor_open(feed.prog->audit_dir, &err);
	if (feed.replay == NULL ||
	    cursor_seek(feed.replay, *after + 1, &err) == -1) {
		diag(DIAG_ERROR, "%s", err.sentence);
		return -1;
	}
	for (int i = 0; i < REPLAY_LINES && out->len < BROADCAST_PIECE_BYTES;
	     i++) {
		int result =
		    cursor_next(feed.replay, feed.published, &line, &err);
		struct entry entry;

		if (result == 0)
			return 0;
		if (result == -1 && err.code == ERROR_CORRUPT)
			continue;
		if (result == -1)
			return -1;
		if (entry_parse(line.line, &entry, &err) == 0 &&
		    filter_matches_head(follower->filter, &entry))
			add_event(out, &shown, &line);
		*after = line.seq;
	}
	return 0;
}

/* {"skipped":N,"from":F,"to":T}; the stream goes on behind `id`. */
static void
add_gap(struct buf *out, uint64_t id, const uint64_t *skipped, uint64_t from,
    uint64_t to)
{
	cleanup(buf_free) struct buf data = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &data);
	json_writer_object(&json);
	json_writer_key(&json, "skipped");
	if (skipped == NULL)
		json_writer_null(&json);
	else
		json_writer_u64(&json, *skipped);
	json_writer_pair_u64(&json, "from", from);
	json_writer_pair_u64(&json, "to", to);
	json_writer_end_object(&json);
	event_add(out, id, "gap", buf_slice(&data));
}

/* A client that has missed more than REPLAY_MAX matching entries goes on with
 * the newest of them; `*after` moves there. */
static int
bound_replay(struct program *prog, struct request *req,
    const struct filter *filter, uint64_t *after, struct buf *first,
    struct error *err)
{
	struct search search = {
		.filter = *filter,
		.after_seq = *after,
		.offset = REPLAY_MAX - 1,
		.limit = 1,
	};
	struct search_page page;
	uint64_t skipped, to;

	/* A call has few entries, and to count them is to read every line since
	 * on the loop: the replay does that too, but a piece at a time. */
	if (feed.published - *after <= REPLAY_MAX ||
	    filter_has(filter, FILTER_CALL_ID))
		return 0;
	if (search_page(program_store(prog, req->worker), &search, req->arena,
		&page, err) == -1)
		return -1;
	if (page.count == 0 || page.total <= REPLAY_MAX)
		return 0;
	skipped = page.total - REPLAY_MAX;
	to = page.places[0].seq - 1;
	add_gap(first, to, &skipped, *after + 1, to);
	*after = to;
	return 0;
}

/* Where the client stands: Last-Event-ID, else `after`, else the end. */
static int
read_position(const struct request *req, const struct query *query,
    uint64_t *ret_after, struct error *err)
{
	struct slice id = request_header(req, "Last-Event-ID");

	*ret_after =
	    query->after == QUERY_UNSET ? feed.published : query->after;
	if (id.len > 0 &&
	    number_parse_u64(id, 0, QUERY_SEQ_MAX, ret_after) == -1)
		return error_set_field(err, ERROR_INVALID, "Last-Event-ID",
		    "Last-Event-ID is not the number of an entry");
	return 0;
}

/* GET /api/activity/stream: entries as they become durable. */
static int
stream_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	cleanup(buf_free) struct buf first = BUF_INIT;
	struct query query = QUERY_INIT;
	struct filter asked;
	uint64_t after;

	on_status(prog); /* as of now, not as of the last turn */
	if (!feed.is_started) {
		error_set(err, ERROR_UNREACHABLE, "the daemon is not there");
		return 503;
	}
	if (query_read(req, &query, &asked, err) == -1 ||
	    read_position(req, &query, &after, err) == -1)
		return 400;
	if (after > feed.published) {
		add_gap(
		    &first, feed.published, NULL, feed.published + 1, after);
		after = feed.published;
	} else if (bound_replay(prog, req, &asked, &after, &first, err) == -1) {
		return 503;
	}
	return broadcast_join(feed.broadcast, req, rep,
	    follower_new(filter_clone(&asked), req), after, buf_slice(&first),
	    err);
}

static const struct route routes[] = {
	{ METHOD_GET, "/api/activity", activity_get, activity_params, 0 },
	{ METHOD_GET, "/api/activity/stream", stream_get, stream_params, 0 },
	ROUTE_END,
};

static int
on_open(struct program *prog, struct error *err)
{
	static const struct broadcast_settings settings = {
		.ring_bytes = RING_BYTES,
		.kept_bytes = KEPT_BYTES,
		.subscribers_max = SUBSCRIBERS_MAX,
		.wants = wants,
		.replay = replay,
		.free_filter = follower_free,
		.free_payload = free,
	};

	(void)err;
	feed.prog = prog;
	feed.broadcast = broadcast_new(prog->loop, &settings);
	feed.expiry = (struct loop_timer){ end_streams, NULL, EXPIRY_INTERVAL };
	loop_every(prog->loop, &feed.expiry);
	on_status(prog);
	return 0;
}

static void
on_stop(struct program *prog)
{
	(void)prog;
	broadcast_end(feed.broadcast);
}

static void
on_close(struct program *prog)
{
	loop_timer_remove(prog->loop, &feed.expiry);
	broadcast_free(feed.broadcast);
	cursor_free(feed.live);
	cursor_free(feed.replay);
}

int
main(int argc, char **argv)
{
	static const struct program_settings settings = {
		.name = "activity",
		.summary = "answers with the newest entries, and streams them",
		.routes = routes,
		.on_open = on_open,
		.on_status = on_status,
		.on_stop = on_stop,
		.on_close = on_close,
	};

	return program_main(argc, argv, &settings);
}
