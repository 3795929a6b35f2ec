#include "collectors/kruxosd/account_keeper_internal.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/text.h"

const struct command_arg account_sign_in_args[] = {
	{ "name", COMMAND_STRING, NULL },
	{ "password", COMMAND_STRING, NULL },
	{ "link", COMMAND_STRING, NULL },
	{ "address", COMMAND_STRING, NULL },
	{ "user_agent", COMMAND_STRING, NULL },
	{ 0 },
};

/* A sign-in that is on its way. */
struct sign_in {
	struct account_keeper *keeper;
	struct command_call *call;
	const char *by; /* "password", "link" */
	/* As it was typed: not to be shown unless there is such an account. */
	char name[ACCOUNT_NAME_BYTES + 1];
	struct account_row row; /* is_known: as it was when it was asked */
	bool is_known;
	struct buf address, user_agent;
};

static void
free_sign_in(struct sign_in *sign_in)
{
	buf_free(&sign_in->address);
	buf_free(&sign_in->user_agent);
	explicit_bzero(sign_in, sizeof(*sign_in));
	free(sign_in);
}

static void
fail(struct sign_in *sign_in, const struct error *err)
{
	command_fail(sign_in->call, err);
	free_sign_in(sign_in);
}

/* What a client says of itself, for people: one line, cut. */
static void
read_text(const struct command_call *call, const char *key, size_t max,
    struct buf *ret)
{
	struct slice text = command_text(call, key);

	text.len = text_cut(text, max);
	text_add_visible(ret, text, TEXT_ONE_LINE);
	buf_set_len(ret, text_cut(buf_slice(ret), max));
}

static struct sign_in *
new_sign_in(
    struct account_keeper *keeper, struct command_call *call, const char *by)
{
	struct sign_in *sign_in = memory_new(sizeof(*sign_in));

	sign_in->keeper = keeper;
	sign_in->call = call;
	sign_in->by = by;
	buf_init(&sign_in->address);
	buf_init(&sign_in->user_agent);
	read_text(call, "address", ACCOUNTS_ADDRESS_BYTES, &sign_in->address);
	read_text(
	    call, "user_agent", ACCOUNTS_AGENT_BYTES, &sign_in->user_agent);
	return sign_in;
}

/* --- what is said of it --------------------------------------------------- */

/* Who has not signed in yet has no name; an entry has it if there is such an
 * account. People type passwords where a name belongs. */
static struct entry
entry_of(const struct sign_in *sign_in)
{
	struct entry entry = command_entry(sign_in->call);

	entry.source = ENTRY_DASHBOARD;
	entry.actor = sign_in->is_known ? ENTRY_USER : ENTRY_SYSTEM;
	entry.actor_name = sign_in->is_known ? slice_of(sign_in->row.name)
					     : (struct slice){ NULL, 0 };
	return entry;
}

static void
write_request(
    const struct sign_in *sign_in, const char *session, struct buf *out)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	if (session != NULL)
		json_writer_pair(&json, "session", session);
	json_writer_pair(&json, "by", sign_in->by);
	if (sign_in->address.len > 0)
		json_writer_pair_slice(
		    &json, "address", buf_slice(&sign_in->address));
	if (sign_in->user_agent.len > 0)
		json_writer_pair_slice(
		    &json, "user_agent", buf_slice(&sign_in->user_agent));
	json_writer_end_object(&json);
}

static void
on_denied(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct sign_in *sign_in = context;
	struct error why;

	(void)tag;
	(void)seq;
	(void)err; /* he does not come in, whether that is recorded or not */
	if (strcmp(sign_in->by, "link") == 0)
		error_set_field(&why, ERROR_UNAUTHENTICATED, "link",
		    "this link is not known, or was used, or has expired");
	else
		error_set_field(&why, ERROR_UNAUTHENTICATED, "password",
		    "no account has this name and this password");
	fail(sign_in, &why);
}

static void
deny(struct sign_in *sign_in)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct commit_waiter waiter = { on_denied, sign_in, 0 };
	struct entry entry = entry_of(sign_in);
	struct error refused;

	entry.capability = SLICE_LITERAL("account.sign_in");
	entry.status = ENTRY_DENIED;
	write_request(sign_in, NULL, &request);
	if (commit_add_json(sign_in->keeper->commit, &entry, NULL,
		buf_slice(&request), &waiter, NULL, &refused) == -1)
		on_denied(sign_in, 0, 0, &refused);
}

