/* The verifier over files that somebody else forges, changes while they are
 * read, or takes away; tests/unit/log/chain.c has what it says of lines. */
#include "lib/log/chain_verify.c"

#include "tests/unit/failing_read.h"
#include "tests/unit/maker.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* It could not be read: with this code. */
static void
assert_unread(struct maker *maker, const struct chain_options *options,
    enum error_code code, const char *sentence)
{
	struct chain_result result;
	struct error err = { 0 };

	assert_int_equal(chain_verify(maker->dir, options, &result, &err), -1);
	assert_int_equal(err.code, code);
	if (strstr(err.sentence, sentence) == NULL)
		fail_msg("%s", err.sentence);
}

/* Begin a file whose first line is by `opener` and says what `opening` does. */
static void
begin_with(struct maker *maker, unsigned part, struct entry opener,
    const struct logfile_open *opening)
{
	cleanup(buf_free) struct buf rest = BUF_INIT;

	buf_add_str(&rest, ",\"request\":");
	logfile_compose_open(opening, &rest);
	maker_begin(maker, MAKER_DAY, part);
	maker_add(maker, opener, rest.data);
}

/* --- first lines ---------------------------------------------------------- */

static void
by_a_user(struct entry *opener, struct logfile_open *opening)
{
	(void)opening;
	opener->actor = ENTRY_USER;
	opener->actor_name = SLICE_LITERAL("ann");
}

static void
another_capability(struct entry *opener, struct logfile_open *opening)
{
	(void)opening;
	opener->capability = SLICE_LITERAL("log.clock");
}

static void
another_format(struct entry *opener, struct logfile_open *opening)
{
	(void)opener;
	opening->format = ENTRY_FORMAT_VERSION + 1;
}

static void
another_file(struct entry *opener, struct logfile_open *opening)
{
	(void)opener;
	opening->previous = SLICE_LITERAL("2026-11-22.jsonl");
}

static void
another_seq(struct entry *opener, struct logfile_open *opening)
{
	(void)opener;
	opening->previous_seq--;
}

static void
another_hash(struct entry *opener, struct logfile_open *opening)
{
	(void)opener;
	opening->previous_hash[0] ^= 1;
}

static void
more_bytes(struct entry *opener, struct logfile_open *opening)
{
	(void)opener;
	opening->previous_bytes++;
}

