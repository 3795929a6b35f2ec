#include "lib/log/chain.c"
#include "lib/log/chain_verify.c"

#include "tests/unit/maker.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Three files: 5, 5 and 5 entries, log.open among them. */
static void
make_three_files(struct maker *maker)
{
	maker_init(maker);
	maker_open(maker, MAKER_DAY, 1);
	maker_fill(maker, 4);
	maker_open(maker, MAKER_DAY, 2);
	maker_fill(maker, 4);
	maker_open(maker, MAKER_DAY + USEC_PER_DAY, 1);
	maker_fill(maker, 4);
}

static void
an_untouched_log_is_whole(void **state)
{
	struct maker maker;
	struct chain_result result;

	(void)state;
	make_three_files(&maker);
	result = maker_verify(&maker, NULL);
	assert_true(result.is_whole);
	assert_false(result.is_torn);
	assert_int_equal(result.entries, 15);
	assert_int_equal(result.files, 3);
	assert_int_equal(result.first_seq, 1);
	assert_int_equal(result.last_seq, 15);
	assert_memory_equal(result.last_hash, maker.hash, SHA256_BYTES);
	maker_free(&maker);
}

static void
an_empty_folder_is_whole(void **state)
{
	struct maker maker;
	struct chain_result result;

	(void)state;
	maker_init(&maker);
	result = maker_verify(&maker, NULL);
	assert_true(result.is_whole);
	assert_int_equal(result.entries, 0);
	maker_free(&maker);
}

/* Where a change of one byte is found: every byte of a middle file. */
static void
verify_names_the_first_changed_entry(void **state)
{
	struct maker maker;
	uint64_t ends[6] = { 0 };

	(void)state;
	maker_init(&maker);
	for (unsigned i = 1; i <= 5; i++) {
		if (i == 1)
			maker_open(&maker, MAKER_DAY, 1);
		else
			maker_fill(&maker, 1);
		ends[i] = maker.bytes;
	}
	maker_open(&maker, MAKER_DAY, 2);
	for (unsigned line = 1; line <= 5; line++)
		for (uint64_t at = ends[line - 1]; at < ends[line]; at += 7) {
			struct chain_result result;
			char before, after;
			int fd = -1;
			cleanup(buf_free) struct buf path = BUF_INIT;

			buf_addf(&path, "%s/2026-11-23.jsonl", maker.dir);
			fd = open(path.data, O_RDONLY);
			assert_int_equal(pread(fd, &before, 1, (off_t)at), 1);
			close(fd);
			after = (char)(before ^ 1);
			maker_patch(&maker, "2026-11-23.jsonl", at, &after, 1);
			result = maker_verify(&maker, NULL);
			assert_false(result.is_whole);
			assert_false(result.is_torn);
			assert_string_equal(
			    result.fault.file, "2026-11-23.jsonl");
			assert_int_equal(result.fault.line, line);
			assert_int_equal(result.fault.offset, ends[line - 1]);
			maker_patch(&maker, "2026-11-23.jsonl", at, &before, 1);
		}
	assert_true(maker_verify(&maker, NULL).is_whole);
	maker_free(&maker);
}

/* Any bit of any file: a verdict, never an error; and only the last line can
 * be taken for a torn one. */
static void
every_flipped_bit_is_found(void **state)
{
	static const char *const names[] = { "2026-11-23.jsonl",
		"2026-11-23_02.jsonl", "2026-11-24.jsonl" };
	struct maker maker;

	(void)state;
	make_three_files(&maker);
	for (size_t i = 0; i < 3; i++) {
		cleanup(buf_free) struct buf path = BUF_INIT;
		cleanup(cleanup_close) int fd = -1;
		unsigned char byte;

		buf_addf(&path, "%s/%s", maker.dir, names[i]);
		fd = open(path.data, O_RDWR);
		for (off_t at = 0; pread(fd, &byte, 1, at) == 1; at += 3) {
			struct chain_result result;
			unsigned char flipped =
			    (unsigned char)(byte ^ (1U << (at % 8)));

			assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
			result = maker_verify(&maker, NULL);
			if (result.is_whole && !result.is_torn)
				fail_msg(
				    "%s: byte %lld", names[i], (long long)at);
			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		}
	}
	assert_true(maker_verify(&maker, NULL).is_whole);
	maker_free(&maker);
}