/* --- he is in ------------------------------------------------------------- */

struct made { /* a session's secret, and when it ends */
	unsigned char digest[SHA256_BYTES];
	char secret[CREDENTIAL_SIZE];
	char id[ACCOUNT_ID_BYTES + 1];
	usec_t expires_at, idle_expires_at;
};

static void
write_answer(
    const struct sign_in *sign_in, const struct made *made, struct buf *out)
{
	struct json_writer json;

	buf_reserve(out, 512); /* no copies of the secret are left behind */
	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "secret", made->secret);
	json_writer_pair(&json, "id", made->id);
	json_writer_pair(&json, "name", sign_in->row.name);
	json_writer_pair(&json, "role", account_roles[sign_in->row.role]);
	json_writer_pair_time(&json, "expires_at", made->expires_at);
	json_writer_pair_time(&json, "idle_expires_at", made->idle_expires_at);
	json_writer_end_object(&json);
}

static int
add_session(struct state_change *change, struct sign_in *sign_in,
    struct made *made, struct error *err)
{
	struct account_keeper *keeper = sign_in->keeper;
	struct account_session session = {
		.digest = made->digest,
		.id = made->id,
		.account = slice_of(sign_in->row.name),
		.created_at = change->now,
		.address = buf_slice(&sign_in->address),
		.user_agent = buf_slice(&sign_in->user_agent),
	};

	credential_make(CREDENTIAL_SESSION, made->secret, made->digest);
	credential_make_id(made->id);
	made->expires_at = change->now + keeper->absolute_timeout;
	made->idle_expires_at = account_earlier(
	    change->now + keeper->idle_timeout, made->expires_at);
	session.expires_at = made->expires_at;
	session.idle_expires_at = made->idle_expires_at;
	sign_in->row.signed_in_at = change->now;
	if (account_writer_put(keeper->writer, &sign_in->row, err) == -1)
		return -1;
	return account_writer_add_session(keeper->writer, &session, err);
}

static int
let_in(struct state_change *change, struct sign_in *sign_in, struct buf *answer,
    struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct entry entry = entry_of(sign_in);
	struct made made = { 0 };

	if (add_session(change, sign_in, &made, err) == -1 ||
	    account_change_end_beyond(
		change, entry, slice_of(sign_in->row.name), err) == -1)
		return -1;
	write_request(sign_in, made.id, &request);
	if (state_change_owe(change, entry, "account.sign_in",
		buf_slice(&request), err) == -1)
		return -1;
	write_answer(sign_in, &made, answer);
	explicit_bzero(&made, sizeof(made));
	return 0;
}

/* --- by a password -------------------------------------------------------- */

/* He may have been removed, or given another password, in the meantime. */
static int
let_in_if_unchanged(struct state_change *change, struct sign_in *sign_in,
    struct buf *answer, struct error *err)
{
	struct account_row row;
	int found = account_writer_find(
	    change->writer, slice_of(sign_in->row.name), &row, err);

	if (found == -1)
		return -1;
	if (found == 0 || strcmp(row.password, sign_in->row.password) != 0)
		return error_set_field(err, ERROR_UNAUTHENTICATED, "password",
		    "this account was changed just now; try again");
	sign_in->row = row;
	return let_in(change, sign_in, answer, err);
}

static void
let_in_by_password(struct sign_in *sign_in)
{
	cleanup(buf_wipe) struct buf answer = BUF_INIT;
	struct state_change change;
	struct error err;
	int result =
	    state_change_begin(sign_in->keeper->changer, &change, &err);

	if (result == 0) {
		result = let_in_if_unchanged(&change, sign_in, &answer, &err);
		result = state_change_end(
		    &change, result, sign_in->call, &answer, &err);
	}
	if (result == -1)
		fail(sign_in, &err);
	else
		free_sign_in(sign_in);
}

