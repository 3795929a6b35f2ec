#include "collectors/kruxosd/recovery.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/daemon_rig.h"

#include <limits.h>

static int
setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	rig_init(rig);
	*state = rig;
	return 0;
}

static int
teardown(void **state)
{
	rig_free(*state);
	free(*state);
	return 0;
}

static void
start(struct rig *rig)
{
	struct error err = { 0 };

	if (rig_start(rig, &err) == -1)
		fail_msg("%s", err.sentence);
}

/* The bytes of a file in the folder. */
static void
read_file(struct rig *rig, const char *name, struct buf *out)
{
	cleanup(cleanup_close) int fd =
	    openat(rig->model.dir, name, O_RDONLY | O_CLOEXEC);
	struct stat st;

	assert_true(fd != -1 && fstat(fd, &st) == 0);
	buf_reset(out);
	buf_reserve(out, (size_t)st.st_size);
	assert_int_equal(
	    disk_read_all(&disk_system, fd, out->data, (size_t)st.st_size, 0),
	    st.st_size);
	buf_set_len(out, (size_t)st.st_size);
}

static void
write_file(struct rig *rig, const char *name, struct slice bytes)
{
	cleanup(cleanup_close) int fd = openat(rig->model.dir, name,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	assert_true(fd != -1);
	assert_int_equal(
	    disk_write_all(&disk_system, fd, bytes.data, bytes.len, 0), 0);
}

/* The log as it was when `added` entries had been taken, and nobody told. */
static void
back_to(struct rig *rig, uint64_t added)
{
	rig->added = added;
	rig->told = 0;
	model_forget(&rig->model);
}

static bool
file_exists(struct rig *rig, const char *name)
{
	return faccessat(rig->model.dir, name, F_OK, 0) == 0;
}

#define FIRST  "2026-11-23.jsonl"
#define SECOND "2026-11-23_02.jsonl"

/* A log of three batches, of 2, 3 and `last` entries (seqs from 2 on), read
 * into `ret_bytes`; `ret_third` is where the last batch begins. */
static void
make_log(
    struct rig *rig, unsigned last, struct buf *ret_bytes, size_t *ret_third)
{
	start(rig);
	rig_commit(rig, 2);
	rig_commit(rig, 3);
	*ret_third = (size_t)log_writer_bytes(rig->writer);
	rig_commit(rig, last);
	rig_stop(rig);
	read_file(rig, FIRST, ret_bytes);
	rig->known = (struct recovery_known){ 0 };
}

/* Go on: one more batch; then a start that finds nothing to do. */
static void
goes_on(struct rig *rig)
{
	rig_commit(rig, 1);
	assert_int_not_equal(rig->seq_of[rig->added - 1], 0);
	rig_stop(rig);
	rig->known = (struct recovery_known){ 0 };
	start(rig);
	assert_int_equal(rig->recovery.verdict, RECOVERY_WHOLE);
}

static void
an_empty_folder_starts_a_new_log(void **state)
{
	struct rig *rig = *state;

	start(rig);
	assert_int_equal(rig->recovery.verdict, RECOVERY_WHOLE);
	assert_int_equal(rig->recovery.head.seq, 0);
	goes_on(rig);
	assert_int_equal(rig->seq_of[0], 2);
}

static void
a_whole_log_goes_on_in_its_file(void **state)
{
	struct rig *rig = *state;
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	size_t third;

	make_log(rig, 2, &bytes, &third);
	start(rig);
	assert_int_equal(rig->recovery.verdict, RECOVERY_WHOLE);
	assert_int_equal(rig->recovery.head.seq, 8);
	assert_int_equal(rig->recovery.last_batch_seq, 7);
	goes_on(rig);
	assert_false(file_exists(rig, SECOND));
	assert_int_equal(rig_verify(rig).entries, 9);
}

/* The last batch cut at any byte: what is whole of it stays, the rest is kept
 * and cut. */
static void
a_last_batch_torn_at_any_byte_is_cut_and_kept(void **state)
{
	struct rig *rig = *state;
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	cleanup(buf_free) struct buf kept = BUF_INIT;
	size_t third;

	make_log(rig, 2, &bytes, &third);
	for (size_t cut = third; cut <= bytes.len; cut++) {
		size_t good = cut;
		bool is_torn;

		while (bytes.data[good - 1] != '\n')
			good--;
		is_torn = good < cut;
		write_file(rig, FIRST, (struct slice){ bytes.data, cut });
		back_to(rig, 7);
		start(rig);
		assert_int_equal(rig->recovery.verdict,
		    is_torn ? RECOVERY_TORN : RECOVERY_WHOLE);
		assert_int_equal(
		    rig_count(rig, "log.recovered"), is_torn ? 1 : 0);
		if (is_torn) {
			assert_int_equal(rig->recovery.offset, good);
			read_file(rig, rig->recovery.kept, &kept);
			assert_int_equal(kept.len, cut - good);
			assert_memory_equal(
			    kept.data, bytes.data + good, kept.len);
		}
		assert_true(rig_verify(rig).is_whole);
		goes_on(rig);
		rig_stop(rig);
		model_empty_folder(rig->model.dir, "torn");
	}
}

/* Pages of the last batch that never reached the disk: zeros in its midst, and
 * whole lines of it behind them. */
static void
a_hole_in_the_last_batch_is_a_torn_tail(void **state)
{
	struct rig *rig = *state;
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	size_t third;

	make_log(rig, 40, &bytes, &third);
	for (size_t from = third; from + 512 < bytes.len; from += 512) {
		cleanup(buf_free) struct buf holed = BUF_INIT;

		buf_add(&holed, bytes.data, bytes.len);
		memset(holed.data + from, 0, 512);
		write_file(rig, FIRST, buf_slice(&holed));
		back_to(rig, 45);
		start(rig);
		assert_int_equal(rig->recovery.verdict, RECOVERY_TORN);
		assert_true(rig->recovery.offset <= from);
		assert_true(rig_verify(rig).is_whole);
		goes_on(rig);
		rig_stop(rig);
	}
}

/* A byte changed in a batch that others follow. */
static void
a_bad_line_before_the_last_batch_but_one_is_damage(void **state)
{
	struct rig *rig = *state;
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	cleanup(buf_free) struct buf now = BUF_INIT;
	struct chain_result result;
	size_t third, at;

	make_log(rig, 2, &bytes, &third);
	at = (size_t)((char *)memmem(bytes.data, bytes.len, "exit 0", 6) -
		      bytes.data);
	bytes.data[at] = 'X';
	write_file(rig, FIRST, buf_slice(&bytes));
	start(rig);
	assert_int_equal(rig->recovery.verdict, RECOVERY_DAMAGED);
	assert_int_equal(rig->recovery.head.seq, 8);
	rig_commit(rig, 1);
	assert_int_equal(rig->seq_of[7], 11); /* log.open, log.damaged */
	assert_int_equal(rig_count(rig, "log.damaged"), 1);
	read_file(rig, FIRST, &now);
	assert_int_equal(now.len, bytes.len);
	assert_memory_equal(now.data, bytes.data, now.len);
	result = rig_verify(rig);
	assert_false(result.is_whole);
	assert_int_equal(result.fault.seq, 2);
	assert_string_equal(result.fault.what, "payload_hash");
}

static void
a_bad_line_that_is_known_as_durable_is_damage(void **state)
{
	struct rig *rig = *state;
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	size_t third;

	make_log(rig, 2, &bytes, &third);
	memset(bytes.data + third + 20, 'X', 8);
	write_file(rig, FIRST, buf_slice(&bytes));
	rig->known.seq = 7; /* of 8 */
	memset(rig->known.hash, 7, SHA256_BYTES);
	start(rig);
	assert_int_equal(rig->recovery.verdict, RECOVERY_DAMAGED);
	/* 8 is a whole line, behind the bad one. */
	assert_int_equal(rig->recovery.head.seq, 8);
	assert_false(rig_verify(rig).is_whole);
	assert_true(file_exists(rig, SECOND));
}

static void
where_no_whole_line_is_left_what_is_known_goes_on(void **state)
{
	struct rig *rig = *state;
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	size_t third;

	make_log(rig, 2, &bytes, &third);
	memset(bytes.data, 'X', bytes.len);
	write_file(rig, FIRST, buf_slice(&bytes));
	rig->known.seq = 8;
	memset(rig->known.hash, 7, SHA256_BYTES);
	start(rig);
	assert_int_equal(rig->recovery.verdict, RECOVERY_DAMAGED);
	assert_int_equal(rig->recovery.head.seq, 8);
	rig_commit(rig, 1);
	assert_int_equal(rig->seq_of[7], 11);
	assert_false(rig_verify(rig).is_whole);
}

static void
entries_that_were_durable_and_are_gone_are_damage(void **state)
{
	struct rig *rig = *state;
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	size_t third;

	make_log(rig, 2, &bytes, &third);
	write_file(rig, FIRST, (struct slice){ bytes.data, third });
	rig->known.seq = 8;
	memset(rig->known.hash, 7, SHA256_BYTES);
	start(rig);
	assert_int_equal(rig->recovery.verdict, RECOVERY_DAMAGED);
	assert_string_equal(rig->recovery.sentence,
	    "the entries 7 to 8, once durable, are missing");
	rig_commit(rig, 1);
	/* 7 and 8 are never given to others. */
	assert_int_equal(rig->seq_of[7], 11);
	assert_false(rig_verify(rig).is_whole);
}

static void
a_log_that_is_gone_altogether_is_damage(void **state)
{
	struct rig *rig = *state;

	rig->known.seq = 8;
	start(rig);
	assert_int_equal(rig->recovery.verdict, RECOVERY_DAMAGED);
	rig_commit(rig, 1);
	assert_int_equal(rig->seq_of[0], 11);
	assert_false(rig_verify(rig).is_whole);
}

static void
a_new_file_without_a_whole_line_goes_and_the_one_before_it_goes_on(void **state)
{
	struct rig *rig = *state;
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	size_t third;

	make_log(rig, 2, &bytes, &third);
	for (size_t cut = 0; cut < 300; cut += 50) {
		write_file(rig, SECOND, (struct slice){ bytes.data, cut });
		back_to(rig, 7);
		start(rig);
		assert_int_equal(rig->recovery.verdict,
		    cut == 0 ? RECOVERY_WHOLE : RECOVERY_TORN);
		assert_false(file_exists(rig, SECOND));
		goes_on(rig);
		assert_true(rig_verify(rig).is_whole);
		rig_stop(rig);
	}
}

static void
damage_in_the_midst_of_a_large_file_is_left_to_the_verifier(void **state)
{
	struct rig *rig = *state;
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct error err;

	start(rig);
	buf_add_str(&request, "{\"text\":\"");
	buf_add_chars(&request, 'x', 60000);
	buf_add_str(&request, "\"}");
	for (int i = 0; i < 100; i++) {
		struct entry entry = maker_entry();

		rig_advance(rig, USEC_PER_SEC);
		assert_int_equal(commit_add_json(rig->commit, &entry, NULL,
				     buf_slice(&request), NULL, NULL, &err),
		    0);
		commit_flush(rig->commit);
	}
	rig_stop(rig);
	read_file(rig, FIRST, &bytes);
	bytes.data[1000] ^= 1;
	write_file(rig, FIRST, buf_slice(&bytes));
	start(rig);
	assert_int_equal(rig->recovery.verdict, RECOVERY_WHOLE);
	assert_int_equal(rig->recovery.head.seq, 101);
}

/* --- a payload that is half erased -------------------------------------- */

static void
commit_eraser(struct rig *rig, const char *seqs)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct error err;

	buf_addf(&request, "{\"seqs\":[%s],\"reason\":\"a secret\"}", seqs);
	rig_advance(rig, USEC_PER_SEC);
	assert_int_equal(
	    commit_add_system(rig->commit, "audit.erase", ENTRY_SUCCESS, NULL,
		buf_slice(&request), NULL, &err),
	    0);
	commit_flush(rig->commit);
}