static void
a_missing_file_is_found(void **state)
{
	struct maker maker;
	struct chain_result result;
	cleanup(buf_free) struct buf path = BUF_INIT;

	(void)state;
	make_three_files(&maker);
	buf_addf(&path, "%s/2026-11-23_02.jsonl", maker.dir);
	assert_int_equal(unlink(path.data), 0);
	result = maker_verify(&maker, NULL);
	assert_false(result.is_whole);
	assert_string_equal(result.fault.file, "2026-11-24.jsonl");
	assert_int_equal(result.fault.line, 1);
	maker_free(&maker);
}

static void
a_missing_beginning_needs_a_retention_entry(void **state)
{
	const struct chain_options through = { .through_seq = 10 };
	struct maker maker;
	struct chain_result result;
	unsigned char hash[SHA256_BYTES];
	cleanup(buf_free) struct buf path = BUF_INIT;
	cleanup(buf_free) struct buf rest = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 4);
	memcpy(hash, maker.hash, SHA256_BYTES);
	maker_open(&maker, MAKER_DAY, 2);
	maker_fill(&maker, 4);
	buf_addf(&path, "%s/2026-11-23.jsonl", maker.dir);
	assert_int_equal(unlink(path.data), 0);
	result = maker_verify(&maker, NULL);
	assert_false(result.is_whole);
	assert_string_equal(result.fault.what, "log.retention");
	result = maker_verify(&maker, &through);
	assert_false(result.is_whole);
	assert_string_equal(result.fault.what, "log.retention");

	buf_add_str(&rest,
	    ",\"request\":{\"file\":\"2026-11-23.jsonl\",\"last_seq\":5,"
	    "\"last_hash\":\"");
	buf_add_hex(&rest, hash, SHA256_BYTES);
	buf_add_str(&rest, "\"}");
	maker_add(&maker, maker_system("log.retention"), rest.data);
	result = maker_verify(&maker, NULL);
	assert_true(result.is_whole);
	assert_int_equal(result.first_seq, 6);
	/* It stands behind what was asked for, and something bad, too. */
	assert_true(maker_verify(&maker, &through).is_whole);
	maker_patch(&maker, maker.file, maker.bytes, "{}\n", 3);
	assert_true(maker_verify(&maker, &through).is_whole);
	maker_free(&maker);
}

static void
a_log_reaches_as_far_as_is_known(void **state)
{
	struct maker maker;
	struct chain_result result;

	(void)state;
	make_three_files(&maker);
	assert_true(
	    maker_verify(&maker, &(struct chain_options){ .synced_seq = 15 })
		.is_whole);
	result = maker_verify(&maker,
	    &(struct chain_options){ .through_seq = 17, .synced_seq = 17 });
	assert_false(result.is_whole);
	assert_string_equal(result.fault.what, "last seq");
	assert_int_equal(result.fault.seq, 16);
	maker_free(&maker);
	maker_init(&maker);
	assert_false(
	    maker_verify(&maker, &(struct chain_options){ .synced_seq = 1 })
		.is_whole);
	maker_free(&maker);
}

static void
an_erased_payload_needs_the_entry_that_names_it(void **state)
{
	struct maker maker;
	struct chain_result result;
	uint64_t offset;
	cleanup(buf_free) struct buf line = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 1);
	offset = maker.bytes;
	maker_fill(&maker, 1);
	buf_add_slice(&line, buf_slice(&maker.line)); /* seq 3 */
	maker_fill(&maker, 1);
	maker_erase(&maker, maker.file, offset, buf_slice(&line), 5);
	result = maker_verify(&maker, NULL);
	assert_false(result.is_whole);
	assert_string_equal(result.fault.what, "erased_by");
	assert_int_equal(result.fault.line, 3);
	assert_int_equal(result.fault.seq, 3);
	assert_int_equal(result.fault.offset, offset);

	maker_add(&maker, maker_system("audit.erase"),
	    ",\"request\":{\"seqs\":[2,3],\"reason\":\"a password\"}");
	result = maker_verify(&maker, NULL);
	assert_true(result.is_whole);
	assert_int_equal(result.erased, 1);
	maker_free(&maker);
}

static void
an_agent_cannot_vouch_for_an_erasure(void **state)
{
	struct maker maker;
	struct entry entry = maker_entry();
	uint64_t offset;
	cleanup(buf_free) struct buf line = BUF_INIT;

	(void)state;
	entry.capability = SLICE_LITERAL("audit.erase");
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	offset = maker.bytes;
	maker_fill(&maker, 1);
	buf_add_slice(&line, buf_slice(&maker.line)); /* seq 2 */
	maker_add(&maker, entry, ",\"request\":{\"seqs\":[2]}");
	maker_erase(&maker, maker.file, offset, buf_slice(&line), 3);
	assert_false(maker_verify(&maker, NULL).is_whole);
	maker_free(&maker);
}

