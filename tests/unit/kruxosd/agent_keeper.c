#include "collectors/kruxosd/agent_keeper.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/daemon_rig.h"

#include <sqlite3.h>

#include <sys/stat.h>

struct scene {
	struct rig rig;
	char dir[64];
	char path[80];
	struct state *state;
	struct state_changer *changer;
	struct agent_keeper *keeper;
	struct command_caller caller;
	struct message_peer peer; /* who asks */
	struct buf answer;	  /* the last one */
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
	scene->keeper = agent_keeper_new(scene->changer);
	agent_keeper_configure(scene->keeper, 10);
}

static void
close_keeper(struct scene *scene)
{
	agent_keeper_free(scene->keeper);
	state_changer_free(scene->changer);
	state_close(scene->state);
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
	scene->peer = (struct message_peer){ .uid = 1000,
		.classes = MESSAGE_OWNER,
		.user_name = SLICE_LITERAL("root") };
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

	assert_true(agent_keeper_is_asked(call, credential));
	return agent_keeper_identify(
	    scene->keeper, call, credential, ret_signed_in, err);
}

static void
on_denied(void *context, const struct command_call *call)
{
	struct scene *scene = context;

	agent_keeper_note_denied(scene->keeper, call);
}

#define RUN(name)                                                        \
	static void run_##name(void *context, struct command_call *call) \
	{                                                                \
		name##_command(((struct scene *)context)->keeper, call); \
	}

RUN(agent_create)
RUN(agent_list)
RUN(agent_rotate)
RUN(agent_revoke)

/* Who is it? */
static void
run_who(void *context, struct command_call *call)
{
	cleanup(buf_free) struct buf text = BUF_INIT;

	(void)context;
	buf_addf(&text, "{\"name\":\"%.*s\"}", SLICE_ARG(call->peer.user_name));
	command_ok(call, buf_slice(&text));
}

static const struct command_arg who_args[] = {
	{ "address", COMMAND_STRING, NULL },
	{ 0 },
};

static const struct command commands[] = {
	{ "agent.create", MESSAGE_OWNER, run_agent_create, agent_create_args },
	{ "agent.list", MESSAGE_OWNER, run_agent_list, NULL },
	{ "agent.rotate", MESSAGE_OWNER, run_agent_rotate, agent_name_args },
	{ "agent.revoke", MESSAGE_OWNER, run_agent_revoke, agent_name_args },
	{ "test.who", MESSAGE_AGENT, run_who, who_args },
	{ 0 },
};

/* Ask by `credential`, or NULL; flush, and what is answered. */
static const char *
ask_by(struct scene *scene, const char *verb, const char *args,
    const char *credential)
{
	struct command_table table = { commands, identify, scene, on_denied };
	struct message_parser parser = MESSAGE_PARSER_INIT;
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct message message;
	struct error err;

	buf_addf(&line, "{\"do\":\"%s\",\"id\":\"r\",\"args\":%s", verb, args);
	if (credential != NULL)
		buf_addf(&line, ",\"credential\":\"%s\"", credential);
	buf_add_char(&line, '}');
	buf_reset(&scene->answer);
	assert_int_equal(message_parse(&parser, &scene->peer, 0,
			     buf_slice(&line), &message, &err),
	    0);
	command_start(&table, &message, &scene->peer, &scene->caller);
	message_parser_free(&parser);
	commit_flush(scene->rig.commit);
	return scene->answer.data;
}

static const char *
ask(struct scene *scene, const char *verb, const char *args)
{
	return ask_by(scene, verb, args, NULL);
}

static void
assert_said(struct scene *scene, const char *wanted)
{
	if (strstr(scene->answer.data, wanted) == NULL)
		fail_msg("not %s: %s", wanted, scene->answer.data);
}

static void
assert_fails(struct scene *scene, const char *code)
{
	cleanup(buf_free) struct buf wanted = BUF_INIT;

	buf_addf(&wanted, "\"error\":\"%s\"", code);
	assert_said(scene, wanted.data);
}

