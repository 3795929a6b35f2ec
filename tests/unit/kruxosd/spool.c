#include "collectors/kruxosd/spool.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/test_clock.h"

#define ACCEPTED    "{\"accepted\":1,\"seq\":9,\"line\":1}\n"
#define KNOWN	    "{\"accepted\":1,\"seq\":9,\"line\":1,\"duplicate\":true}\n"
#define REFUSED	    "{\"error\":\"bad_json\",\"line\":1,\"detail\":\"no\"}\n"
#define NOT_NOW	    "{\"error\":\"audit_unavailable\",\"line\":1}\n"
#define TURNED_AWAY "{\"error\":\"busy\",\"line\":0}\n"

/* --- a door that answers each line as it is told to ----------------------- */

static struct {
	const char *answer;   /* to each line; NULL: it closes at once */
	enum error_code code; /* who comes is not let in */
	unsigned turned_away; /* … or only the first so many are not: busy */
	bool is_stranger;     /* whoever is asked about */
	unsigned asked;
	int fd;
	uid_t uid;
	usec_t at;
	struct buf heard;   /* what was said, of all who came */
	struct buf systems; /* what commit_add_system() was given */
} door;

int
ingest_check_owner(const struct ingest *ingest, uid_t uid, struct error *err)
{
	(void)ingest;
	(void)uid;
	door.asked++;
	if (door.is_stranger)
		return error_set(err, ERROR_NOT_ALLOWED, "a stranger");
	return 0;
}

int
ingest_adopt_spooled(
    struct ingest *ingest, int fd, uid_t uid, usec_t at, struct error *err)
{
	(void)ingest;
	if (door.code != ERROR_NONE) {
		close(fd);
		return error_set(err, door.code, "not you");
	}
	if (door.turned_away > 0) {
		door.turned_away--;
		close(fd);
		return error_set(err, ERROR_BUSY, "you are many");
	}
	door.fd = fd;
	door.uid = uid;
	door.at = at;
	return 0;
}

int
commit_add_system(struct commit *commit, const char *capability,
    enum entry_status status, const char *summary, struct slice request,
    const struct commit_waiter *waiter, struct error *err)
{
	(void)commit;
	(void)status;
	(void)summary;
	(void)waiter;
	(void)err;
	buf_addf(&door.systems, "%s %.*s\n", capability, SLICE_ARG(request));
	return 0;
}

/* Read what has come; at its end, it is answered and closed. */
static void
serve(void)
{
	size_t before = door.heard.len;
	ssize_t got = 1;

	if (door.fd == -1)
		return;
	while (got > 0 && door.answer != NULL) {
		buf_reserve(&door.heard, 4096);
		got = recv(door.fd, door.heard.data + door.heard.len, 4096,
		    MSG_DONTWAIT);
		if (got > 0)
			buf_set_len(&door.heard, door.heard.len + (size_t)got);
	}
	if (door.answer != NULL && got != 0)
		return;
	for (size_t i = before; i < door.heard.len; i++)
		if (door.heard.data[i] == '\n' && door.answer[0] != '\0')
			assert_true(send(door.fd, door.answer,
					strlen(door.answer), 0) > 0);
	close(door.fd);
	door.fd = -1;
}

/* --- a folder ------------------------------------------------------------- */

struct fixture {
	char folder[64];
	sd_event *event;
	struct spool *spool;
};

static int
set_up(void **state)
{
	static struct fixture fixture;
	struct spool_parts parts = { .clock = &test_clock };

	snprintf(
	    fixture.folder, sizeof(fixture.folder), "/tmp/kruxos-spool-XXXXXX");
	assert_non_null(mkdtemp(fixture.folder));
	assert_true(sd_event_new(&fixture.event) >= 0);
	parts.event = fixture.event;
	parts.folder = fixture.folder;
	fixture.spool = spool_new(&parts);
	test_now = clock_realtime(&clock_system);
	door.answer = ACCEPTED;
	door.code = ERROR_NONE;
	door.turned_away = door.asked = 0;
	door.is_stranger = false;
	door.uid = 0;
	door.fd = -1;
	*state = &fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	spool_free(fixture->spool);
	sd_event_unref(fixture->event);
	if (door.fd != -1)
		close(door.fd);
	buf_free(&door.heard);
	buf_free(&door.systems);
	assert_int_equal(rmdir(fixture->folder), 0);
	return 0;
}

