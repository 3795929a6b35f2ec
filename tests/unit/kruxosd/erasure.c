#include "collectors/kruxosd/erasure.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/daemon_rig.h"

#include <limits.h>

struct scene {
	struct rig rig;
	char state_dir[64];
	char state_path[80];
	struct state *state;
	struct erasure *erasure;
	struct json_reader reader;
	struct command_caller caller;
	struct buf answer; /* the last one */
};

static void
open_erasure(struct scene *scene)
{
	struct error err;

	scene->state =
	    state_open(scene->state_path, &scene->rig.clock.clock, &err);
	assert_non_null(scene->state);
	scene->erasure =
	    erasure_new(&scene->rig.model.disk, scene->rig.model.dir,
		scene->rig.model.path, scene->rig.commit, scene->state);
}

static void
close_erasure(struct scene *scene)
{
	erasure_free(scene->erasure);
	scene->erasure = NULL;
	state_close(scene->state);
	scene->state = NULL;
}

static void
on_answer(struct command_caller *caller, struct slice line)
{
	struct scene *scene =
	    (struct scene *)((char *)caller - offsetof(struct scene, caller));

	buf_reset(&scene->answer);
	buf_add_slice(&scene->answer, line);
}

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct error err;

	rig_init(&scene->rig);
	assert_int_equal(rig_start(&scene->rig, &err), 0);
	snprintf(scene->state_dir, sizeof(scene->state_dir),
	    "/tmp/kruxos-state-XXXXXX");
	assert_non_null(mkdtemp(scene->state_dir));
	snprintf(scene->state_path, sizeof(scene->state_path), "%s/state.db",
	    scene->state_dir);
	scene->reader = (struct json_reader)JSON_READER_INIT;
	scene->caller.on_answer = on_answer;
	buf_init(&scene->answer);
	open_erasure(scene);
	rig_commit(&scene->rig, 3); /* 2, 3, 4 */
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	command_abandon(&scene->caller);
	close_erasure(scene);
	rig_free(&scene->rig);
	json_reader_free(&scene->reader);
	buf_free(&scene->answer);
	model_remove_folder(scene->state_dir);
	free(scene);
	return 0;
}

static void
run_erase(void *context, struct command_call *call)
{
	struct scene *scene = context;

	erasure_command(scene->erasure, call);
}

/* Ask for it, as root; what comes of it stands in scene->answer. */
static void
ask(struct scene *scene, const char *args)
{
	static const struct command commands[] = {
		{ "audit.erase", MESSAGE_OWNER, run_erase, erasure_args },
		{ 0 },
	};
	const struct command_table table = { commands, NULL, scene, NULL };
	struct message_peer peer = { .uid = 0,
		.classes = MESSAGE_OWNER,
		.user_name = SLICE_LITERAL("root") };
	struct message message = { .kind = MESSAGE_COMMAND,
		.reader = &scene->reader,
		.verb = SLICE_LITERAL("audit.erase"),
		.id = SLICE_LITERAL("r1") };
	struct error err;

	assert_int_equal(
	    json_reader_read(&scene->reader, slice_of(args), &err), 0);
	message.args = scene->reader.nodes;
	buf_reset(&scene->answer);
	command_start(&table, &message, &peer, &scene->caller);
}

static void
erase_now(struct scene *scene, const char *args)
{
	ask(scene, args);
	commit_flush(scene->rig.commit);
}

/* Is the payload of entry `seq` erased? */
static bool
is_erased(struct scene *scene, uint64_t seq)
{
	struct error err;
	struct cursor *cursor = cursor_open(scene->rig.model.path, &err);
	struct cursor_line line;
	struct entry entry;
	bool erased;

	assert_non_null(cursor);
	assert_int_equal(overwrite_find(cursor, seq, &line, &err), 0);
	assert_int_equal(entry_parse(line.line, &entry, &err), 0);
	erased = entry.erased_by != 0;
	cursor_free(cursor);
	return erased;
}

#define ERASE_2_AND_4 "{\"seqs\":[4,2,4],\"reason\":\"a password\"}"

static void
payloads_go_after_their_entry_is_durable_and_the_chain_stands(void **state)
{
	struct scene *scene = *state;
	struct chain_result result;

	ask(scene, ERASE_2_AND_4);
	assert_int_equal(scene->answer.len, 0);
	assert_false(is_erased(scene, 2));
	commit_flush(scene->rig.commit);
	assert_string_equal(scene->answer.data,
	    "{\"id\":\"r1\",\"ok\":{\"seq\":5,\"erased\":2,"
	    "\"erased_before\":0}}\n");
	assert_true(is_erased(scene, 2));
	assert_false(is_erased(scene, 3));
	assert_true(is_erased(scene, 4));
	result = rig_verify(&scene->rig);
	assert_true(result.is_whole);
	assert_int_equal(result.erased, 2);
}

