#include "collectors/kruxosd/call_finder.h"

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
	if (!is_same(&entry, lookup->entry))
		return true;
	lookup->found = seq;
	return false;
}

uint64_t
call_finder_find(void *context, const struct entry *entry, usec_t since)
{
	struct call_finder *finder = context;
	struct lookup lookup = {
		.store = finder->store,
		.entry = entry,
		.since = since,
		.line = BUF_INIT,
	};
	struct error ignored = { 0 };

	if (entry->call_id.data == NULL ||
	    store_begin(finder->store, &ignored) == -1)
		return 0;
	/* What it cannot tell is recorded once more: at least once. */
	(void)calls_find(finder->store, calls_hash(entry->call_id),
	    store_first_seq(finder->store), store_last_seq(finder->store),
	    on_candidate, &lookup, &ignored);
	store_end(finder->store);
	buf_free(&lookup.line);
	return lookup.found;
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
