#include "fcgi/approval_view.h"

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "door/door.h"

/* A page does not wait longer to know more. */
#define LIST_TIMEOUT (2 * USEC_PER_SEC)

/* --- what kruxosd holds --------------------------------------------------- */

struct held {
	bool is_known;
	bool is_whole;		     /* the list has all of them */
	struct approval_view *views; /* in the arena */
	size_t count;
};

struct held_reader {
	struct json_reader reader;
	struct arena *arena;
};

static struct slice
text_of(const struct held_reader *from, const struct json_node *object,
    const char *key)
{
	const struct json_node *node =
	    json_reader_member(&from->reader, object, key);

	return node == NULL || node->type != JSON_STRING
		   ? (struct slice){ NULL, 0 }
		   : arena_slice(from->arena, node->text);
}

/* How kruxosd calls it. False: it is none that is shown. */
static bool
take_state(struct slice text, enum approval_state *ret_state)
{
	static const char *const states[APPROVAL_STATES] = {
		[APPROVAL_PENDING] = "open",
		[APPROVAL_ACCEPTED] = "accepted",
		[APPROVAL_REJECTED] = "rejected", /* not heard of yet */
		[APPROVAL_ENDED] = "used",	  /* not recorded yet */
	};

	for (int state = 0; state < APPROVAL_STATES; state++)
		if (slice_is(text, states[state])) {
			*ret_state = (enum approval_state)state;
			return true;
		}
	return false;
}

static bool
take_held(const struct held_reader *from, const struct json_node *object,
    struct approval_view *view)
{
	struct approval *approval = &view->approval;
	const struct json_node *request =
	    json_reader_member(&from->reader, object, "request");

	view->held = APPROVAL_HELD;
	approval->actor = ENTRY_AGENT;
	approval->actor_name = text_of(from, object, "agent_name");
	approval->session_id = text_of(from, object, "session_id");
	approval->call_id = text_of(from, object, "id");
	approval->capability = text_of(from, object, "capability");
	if (request != NULL && request->type == JSON_OBJECT)
		view->request = arena_slice(from->arena, request->text);
	return take_state(text_of(from, object, "state"), &approval->state) &&
	       clock_parse_formatted(
		   text_of(from, object, "asked_at"), &approval->asked_at) == 0;
}

static int
read_held(struct held_reader *from, struct slice answer, struct held *held,
    struct error *err)
{
	const struct json_node *list, *more, *one;

	if (json_reader_read(&from->reader, answer, err) == -1)
		return -1;
	list =
	    json_reader_member(&from->reader, from->reader.nodes, "approvals");
	more = json_reader_member(&from->reader, from->reader.nodes, "more");
	if (list == NULL || list->type != JSON_ARRAY)
		return error_set(err, ERROR_CORRUPT, "kruxosd lists nothing");
	held->views =
	    arena_array(from->arena, list->children, sizeof(*held->views));
	for (one = json_reader_first(&from->reader, list); one != NULL;
	     one = json_reader_next(&from->reader, list, one))
		if (take_held(from, one, held->views + held->count))
			held->count++;
	held->is_known = true;
	held->is_whole = more == NULL || more->type != JSON_TRUE;
	return 0;
}

static int
ask_what_is_held(struct program *prog, struct arena *arena, struct held *held,
    struct error *err)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct held_reader from = { JSON_READER_INIT, arena };
	struct door *door =
	    door_open(prog->ingest_path, LIST_TIMEOUT, NULL, NULL, err);
	int result;

	if (door == NULL)
		return -1;
	result = door_command(door, "approval.list",
	    SLICE_LITERAL("{\"state\":\"all\"}"), (struct slice){ NULL, 0 },
	    NULL, NULL, &answer, err);
	door_close(door);
	if (result == 0)
		result = read_held(&from, buf_slice(&answer), held, err);
	json_reader_free(&from.reader);
	return result;
}

/* Who asks may read: that is decided already, and the list is the same for all.
 * Without it, what is known is shown. */
