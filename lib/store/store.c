#include "store/store.h"

#include "base/memory.h"
#include "sql/agents.h"
#include "sql/approvals.h"
#include "sql/calls.h"
#include "sql/dictionary.h"
#include "sql/schema_kruxos.h"
#include "sql/search.h"
#include "sql/sessions.h"
#include "sql/store.h"
#include "store/store_internal.h"

#include <assert.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const struct statement_text *texts;
	size_t count;
} sets[STORE_SETS] = {
	[STORE_STORE] = { store_statements, COUNT(store_statements) },
	[STORE_DICTIONARY] = { dictionary_statements,
	    COUNT(dictionary_statements) },
	[STORE_SEARCH] = { search_statements, COUNT(search_statements) },
	[STORE_AGENTS] = { agents_statements, COUNT(agents_statements) },
	[STORE_SESSIONS] = { sessions_statements, COUNT(sessions_statements) },
	[STORE_APPROVALS] = { approvals_statements,
	    COUNT(approvals_statements) },
	[STORE_CALLS] = { calls_statements, COUNT(calls_statements) },
};

struct store *
store_open(const char *database, const char *audit_dir)
{
	struct store *store = memory_new(sizeof(*store));
	struct buf copy = BUF_INIT;

	buf_add_str(&copy, database);
	store->path = buf_detach(&copy);
	buf_add_str(&copy, audit_dir);
	store->audit_dir = buf_detach(&copy);
	store->use = DATABASE_READ;
	for (size_t i = 0; i < STORE_TIMES; i++)
		buf_init(&store->times[i].blob);
	return store;
}

static void
close_database(struct store *store)
{
	for (size_t i = 0; i < STORE_SETS; i++) {
		statement_set_free(store->sets[i]);
		store->sets[i] = NULL;
	}
	database_close(store->database);
	store->database = NULL;
	/* Another file may say otherwise, under the same numbers. */
	for (size_t i = 0; i < STORE_TIMES; i++)
		store->times[i].generation = 0;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	close_database(store);
	places_free(store->places);
	cursor_free(store->cursor);
	free(store->tail.rows);
	for (size_t i = 0; i < STORE_TIMES; i++)
		buf_free(&store->times[i].blob);
	free(store->audit_dir);
	free(store->path);
	free(store);
}

void
store_never_wait(struct store *store)
{
	assert(store->database == NULL);
	store->use = DATABASE_READ_NOW;
}

void
store_shrink(struct store *store)
{
	assert(store->depth == 0);
	if (store->database != NULL)
		database_shrink(store->database);
}

/* --- snapshots ---------------------------------------------------------- */

static int
open_database(struct store *store, struct error *err)
{
	store->database = database_open(store->path, store->use, err);
	if (store->database == NULL)
		return -1;
	if (database_is_of(store->database, &schema_kruxos, err) == -1)
		goto fail;
	for (size_t i = 0; i < STORE_SETS; i++) {
		store->sets[i] = statement_set_new(
		    store->database, sets[i].texts, sets[i].count, err);
		if (store->sets[i] == NULL)
			goto fail;
	}
	return 0;
fail:
	close_database(store);
	return error_prefix(err, "%s", store->path);
}

static int
run(struct store *store, int index, struct error *err)
{
	struct statement statement = store_start(store, STORE_STORE, index);

	return statement_run(&statement, err);
}

static int
read_extent(struct store *store, struct error *err)
{
	struct statement find = store_start(store, STORE_STORE, STORE_EXTENT);
	struct extent *extent = &store->extent;
	bool is_there = statement_next(&find);

	if (is_there) {
		extent->generation = statement_u64(&find, 0);
		extent->first_seq = statement_u64(&find, 1);
		extent->last_seq = statement_u64(&find, 2);
		extent->recent_seq = statement_u64(&find, 3);
		extent->tail_seq = statement_u64(&find, 4);
	}
	if (statement_end(&find, err) == -1)
		return -1;
	if (!is_there || extent->recent_seq > extent->tail_seq ||
	    extent->tail_seq > extent->last_seq + 1)
		return error_set(
		    err, ERROR_CORRUPT, "%s: damaged", store->path);
	return 0;
}

int
store_begin(struct store *store, struct error *err)
{
	struct error ignored;

	if (store->depth > 0) {
		store->depth++;
		return 0;
	}
	if (store->database != NULL && !database_is_there(store->database))
		close_database(store);
	if (store->database == NULL && open_database(store, err) == -1)
		return -1;
	if (run(store, STORE_BEGIN, err) == -1 ||
	    read_extent(store, err) == -1) {
		(void)run(store, STORE_END, &ignored);
		/* Opened anew by the next, who may find another file. */
		close_database(store);
		return -1;
	}
	store->depth = 1;
	return 0;
}

void
store_end(struct store *store)
{
	struct error ignored;

	assert(store->depth > 0);
	if (--store->depth > 0)
		return;
	/* Nothing was written: it can fail no more than a rollback. */
	if (run(store, STORE_END, &ignored) == -1)
		close_database(store);
}

struct statement
store_start(struct store *store, enum store_set set, int index)
{
	return statement_start(store->sets[set], index);
}

uint64_t
store_last_seq(struct store *store)
{
	return store->extent.last_seq;
}

uint64_t
store_first_seq(struct store *store)
{
	return store->extent.first_seq;
}

uint64_t
store_generation(struct store *store)
{
	return store->extent.generation;
}

struct store_tail *
store_tail(struct store *store)
{
	return &store->tail;
}

struct store_times *
store_times(struct store *store)
{
	return store->times;
}

uint64_t
store_recent_seq(struct store *store)
{
	return store->extent.recent_seq;
}

uint64_t
store_tail_seq(struct store *store)
{
	return store->extent.tail_seq;
}
