#include "lib/store/outbox.c"

#include "tests/unit/disk_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* What is read of what was written stands in tests/unit/kruxosd/
 * outbox_writer.c; here, how the database is come by. */

static void
make_database(const char *path, const char *body)
{
	cleanup(buf_free) struct buf sql = BUF_INIT;
	struct error err;
	struct database *database = database_open(path, DATABASE_WRITE, &err);

	buf_addf(&sql,
	    "INSERT INTO outbox (channel, group_key, is_repeat, is_test, body, "
	    "created_at, attempts, due_at, delivered_at) VALUES ('ops', 'k', "
	    "0, 0, '%s', 1, 0, 1, 0)",
	    body);
	if (database == NULL ||
	    database_migrate(database, &schema_telemetry, &err) == -1 ||
	    database_run(database, sql.data, &err) == -1)
		fail_msg("%s", err.sentence);
	database_close(database);
}

static void
a_database_is_waited_for_and_found_again(void **state)
{
	char dir[] = "/tmp/kruxos-outbox-XXXXXX", path[64], old[64];
	cleanup(buf_free) struct buf body = BUF_INIT;
	struct outbox_due due;
	struct outbox *outbox;
	struct error err;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/telemetry.db", dir);
	snprintf(old, sizeof(old), "%s/old.db", dir);
	outbox = outbox_open(path);
	assert_int_equal(
	    outbox_next(outbox, slice_of("ops"), 9, &due, &body, &err), -1);
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	make_database(path, "first");
	assert_int_equal(
	    outbox_next(outbox, slice_of("ops"), 9, &due, &body, &err), 1);
	assert_string_equal(body.data, "first");
	assert_int_equal(rename(path, old), 0);
	make_database(path, "second");
	assert_int_equal(
	    outbox_next(outbox, slice_of("ops"), 9, &due, &body, &err), 1);
	assert_string_equal(body.data, "second");
	assert_int_equal(
	    outbox_next(outbox, slice_of("none"), 9, &due, &body, &err), 0);
	outbox_close(outbox);
	model_remove_folder(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_database_is_waited_for_and_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
