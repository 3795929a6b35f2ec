#include "collectors/kruxosd/backup.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/daemon_rig.h"

#include "store/database.h"

#include <poll.h>

struct scene {
	struct rig rig;
	char data_dir[64];
	char state_path[80], telemetry_path[80], copies[80];
	struct backup *backup;
	struct command_caller caller;
	struct buf answer; /* the last one */
	unsigned is_held;  /* so often more than let go */
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
on_hold(void *context, bool is_held)
{
	struct scene *scene = context;

	scene->is_held = is_held;
}

static void
open_backup(struct scene *scene)
{
	struct backup_parts parts = {
		.clock = &scene->rig.clock.clock,
		.commit = scene->rig.commit,
		.writer = scene->rig.writer,
		.data_dir = scene->data_dir,
		.state_file = scene->state_path,
		.telemetry_file = scene->telemetry_path,
		.on_hold = on_hold,
		.context = scene,
	};
	struct error err = { 0 };

	scene->backup = backup_new(&parts, &err);
	assert_non_null(scene->backup);
}

static void
make_database(const char *path)
{
	struct error err = { 0 };
	struct database *database = database_open(path, DATABASE_WRITE, &err);

	assert_non_null(database);
	assert_int_equal(database_run(database, "CREATE TABLE a (x)", &err), 0);
	database_close(database);
}

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct error err;

	rig_init(&scene->rig);
	assert_int_equal(rig_start(&scene->rig, &err), 0);
	rig_commit(&scene->rig, 3); /* 2, 3, 4 */
	snprintf(scene->data_dir, sizeof(scene->data_dir),
	    "/tmp/kruxos-backup-XXXXXX");
	assert_non_null(mkdtemp(scene->data_dir));
	snprintf(scene->state_path, sizeof(scene->state_path), "%s/state.db",
	    scene->data_dir);
	snprintf(scene->telemetry_path, sizeof(scene->telemetry_path),
	    "%s/telemetry.db", scene->data_dir);
	snprintf(
	    scene->copies, sizeof(scene->copies), "%s/backup", scene->data_dir);
	make_database(scene->state_path);
	make_database(scene->telemetry_path);
	scene->caller.on_answer = on_answer;
	buf_init(&scene->answer);
	open_backup(scene);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;
	struct error ignored;

	command_abandon(&scene->caller);
	(void)remove_folder(scene->backup, &ignored);
	backup_free(scene->backup);
	rig_free(&scene->rig);
	buf_free(&scene->answer);
	model_remove_folder(scene->data_dir);
	free(scene);
	return 0;
}

static void
run_backup(void *context, struct command_call *call)
{
	struct scene *scene = context;

	backup_command(scene->backup, call);
}

static void
ask(struct scene *scene)
{
	static const struct command commands[] = {
		{ "audit.backup", MESSAGE_OWNER, run_backup, NULL },
		{ 0 },
	};
	const struct command_table table = { commands, NULL, scene, NULL };
	struct message_peer peer = { .classes = MESSAGE_OWNER,
		.user_name = SLICE_LITERAL("root") };
	struct message message = { .kind = MESSAGE_COMMAND,
		.verb = SLICE_LITERAL("audit.backup"),
		.id = SLICE_LITERAL("r") };

	command_start(&table, &message, &peer, &scene->caller);
}

/* As the loop does, until the thread has ended. */
static void
take_all(struct scene *scene)
{
	while (scene->backup->step == STEP_COPYING) {
		struct pollfd wait = { .fd = backup_fd(scene->backup),
			.events = POLLIN };

		assert_int_equal(poll(&wait, 1, 10000), 1);
		backup_take(scene->backup);
	}
}

static void
make_backup(struct scene *scene)
{
	ask(scene);
	commit_flush(scene->rig.commit);
	take_all(scene);
}

static bool
says(struct scene *scene, const char *words)
{
	return strstr(scene->answer.data, words) != NULL;
}

static bool
is_copied(struct scene *scene, const char *name)
{
	char path[120];

	snprintf(path, sizeof(path), "%s/%s", scene->copies, name);
	return access(path, F_OK) == 0;
}