static void
a_first_line_that_lies_is_told_by_its_field(void **state)
{
	static const struct {
		void (*lie)(struct entry *, struct logfile_open *);
		const char *what;
	} cases[] = {
		{ by_a_user, "log.open" },
		{ another_capability, "log.open" },
		{ another_format, "format" },
		{ another_file, "previous" },
		{ another_seq, "previous_seq" },
		{ another_hash, "previous_hash" },
		{ more_bytes, "previous_bytes" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct maker maker;
		struct entry opener = maker_system("log.open");
		struct logfile_open opening;
		struct chain_result result;
		char before[LOGFILE_NAME_SIZE];

		maker_init(&maker);
		maker_open(&maker, MAKER_DAY, 1);
		maker_fill(&maker, 2);
		memcpy(before, maker.file, sizeof(before));
		opening = maker_opening(&maker);
		opening.previous = slice_of(before);
		cases[i].lie(&opener, &opening);
		begin_with(&maker, 2, opener, &opening);
		result = maker_verify(&maker, NULL);
		assert_false(result.is_whole);
		assert_string_equal(result.fault.what, cases[i].what);
		assert_string_equal(result.fault.file, "2026-11-23_02.jsonl");
		assert_int_equal(result.fault.line, 1);
		assert_int_equal(result.entries, 3);
		maker_free(&maker);
	}
}

static void
nothing_stands_before_the_first_entry_of_all(void **state)
{
	struct maker maker;
	struct logfile_open opening;
	struct chain_result result;

	(void)state;
	maker_init(&maker);
	opening = maker_opening(&maker);
	opening.previous = SLICE_LITERAL("2026-11-22.jsonl");
	begin_with(&maker, 1, maker_system("log.open"), &opening);
	result = maker_verify(&maker, NULL);
	assert_false(result.is_whole);
	assert_string_equal(result.fault.what, "previous");
	maker_free(&maker);
}

static void
a_first_line_without_its_request_is_no_log_open(void **state)
{
	struct maker maker;
	struct chain_result result;

	(void)state;
	maker_init(&maker);
	maker_begin(&maker, MAKER_DAY, 1);
	maker_add(&maker, maker_system("log.open"), "");
	result = maker_verify(&maker, NULL);
	assert_false(result.is_whole);
	assert_string_equal(result.fault.what, "log.open");
	maker_free(&maker);
}

/* Zeros can stand in a line whose head is whole. */
static void
a_first_line_with_zeros_in_its_payload_is_torn(void **state)
{
	struct maker maker;
	struct chain_result result;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_patch(&maker, maker.file, maker.bytes - 6, "\0\0", 2);
	result = maker_verify(&maker, NULL);
	assert_true(result.is_whole && result.is_torn);
	assert_int_equal(result.entries, 0);
	assert_int_equal(result.torn_bytes, maker.bytes);
	maker_free(&maker);
}

static void
a_first_line_that_is_none_is_a_fault_whatever_was_asked_for(void **state)
{
	const struct chain_options through = { .through_seq = 1 };
	struct maker maker;
	struct chain_result result;

	(void)state;
	maker_init(&maker);
	maker_begin(&maker, MAKER_DAY, 1);
	maker_patch(&maker, maker.file, 0, "{}\n", 3);
	result = maker_verify(&maker, &through);
	assert_false(result.is_whole);
	assert_string_equal(result.fault.what, "format");
	assert_int_equal(result.fault.seq, 1);
	maker_free(&maker);
}

static void
a_file_with_no_bytes_is_no_file(void **state)
{
	struct maker maker;
	struct logfile_open opening;
	char before[LOGFILE_NAME_SIZE];
	struct chain_result result;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 2);
	memcpy(before, maker.file, sizeof(before));
	opening = maker_opening(&maker);
	opening.previous = slice_of(before);
	maker_begin(&maker, MAKER_DAY, 2);
	begin_with(&maker, 3, maker_system("log.open"), &opening);
	result = maker_verify(&maker, NULL);
	assert_true(result.is_whole);
	assert_false(result.is_torn);
	assert_int_equal(result.entries, 4);
	maker_free(&maker);
}

static void
a_file_of_many_blocks_is_whole(void **state)
{
	struct maker maker;
	struct chain_result result;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	while (maker.bytes < 3 * CHAIN_BLOCK_BYTES)
		maker_fill(&maker, 1);
	result = maker_verify(&maker, NULL);
	assert_true(result.is_whole);
	assert_int_equal(result.entries, maker.seq);
	assert_int_equal(result.bytes, maker.bytes);
	maker_free(&maker);
}

/* --- long lines, long tails ----------------------------------------------- */

static void
a_line_without_end_is_damage_and_not_read_to_its_end(void **state)
{
	cleanup(buf_free) struct buf filling = BUF_INIT;
	struct maker maker;
	struct chain_result result;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 1);
	buf_add_chars(&filling, 'x', 4 * CHAIN_BLOCK_BYTES);
	maker_patch(&maker, maker.file, maker.bytes, filling.data, filling.len);
	result = maker_verify(&maker, NULL);
	/* No newline is there, so it can be the rest of a write. */
	assert_true(result.is_whole && result.is_torn);
	assert_int_equal(result.torn_bytes, filling.len);
	maker_patch(&maker, maker.file, maker.bytes + filling.len, "\n", 1);
	result = maker_verify(&maker, NULL);
	assert_false(result.is_whole);
	assert_int_equal(result.fault.line, 3);
	assert_int_equal(result.fault.offset, maker.bytes);
	assert_in_range(result.bytes, CHAIN_BLOCK_BYTES, 2 * CHAIN_BLOCK_BYTES);
	maker_free(&maker);
}