static void
put(const struct fixture *fixture, const char *name, const char *text)
{
	cleanup(buf_free) struct buf path = BUF_INIT;
	FILE *file;

	buf_addf(&path, "%s/%s", fixture->folder, name);
	file = fopen(path.data, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static bool
is_there(const struct fixture *fixture, const char *name)
{
	cleanup(buf_free) struct buf path = BUF_INIT;

	buf_addf(&path, "%s/%s", fixture->folder, name);
	return access(path.data, F_OK) == 0;
}

static void
remove_file(const struct fixture *fixture, const char *name)
{
	cleanup(buf_free) struct buf path = BUF_INIT;

	buf_addf(&path, "%s/%s", fixture->folder, name);
	assert_int_equal(unlink(path.data), 0);
}

/* Until nothing happens any more. */
static void
run(struct fixture *fixture)
{
	int idle = 0;

	spool_tick(fixture->spool);
	while (idle < 3) {
		serve();
		idle = sd_event_run(fixture->event, 0) > 0 ? 0 : idle + 1;
	}
}

static void
files_are_taken_in_in_the_order_of_their_names(void **state)
{
	struct fixture *fixture = *state;
	cleanup(buf_free) struct buf expected = BUF_INIT;

	put(fixture, "0002-b.ndjson", "two\nthree\n");
	put(fixture, "0001-a.ndjson", "one\n");
	put(fixture, "0003-c.ndjson", "");
	put(fixture, "notes.txt", "stays\n");
	run(fixture);
	assert_string_equal(door.heard.data, "one\ntwo\nthree\n");
	assert_false(is_there(fixture, "0001-a.ndjson"));
	assert_false(is_there(fixture, "0002-b.ndjson"));
	assert_false(is_there(fixture, "0003-c.ndjson"));
	buf_addf(&expected,
	    "ingest.spooled {\"uid\":%lu,\"files\":3,\"entries\":3,"
	    "\"known\":0,\"refused\":0}\n",
	    (unsigned long)geteuid());
	assert_string_equal(door.systems.data, expected.data);
	assert_int_equal(door.uid, geteuid());
	assert_true(door.at <= test_now);
	remove_file(fixture, "notes.txt");
}

static void
what_is_known_or_refused_is_counted(void **state)
{
	struct fixture *fixture = *state;

	/* Empty lines have no answer. */
	door.answer = "";
	put(fixture, "1.ndjson", "\n \r\n");
	run(fixture);
	assert_false(is_there(fixture, "1.ndjson"));

	door.answer = REFUSED;
	put(fixture, "2.ndjson", "x\n");
	run(fixture);
	assert_false(is_there(fixture, "2.ndjson"));
	assert_non_null(strstr(
	    door.systems.data, "\"entries\":0,\"known\":0,\"refused\":1}"));

	door.answer = KNOWN;
	put(fixture, "3.ndjson", "x\n");
	run(fixture);
	assert_false(is_there(fixture, "3.ndjson"));
	assert_non_null(strstr(
	    door.systems.data, "\"entries\":0,\"known\":1,\"refused\":0}"));
}

static void
what_the_log_does_not_take_now_stays_for_later(void **state)
{
	static const char *const answers[] = { NOT_NOW, TURNED_AWAY, NULL };
	struct fixture *fixture = *state;

	put(fixture, "1.ndjson", "x\n");
	for (size_t i = 0; i < 3; i++) {
		door.answer = answers[i];
		run(fixture);
		assert_true(is_there(fixture, "1.ndjson"));
		/* Not at once again. */
		door.answer = ACCEPTED;
		run(fixture);
		assert_true(is_there(fixture, "1.ndjson"));
		test_now += PAUSE;
	}
	run(fixture);
	assert_false(is_there(fixture, "1.ndjson"));
}

static void
who_is_not_let_in_now_waits_and_a_stranger_does_not(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "1.ndjson", "x\n");
	door.code = ERROR_BUSY;
	run(fixture);
	assert_true(is_there(fixture, "1.ndjson"));
	test_now += PAUSE;
	door.code = ERROR_NOT_ALLOWED;
	run(fixture);
	assert_false(is_there(fixture, "1.ndjson"));
	assert_int_equal(door.systems.len, 0);
}

static void
what_is_half_written_goes_after_an_hour(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, ".1.ndjson", "half");
	put(fixture, ".another", "");
	run(fixture);
	assert_true(is_there(fixture, ".1.ndjson"));
	test_now += 2 * HALF_AGE;
	run(fixture);
	assert_false(is_there(fixture, ".1.ndjson"));
	remove_file(fixture, ".another");
}

static void
a_folder_in_which_others_could_remove_files_is_not_read(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "1.ndjson", "x\n");
	assert_int_equal(chmod(fixture->folder, 0777), 0);
	run(fixture);
	assert_true(is_there(fixture, "1.ndjson"));
	assert_int_equal(chmod(fixture->folder, 01733), 0);
	test_now += PAUSE;
	run(fixture);
	assert_false(is_there(fixture, "1.ndjson"));
}

static void
put_many(const struct fixture *fixture, const char *suffix, int count)
{
	for (int i = 0; i < count; i++) {
		cleanup(buf_free) struct buf name = BUF_INIT;

		buf_addf(&name, "%d%s", i, suffix);
		put(fixture, name.data, "x\n");
	}
}

static size_t
count_files(const struct fixture *fixture)
{
	cleanup(cleanup_closedir) DIR *listing = opendir(fixture->folder);
	size_t count = 0;

	assert_non_null(listing);
	while (readdir(listing) != NULL)
		count++;
	return count - 2;
}

