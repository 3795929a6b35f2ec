#include "lib/store/approvals.c"

#include "tests/unit/corpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* An entry in short. */
struct step {
	enum entry_actor actor;
	const char *name, *capability, *call_id, *session_id;
	enum entry_tier tier;
	enum entry_status status;
};

#define REQUEST(name, call)                                          \
	{                                                            \
		ENTRY_AGENT, name, "approval.request", call, "s", 0, \
		    ENTRY_PENDING                                    \
	}
#define DECISION(verb, call)                                        \
	{                                                           \
		ENTRY_USER, "root", "approval." verb, call, "s", 0, \
		    ENTRY_SUCCESS                                   \
	}
#define CALL(name, call, tier, status)                                   \
	{                                                                \
		ENTRY_AGENT, name, "shell.exec", call, "s", tier, status \
	}

enum { STEPS = 4 };

/* What becomes of the first step. */
static const struct {
	const char *what;
	struct step steps[STEPS];
	int state; /* -1: it asks for nothing */
	const char *decided_by;
} cases[] = {
	{ "asked", { REQUEST("a", "c") }, APPROVAL_PENDING, NULL },
	{ "accepted", { REQUEST("a", "c"), DECISION("accept", "c") },
	    APPROVAL_ACCEPTED, "root" },
	{ "rejected", { REQUEST("a", "c"), DECISION("reject", "c") },
	    APPROVAL_REJECTED, "root" },
	{ "expired",
	    { REQUEST("a", "c"), { ENTRY_SYSTEM, NULL, "approval.reject", "c",
				     "s", 0, ENTRY_SUCCESS } },
	    APPROVAL_REJECTED, NULL },
	{ "the system cannot accept",
	    { REQUEST("a", "c"), { ENTRY_SYSTEM, NULL, "approval.accept", "c",
				     "s", 0, ENTRY_SUCCESS } },
	    APPROVAL_PENDING, NULL },
	{ "decided once",
	    { REQUEST("a", "c"), DECISION("reject", "c"),
		DECISION("accept", "c") },
	    APPROVAL_REJECTED, "root" },
	{ "another call", { REQUEST("a", "c"), DECISION("accept", "d") },
	    APPROVAL_PENDING, NULL },
	{ "an agent cannot decide",
	    { REQUEST("a", "c"), { ENTRY_AGENT, "a", "approval.accept", "c",
				     "s", 0, ENTRY_SUCCESS } },
	    APPROVAL_PENDING, NULL },
	{ "the system cannot ask",
	    { { ENTRY_SYSTEM, NULL, "approval.request", "c", NULL, 0,
		ENTRY_PENDING } },
	    -1, NULL },
	{ "another session",
	    { REQUEST("a", "c"), { ENTRY_USER, "root", "approval.accept", "c",
				     "t", 0, ENTRY_SUCCESS } },
	    APPROVAL_PENDING, NULL },
	{ "a call waits",
	    { CALL("a", "c", ENTRY_APPROVAL_REQUIRED, ENTRY_PENDING) },
	    APPROVAL_PENDING, NULL },
	{ "a call under way does not wait",
	    { CALL("a", "c", ENTRY_NOTIFY, ENTRY_PENDING) }, -1, NULL },
	{ "a call without an id cannot wait",
	    { CALL("a", NULL, ENTRY_APPROVAL_REQUIRED, ENTRY_PENDING) }, -1,
	    NULL },
	{ "the call went on",
	    { CALL("a", "c", ENTRY_APPROVAL_REQUIRED, ENTRY_PENDING),
		CALL("a", "c", ENTRY_APPROVAL_REQUIRED, ENTRY_SUCCESS) },
	    APPROVAL_ENDED, NULL },
	{ "accepted, and the call went on",
	    { CALL("a", "c", ENTRY_APPROVAL_REQUIRED, ENTRY_PENDING),
		DECISION("accept", "c"),
		CALL("a", "c", ENTRY_APPROVAL_REQUIRED, ENTRY_SUCCESS) },
	    APPROVAL_ACCEPTED, "root" },
	{ "another agent's call",
	    { CALL("a", "c", ENTRY_APPROVAL_REQUIRED, ENTRY_PENDING),
		CALL("b", "c", ENTRY_APPROVAL_REQUIRED, ENTRY_SUCCESS) },
	    APPROVAL_PENDING, NULL },
};

