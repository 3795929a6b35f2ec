#include "fcgi/link.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/test_clock.h"

/* A daemon that says what the test says; the loop is turned by hand. */

enum { HEARD_BYTES = 1 << 16 };

struct asked {
	struct link_call call; /* the first: a call is one of these */
	unsigned outcomes;
	enum error_code code;		/* of the last */
	char text[ERROR_SENTENCE_SIZE]; /* the result, or the sentence */
	char approval_id[ERROR_APPROVAL_SIZE];
};

struct fixture {
	char folder[32];
	char path[64];
	int listener;
	struct loop *loop;
	struct link *link;
};

static void
on_outcome(struct link_call *call, const struct answer *answer,
    const struct error *err)
{
	struct asked *asked = (struct asked *)call;

	asked->outcomes++;
	asked->code = err == NULL ? ERROR_NONE : err->code;
	if (err == NULL)
		snprintf(asked->text, sizeof(asked->text), "%.*s",
		    SLICE_ARG(answer->result));
	else
		snprintf(asked->text, sizeof(asked->text), "%s", err->sentence);
	if (asked->code == ERROR_APPROVAL_REQUIRED)
		snprintf(asked->approval_id, sizeof(asked->approval_id), "%s",
		    err->approval_id);
}

static void
listen_again(struct fixture *f)
{
	struct error err;

	f->listener = unix_socket_listen(f->path, 0600, 16, &err);
	if (f->listener == -1)
		fail_msg("%s", err.sentence);
}

static int
setup(void **state)
{
	struct fixture *f = memory_new(sizeof(*f));
	struct error err;

	memcpy(f->folder, "/tmp/kruxos-link.XXXXXX",
	    sizeof("/tmp/kruxos-link.XXXXXX"));
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/ingest.sock", f->folder);
	f->loop = loop_new(&test_clock, &err);
	assert_non_null(f->loop);
	f->link = link_new(f->loop, f->path);
	listen_again(f);
	diag_init("test", DIAG_ERROR);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	link_free(f->link);
	loop_free(f->loop);
	if (f->listener != -1)
		close(f->listener);
	unlink(f->path);
	rmdir(f->folder);
	free(f);
	return 0;
}

static void
turn(struct fixture *f)
{
	struct error err;

	assert_int_equal(loop_turn(f->loop, USEC_PER_SEC / 10, &err), 0);
}

static void
ask(struct fixture *f, struct asked *asked, const char *args)
{
	*asked = (struct asked){ .call = { .on_answer = on_outcome } };
	link_send(f->link, &asked->call, "capability.invoke", slice_of(args),
	    SLICE_LITERAL("krx_agent_x"));
	assert_int_equal(asked->outcomes, 0); /* never from within */
}

static int
accept_one(struct fixture *f)
{
	int fd = -1;

	for (int i = 0; i < 1000 && fd == -1; i++) {
		fd = accept(f->listener, NULL, NULL);
		if (fd == -1)
			turn(f);
	}
	assert_int_not_equal(fd, -1);
	return fd;
}

/* What has come so far, at least one whole line. */
static char *
hear(int fd)
{
	static char bytes[HEARD_BYTES];
	size_t len = 0;

	do {
		ssize_t got = read(fd, bytes + len, sizeof(bytes) - 1 - len);

		assert_true(got > 0);
		len += (size_t)got;
	} while (bytes[len - 1] != '\n');
	bytes[len] = '\0';
	return bytes;
}

static void
say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void
wait_for(struct fixture *f, const struct asked *asked)
{
	for (int i = 0; i < 1000 && asked->outcomes == 0; i++)
		turn(f);
	assert_int_equal(asked->outcomes, 1);
}

/* --- tests ---------------------------------------------------------------- */

static void
a_command_goes_out_when_the_turn_ends_and_is_answered(void **state)
{
	struct fixture *f = *state;
	struct asked first;
	int fd;

	ask(f, &first, "{\"capability\":\"a.b\"}");
	turn(f);
	fd = accept_one(f);
	assert_string_equal(hear(fd),
	    "{\"do\":\"capability.invoke\",\"id\":\"1\",\"args\":"
	    "{\"capability\":\"a.b\"},\"credential\":\"krx_agent_x\"}\n");
	say(fd, "{\"id\":\"1\",\"progress\":0.5}\n"
		"{\"id\":\"1\",\"ok\":{\"seq\":7}}\n");
	wait_for(f, &first);
	assert_int_equal(first.code, ERROR_NONE);
	assert_string_equal(first.text, "{\"seq\":7}");
	close(fd);
}

static void
answers_come_in_any_order_and_in_pieces(void **state)
{
	struct fixture *f = *state;
	struct asked all[9];
	int fd;

	for (size_t i = 0; i < 9; i++)
		ask(f, &all[i], "{}");
	turn(f);
	fd = accept_one(f);
	assert_non_null(strstr(hear(fd), "\"id\":\"9\""));
	say(fd, "{\"id\":\"9\",\"error\":\"not_allowed\",\"detail\":\"no\"}\n"
		"{\"id\":\"1\",\"error\":\"approval_re");
	wait_for(f, &all[8]);
	assert_int_equal(all[8].code, ERROR_NOT_ALLOWED);
	assert_string_equal(all[8].text, "no");
	assert_int_equal(all[0].outcomes, 0);
	say(fd, "quired\",\"detail\":\"ask\",\"approval_id\":\"call-1\"}\n");
	wait_for(f, &all[0]);
	assert_int_equal(all[0].code, ERROR_APPROVAL_REQUIRED);
	assert_string_equal(all[0].approval_id, "call-1");
	assert_int_equal(all[1].outcomes, 0);
	close(fd);
}

