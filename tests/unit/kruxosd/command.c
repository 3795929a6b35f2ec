#include "collectors/kruxosd/command.c"

#include "collectors/kruxosd/erasure.h"
#include "collectors/kruxosd/export.h"
#include "log/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DENIED_BYTES = 80 };

static unsigned runs;
static char denied[DENIED_BYTES];
static char made_by[80];

static void
run(void *context, struct command_call *call)
{
	struct entry entry = command_entry(call);

	(void)context;
	runs++;
	snprintf(made_by, sizeof(made_by), "%s %.*s %s %u",
	    entry_actor_name(entry.actor), SLICE_ARG(entry.actor_name),
	    entry_source_name(entry.source), entry.uid);
	command_ok(call, (struct slice){ NULL, 0 });
}

/* What is said to be denied and is in the log already. */
static void
refuse(void *context, struct command_call *call)
{
	struct error err;

	(void)context;
	error_set(&err, ERROR_NOT_ALLOWED, "the policy blocks it");
	command_refuse(call, &err);
}

static const struct command_arg args[] = {
	{ "why", COMMAND_STRING, "it is recorded" },
	{ "names", COMMAND_STRINGS, NULL },
	{ "seqs", COMMAND_NUMBERS, NULL },
	{ "seq", COMMAND_NUMBER, NULL },
	{ "ok", COMMAND_BOOLEAN, NULL },
	{ 0 },
};

static const struct command commands[] = {
	{ "test.do", MESSAGE_OWNER, run, args },
	{ "test.bare", MESSAGE_OWNER, run, NULL },
	{ "may.own", MESSAGE_OWNER, run, NULL },
	{ "may.peer", MESSAGE_ANYONE, run, NULL },
	{ "may.signed", MESSAGE_SIGNED, run, NULL },
	{ "may.session", MESSAGE_SESSION, run, NULL },
	{ "may.act", MESSAGE_ACTOR, run, NULL },
	{ "may.export", MESSAGE_EXPORTER, run, NULL },
	{ "may.agent", MESSAGE_AGENT, run, NULL },
	{ "test.refuse", MESSAGE_AGENT, refuse, NULL },
	{ 0 },
};

static int find_known(void *context, const struct command_call *call,
    struct slice credential, struct accounts_caller *ret_signed_in,
    struct error *err);

static void
on_denied(void *context, const struct command_call *call)
{
	snprintf(context, DENIED_BYTES, "%.*s %s",
	    SLICE_ARG(call->peer.user_name), call->verb);
}

static const struct command_table table = { commands, find_known, denied,
	on_denied };

struct ear {
	struct command_caller caller;
	struct buf heard;
};

static void
on_answer(struct command_caller *caller, struct slice line)
{
	buf_add_slice(&((struct ear *)caller)->heard, line);
}

/* Say the line as root; what is answered. */
static const char *
ask(struct ear *ear, const char *line)
{
	struct message_parser parser = MESSAGE_PARSER_INIT;
	struct message_peer peer = { .uid = 1000,
		.classes = MESSAGE_OWNER,
		.user_name = SLICE_LITERAL("root") };
	struct message message;
	struct error err;

	buf_reset(&ear->heard);
	if (message_parse(&parser, &peer, 0, slice_of(line), &message, &err) ==
	    -1)
		answer_add_error(&ear->heard, 1, &err);
	else
		command_start(&table, &message, &peer, &ear->caller);
	message_parser_free(&parser);
	return ear->heard.data;
}

static void
what_is_not_in_the_table_is_not_done(void **state)
{
	static const struct {
		const char *line, *error;
	} cases[] = {
		{ "{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"why\":\"w\","
		  "\"dry_run\":true}}",
		    "\"unknown_field\",\"field\":\"dry_run\",\"detail\":"
		    "\"test.do has no argument \\\"dry_run\\\"\"" },
		{ "{\"do\":\"test.bare\",\"id\":\"r\",\"args\":{\"why\":1}}",
		    "\"unknown_field\",\"field\":\"why\"" },
		{ "{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"wh\\u001by\":"
		  "1}}",
		    "\"unknown_field\"" },
		{ "{\"do\":\"test.do\",\"id\":\"r\"}",
		    "\"missing_field\",\"field\":\"why\",\"detail\":"
		    "\"why: it is recorded\"" },
		{ "{\"do\":\"test.do\",\"id\":\"r\",\"args\":{}}",
		    "\"missing_field\",\"field\":\"why\"" },
		{ "{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"why\":7}}",
		    "\"wrong_type\",\"field\":\"why\",\"detail\":\"why is a "
		    "string\"" },
		{ "{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"why\":null}}",
		    "\"wrong_type\",\"field\":\"why\"" },
		{ "{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"why\":\"w\","
		  "\"names\":\"a\"}}",
		    "\"wrong_type\",\"field\":\"names\"" },
		{ "{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"why\":\"w\","
		  "\"names\":[\"a\",2]}}",
		    "\"wrong_type\",\"field\":\"names\"" },
		{ "{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"why\":\"w\","
		  "\"seqs\":[1,\"2\"]}}",
		    "\"wrong_type\",\"field\":\"seqs\"" },
		{ "{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"why\":\"w\","
		  "\"seq\":\"1\"}}",
		    "\"wrong_type\",\"field\":\"seq\",\"detail\":\"seq is a "
		    "number\"" },
		{ "{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"why\":\"w\","
		  "\"ok\":1}}",
		    "\"wrong_type\",\"field\":\"ok\",\"detail\":\"ok is true "
		    "or false\"" },
		{ "{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"why\":\"w\","
		  "\"why\":\"v\"}}",
		    "\"duplicate_key\"" },
		{ "{\"do\":\"test.do\",\"id\":\"r\",\"args\":[\"why\"]}",
		    "\"wrong_type\",\"line\":1,\"field\":\"args\"" },
	};
	struct ear ear = { .caller.on_answer = on_answer, .heard = BUF_INIT };

	(void)state;
	runs = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *answer = ask(&ear, cases[i].line);

		if (strstr(answer, cases[i].error) == NULL)
			fail_msg("%s: %s", cases[i].line, answer);
	}
	assert_int_equal(runs, 0);
	assert_int_equal(ear.caller.count, 0);
	buf_free(&ear.heard);
}

