#include "collectors/kruxosd/account_keeper.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"
#include "tests/unit/daemon_rig.h"

#include <sqlite3.h>

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define PASSWORD "correct horse battery"

struct scene {
	struct rig rig;
	char dir[64];
	char path[80];
	struct state *state;
	struct state_changer *changer;
	struct account_keeper *keeper;
	struct command_caller caller;
	struct buf answer; /* the last one */
};

static const struct config config = {
	.idle_timeout = 30 * USEC_PER_MIN,
	.absolute_timeout = 12 * USEC_PER_HOUR,
	.link_timeout = 5 * USEC_PER_MIN,
	.attempts_per_minute = 10,
};

static void
on_answer(struct command_caller *caller, struct slice line)
{
	struct scene *scene =
	    (struct scene *)((char *)caller - offsetof(struct scene, caller));

	buf_reset(&scene->answer);
	buf_add_slice(&scene->answer, line);
}

static void
open_keeper(struct scene *scene)
{
	struct error err;

	scene->state = state_open(scene->path, &scene->rig.clock.clock, &err);
	assert_non_null(scene->state);
	scene->changer = state_changer_new(&scene->rig.clock.clock,
	    scene->rig.commit, scene->state, scene->path);
	scene->keeper = account_keeper_new(scene->changer, scene->path, &err);
	assert_non_null(scene->keeper);
	account_keeper_configure(scene->keeper, &config);
}

static void
close_keeper(struct scene *scene)
{
	account_keeper_free(scene->keeper);
	scene->keeper = NULL;
	state_changer_free(scene->changer);
	scene->changer = NULL;
	state_close(scene->state);
	scene->state = NULL;
}

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct error err;

	rig_init(&scene->rig);
	assert_int_equal(rig_start(&scene->rig, &err), 0);
	snprintf(scene->dir, sizeof(scene->dir), "/tmp/kruxos-state-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	snprintf(scene->path, sizeof(scene->path), "%s/state.db", scene->dir);
	scene->caller.on_answer = on_answer;
	buf_init(&scene->answer);
	open_keeper(scene);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	command_abandon(&scene->caller);
	close_keeper(scene);
	rig_free(&scene->rig);
	buf_free(&scene->answer);
	model_remove_folder(scene->dir);
	free(scene);
	return 0;
}

/* --- asking --------------------------------------------------------------- */

static int
identify(void *context, const struct command_call *call,
    struct slice credential, struct accounts_caller *ret_signed_in,
    struct error *err)
{
	struct scene *scene = context;

	(void)call;
	return account_keeper_identify(
	    scene->keeper, credential, ret_signed_in, err);
}

#define RUN(name)                                                        \
	static void run_##name(void *context, struct command_call *call) \
	{                                                                \
		name##_command(((struct scene *)context)->keeper, call); \
	}

RUN(account_set)
RUN(account_link)
RUN(account_sign_in)
RUN(account_renew)
RUN(account_sign_out)
RUN(token_create)

static const struct command commands[] = {
	{ "account.set", MESSAGE_OWNER, run_account_set, account_set_args },
	{ "account.link", MESSAGE_OWNER, run_account_link, account_link_args },
	{ "account.sign_in", MESSAGE_OWNER, run_account_sign_in,
	    account_sign_in_args },
	{ "account.renew", MESSAGE_SIGNED, run_account_renew, NULL },
	{ "account.sign_out", MESSAGE_SESSION, run_account_sign_out,
	    account_sign_out_args },
	{ "token.create", MESSAGE_OWNER | MESSAGE_SESSION, run_token_create,
	    token_create_args },
	{ 0 },
};

/* Ask as root, or by `credential`, and go on until there is an answer. */
static const char *
ask_by(struct scene *scene, const char *verb, const char *args,
    const char *credential)
{
	struct command_table table = { commands, identify, scene, NULL };
	struct message_parser parser = MESSAGE_PARSER_INIT;
	struct message_peer peer = { .classes = MESSAGE_OWNER,
		.user_name = SLICE_LITERAL("root") };
	struct pollfd hashed = { account_keeper_fd(scene->keeper), POLLIN, 0 };
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct message message;
	struct error err;

	buf_addf(&line, "{\"do\":\"%s\",\"id\":\"r\",\"args\":%s", verb, args);
	if (credential != NULL)
		buf_addf(&line, ",\"credential\":\"%s\"", credential);
	buf_add_char(&line, '}');
	buf_reset(&scene->answer);
	assert_int_equal(
	    message_parse(&parser, &peer, 0, buf_slice(&line), &message, &err),
	    0);
	command_start(&table, &message, &peer, &scene->caller);
	message_parser_free(&parser);
	for (;;) {
		commit_flush(scene->rig.commit);
		if (scene->answer.len > 0)
			return scene->answer.data;
		assert_int_equal(poll(&hashed, 1, 60000), 1);
		account_keeper_take(scene->keeper);
	}
}