static void
bytes_without_end_stand_in_place_of_the_entry_expected_there(void **state)
{
	struct maker maker;
	struct chain_result result;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 2);
	maker_patch(&maker, maker.file, maker.bytes, "{", 1);
	result =
	    maker_verify(&maker, &(struct chain_options){ .synced_seq = 4 });
	assert_false(result.is_whole);
	assert_int_equal(result.fault.line, 4);
	assert_int_equal(result.fault.seq, 4);
	maker_free(&maker);
}

static void
a_tail_beyond_the_bound_of_a_write_is_damage(void **state)
{
	struct maker maker;
	struct chain_result result;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	assert_int_equal(
	    ftruncate(maker.fd, (off_t)maker.bytes + CHAIN_TORN_BYTES), 0);
	assert_true(maker_verify(&maker, NULL).is_torn);
	assert_int_equal(
	    ftruncate(maker.fd, (off_t)maker.bytes + CHAIN_TORN_BYTES + 1), 0);
	result = maker_verify(&maker, NULL);
	assert_false(result.is_whole);
	assert_int_equal(result.fault.line, 2);
	maker_free(&maker);
}

/* --- up to a seq ---------------------------------------------------------- */

static void
an_erasure_may_be_vouched_for_behind_what_was_asked(void **state)
{
	struct maker maker;
	struct chain_result result;
	uint64_t offset;
	cleanup(buf_free) struct buf line = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	offset = maker.bytes;
	maker_fill(&maker, 1);
	buf_add_slice(&line, buf_slice(&maker.line)); /* seq 2 */
	maker_fill(&maker, 2);
	maker_add(&maker, maker_system("audit.erase"),
	    ",\"request\":{\"seqs\":[2]}"); /* seq 5 */
	maker_erase(&maker, maker.file, offset, buf_slice(&line), 5);
	result =
	    maker_verify(&maker, &(struct chain_options){ .through_seq = 4 });
	assert_true(result.is_whole);
	assert_int_equal(result.last_seq, 4);
	assert_int_equal(result.erased, 1);
	/* One that names an entry before that has no excuse. */
	maker_erase(&maker, maker.file, offset, buf_slice(&line), 3);
	result =
	    maker_verify(&maker, &(struct chain_options){ .through_seq = 4 });
	assert_false(result.is_whole);
	assert_int_equal(result.fault.seq, 2);
	maker_free(&maker);
}

/* A log whose beginning nobody accounts for is read on for who does; what does
 * not hold there is not the verdict. */
static void
what_does_not_hold_behind_is_not_what_was_asked(void **state)
{
	struct maker maker;
	struct chain_result result;
	cleanup(buf_free) struct buf path = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 1);
	buf_addf(&path, "%s/%s", maker.dir, maker.file);
	maker_open(&maker, MAKER_DAY, 2);
	maker_fill(&maker, 2);
	assert_int_equal(unlink(path.data), 0);
	maker_patch(&maker, maker.file, maker.bytes, "{}\n", 3);
	result =
	    maker_verify(&maker, &(struct chain_options){ .through_seq = 4 });
	assert_false(result.is_whole);
	assert_string_equal(result.fault.what, "log.retention");
	assert_int_equal(result.fault.line, 1);
	maker_free(&maker);
}

/* --- while it is read ----------------------------------------------------- */

/* What somebody does to the folder once `bytes` of it have been read. */
struct meddler {
	struct maker *maker;
	uint64_t at;
	const char *unlinked;
	const char *truncated;
	bool takes_folder; /* which is empty then, too */
	bool is_patient;   /* else the verification is to stop */
	unsigned calls;
};

