#include "collectors/kruxosd/owed_entries.h"

#include "base/diag.h"
#include "base/memory.h"

#include <sys/queue.h>

enum { AT_ONCE = 64 };

/* One that is in a batch, or in the log and not settled yet. */
struct owed {
	struct owed_entries *entries;
	uint64_t id;
	bool is_recorded;
	owed_on_recorded on_recorded; /* NULL: nobody waits */
	void *context;
	LIST_ENTRY(owed) of_entries;
};

struct owed_entries {
	struct state_writer *writer;
	struct commit *commit;
	LIST_HEAD(, owed) posted;
	bool has_failed; /* to be read or settled, and that was said */
};

struct owed_entries *
owed_entries_new(struct state_writer *writer, struct commit *commit)
{
	struct owed_entries *entries = memory_new(sizeof(*entries));

	entries->writer = writer;
	entries->commit = commit;
	LIST_INIT(&entries->posted);
	return entries;
}

static void
forget(struct owed *owed)
{
	LIST_REMOVE(owed, of_entries);
	free(owed);
}

void
owed_entries_free(struct owed_entries *entries)
{
	struct owed *next;

	if (entries == NULL)
		return;
	for (struct owed *owed = LIST_FIRST(&entries->posted); owed != NULL;
	     owed = next) {
		next = LIST_NEXT(owed, of_entries);
		free(owed);
	}
	free(entries);
}

static void
say_if_failed(struct owed_entries *entries, int result, const struct error *err)
{
	if (result == -1 && !entries->has_failed)
		diag(DIAG_ERROR, "entries owed to the log: %s", err->sentence);
	entries->has_failed = result == -1;
}

/* What the log holds is owed no more; until state.db takes that, it is known
 * here. */
static void
settle(struct owed *owed)
{
	struct owed_entries *entries = owed->entries;
	struct error err;
	int result = state_writer_settle(entries->writer, owed->id, &err);

	say_if_failed(entries, result, &err);
	if (result == 0)
		forget(owed);
}

static void
on_commit(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct owed *owed = context;
	owed_on_recorded on_recorded = owed->on_recorded;
	void *waiting = owed->context;

	(void)tag;
	(void)seq;
	owed->on_recorded = NULL;
	owed->is_recorded = err == NULL;
	if (err == NULL)
		settle(owed);
	else
		forget(owed);
	if (on_recorded != NULL)
		on_recorded(waiting, err);
}

/* Into the batch. 0: it is on its way, or not owed at all. */
static int
post(struct owed *owed, struct error *err)
{
	struct owed_entries *entries = owed->entries;
	struct commit_waiter waiter = { on_commit, owed, 0 };
	struct arena arena = { 0 };
	struct slice request;
	struct entry entry;
	int found = state_writer_owed_entry(
	    entries->writer, owed->id, &arena, &entry, &request, err);
	int result = found;

	if (found == 1)
		result = commit_add_json(
		    entries->commit, &entry, NULL, request, &waiter, NULL, err);
	arena_free(&arena);
	if (found == 0)
		return error_set(err, ERROR_NOT_FOUND,
		    "entry %llu, owed to the log, is gone",
		    (unsigned long long)owed->id);
	return result;
}

void
owed_entries_post(struct owed_entries *entries, uint64_t id,
    owed_on_recorded on_recorded, void *context)
{
	struct owed *owed = memory_new(sizeof(*owed));
	struct error err;

	*owed = (struct owed){ .entries = entries,
		.id = id,
		.on_recorded = on_recorded,
		.context = context };
	LIST_INSERT_HEAD(&entries->posted, owed, of_entries);
	if (post(owed, &err) == 0)
		return;
	forget(owed);
	if (on_recorded != NULL)
		on_recorded(context, &err);
}

static struct owed *
find(struct owed_entries *entries, uint64_t id)
{
	struct owed *owed;

	LIST_FOREACH(owed, &entries->posted, of_entries)
		if (owed->id == id)
			return owed;
	return NULL;
}

void
owed_entries_tick(struct owed_entries *entries)
{
	uint64_t ids[AT_ONCE];
	size_t count = 0;
	struct error err;
	int result =
	    state_writer_owed(entries->writer, ids, AT_ONCE, &count, &err);

	say_if_failed(entries, result, &err);
	for (size_t i = 0; result == 0 && i < count; i++) {
		struct owed *owed = find(entries, ids[i]);

		if (owed == NULL)
			owed_entries_post(entries, ids[i], NULL, NULL);
		else if (owed->is_recorded)
			settle(owed);
	}
}