static void
on_checked(void *context, const struct hasher_result *result)
{
	struct sign_in *sign_in = context;

	if (result->err != NULL) {
		fail(sign_in, result->err);
	} else if (!result->matches) {
		deny(sign_in);
	} else {
		account_forgive(sign_in->keeper, buf_slice(&sign_in->address),
		    slice_of(sign_in->name));
		let_in_by_password(sign_in);
	}
}

/* What is no name is nobody's, and costs a hash like any other. */
static int
look_up(struct sign_in *sign_in, struct slice name, struct error *err)
{
	int found;

	if (!account_is_name(name))
		return 0;
	found = account_writer_find(
	    sign_in->keeper->writer, name, &sign_in->row, err);
	if (found == -1)
		return -1;
	sign_in->is_known = found == 1;
	snprintf(sign_in->name, sizeof(sign_in->name), "%.*s", SLICE_ARG(name));
	return 0;
}

static void
sign_in_by_password(struct account_keeper *keeper, struct command_call *call)
{
	struct sign_in *sign_in = new_sign_in(keeper, call, "password");
	struct slice name = command_text(call, "name");
	struct slice password = command_text(call, "password");
	struct error err;

	if (account_throttle(
		keeper, buf_slice(&sign_in->address), name, &err) == 0 &&
	    look_up(sign_in, name, &err) == 0 &&
	    hasher_check(keeper->hasher, password,
		slice_of(sign_in->row.password), on_checked, sign_in,
		&err) == 0)
		return; /* on_checked() goes on */
	fail(sign_in, &err);
}

/* --- by a link ------------------------------------------------------------ */

/* 1: it was one, and he is in; 0: it is none. */
static int
take_link(struct state_change *change, struct sign_in *sign_in,
    const unsigned char digest[static SHA256_BYTES], struct buf *answer,
    struct error *err)
{
	struct state_writer *writer = sign_in->keeper->writer;
	char name[ACCOUNT_NAME_BYTES + 1];
	int found =
	    account_writer_take_link(writer, digest, change->now, name, err);

	if (found == 1)
		found = account_writer_find(
		    writer, slice_of(name), &sign_in->row, err);
	if (found != 1)
		return found;
	sign_in->is_known = true;
	return let_in(change, sign_in, answer, err) == -1 ? -1 : 1;
}

static int
let_in_by_link(struct sign_in *sign_in,
    const unsigned char digest[static SHA256_BYTES], struct error *err)
{
	cleanup(buf_wipe) struct buf answer = BUF_INIT;
	struct state_change change;
	int found;

	if (state_change_begin(sign_in->keeper->changer, &change, err) == -1)
		return -1;
	found = take_link(&change, sign_in, digest, &answer, err);
	if (state_change_end(&change, found == -1 ? -1 : 0,
		found == 1 ? sign_in->call : NULL, &answer, err) == -1)
		return -1;
	return found;
}

/* A link costs no hash, and cannot be guessed: who has one is let in, whatever
 * others have tried from the same address. It is how an operator comes in whom
 * somebody locks out with wrong passwords. */
static void
sign_in_by_link(struct account_keeper *keeper, struct command_call *call)
{
	struct sign_in *sign_in = new_sign_in(keeper, call, "link");
	struct slice none = { NULL, 0 };
	unsigned char digest[SHA256_BYTES];
	enum credential_kind kind;
	struct error err;
	int found = 0;

	if (credential_read(command_text(call, "link"), &kind, digest) &&
	    kind == CREDENTIAL_LINK)
		found = let_in_by_link(sign_in, digest, &err);
	if (found == 1)
		free_sign_in(sign_in);
	else if (found == 0 &&
		 account_throttle(
		     keeper, buf_slice(&sign_in->address), none, &err) == 0)
		deny(sign_in);
	else
		fail(sign_in, &err);
}

void
account_sign_in_command(
    struct account_keeper *keeper, struct command_call *call)
{
	bool has_link = command_argument(call, "link") != NULL;
	bool has_name = command_argument(call, "name") != NULL;
	bool has_password = command_argument(call, "password") != NULL;
	const char *missing = "name";
	struct error err;

