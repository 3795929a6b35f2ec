#include "fcgi/approval_view.h"

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "door/door.h"

/* --- what kruxosd holds --------------------------------------------------- */

/* The same call_id twice: the newer one is what is held. */
static void
mark_held(struct approval_views *views, struct slice id)
{
	for (size_t i = 0; i < views->count; i++) {
		struct approval_view *view = views->views + i;

		if (slice_equal(view->approval.call_id, id)) {
			view->held = APPROVAL_HELD;
			return;
		}
	}
}

static int
read_held(struct approval_views *views, struct slice answer, struct error *err)
{
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	const struct json_node *list, *one, *id;

	if (json_reader_read(&reader, answer, err) == -1)
		return -1;
	list = json_reader_member(&reader, reader.nodes, "approvals");
	if (list == NULL || list->type != JSON_ARRAY)
		return error_set(err, ERROR_CORRUPT, "kruxosd lists nothing");
	for (one = json_reader_first(&reader, list); one != NULL;
	     one = json_reader_next(&reader, list, one)) {
		id = json_reader_member(&reader, one, "id");
		if (id != NULL && id->type == JSON_STRING)
			mark_held(views, id->text);
	}
	return 0;
}

static int
ask_what_is_held(
    struct program *prog, struct approval_views *views, struct error *err)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct door *door =
	    door_open(prog->ingest_path, PROGRAM_DOOR_TIMEOUT, NULL, NULL, err);
	int result;

	if (door == NULL)
		return -1;
	result = door_command(door, "approval.list", SLICE_LITERAL("{}"),
	    (struct slice){ NULL, 0 }, NULL, NULL, &answer, err);
	door_close(door);
	return result == -1 ? -1 : read_held(views, buf_slice(&answer), err);
}

/* Who asks may read: that is decided already, and the list is the same for all.
 * While kruxosd is away, the rest is answered. */
static void
find_held(struct program *prog, struct approval_views *views)
{
	struct error ignored;

	if (views->count == 0)
		return;
	for (size_t i = 0; i < views->count; i++)
		views->views[i].held = APPROVAL_HELD_NOT;
	if (ask_what_is_held(prog, views, &ignored) == 0)
		return;
	for (size_t i = 0; i < views->count; i++)
		views->views[i].held = APPROVAL_HELD_UNKNOWN;
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

	if (entry->request.data == NULL)
		return;
	view->request = arena_slice(reading->arena, entry->request);
	/* An approval.request tells what is asked for, another call is it. */
	asked = text_in(reading, entry->request, "capability");
	if (slice_is(entry->capability, "approval.request") &&
	    asked.data != NULL)
		view->capability = asked;
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
is_newer(const void *a, const void *b)
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

		places[count++].seq = approval->seq;
		if (approval->decided_seq != 0)
			places[count++].seq = approval->decided_seq;
	}
	qsort(places, count, sizeof(*places), is_newer);
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

static void
take_list(const struct approval_list *list, size_t limit, struct arena *arena,
    struct approval_views *views)
{
	views->total = list->total;
	views->has_more = list->count > limit;
	views->count = views->has_more ? limit : list->count;
	views->views = arena_array(arena, views->count, sizeof(*views->views));
	for (size_t i = 0; i < views->count; i++) {
		views->views[i].approval = list->approvals[i];
		views->views[i].capability = list->approvals[i].capability;
	}
}

int
approval_view_read(struct program *prog, const struct request *req,
    unsigned states, uint64_t before_seq, size_t limit,
    struct approval_views *ret_views, struct error *err)
{
	struct store *store = program_store(prog, req->worker);
	struct approval_views views = { 0 };
	struct approval_list list;
	int result;

	if (store_begin(store, err) == -1)
		return -1;
	views.through_seq = store_last_seq(store);
	result = approvals_list(
	    store, states, before_seq, limit + 1, req->arena, &list, err);
	if (result == 0) {
		take_list(&list, limit, req->arena, &views);
		result = read_entries(store, &views, req->arena, err);
	}
	store_end(store);
	if (result == -1)
		return -1;
	find_held(prog, &views);
	*ret_views = views;
	return 0;
}
