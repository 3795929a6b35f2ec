#include "lib/door/door.c"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LINE	     SLICE_LITERAL("{\"an\":\"entry\"}")
#define PATIENCE     (10 * USEC_PER_SEC)

/* --- a daemon that does what the test says --------------------------------
 *
 * It takes one connection, reads `expect_lines` lines, says `answer`, and so
 * on; then it closes, or (`stays`) waits until the client does. */

struct act {
	unsigned expect_lines;
	const char *answer;
};

struct fake {
	char dir[32];
	char path[64];
	int listener;
	pthread_t thread;
	struct act acts[8];
	bool stays;
	struct buf heard;
};

static bool
hear_byte(struct fake *fake, int fd, char *ret)
{
	if (read(fd, ret, 1) != 1)
		return false;
	buf_add_char(&fake->heard, *ret);
	return true;
}

static bool
hear_lines(struct fake *fake, int fd, unsigned count)
{
	char byte;

	while (count > 0) {
		if (!hear_byte(fake, fd, &byte))
			return false;
		count -= byte == '\n';
	}
	return true;
}

static void *
fake_run(void *context)
{
	struct fake *fake = context;
	int fd = accept(fake->listener, NULL, NULL);
	char byte;

	for (const struct act *act = fake->acts; act->answer != NULL; act++) {
		if (!hear_lines(fake, fd, act->expect_lines))
			break;
		if (write(fd, act->answer, strlen(act->answer)) == -1)
			break;
	}
	while (fake->stays && hear_byte(fake, fd, &byte))
		;
	close(fd);
	return NULL;
}

static void
fake_listen(struct fake *fake)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(fake->dir, sizeof(fake->dir), "/tmp/door-XXXXXX");
	assert_non_null(mkdtemp(fake->dir));
	snprintf(fake->path, sizeof(fake->path), "%s/sock", fake->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", fake->path);
	fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    bind(fake->listener, (struct sockaddr *)&address, sizeof(address)),
	    0);
	assert_int_equal(listen(fake->listener, 1), 0);
	buf_init(&fake->heard);
}

static void
fake_start(struct fake *fake)
{
	fake_listen(fake);
	assert_int_equal(
	    pthread_create(&fake->thread, NULL, fake_run, fake), 0);
}

static void
fake_remove(struct fake *fake)
{
	close(fake->listener);
	unlink(fake->path);
	rmdir(fake->dir);
	buf_free(&fake->heard);
}

static void
fake_end(struct fake *fake)
{
	pthread_join(fake->thread, NULL);
	fake_remove(fake);
}

/* --- what the client hears ------------------------------------------------ */

struct hearing {
	struct buf text; /* "1=41 2=42 3:bad_json 4=7d " */
	double progress;
};

static void
on_outcome(void *context, const struct door_outcome *outcome)
{
	struct hearing *hearing = context;

	if (outcome->error != NULL)
		buf_addf(&hearing->text, "%llu:%s ",
		    (unsigned long long)outcome->line,
		    error_code_name(outcome->error->code));
	else
		buf_addf(&hearing->text, "%llu=%llu%s ",
		    (unsigned long long)outcome->line,
		    (unsigned long long)outcome->seq,
		    outcome->is_duplicate ? "d" : "");
}

static void
on_progress(void *context, double progress)
{
	struct hearing *hearing = context;

	hearing->progress += progress;
}

static struct door *
opened(struct fake *fake, struct hearing *hearing)
{
	struct error err;
	struct door *door =
	    door_open(fake->path, PATIENCE, on_outcome, hearing, &err);

	if (door == NULL)
		fail_msg("%s", err.sentence);
	return door;
}

static void
send_lines(struct door *door, unsigned count)
{
	struct error err;

	for (unsigned i = 0; i < count; i++)
		if (door_send(door, LINE, &err) == -1)
			fail_msg("%s", err.sentence);
}

/* --- tests ---------------------------------------------------------------- */

