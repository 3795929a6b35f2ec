#include <pthread.h>

/* How many threads can be had. */
static unsigned threads_left = ~0U;

static int
create_thread(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run_it)(void *), void *context)
{
	if (threads_left == 0)
		return 11; /* EAGAIN */
	threads_left--;
	return pthread_create(thread, attributes, run_it, context);
}

#define pthread_create create_thread
#include "lib/log/chain_ahead.c"
#undef pthread_create

#include "tests/fault/verdict.h"
#include "tests/unit/maker.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SMALL_BYTES = 1500 }; /* two lines, or three */

/* A file of 60 entries, log.open and 59 of an agent. */
static void
make_file(struct maker *maker)
{
	maker_init(maker);
	maker_open(maker, MAKER_DAY, 1);
	maker_fill(maker, 59);
}

/* Three files in which everything stands that concerns more than its line:
 * erased payloads, the entries that erase them, an entry about retention. */
static void
make_log(struct maker *maker)
{
	struct buf lines[8];
	uint64_t offsets[8];

	maker_init(maker);
	maker_open(maker, MAKER_DAY, 1);
	for (size_t i = 0; i < 8; i++) {
		offsets[i] = maker->bytes;
		maker_fill(maker, 1); /* seq 2 to 9 */
		buf_init(&lines[i]);
		buf_add_slice(&lines[i], buf_slice(&maker->line));
	}
	for (size_t i = 0; i < 8; i++) {
		maker_erase(maker, maker->file, offsets[i],
		    buf_slice(&lines[i]), i < 4 ? 12 : 29);
		buf_free(&lines[i]);
	}
	maker_fill(maker, 2);
	maker_add(maker, maker_system("audit.erase"),
	    ",\"request\":{\"seqs\":[2,3,4,5]}"); /* seq 12 */
	maker_fill(maker, 3);
	maker_open(maker, MAKER_DAY, 2); /* seq 16 */
	maker_fill(maker, 12);
	maker_add(maker, maker_system("audit.erase"),
	    ",\"request\":{\"seqs\":[6,7,8,9]}"); /* seq 29 */
	maker_open(maker, MAKER_DAY + USEC_PER_DAY, 1);
	maker_add(maker, maker_system("log.retention"),
	    ",\"request\":{\"last_seq\":15,\"last_hash\":\"\"}");
	maker_fill(maker, 9); /* seq 32 to 40 */
}

/* --- blocks --------------------------------------------------------------- */

static void
blocks_are_the_bytes_of_the_file_and_end_with_its_last(void **state)
{
	struct maker maker;
	cleanup(buf_free) struct buf whole = BUF_INIT;

	(void)state;
	make_file(&maker);
	maker_patch(&maker, maker.file, maker.bytes, "{\"seq\":", 7);
	buf_reserve(&whole, (size_t)maker.bytes + 7);
	buf_set_len(&whole, (size_t)maker.bytes + 7);
	assert_int_equal(pread(maker.fd, whole.data, whole.len, 0), whole.len);
	for (unsigned threads = 0; threads <= 3; threads++) {
		struct chain_ahead *ahead =
		    chain_ahead_new(threads, SMALL_BYTES);
		const struct chain_ahead_block *block;
		cleanup(buf_free) struct buf seen = BUF_INIT;
		size_t got = 0;
		bool was_last = false;

		/* A file before it makes no difference. */
		for (int round = 0; round < 2; round++) {
			buf_reset(&seen);
			got = 0;
			was_last = false;
			chain_ahead_begin(ahead, maker.fd, whole.len);
			while ((block = chain_ahead_next(ahead)) != NULL) {
				assert_false(was_last);
				assert_int_equal(block->errnum, 0);
				buf_add_slice(&seen, block->lines);
				got += block->got;
				was_last = block->is_last;
				if (was_last)
					buf_add_slice(&seen, block->rest);
			}
			assert_true(was_last);
			assert_int_equal(got, whole.len);
			assert_true(
			    slice_equal(buf_slice(&seen), buf_slice(&whole)));
		}
		chain_ahead_free(ahead);
	}
	maker_free(&maker);
}

