#include "collectors/kruxosd/call_loader.c"

#include "tests/unit/corpus.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t
find_nothing(void *context, const struct entry *entry, usec_t since)
{
	(void)context;
	(void)entry;
	(void)since;
	return 0;
}

static struct entry
call(const char *call_id)
{
	struct entry entry = maker_entry();

	entry.call_id = slice_of(call_id);
	return entry;
}

static struct outcomes *outcomes;

static struct recent *
recent_of_nothing(void)
{
	struct recent *recent =
	    recent_new(call_finder_hash, find_nothing, NULL);

	recent_adopt(recent, call_filter_new());
	outcomes = outcomes_new(recent, NULL, NULL);
	return recent;
}

static void
forget(struct recent *recent)
{
	outcomes_free(outcomes);
	recent_free(recent);
}

/* The seq by which `recent` knows the call; 0: it does not. */
static uint64_t
known(struct recent *recent, const char *call_id, usec_t now)
{
	struct entry entry = call(call_id);
	struct recent_match match;

	return recent_look(recent, &entry, now, &match) ? match.seq : 0;
}

static void
the_tail_of_the_log_is_known_but_what_is_too_old(void **state)
{
	struct maker maker;
	struct recent *recent = recent_of_nothing();
	struct error err = { 0 };
	usec_t now;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_add(&maker, call("old"), ""); /* seq 2 */
	maker.now += RECENT_SPAN;
	maker_add(&maker, call("indexed"), "");
	maker_add(&maker, call("new"), ""); /* seq 4 */
	maker_add(&maker, call("newest"), "");
	maker_add(&maker, call("behind"), "");
	now = maker.now + RECENT_SPAN / 2;
	assert_int_equal(
	    call_loader_read_tail(maker.dir, 3, 5, now, recent, outcomes, &err),
	    0);
	assert_int_equal(known(recent, "indexed", now), 0);
	assert_int_equal(known(recent, "new", now), 4);
	assert_int_equal(known(recent, "newest", now), 5);
	assert_int_equal(known(recent, "behind", now), 0);
	assert_int_equal(
	    call_loader_read_tail(maker.dir, 0, 5, now, recent, outcomes, &err),
	    0);
	assert_int_equal(known(recent, "old", now), 0);
	assert_int_equal(known(recent, "indexed", now), 3);
	forget(recent);
	maker_free(&maker);
}

/* An entry behind damage is as durable as one before it. */
static void
what_stands_behind_a_damaged_line_is_known(void **state)
{
	struct maker maker;
	struct recent *recent = recent_of_nothing();
	struct error err = { 0 };
	uint64_t offset;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	for (int i = 0; i < 2; i++) { /* in its front, and behind it */
		offset = maker.bytes;
		maker_add(&maker, call("damaged"), "");
		maker_patch(
		    &maker, maker.file, offset + (i == 0 ? 0 : 90), "[", 1);
	}
	maker_add(&maker, call("behind"), ""); /* seq 4 */
	assert_int_equal(call_loader_read_tail(maker.dir, 0, 4, maker.now,
			     recent, outcomes, &err),
	    0);
	assert_int_equal(known(recent, "damaged", maker.now), 0);
	assert_int_equal(known(recent, "behind", maker.now), 4);
	forget(recent);
	maker_free(&maker);
}

static void
no_more_is_read_than_is_kept(void **state)
{
	struct maker maker;
	struct recent *recent = recent_of_nothing();
	struct error err = { 0 };

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_add(&maker, call("before"), ""); /* seq 2 */
	maker_add(&maker, call("within"), "");
	assert_int_equal(call_loader_read_tail(maker.dir, 0, RECENT_TAIL + 3,
			     maker.now, recent, outcomes, &err),
	    0);
	assert_int_equal(known(recent, "before", maker.now), 0);
	assert_int_equal(known(recent, "within", maker.now), 3);
	assert_int_equal(call_loader_read_tail("/nonexistent/audit", 0, 1,
			     maker.now, recent, outcomes, &err),
	    -1);
	assert_int_equal(err.code, ERROR_SYSTEM);
	forget(recent);
	maker_free(&maker);
}

static struct call_filter *
load(struct call_finder *finder)
{
	struct error err = { 0 };
	struct call_loader *loader = call_loader_start(finder, 0, &err);
	struct pollfd wanted = { .events = POLLIN };
	struct call_filter *filter;

	assert_non_null(loader);
	wanted.fd = call_loader_fd(loader);
	assert_int_equal(poll(&wanted, 1, 60000), 1);
	filter = call_loader_take(loader);
	call_loader_free(loader);
	return filter;
}

static void
a_thread_reads_the_calls_of_the_index_and_says_when_it_cannot(void **state)
{
	struct corpus corpus;
	struct call_finder *finder;
	struct call_filter *filter;
	cleanup(buf_free) struct buf rubbish = BUF_INIT;
	int fd;

	(void)state;
	corpus_make(&corpus, 2000, 9);
	corpus_index(&corpus);
	finder =
	    call_finder_new(corpus.maker.dir, corpus.maker.dir, &clock_system);
	filter = load(finder);
	assert_non_null(filter);
	for (size_t i = 0; i < corpus.count; i++)
		if (corpus.entries[i].call_id.data != NULL)
			assert_true(call_filter_may_have(filter,
			    call_finder_hash(corpus.entries[i].call_id),
			    corpus.maker.now));
	call_filter_free(filter);
	call_finder_free(finder);

	/* Nothing of the index can be read. */
	buf_addf(&rubbish, "%s-wal", corpus.database);
	unlink(rubbish.data);
	buf_reset(&rubbish);
	buf_add_chars(&rubbish, '#', 8192);
	fd = open(corpus.database, O_WRONLY | O_TRUNC);
	assert_int_equal(
	    write(fd, rubbish.data, rubbish.len), (ssize_t)rubbish.len);
	close(fd);
	finder =
	    call_finder_new(corpus.maker.dir, corpus.maker.dir, &clock_system);
	assert_null(load(finder));
	call_finder_free(finder);
	call_loader_free(NULL);
	corpus_free(&corpus);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_tail_of_the_log_is_known_but_what_is_too_old),
		cmocka_unit_test(what_stands_behind_a_damaged_line_is_known),
		cmocka_unit_test(no_more_is_read_than_is_kept),
		cmocka_unit_test(
		    a_thread_reads_the_calls_of_the_index_and_says_when_it_cannot),
	};

	return cmocka_run_group_tests_name(
	    "kruxosd/call_loader", tests, NULL, NULL);
}