static const char *
ask(struct scene *scene, const char *verb, const char *args)
{
	return ask_by(scene, verb, args, NULL);
}

/* What the answer says under `key`, for the test's life. */
static char *
said(struct scene *scene, const char *key)
{
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	struct slice line = buf_slice(&scene->answer);
	const struct json_node *ok, *node;
	struct error err;

	line.len--;
	assert_int_equal(json_reader_read(&reader, line, &err), 0);
	ok = json_reader_member(&reader, reader.nodes, "ok");
	if (ok == NULL)
		fail_msg("%s", scene->answer.data);
	node = json_reader_member(&reader, ok, key);
	assert_non_null(node);
	return strndup(node->text.data, node->text.len);
}

static void
assert_fails(struct scene *scene, const char *code)
{
	cleanup(buf_free) struct buf wanted = BUF_INIT;

	buf_addf(&wanted, "\"error\":\"%s\"", code);
	if (strstr(scene->answer.data, wanted.data) == NULL)
		fail_msg("not %s: %s", code, scene->answer.data);
}

static void
make_ana(struct scene *scene)
{
	ask(scene, "account.set",
	    "{\"name\":\"ana\",\"role\":\"operator\",\"password\":\"" PASSWORD
	    "\"}");
	free(said(scene, "name"));
}

#define AS_ANA "{\"name\":\"ana\",\"password\":\"" PASSWORD "\"}"

static char *
sign_ana_in(struct scene *scene)
{
	ask(scene, "account.sign_in", AS_ANA);
	return said(scene, "secret");
}

static bool
is_in(struct scene *scene, const char *secret)
{
	struct accounts_caller found;
	struct error err;

	if (account_keeper_identify(
		scene->keeper, slice_of(secret), &found, &err) == 0)
		return true;
	assert_int_equal(err.code, ERROR_UNAUTHENTICATED);
	return false;
}

static void
tick(struct scene *scene)
{
	account_keeper_tick(scene->keeper);
	state_changer_tick(scene->changer);
	commit_flush(scene->rig.commit);
}