static void
the_overwriting_is_synced_before_it_is_answered(void **state)
{
	struct scene *scene = *state;

	erase_now(scene, ERASE_2_AND_4);
	close_erasure(scene);
	rig_stop(&scene->rig);
	model_power_cut(&scene->rig.model);
	assert_true(is_erased(scene, 2));
	assert_true(is_erased(scene, 4));
}

static void
what_is_erased_already_is_counted(void **state)
{
	struct scene *scene = *state;

	erase_now(scene, ERASE_2_AND_4);
	erase_now(scene, "{\"seqs\":[2],\"reason\":\"again\"}");
	assert_string_equal(scene->answer.data,
	    "{\"id\":\"r1\",\"ok\":{\"erased\":0,\"erased_before\":1}}\n");
	assert_int_equal(rig_count(&scene->rig, "audit.erase"), 1);
	erase_now(scene, "{\"seqs\":[2,3],\"reason\":\"again\"}");
	assert_string_equal(scene->answer.data,
	    "{\"id\":\"r1\",\"ok\":{\"seq\":6,\"erased\":1,"
	    "\"erased_before\":1}}\n");
	assert_true(rig_verify(&scene->rig).is_whole);
}

static void
while_it_is_held_nothing_is_erased(void **state)
{
	struct scene *scene = *state;
	struct error err;

	erasure_set_held(scene->erasure, true);
	erase_now(scene, ERASE_2_AND_4);
	assert_non_null(strstr(scene->answer.data, "a backup of the log"));
	assert_int_equal(rig_count(&scene->rig, "audit.erase"), 0);
	assert_int_equal(state_add_erasure(scene->state, 5, &err), 0);
	erasure_retry(scene->erasure);
	assert_false(is_erased(scene, 2));
	erasure_set_held(scene->erasure, false);
	erase_now(scene, ERASE_2_AND_4);
	assert_true(is_erased(scene, 2));
}

static void
what_cannot_be_erased_is_refused_and_nothing_is_recorded(void **state)
{
	static const struct {
		const char *args, *answer;
	} cases[] = {
		{ "{\"reason\":\"r\"}",
		    "\"missing_field\",\"field\":\"seqs\"" },
		{ "{\"seqs\":[],\"reason\":\"r\"}",
		    "\"wrong_type\",\"field\":\"seqs\"" },
		{ "{\"seqs\":2,\"reason\":\"r\"}",
		    "\"wrong_type\",\"field\":\"seqs\"" },
		{ "{\"seqs\":[2,\"3\"],\"reason\":\"r\"}",
		    "\"wrong_type\",\"field\":\"seqs\"" },
		{ "{\"seqs\":[0],\"reason\":\"r\"}",
		    "\"wrong_type\",\"field\":\"seqs\"" },
		{ "{\"seqs\":[2]}", "\"missing_field\",\"field\":\"reason\"" },
		{ "{\"seqs\":[2],\"reason\":\"\"}",
		    "\"missing_field\",\"field\":\"reason\"" },
		{ "{\"seqs\":[2],\"reason\":7}",
		    "\"wrong_type\",\"field\":\"reason\"" },
		{ "{\"seqs\":[2,5],\"reason\":\"r\"}",
		    "\"not_found\",\"field\":\"seqs\"" },
		{ "{\"seqs\":[2,1],\"reason\":\"r\"}",
		    "\"not_allowed\",\"field\":\"seqs\"" },
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		erase_now(scene, cases[i].args);
		if (strstr(scene->answer.data, cases[i].answer) == NULL)
			fail_msg("%s: %s", cases[i].args, scene->answer.data);
	}
	assert_false(is_erased(scene, 2));
	assert_int_equal(commit_head(scene->rig.commit)->seq, 4);
}

static void
more_than_a_thousand_at_once_are_refused(void **state)
{
	struct scene *scene = *state;
	cleanup(buf_free) struct buf args = BUF_INIT;

	buf_add_str(&args, "{\"reason\":\"r\",\"seqs\":[2");
	for (int i = 0; i < ERASURE_SEQS; i++)
		buf_add_str(&args, ",2");
	buf_add_str(&args, "]}");
	erase_now(scene, args.data);
	assert_non_null(strstr(scene->answer.data, "too_long"));
}