	if (has_name)
		missing = "password";
	if (has_link && !has_name && !has_password) {
		sign_in_by_link(keeper, call);
	} else if (!has_link && has_name && has_password) {
		sign_in_by_password(keeper, call);
	} else {
		error_set_field(&err, ERROR_MISSING_FIELD, missing,
		    "a name and a password are needed, or a link");
		command_fail(call, &err);
	}
}

/* --- is it he? ------------------------------------------------------------ */

struct confirmation {
	struct sign_in *sign_in;
	bool is_own; /* his account, who asks; else one that he names */
	account_on_confirmed on_confirmed;
	void *context;
};

/* Not by on_denied(), which would answer the call. */
static void
say_unconfirmed(struct sign_in *sign_in)
{
	const char *session = sign_in->call->signed_in.id;
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct entry entry = entry_of(sign_in);
	struct error refused;

	entry.capability = SLICE_LITERAL("account.sign_in");
	entry.status = ENTRY_DENIED;
	entry.source = sign_in->call->source;
	write_request(sign_in, session[0] == '\0' ? NULL : session, &request);
	if (commit_add_json(sign_in->keeper->commit, &entry, NULL,
		buf_slice(&request), NULL, NULL, &refused) == -1)
		diag(DIAG_WARNING, "a wrong password is not recorded: %s",
		    refused.sentence);
}

static void
on_confirmation(void *context, const struct hasher_result *result)
{
	struct confirmation *confirmation = context;
	struct sign_in *sign_in = confirmation->sign_in;
	const struct error *answer = result->err;
	struct error err;

	if (answer == NULL && !result->matches) {
		say_unconfirmed(sign_in);
		error_set_field(&err, ERROR_NOT_ALLOWED, "password", "%s",
		    confirmation->is_own
			? "this is not your password"
			: "no account has this name and this password");
		answer = &err;
	} else if (answer == NULL) {
		account_forgive(sign_in->keeper, (struct slice){ NULL, 0 },
		    slice_of(sign_in->name));
	}
	confirmation->on_confirmed(confirmation->context, answer);
	free_sign_in(sign_in);
	free(confirmation);
}

/* Of others' accounts it is not told which there are. */
static int
check_confirmable(const struct confirmation *confirmation, struct slice name,
    struct error *err)
{
	struct sign_in *sign_in = confirmation->sign_in;

	if (account_throttle(
		sign_in->keeper, (struct slice){ NULL, 0 }, name, err) == -1 ||
	    look_up(sign_in, name, err) == -1)
		return -1;
	if (!confirmation->is_own || sign_in->row.password[0] != '\0')
		return 0;
	return error_set_field(err, ERROR_CONFLICT, "password",
	    "your account has no password yet: `kruxos passwd` sets one");
}

static void
confirm(
    struct confirmation *confirmation, struct slice name, struct slice password)
{
	struct sign_in *sign_in = confirmation->sign_in;
	struct error err;

	if (check_confirmable(confirmation, name, &err) == 0 &&
	    hasher_check(sign_in->keeper->hasher, password,
		slice_of(sign_in->row.password), on_confirmation, confirmation,
		&err) == 0)
		return; /* on_confirmation() goes on */
	confirmation->on_confirmed(confirmation->context, &err);
	free_sign_in(sign_in);
	free(confirmation);
}

static struct confirmation *
new_confirmation(struct account_keeper *keeper, struct command_call *call,
    account_on_confirmed on_confirmed, void *context)
{
	struct confirmation *confirmation = memory_new(sizeof(*confirmation));

	confirmation->sign_in = new_sign_in(keeper, call, "confirmation");
	confirmation->on_confirmed = on_confirmed;
	confirmation->context = context;
	return confirmation;
}

void
account_keeper_confirm(struct account_keeper *keeper, struct command_call *call,
    struct slice password, account_on_confirmed on_confirmed, void *context)
{
	struct confirmation *confirmation =
	    new_confirmation(keeper, call, on_confirmed, context);

	confirmation->is_own = true;
	confirm(confirmation, call->peer.user_name, password);
}

void
account_keeper_confirm_other(struct account_keeper *keeper,
    struct command_call *call, struct slice account, struct slice password,
    account_on_confirmed on_confirmed, void *context)
{
	confirm(new_confirmation(keeper, call, on_confirmed, context), account,
	    password);
}