static int64_t
count_rows(struct scene *scene, const char *table)
{
	cleanup(buf_free) struct buf sql = BUF_INIT;
	sqlite3_stmt *row;
	sqlite3 *handle;
	int64_t count;

	buf_addf(&sql, "SELECT count(*) FROM %s", table);
	assert_int_equal(sqlite3_open(scene->path, &handle), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(handle, sql.data, -1, &row, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	count = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	sqlite3_close(handle);
	return count;
}

/* --- time ----------------------------------------------------------------- */

static void
a_session_that_is_not_used_ends_after_half_an_hour(void **state)
{
	struct scene *scene = *state;
	cleanup(cleanup_free) char *secret = NULL;

	make_ana(scene);
	secret = sign_ana_in(scene);
	rig_advance(&scene->rig, 30 * USEC_PER_MIN - 1);
	assert_true(is_in(scene, secret));
	tick(scene);
	assert_int_equal(rig_count(&scene->rig, "account.sign_out"), 0);
	rig_advance(&scene->rig, 1);
	assert_false(is_in(scene, secret)); /* whether or not that was noted */
	tick(scene);
	assert_int_equal(rig_count(&scene->rig, "account.sign_out"), 1);
	assert_int_equal(count_rows(scene, "signed_in"), 0);
	tick(scene);
	assert_int_equal(rig_count(&scene->rig, "account.sign_out"), 1);
}

static void
one_that_is_used_ends_after_twelve_hours(void **state)
{
	struct scene *scene = *state;
	cleanup(cleanup_free) char *secret = NULL;

	make_ana(scene);
	secret = sign_ana_in(scene);
	for (int i = 0; i < 36; i++) {
		assert_true(is_in(scene, secret));
		ask_by(scene, "account.renew", "{}", secret);
		rig_advance(&scene->rig, 20 * USEC_PER_MIN);
	}
	assert_false(is_in(scene, secret));
}

/* Else its end would be as far away as the clock was set back. */
static void
a_clock_that_is_set_back_makes_no_session_last_longer(void **state)
{
	struct scene *scene = *state;
	cleanup(cleanup_free) char *secret = NULL;
	cleanup(cleanup_free) char *idle = NULL;
	cleanup(cleanup_free) char *renewed = NULL;

	make_ana(scene);
	secret = sign_ana_in(scene);
	idle = said(scene, "idle_expires_at");
	scene->rig.clock.realtime -= ACCOUNTS_STEP_BACK;
	assert_true(is_in(scene, secret));
	tick(scene);
	ask_by(scene, "account.renew", "{}", secret);
	renewed = said(scene, "idle_expires_at");
	assert_true(strcmp(renewed, idle) < 0);
	scene->rig.clock.realtime -= 1;
	assert_false(is_in(scene, secret));
	tick(scene);
	assert_int_equal(rig_count(&scene->rig, "account.sign_out"), 1);
	assert_int_equal(count_rows(scene, "signed_in"), 0);
}

static void
using_it_is_noted_once_a_minute(void **state)
{
	struct scene *scene = *state;
	cleanup(cleanup_free) char *secret = NULL;
	cleanup(cleanup_free) char *first = NULL;
	cleanup(cleanup_free) char *second = NULL;
	cleanup(cleanup_free) char *third = NULL;

	make_ana(scene);
	secret = sign_ana_in(scene);
	first = said(scene, "idle_expires_at");
	rig_advance(&scene->rig, USEC_PER_MIN - 1);
	ask_by(scene, "account.renew", "{}", secret);
	second = said(scene, "idle_expires_at");
	assert_string_equal(first, second);
	rig_advance(&scene->rig, 1);
	ask_by(scene, "account.renew", "{}", secret);
	third = said(scene, "idle_expires_at");
	assert_true(strcmp(third, second) > 0);
}

static void
a_link_is_good_for_five_minutes(void **state)
{
	struct scene *scene = *state;
	cleanup(buf_free) struct buf args = BUF_INIT;
	cleanup(cleanup_free) char *link = NULL;

	ask(scene, "account.link", "{\"name\":\"ben\"}");
	link = said(scene, "secret");
	buf_addf(&args, "{\"link\":\"%s\"}", link);
	rig_advance(&scene->rig, 5 * USEC_PER_MIN);
	ask(scene, "account.sign_in", args.data);
	assert_fails(scene, "unauthenticated");
	assert_int_equal(count_rows(scene, "signed_in"), 0);
}

static void
a_new_password_ends_open_links(void **state)
{
	struct scene *scene = *state;
	cleanup(buf_free) struct buf args = BUF_INIT;
	cleanup(cleanup_free) char *link = NULL;

	make_ana(scene);
	ask(scene, "account.link", "{\"name\":\"ana\"}");
	link = said(scene, "secret");
	ask(scene, "account.set",
	    "{\"name\":\"ana\",\"password\":\"another battery staple\"}");
	buf_addf(&args, "{\"link\":\"%s\"}", link);
	ask(scene, "account.sign_in", args.data);
	assert_fails(scene, "unauthenticated");
}

static void
a_token_is_good_until_it_expires(void **state)
{
	struct scene *scene = *state;
	cleanup(cleanup_free) char *token = NULL;

	make_ana(scene);
	ask(scene, "token.create",
	    "{\"account\":\"ana\",\"label\":\"x\",\"scope\":\"read\","
	    "\"expires_in\":\"1h\"}");
	token = said(scene, "token");
	rig_advance(&scene->rig, USEC_PER_HOUR - 1);
	assert_true(is_in(scene, token));
	rig_advance(&scene->rig, 1);
	assert_false(is_in(scene, token));
}

static void
who_failed_too_often_waits_and_may_try_again(void **state)
{
	struct scene *scene = *state;
	static const char wrong[] =
	    "{\"name\":\"ana\",\"password\":\"wrong\",\"address\":\"::1\"}";

	make_ana(scene);
	for (int i = 0; i < 10; i++) {
		ask(scene, "account.sign_in", wrong);
		assert_fails(scene, "unauthenticated");
	}
	ask(scene, "account.sign_in", AS_ANA);
	assert_fails(scene, "too_many");
	assert_non_null(strstr(scene->answer.data, "\"wait\":6"));
	rig_advance(&scene->rig, 6 * USEC_PER_SEC);
	free(sign_ana_in(scene));

	/* Of those that were refused, one entry a minute tells. */
	assert_int_equal(rig_count(&scene->rig, "account.sign_in"), 11);
	tick(scene);
	tick(scene);
	assert_int_equal(rig_count(&scene->rig, "account.sign_in"), 12);
}

/* --- what is not recorded ------------------------------------------------- */

static void
without_a_log_nobody_is_signed_in(void **state)
{
	struct scene *scene = *state;
	struct rig *rig = &scene->rig;

	make_ana(scene);
	model_fail(&rig->model, NULL, 1, ULONG_MAX, EIO);
	rig_commit(rig, 1);
	ask(scene, "account.sign_in", AS_ANA);
	assert_fails(scene, "audit_unavailable");
	ask(scene, "account.set", "{\"name\":\"ben\"}");
	assert_fails(scene, "audit_unavailable");
	assert_int_equal(count_rows(scene, "signed_in"), 0);
	assert_int_equal(count_rows(scene, "account"), 1);
	assert_int_equal(count_rows(scene, "owed_entry"), 0);
}

/* The log fails between the change and its entry: no secret leaves, and the
 * entry comes later. */
static void
a_change_that_the_log_refused_is_recorded_when_it_can_be(void **state)
{
	struct scene *scene = *state;
	struct rig *rig = &scene->rig;

	make_ana(scene);
	model_fail(&rig->model, NULL, 1, ULONG_MAX, EIO);
	ask(scene, "account.sign_in", AS_ANA);
	assert_fails(scene, "audit_unavailable");
	assert_null(strstr(scene->answer.data, "krx_"));
	assert_int_equal(count_rows(scene, "owed_entry"), 1);
	tick(scene);
	assert_int_equal(count_rows(scene, "owed_entry"), 1);

	model_fail(&rig->model, NULL, 0, 0, 0);
	rig_advance(rig, USEC_PER_MIN);
	commit_retry(rig->commit);
	commit_flush(rig->commit);
	tick(scene);
	assert_int_equal(rig_count(rig, "account.sign_in"), 1);
	assert_int_equal(count_rows(scene, "owed_entry"), 0);
}

static void
what_a_daemon_that_ended_has_left_is_recorded_by_the_next(void **state)
{
	struct scene *scene = *state;
	struct state_change change;
	struct account_row row = { .name = "ben", .created_at = 1 };
	struct error err;

	/* All but the posting. */
	assert_int_equal(state_change_begin(scene->changer, &change, &err), 0);
	assert_int_equal(
	    account_create(&change, state_change_own_entry(), &row, &err), 0);
	assert_int_equal(
	    state_writer_commit(scene->keeper->writer, 0, &err), 0);
	close_keeper(scene);

	open_keeper(scene);
	tick(scene);
	assert_int_equal(rig_count(&scene->rig, "account.create"), 1);
	tick(scene);
	assert_int_equal(rig_count(&scene->rig, "account.create"), 1);
	assert_int_equal(count_rows(scene, "owed_entry"), 0);
}

static void
a_change_that_cannot_be_made_is_not_recorded(void **state)
{
	struct scene *scene = *state;
	sqlite3 *other;

	make_ana(scene);
	assert_int_equal(sqlite3_open(scene->path, &other), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
	    SQLITE_OK);
	ask(scene, "account.sign_in", AS_ANA);
	assert_fails(scene, "busy");
	sqlite3_close(other);
	assert_int_equal(rig_count(&scene->rig, "account.sign_in"), 0);
	free(sign_ana_in(scene));
}

/* No file of this process may grow beyond what the database's log has. */
static void
a_full_disk_is_said_and_nobody_is_signed_in(void **state)
{
	struct scene *scene = *state;
	cleanup(buf_free) struct buf path = BUF_INIT;
	struct rlimit before, full;
	struct stat log;

	make_ana(scene);
	buf_addf(&path, "%s-wal", scene->path);
	assert_int_equal(stat(path.data, &log), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	full = before;
	full.rlim_cur = (rlim_t)log.st_size;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	ask(scene, "account.sign_in", AS_ANA);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_fails(scene, "system");
	assert_int_equal(rig_count(&scene->rig, "account.sign_in"), 0);
	assert_int_equal(count_rows(scene, "signed_in"), 0);
	free(sign_ana_in(scene));
}

/* --- a database that is not as it was left -------------------------------- */

static void
a_damaged_database_is_told_to_who_keeps_it(void **state)
{
	struct scene *scene = *state;
	char zeros[4096] = { 0 };
	sqlite3 *other;
	int fd;

	make_ana(scene);
	close_keeper(scene);
	assert_int_equal(sqlite3_open(scene->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "PRAGMA wal_checkpoint(TRUNCATE)",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(other);
	fd = open(scene->path, O_WRONLY | O_CLOEXEC);
	/* All pages but the first two: what state.h reads still holds. */
	open_keeper(scene);
	for (off_t page = 2; page < lseek(fd, 0, SEEK_END) / 4096; page++)
		assert_int_equal(
		    pwrite(fd, zeros, sizeof(zeros), page * 4096), 4096);
	close(fd);
	tick(scene);
	assert_int_equal(state_status(scene->state), STATUS_STATE_LOST);
	/* In the new one there is nobody, until he is made again. */
	ask(scene, "account.sign_in", AS_ANA);
	assert_fails(scene, "unauthenticated");
	make_ana(scene);
	free(sign_ana_in(scene));
}

static void
a_database_that_was_deleted_signs_nobody_in(void **state)
{
	struct scene *scene = *state;
	cleanup(cleanup_free) char *secret = NULL;
	struct accounts_caller found;
	struct error err;

	make_ana(scene);
	secret = sign_ana_in(scene);
	assert_int_equal(unlink(scene->path), 0);
	assert_int_equal(account_keeper_identify(
			     scene->keeper, slice_of(secret), &found, &err),
	    -1);
	assert_int_equal(err.code, ERROR_BUSY);
	ask(scene, "account.set", "{\"name\":\"ben\"}");
	assert_fails(scene, "system");
	state_retry(scene->state);
	assert_false(is_in(scene, secret));
	make_ana(scene);
}

/* --- the end -------------------------------------------------------------- */

static void
who_waits_for_a_hash_is_answered_when_the_daemon_stops(void **state)
{
	struct scene *scene = *state;
	struct command_table table = { commands, identify, scene, NULL };
	struct message_parser parser = MESSAGE_PARSER_INIT;
	struct message_peer peer = { .classes = MESSAGE_OWNER,
		.user_name = SLICE_LITERAL("root") };
	struct message message;
	struct error err;

	assert_int_equal(
	    message_parse(&parser, &peer, 0,
		SLICE_LITERAL("{\"do\":\"account.sign_in\",\"id\":\"r\","
			      "\"args\":" AS_ANA "}"),
		&message, &err),
	    0);
	command_start(&table, &message, &peer, &scene->caller);
	message_parser_free(&parser);
	account_keeper_stop(scene->keeper);
	assert_fails(scene, "busy");
	assert_int_equal(scene->caller.count, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_session_that_is_not_used_ends_after_half_an_hour),
		TEST(one_that_is_used_ends_after_twelve_hours),
		TEST(a_clock_that_is_set_back_makes_no_session_last_longer),
		TEST(using_it_is_noted_once_a_minute),
		TEST(a_link_is_good_for_five_minutes),
		TEST(a_new_password_ends_open_links),
		TEST(a_token_is_good_until_it_expires),
		TEST(who_failed_too_often_waits_and_may_try_again),
		TEST(without_a_log_nobody_is_signed_in),
		TEST(a_change_that_the_log_refused_is_recorded_when_it_can_be),
		TEST(what_a_daemon_that_ended_has_left_is_recorded_by_the_next),
		TEST(a_change_that_cannot_be_made_is_not_recorded),
		TEST(a_full_disk_is_said_and_nobody_is_signed_in),
		TEST(a_damaged_database_is_told_to_who_keeps_it),
		TEST(a_database_that_was_deleted_signs_nobody_in),
		TEST(who_waits_for_a_hash_is_answered_when_the_daemon_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