static void
a_payload_half_erased_is_no_damage(void **state)
{
	struct rig *rig = *state;
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	size_t third, at;
	char *payload;

	make_log(rig, 2, &bytes, &third);
	start(rig);
	commit_eraser(rig, "2,7");
	rig_stop(rig);
	read_file(rig, FIRST, &bytes);
	payload = memmem(bytes.data, bytes.len, "\"salt\":", 7); /* of 1 */
	payload = memmem(payload + 1, 4000, "\"salt\":", 7);	 /* of 2 */
	at = (size_t)(payload - bytes.data);
	memset(bytes.data + at, ' ', 40);
	write_file(rig, FIRST, buf_slice(&bytes));
	start(rig);
	assert_int_equal(rig->recovery.verdict, RECOVERY_WHOLE);
	assert_int_equal(rig->recovery.head.seq, 9);
	assert_int_equal(rig->recovery.last_batch_seq, 9);
	rig_stop(rig);
	/* One that no entry names is damage. */
	payload = memmem(bytes.data + at, 4000, "\"salt\":", 7); /* of 3 */
	memset(payload, ' ', 40);
	write_file(rig, FIRST, buf_slice(&bytes));
	start(rig);
	assert_int_equal(rig->recovery.verdict, RECOVERY_DAMAGED);
}