static void
a_file_of_no_bytes_has_no_blocks(void **state)
{
	struct chain_ahead *ahead = chain_ahead_new(2, 0);

	(void)state;
	chain_ahead_begin(ahead, -1, 0);
	assert_null(chain_ahead_next(ahead));
	chain_ahead_free(ahead);
}

static void
a_block_that_cannot_be_read_is_the_last(void **state)
{
	struct chain_ahead *ahead = chain_ahead_new(2, 0);
	const struct chain_ahead_block *block;

	(void)state;
	chain_ahead_begin(ahead, -1, 10);
	block = chain_ahead_next(ahead);
	assert_non_null(block);
	assert_int_equal(block->errnum, EBADF);
	assert_int_equal(block->got, 0);
	assert_null(chain_ahead_next(ahead));
	chain_ahead_free(ahead);
}

/* Who has seen enough leaves while threads look at what lies ahead. */
static void
what_lies_ahead_need_not_be_taken(void **state)
{
	struct maker maker;

	(void)state;
	make_file(&maker);
	for (int taken = 0; taken < 20; taken++) {
		struct chain_ahead *ahead = chain_ahead_new(3, SMALL_BYTES);

		chain_ahead_begin(ahead, maker.fd, maker.bytes);
		for (int i = 0; i < taken; i++)
			assert_non_null(chain_ahead_next(ahead));
		chain_ahead_free(ahead);
	}
	maker_free(&maker);
}

/* --- what a thread says --------------------------------------------------- */

/* Else it would be right, and of no use. */
static void
all_blocks_are_chains_but_that_of_the_first_line(void **state)
{
	struct maker maker;
	struct chain_ahead *ahead = chain_ahead_new(2, SMALL_BYTES);
	const struct chain_ahead_block *block;
	struct chain *chain;
	uint64_t seq = 1;

	(void)state;
	make_file(&maker);
	chain_ahead_begin(ahead, maker.fd, maker.bytes);
	block = chain_ahead_next(ahead);
	assert_null(block->chain);
	for (size_t i = 0; i < block->lines.len; i++)
		seq += block->lines.data[i] == '\n';
	chain = NULL;
	while ((block = chain_ahead_next(ahead)) != NULL) {
		assert_non_null(block->chain);
		assert_int_equal(block->chain->before_seq + 1, seq);
		if (chain == NULL)
			chain = chain_new(seq, block->chain->before_hash);
		assert_true(chain_join(chain, block->chain));
		seq = chain->next_seq;
	}
	assert_int_equal(seq, 61);
	assert_memory_equal(chain->last_hash, maker.hash, SHA256_BYTES);
	chain_free(chain);
	chain_ahead_free(ahead);
	maker_free(&maker);
}

static void
lines_are_a_chain_if_each_holds_and_goes_on_from_the_one_before(void **state)
{
	struct maker maker;
	cleanup(buf_free) struct buf lines = BUF_INIT;
	struct chain *chain;
	size_t third;

	(void)state;
	make_file(&maker);
	for (int i = 0; i < 3; i++) {
		third = lines.len;
		maker_fill(&maker, 1);
		buf_add_slice(&lines, buf_slice(&maker.line));
	}
	chain = chain_of(buf_slice(&lines));
	assert_non_null(chain);
	assert_int_equal(chain->entries, 3);
	assert_int_equal(chain->before_seq, 60);
	chain_free(chain);
	assert_null(chain_of(SLICE_LITERAL("")));
	/* A last line that loses its end is none, and not looked at. */
	for (size_t i = 0; i + 1 < lines.len; i++) {
		lines.data[i] ^= 1;
		assert_null(chain_of(buf_slice(&lines)));
		lines.data[i] ^= 1;
	}
	/* The second is not there. */
	chain = chain_of((struct slice){ lines.data, third });
	assert_int_equal(chain->entries, 2);
	chain_free(chain);
	memmove(lines.data + third / 2, lines.data + third, lines.len - third);
	assert_null(chain_of(
	    (struct slice){ lines.data, lines.len - third + third / 2 }));
	maker_free(&maker);
}