static void
a_strangers_files_go_unopened_and_a_few_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	size_t most = TURN_COST / REMOVAL_COST;

	door.is_stranger = true;
	put_many(fixture, ".ndjson", 200);
	spool_tick(fixture->spool);
	assert_in_range(count_files(fixture), 200 - most, 199);
	assert_true(sd_event_run(fixture->event, 0) > 0);
	assert_in_range(count_files(fixture), 200 - 2 * most, 199 - most / 2);
	run(fixture);
	assert_int_equal(count_files(fixture), 0);
	assert_int_equal(door.asked, 1);
	assert_int_equal(door.heard.len, 0);
}

static void
foreign_names_are_read_a_few_at_a_time_and_block_nothing(void **state)
{
	struct fixture *fixture = *state;
	int foreign = TURN_COST + 100;

	put_many(fixture, ".txt", foreign);
	put(fixture, "1.ndjson", "one\n");
	put(fixture, "2.ndjson", "two\n");
	spool_tick(fixture->spool);
	assert_true(fixture->spool->is_looking);
	assert_in_range(fixture->spool->seen, 1, TURN_COST);
	/* As if there were so many: what is left is for the next look. */
	fixture->spool->seen = NAMES;
	run(fixture);
	assert_false(fixture->spool->is_looking);
	assert_non_null(fixture->spool->listing);
	run(fixture);
	assert_null(fixture->spool->listing);
	assert_int_equal(count_files(fixture), foreign);
	assert_int_equal(door.heard.len, 8);
	for (int i = 0; i < foreign; i++) {
		cleanup(buf_free) struct buf name = BUF_INIT;

		buf_addf(&name, "%d.txt", i);
		remove_file(fixture, name.data);
	}
}

static void
give_away(const struct fixture *fixture, const char *name, uid_t uid)
{
	cleanup(buf_free) struct buf path = BUF_INIT;

	buf_addf(&path, "%s/%s", fixture->folder, name);
	assert_int_equal(chown(path.data, uid, (gid_t)-1), 0);
}

static void
who_has_all_his_connections_holds_up_nobody_else(void **state)
{
	struct fixture *fixture = *state;

	if (geteuid() != 0)
		skip();
	put(fixture, "0.ndjson", "his first\n");
	put(fixture, "1.ndjson", "hers\n");
	put(fixture, "2.ndjson", "his second\n");
	give_away(fixture, "0.ndjson", 54321);
	give_away(fixture, "2.ndjson", 54321);
	door.turned_away = 1;
	run(fixture);
	assert_string_equal(door.heard.data, "hers\n");
	assert_true(is_there(fixture, "0.ndjson"));
	assert_true(is_there(fixture, "2.ndjson"));
	test_now += PAUSE;
	run(fixture);
	assert_string_equal(door.heard.data, "hers\nhis first\nhis second\n");
}

static void
whose_file_gets_no_answers_holds_up_nobody_else(void **state)
{
	struct fixture *fixture = *state;

	if (geteuid() != 0)
		skip();
	put(fixture, "0.ndjson", "his\n");
	put(fixture, "1.ndjson", "hers\n");
	give_away(fixture, "0.ndjson", 54321);
	door.answer = TURNED_AWAY;
	spool_tick(fixture->spool);
	while (door.fd == -1)
		assert_true(sd_event_run(fixture->event, 0) > 0);
	while (door.fd != -1) {
		assert_true(sd_event_run(fixture->event, 0) >= 0);
		serve();
	}
	door.answer = ACCEPTED;
	run(fixture);
	assert_true(is_there(fixture, "0.ndjson"));
	assert_false(is_there(fixture, "1.ndjson"));
	remove_file(fixture, "0.ndjson");
}

static void
a_file_that_is_anothers_by_now_waits_to_be_judged(void **state)
{
	struct fixture *fixture = *state;
	struct name name = { .text = (char[]){ "1.ndjson" },
		.uid = geteuid() + 1 };
	int dir = open(fixture->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error err = { 0 };
	struct stat st;

	put(fixture, "1.ndjson", "x\n");
	assert_int_equal(
	    read_file(dir, &name, &st, &fixture->spool->text, &err), -1);
	assert_true(is_gone(&err));
	close(dir);
	run(fixture);
	assert_false(is_there(fixture, "1.ndjson"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(files_are_taken_in_in_the_order_of_their_names),
		TEST(what_is_known_or_refused_is_counted),
		TEST(what_the_log_does_not_take_now_stays_for_later),
		TEST(who_is_not_let_in_now_waits_and_a_stranger_does_not),
		TEST(what_is_half_written_goes_after_an_hour),
		TEST(a_folder_in_which_others_could_remove_files_is_not_read),
		TEST(a_strangers_files_go_unopened_and_a_few_at_a_time),
		TEST(foreign_names_are_read_a_few_at_a_time_and_block_nothing),
		TEST(who_has_all_his_connections_holds_up_nobody_else),
		TEST(whose_file_gets_no_answers_holds_up_nobody_else),
		TEST(a_file_that_is_anothers_by_now_waits_to_be_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