static void
a_line_that_cannot_be_read_is_no_other_call_s_fault(void **state)
{
	struct fixture *f = *state;
	struct asked all[3];
	int fd;

	for (size_t i = 0; i < 3; i++)
		ask(f, &all[i], "{}");
	turn(f);
	fd = accept_one(f);
	hear(fd);
	say(fd, "{\"error\":\"too_deep\",\"line\":2,\"detail\":\"deep\"}\n");
	wait_for(f, &all[1]);
	assert_int_equal(all[1].code, ERROR_TOO_DEEP);
	assert_int_equal(all[0].outcomes + all[2].outcomes, 0);
	say(fd, "{\"id\":\"1\",\"ok\":{}}\n{\"id\":\"3\",\"ok\":{}}\n");
	wait_for(f, &all[0]);
	wait_for(f, &all[2]);
	assert_int_equal(all[2].code, ERROR_NONE);
	close(fd);
}

static void
what_is_on_its_way_fails_with_the_connection_and_the_next_makes_a_new_one(
    void **state)
{
	struct fixture *f = *state;
	struct asked first, second;
	int fd;

	ask(f, &first, "{}");
	turn(f);
	fd = accept_one(f);
	hear(fd);
	close(fd);
	wait_for(f, &first);
	assert_int_equal(first.code, ERROR_UNREACHABLE);

	ask(f, &second, "{}");
	turn(f);
	fd = accept_one(f);
	assert_non_null(strstr(hear(fd), "\"id\":\"2\""));
	say(fd, "{\"id\":\"2\",\"ok\":{}}\n");
	wait_for(f, &second);
	assert_int_equal(second.code, ERROR_NONE);
	close(fd);
}

static void
without_a_daemon_there_is_an_outcome_all_the_same(void **state)
{
	struct fixture *f = *state;
	struct asked asked;
	int fd;

	close(f->listener);
	ask(f, &asked, "{}");
	wait_for(f, &asked);
	assert_int_equal(asked.code, ERROR_UNREACHABLE);

	listen_again(f);
	ask(f, &asked, "{}");
	turn(f);
	fd = accept_one(f);
	assert_non_null(strstr(hear(fd), "\"id\":\"1\""));
	close(fd);
}

static void
who_does_not_answer_in_time_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	struct asked asked;
	int fd;

	ask(f, &asked, "{}");
	turn(f);
	fd = accept_one(f);
	hear(fd);
	for (int second = 0; second < 12; second++) {
		test_now += USEC_PER_SEC;
		turn(f);
	}
	assert_int_equal(asked.outcomes, 1);
	assert_int_equal(asked.code, ERROR_UNREACHABLE);
	/* What comes yet is nobody's. */
	say(fd, "{\"id\":\"1\",\"ok\":{}}\n");
	turn(f);
	assert_int_equal(asked.outcomes, 1);
	close(fd);
}

static void
what_is_no_answer_ends_the_connection(void **state)
{
	static const char *const lines[] = { "hello\n", "[]\n",
		"{\"error\":\"not_allowed\",\"line\":0,\"detail\":\"who?\"}\n",
		"{\"id\":7}\n" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct asked asked;
		int fd;

		ask(f, &asked, "{}");
		turn(f);
		fd = accept_one(f);
		hear(fd);
		say(fd, lines[i]);
		wait_for(f, &asked);
		assert_int_not_equal(asked.code, ERROR_NONE);
		close(fd);
	}
}

static void
what_is_too_long_or_too_much_is_not_sent(void **state)
{
	struct fixture *f = *state;
	struct buf args = BUF_INIT;
	struct asked *all = memory_new((CALLS_MAX + 1) * sizeof(*all));

	buf_add_str(&args, "{\"a\":\"");
	buf_add_chars(&args, 'x', MESSAGE_LINE_BYTES);
	buf_add_str(&args, "\"}");
	ask(f, &all[0], args.data);
	wait_for(f, &all[0]);
	assert_int_equal(all[0].code, ERROR_TOO_LONG);

	for (size_t i = 0; i <= CALLS_MAX; i++)
		ask(f, &all[i], "{}");
	wait_for(f, &all[CALLS_MAX]);
	assert_int_equal(all[CALLS_MAX].code, ERROR_BUSY);
	for (size_t i = 0; i < CALLS_MAX; i++)
		assert_int_equal(all[i].outcomes, 0);
	buf_free(&args);
	link_free(f->link); /* nothing of theirs is touched any more */
	f->link = NULL;
	free(all);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_goes_out_when_the_turn_ends_and_is_answered),
		TEST(answers_come_in_any_order_and_in_pieces),
		TEST(a_line_that_cannot_be_read_is_no_other_call_s_fault),
		TEST(
		    what_is_on_its_way_fails_with_the_connection_and_the_next_makes_a_new_one),
		TEST(without_a_daemon_there_is_an_outcome_all_the_same),
		TEST(who_does_not_answer_in_time_is_not_waited_for),
		TEST(what_is_no_answer_ends_the_connection),
		TEST(what_is_too_long_or_too_much_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
