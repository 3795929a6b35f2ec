#include "collectors/kruxosd/account_keeper_internal.h"

#include "base/text.h"

#define EXPIRES_MAX (3650 * USEC_PER_DAY)

const struct command_arg token_create_args[] = {
	{ "label", COMMAND_STRING, "what it is for" },
	{ "scope", COMMAND_STRING, "read or operate" },
	{ "account", COMMAND_STRING, NULL },
	{ "expires_in", COMMAND_STRING, NULL },
	{ 0 },
};

const struct command_arg token_list_args[] = {
	{ "account", COMMAND_STRING, NULL },
	{ 0 },
};

const struct command_arg token_revoke_args[] = {
	{ "id", COMMAND_STRING, "which token" },
	{ 0 },
};

/* Whose tokens: who is signed in has his own alone. {NULL, 0}: not said. */
static int
read_account(const struct command_call *call, struct slice *ret_account,
    struct error *err)
{
	struct slice account = command_text(call, "account");
	bool is_signed_in = (call->peer.classes & MESSAGE_SIGNED) != 0;

	if (is_signed_in && account.data == NULL)
		account = call->peer.user_name;
	else if (is_signed_in && !slice_equal(account, call->peer.user_name))
		return error_set_field(err, ERROR_NOT_ALLOWED, "account",
		    "another account's tokens are not yours");
	*ret_account = account;
	return 0;
}

/* --- token.create --------------------------------------------------------- */

struct wanted {
	struct slice account;
	struct buf label;
	enum account_scope scope;
	usec_t lifetime; /* 0: for ever */
};

static int
read_label(
    const struct command_call *call, struct buf *label, struct error *err)
{
	text_add_visible(label, command_text(call, "label"), TEXT_ONE_LINE);
	if (label->len > 0 && label->len <= ACCOUNT_LABEL_BYTES)
		return 0;
	return error_set_field(err, ERROR_OUT_OF_RANGE, "label",
	    "label: 1 to %d bytes", ACCOUNT_LABEL_BYTES);
}

static int
read_lifetime(const struct command_call *call, usec_t *ret, struct error *err)
{
	struct slice text = command_text(call, "expires_in");
	struct error why;

	*ret = 0;
	if (text.data == NULL)
		return 0;
	if (clock_parse_duration(text, ret, &why) == 0 && *ret > 0 &&
	    *ret <= EXPIRES_MAX)
		return 0;
	return error_set_field(err, ERROR_OUT_OF_RANGE, "expires_in",
	    "expires_in: such as 12h or 90d, at most 3650d");
}

static int
read_wanted(
    const struct command_call *call, struct wanted *wanted, struct error *err)
{
	int scope = account_scope_of(command_text(call, "scope"));

	if (read_account(call, &wanted->account, err) == -1 ||
	    read_label(call, &wanted->label, err) == -1 ||
	    read_lifetime(call, &wanted->lifetime, err) == -1)
		return -1;
	if (wanted->account.data == NULL)
		wanted->account = call->peer.user_name;
	if (scope == -1)
		return error_set_field(
		    err, ERROR_OUT_OF_RANGE, "scope", "scope: read or operate");
	wanted->scope = (enum account_scope)scope;
	return 0;
}

static void
write_token(
    const struct account_token *token, const char *secret, struct buf *out)
{
	struct json_writer json;

	buf_reserve(out, 512); /* no copies of the secret are left behind */
	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "id", token->id);
	if (secret != NULL)
		json_writer_pair(&json, "token", secret);
	json_writer_pair_slice(&json, "account", token->account);
	json_writer_pair_slice(&json, "label", token->label);
	json_writer_pair(&json, "scope", account_scopes[token->scope]);
	json_writer_pair_time_or_null(&json, "expires_at", token->expires_at);
	json_writer_end_object(&json);
}

static int
check_scope(
    const struct account_row *row, enum account_scope scope, struct error *err)
{
	if (scope <= account_scope_of_role(row->role))
		return 0;
	return error_set_field(err, ERROR_NOT_ALLOWED, "scope",
	    "%s is %s: a token of it can only read", row->name,
	    row->role == ACCOUNT_AUDITOR ? "an auditor" : "a viewer");
}