static void
what_is_in_the_table_is_done(void **state)
{
	static const char *const lines[] = {
		"{\"do\":\"test.bare\",\"id\":\"r\"}",
		"{\"do\":\"test.bare\",\"id\":\"r\",\"args\":{}}",
		"{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"why\":\"\"}}",
		"{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"seqs\":[1,2],"
		"\"names\":[],\"why\":\"w\"}}",
		"{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"seq\":1,"
		"\"ok\":false,\"why\":\"w\"}}",
		"{\"do\":\"test.do\",\"id\":\"r\",\"args\":{\"ok\":true,"
		"\"why\":\"w\"}}",
	};
	struct ear ear = { .caller.on_answer = on_answer, .heard = BUF_INIT };

	(void)state;
	runs = 0;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_string_equal(
		    ask(&ear, lines[i]), "{\"id\":\"r\",\"ok\":{}}\n");
	assert_int_equal(runs, sizeof(lines) / sizeof(lines[0]));
	buf_free(&ear.heard);
}

/* --- by a credential ------------------------------------------------------ */

static struct accounts_caller known;
static unsigned known_for; /* who may what was asked for */

static int
find_known(void *context, const struct command_call *call,
    struct slice credential, struct accounts_caller *ret_signed_in,
    struct error *err)
{
	(void)context;
	known_for = call->may;
	if (!slice_is(credential, "good"))
		return error_set(err, ERROR_UNAUTHENTICATED, "nobody's");
	*ret_signed_in = known;
	return 0;
}

static void
a_credential_has_the_rights_of_its_account_and_no_others(void **state)
{
	enum {
		SESSION = CREDENTIAL_SESSION,
		TOKEN = CREDENTIAL_TOKEN,
		AGENT = CREDENTIAL_AGENT,
	};
	static const struct {
		enum account_role role;
		int via;
		enum account_scope scope;
		const char *may; /* of the verbs, those that he may */
	} cases[] = {
		{ ACCOUNT_VIEWER, SESSION, ACCOUNT_READ, "signed session" },
		{ ACCOUNT_VIEWER, TOKEN, ACCOUNT_READ, "signed" },
		{ ACCOUNT_OPERATOR, SESSION, ACCOUNT_OPERATE,
		    "signed session act export" },
		{ ACCOUNT_OPERATOR, TOKEN, ACCOUNT_OPERATE,
		    "signed act export" },
		{ ACCOUNT_OPERATOR, TOKEN, ACCOUNT_READ, "signed export" },
		{ ACCOUNT_AUDITOR, SESSION, ACCOUNT_READ,
		    "signed session export" },
		{ ACCOUNT_AUDITOR, TOKEN, ACCOUNT_READ, "signed export" },
		{ ACCOUNT_OPERATOR, AGENT, ACCOUNT_OPERATE, "agent" },
	};
	static const char *const verbs[] = {
		"signed",
		"session",
		"act",
		"export",
		"own",
		"peer",
		"agent",
	};
	struct ear ear = { .caller.on_answer = on_answer, .heard = BUF_INIT };
	char line[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t j = 0; j < sizeof(verbs) / sizeof(verbs[0]); j++) {
			known = (struct accounts_caller){
				.via = (enum credential_kind)cases[i].via,
				.name = "ana",
				.role = cases[i].role,
				.scope = cases[i].scope,
			};
			snprintf(line, sizeof(line),
			    "{\"do\":\"may.%s\",\"id\":\"r\","
			    "\"credential\":\"good\"}",
			    verbs[j]);
			if ((strstr(ask(&ear, line), "not_allowed") == NULL) !=
			    (strstr(cases[i].may, verbs[j]) != NULL))
				fail_msg("%zu: %s", i, ear.heard.data);
		}
	buf_free(&ear.heard);
}

