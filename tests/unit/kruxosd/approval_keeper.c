#include "collectors/kruxosd/approval_keeper.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/daemon_rig.h"

#include <limits.h>
#include <poll.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PASSWORD     "correct horse battery"

struct scene {
	struct rig rig;
	char dir[64];
	char path[80];
	struct state *state;
	struct state_changer *changer;
	struct account_keeper *accounts;
	struct approval_keeper *keeper;
	struct command_caller caller;
	struct buf answer; /* of the last command */

	/* What the last call heard. */
	unsigned heard;
	enum approval_answer reply;
	enum error_code code;	       /* ERROR_NONE: it is a reply */
	char id[ENTRY_NAME_BYTES + 1]; /* as the tests have it */
	char user[64], reason[64];

	/* Those of all requests that were heard of, ID_BYTES each: the tests
	 * call them call-1, call-2, … */
	struct buf ids;
};

enum { ID_BYTES = CREDENTIAL_NAME_SIZE - 1 };

static const struct config config = {
	.idle_timeout = 30 * USEC_PER_MIN,
	.absolute_timeout = 12 * USEC_PER_HOUR,
	.link_timeout = 5 * USEC_PER_MIN,
	.attempts_per_minute = 10,
	.approval_timeout = 24 * USEC_PER_HOUR,
	.approval_valid = USEC_PER_HOUR,
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
open_keepers(struct scene *scene)
{
	struct error err;

	scene->state = state_open(scene->path, &scene->rig.clock.clock, &err);
	assert_non_null(scene->state);
	scene->changer = state_changer_new(&scene->rig.clock.clock,
	    scene->rig.commit, scene->state, scene->path);
	scene->accounts = account_keeper_new(scene->changer, scene->path, &err);
	assert_non_null(scene->accounts);
	account_keeper_configure(scene->accounts, &config);
	scene->keeper = approval_keeper_new(
	    scene->changer, scene->accounts, scene->rig.redactor);
	approval_keeper_configure(scene->keeper, &config);
}

static void
close_keepers(struct scene *scene)
{
	approval_keeper_free(scene->keeper);
	account_keeper_free(scene->accounts);
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
	buf_init(&scene->answer);
	buf_init(&scene->ids);
	open_keepers(scene);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	command_abandon(&scene->caller);
	close_keepers(scene);
	rig_free(&scene->rig);
	buf_free(&scene->answer);
	buf_free(&scene->ids);
	model_remove_folder(scene->dir);
	free(scene);
	return 0;
}

/* The daemon ends and starts again; its files stay. */
static void
restart(struct scene *scene)
{
	close_keepers(scene);
	open_keepers(scene);
}

/* --- ids ------------------------------------------------------------------ */

/* The place of `id` among those that were heard of, from 1 on. */
static size_t
place_of(struct scene *scene, struct slice id)
{
	assert_int_equal(id.len, ID_BYTES);
	for (size_t at = 0; at < scene->ids.len; at += ID_BYTES)
		if (memcmp(scene->ids.data + at, id.data, id.len) == 0)
			return at / ID_BYTES + 1;
	buf_add_slice(&scene->ids, id);
	return scene->ids.len / ID_BYTES;
}

static void
replace_all(struct buf *text, struct slice what, struct slice by)
{
	cleanup(buf_free) struct buf before = BUF_INIT;
	const char *at, *found;

	buf_add_slice(&before, buf_slice(text));
	buf_reset(text);
	for (at = before.data; (found = strstr(at, what.data)) != NULL;
	     at = found + what.len) {
		buf_add(text, at, (size_t)(found - at));
		buf_add_slice(text, by);
	}
	buf_add_str(text, at);
}

/* call-1 for its id, in an answer. */
static void
name_ids(struct scene *scene, struct buf *answer)
{
	for (size_t at = 0; at < scene->ids.len; at += ID_BYTES) {
		char id[ID_BYTES + 1], name[32];

		snprintf(name, sizeof(name), "call-%zu", at / ID_BYTES + 1);
		snprintf(id, sizeof(id), "%.*s", (int)ID_BYTES,
		    scene->ids.data + at);
		replace_all(answer, slice_of(id), slice_of(name));
	}
}

/* The other way, in what is asked: once through the text, since an id may begin
 * like the name of another. */
static void
use_ids(struct scene *scene, struct buf *asked)
{
	static const char prefix[] = "call-";
	cleanup(buf_free) struct buf before = BUF_INIT;
	const char *at, *found;
	char *end;

	buf_add_slice(&before, buf_slice(asked));
	buf_reset(asked);
	for (at = before.data; (found = strstr(at, prefix)) != NULL; at = end) {
		size_t place = strtoul(found + strlen(prefix), &end, 10);

		buf_add(asked, at, (size_t)(found - at));
		if (place == 0 || place > scene->ids.len / ID_BYTES)
			buf_add(asked, found, (size_t)(end - found));
		else
			buf_add(asked, scene->ids.data + (place - 1) * ID_BYTES,
			    ID_BYTES);
	}
	buf_add_str(asked, at);
}

/* --- a call --------------------------------------------------------------- */

struct call {
	const char *agent, *capability, *arguments, *call_id, *session_id;
};

static const struct call removal = { "fixer", "shell.exec",
	"{\"command\":\"rm -rf build\"}", "toolu_01", "sess-1" };

static void
on_reply(
    void *context, const struct approval_reply *reply, const struct error *err)
{
	struct scene *scene = context;

	scene->heard++;
	scene->code = err == NULL ? ERROR_NONE : err->code;
	if (reply == NULL)
		return;
	scene->reply = reply->answer;
	snprintf(scene->id, sizeof(scene->id), "call-%zu",
	    place_of(scene, reply->id));
	snprintf(
	    scene->user, sizeof(scene->user), "%.*s", SLICE_ARG(reply->user));
	snprintf(scene->reason, sizeof(scene->reason), "%.*s",
	    SLICE_ARG(reply->reason));
}

static void
start_call(struct scene *scene, const struct call *call)
{
	struct entry entry = {
		.uid = 1,
		.source = ENTRY_GATEWAY,
		.actor = ENTRY_AGENT,
		.actor_name = slice_of(call->agent),
		.session_id = slice_of(call->session_id),
		.call_id = slice_of(call->call_id),
		.capability = slice_of(call->capability),
	};

	approval_keeper_ask(
	    scene->keeper, &entry, slice_of(call->arguments), on_reply, scene);
}

/* What it hears, at once or when its entry is durable. */
static enum approval_answer
make_call(struct scene *scene, const struct call *call)
{
	unsigned heard = scene->heard;

	start_call(scene, call);
	commit_flush(scene->rig.commit);
	assert_int_equal(scene->heard, heard + 1);
	assert_int_equal(scene->code, ERROR_NONE);
	return scene->reply;
}

static void
assert_fails(struct scene *scene, const struct call *call, enum error_code code)
{
	unsigned heard = scene->heard;

	start_call(scene, call);
	commit_flush(scene->rig.commit);
	assert_int_equal(scene->heard, heard + 1);
	assert_int_equal(scene->code, code);
}

static void
end_call(struct scene *scene, const char *name, bool is_recorded)
{
	cleanup(buf_free) struct buf id = BUF_INIT;

	buf_add_str(&id, name);
	use_ids(scene, &id);
	approval_keeper_end(scene->keeper, buf_slice(&id), is_recorded);
}

/* --- a person's word ------------------------------------------------------ */

#define RUN(what, name)                                                  \
	static void run_##name(void *context, struct command_call *call) \
	{                                                                \
		name##_command(((struct scene *)context)->what, call);   \
	}

RUN(keeper, approval_list)
RUN(keeper, approval_accept)
RUN(keeper, approval_reject)
RUN(accounts, account_set)
RUN(accounts, account_sign_in)
RUN(accounts, token_create)

enum { DECIDES = MESSAGE_OWNER | MESSAGE_OPERATOR | MESSAGE_ACTOR };

static const struct command commands[] = {
	{ "approval.list", DECIDES | MESSAGE_SIGNED, run_approval_list,
	    approval_list_args },
	{ "approval.accept", DECIDES, run_approval_accept,
	    approval_decide_args },
	{ "approval.reject", DECIDES, run_approval_reject,
	    approval_decide_args },
	{ "account.set", MESSAGE_OWNER, run_account_set, account_set_args },
	{ "account.sign_in", MESSAGE_OWNER, run_account_sign_in,
	    account_sign_in_args },
	{ "token.create", MESSAGE_OWNER, run_token_create, token_create_args },
	{ 0 },
};

static int
identify(void *context, const struct command_call *call,
    struct slice credential, struct accounts_caller *ret_signed_in,
    struct error *err)
{
	(void)call;
	return account_keeper_identify(((struct scene *)context)->accounts,
	    credential, ret_signed_in, err);
}

static const char *
ask_as(struct scene *scene, unsigned classes, const char *credential,
    const char *verb, const char *args)
{
	struct command_table table = { commands, identify, scene, NULL };
	struct message_parser parser = MESSAGE_PARSER_INIT;
	struct message_peer peer = { .classes = classes,
		.user_name = SLICE_LITERAL("root") };
	struct pollfd hashed = { account_keeper_fd(scene->accounts), POLLIN,
		0 };
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct message message;
	struct error err;

	buf_addf(&line, "{\"do\":\"%s\",\"id\":\"r\",\"args\":%s", verb, args);
	if (credential != NULL)
		buf_addf(&line, ",\"credential\":\"%s\"", credential);
	buf_add_char(&line, '}');
	use_ids(scene, &line);
	buf_reset(&scene->answer);
	assert_int_equal(
	    message_parse(&parser, &peer, 0, buf_slice(&line), &message, &err),
	    0);
	command_start(&table, &message, &peer, &scene->caller);
	message_parser_free(&parser);
	for (;;) {
		commit_flush(scene->rig.commit);
		if (scene->answer.len > 0)
			break;
		assert_int_equal(poll(&hashed, 1, 60000), 1);
		account_keeper_take(scene->accounts);
	}
	name_ids(scene, &scene->answer);
	return scene->answer.data;
}

static const char *
ask(struct scene *scene, const char *verb, const char *args)
{
	return ask_as(scene, MESSAGE_OWNER, NULL, verb, args);
}

static void
assert_says(const char *answer, const char *words)
{
	if (strstr(answer, words) == NULL)
		fail_msg("not %s: %s", words, answer);
}

static void
accept_call(struct scene *scene)
{
	assert_says(ask(scene, "approval.accept", "{\"id\":\"call-1\"}"),
	    "\"ok\":{\"id\":\"call-1\",\"state\":\"accepted\","
	    "\"agent_name\":\"fixer\",\"capability\":\"shell.exec\"}");
}

/* A member of the last answer, for the test's life. */
static char *
said(struct scene *scene, const char *key)
{
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	struct slice line = { scene->answer.data, scene->answer.len - 1 };
	const struct json_node *node;
	struct error err;

	assert_int_equal(json_reader_read(&reader, line, &err), 0);
	node = json_reader_member(&reader, reader.nodes, "ok");
	assert_non_null(node);
	node = json_reader_member(&reader, node, key);
	assert_non_null(node);
	return strndup(node->text.data, node->text.len);
}

/* --- the log -------------------------------------------------------------- */

static void
read_log(struct scene *scene,
    void (*on_entry)(
	struct scene *scene, const struct entry *entry, struct buf *out),
    struct buf *out)
{
	struct error err;
	cleanup(cursor_freep) struct cursor *cursor =
	    cursor_open(scene->rig.model.path, &err);
	struct cursor_line line;
	struct entry entry;

	assert_non_null(cursor);
	assert_int_equal(cursor_seek(cursor, 1, &err), 0);
	while (cursor_next(cursor, UINT64_MAX, &line, &err) == 1) {
		assert_int_equal(entry_parse(line.line, &entry, &err), 0);
		if (slice_starts_with(
			entry.capability, SLICE_LITERAL("approval.")))
			on_entry(scene, &entry, out);
	}
}

static void
add_request(struct scene *scene, const struct entry *entry, struct buf *out)
{
	(void)scene;
	if (slice_is(entry->capability, "approval.request"))
		buf_addf(out, "%.*s\n", SLICE_ARG(entry->request));
}

static void
read_requests(struct scene *scene, struct buf *out)
{
	read_log(scene, add_request, out);
	name_ids(scene, out);
}

/* `CAPABILITY ACTOR ID SESSION STATUS` */
static void
add_words(struct scene *scene, const struct entry *entry, struct buf *out)
{
	buf_addf(out, "%.*s %.*s call-%zu %.*s %s\n",
	    SLICE_ARG(entry->capability), SLICE_ARG(entry->actor_name),
	    place_of(scene, entry->call_id), SLICE_ARG(entry->session_id),
	    entry_status_name(entry->status));
}

static void
assert_log(struct scene *scene, const char *wanted)
{
	cleanup(buf_free) struct buf log = BUF_INIT;

	read_log(scene, add_words, &log);
	assert_string_equal(log.len == 0 ? "" : log.data, wanted);
}

#define ASKED	 "approval.request fixer call-1 sess-1 pending\n"
#define ASKED_2	 "approval.request fixer call-2 sess-1 pending\n"
#define ACCEPTED "approval.accept root call-1 sess-1 success\n"
#define REJECTED "approval.reject root call-1 sess-1 success\n"
#define EXPIRED	 "approval.reject  call-1 sess-1 success\n"

/* --- the tests ------------------------------------------------------------ */

static void
the_same_call_waits_for_the_same_answer(void **state)
{
	struct scene *scene = *state;
	struct call again = removal;

	assert_int_equal(make_call(scene, &removal), APPROVAL_WAITS);
	assert_string_equal(scene->id, "call-1");
	again.call_id = "call-2";
	again.session_id = "sess-2";
	assert_int_equal(make_call(scene, &again), APPROVAL_WAITS);
	assert_string_equal(scene->id, "call-1");
	assert_log(scene, ASKED);
}

static void
what_was_accepted_runs_once(void **state)
{
	struct scene *scene = *state;
	struct call again = removal;

	make_call(scene, &removal);
	accept_call(scene);
	again.call_id = "call-2";
	assert_int_equal(make_call(scene, &again), APPROVAL_RUNS);
	assert_string_equal(scene->id, "call-1");
	assert_string_equal(scene->user, "root");
	/* While it runs and behind it, the same call asks anew. */
	assert_int_equal(make_call(scene, &again), APPROVAL_WAITS);
	assert_string_equal(scene->id, "call-2");
	end_call(scene, "call-1", true);
	assert_int_equal(make_call(scene, &removal), APPROVAL_WAITS);
	assert_string_equal(scene->id, "call-2");
	assert_log(scene, ASKED ACCEPTED ASKED_2);
}

static void
a_call_that_could_not_be_recorded_may_run_again(void **state)
{
	struct scene *scene = *state;

	make_call(scene, &removal);
	accept_call(scene);
	assert_int_equal(make_call(scene, &removal), APPROVAL_RUNS);
	end_call(scene, "call-1", false);
	assert_int_equal(make_call(scene, &removal), APPROVAL_RUNS);
	end_call(scene, "call-1", true);
	assert_int_equal(make_call(scene, &removal), APPROVAL_WAITS);
}

static void
what_was_rejected_is_refused_once_with_the_reason(void **state)
{
	struct scene *scene = *state;

	make_call(scene, &removal);
	assert_says(ask(scene, "approval.reject", "{\"id\":\"call-1\"}"),
	    "\"missing_field\",\"field\":\"reason\"");
	assert_says(ask(scene, "approval.reject",
			"{\"id\":\"call-1\",\"reason\":\"not\\nnow\"}"),
	    "\"state\":\"rejected\"");
	assert_int_equal(make_call(scene, &removal), APPROVAL_REJECTS);
	assert_string_equal(scene->id, "call-1");
	assert_string_equal(scene->reason, "not\\nnow");
	assert_string_equal(scene->user, "root");
	assert_int_equal(make_call(scene, &removal), APPROVAL_WAITS);
	assert_log(scene, ASKED REJECTED ASKED_2);
}

static void
another_call_does_not_pass(void **state)
{
	static const struct call others[] = {
		{ "other", "shell.exec", "{\"command\":\"rm -rf build\"}",
		    "call-2", "sess-1" },
		{ "fixer", "shell.start", "{\"command\":\"rm -rf build\"}",
		    "call-3", "sess-1" },
		{ "fixer", "shell.exec", "{\"command\":\"rm -rf /\"}", "call-4",
		    "sess-1" },
		/* The bytes count, and nothing else. */
		{ "fixer", "shell.exec", "{ \"command\":\"rm -rf build\"}",
		    "call-5", "sess-1" },
		{ "fixer", "shell.exec", NULL, "call-6", NULL },
	};
	struct scene *scene = *state;

	make_call(scene, &removal);
	accept_call(scene);
	for (size_t i = 0; i < COUNT(others); i++) {
		assert_int_equal(make_call(scene, &others[i]), APPROVAL_WAITS);
		assert_string_equal(scene->id, others[i].call_id);
	}
	assert_int_equal(make_call(scene, &removal), APPROVAL_RUNS);
}

/* Who looks at one request cannot be made to decide on another. */
static void
an_id_is_not_the_callers_and_never_comes_twice(void **state)
{
	struct scene *scene = *state;
	cleanup(buf_free) struct buf requests = BUF_INIT;
	struct call other = removal;

	make_call(scene, &removal);
	assert_memory_equal(scene->ids.data, "call-", 5);
	ask(scene, "approval.reject", "{\"id\":\"call-1\",\"reason\":\"no\"}");
	assert_int_equal(make_call(scene, &removal), APPROVAL_REJECTS);
	other.arguments = "{\"command\":\"rm -rf /\"}";
	make_call(scene, &other);
	assert_string_equal(scene->id, "call-2");
	assert_says(ask(scene, "approval.accept", "{\"id\":\"call-1\"}"),
	    "\"not_found\"");
	/* What the agent calls it is recorded. */
	read_requests(scene, &requests);
	assert_string_equal(requests.data,
	    "{\"approval_id\":\"call-1\",\"capability\":\"shell.exec\","
	    "\"call_id\":\"toolu_01\",\"arguments\":{\"command\":\"rm -rf "
	    "build\"}}\n"
	    "{\"approval_id\":\"call-2\",\"capability\":\"shell.exec\","
	    "\"call_id\":\"toolu_01\",\"arguments\":{\"command\":\"rm -rf "
	    "/\"}}\n");
}

static void
a_restart_loses_nothing(void **state)
{
	struct scene *scene = *state;

	make_call(scene, &removal);
	restart(scene);
	assert_int_equal(make_call(scene, &removal), APPROVAL_WAITS);
	accept_call(scene);
	restart(scene);
	assert_int_equal(make_call(scene, &removal), APPROVAL_RUNS);
	/* Nobody knows whether it ran: it does not run twice. */
	restart(scene);
	assert_int_equal(make_call(scene, &removal), APPROVAL_WAITS);
	assert_string_not_equal(scene->id, "call-1");
}

static void
an_entry_that_the_log_does_not_take_stays_owed(void **state)
{
	struct scene *scene = *state;
	struct error err;

	model_fail(&scene->rig.model, NULL, 1, ULONG_MAX, EIO);
	assert_fails(scene, &removal, ERROR_AUDIT_UNAVAILABLE);
	close_keepers(scene);
	rig_stop(&scene->rig);
	model_fail(&scene->rig.model, NULL, 0, 0, 0);
	assert_int_equal(rig_start(&scene->rig, &err), 0);
	open_keepers(scene);
	assert_log(scene, "");
	state_changer_tick(scene->changer);
	commit_flush(scene->rig.commit);
	assert_log(scene, ASKED);
	assert_int_equal(make_call(scene, &removal), APPROVAL_WAITS);
	assert_string_equal(scene->id, "call-1");
}

static void
a_request_that_nobody_decides_expires(void **state)
{
	struct scene *scene = *state;

	make_call(scene, &removal);
	rig_advance(&scene->rig, config.approval_timeout);
	approval_keeper_tick(scene->keeper);
	assert_int_equal(make_call(scene, &removal), APPROVAL_WAITS);
	assert_log(scene, ASKED);
	rig_advance(&scene->rig, 1);
	assert_says(ask(scene, "approval.accept", "{\"id\":\"call-1\"}"),
	    "\"conflict\",\"field\":\"id\",\"detail\":\"call-1 has expired\"");
	assert_says(ask(scene, "approval.list", "{}"), "\"approvals\":[]");
	approval_keeper_tick(scene->keeper);
	commit_flush(scene->rig.commit);
	assert_log(scene, ASKED EXPIRED);
	assert_says(ask(scene, "approval.accept", "{\"id\":\"call-1\"}"),
	    "\"not_found\"");
	assert_int_equal(make_call(scene, &removal), APPROVAL_WAITS);
	assert_log(scene, ASKED EXPIRED ASKED_2);
}

static void
a_call_finds_out_itself_that_its_request_has_expired(void **state)
{
	struct scene *scene = *state;

	make_call(scene, &removal);
	rig_advance(&scene->rig, config.approval_timeout + 1);
	assert_int_equal(make_call(scene, &removal), APPROVAL_WAITS);
	assert_log(scene, ASKED EXPIRED ASKED_2);
}

static void
what_was_accepted_is_good_for_a_while(void **state)
{
	struct scene *scene = *state;

	make_call(scene, &removal);
	accept_call(scene);
	rig_advance(&scene->rig, config.approval_valid + 1);
	assert_int_equal(make_call(scene, &removal), APPROVAL_WAITS);
	assert_log(scene, ASKED ACCEPTED EXPIRED ASKED_2);
}

static void
a_clock_that_is_set_back_makes_nothing_younger(void **state)
{
	struct scene *scene = *state;

	make_call(scene, &removal);
	accept_call(scene);
	scene->rig.clock.realtime -= STEP_BACK + 1;
	assert_int_equal(make_call(scene, &removal), APPROVAL_WAITS);
	assert_log(scene, ASKED ACCEPTED EXPIRED ASKED_2);
}

static void
what_is_decided_stays_decided(void **state)
{
	struct scene *scene = *state;

	make_call(scene, &removal);
	accept_call(scene);
	assert_says(ask(scene, "approval.accept", "{\"id\":\"call-1\"}"),
	    "\"conflict\",\"field\":\"id\",\"detail\":\"call-1 was decided "
	    "already: accepted by root\"");
	assert_says(ask(scene, "approval.reject",
			"{\"id\":\"call-1\",\"reason\":\"no\"}"),
	    "\"conflict\"");
	assert_log(scene, ASKED ACCEPTED);
}

static void
what_was_rejected_gives_way_to_what_is_asked(void **state)
{
	struct scene *scene = *state;
	struct call call = removal;
	char arguments[32];

	make_call(scene, &removal);
	for (int i = 1; i < APPROVAL_WRITER_OF_AGENT; i++) {
		snprintf(arguments, sizeof(arguments), "{\"n\":%d}", i);
		call.arguments = arguments;
		make_call(scene, &call);
	}
	assert_says(ask(scene, "approval.reject",
			"{\"id\":\"call-1\",\"reason\":\"no\"}"),
	    "\"rejected\"");
	call.arguments = "{\"more\":1}";
	assert_int_equal(make_call(scene, &call), APPROVAL_WAITS);
	assert_fails(scene, &removal, ERROR_TOO_MANY);
}

static void
an_agent_has_so_many_and_all_have_so_many(void **state)
{
	struct scene *scene = *state;
	struct call call = removal;
	char agent[32], arguments[32];

	for (int i = 0; i < APPROVAL_WRITER_ALL; i++) {
		snprintf(agent, sizeof(agent), "agent-%d",
		    i / APPROVAL_WRITER_OF_AGENT);
		snprintf(arguments, sizeof(arguments), "{\"n\":%d}", i);
		call =
		    (struct call){ agent, "shell.exec", arguments, NULL, NULL };
		start_call(scene, &call);
		commit_flush(scene->rig.commit);
		assert_int_equal(scene->code, ERROR_NONE);
		if (i + 1 == APPROVAL_WRITER_OF_AGENT) {
			call.arguments = "{\"more\":1}";
			assert_fails(scene, &call, ERROR_TOO_MANY);
		}
	}
	assert_fails(scene, &removal, ERROR_TOO_MANY);
}

static void
the_request_is_shown_without_secrets(void **state)
{
	static const struct call call = { "fixer", "shell.exec",
		"{\"command\":\"curl -H 'Authorization: Bearer "
		"ghp_0123456789abcdefghijklmnopqrstuvwxyz'\",\"n\":1.50}",
		"call-1", NULL };
	struct scene *scene = *state;
	const char *answer;

	make_call(scene, &call);
	answer = ask(scene, "approval.list", "{}");
	assert_says(answer, "[REDACTED]");
	assert_says(answer, "\"n\":1.50}");
	assert_null(strstr(answer, "ghp_"));
	assert_says(answer,
	    "{\"id\":\"call-1\",\"call_id\":\"call-1\",\"state\":\"open\","
	    "\"agent_name\":\"fixer\",\"capability\":\"shell.exec\","
	    "\"session_id\":null,\"asked_at\":");
	assert_says(answer, "\"decided_by\":null,\"decided_at\":null,"
			    "\"reason\":null}],\"more\":false}");
}

static void
a_list_is_of_what_waits_or_of_what_is_decided(void **state)
{
	static const struct call second = { "fixer", "shell.exec", "{}",
		"call-2", NULL };
	struct scene *scene = *state;
	const char *answer;

	make_call(scene, &removal);
	make_call(scene, &second);
	accept_call(scene);
	answer = ask(scene, "approval.list", "{}");
	assert_null(strstr(answer, "call-1"));
	assert_says(answer, "call-2");
	answer = ask(scene, "approval.list", "{\"state\":\"decided\"}");
	assert_says(answer, "\"id\":\"call-1\",\"call_id\":\"call-1\","
			    "\"state\":\"accepted\"");
	assert_null(strstr(answer, "call-2"));
	answer = ask(scene, "approval.list", "{\"state\":\"all\"}");
	assert_true(strstr(answer, "call-1") < strstr(answer, "call-2"));
	answer = ask(scene, "approval.list", "{\"id\":\"call-2\"}");
	assert_says(answer, "\"id\":\"call-2\"");
	assert_says(ask(scene, "approval.list", "{\"id\":\"call-3\"}"),
	    "\"not_found\"");
	assert_says(ask(scene, "approval.list", "{\"state\":\"new\"}"),
	    "\"out_of_range\",\"field\":\"state\"");
}

static void
a_list_that_is_too_long_says_so(void **state)
{
	struct scene *scene = *state;
	cleanup(buf_free) struct buf arguments = BUF_INIT;
	const char *answer;

	for (int i = 0; i < 14; i++) {
		struct call call = { "fixer", "shell.exec", NULL, NULL, NULL };

		buf_reset(&arguments);
		buf_addf(&arguments, "{\"n\":%d,\"text\":\"", i);
		buf_add_chars(&arguments, 'x', 60 << 10);
		buf_add_str(&arguments, "\"}");
		call.arguments = arguments.data;
		assert_int_equal(make_call(scene, &call), APPROVAL_WAITS);
	}
	answer = ask(scene, "approval.list", "{}");
	assert_true(scene->answer.len < 1 << 20);
	assert_says(answer, "\"more\":true");
	assert_says(answer, "{\"n\":0,");
}

static char *
make_session(struct scene *scene, const char *name, const char *role)
{
	char args[128];

	snprintf(args, sizeof(args),
	    "{\"name\":\"%s\",\"role\":\"%s\",\"password\":\"" PASSWORD "\"}",
	    name, role);
	ask(scene, "account.set", args);
	snprintf(args, sizeof(args),
	    "{\"name\":\"%s\",\"password\":\"" PASSWORD "\"}", name);
	ask(scene, "account.sign_in", args);
	return said(scene, "secret");
}

static void
a_person_decides_who_is_signed_in_as_an_operator(void **state)
{
	struct scene *scene = *state;
	char *ana = make_session(scene, "ana", "operator");
	char *vic = make_session(scene, "vic", "viewer");

	make_call(scene, &removal);
	assert_says(ask_as(scene, 0, vic, "approval.list", "{}"), "\"call-1\"");
	assert_says(
	    ask_as(scene, 0, vic, "approval.accept", "{\"id\":\"call-1\"}"),
	    "\"not_allowed\"");
	assert_says(ask_as(scene, 0, ana, "approval.accept",
			"{\"id\":\"call-1\",\"reason\":\"go on\"}"),
	    "\"state\":\"accepted\"");
	assert_int_equal(make_call(scene, &removal), APPROVAL_RUNS);
	assert_string_equal(scene->user, "ana");
	assert_log(scene, ASKED "approval.accept ana call-1 sess-1 success\n");
	free(ana);
	free(vic);
}

static void
no_token_decides(void **state)
{
	struct scene *scene = *state;
	char *token;

	free(make_session(scene, "ana", "operator"));
	ask(scene, "token.create",
	    "{\"account\":\"ana\",\"scope\":\"operate\",\"label\":\"ci\"}");
	token = said(scene, "token");
	make_call(scene, &removal);
	assert_says(ask_as(scene, 0, token, "approval.list", "{}"), "call-1");
	assert_says(ask_as(scene, 0, token, "approval.accept",
			"{\"id\":\"call-1\",\"account\":\"ana\","
			"\"password\":\"" PASSWORD "\"}"),
	    "\"not_allowed\"");
	assert_log(scene, ASKED);
	free(token);
}

static void
a_member_of_the_group_needs_an_operators_password(void **state)
{
	static const struct {
		const char *args, *answer;
	} cases[] = {
		{ "{\"id\":\"call-1\"}",
		    "\"missing_field\",\"field\":\"password\"" },
		{ "{\"id\":\"call-1\",\"password\":\"" PASSWORD "\"}",
		    "\"missing_field\",\"field\":\"password\"" },
		{ "{\"id\":\"call-1\",\"account\":\"ana\"}",
		    "\"missing_field\",\"field\":\"password\"" },
		{ "{\"id\":\"call-1\",\"account\":\"ana\",\"password\":\"a "
		  "guess at it\"}",
		    "\"not_allowed\",\"field\":\"password\",\"detail\":\"no "
		    "account has this name and this password\"" },
		{ "{\"id\":\"call-1\",\"account\":\"bob\",\"password\":"
		  "\"" PASSWORD "\"}",
		    "\"not_allowed\",\"field\":\"password\",\"detail\":\"no "
		    "account has this name and this password\"" },
		{ "{\"id\":\"call-1\",\"account\":\"vic\",\"password\":"
		  "\"" PASSWORD "\"}",
		    "\"not_allowed\",\"field\":\"account\",\"detail\":\"vic is "
		    "no operator\"" },
		{ "{\"id\":\"call-1\",\"account\":\"a b\",\"password\":\"x\"}",
		    "\"out_of_range\",\"field\":\"account\"" },
		{ "{\"id\":\"call-1\",\"account\":\"ana\",\"password\":"
		  "\"" PASSWORD "\"}",
		    "\"state\":\"accepted\"" },
	};
	struct scene *scene = *state;

	free(make_session(scene, "ana", "operator"));
	free(make_session(scene, "vic", "viewer"));
	make_call(scene, &removal);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_says(ask_as(scene, MESSAGE_OPERATOR, NULL,
				"approval.accept", cases[i].args),
		    cases[i].answer);
	assert_log(scene, ASKED "approval.accept ana call-1 sess-1 success\n");
}

static void
guesses_at_a_password_are_throttled(void **state)
{
	struct scene *scene = *state;
	const char *answer = NULL;

	free(make_session(scene, "ana", "operator"));
	make_call(scene, &removal);
	for (unsigned i = 0; i <= config.attempts_per_minute; i++)
		answer =
		    ask_as(scene, MESSAGE_OPERATOR, NULL, "approval.accept",
			"{\"id\":\"call-1\",\"account\":\"ana\",\"password\":"
			"\"a guess at it\"}");
	assert_says(answer, "\"too_many\"");
}

static void
without_a_log_nothing_is_asked_and_nothing_decided(void **state)
{
	struct scene *scene = *state;
	struct call other = removal;

	make_call(scene, &removal);
	model_fail(&scene->rig.model, NULL, 1, ULONG_MAX, EIO);
	rig_commit(&scene->rig, 1);
	other.arguments = "{}";
	assert_fails(scene, &other, ERROR_AUDIT_UNAVAILABLE);
	assert_fails(scene, &removal, ERROR_AUDIT_UNAVAILABLE);
	assert_says(ask(scene, "approval.accept", "{\"id\":\"call-1\"}"),
	    "\"audit_unavailable\"");
	assert_says(ask(scene, "approval.list", "{}"),
	    "\"id\":\"call-1\",\"call_id\":\"call-1\",\"state\":\"open\"");
}

/* The log fails between the request and its entry. */
static void
who_asks_hears_that_his_request_is_not_recorded(void **state)
{
	struct scene *scene = *state;

	model_fail(&scene->rig.model, NULL, 1, ULONG_MAX, EIO);
	assert_fails(scene, &removal, ERROR_AUDIT_UNAVAILABLE);
	model_fail(&scene->rig.model, NULL, 0, 0, 0);
	rig_advance(&scene->rig, USEC_PER_MIN);
	commit_retry(scene->rig.commit);
	commit_flush(scene->rig.commit);
	state_changer_tick(scene->changer);
	commit_flush(scene->rig.commit);
	assert_log(scene, ASKED);
	assert_int_equal(make_call(scene, &removal), APPROVAL_WAITS);
	assert_log(scene, ASKED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_call_waits_for_the_same_answer),
		TEST(what_was_accepted_runs_once),
		TEST(a_call_that_could_not_be_recorded_may_run_again),
		TEST(what_was_rejected_is_refused_once_with_the_reason),
		TEST(another_call_does_not_pass),
		TEST(an_id_is_not_the_callers_and_never_comes_twice),
		TEST(a_restart_loses_nothing),
		TEST(an_entry_that_the_log_does_not_take_stays_owed),
		TEST(a_request_that_nobody_decides_expires),
		TEST(a_call_finds_out_itself_that_its_request_has_expired),
		TEST(what_was_accepted_is_good_for_a_while),
		TEST(a_clock_that_is_set_back_makes_nothing_younger),
		TEST(what_is_decided_stays_decided),
		TEST(what_was_rejected_gives_way_to_what_is_asked),
		TEST(an_agent_has_so_many_and_all_have_so_many),
		TEST(the_request_is_shown_without_secrets),
		TEST(a_list_is_of_what_waits_or_of_what_is_decided),
		TEST(a_list_that_is_too_long_says_so),
		TEST(a_person_decides_who_is_signed_in_as_an_operator),
		TEST(no_token_decides),
		TEST(a_member_of_the_group_needs_an_operators_password),
		TEST(guesses_at_a_password_are_throttled),
		TEST(without_a_log_nothing_is_asked_and_nothing_decided),
		TEST(who_asks_hears_that_his_request_is_not_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