static bool
meddle(void *context, uint64_t seq, uint64_t bytes, uint64_t total_bytes)
{
	struct meddler *meddler = context;
	cleanup(buf_free) struct buf path = BUF_INIT;

	(void)seq;
	assert_true(bytes <= total_bytes);
	meddler->calls++;
	if (bytes < meddler->at)
		return true;
	if (meddler->unlinked != NULL) {
		buf_addf(
		    &path, "%s/%s", meddler->maker->dir, meddler->unlinked);
		unlink(path.data);
	}
	if (meddler->takes_folder)
		assert_int_equal(rmdir(meddler->maker->dir), 0);
	if (meddler->truncated != NULL) {
		buf_reset(&path);
		buf_addf(
		    &path, "%s/%s", meddler->maker->dir, meddler->truncated);
		assert_int_equal(truncate(path.data, 10), 0);
	}
	return meddler->is_patient;
}

static void
who_asked_can_stop_it(void **state)
{
	struct maker maker;
	struct meddler meddler = { &maker };

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_open(&maker, MAKER_DAY, 2);
	assert_unread(&maker,
	    &(struct chain_options){
		.on_progress = meddle, .context = &meddler },
	    ERROR_BUSY, "stopped");
	assert_int_equal(meddler.calls, 1);
	maker_free(&maker);
}

static void
a_file_that_goes_while_the_log_is_read_is_no_verdict(void **state)
{
	struct maker maker;
	struct meddler meddler = { &maker, .is_patient = true,
		.unlinked = "2026-11-23_02.jsonl" };
	struct chain_options options = { .on_progress = meddle,
		.context = &meddler };

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_open(&maker, MAKER_DAY, 2);
	assert_unread(&maker, &options, ERROR_SYSTEM, "2026-11-23_02.jsonl");
	maker_free(&maker);

	/* Where the one before it may be torn, too. */
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_patch(&maker, maker.file, maker.bytes, "{", 1);
	maker_begin(&maker, MAKER_DAY, 2);
	assert_unread(&maker, &options, ERROR_SYSTEM, "2026-11-23_02.jsonl");
	maker_free(&maker);
}

static void
a_file_that_is_cut_while_the_log_is_read_is_cut(void **state)
{
	struct maker maker;
	struct meddler meddler = { &maker, .is_patient = true,
		.truncated = "2026-11-23_02.jsonl" };
	struct chain_options options = { .on_progress = meddle,
		.context = &meddler };
	struct chain_result result;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_open(&maker, MAKER_DAY, 2);
	result = maker_verify(&maker, &options);
	assert_true(result.is_torn);
	assert_int_equal(result.entries, 1);
	assert_int_equal(result.fault.line, 0);
	maker_free(&maker);
}

/* The entry that a fault is about is looked for again, by its seq. */
static void
a_fault_whose_line_has_gone_is_no_verdict(void **state)
{
	(void)state;
	for (int with_folder = 0; with_folder < 2; with_folder++) {
		struct maker maker;
		struct meddler meddler = { &maker, .is_patient = true,
			.unlinked = "2026-11-23.jsonl",
			.takes_folder = with_folder == 1 };
		struct chain_options options = { .on_progress = meddle,
			.context = &meddler };
		uint64_t offset;
		cleanup(buf_free) struct buf line = BUF_INIT;

		maker_init(&maker);
		maker_open(&maker, MAKER_DAY, 1);
		offset = maker.bytes;
		maker_fill(&maker, 1);
		buf_add_slice(&line, buf_slice(&maker.line)); /* seq 2 */
		maker_fill(&maker, 1);
		maker_erase(&maker, maker.file, offset, buf_slice(&line), 3);
		if (with_folder == 1)
			assert_unread(
			    &maker, &options, ERROR_SYSTEM, maker.dir);
		else
			assert_unread(&maker, &options, ERROR_BUSY,
			    "the log has changed");
		maker_free(&maker);
	}
}

/* --- a disk that cannot be read ------------------------------------------- */

/* Whichever read it is that fails, there is no verdict; or it was the reading
 * of a first line for the list, and the file is read again. */
