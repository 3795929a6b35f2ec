/* session.fcgi: who is signed in.
 *
 *	/api/session		GET: who am I; POST: sign in
 *	/api/session/end	POST: sign out, here or elsewhere
 *	/auth			asked by nginx before it lets a request to /api/
 *				through: may it come?
 *
 * It reads state.db and decides who somebody is; whoever may change something,
 * and changes it, is kruxosd, through the door. So reading goes on while that
 * does not.
 *
 * /auth answers 204, with X-Kruxos-Session and X-Kruxos-Expires, which nginx
 * hands to the program; 401; or 403, with the reason as one word in
 * X-Kruxos-Refused, of which nginx makes a sentence. (An auth_request has no
 * other answers: 503 becomes nginx's 500, which it shows as 503.)
 */
#include "fcgi/action.h"
#include "fcgi/program.h"
#include "fcgi/renewal.h"

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "base/text.h"
#include "config/config.h"
#include "door/password.h"
#include "http/body.h"
#include "store/accounts.h"

static struct accounts *accounts; /* the loop's thread's */
static struct renewal *renewal;

/* What nobody in particular is told when kruxosd or state.db is not there. */
static const char unable[] = "nobody can sign in now; the messages of kruxosd "
			     "and session.fcgi say why";

/* --- who is it? ----------------------------------------------------------- */

/* Whose is what came with the request? Returns 0, or the status to answer. */
static int
identify(struct accounts *from, const struct caller *caller,
    struct accounts_caller *ret_account, struct error *err)
{
	usec_t now = clock_realtime(&clock_system);
	enum credential_kind wanted = caller->via == CALLER_COOKIE
					  ? CREDENTIAL_SESSION
					  : CREDENTIAL_TOKEN;

	if (caller->via == CALLER_UNKNOWN) {
		error_set(err, ERROR_UNAUTHENTICATED, "you are not signed in");
		return 401;
	}
	if (accounts_find(from, caller->credential, now, ret_account, err) ==
	    -1)
		return err->code == ERROR_UNAUTHENTICATED ? 401 : 503;
	if (ret_account->via == wanted)
		return 0;
	error_set(err, ERROR_UNAUTHENTICATED,
	    "a session comes as a cookie, a token as a bearer's");
	return 401;
}

/* Does somebody look, or does a page that he left open? A browser cannot send
 * the header along with a stream. */
static bool
is_background(const struct request *req)
{
	return slice_is(request_header(req, "X-Kruxos-Background"), "1") ||
	       slice_is(request_variable(req, "KRUXOS_PATH"),
		   "/api/activity/stream");
}

/* --- /auth ---------------------------------------------------------------- */

/* Why `caller` may not send the request that nginx asks about; NULL: he may. A
 * browser sends its cookie along with what a page of somebody else makes it
 * send: from another port of this host always. Even to read is then not his
 * wish: an export would be recorded in his name, and his session live on. */
static const char *
refusal(const struct request *req, const struct caller *caller,
    const struct accounts_caller *account)
{
	struct slice method = request_variable(req, "KRUXOS_METHOD");
	bool reads = slice_is(method, "GET") || slice_is(method, "HEAD");

	if (caller_is_foreign(req))
		return "site";
	if (reads)
		return NULL;
	if (caller->via == CALLER_BEARER)
		return account->scope == ACCOUNT_READ ? "scope" : NULL;
	if (!caller_is_same_origin(req))
		return "site";
	if (!credential_is_csrf(
		caller->credential, request_header(req, "X-CSRF-Token")))
		return "csrf";
	return NULL;
}