static struct held
find_held(struct program *prog, struct arena *arena)
{
	struct held held = { false, false, NULL, 0 };
	struct error ignored;

	if (ask_what_is_held(prog, arena, &held, &ignored) == -1)
		held = (struct held){ false, false, NULL, 0 };
	return held;
}

/* The one that a row of the index tells of; or NULL. */
static struct approval_view *
held_as(const struct held *held, const struct approval *approval)
{
	for (size_t i = 0; i < held->count; i++) {
		const struct approval *one = &held->views[i].approval;

		if (slice_equal(one->call_id, approval->call_id) &&
		    slice_equal(one->actor_name, approval->actor_name) &&
		    approval->actor == ENTRY_AGENT)
			return held->views + i;
	}
	return NULL;
}

/* Of what is not in the list. */
static enum approval_held
not_listed(const struct held *held)
{
	return held->is_known && held->is_whole ? APPROVAL_HELD_NOT
						: APPROVAL_HELD_UNKNOWN;
}

/* --- what their entries say ----------------------------------------------- */

struct reading {
	struct approval_views *views;
	struct arena *arena;
	struct json_reader reader;
};

/* The text at `key` of an object as JSON, decoded, or {NULL, 0}. */
static struct slice
text_in(struct reading *reading, struct slice object, const char *key)
{
	struct json_reader *reader = &reading->reader;
	const struct json_node *node;
	struct error ignored;

	if (object.data == NULL ||
	    json_reader_read(reader, object, &ignored) == -1)
		return (struct slice){ NULL, 0 };
	node = json_reader_member(reader, reader->nodes, key);
	return node == NULL || node->type != JSON_STRING
		   ? (struct slice){ NULL, 0 }
		   : arena_slice(reading->arena, node->text);
}

static void
take_request(struct reading *reading, struct approval_view *view,
    const struct entry *entry)
{
	struct slice asked;

	/* What is held is shown as kruxosd has it. */
	if (entry->request.data == NULL || view->request.data != NULL)
		return;
	view->request = arena_slice(reading->arena, entry->request);
	/* An approval.request tells what is asked for, another call is it. */
	asked = text_in(reading, entry->request, "capability");
	if (slice_is(entry->capability, "approval.request") &&
	    asked.data != NULL)
		view->approval.capability = asked;
}

static void
on_line(void *context, const struct store_place *place,
    const struct entry *entry, struct slice line)
{
	struct reading *reading = context;
	struct approval_views *views = reading->views;

	(void)line;
	for (size_t i = 0; i < views->count; i++) {
		struct approval_view *view = views->views + i;

		if (place->seq == view->approval.seq)
			take_request(reading, view, entry);
		if (place->seq == view->approval.decided_seq &&
		    view->approval.state != APPROVAL_ENDED)
			view->reason =
			    text_in(reading, entry->request, "reason");
	}
}

static int
newest_first(const void *a, const void *b)
{
	const struct store_place *first = a, *second = b;

	return (first->seq < second->seq) - (first->seq > second->seq);
}

/* The entries that ask and those that decide, each once. */
static size_t
places_of(const struct approval_views *views, struct store_place *places)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < views->count; i++) {
		const struct approval *approval = &views->views[i].approval;

		if (approval->seq != 0)
			places[count++].seq = approval->seq;
		if (approval->decided_seq != 0)
			places[count++].seq = approval->decided_seq;
	}
	qsort(places, count, sizeof(*places), newest_first);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || places[i].seq != places[kept - 1].seq)
			places[kept++] = places[i];
	return kept;
}

static int
read_entries(struct store *store, struct approval_views *views,
    struct arena *arena, struct error *err)
{
	struct reading reading = { views, arena, JSON_READER_INIT };
	struct store_place *places =
	    arena_array(arena, 2 * views->count, sizeof(*places));
	size_t count = places_of(views, places);
	int result = store_find_all(store, places, &count, err);