/* What an audit.erase entry has to say of a payload: its seq, as a number, in
 * an array, and that by the very entry that the payload names. */
static void
an_erasure_is_vouched_for_by_number_alone(void **state)
{
	static const struct {
		const char *rest;
		bool is_whole;
	} cases[] = {
		{ "", false },
		{ ",\"request\":{}", false },
		{ ",\"request\":{\"seqs\":2}", false },
		{ ",\"request\":{\"seqs\":[]}", false },
		{ ",\"request\":{\"seqs\":[\"2\",2.0,-2,0,3,22]}", false },
		{ ",\"request\":{\"seqs\":[\"2\",7,2,9]}", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct maker maker;
		struct entry eraser = maker_entry();
		struct chain_result result;
		uint64_t offset;
		cleanup(buf_free) struct buf line = BUF_INIT;

		eraser.actor = ENTRY_USER;
		eraser.capability = SLICE_LITERAL("audit.erase");
		maker_init(&maker);
		maker_open(&maker, MAKER_DAY, 1);
		offset = maker.bytes;
		maker_fill(&maker, 1);
		buf_add_slice(&line, buf_slice(&maker.line)); /* seq 2 */
		/* Not the entry that the payload names. */
		maker_add(&maker, eraser, ",\"request\":{\"seqs\":[2]}");
		maker_add(&maker, eraser, cases[i].rest);
		maker_erase(&maker, maker.file, offset, buf_slice(&line), 4);
		result = maker_verify(&maker, NULL);
		assert_int_equal(result.is_whole, cases[i].is_whole);
		if (!cases[i].is_whole)
			assert_int_equal(result.fault.seq, 2);
		maker_free(&maker);
	}
}

static void
an_erasure_of_nothing_is_an_entry_like_others(void **state)
{
	struct maker maker;
	struct chain_result result;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_add(
	    &maker, maker_system("audit.erase"), ",\"request\":{\"seqs\":[1]}");
	result = maker_verify(&maker, NULL);
	assert_true(result.is_whole);
	assert_int_equal(result.erased, 0);
	maker_free(&maker);
}

static void
what_accounts_for_the_log_is_never_erased(void **state)
{
	struct maker maker;
	struct chain_result result;
	uint64_t offset;
	cleanup(buf_free) struct buf line = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	offset = maker.bytes;
	maker_add(&maker, maker_system("audit.export"),
	    ",\"request\":{\"format\":\"csv\"}");
	buf_add_slice(&line, buf_slice(&maker.line));
	maker_add(
	    &maker, maker_system("audit.erase"), ",\"request\":{\"seqs\":[2]}");
	maker_erase(&maker, maker.file, offset, buf_slice(&line), 3);
	result = maker_verify(&maker, NULL);
	assert_false(result.is_whole);
	assert_string_equal(result.fault.what, "erased_by");
	assert_string_equal(result.fault.found, "audit.export");
	assert_int_equal(result.fault.line, 2);
	maker_free(&maker);
}

/* A log that begins at seq 6 is vouched for by its own last_seq and last_hash
 * and by nothing that only looks like it. */
static void
a_missing_beginning_is_vouched_for_exactly(void **state)
{
	static const struct {
		enum entry_actor actor;
		const char *seq, *before_hash, *behind_hash;
		bool is_whole;
	} cases[] = {
		{ ENTRY_SYSTEM, "5", "\"", "\"", true },
		{ ENTRY_USER, "5", "\"", "\"", false },
		{ ENTRY_SYSTEM, "4", "\"", "\"", false },
		{ ENTRY_SYSTEM, "0", "\"", "\"", false },
		{ ENTRY_SYSTEM, "\"5\"", "\"", "\"", false },
		{ ENTRY_SYSTEM, NULL, "\"", "\"", false },
		{ ENTRY_SYSTEM, "5", "[\"", "\"]", false },
		{ ENTRY_SYSTEM, "5", "\"0", "\"", false },
		{ ENTRY_SYSTEM, "5", NULL, NULL, false },
		{ ENTRY_SYSTEM, NULL, NULL, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct maker maker;
		struct entry entry = maker_system("log.retention");
		unsigned char hash[SHA256_BYTES];
		cleanup(buf_free) struct buf path = BUF_INIT;
		cleanup(buf_free) struct buf rest = BUF_INIT;

		maker_init(&maker);
		maker_open(&maker, MAKER_DAY, 1);
		maker_fill(&maker, 4);
		memcpy(hash, maker.hash, SHA256_BYTES);
		buf_addf(&path, "%s/%s", maker.dir, maker.file);
		maker_open(&maker, MAKER_DAY, 2);
		assert_int_equal(unlink(path.data), 0);
		buf_add_str(&rest, ",\"request\":{\"file\":\"x\"");
		if (cases[i].seq != NULL)
			buf_addf(&rest, ",\"last_seq\":%s", cases[i].seq);
		if (cases[i].before_hash != NULL) {
			buf_addf(
			    &rest, ",\"last_hash\":%s", cases[i].before_hash);
			buf_add_hex(&rest, hash, SHA256_BYTES);
			buf_add_str(&rest, cases[i].behind_hash);
		}
		buf_add_char(&rest, '}');
		entry.actor = cases[i].actor;
		entry.actor_name = SLICE_LITERAL("ann");
		maker_add(&maker, entry,
		    cases[i].seq == NULL && cases[i].before_hash == NULL
			? ""
			: rest.data);
		/* What comes too late changes nothing. */
		maker_add(&maker, maker_system("log.retention"),
		    ",\"request\":{\"last_seq\":5,\"last_hash\":\"00\"}");
		assert_int_equal(
		    maker_verify(&maker, NULL).is_whole, cases[i].is_whole);
		maker_free(&maker);
	}
}

/* Lines that are right in themselves, in the wrong place. */
static void
a_line_in_the_wrong_place_is_told_by_its_field(void **state)
{
	static const char *const fields[] = { "seq", "prev_hash",
		"recorded_at" };

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		struct maker maker;
		struct entry entry = maker_entry();
		struct chain_result result;

		maker_init(&maker);
		maker_open(&maker, MAKER_DAY, 1);
		maker_fill(&maker, 1);
		maker.seq += i == 0 ? 1 : 0;
		maker.hash[0] ^= i == 1 ? 1 : 0;
		entry.recorded_at = i == 2 ? MAKER_DAY + 1 : 0;
		maker_add(&maker, entry, "");
		result = maker_verify(&maker, NULL);
		assert_false(result.is_whole);
		assert_string_equal(result.fault.what, fields[i]);
		assert_int_equal(result.fault.line, 3);
		maker_free(&maker);
	}
}

/* The same line, once by chain_add() and once by what it leaves. */
static void
a_chain_goes_on_where_a_line_holds_and_stays_where_it_does_not(void **state)
{
	struct maker maker;
	struct chain_fault fault;
	unsigned char hash[SHA256_BYTES];
	uint64_t seq;
	struct chain *chain;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	chain = chain_new(1, (unsigned char[SHA256_BYTES]){ 0 });
	assert_int_equal(
	    chain_add(chain,
		(struct slice){ maker.line.data, maker.line.len - 1 }, &fault),
	    0);
	assert_int_equal(
	    chain_add(chain,
		(struct slice){ maker.line.data, maker.line.len - 1 }, &fault),
	    -1);
	assert_string_equal(fault.what, "seq");
	assert_int_equal(chain_add(chain, SLICE_LITERAL("{}"), &fault), -1);
	assert_string_equal(fault.what, "format");
	assert_int_equal(fault.seq, 2);
	chain_last(chain, &seq, hash);
	assert_int_equal(seq, 1);
	assert_memory_equal(hash, maker.hash, SHA256_BYTES);
	chain_free(chain);
	chain_free(NULL);
	maker_free(&maker);
}

/* What lies behind a gap: lines of one batch, and what is no line of the log,
 * are what a cut write can leave; a second batch is not. */
static void
only_whole_lines_of_two_batches_make_damage_of_a_tail(void **state)
{
	struct maker maker;
	struct entry entry = maker_entry();
	cleanup(buf_free) struct buf tail = BUF_INIT;
	usec_t last_good = MAKER_DAY + USEC_PER_HOUR;
	usec_t later = last_good + USEC_PER_SEC;

	(void)state;
	maker_init(&maker);
	maker_begin(&maker, MAKER_DAY, 1);
	buf_add(&tail, "{\"seq\":4\0\n{}\n", 14);
	/* Its hashes are right, and it is no JSON. */
	entry.recorded_at = later - 1;
	maker_add(&maker, entry, ",\"request\":{\"a\":}");
	buf_add_slice(&tail, buf_slice(&maker.line));
	/* Its hash is not right. */
	maker_add(&maker, entry, ",\"summary\":\"one\"");
	buf_add(&tail, maker.line.data, maker.line.len - 4);
	buf_add_str(&tail, "!\"}\n");
	/* Older than what holds. */
	entry.recorded_at = last_good - 1;
	maker_add(&maker, entry, "");
	buf_add_slice(&tail, buf_slice(&maker.line));
	/* Two of one batch. */
	entry.recorded_at = later;
	maker_add(&maker, entry, "");
	buf_add_slice(&tail, buf_slice(&maker.line));
	maker_add(&maker, entry, "");
	buf_add_slice(&tail, buf_slice(&maker.line));
	assert_true(chain_is_torn(buf_slice(&tail), last_good, 3, 3));
	assert_false(chain_is_torn(buf_slice(&tail), last_good, 3, 4));

	entry.recorded_at = later + 1;
	maker_add(&maker, entry, "");
	buf_add(&tail, maker.line.data, maker.line.len - 1);
	assert_true(chain_is_torn(buf_slice(&tail), last_good, 3, 3));
	buf_add_char(&tail, '\n');
	assert_false(chain_is_torn(buf_slice(&tail), last_good, 3, 3));
	buf_add_str(&tail, "{}\n");
	assert_false(chain_is_torn(buf_slice(&tail), last_good, 3, 3));
	maker_free(&maker);
}

static void
a_torn_tail_is_no_damage(void **state)
{
	struct maker maker;
	struct chain_result result;
	uint64_t whole, full;
	cleanup(buf_free) struct buf path = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 3);
	whole = maker.bytes;
	maker_fill(&maker, 1);
	full = maker.bytes;
	buf_addf(&path, "%s/%s", maker.dir, maker.file);
	for (uint64_t length = full - 1; length > whole; length--) {
		assert_int_equal(truncate(path.data, (off_t)length), 0);
		result = maker_verify(&maker, NULL);
		assert_true(result.is_whole);
		assert_true(result.is_torn);
		assert_int_equal(result.torn_bytes, length - whole);
		assert_int_equal(result.last_seq, 4);
	}
	maker_free(&maker);
}

