#include "lib/store/sessions.c"

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
	corpus_make(&corpus, 6000, 31);
	corpus_index_by(&corpus, 700);
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

/* What the entries say of one session as one actor uses it. */
static struct session
expect(const struct session *of)
{
	struct session session = { 0 };

	for (size_t i = 0; i < corpus.count; i++) {
		const struct entry *entry = &corpus.entries[i];

		if (entry->actor != of->actor ||
		    !slice_equal(entry->session_id, of->id) ||
		    (entry->actor != ENTRY_SYSTEM &&
			!slice_equal(entry->actor_name, of->actor_name)))
			continue;
		if (session.first_seq == 0) {
			session.first_seq = entry->seq;
			session.first_seen = entry->time;
		}
		if (entry->time < session.first_seen)
			session.first_seen = entry->time;
		if (entry->time > session.last_seen)
			session.last_seen = entry->time;
		session.last_seq = entry->seq;
		session.last_capability = entry->capability;
		session.by_status[entry->status]++;
		if (entry->actor == ENTRY_SYSTEM)
			continue;
		if (slice_is(entry->capability, "session.start")) {
			session.started_at = entry->time;
			session.ended_at = 0;
		}
		if (slice_is(entry->capability, "session.end"))
			session.ended_at = entry->time;
	}
	return session;
}

static void
check(const struct session *found)
{
	struct session expected = expect(found);

	assert_int_equal(found->started_at, expected.started_at);
	assert_int_equal(found->ended_at, expected.ended_at);
	assert_int_equal(found->first_seen, expected.first_seen);
	assert_int_equal(found->last_seen, expected.last_seen);
	assert_int_equal(found->first_seq, expected.first_seq);
	assert_int_equal(found->last_seq, expected.last_seq);
	assert_true(
	    slice_equal(found->last_capability, expected.last_capability));
	assert_memory_equal(
	    found->by_status, expected.by_status, sizeof(expected.by_status));
}

static void
sessions_are_what_their_entries_say(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct session_list list;
	struct error err = { 0 };
	size_t seen = 0;

	(void)state;
	for (unsigned i = 0; i < 130; i++) {
		struct slice id = corpus_name(&corpus, "s", i);

		if (sessions_find(store, id, &arena, &list, &err) == -1) {
			assert_int_equal(err.code, ERROR_NOT_FOUND);
			continue;
		}
		for (size_t j = 0; j < list.count; j++) {
			assert_true(slice_equal(list.sessions[j].id, id));
			check(&list.sessions[j]);
			seen++;
		}
	}
	assert_true(seen > 500);
}

static void
a_session_begun_again_has_not_ended(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	static const char *const steps[] = { "session.start", "session.end",
		"session.start" };
	struct corpus own;
	struct store *own_store;
	struct session_list list;
	struct error err = { 0 };

	(void)state;
	corpus_make(&own, 4, 1);
	for (size_t i = 0; i < 3; i++) {
		struct entry entry = maker_entry();

		entry.capability = slice_of(steps[i]);
		maker_add(&own.maker, entry, "");
		/* Whether in one batch or in several. */
		corpus_index_by(&own, 1);
	}
	own_store = store_open(own.database, own.maker.dir);
	assert_int_equal(sessions_find(own_store, SLICE_LITERAL("sess-a1"),
			     &arena, &list, &err),
	    0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.sessions[0].ended_at, 0);
	assert_int_equal(list.sessions[0].started_at, own.maker.now);
	store_close(own_store);
	corpus_free(&own);
}

static void
lists_come_newest_first_and_in_pages(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	static const char *const names[] = { NULL, "agent-0", "agent-5",
		"nobody" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct session_list all, page;
		struct error err = { 0 };
		uint64_t before = 0;
		size_t at = 0;

		assert_int_equal(sessions_list(store, slice_of(names[i]), 0,
				     1000, &arena, &all, &err),
		    0);
		assert_true(i == 3 ? all.count == 0 : all.count > 10);
		do {
			assert_int_equal(
			    sessions_list(store, slice_of(names[i]), before, 37,
				&arena, &page, &err),
			    0);
			for (size_t j = 0; j < page.count && at < all.count;
			     j++, at++) {
				check(&page.sessions[j]);
				before = page.sessions[j].first_seq;
				assert_int_equal(
				    before, all.sessions[at].first_seq);
				assert_true(
				    i == 0 ||
				    slice_is(
					page.sessions[j].actor_name, names[i]));
			}
		} while (page.count == 37 && at < all.count);
		assert_int_equal(at, all.count);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_are_what_their_entries_say),
		cmocka_unit_test(a_session_begun_again_has_not_ended),
		cmocka_unit_test(lists_come_newest_first_and_in_pages),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