/* Change the bytes of the log's file at `offset`. */
static void
overwrite(struct scene *scene, off_t offset, const char *bytes)
{
	int fd = openat(
	    scene->rig.model.dir, "2026-11-23.jsonl", O_WRONLY | O_CLOEXEC);

	assert_int_equal(
	    disk_write_all(&disk_system, fd, bytes, strlen(bytes), offset), 0);
	close(fd);
}

static off_t
payload_offset(struct scene *scene, uint64_t seq)
{
	struct error err;
	struct cursor *cursor = cursor_open(scene->rig.model.path, &err);
	struct cursor_line line;
	const char *salt;
	off_t offset;

	assert_int_equal(overwrite_find(cursor, seq, &line, &err), 0);
	salt = memmem(line.line.data, line.line.len, "\"salt\":", 7);
	assert_non_null(salt);
	offset = (off_t)line.offset + (salt - line.line.data);
	cursor_free(cursor);
	return offset;
}

static void
damage_is_not_hidden_by_erasing_it(void **state)
{
	struct scene *scene = *state;

	overwrite(scene, payload_offset(scene, 3) + 9, "ffff");
	erase_now(scene, "{\"seqs\":[3],\"reason\":\"r\"}");
	assert_non_null(strstr(scene->answer.data, "entry 3 is damaged"));
	assert_int_equal(rig_count(&scene->rig, "audit.erase"), 0);
}

static void
copies_of_torn_bytes_lose_their_payloads(void **state)
{
	static const char whole[] =
	    "{\"seq\":9,\"entry_hash\":\""
	    "0000000000000000000000000000000000000000000000000000000000000000"
	    "\",\"salt\":\"00\",\"summary\":\"hunter2\"}\n";
	static const char piece[] = "…summary\":\"hunter2";
	struct scene *scene = *state;
	int dir = scene->rig.model.dir;
	char copy[512];
	ssize_t got;
	int fd;

	assert_int_equal(mkdirat(dir, "torn", 0700), 0);
	fd = openat(dir, "torn/x-1", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(
	    write(fd, whole, sizeof(whole) - 1), sizeof(whole) - 1);
	assert_int_equal(
	    write(fd, piece, sizeof(piece) - 1), sizeof(piece) - 1);
	erase_now(scene, ERASE_2_AND_4);
	got = pread(fd, copy, sizeof(copy), 0);
	close(fd);
	assert_int_equal(got, sizeof(whole) + sizeof(piece) - 2);
	assert_null(memmem(copy, (size_t)got, "hunter2", 7));
	assert_null(memmem(copy, (size_t)got, "salt", 4));
	assert_memory_equal(copy, "{\"seq\":9,", 9);
	assert_int_equal(copy[sizeof(whole) - 2], '\n');
}

/* A batch that the disk refused in one file stands in the next one, under other
 * seqs; what it left must not outlive the erasure. */
static void
what_a_refused_write_left_goes_too(void **state)
{
	struct scene *scene = *state;
	struct rig *rig = &scene->rig;
	static char bytes[1 << 16];
	ssize_t size;
	int fd;

	model_fail(&rig->model, "fdatasync", 1, 2, EIO);
	rig_commit(rig, 1); /* written twice, then into a new file */
	commit_flush(rig->commit);
	fd = openat(rig->model.dir, "2026-11-23.jsonl", O_RDONLY | O_CLOEXEC);
	size = pread(fd, bytes, sizeof(bytes), 0);
	assert_true(size > 0 && bytes[size - 2] == '}');
	erase_now(scene, ERASE_2_AND_4);
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), size);
	close(fd);
	assert_int_equal(bytes[size - 2], ' ');
	assert_int_equal(bytes[size - 1], ' ');
	assert_true(rig_verify(rig).is_whole);
	assert_true(rig_holds_all(rig));
}

/* A file is no shorter because a damaged line says so. */
static void
an_end_that_a_damaged_line_names_is_not_believed(void **state)
{
	struct scene *scene = *state;
	struct rig *rig = &scene->rig;
	static char bytes[1 << 16];
	char *digits;
	ssize_t size;
	int fd;

	rig_advance(rig, USEC_PER_DAY);
	rig_commit(rig, 1);
	fd = openat(rig->model.dir, "2026-11-24.jsonl", O_RDWR | O_CLOEXEC);
	size = pread(fd, bytes, sizeof(bytes) - 1, 0);
	assert_true(size > 0);
	bytes[size] = '\0';
	digits = strstr(bytes, "\"previous_bytes\":");
	assert_non_null(digits);
	digits += strlen("\"previous_bytes\":");
	*digits = (char)(*digits - 1);
	assert_int_equal(pwrite(fd, digits, 1, digits - bytes), 1);
	close(fd);

	erase_now(scene, "{\"seqs\":[2],\"reason\":\"r\"}");
	fd = openat(rig->model.dir, "2026-11-23.jsonl", O_RDONLY | O_CLOEXEC);
	size = pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	assert_int_equal(bytes[size - 2], '}');
}