/* The token in the last answer, into `ret`. */
static void
take_token(struct scene *scene, char ret[static CREDENTIAL_SIZE])
{
	const char *token = strstr(scene->answer.data, "krx_agent_");

	if (token == NULL)
		fail_msg("%s", scene->answer.data);
	snprintf(ret, CREDENTIAL_SIZE, "%.*s",
	    (int)(strlen("krx_agent_") + CREDENTIAL_RANDOM_TEXT), token);
}

static void
make_agent(struct scene *scene, const char *name,
    char ret_token[static CREDENTIAL_SIZE])
{
	cleanup(buf_free) struct buf args = BUF_INIT;

	buf_addf(&args, "{\"name\":\"%s\",\"purpose\":\"reads\"}", name);
	ask(scene, "agent.create", args.data);
	take_token(scene, ret_token);
}

static bool
is_known(struct scene *scene, const char *token)
{
	return strstr(ask_by(scene, "test.who", "{}", token), "\"ok\"") != NULL;
}

static const char nobodys[] =
    "krx_agent_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static unsigned
guesses_until_throttled(struct scene *scene, const char *args)
{
	unsigned guesses = 0;

	while (guesses < 100 && strstr(ask_by(scene, "test.who", args, nobodys),
				    "\"unauthenticated\"") != NULL)
		guesses++;
	assert_fails(scene, "too_many");
	return guesses;
}