static void
an_entry_of_the_log_itself_is_no_threads_business(void **state)
{
	static const char *const capabilities[] = { "audit.erase",
		"log.retention", "log.open", "log.clock" };
	struct maker maker;

	(void)state;
	make_file(&maker);
	for (size_t i = 0; i < 4; i++) {
		cleanup(buf_free) struct buf lines = BUF_INIT;

		maker_fill(&maker, 1);
		buf_add_slice(&lines, buf_slice(&maker.line));
		maker_add(&maker, maker_system(capabilities[i]),
		    ",\"request\":{\"seqs\":[2]}");
		buf_add_slice(&lines, buf_slice(&maker.line));
		assert_null(chain_of(buf_slice(&lines)));
	}
	maker_free(&maker);
}

/* --- the verdict ---------------------------------------------------------- */

static void
it_is_the_same_up_to_any_seq_by_blocks_of_any_size(void **state)
{
	struct maker maker;

	(void)state;
	make_log(&maker);
	for (uint64_t seq = 0; seq <= 42; seq++) {
		struct chain_options options = {
			.threads = 1 + (unsigned)seq % 3,
		};

		for (size_t bytes = 300; bytes < 6000; bytes += 350) {
			options.block_bytes = bytes + (size_t)seq;
			options.through_seq = seq;
			options.expect_seq = 0;
			assert_true(verdict_stands(maker.dir, &options));
			options.through_seq = 0;
			options.expect_seq = seq;
			memcpy(options.expect_hash, maker.hash, SHA256_BYTES);
			assert_true(verdict_stands(maker.dir, &options));
		}
	}
	maker_free(&maker);
}

/* Any bit of its files, with right lines before and behind. */
static void
it_is_the_same_of_a_log_with_a_bit_that_flipped(void **state)
{
	const struct chain_options options = { .threads = 2,
		.block_bytes = SMALL_BYTES };
	struct maker maker;

	(void)state;
	make_log(&maker);
	for (off_t at = 0; at < (off_t)maker.bytes; at += 5) {
		unsigned char byte, flipped;

		assert_int_equal(pread(maker.fd, &byte, 1, at), 1);
		flipped = (unsigned char)(byte ^ (1U << (at % 8)));
		assert_int_equal(pwrite(maker.fd, &flipped, 1, at), 1);
		assert_true(verdict_stands(maker.dir, &options));
		assert_int_equal(pwrite(maker.fd, &byte, 1, at), 1);
	}
	maker_free(&maker);
}

static void
it_is_the_same_with_fewer_threads_than_wanted(void **state)
{
	const struct chain_options options = { .threads = 4,
		.block_bytes = SMALL_BYTES };
	struct maker maker;

	(void)state;
	make_log(&maker);
	for (unsigned left = 0; left < 4; left++) {
		threads_left = left;
		assert_true(verdict_stands(maker.dir, &options));
		assert_int_equal(threads_left, 0);
	}
	threads_left = ~0U;
	maker_free(&maker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    blocks_are_the_bytes_of_the_file_and_end_with_its_last),
		cmocka_unit_test(a_file_of_no_bytes_has_no_blocks),
		cmocka_unit_test(a_block_that_cannot_be_read_is_the_last),
		cmocka_unit_test(what_lies_ahead_need_not_be_taken),
		cmocka_unit_test(
		    all_blocks_are_chains_but_that_of_the_first_line),
		cmocka_unit_test(
		    lines_are_a_chain_if_each_holds_and_goes_on_from_the_one_before),
		cmocka_unit_test(
		    an_entry_of_the_log_itself_is_no_threads_business),
		cmocka_unit_test(
		    it_is_the_same_up_to_any_seq_by_blocks_of_any_size),
		cmocka_unit_test(
		    it_is_the_same_of_a_log_with_a_bit_that_flipped),
		cmocka_unit_test(it_is_the_same_with_fewer_threads_than_wanted),
	};

	return cmocka_run_group_tests_name(
	    "log/chain_ahead", tests, NULL, NULL);
}