/* A machine that stops in its first write of all leaves no whole line. */
static void
a_torn_first_line_is_no_damage(void **state)
{
	struct maker maker;
	struct chain_result result;
	cleanup(buf_free) struct buf path = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	buf_addf(&path, "%s/%s", maker.dir, maker.file);
	assert_int_equal(truncate(path.data, (off_t)maker.bytes / 2), 0);
	result = maker_verify(&maker, NULL);
	assert_true(result.is_whole && result.is_torn);
	assert_int_equal(result.entries, 0);
	assert_int_equal(result.last_seq, 0);
	assert_int_equal(result.torn_bytes, maker.bytes / 2);
	maker_free(&maker);
}

/* The disk refused a write; the power went before the new file had its first
 * line. */
static void
a_file_that_was_only_begun_hides_no_torn_tail(void **state)
{
	struct maker maker;
	struct chain_result result;
	cleanup(buf_free) struct buf path = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 2);
	maker_patch(&maker, maker.file, maker.bytes, "{\"seq\":4", 8);
	maker_open(&maker, MAKER_DAY, 2);
	buf_addf(&path, "%s/%s", maker.dir, maker.file);
	for (off_t length = 40; length >= 0; length -= 40) {
		assert_int_equal(truncate(path.data, length), 0);
		result = maker_verify(&maker, NULL);
		assert_true(result.is_whole && result.is_torn);
		assert_int_equal(result.entries, 3);
		assert_int_equal(result.torn_bytes, 8 + length);
	}
	/* Other letters than what was written are no unfinished write. */
	maker_patch(&maker, maker.file, 0, "{}\n", 3);
	result = maker_verify(&maker, NULL);
	assert_false(result.is_whole);
	assert_int_equal(result.fault.line, 4);
	maker_free(&maker);
}