static int
create_in(struct state_change *change, const struct command_call *call,
    const struct wanted *wanted, struct buf *answer, struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	unsigned char digest[SHA256_BYTES];
	char secret[CREDENTIAL_SIZE], id[ACCOUNT_ID_BYTES + 1];
	struct account_row row;
	struct account_token token = {
		.digest = digest,
		.id = id,
		.account = wanted->account,
		.label = buf_slice(&wanted->label),
		.scope = wanted->scope,
		.created_at = change->now,
		.expires_at =
		    wanted->lifetime == 0 ? 0 : change->now + wanted->lifetime,
	};

	if (account_need(
		change->writer, wanted->account, "account", &row, err) == -1 ||
	    check_scope(&row, wanted->scope, err) == -1)
		return -1;
	credential_make(CREDENTIAL_TOKEN, secret, digest);
	credential_make_id(id);
	write_token(&token, NULL, &request);
	if (account_writer_add_token(change->writer, &token, err) == -1 ||
	    state_change_owe(change, command_entry(call), "token.create",
		buf_slice(&request), err) == -1)
		return -1;
	write_token(&token, secret, answer);
	explicit_bzero(secret, sizeof(secret));
	return 0;
}

void
token_create_command(struct account_keeper *keeper, struct command_call *call)
{
	cleanup(buf_wipe) struct buf answer = BUF_INIT;
	struct wanted wanted = { .label = BUF_INIT };
	struct state_change change;
	struct error err;
	int result = read_wanted(call, &wanted, &err);

	if (result == 0)
		result = state_change_begin(keeper->changer, &change, &err);
	if (result == 0) {
		result = create_in(&change, call, &wanted, &answer, &err);
		result = state_change_end(&change, result, call, &answer, &err);
	}
	if (result == -1)
		command_fail(call, &err);
	buf_free(&wanted.label);
}

/* --- token.list, token.revoke --------------------------------------------- */

void
token_list_command(struct account_keeper *keeper, struct command_call *call)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct slice account;
	struct json_writer json;
	struct error err;

	json_writer_init(&json, &answer);
	json_writer_object(&json);
	json_writer_key(&json, "tokens");
	json_writer_array(&json);
	if (read_account(call, &account, &err) == -1 ||
	    account_writer_tokens(keeper->writer, account, &json, &err) == -1) {
		command_fail(call, &err);
		return;
	}
	json_writer_end_array(&json);
	json_writer_end_object(&json);
	command_ok(call, buf_slice(&answer));
}

static int
revoke_in(struct state_change *change, const struct command_call *call,
    struct slice account, struct error *err)
{
	struct slice id = command_text(call, "id");
	cleanup(buf_free) struct buf whose = BUF_INIT;
	cleanup(buf_free) struct buf label = BUF_INIT;
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct json_writer json;
	int found = account_writer_remove_token(
	    change->writer, id, account, &whose, &label, err);

	if (found == -1)
		return -1;
	if (found == 0)
		return error_set_field(err, ERROR_NOT_FOUND, "id",
		    "there is no such token, or it is not yours");
	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "id", id);
	json_writer_pair_slice(&json, "account", buf_slice(&whose));
	json_writer_pair_slice(&json, "label", buf_slice(&label));
	json_writer_end_object(&json);
	return state_change_owe(change, command_entry(call), "token.revoke",
	    buf_slice(&request), err);
}

void
token_revoke_command(struct account_keeper *keeper, struct command_call *call)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct state_change change;
	struct json_writer json;
	struct slice account;
	struct error err;
	int result = read_account(call, &account, &err);

	json_writer_init(&json, &answer);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "id", command_text(call, "id"));
	json_writer_end_object(&json);
	if (result == 0)
		result = state_change_begin(keeper->changer, &change, &err);
	if (result == 0) {
		result = revoke_in(&change, call, account, &err);
		result = state_change_end(&change, result, call, &answer, &err);
	}
	if (result == -1)
		command_fail(call, &err);
}
