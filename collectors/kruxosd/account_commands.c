#include "collectors/kruxosd/account_keeper_internal.h"

#include "base/memory.h"
#include "door/password.h"

const struct command_arg account_set_args[] = {
	{ "name", COMMAND_STRING, "which account" },
	{ "role", COMMAND_STRING, NULL },
	{ "password", COMMAND_STRING, NULL },
	{ 0 },
};

const struct command_arg account_name_args[] = {
	{ "name", COMMAND_STRING, "which account" },
	{ 0 },
};

const struct command_arg account_link_args[] = {
	{ "name", COMMAND_STRING, NULL },
	{ "role", COMMAND_STRING, NULL },
	{ 0 },
};

/* --- reading ------------------------------------------------------------- */

int
account_read_name(struct slice name, struct error *err)
{
	if (account_is_name(name))
		return 0;
	return error_set_field(err, ERROR_OUT_OF_RANGE, "name",
	    "name: 1 to %d of A-Z a-z 0-9 . _ : @ / + -, not beginning with -",
	    ACCOUNT_NAME_BYTES);
}

int
account_read_role(const struct command_call *call, enum account_role *ret_role,
    struct error *err)
{
	struct slice text = command_text(call, "role");
	int role = account_role_of(text);

	if (text.data == NULL)
		return 0;
	if (role == -1)
		return error_set_field(err, ERROR_OUT_OF_RANGE, "role",
		    "role: viewer, operator or auditor");
	*ret_role = (enum account_role)role;
	return 1;
}

int
account_need(struct state_writer *writer, struct slice name, const char *key,
    struct account_row *ret_row, struct error *err)
{
	int found = account_writer_find(writer, name, ret_row, err);

	if (found == 1)
		return 0;
	if (found == -1)
		return -1;
	return error_set_field(
	    err, ERROR_NOT_FOUND, key, "there is no account of this name");
}

/* --- account.set ---------------------------------------------------------- */

/* What is asked for, while the password is being hashed. */
struct set {
	struct account_keeper *keeper;
	struct command_call *call;
	char name[ACCOUNT_NAME_BYTES + 1];
	bool has_role;
	enum account_role role;
	struct slice hash; /* of the new password; {NULL, 0}: it stays */
};

static void
write_account(struct buf *out, const struct account_row *row, bool is_new)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "name", row->name);
	json_writer_pair(&json, "role", account_roles[row->role]);
	json_writer_pair_bool(&json, "created", is_new);
	json_writer_end_object(&json);
}

static int
owe_account(struct state_change *change, struct entry entry,
    const char *capability, const struct account_row *row, bool has_new_role,
    bool has_new_password, struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair(&json, "account", row->name);
	json_writer_pair(&json, "role", account_roles[row->role]);
	json_writer_key(&json, "changed");
	json_writer_array(&json);
	if (has_new_role)
		json_writer_text(&json, "role");
	if (has_new_password)
		json_writer_text(&json, "password");
	json_writer_end_array(&json);
	json_writer_end_object(&json);
	return state_change_owe(
	    change, entry, capability, buf_slice(&request), err);
}

int
account_create(struct state_change *change, struct entry entry,
    const struct account_row *row, struct error *err)
{
	if (account_writer_put(change->writer, row, err) == -1)
		return -1;
	return owe_account(change, entry, "account.create", row, true,
	    row->password[0] != '\0', err);
}

/* A new password is a new beginning: who knows the old one is out, and so is
 * who holds a link. */
static int
begin_anew(struct state_change *change, struct entry entry,
    struct slice account, struct error *err)
{
	static const struct slice all = { NULL, 0 };

	if (account_writer_remove_links(change->writer, account, err) == -1)
		return -1;
	return account_change_end_sessions(
	    change, entry, account, all, "password", NULL, err);
}

static int
change_account(struct state_change *change, const struct set *set,
    struct account_row *row, struct error *err)
{
	struct entry entry = command_entry(set->call);
	bool has_new_role = set->has_role && set->role != row->role;
	bool has_new_password = set->hash.data != NULL;