static void
the_answer_says_where_copies_are_and_how_far_the_log_reaches(void **state)
{
	struct scene *scene = *state;
	char bytes[64];
	struct stat found;

	make_backup(scene);
	assert_true(is_copied(scene, "state.db"));
	assert_true(is_copied(scene, "telemetry.db"));
	assert_int_equal(stat(scene->copies, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0700);
	assert_true(says(scene, "\"ok\":{\"folder\":\"/tmp/kruxos-backup-"));
	assert_true(says(scene, "\"seq\":5,")); /* its own entry */
	assert_true(says(scene, "\"file\":\"2026-11-23.jsonl\""));
	snprintf(bytes, sizeof(bytes), "\"bytes\":%llu}",
	    (unsigned long long)log_writer_bytes(scene->rig.writer));
	assert_true(says(scene, bytes));
	assert_int_equal(rig_count(&scene->rig, "audit.backup"), 1);
}

static void
from_the_command_on_the_log_is_held(void **state)
{
	struct scene *scene = *state;

	assert_false(scene->is_held);
	ask(scene);
	assert_true(scene->is_held);
	commit_flush(scene->rig.commit);
	take_all(scene);
	assert_true(scene->is_held);
}

static void
while_the_folder_is_locked_it_stays(void **state)
{
	struct scene *scene = *state;
	int lock;

	make_backup(scene);
	lock = open(scene->copies, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(lock, LOCK_SH), 0);
	for (int i = 0; i < 10; i++) {
		rig_advance(&scene->rig, USEC_PER_MIN);
		backup_tick(scene->backup);
	}
	assert_true(scene->is_held);
	assert_true(is_copied(scene, "state.db"));
	close(lock);
	backup_tick(scene->backup);
	assert_false(scene->is_held);
	assert_int_equal(access(scene->copies, F_OK), -1);
}

static void
who_never_takes_the_lock_is_waited_for_a_while(void **state)
{
	struct scene *scene = *state;

	make_backup(scene);
	rig_advance(&scene->rig, UNCLAIMED_MAX - USEC_PER_SEC);
	backup_tick(scene->backup);
	assert_true(scene->is_held);
	rig_advance(&scene->rig, USEC_PER_SEC);
	backup_tick(scene->backup);
	assert_false(scene->is_held);
	assert_int_equal(access(scene->copies, F_OK), -1);
}

static void
who_removes_the_folder_need_not_be_waited_for(void **state)
{
	struct scene *scene = *state;
	struct error err;

	make_backup(scene);
	assert_int_equal(remove_folder(scene->backup, &err), 0);
	make_backup(scene);
	assert_true(says(scene, "\"ok\""));
	assert_int_equal(rig_count(&scene->rig, "audit.backup"), 2);
}

static void
one_is_made_at_a_time(void **state)
{
	struct scene *scene = *state;

	make_backup(scene);
	ask(scene);
	assert_true(
	    says(scene, "\"error\":\"busy\"") || says(scene, "another backup"));
	assert_true(scene->is_held);
	assert_int_equal(rig_count(&scene->rig, "audit.backup"), 1);
}

/* What was being read when the daemon was killed is read on. */
static void
a_start_finds_what_the_one_before_has_left(void **state)
{
	struct scene *scene = *state;
	int lock;

	make_backup(scene);
	lock = open(scene->copies, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(lock, LOCK_SH), 0);
	backup_free(scene->backup);
	scene->is_held = 0;
	open_backup(scene);
	assert_true(scene->is_held);
	backup_tick(scene->backup);
	assert_true(scene->is_held);
	close(lock);
	backup_tick(scene->backup);
	assert_false(scene->is_held);
	assert_int_equal(access(scene->copies, F_OK), -1);
}

static void
a_database_that_cannot_be_copied_is_named_and_nothing_is_held(void **state)
{
	struct scene *scene = *state;
	FILE *file = fopen(scene->state_path, "w");
	char wal[96];

	assert_non_null(file);
	/* It has all of it, too. */
	snprintf(wal, sizeof(wal), "%s-wal", scene->state_path);
	unlink(wal);
	for (int i = 0; i < 1000; i++)
		fputs("no database ", file);
	fclose(file);
	make_backup(scene);
	assert_true(says(scene, "state.db"));
	assert_true(says(scene, "\"error\""));
	assert_false(scene->is_held);
	assert_int_equal(access(scene->copies, F_OK), -1);
}

static void
a_database_that_is_not_there_is_left_out(void **state)
{
	struct scene *scene = *state;

	unlink(scene->telemetry_path);
	make_backup(scene);
	assert_true(says(scene, "\"ok\""));
	assert_true(is_copied(scene, "state.db"));
	assert_false(is_copied(scene, "telemetry.db"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(
		    the_answer_says_where_copies_are_and_how_far_the_log_reaches),
		TEST(from_the_command_on_the_log_is_held),
		TEST(while_the_folder_is_locked_it_stays),
		TEST(who_never_takes_the_lock_is_waited_for_a_while),
		TEST(who_removes_the_folder_need_not_be_waited_for),
		TEST(one_is_made_at_a_time),
		TEST(a_start_finds_what_the_one_before_has_left),
		TEST(
		    a_database_that_cannot_be_copied_is_named_and_nothing_is_held),
		TEST(a_database_that_is_not_there_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