/* GET /auth: may it come, and who is it? */
static int
auth_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct caller caller = caller_of(req);
	struct accounts_caller account;
	const char *why;
	int status = identify(accounts, &caller, &account, err);

	(void)prog;
	if (status != 0)
		return status;
	why = refusal(req, &caller, &account);
	if (why != NULL) {
		reply_header(rep, "X-Kruxos-Refused", "%s", why);
		error_set(err, ERROR_NOT_ALLOWED, "refused: %s", why);
		return 403;
	}
	if (!is_background(req))
		renewal_note(renewal, &account, caller.credential,
		    clock_realtime(&clock_system));
	reply_header(rep, "X-Kruxos-Session", "%s", account.id);
	if (account.expires_at != 0)
		reply_header(rep, "X-Kruxos-Expires", "%llu",
		    (unsigned long long)(account.expires_at / USEC_PER_SEC));
	return 204;
}

/* --- /api/session --------------------------------------------------------- */

static void
write_text(struct json_writer *json, const char *key, struct slice text)
{
	json_writer_pair_slice(
	    json, key, text.len > 0 ? text : (struct slice){ NULL, 0 });
}

static void
write_session(struct json_writer *json, const struct accounts_session *session,
    const struct accounts_caller *account)
{
	json_writer_object(json);
	json_writer_pair_slice(json, "id", session->id);
	json_writer_pair_time(json, "created_at", session->created_at);
	json_writer_pair_time(json, "last_used_at", session->last_used_at);
	json_writer_pair_time(json, "expires_at", session->expires_at);
	write_text(json, "address", session->address);
	write_text(json, "user_agent", session->user_agent);
	json_writer_pair_bool(
	    json, "current", slice_is(session->id, account->id));
	json_writer_end_object(json);
}

static void
write_csrf(struct json_writer *json, const struct accounts_caller *account,
    struct slice credential)
{
	char csrf[CREDENTIAL_CSRF_SIZE];

	json_writer_key(json, "csrf");
	if (account->via != CREDENTIAL_SESSION) {
		json_writer_null(json);
		return;
	}
	credential_csrf(credential, csrf);
	json_writer_text(json, csrf);
}

/* Who somebody is, what he may, and where else he is signed in. Returns the
 * status. */
static int
answer(struct accounts *from, const struct accounts_caller *account,
    struct slice credential, struct request *req, struct reply *rep,
    struct error *err)
{
	usec_t now = clock_realtime(&clock_system);
	struct accounts_sessions list;
	struct json_writer *json = rep->json;

	if (accounts_sessions(from, slice_of(account->name), now, req->arena,
		&list, err) == -1)
		return 503;
	json_writer_object(json);
	json_writer_pair(json, "name", account->name);
	json_writer_pair(json, "role", account_roles[account->role]);
	json_writer_pair(json, "via",
	    account->via == CREDENTIAL_SESSION ? "session" : "token");
	json_writer_pair(json, "scope", account_scopes[account->scope]);
	json_writer_pair(json, "id", account->id);
	write_csrf(json, account, credential);
	json_writer_pair_time_or_null(json, "expires_at", account->expires_at);
	json_writer_pair_time_or_null(
	    json, "idle_expires_at", account->idle_expires_at);
	json_writer_key(json, "sessions");
	json_writer_array(json);
	for (size_t i = 0; i < list.count; i++)
		write_session(json, &list.sessions[i], account);
	json_writer_end_array(json);
	json_writer_end_object(json);
	return 200;
}

/* GET /api/session: who am I? */
static int
session_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct caller caller = caller_of(req);
	struct accounts_caller account;
	int status = identify(accounts, &caller, &account, err);

	(void)prog;
	reply_conceal(rep, unable);
	if (status != 0)
		return status;
	if (caller_is_foreign(req)) {
		error_set(err, ERROR_NOT_ALLOWED,
		    "a page of another site may not ask who is signed in");
		return 403;
	}
	if (!is_background(req))
		renewal_note(renewal, &account, caller.credential,
		    clock_realtime(&clock_system));
	return answer(accounts, &account, caller.credential, req, rep, err);
}

/* --- signing in ----------------------------------------------------------- */

struct sign_in {
	struct slice name, password, link;
};

