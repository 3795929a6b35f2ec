#include "lib/store/agents.c"

#include "tests/unit/corpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct corpus corpus;
static struct store *store;

static int
make(void **state)
{
	(void)state;
	corpus_make(&corpus, 9000, 21);
	corpus_index_by(&corpus, 1000);
	store = store_open(corpus.database, corpus.maker.dir);
	return 0;
}

static int
unmake(void **state)
{
	(void)state;
	store_close(store);
	corpus_free(&corpus);
	return 0;
}

/* What the entries say of one actor. */
static struct agent
expect(enum entry_actor actor, struct slice name)
{
	struct agent agent = { .actor = actor, .name = name };

	for (size_t i = 0; i < corpus.count; i++) {
		const struct entry *entry = &corpus.entries[i];

		if (entry->actor != actor ||
		    !slice_equal(entry->actor_name, name))
			continue;
		if (agent.last_seq == 0 || entry->time < agent.first_seen)
			agent.first_seen = entry->time;
		if (entry->time > agent.last_seen)
			agent.last_seen = entry->time;
		agent.last_seq = entry->seq;
		agent.last_capability = entry->capability;
		agent.by_status[entry->status]++;
		agent.sessions += slice_is(entry->capability, "session.start");
	}
	return agent;
}

static void
check(const struct agent *found)
{
	struct agent expected = expect(found->actor, found->name);

	assert_int_equal(found->first_seen, expected.first_seen);
	assert_int_equal(found->last_seen, expected.last_seen);
	assert_int_equal(found->last_seq, expected.last_seq);
	assert_true(
	    slice_equal(found->last_capability, expected.last_capability));
	assert_memory_equal(
	    found->by_status, expected.by_status, sizeof(expected.by_status));
	assert_int_equal(found->sessions, expected.sessions);
}

static void
agents_are_what_their_entries_say(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct agent_list list;
	struct agent agent;
	struct error err = { 0 };

	(void)state;
	for (int actor = ENTRY_AGENT; actor <= ENTRY_USER; actor++) {
		assert_int_equal(agents_list(store, (enum entry_actor)actor, 0,
				     100, &arena, &list, &err),
		    0);
		assert_int_equal(list.count,
		    actor == ENTRY_AGENT ? CORPUS_AGENTS : CORPUS_USERS);
		assert_int_equal(list.total, list.count);
		for (size_t i = 0; i < list.count; i++) {
			check(&list.agents[i]);
			if (i > 0)
				assert_true(list.agents[i - 1].last_seen >=
					    list.agents[i].last_seen);
		}
	}
	assert_int_equal(agents_find(store, ENTRY_AGENT,
			     SLICE_LITERAL("agent-3"), &arena, &agent, &err),
	    0);
	check(&agent);
	assert_int_equal(agents_find(store, ENTRY_USER,
			     SLICE_LITERAL("agent-3"), &arena, &agent, &err),
	    -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void
a_list_is_read_in_pages(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct agent_list all, page;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    agents_list(store, ENTRY_AGENT, 0, 100, &arena, &all, &err), 0);
	for (size_t offset = 0; offset < 12; offset += 4) {
		size_t expected = offset > all.count	   ? 0
				  : all.count - offset < 4 ? all.count - offset
							   : 4;

		assert_int_equal(agents_list(store, ENTRY_AGENT, offset, 4,
				     &arena, &page, &err),
		    0);
		assert_int_equal(page.count, expected);
		assert_int_equal(page.total, all.count);
		for (size_t i = 0; i < page.count; i++)
			assert_true(slice_equal(
			    page.agents[i].name, all.agents[offset + i].name));
	}
}

static void
metrics_count_what_is_recent(void **state)
{
	struct agent_metrics metrics, expected = { 0 };
	usec_t now = corpus.maker.now + 3 * USEC_PER_SEC;
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < corpus.count; i++) {
		const struct entry *entry = &corpus.entries[i];

		if (entry->actor != ENTRY_AGENT)
			continue;
		expected.sessions +=
		    slice_is(entry->capability, "session.start");
		if (entry->time + 60 * USEC_PER_SEC > now)
			expected.invocations += entry->status != ENTRY_PENDING;
		if (entry->time + 5 * USEC_PER_MIN <= now)
			continue;
		expected.succeeded += entry->status == ENTRY_SUCCESS;
		expected.failed += entry->status == ENTRY_ERROR;
	}
	for (unsigned i = 0; i < CORPUS_AGENTS; i++) {
		struct agent agent =
		    expect(ENTRY_AGENT, corpus_name(&corpus, "agent", i));

		expected.active += agent.last_seen + 5 * USEC_PER_MIN > now;
	}
	assert_int_equal(agents_metrics(store, now, &metrics, &err), 0);
	assert_int_equal(metrics.active, expected.active);
	assert_int_equal(metrics.sessions, expected.sessions);
	assert_int_equal(metrics.invocations, expected.invocations);
	assert_int_equal(metrics.succeeded, expected.succeeded);
	assert_int_equal(metrics.failed, expected.failed);
	assert_int_not_equal(metrics.invocations, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agents_are_what_their_entries_say),
		cmocka_unit_test(a_list_is_read_in_pages),
		cmocka_unit_test(metrics_count_what_is_recent),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