	if (!has_new_role && !has_new_password)
		return 0;
	if (has_new_role)
		row->role = set->role;
	if (has_new_password)
		snprintf(row->password, sizeof(row->password), "%.*s",
		    SLICE_ARG(set->hash));
	if (account_writer_put(change->writer, row, err) == -1 ||
	    (has_new_password &&
		begin_anew(change, entry, slice_of(row->name), err) == -1))
		return -1;
	return owe_account(change, entry, "account.change", row, has_new_role,
	    has_new_password, err);
}

static struct account_row
new_row(const char *name, enum account_role role, usec_t now)
{
	struct account_row row = { .role = role, .created_at = now };

	snprintf(row.name, sizeof(row.name), "%s", name);
	return row;
}

static int
set_in(struct state_change *change, const struct set *set, struct buf *answer,
    struct error *err)
{
	struct account_row row;
	int found =
	    account_writer_find(change->writer, slice_of(set->name), &row, err);
	int result = -1;

	if (found == 1) {
		result = change_account(change, set, &row, err);
	} else if (found == 0) {
		row = new_row(set->name,
		    set->has_role ? set->role : ACCOUNT_OPERATOR, change->now);
		snprintf(row.password, sizeof(row.password), "%.*s",
		    SLICE_ARG(set->hash));
		result =
		    account_create(change, command_entry(set->call), &row, err);
	}
	if (result == 0)
		write_account(answer, &row, found == 0);
	explicit_bzero(&row, sizeof(row));
	return result;
}

static void
apply(struct set *set)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct state_change change;
	struct error err;
	int result;

	result = state_change_begin(set->keeper->changer, &change, &err);
	if (result == 0) {
		result = set_in(&change, set, &answer, &err);
		result =
		    state_change_end(&change, result, set->call, &answer, &err);
	}
	if (result == -1)
		command_fail(set->call, &err);
	free(set);
}

static void
on_hashed(void *context, const struct hasher_result *result)
{
	struct set *set = context;

	if (result->err != NULL) {
		command_fail(set->call, result->err);
		free(set);
		return;
	}
	set->hash = result->hash;
	apply(set);
}

static int
read_set(const struct command_call *call, struct set *set, struct error *err)
{
	struct slice name = command_text(call, "name");
	struct slice password = command_text(call, "password");
	int role;

	if (account_read_name(name, err) == -1)
		return -1;
	snprintf(set->name, sizeof(set->name), "%.*s", SLICE_ARG(name));
	role = account_read_role(call, &set->role, err);
	if (role == -1)
		return -1;
	set->has_role = role == 1;
	return password.data == NULL ? 0 : password_check(password, name, err);
}

void
account_set_command(struct account_keeper *keeper, struct command_call *call)
{
	struct slice password = command_text(call, "password");
	struct set *set = memory_new(sizeof(*set));
	struct error err;

	set->keeper = keeper;
	set->call = call;
	if (read_set(call, set, &err) == 0) {
		if (password.data == NULL) {
			apply(set);
			return;
		}
		if (hasher_make(
			keeper->hasher, password, on_hashed, set, &err) == 0)
			return; /* on_hashed() goes on */
	}
	command_fail(call, &err);
	free(set);
}

/* --- account.remove, account.list ----------------------------------------- */

/* The tokens that go with it are named: what they opened ends (follower.h). */
static int
remove_account(struct state_change *change, struct entry entry,
    const struct account_row *row, struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair(&json, "account", row->name);
	json_writer_pair(&json, "role", account_roles[row->role]);
	json_writer_key(&json, "tokens");
	json_writer_array(&json);
	if (account_writer_remove(
		change->writer, slice_of(row->name), &json, err) == -1)
		return -1;
	json_writer_end_array(&json);
	json_writer_end_object(&json);
	return state_change_owe(
	    change, entry, "account.remove", buf_slice(&request), err);
}

static int
remove_in(struct state_change *change, const struct command_call *call,
    struct slice name, struct error *err)
{
	struct entry entry = command_entry(call);
	struct account_row row;
	int result;

	if (account_need(change->writer, name, "name", &row, err) == -1)
		return -1;
	result = account_change_end_sessions(change, entry, name,
	    (struct slice){ NULL, 0 }, "removed", NULL, err);
	if (result == 0)
		result = remove_account(change, entry, &row, err);
	explicit_bzero(&row, sizeof(row));
	return result;
}