static void
what_the_disk_does_not_give_is_no_verdict(void **state)
{
	struct maker maker;
	unsigned good = 0, failures = 0, count;
	uint64_t offset;
	cleanup(buf_free) struct buf line = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	offset = maker.bytes;
	maker_fill(&maker, 1);
	buf_add_slice(&line, buf_slice(&maker.line)); /* seq 2 */
	maker_fill(&maker, 1);
	maker_erase(&maker, maker.file, offset, buf_slice(&line), 3);
	maker_open(&maker, MAKER_DAY, 2);
	maker_fill(&maker, 1);
	maker_patch(&maker, maker.file, maker.bytes, "{", 1);
	maker_begin(&maker, MAKER_DAY, 3);
	maker_patch(&maker, maker.file, 0, "{", 1);
	failing_read_begin();
	for (count = 0; good == 0; count++) {
		struct chain_result result;
		struct error err = { 0 };

		failing_read_after = count;
		if (chain_verify(maker.dir, &(struct chain_options){ 0 },
			&result, &err) == -1) {
			assert_int_equal(err.code, ERROR_SYSTEM);
			assert_int_equal(err.errnum, EIO);
			failures++;
		} else {
			/* The payload that nobody vouches for. */
			assert_false(result.is_whole);
			if (!failing_read_has_failed())
				good = count;
		}
	}
	failing_read_end();
	/* Two files, two tails, the line of the fault. */
	assert_true(failures >= 5);
	maker_free(&maker);
}

static void
a_folder_that_is_none_is_no_log(void **state)
{
	struct maker maker;
	struct chain_options options = { 0 };
	struct chain_result result;
	struct error err = { 0 };
	cleanup(buf_free) struct buf path = BUF_INIT;

	(void)state;
	assert_int_equal(
	    chain_verify("/nonexistent/audit", &options, &result, &err), -1);
	assert_int_equal(err.errnum, ENOENT);
	maker_init(&maker);
	buf_addf(&path, "%s/2026-11-23.jsonl", maker.dir);
	assert_int_equal(symlink("/dev/zero", path.data), 0);
	assert_unread(&maker, &options, ERROR_SYSTEM, "2026-11-23.jsonl");
	maker_free(&maker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_line_that_lies_is_told_by_its_field),
		cmocka_unit_test(nothing_stands_before_the_first_entry_of_all),
		cmocka_unit_test(
		    a_first_line_without_its_request_is_no_log_open),
		cmocka_unit_test(
		    a_first_line_with_zeros_in_its_payload_is_torn),
		cmocka_unit_test(
		    a_first_line_that_is_none_is_a_fault_whatever_was_asked_for),
		cmocka_unit_test(a_file_with_no_bytes_is_no_file),
		cmocka_unit_test(a_file_of_many_blocks_is_whole),
		cmocka_unit_test(
		    a_line_without_end_is_damage_and_not_read_to_its_end),
		cmocka_unit_test(
		    bytes_without_end_stand_in_place_of_the_entry_expected_there),
		cmocka_unit_test(a_tail_beyond_the_bound_of_a_write_is_damage),
		cmocka_unit_test(
		    an_erasure_may_be_vouched_for_behind_what_was_asked),
		cmocka_unit_test(
		    what_does_not_hold_behind_is_not_what_was_asked),
		cmocka_unit_test(who_asked_can_stop_it),
		cmocka_unit_test(
		    a_file_that_goes_while_the_log_is_read_is_no_verdict),
		cmocka_unit_test(
		    a_file_that_is_cut_while_the_log_is_read_is_cut),
		cmocka_unit_test(a_fault_whose_line_has_gone_is_no_verdict),
		cmocka_unit_test(what_the_disk_does_not_give_is_no_verdict),
		cmocka_unit_test(a_folder_that_is_none_is_no_log),
	};

	return cmocka_run_group_tests_name(
	    "log/chain_verify", tests, NULL, NULL);
}