/* --- a disk that fails meanwhile ---------------------------------------- */

/* Whatever call fails while a torn tail is mended, either the start fails and
 * another one mends it, or the log goes on and verifies. */
static void
a_recovery_that_fails_is_done_by_the_next_one(void **state)
{
	struct rig *rig = *state;
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	size_t third, cut;
	unsigned failed_starts = 0;
	bool failed = true;

	make_log(rig, 2, &bytes, &third);
	cut = bytes.len - 10;
	for (unsigned long nth = 1; failed; nth++) {
		struct error err;

		model_empty_folder(rig->model.dir, "torn");
		unlinkat(rig->model.dir, SECOND, 0);
		write_file(rig, FIRST, (struct slice){ bytes.data, cut });
		back_to(rig, 7);
		model_fail(&rig->model, NULL, nth, 1, EIO);
		if (rig_start(rig, &err) == -1) {
			failed_starts++;
			rig_stop(rig);
			start(rig);
		}
		failed = rig->model.fail_in == 0;
		model_fail(&rig->model, NULL, 0, 0, 0);
		assert_int_not_equal(rig->recovery.verdict, RECOVERY_DAMAGED);
		rig_commit(rig, 1);
		assert_int_not_equal(rig->seq_of[7], 0);
		assert_true(rig_verify(rig).is_whole);
		rig_stop(rig);
		start(rig);
		assert_int_equal(rig->recovery.verdict, RECOVERY_WHOLE);
		rig_stop(rig);
	}
	assert_true(failed_starts > 0);
}