static void
nobody_at_the_path_is_unreachable(void **state)
{
	struct fake fake = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_null(
	    door_open("/nonexistent/ingest.sock", PATIENCE, NULL, NULL, &err));
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	assert_non_null(strstr(err.sentence, "/nonexistent/ingest.sock"));

	/* A socket left behind. */
	fake_listen(&fake);
	close(fake.listener);
	assert_null(door_open(fake.path, PATIENCE, NULL, NULL, &err));
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	fake_remove(&fake);
}

static void
a_path_too_long_for_a_socket_is_named(void **state)
{
	char path[200];
	struct error err = { 0 };

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_null(door_open(path, PATIENCE, NULL, NULL, &err));
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.sentence, "xxxxx"));
}

static void
each_line_has_its_outcome_in_order(void **state)
{
	struct fake fake = { .stays = true,
		.acts = {
		    { 5, "{\"accepted\":2,\"seq\":42,\"line\":2}\n"
			 "{\"error\":\"bad_json\",\"line\":3,\"detail\":"
			 "\"?\"}\n{\"accepted\":1,\"seq\":43," },
		    { 0, "\"line\":4}\n{\"accepted\":1,\"seq\":7,\"line\":5,"
			 "\"duplicate\":true}\n" },
		} };
	struct hearing hearing = { .text = BUF_INIT };
	struct error err;
	struct door *door;

	(void)state;
	fake_start(&fake);
	door = opened(&fake, &hearing);
	send_lines(door, 5);
	assert_int_equal(door_unsettled(door), 5);
	assert_int_equal(door_flush(door, &err), 0);
	assert_string_equal(
	    hearing.text.data, "1=41 2=42 3:bad_json 4=43 5=7d ");
	assert_int_equal(door_unsettled(door), 0);
	assert_int_equal(door_sent(door), 5);
	door_close(door);
	fake_end(&fake);
	buf_free(&hearing.text);
}

static void
an_empty_line_counts_and_has_no_outcome(void **state)
{
	struct fake fake = { .stays = true,
		.acts = { { 3, "{\"accepted\":1,\"seq\":9,\"line\":3}\n" } } };
	struct hearing hearing = { .text = BUF_INIT };
	struct error err;
	struct door *door;

	(void)state;
	fake_start(&fake);
	door = opened(&fake, &hearing);
	assert_int_equal(door_send(door, SLICE_LITERAL(""), &err), 0);
	assert_int_equal(door_send(door, SLICE_LITERAL(" \t"), &err), 0);
	send_lines(door, 1);
	assert_int_equal(door_flush(door, &err), 0);
	assert_string_equal(hearing.text.data, "3=9 ");
	door_close(door);
	fake_end(&fake);
	buf_free(&hearing.text);
}