static const struct param sign_in_body[] = {
	PARAM_TEXT(struct sign_in, name, "name", ACCOUNT_NAME_BYTES),
	PARAM_TEXT(struct sign_in, password, "password", PASSWORD_BYTES),
	PARAM_TEXT(struct sign_in, link, "link", CREDENTIAL_SIZE),
	PARAM_END,
};

/* Name and password, or the secret of a link. */
static int
read_sign_in(struct request *req, struct sign_in *ret, struct error *err)
{
	if (body_read(req, ret, err) == -1)
		return -1;
	if (ret->link.data != NULL && ret->name.data == NULL &&
	    ret->password.data == NULL)
		return 0;
	if (ret->link.data != NULL)
		return error_set_field(err, ERROR_INVALID, "link",
		    "a link needs no name and no password");
	if (ret->name.data == NULL)
		return error_set_field(
		    err, ERROR_MISSING_FIELD, "name", "name is missing");
	if (ret->password.data == NULL)
		return error_set_field(err, ERROR_MISSING_FIELD, "password",
		    "password is missing");
	return 0;
}

/* What a header or nginx says of the sender, as valid UTF-8 of so many bytes.
 */
static void
add_seen(struct action *action, const char *key, struct slice text, size_t max)
{
	if (text.data == NULL)
		return;
	text.len = text_valid_bytes(text);
	json_writer_pair_slice(&action->args, key,
	    (struct slice){ text.data, text_cut(text, max) });
}

/* Have kruxosd open a session; its secret lies in `result`. Returns a status.
 */
static int
open_session(struct program *prog, const struct sign_in *given,
    struct request *req, struct reply *rep, struct buf *result,
    struct error *err)
{
	static const struct slice nobody = { NULL, 0 };
	struct action action;

	action_begin(&action, "account.sign_in");
	if (given->link.data != NULL) {
		json_writer_pair_slice(&action.args, "link", given->link);
	} else {
		json_writer_pair_slice(&action.args, "name", given->name);
		json_writer_pair_slice(
		    &action.args, "password", given->password);
	}
	add_seen(&action, "address", request_variable(req, "REMOTE_ADDR"),
	    ACCOUNTS_ADDRESS_BYTES);
	add_seen(&action, "user_agent", request_header(req, "User-Agent"),
	    ACCOUNTS_AGENT_BYTES);
	return action_call(&action, prog, nobody, rep, result, err);
}

static int
read_secret(struct slice result, struct request *req, struct slice *ret_secret,
    struct error *err)
{
	cleanup(json_reader_free) struct json_reader json = JSON_READER_INIT;
	const struct json_node *secret;

	if (json_reader_read(&json, result, err) == -1)
		return -1;
	secret = json_reader_member(&json, json.nodes, "secret");
	if (secret == NULL || secret->type != JSON_STRING)
		return error_set(
		    err, ERROR_CORRUPT, "kruxosd names no session's secret");
	*ret_secret = arena_slice(req->arena, secret->text);
	return 0;
}

/* Not to be read by scripts, never sent over http: or on behalf of a page of
 * another site. Ports part no cookies, and of localhost a browser sends even
 * secure ones over http:, to whatever an agent serves there: a partition is
 * that of the page's site with its scheme, so those never see it. */
static void
set_cookie(struct reply *rep, const struct request *req, struct slice secret,
    usec_t lasts)
{
	cleanup(buf_free) struct buf name = BUF_INIT;

	caller_add_cookie_name(&name, req);
	reply_header(rep, "Set-Cookie",
	    "%s=%.*s; Path=/; Max-Age=%llu; Secure; HttpOnly; SameSite=Strict; "
	    "Partitioned",
	    name.data, SLICE_ARG(secret),
	    (unsigned long long)(lasts / USEC_PER_SEC));
}