/* Right hashes do not make a line that nobody can read. */
static void
a_payload_that_is_no_json_does_not_hold(void **state)
{
	static const char *const rests[] = {
		",\"request\":{\"a\":1,\"a\":2}",
		",\"request\":{\"a\":1},\"b\":{}",
		",\"request\":{\"a\":\"\xff\"}",
		",\"summary\":\"\\x\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rests) / sizeof(*rests); i++) {
		struct maker maker;
		struct chain_result result;

		maker_init(&maker);
		maker_open(&maker, MAKER_DAY, 1);
		maker_add(&maker, maker_entry(), rests[i]);
		result = maker_verify(&maker, NULL);
		assert_false(result.is_whole);
		assert_string_equal(result.fault.what, "format");
		assert_int_equal(result.fault.line, 2);
		maker_free(&maker);
	}
}

static void
a_tail_is_damage_when_two_batches_or_a_sync_lie_behind(void **state)
{
	struct maker maker;
	struct chain_result result;
	struct error err = { 0 };
	struct chain_options options = { .synced_seq = 4 };
	uint64_t offset;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 2);
	offset = maker.bytes;
	maker_fill(&maker, 2); /* seqs 4 and 5, a batch each */
	maker_patch(&maker, maker.file, offset + 20, "\0\0\0", 3);
	result = maker_verify(&maker, NULL);
	assert_true(result.is_torn);
	assert_int_equal(chain_verify(maker.dir, &options, &result, &err), 0);
	assert_false(result.is_whole);
	maker_fill(&maker, 1); /* and a second batch behind the bad line */
	result = maker_verify(&maker, NULL);
	assert_false(result.is_whole);
	assert_false(result.is_torn);
	assert_int_equal(result.fault.line, 4);
	maker_free(&maker);
}