static void
add_step(struct corpus *corpus, const struct step *step)
{
	struct entry entry = {
		.actor = step->actor,
		.actor_name = slice_of(step->name),
		.capability = slice_of(step->capability),
		.call_id = slice_of(step->call_id),
		.session_id = slice_of(step->session_id),
		.tier = step->tier,
		.status = step->status,
	};

	maker_add(&corpus->maker, entry, "");
}

static void
approvals_become_what_the_entries_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t batch = 1; batch < 100; batch += 50) {
			cleanup(arena_free) struct arena arena = ARENA_INIT;
			struct corpus corpus;
			struct store *store;
			struct approval approval;
			struct error err = { 0 };
			int result;

			corpus_make(&corpus, 4, 1);
			for (size_t s = 0; s < STEPS; s++)
				if (cases[i].steps[s].capability != NULL)
					add_step(&corpus, &cases[i].steps[s]);
			corpus_index_by(&corpus, batch);
			store = store_open(corpus.database, corpus.maker.dir);
			result =
			    approvals_find(store, 5, &arena, &approval, &err);
			if ((result == -1) != (cases[i].state == -1) ||
			    (result == 0 &&
				((int)approval.state != cases[i].state ||
				    !slice_equal(approval.decided_by,
					slice_of(cases[i].decided_by)))))
				fail_msg("%s", cases[i].what);
			if (result == 0) {
				assert_true(slice_is(approval.actor_name, "a"));
				assert_true(slice_is(approval.call_id, "c"));
				assert_true(slice_is(approval.session_id, "s"));
			}
			store_close(store);
			corpus_free(&corpus);
		}
}

static void
lists_are_by_state_newest_first_and_in_pages(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct approval_list list;
	struct error err = { 0 };
	struct corpus corpus;
	struct store *store;

	(void)state;
	corpus_make(&corpus, 4, 1);
	for (unsigned i = 0; i < 10; i++) {
		char id[8];
		struct step request = REQUEST("a", id);
		struct step decision = DECISION("accept", id);

		snprintf(id, sizeof(id), "c%u", i);
		add_step(&corpus, &request);
		if (i % 2 == 0)
			add_step(&corpus, &decision);
	}
	corpus_index(&corpus);
	store = store_open(corpus.database, corpus.maker.dir);
	assert_int_equal(approvals_list(store, 1 << APPROVAL_PENDING, 0, 3,
			     &arena, &list, &err),
	    0);
	assert_int_equal(list.total, 5);
	assert_int_equal(list.count, 3);
	assert_true(slice_is(list.approvals[0].call_id, "c9"));
	assert_true(slice_is(list.approvals[2].call_id, "c5"));
	assert_int_equal(approvals_list(store, 1 << APPROVAL_PENDING,
			     list.approvals[2].seq, 3, &arena, &list, &err),
	    0);
	assert_int_equal(list.count, 2);
	assert_true(slice_is(list.approvals[1].call_id, "c1"));
	assert_int_equal(approvals_list(store,
			     1 << APPROVAL_PENDING | 1 << APPROVAL_ACCEPTED, 0,
			     100, &arena, &list, &err),
	    0);
	assert_int_equal(list.total, 10);
	assert_int_equal(list.count, 10);
	store_close(store);
	corpus_free(&corpus);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(approvals_become_what_the_entries_say),
		cmocka_unit_test(lists_are_by_state_newest_first_and_in_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