	if (result == 0)
		result = store_read_all(
		    store, places, count, on_line, &reading, err);
	json_reader_free(&reading.reader);
	return result;
}

/* --- all of it ------------------------------------------------------------ */

static int
longest_first(const void *a, const void *b)
{
	usec_t first = ((const struct approval_view *)a)->approval.asked_at;
	usec_t second = ((const struct approval_view *)b)->approval.asked_at;

	return (first > second) - (first < second);
}

/* What is held, and what the index has of others. It may still take for open
 * what kruxosd knows to be decided. */
static void
gather_open(const struct held *held, const struct approval_list *list,
    struct arena *arena, struct approval_views *views)
{
	views->views = arena_array(
	    arena, held->count + list->count, sizeof(*views->views));
	views->total = list->total;
	for (size_t i = 0; i < list->count; i++) {
		const struct approval *told = list->approvals + i;
		struct approval_view *view = held_as(held, told);

		if (view != NULL) {
			view->approval.seq = told->seq;
			views->total--;
		} else {
			views->views[views->count++] =
			    (struct approval_view){ .approval = *told,
				    .held = not_listed(held) };
		}
	}
	for (size_t i = 0; i < held->count; i++)
		if (held->views[i].approval.state == APPROVAL_PENDING) {
			views->views[views->count++] = held->views[i];
			views->total++;
		}
	qsort(views->views, views->count, sizeof(*views->views), longest_first);
}

static enum approval_held
held_until_used(const struct held *held, const struct approval *approval)
{
	const struct approval_view *view = held_as(held, approval);

	if (view == NULL)
		return not_listed(held);
	return approval->state == APPROVAL_ACCEPTED &&
		       view->approval.state == APPROVAL_ACCEPTED
		   ? APPROVAL_HELD
		   : APPROVAL_HELD_NOT;
}

static void
gather_decided(const struct held *held, const struct approval_list *list,
    struct arena *arena, struct approval_views *views)
{
	views->views = arena_array(arena, list->count, sizeof(*views->views));
	views->total = list->total;
	views->count = list->count;
	for (size_t i = 0; i < list->count; i++) {
		struct approval_view *view = views->views + i;

		view->approval = list->approvals[i];
		view->held = held_until_used(held, &view->approval);
	}
}

typedef void gather(const struct held *held, const struct approval_list *list,
    struct arena *arena, struct approval_views *views);

/* `rows`: of the index; `limit`: of what is shown. */
static int
view_read(struct program *prog, const struct request *req, unsigned states,
    uint64_t before_seq, size_t rows, size_t limit, gather *gather_views,
    struct approval_views *ret_views, struct error *err)
{
	struct store *store = program_store(prog, req->worker);
	struct approval_views views = { 0 };
	struct approval_list list;
	struct held held = find_held(prog, req->arena);
	int result;

	if (store_begin(store, err) == -1)
		return -1;
	views.through_seq = store_last_seq(store);
	result = approvals_list(
	    store, states, before_seq, rows, req->arena, &list, err);
	if (result == 0) {
		gather_views(&held, &list, req->arena, &views);
		views.has_more = views.count > limit;
		if (views.has_more)
			views.count = limit;
		result = read_entries(store, &views, req->arena, err);
	}
	store_end(store);
	if (result == 0)
		*ret_views = views;
	return result;
}

int
approval_view_open(struct program *prog, const struct request *req,
    size_t limit, struct approval_views *ret_views, struct error *err)
{
	return view_read(prog, req, 1U << APPROVAL_PENDING, 0, APPROVALS_LIMIT,
	    limit, gather_open, ret_views, err);
}

int
approval_view_decided(struct program *prog, const struct request *req,
    uint64_t before_seq, size_t limit, struct approval_views *ret_views,
    struct error *err)
{
	const unsigned states = 1U << APPROVAL_ACCEPTED |
				1U << APPROVAL_REJECTED | 1U << APPROVAL_ENDED;

	return view_read(prog, req, states, before_seq, limit + 1, limit,
	    gather_decided, ret_views, err);
}