static void
other_letters_in_the_last_line_are_damage(void **state)
{
	struct maker maker;
	struct chain_result result;
	uint64_t offset;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	offset = maker.bytes;
	maker_fill(&maker, 1);
	maker_patch(&maker, maker.file, offset + 20, "#", 1);
	result = maker_verify(&maker, NULL);
	assert_false(result.is_whole);
	assert_int_equal(result.fault.line, 2);
	maker_free(&maker);
}

static void
a_head_that_was_promised_is_looked_for(void **state)
{
	struct maker maker;
	struct chain_result result;
	struct chain_options options = { 0 };
	struct error err = { 0 };

	(void)state;
	make_three_files(&maker);
	options.expect_seq = 15;
	memcpy(options.expect_hash, maker.hash, SHA256_BYTES);
	chain_verify(maker.dir, &options, &result, &err);
	assert_true(result.is_whole);
	options.expect_hash[0] ^= 1;
	chain_verify(maker.dir, &options, &result, &err);
	assert_false(result.is_whole);
	assert_string_equal(result.fault.what, "expected entry_hash");
	options.expect_seq = 16;
	chain_verify(maker.dir, &options, &result, &err);
	assert_false(result.is_whole);
	assert_string_equal(result.fault.what, "expected seq");
	maker_free(&maker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_untouched_log_is_whole),
		cmocka_unit_test(an_empty_folder_is_whole),
		cmocka_unit_test(verify_names_the_first_changed_entry),
		cmocka_unit_test(every_flipped_bit_is_found),
		cmocka_unit_test(a_missing_file_is_found),
		cmocka_unit_test(a_missing_beginning_needs_a_retention_entry),
		cmocka_unit_test(a_log_reaches_as_far_as_is_known),
		cmocka_unit_test(
		    an_erased_payload_needs_the_entry_that_names_it),
		cmocka_unit_test(an_agent_cannot_vouch_for_an_erasure),
		cmocka_unit_test(an_erasure_is_vouched_for_by_number_alone),
		cmocka_unit_test(an_erasure_of_nothing_is_an_entry_like_others),
		cmocka_unit_test(what_accounts_for_the_log_is_never_erased),
		cmocka_unit_test(a_missing_beginning_is_vouched_for_exactly),
		cmocka_unit_test(
		    a_line_in_the_wrong_place_is_told_by_its_field),
		cmocka_unit_test(
		    a_chain_goes_on_where_a_line_holds_and_stays_where_it_does_not),
		cmocka_unit_test(
		    only_whole_lines_of_two_batches_make_damage_of_a_tail),
		cmocka_unit_test(a_torn_tail_is_no_damage),
		cmocka_unit_test(a_torn_first_line_is_no_damage),
		cmocka_unit_test(a_file_that_was_only_begun_hides_no_torn_tail),
		cmocka_unit_test(a_payload_that_is_no_json_does_not_hold),
		cmocka_unit_test(
		    a_tail_is_damage_when_two_batches_or_a_sync_lie_behind),
		cmocka_unit_test(other_letters_in_the_last_line_are_damage),
		cmocka_unit_test(a_head_that_was_promised_is_looked_for),
	};

	return cmocka_run_group_tests_name("log/chain", tests, NULL, NULL);
}