/* What a SELECT of one number says. */
static int64_t
number_in(struct scene *scene, const char *sql)
{
	sqlite3 *database;
	sqlite3_stmt *stmt;
	int64_t number;

	assert_int_equal(sqlite3_open(scene->path, &database), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(database, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(database);
	return number;
}

static void
tick(struct scene *scene)
{
	state_changer_tick(scene->changer);
	agent_keeper_tick(scene->keeper);
	commit_flush(scene->rig.commit);
}

/* --- tests ---------------------------------------------------------------- */

static void
an_agent_is_known_by_its_token_and_nothing_else(void **state)
{
	struct scene *scene = *state;
	char reader[CREDENTIAL_SIZE], builder[CREDENTIAL_SIZE];

	make_agent(scene, "reader", reader);
	make_agent(scene, "builder", builder);
	ask_by(scene, "test.who", "{}", reader);
	assert_said(scene, "{\"name\":\"reader\"}");
	ask_by(scene, "test.who", "{}", builder);
	assert_said(scene, "{\"name\":\"builder\"}");
	reader[20] = reader[20] == 'A' ? 'B' : 'A';
	assert_false(is_known(scene, reader));
	assert_false(is_known(scene, "reader"));
	assert_false(is_known(scene, ""));
	assert_int_equal(rig_count(&scene->rig, "agent.create"), 2);
}

static void
of_a_token_only_the_digest_is_kept(void **state)
{
	struct scene *scene = *state;
	char token[CREDENTIAL_SIZE];
	struct slice secret;

	make_agent(scene, "reader", token);
	secret = slice_of(token + strlen("krx_agent_"));
	assert_int_equal(
	    number_in(scene, "SELECT length(digest) FROM agent"), SHA256_BYTES);
	close_keeper(scene);
	for (int i = 0; i < 2; i++) {
		const char *path = i == 0 ? scene->path : scene->rig.model.path;
		cleanup(buf_free) struct buf bytes = BUF_INIT;
		cleanup(buf_free) struct buf command = BUF_INIT;
		char text[4096];
		FILE *kept;
		size_t got;

		buf_addf(&command, "cat $(find %s -type f)", path);
		kept = popen(command.data, "r");
		assert_non_null(kept);
		while ((got = fread(text, 1, sizeof(text), kept)) > 0)
			buf_add(&bytes, text, got);
		pclose(kept);
		assert_true(bytes.len > 0);
		assert_null(
		    memmem(bytes.data, bytes.len, secret.data, secret.len));
	}
	open_keeper(scene);
}

static void
what_is_no_agent_is_refused(void **state)
{
	struct scene *scene = *state;
	char token[CREDENTIAL_SIZE];
	cleanup(buf_free) struct buf args = BUF_INIT;

	make_agent(scene, "reader", token);
	ask(scene, "agent.create", "{\"name\":\"-x\",\"purpose\":\"y\"}");
	assert_said(scene, "\"out_of_range\",\"field\":\"name\"");
	ask(scene, "agent.create", "{\"name\":\"x\",\"purpose\":\"\"}");
	assert_said(scene, "\"out_of_range\",\"field\":\"purpose\"");
	ask(scene, "agent.create", "{\"name\":\"x\",\"purpose\":\"a\\u0000\"}");
	assert_said(scene, "\"out_of_range\",\"field\":\"purpose\"");
	buf_add_str(&args, "{\"name\":\"x\",\"purpose\":\"");
	buf_add_chars(&args, 'y', AGENT_PURPOSE_BYTES + 1);
	buf_add_str(&args, "\"}");
	ask(scene, "agent.create", args.data);
	assert_said(scene, "\"too_long\",\"field\":\"purpose\"");
	ask(scene, "agent.create", "{\"name\":\"reader\",\"purpose\":\"y\"}");
	assert_fails(scene, "conflict");
	ask(scene, "agent.rotate", "{\"name\":\"builder\"}");
	assert_fails(scene, "not_found");
	ask(scene, "agent.revoke", "{\"name\":\"builder\"}");
	assert_fails(scene, "not_found");
	assert_int_equal(number_in(scene, "SELECT count(*) FROM agent"), 1);
	assert_true(is_known(scene, token));
}

static void
what_was_rotated_or_revoked_is_good_for_nothing(void **state)
{
	struct scene *scene = *state;
	char old[CREDENTIAL_SIZE], new[CREDENTIAL_SIZE], last[CREDENTIAL_SIZE];

	make_agent(scene, "reader", old);
	ask(scene, "agent.rotate", "{\"name\":\"reader\"}");
	take_token(scene, new);
	assert_false(is_known(scene, old));
	assert_true(is_known(scene, new));
	ask(scene, "agent.revoke", "{\"name\":\"reader\"}");
	assert_false(is_known(scene, new));
	ask(scene, "agent.rotate", "{\"name\":\"reader\"}");
	assert_fails(scene, "conflict");
	make_agent(scene, "reader", last);
	assert_false(is_known(scene, new));
	assert_true(is_known(scene, last));
	assert_int_equal(rig_count(&scene->rig, "agent.rotate"), 1);
	assert_int_equal(rig_count(&scene->rig, "agent.revoke"), 1);
}

static void
a_revoked_token_that_is_shown_is_an_entry_now_and_then(void **state)
{
	struct scene *scene = *state;
	char token[CREDENTIAL_SIZE];

	make_agent(scene, "reader", token);
	ask(scene, "agent.revoke", "{\"name\":\"reader\"}");
	for (int i = 0; i < 30; i++)
		is_known(scene, token);
	assert_int_equal(
	    rig_count(&scene->rig, "agent.deny"), DENIALS_A_MINUTE);
	assert_int_equal(scene->keeper->unsaid, 30 - DENIALS_A_MINUTE);
	rig_advance(&scene->rig, USEC_PER_MIN);
	is_known(scene, token);
	assert_int_equal(scene->keeper->unsaid, 0);
}

static void
what_an_agent_may_not_is_an_entry_of_its_own(void **state)
{
	struct scene *scene = *state;
	char token[CREDENTIAL_SIZE];

	make_agent(scene, "reader", token);
	ask_by(scene, "agent.list", "{}", token);
	assert_fails(scene, "not_allowed");
	commit_flush(scene->rig.commit);
	assert_int_equal(rig_count(&scene->rig, "agent.deny"), 1);
	assert_int_equal(rig_count(&scene->rig, "account.deny"), 0);
}

static void
agents_are_known_to_the_next_daemon(void **state)
{
	struct scene *scene = *state;
	char good[CREDENTIAL_SIZE], revoked[CREDENTIAL_SIZE];

	make_agent(scene, "reader", good);
	make_agent(scene, "builder", revoked);
	ask(scene, "agent.revoke", "{\"name\":\"builder\"}");
	close_keeper(scene);
	open_keeper(scene);
	assert_true(is_known(scene, good));
	assert_false(is_known(scene, revoked));
	ask(scene, "agent.list", "{}");
	assert_true(strstr(scene->answer.data, "\"builder\"") <
		    strstr(scene->answer.data, "\"reader\""));
}

static void
agents_of_a_file_that_is_gone_are_gone(void **state)
{
	struct scene *scene = *state;
	char token[CREDENTIAL_SIZE];

	make_agent(scene, "reader", token);
	assert_true(is_known(scene, token));
	state_close(scene->state);
	unlink(scene->path);
	scene->state = state_open(
	    scene->path, &scene->rig.clock.clock, &(struct error){ 0 });
	assert_non_null(scene->state);
	tick(scene);
	assert_false(is_known(scene, token));
}

static void
without_a_database_nobody_knows_whose_a_token_is(void **state)
{
	struct scene *scene = *state;

	state_close(scene->state);
	unlink(scene->path);
	ask_by(scene, "test.who", "{}", nobodys);
	assert_fails(scene, "busy");
	ask(scene, "agent.list", "{}");
	assert_fails(scene, "busy");
	scene->state = state_open(
	    scene->path, &scene->rig.clock.clock, &(struct error){ 0 });
	assert_non_null(scene->state);
	ask_by(scene, "test.who", "{}", nobodys);
	assert_fails(scene, "unauthenticated");
}

static void
guesses_are_counted_by_where_they_come_from(void **state)
{
	struct scene *scene = *state;
	char token[CREDENTIAL_SIZE];

	make_agent(scene, "reader", token);
	assert_null(agent_keeper_guessing(scene->keeper));
	assert_int_equal(
	    guesses_until_throttled(scene, "{\"address\":\"192.0.2.1\"}"), 10);
	assert_int_equal(
	    guesses_until_throttled(scene, "{\"address\":\"2001:db8::1\"}"),
	    10);
	assert_int_equal(
	    guesses_until_throttled(scene, "{\"address\":\"2001:db8::2\"}"), 0);
	assert_int_equal(guesses_until_throttled(scene, "{}"), 10);
	/* One that is known is no guess. */
	ask_by(scene, "test.who", "{\"address\":\"192.0.2.1\"}", token);
	assert_said(scene, "{\"name\":\"reader\"}");
}

static void
who_relays_for_nobody_is_believed_no_address(void **state)
{
	struct scene *scene = *state;

	scene->peer.classes = MESSAGE_PRODUCER;
	for (int i = 0; i < 10; i++) {
		char args[64];

		snprintf(args, sizeof(args), "{\"address\":\"192.0.2.%d\"}", i);
		ask_by(scene, "test.who", args, nobodys);
		assert_fails(scene, "unauthenticated");
	}
	ask_by(scene, "test.who", "{\"address\":\"192.0.2.99\"}", nobodys);
	assert_fails(scene, "too_many");
	ask_by(scene, "test.who", "{\"address\":7}", nobodys);
	assert_fails(scene, "too_many");
}

static void
that_somebody_guesses_is_said_until_he_has_left_off(void **state)
{
	struct scene *scene = *state;
	const char *words;

	guesses_until_throttled(scene, "{\"address\":\"192.0.2.1\\u001b\"}");
	ask_by(
	    scene, "test.who", "{\"address\":\"192.0.2.1\\u001b\"}", nobodys);
	words = agent_keeper_guessing(scene->keeper);
	assert_non_null(words);
	assert_non_null(strstr(words, "192.0.2.1\\e; 2 tries"));
	tick(scene);
	tick(scene);
	assert_int_equal(rig_count(&scene->rig, "agent.deny"), 1);
	rig_advance(&scene->rig, GUESSING_FOR);
	assert_non_null(agent_keeper_guessing(scene->keeper));
	rig_advance(&scene->rig, 1);
	assert_null(agent_keeper_guessing(scene->keeper));
}

static void
when_an_agent_was_seen_is_written_once_a_minute(void **state)
{
	static const char sql[] = "SELECT last_used_at FROM agent";
	struct scene *scene = *state;
	char token[CREDENTIAL_SIZE];
	usec_t first;

	make_agent(scene, "reader", token);
	first = scene->rig.clock.realtime;
	is_known(scene, token);
	assert_int_equal(number_in(scene, sql), 0);
	tick(scene);
	assert_int_equal(number_in(scene, sql), first);
	rig_advance(&scene->rig, USEC_PER_SEC);
	is_known(scene, token);
	tick(scene);
	assert_int_equal(number_in(scene, sql), first);
	rig_advance(&scene->rig, USEC_PER_MIN);
	tick(scene);
	assert_int_equal(number_in(scene, sql), first + USEC_PER_SEC);
	rig_advance(&scene->rig, USEC_PER_HOUR);
	tick(scene);
	assert_int_equal(number_in(scene, sql), first + USEC_PER_SEC);
	close_keeper(scene);
	open_keeper(scene);
	ask(scene, "agent.list", "{}");
	assert_null(strstr(scene->answer.data, "\"last_used_at\":null"));
}

static void
there_are_only_so_many_agents(void **state)
{
	struct scene *scene = *state;
	struct agent_row row = { .name = "agent-0" };
	struct error err;

	assert_int_equal(agent_keeper_need_loaded(scene->keeper, &err), 0);
	for (unsigned i = 0; i < AGENT_KEEPER_AGENTS; i++) {
		snprintf(row.name, sizeof(row.name), "agent-%u", i);
		row.digest[0] = (unsigned char)i;
		agent_keeper_put(scene->keeper, &row);
	}
	ask(scene, "agent.create", "{\"name\":\"x\",\"purpose\":\"y\"}");
	assert_fails(scene, "conflict");
	ask(scene, "agent.rotate", "{\"name\":\"agent-7\"}");
	assert_said(scene, "\"token\":\"krx_agent_");
}

static void
which_credentials_it_is_asked_about(void **state)
{
	struct command_call agents = { .may = MESSAGE_AGENT };
	struct command_call others = { .may = MESSAGE_OWNER };

	(void)state;
	assert_true(agent_keeper_is_asked(&agents, slice_of(nobodys)));
	assert_true(agent_keeper_is_asked(&others, slice_of(nobodys)));
	assert_true(agent_keeper_is_asked(&agents, SLICE_LITERAL("x")));
	assert_false(agent_keeper_is_asked(&others, SLICE_LITERAL("x")));
	assert_false(
	    agent_keeper_is_asked(&agents, SLICE_LITERAL("krx_user_x")));
	assert_false(
	    agent_keeper_is_asked(&agents, SLICE_LITERAL("krx_session_x")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_agent_is_known_by_its_token_and_nothing_else),
		TEST(of_a_token_only_the_digest_is_kept),
		TEST(what_is_no_agent_is_refused),
		TEST(what_was_rotated_or_revoked_is_good_for_nothing),
		TEST(a_revoked_token_that_is_shown_is_an_entry_now_and_then),
		TEST(what_an_agent_may_not_is_an_entry_of_its_own),
		TEST(agents_are_known_to_the_next_daemon),
		TEST(agents_of_a_file_that_is_gone_are_gone),
		TEST(without_a_database_nobody_knows_whose_a_token_is),
		TEST(guesses_are_counted_by_where_they_come_from),
		TEST(who_relays_for_nobody_is_believed_no_address),
		TEST(that_somebody_guesses_is_said_until_he_has_left_off),
		TEST(when_an_agent_was_seen_is_written_once_a_minute),
		TEST(there_are_only_so_many_agents),
		cmocka_unit_test(which_credentials_it_is_asked_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