static void
what_comes_of_it_is_in_the_name_of_the_account(void **state)
{
	struct ear ear = { .caller.on_answer = on_answer, .heard = BUF_INIT };

	(void)state;
	known = (struct accounts_caller){ .name = "ana" };
	ask(&ear,
	    "{\"do\":\"may.signed\",\"id\":\"r\",\"credential\":\"good\"}");
	assert_string_equal(made_by, "user ana dashboard 1000");
	ask(&ear, "{\"do\":\"may.own\",\"id\":\"r\"}");
	assert_string_equal(made_by, "user root cli 1000");
	buf_free(&ear.heard);
}

static void
what_comes_of_an_agents_token_is_in_the_name_of_the_agent(void **state)
{
	struct ear ear = { .caller.on_answer = on_answer, .heard = BUF_INIT };

	(void)state;
	known = (struct accounts_caller){ .via = CREDENTIAL_AGENT,
		.name = "reader" };
	ask(&ear,
	    "{\"do\":\"may.agent\",\"id\":\"r\",\"credential\":\"good\"}");
	assert_string_equal(made_by, "agent reader gateway 1000");
	assert_int_equal(known_for, MESSAGE_AGENT);
	buf_free(&ear.heard);
}

static void
what_was_refused_by_an_entry_of_its_own_is_told_to_nobody(void **state)
{
	struct ear ear = { .caller.on_answer = on_answer, .heard = BUF_INIT };

	(void)state;
	known = (struct accounts_caller){ .via = CREDENTIAL_AGENT,
		.name = "reader" };
	denied[0] = '\0';
	assert_non_null(strstr(ask(&ear, "{\"do\":\"test.refuse\",\"id\":\"r\","
					 "\"credential\":\"good\"}"),
	    "\"not_allowed\",\"detail\":\"the policy blocks it\""));
	assert_string_equal(denied, "");
	ask(&ear, "{\"do\":\"may.act\",\"id\":\"r\",\"credential\":\"good\"}");
	assert_string_equal(denied, "reader may.act");
	buf_free(&ear.heard);
}

static void
what_is_denied_is_told_with_who_asked(void **state)
{
	struct ear ear = { .caller.on_answer = on_answer, .heard = BUF_INIT };

	(void)state;
	known = (struct accounts_caller){ .name = "ana" };
	denied[0] = '\0';
	ask(&ear, "{\"do\":\"may.signed\",\"id\":\"r\","
		  "\"credential\":\"good\"}");
	ask(&ear, "{\"do\":\"no.such\",\"id\":\"r\",\"credential\":\"good\"}");
	ask(&ear, "{\"do\":\"may.own\",\"id\":\"r\",\"credential\":\"bad\"}");
	ask(&ear, "{\"do\":\"test.do\",\"id\":\"r\"}");
	assert_string_equal(denied, "");
	ask(&ear, "{\"do\":\"may.own\",\"id\":\"r\",\"credential\":\"good\"}");
	assert_string_equal(denied, "ana may.own");
	ask(&ear, "{\"do\":\"may.act\",\"id\":\"r\"}");
	assert_string_equal(denied, "root may.act");
	buf_free(&ear.heard);
}

static void
a_credential_that_is_nobodys_ends_the_call(void **state)
{
	struct ear ear = { .caller.on_answer = on_answer, .heard = BUF_INIT };

	(void)state;
	assert_non_null(strstr(
	    ask(&ear, "{\"do\":\"may.own\",\"id\":\"r\",\"credential\":\"\"}"),
	    "{\"id\":\"r\",\"error\":\"unauthenticated\""));
	buf_free(&ear.heard);
}

/* Whatever a search can be narrowed by, an export can. */
static void
an_export_may_be_asked_for_by_every_filter(void **state)
{
	(void)state;
	for (int i = 0; i < FILTER_NAMES; i++)
		assert_non_null(find_arg(
		    export_args, slice_of(filter_name((enum filter_name)i))));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_in_the_table_is_not_done),
		cmocka_unit_test(what_is_in_the_table_is_done),
		cmocka_unit_test(
		    a_credential_has_the_rights_of_its_account_and_no_others),
		cmocka_unit_test(
		    what_comes_of_it_is_in_the_name_of_the_account),
		cmocka_unit_test(
		    what_comes_of_an_agents_token_is_in_the_name_of_the_agent),
		cmocka_unit_test(
		    what_was_refused_by_an_entry_of_its_own_is_told_to_nobody),
		cmocka_unit_test(what_is_denied_is_told_with_who_asked),
		cmocka_unit_test(a_credential_that_is_nobodys_ends_the_call),
		cmocka_unit_test(an_export_may_be_asked_for_by_every_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