/* Who had no answer sends again, and what is in the log counts. */
static void
answer_again(struct rig *rig)
{
	struct error err;
	struct cursor *cursor = cursor_open(rig->model.path, &err);
	uint64_t head = commit_head(rig->commit)->seq;
	struct cursor_line line;

	assert_non_null(cursor);
	while (cursor_next(cursor, head, &line, &err) == 1) {
		struct entry entry;

		if (entry_parse(line.line, &entry, &err) == 0 &&
		    entry.call_id.len > 5) {
			char call[32];

			snprintf(call, sizeof(call), "%.*s",
			    SLICE_ARG(entry.call_id));
			rig->seq_of[strtoul(call + 5, NULL, 10)] = line.seq;
		}
	}
	cursor_free(cursor);
}

/* One life: batches of any size on a disk whose calls fail every now and then;
 * at some call nothing works any more. */
static void
live(struct rig *rig, unsigned *seed)
{
	unsigned batches = 1 + (unsigned)rand_r(seed) % 12;
	struct error err;

	rig->model.chaos = (unsigned)rand_r(seed) % 60;
	if (rig_start(rig, &err) == -1)
		return;
	answer_again(rig);
	for (unsigned i = 0; i < batches; i++) {
		rig_commit(rig, 1 + (unsigned)rand_r(seed) % 20);
		if (rand_r(seed) % 8 == 0)
			rig_advance(rig, USEC_PER_DAY);
		rig_advance(rig, USEC_PER_MIN);
		commit_retry(rig->commit);
	}
	model_fail(&rig->model, NULL, 1 + (unsigned long)rand_r(seed) % 4,
	    ULONG_MAX, EIO);
	rig_commit(rig, 1 + (unsigned)rand_r(seed) % 40);
	rig_commit(rig, 1);
}

/* The daemon is killed: its files are as it left them, in memory. Or the power
 * goes, with any part of what was not synced on the disk. */
static void
end_of_life(struct rig *rig, bool is_power_cut)
{
	rig_stop(rig);
	rig->model.chaos = 0;
	model_fail(&rig->model, NULL, 0, 0, 0);
	if (is_power_cut)
		model_power_cut(&rig->model);
	rig->told = 0;
}

static void
whatever_part_of_what_was_not_synced_is_there_nothing_is_lost(void **state)
{
	unsigned torn = 0;

	for (unsigned run = 1; run <= 1000; run++) {
		struct rig *rig = *state;
		unsigned seed = run;

		rig->model.chance = run;
		for (int life = 0; life < 3; life++) {
			live(rig, &seed);
			end_of_life(rig, rand_r(&seed) % 2 == 0);
		}
		end_of_life(rig, true);
		start(rig);
		torn += rig->recovery.verdict == RECOVERY_TORN;
		if (rig->recovery.verdict == RECOVERY_DAMAGED)
			fail_msg("run %u: %s", run, rig->recovery.sentence);
		goes_on(rig);
		if (!rig_holds_all(rig) || !rig_verify(rig).is_whole)
			fail_msg("run %u: %s: %s", run,
			    rig_verify(rig).fault.file,
			    rig_verify(rig).fault.what);
		teardown(state);
		setup(state);
	}
	assert_true(torn > 100);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_empty_folder_starts_a_new_log),
		TEST(a_whole_log_goes_on_in_its_file),
		TEST(a_last_batch_torn_at_any_byte_is_cut_and_kept),
		TEST(a_hole_in_the_last_batch_is_a_torn_tail),
		TEST(a_bad_line_before_the_last_batch_but_one_is_damage),
		TEST(a_bad_line_that_is_known_as_durable_is_damage),
		TEST(where_no_whole_line_is_left_what_is_known_goes_on),
		TEST(entries_that_were_durable_and_are_gone_are_damage),
		TEST(a_log_that_is_gone_altogether_is_damage),
		TEST(
		    a_new_file_without_a_whole_line_goes_and_the_one_before_it_goes_on),
		TEST(
		    damage_in_the_midst_of_a_large_file_is_left_to_the_verifier),
		TEST(a_payload_half_erased_is_no_damage),
		TEST(a_recovery_that_fails_is_done_by_the_next_one),
		TEST(
		    whatever_part_of_what_was_not_synced_is_there_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