/* Who signs in again leaves no session behind that nobody knows of. */
static void
end_replaced(struct program *prog, struct request *req, struct reply *rep)
{
	struct caller caller = caller_of(req);
	struct action action;
	struct error ignored = { 0 };

	if (caller.via != CALLER_COOKIE)
		return;
	action_begin(&action, "account.sign_out");
	action_relay(&action, prog, req, rep, NULL, &ignored);
}

/* Answer as GET does, with the cookie of the new session. */
static int
welcome(struct program *prog, struct slice secret, struct request *req,
    struct reply *rep, struct error *err)
{
	struct accounts *from = accounts_open(prog->config->state_file);
	usec_t now = clock_realtime(&clock_system);
	struct accounts_caller account;
	int status = 503;

	if (accounts_find(from, secret, now, &account, err) == 0)
		status = answer(from, &account, secret, req, rep, err);
	if (status == 200)
		set_cookie(rep, req, secret, account.expires_at - now);
	accounts_close(from);
	return status;
}

/* POST /api/session: sign in, by a password or by a link. */
static int
session_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	cleanup(buf_wipe) struct buf result = BUF_INIT;
	struct sign_in given = { { NULL, 0 } };
	struct slice secret;
	int status;

	reply_conceal(rep, unable);
	/* Else a page could sign its visitor in, as somebody that it knows. */
	if (!caller_is_same_origin(req)) {
		error_set(err, ERROR_NOT_ALLOWED,
		    "a page of another site may not sign anybody in");
		return 403;
	}
	if (read_sign_in(req, &given, err) == -1)
		return 400;
	status = open_session(prog, &given, req, rep, &result, err);
	if (status != 200)
		return status;
	if (read_secret(buf_slice(&result), req, &secret, err) == -1)
		return 503;
	end_replaced(prog, req, rep);
	return welcome(prog, secret, req, rep, err);
}

/* --- signing out ---------------------------------------------------------- */

struct sign_out {
	struct slice id;
};

static const struct param sign_out_body[] = {
	PARAM_TEXT(struct sign_out, id, "id", ACCOUNT_ID_BYTES),
	PARAM_END,
};

/* POST /api/session/end: this session, another one of the same account, or all
 * of them. */
static int
end_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct sign_out given = { { NULL, 0 } };
	struct slice own = request_variable(req, "KRUXOS_SESSION");
	struct action action;
	int status;

	if (body_read(req, &given, err) == -1)
		return 400;
	action_begin(&action, "account.sign_out");
	if (given.id.data != NULL)
		json_writer_pair_slice(&action.args, "id", given.id);
	status = action_run(&action, prog, req, rep, err);
	if (status == 200 &&
	    (given.id.data == NULL || slice_is(given.id, "all") ||
		slice_equal(given.id, own))) {
		set_cookie(rep, req, SLICE_LITERAL(""), 0);
		reply_header(rep, "Clear-Site-Data", "\"cache\"");
	}
	return status;
}

static const struct route routes[] = {
	{ METHOD_GET, "/api/session", session_get, NULL, 0 },
	{ METHOD_POST, "/api/session", session_post, NULL, ROUTE_SLOW,
	    sign_in_body },
	{ METHOD_POST, "/api/session/end", end_post, NULL, ROUTE_SLOW,
	    sign_out_body },
	{ METHOD_GET, "/auth", auth_get, NULL, 0 },
	ROUTE_END,
};

static int
on_open(struct program *prog, struct error *err)
{
	(void)err;
	accounts = accounts_open(prog->config->state_file);
	renewal = renewal_new(prog->ingest_path);
	return 0;
}

static void
on_close(struct program *prog)
{
	(void)prog;
	renewal_free(renewal);
	accounts_close(accounts);
}

int
main(int argc, char **argv)
{
	static const struct program_settings settings = {
		.name = "session",
		.summary = "answers who is signed in, and signs in and out",
		.routes = routes,
		.on_open = on_open,
		.on_close = on_close,
	};

	return program_main(argc, argv, &settings);
}