static void
nobody_answers_empty_lines_and_nobody_waits(void **state)
{
	struct fake fake = { .stays = true,
		.acts = { { 1, "{\"accepted\":1,\"seq\":9,\"line\":1}\n" } } };
	struct hearing hearing = { .text = BUF_INIT };
	struct error err;
	struct door *door;

	(void)state;
	fake_start(&fake);
	door = opened(&fake, &hearing);
	send_lines(door, 1);
	assert_int_equal(door_flush(door, &err), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(door_send(door, SLICE_LITERAL(""), &err), 0);
	assert_int_equal(door_flush(door, &err), 0);
	assert_int_equal(door_sent(door), 4);
	door_close(door);
	fake_end(&fake);
	buf_free(&hearing.text);
}

static void
a_command_waits_for_its_end(void **state)
{
	struct fake fake = { .stays = true,
		.acts = {
		    { 2, "{\"id\":\"other\",\"ok\":{}}\n"
			 "{\"accepted\":1,\"seq\":1,\"line\":1}\n"
			 "{\"id\":\"c1\",\"progress\":0.25}\n"
			 "{\"id\":\"c1\",\"progress\":0.75}\n"
			 "{\"id\":\"c1\",\"ok\":{\"erased\":1}}\n" },
		    { 1, "{\"id\":\"c2\",\"error\":\"not_allowed\","
			 "\"detail\":\"you may not\"}\n" },
		    { 1, "{\"error\":\"too_long\",\"line\":4,\"detail\":"
			 "\"credential\"}\n" },
		} };
	struct hearing hearing = { .text = BUF_INIT };
	cleanup(buf_free) struct buf result = BUF_INIT;
	struct slice none = { NULL, 0 };
	struct error err = { 0 };
	struct door *door;

	(void)state;
	fake_start(&fake);
	door = opened(&fake, &hearing);
	send_lines(door, 1);
	assert_int_equal(
	    door_command(door, "audit.erase", SLICE_LITERAL("{\"seqs\":[1]}"),
		SLICE_LITERAL("k\"y"), on_progress, &hearing, &result, &err),
	    0);
	assert_string_equal(result.data, "{\"erased\":1}");
	assert_true(hearing.progress > 0.99 && hearing.progress < 1.01);
	assert_string_equal(hearing.text.data, "1=1 ");

	assert_int_equal(
	    door_command(door, "x.y", none, none, NULL, NULL, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_ALLOWED);
	assert_string_equal(err.sentence, "you may not");

	/* Refused before it was a command at all. */
	assert_int_equal(
	    door_command(door, "x.y", none, none, NULL, NULL, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LONG);

	door_close(door);
	pthread_join(fake.thread, NULL);
	assert_string_equal(fake.heard.data,
	    "{\"an\":\"entry\"}\n"
	    "{\"do\":\"audit.erase\",\"id\":\"c1\",\"args\":{\"seqs\":[1]},"
	    "\"credential\":\"k\\\"y\"}\n"
	    "{\"do\":\"x.y\",\"id\":\"c2\"}\n"
	    "{\"do\":\"x.y\",\"id\":\"c3\"}\n");
	fake_remove(&fake);
	buf_free(&hearing.text);
}

static void
a_connection_that_ends_leaves_lines_in_doubt(void **state)
{
	struct fake fake = {
		.acts = { { 3, "{\"accepted\":2,\"seq\":2,\"line\":2}\n" } }
	};
	struct hearing hearing = { .text = BUF_INIT };
	struct error err = { 0 };
	struct door *door;

	(void)state;
	fake_start(&fake);
	door = opened(&fake, &hearing);
	send_lines(door, 3);
	assert_int_equal(door_flush(door, &err), -1);
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	assert_string_equal(hearing.text.data, "1=1 2=2 ");
	assert_int_equal(door_unsettled(door), 1);

	memset(&err, 0, sizeof(err));
	assert_int_equal(door_send(door, LINE, &err), -1);
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	door_close(door);
	fake_end(&fake);
	buf_free(&hearing.text);
}

static void
what_the_daemon_says_wrongly_ends_the_connection(void **state)
{
	static const struct {
		const char *answer;
		enum error_code code;
	} cases[] = {
		{ "{\"error\":\"not_allowed\",\"line\":0,\"detail\":"
		  "\"uid 7\"}\n",
		    ERROR_NOT_ALLOWED },
		{ "hello\n", ERROR_CORRUPT },
		{ "{\"accepted\":3,\"seq\":3,\"line\":3}\n", ERROR_CORRUPT },
		{ "{\"accepted\":1,\"seq\":1,\"line\":1}\n"
		  "{\"accepted\":1,\"seq\":1,\"line\":1}\n",
		    ERROR_CORRUPT },
		{ "{\"accepted\":4000000000,\"seq\":4000000000,"
		  "\"line\":4000000000}\n",
		    ERROR_CORRUPT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fake fake = { .stays = true,
			.acts = { { 2, cases[i].answer } } };
		struct hearing hearing = { .text = BUF_INIT };
		struct error err = { 0 };
		struct door *door;

		fake_start(&fake);
		door = opened(&fake, &hearing);
		send_lines(door, 2);
		assert_int_equal(door_flush(door, &err), -1);
		assert_int_equal(err.code, cases[i].code);
		door_close(door);
		fake_end(&fake);
		buf_free(&hearing.text);
	}
}

static void
a_silent_daemon_is_given_up(void **state)
{
	struct fake fake = { .stays = true };
	struct error err = { 0 };
	struct door *door;

	(void)state;
	fake_start(&fake);
	door = door_open(fake.path, 20 * USEC_PER_MSEC, NULL, NULL, &err);
	assert_non_null(door);
	assert_int_equal(door_send(door, LINE, &err), 0);
	assert_int_equal(door_flush(door, &err), -1);
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	door_close(door);
	fake_end(&fake);
}

static void
a_line_that_is_none_is_refused_here(void **state)
{
	struct fake fake = { .stays = true };
	struct hearing hearing = { .text = BUF_INIT };
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct error err = { 0 };
	struct door *door;

	(void)state;
	fake_start(&fake);
	door = opened(&fake, &hearing);
	assert_int_equal(door_send(door, SLICE_LITERAL("{}\n{}"), &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	buf_add_chars(&line, ' ', MESSAGE_LINE_BYTES + 1);
	assert_int_equal(door_send(door, buf_slice(&line), &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LONG);
	assert_int_equal(door_sent(door), 0);
	door_close(door);
	fake_end(&fake);
	buf_free(&hearing.text);
}

/* Reads as fast as it can and acknowledges each 100 lines, never reading
 * while it cannot write: a client that only wrote would wait for ever. */
static void *
acknowledge_all(void *context)
{
	struct fake *fake = context;
	int fd = accept(fake->listener, NULL, NULL);
	char bytes[4096];
	uint64_t lines = 0, answered = 0;
	ssize_t got;

	while ((got = read(fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < got; i++)
			lines += bytes[i] == '\n';
		for (; answered < lines; answered++)
			if (dprintf(fd,
				"{\"accepted\":1,\"seq\":%llu,\"line\":%llu}\n",
				(unsigned long long)answered + 1,
				(unsigned long long)answered + 1) < 0)
				break;
	}
	close(fd);
	return NULL;
}

static void
count_outcome(void *context, const struct door_outcome *outcome)
{
	uint64_t *count = context;

	assert_int_equal(outcome->line, ++*count);
	assert_int_equal(outcome->seq, *count);
}

static void
many_lines_are_on_their_way_at_once(void **state)
{
	enum { LINES = 100000 };
	struct fake fake = { 0 };
	struct error err = { 0 };
	uint64_t count = 0;
	struct door *door;

	(void)state;
	fake_listen(&fake);
	assert_int_equal(
	    pthread_create(&fake.thread, NULL, acknowledge_all, &fake), 0);
	door = door_open(fake.path, PATIENCE, count_outcome, &count, &err);
	assert_non_null(door);
	send_lines(door, LINES);
	assert_true(door_unsettled(door) <= WINDOW_LINES);
	assert_int_equal(door_flush(door, &err), 0);
	assert_int_equal(count, LINES);
	door_close(door);
	fake_end(&fake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_at_the_path_is_unreachable),
		cmocka_unit_test(a_path_too_long_for_a_socket_is_named),
		cmocka_unit_test(each_line_has_its_outcome_in_order),
		cmocka_unit_test(an_empty_line_counts_and_has_no_outcome),
		cmocka_unit_test(nobody_answers_empty_lines_and_nobody_waits),
		cmocka_unit_test(a_command_waits_for_its_end),
		cmocka_unit_test(a_connection_that_ends_leaves_lines_in_doubt),
		cmocka_unit_test(
		    what_the_daemon_says_wrongly_ends_the_connection),
		cmocka_unit_test(a_silent_daemon_is_given_up),
		cmocka_unit_test(a_line_that_is_none_is_refused_here),
		cmocka_unit_test(many_lines_are_on_their_way_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
