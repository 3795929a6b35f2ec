#include "collectors/kruxosd/call_finder.c"

#include "tests/unit/corpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct heard {
	uint64_t count;
	uint32_t sum;
};

static void
on_hash(void *context, uint32_t hash, usec_t at)
{
	struct heard *heard = context;

	(void)at;
	heard->count++;
	heard->sum += hash;
}

static void
a_call_is_found_by_all_that_makes_it_the_same(void **state)
{
	struct corpus corpus;
	struct call_finder *finder;
	struct heard heard = { 0 }, expected = { 0 };
	struct error err = { 0 };

	(void)state;
	corpus_make(&corpus, 70000, 9);
	corpus_index(&corpus);
	finder =
	    call_finder_new(corpus.maker.dir, corpus.maker.dir, &clock_system);
	for (size_t i = 0; i < corpus.count; i += 97) {
		struct entry entry = corpus.entries[i];
		uint64_t newest = 0;

		for (size_t j = corpus.count; j-- > 0 && newest == 0;)
			if (entry.call_id.data != NULL &&
			    is_same(&entry, &corpus.entries[j]))
				newest = corpus.entries[j].seq;
		assert_int_equal(call_finder_find(finder, &entry, 0), newest);
		if (newest != 0)
			assert_int_equal(
			    call_finder_find(finder, &entry,
				corpus.entries[newest - 1].recorded_at + 1),
			    0);
		entry.status = (entry.status + 1) % ENTRY_STATUSES;
		assert_int_not_equal(
		    call_finder_find(finder, &entry, 0), i + 1);
	}
	for (size_t i = 0; i < corpus.count; i++)
		if (corpus.entries[i].call_id.data != NULL)
			on_hash(&expected,
			    call_finder_hash(corpus.entries[i].call_id), 0);
	assert_int_equal(call_finder_each(finder, 0, on_hash, &heard, &err), 0);
	assert_int_equal(heard.count, expected.count);
	assert_int_equal(heard.sum, expected.sum);
	call_finder_free(finder);
	corpus_free(&corpus);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_found_by_all_that_makes_it_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