void
account_remove_command(struct account_keeper *keeper, struct command_call *call)
{
	struct slice name = command_text(call, "name");
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct state_change change;
	struct error err;
	int result;

	result = state_change_begin(keeper->changer, &change, &err);
	if (result == 0) {
		buf_add_str(&answer, "{}");
		result = remove_in(&change, call, name, &err);
		result = state_change_end(&change, result, call, &answer, &err);
	}
	if (result == -1)
		command_fail(call, &err);
}

void
account_list_command(struct account_keeper *keeper, struct command_call *call)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct json_writer json;
	struct error err;

	json_writer_init(&json, &answer);
	json_writer_object(&json);
	json_writer_key(&json, "accounts");
	json_writer_array(&json);
	if (account_writer_list(keeper->writer, clock_realtime(keeper->clock),
		&json, &err) == -1) {
		command_fail(call, &err);
		return;
	}
	json_writer_end_array(&json);
	json_writer_end_object(&json);
	command_ok(call, buf_slice(&answer));
}

/* --- account.link --------------------------------------------------------- */

static void
write_link(struct buf *out, const struct account_row *row, const char *secret,
    usec_t expires_at)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "name", row->name);
	json_writer_pair(&json, "role", account_roles[row->role]);
	json_writer_pair(&json, "secret", secret);
	json_writer_pair_time(&json, "expires_at", expires_at);
	json_writer_end_object(&json);
}

static int
owe_link(struct state_change *change, struct entry entry,
    const struct account_row *row, usec_t expires_at, struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair(&json, "account", row->name);
	json_writer_pair_time(&json, "expires_at", expires_at);
	json_writer_end_object(&json);
	return state_change_owe(
	    change, entry, "account.link", buf_slice(&request), err);
}

/* The account, made if it is not there. A role that it has not is not given to
 * it: that is account.set's. */
static int
have_account(struct state_change *change, const struct command_call *call,
    struct slice name, struct account_row *row, struct error *err)
{
	enum account_role role = ACCOUNT_OPERATOR;
	int has_role = account_read_role(call, &role, err);
	char copy[ACCOUNT_NAME_BYTES + 1];
	int found;

	if (has_role == -1)
		return -1;
	found = account_writer_find(change->writer, name, row, err);
	if (found == -1)
		return -1;
	if (found == 1 && has_role == 1 && role != row->role)
		return error_set_field(err, ERROR_CONFLICT, "role",
		    "%s is there, as %s", row->name, account_roles[row->role]);
	if (found == 1)
		return 0;
	snprintf(copy, sizeof(copy), "%.*s", SLICE_ARG(name));
	*row = new_row(copy, role, change->now);
	return account_create(change, command_entry(call), row, err);
}

static int
link_in(struct state_change *change, const struct command_call *call,
    struct slice name, usec_t timeout, struct buf *answer, struct error *err)
{
	usec_t expires_at = change->now + timeout;
	unsigned char digest[SHA256_BYTES];
	char secret[CREDENTIAL_SIZE];
	struct account_row row;

	if (have_account(change, call, name, &row, err) == -1)
		return -1;
	credential_make(CREDENTIAL_LINK, secret, digest);
	if (account_writer_add_link(change->writer, digest, name, change->now,
		expires_at, err) == -1 ||
	    owe_link(change, command_entry(call), &row, expires_at, err) == -1)
		return -1;
	write_link(answer, &row, secret, expires_at);
	explicit_bzero(secret, sizeof(secret));
	return 0;
}

void
account_link_command(struct account_keeper *keeper, struct command_call *call)
{
	struct slice name = command_text(call, "name");
	cleanup(buf_wipe) struct buf answer = BUF_INIT;
	struct state_change change;
	struct error err;
	int result;

	if (name.data == NULL)
		name = call->peer.user_name;
	result = account_read_name(name, &err);
	if (result == 0)
		result = state_change_begin(keeper->changer, &change, &err);
	if (result == 0) {
		result = link_in(
		    &change, call, name, keeper->link_timeout, &answer, &err);
		result = state_change_end(&change, result, call, &answer, &err);
	}
	if (result == -1)
		command_fail(call, &err);
}
