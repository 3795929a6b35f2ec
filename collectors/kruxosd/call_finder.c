#include "collectors/kruxosd/call_finder.h"

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "store/calls.h"

/* Lines read to find a call: whoever gives many the same id may have them
 * recorded twice. */
enum { LOOKS = 64 };

struct call_finder {
	char *path, *audit_dir;
	struct clock *clock;
	struct store *store;
};

struct call_finder *
call_finder_new(
    const char *audit_dir, const char *data_dir, struct clock *clock)
{
	struct call_finder *finder = memory_new(sizeof(*finder));
	struct buf text = BUF_INIT;

	buf_addf(&text, "%s/kruxos.db", data_dir);
	finder->path = buf_detach(&text);
	buf_add_str(&text, audit_dir);
	finder->audit_dir = buf_detach(&text);
	finder->clock = clock;
	finder->store = store_open(finder->path, audit_dir);
	/* The door would stand still with it. */
	store_never_wait(finder->store);
	return finder;
}

void
call_finder_free(struct call_finder *finder)
{
	if (finder == NULL)
		return;
	store_close(finder->store);
	free(finder->audit_dir);
	free(finder->path);
	free(finder);
}

uint32_t
call_finder_hash(struct slice call_id)
{
	return calls_hash(call_id);
}

/* Candidates while they come by, the newest first. */
struct lookup {
	struct store *store;
	const struct entry *entry;
	bool (*is_same)(const struct entry *found, const struct entry *wanted);
	usec_t since;
	unsigned looks;
	struct buf line;
	uint64_t found;
};

static bool
is_same(const struct entry *a, const struct entry *b)
{
	return a->actor == b->actor && a->status == b->status &&
	       slice_equal(a->actor_name, b->actor_name) &&
	       slice_equal(a->session_id, b->session_id) &&
	       slice_equal(a->call_id, b->call_id) &&
	       slice_equal(a->capability, b->capability);
}

/* Is it of a sub-agent whose id is `thread`? */
static bool
is_of_thread(const struct entry *entry, struct slice thread)
{
	cleanup(json_reader_free) struct json_reader json = JSON_READER_INIT;
	const struct json_node *id;
	struct error ignored;

	if (entry->request.data == NULL || thread.data == NULL ||
	    json_reader_read(&json, entry->request, &ignored) == -1)
		return false;
	id = json_reader_member(&json, json.nodes, "agent_id");
	return id != NULL && id->type == JSON_STRING &&
	       slice_equal(id->text, thread);
}

static bool
is_outcome(const struct entry *found, const struct entry *wanted)
{
	return found->actor == wanted->actor &&
	       found->source == wanted->source &&
	       found->status != ENTRY_PENDING &&
	       slice_equal(found->call_id, wanted->call_id) &&
	       (slice_equal(found->session_id, wanted->session_id) ||
		   is_of_thread(found, wanted->session_id));
}

static bool
on_candidate(void *context, uint64_t seq)
{
	struct lookup *lookup = context;
	struct store_place place;
	struct entry entry;
	struct error ignored = { 0 };

	if (lookup->looks++ == LOOKS)
		return false;
	buf_reset(&lookup->line);
	if (store_find(lookup->store, seq, &place, &ignored) == -1 ||
	    store_read(lookup->store, &place, &lookup->line, &entry, &place,
		&ignored) == -1)
		return true;
	if (entry.recorded_at < lookup->since)
		return false;
	if (!lookup->is_same(&entry, lookup->entry))
		return true;
	lookup->found = seq;
	return false;
}

static uint64_t
look(struct lookup *lookup)
{
	struct store *store = lookup->store;
	struct slice call_id = lookup->entry->call_id;
	struct error ignored = { 0 };

	if (call_id.data == NULL || store_begin(store, &ignored) == -1)
		return 0;
	/* What it cannot tell is recorded once more: at least once. */
	(void)calls_find(store, calls_hash(call_id), store_first_seq(store),
	    store_last_seq(store), on_candidate, lookup, &ignored);
	store_end(store);
	buf_free(&lookup->line);
	return lookup->found;
}

uint64_t
call_finder_find(void *context, const struct entry *entry, usec_t since)
{
	const struct call_finder *finder = context;
	struct lookup lookup = {
		.store = finder->store,
		.entry = entry,
		.is_same = is_same,
		.since = since,
		.line = BUF_INIT,
	};

	return look(&lookup);
}

uint64_t
call_finder_find_outcome(void *context, const struct entry *entry, usec_t since)
{
	const struct call_finder *finder = context;
	struct lookup lookup = {
		.store = finder->store,
		.entry = entry,
		.is_same = is_outcome,
		.since = since,
		.line = BUF_INIT,
	};

	return look(&lookup);
}

int
call_finder_each(struct call_finder *finder, usec_t since,
    void (*on_call)(void *context, uint32_t hash, usec_t at), void *context,
    struct error *err)
{
	struct store *store = store_open(finder->path, finder->audit_dir);
	int result = calls_each(
	    store, since, clock_realtime(finder->clock), on_call, context, err);

	store_close(store);
	return result;
}