static void
what_the_disk_refuses_is_noted_and_done_later(void **state)
{
	struct scene *scene = *state;
	uint64_t seqs[STATE_ERASURES];
	size_t count;
	struct error err;

	ask(scene, ERASE_2_AND_4);
	model_fail(&scene->rig.model, "pwrite", 2, 1, EIO); /* 1: the entry */
	commit_flush(scene->rig.commit);
	assert_non_null(strstr(scene->answer.data,
	    "recorded as entry 5, and will be tried again"));
	assert_int_equal(
	    state_read_erasures(scene->state, seqs, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(seqs[0], 5);
	erasure_retry(scene->erasure);
	assert_true(is_erased(scene, 2));
	assert_true(is_erased(scene, 4));
	assert_int_equal(
	    state_read_erasures(scene->state, seqs, &count, &err), 0);
	assert_int_equal(count, 0);
}

static void
a_redo_needs_an_entry_that_may_erase(void **state)
{
	struct scene *scene = *state;
	struct error err;

	assert_int_equal(erasure_redo(scene->erasure, 2, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(erasure_redo(scene->erasure, 77, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

/* From call `nth` on nothing reaches the disk any more; then the power goes.
 * At the next start all of it is erased, or nothing was recorded. */
static bool
is_whole_after_a_cut(struct scene *scene, unsigned long nth)
{
	struct error err;
	bool was_reached;

	ask(scene, ERASE_2_AND_4);
	model_fail(&scene->rig.model, NULL, nth, ULONG_MAX, EIO);
	commit_flush(scene->rig.commit);
	was_reached = scene->rig.model.fail_times < ULONG_MAX;
	command_abandon(&scene->caller);
	close_erasure(scene);
	rig_stop(&scene->rig);
	model_power_cut(&scene->rig.model);
	assert_int_equal(rig_start(&scene->rig, &err), 0);
	assert_int_not_equal(scene->rig.recovery.verdict, RECOVERY_DAMAGED);
	open_erasure(scene);
	if (rig_count(&scene->rig, "audit.erase") == 1) {
		assert_int_equal(scene->rig.recovery.last_batch_seq, 5);
		assert_int_equal(erasure_redo(scene->erasure, 5, &err), 0);
		assert_true(is_erased(scene, 2) && is_erased(scene, 4));
	} else
		assert_false(is_erased(scene, 2) || is_erased(scene, 4));
	assert_true(rig_verify(&scene->rig).is_whole);
	return !was_reached;
}

static void
a_power_cut_at_any_call_leaves_all_or_nothing(void **state)
{
	bool is_done = false;
	unsigned long nth;

	for (nth = 1; !is_done; nth++) {
		is_done = is_whole_after_a_cut(*state, nth);
		teardown(state);
		setup(state);
	}
	assert_true(nth > 5);
}

/* The first page of a payload was written, the rest was not. */
static void
a_payload_half_overwritten_is_finished(void **state)
{
	struct scene *scene = *state;
	struct error err;

	ask(scene, ERASE_2_AND_4);
	model_fail(&scene->rig.model, "pwrite", 2, ULONG_MAX, EIO);
	commit_flush(scene->rig.commit); /* half of it was written */
	model_fail(&scene->rig.model, NULL, 0, 0, 0);
	command_abandon(&scene->caller);
	close_erasure(scene);
	rig_stop(&scene->rig);
	assert_int_equal(rig_start(&scene->rig, &err), 0);
	assert_int_equal(scene->rig.recovery.verdict, RECOVERY_WHOLE);
	open_erasure(scene);
	assert_int_equal(erasure_redo(scene->erasure, 5, &err), 0);
	assert_true(is_erased(scene, 2) && is_erased(scene, 4));
	assert_true(rig_verify(&scene->rig).is_whole);
}

/* The page cache shows a payload as erased; the disk has never had it. */
static void
what_a_sync_dropped_is_overwritten_again(void **state)
{
	struct scene *scene = *state;

	ask(scene, ERASE_2_AND_4);
	model_fail(&scene->rig.model, "fdatasync", 2, 1, EIO);
	commit_flush(scene->rig.commit);
	assert_non_null(strstr(scene->answer.data, "will be tried again"));
	assert_true(is_erased(scene, 2));
	erasure_retry(scene->erasure);
	close_erasure(scene);
	rig_stop(&scene->rig);
	model_power_cut(&scene->rig.model);
	assert_true(is_erased(scene, 2));
	assert_true(is_erased(scene, 4));
}

/* --- by who is signed in -------------------------------------------------- */

static struct accounts_caller signed_in;
static const char *right; /* password */

static int
find_signed_in(void *context, const struct command_call *call,
    struct slice credential, struct accounts_caller *ret_signed_in,
    struct error *err)
{
	(void)context;
	(void)call;
	(void)credential;
	(void)err;
	*ret_signed_in = signed_in;
	return 0;
}

static void
guard(void *context, struct command_call *call, struct slice password,
    erasure_on_guarded done, void *request)
{
	struct error err;

	(void)context;
	(void)call;
	error_set_field(&err, ERROR_NOT_ALLOWED, "password", "wrong");
	done(request, slice_is(password, right) ? NULL : &err);
}

static const char *
ask_signed_in(struct scene *scene, const char *args)
{
	static const struct command commands[] = {
		{ "audit.erase", MESSAGE_ACTOR, run_erase, erasure_args },
		{ 0 },
	};
	const struct command_table table = { commands, find_signed_in, scene,
		NULL };
	struct message_peer peer = { .uid = 33, .classes = MESSAGE_WEB };
	struct message message = { .kind = MESSAGE_COMMAND,
		.reader = &scene->reader,
		.verb = SLICE_LITERAL("audit.erase"),
		.id = SLICE_LITERAL("r1"),
		.credential = SLICE_LITERAL("known") };
	struct error err;

	peer.user_name = SLICE_LITERAL("kruxos-web");
	assert_int_equal(
	    json_reader_read(&scene->reader, slice_of(args), &err), 0);
	message.args = scene->reader.nodes;
	buf_reset(&scene->answer);
	command_start(&table, &message, &peer, &scene->caller);
	commit_flush(scene->rig.commit);
	return scene->answer.data;
}

static void
who_is_signed_in_gives_the_password_again(void **state)
{
	struct scene *scene = *state;

	erasure_set_guard(scene->erasure, guard, NULL);
	right = "right";
	signed_in = (struct accounts_caller){ .via = CREDENTIAL_SESSION,
		.name = "ana",
		.role = ACCOUNT_OPERATOR,
		.scope = ACCOUNT_OPERATE };
	assert_non_null(
	    strstr(ask_signed_in(scene, "{\"seqs\":[2],\"reason\":\"r\"}"),
		"\"missing_field\",\"field\":\"password\""));
	assert_non_null(strstr(
	    ask_signed_in(scene,
		"{\"seqs\":[2],\"reason\":\"r\",\"password\":\"guess\"}"),
	    "\"not_allowed\",\"field\":\"password\""));
	signed_in.via = CREDENTIAL_TOKEN;
	assert_non_null(strstr(
	    ask_signed_in(scene,
		"{\"seqs\":[2],\"reason\":\"r\",\"password\":\"right\"}"),
	    "\"not_allowed\",\"field\":\"do\""));
	assert_false(is_erased(scene, 2));
	signed_in.via = CREDENTIAL_SESSION;
	assert_non_null(strstr(
	    ask_signed_in(scene,
		"{\"seqs\":[2],\"reason\":\"r\",\"password\":\"right\"}"),
	    "\"erased\":1"));
	assert_true(is_erased(scene, 2));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(who_is_signed_in_gives_the_password_again),
		TEST(
		    payloads_go_after_their_entry_is_durable_and_the_chain_stands),
		TEST(the_overwriting_is_synced_before_it_is_answered),
		TEST(what_is_erased_already_is_counted),
		TEST(while_it_is_held_nothing_is_erased),
		TEST(what_cannot_be_erased_is_refused_and_nothing_is_recorded),
		TEST(more_than_a_thousand_at_once_are_refused),
		TEST(damage_is_not_hidden_by_erasing_it),
		TEST(copies_of_torn_bytes_lose_their_payloads),
		TEST(what_a_refused_write_left_goes_too),
		TEST(an_end_that_a_damaged_line_names_is_not_believed),
		TEST(what_the_disk_refuses_is_noted_and_done_later),
		TEST(a_redo_needs_an_entry_that_may_erase),
		TEST(a_power_cut_at_any_call_leaves_all_or_nothing),
		TEST(a_payload_half_overwritten_is_finished),
		TEST(what_a_sync_dropped_is_overwritten_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
