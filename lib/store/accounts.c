#include "store/accounts.h"

#include "base/memory.h"
#include "sql/accounts.h"
#include "sql/schema_state.h"
#include "store/database_reader.h"

struct accounts {
	struct database_reader reader;
};

struct accounts *
accounts_open(const char *path)
{
	struct accounts *accounts = memory_new(sizeof(*accounts));

	database_reader_init(&accounts->reader, path, &schema_state,
	    accounts_statements, ACCOUNTS_STATEMENTS);
	return accounts;
}

void
accounts_close(struct accounts *accounts)
{
	if (accounts == NULL)
		return;
	database_reader_done(&accounts->reader);
	free(accounts);
}

/* --- whose is it? --------------------------------------------------------- */

/* What stands in the row; a role or a scope that is none of ours makes it
 * nobody's. */
static bool
read_caller(struct statement *row, struct accounts_caller *caller)
{
	int role = account_role_of(statement_text(row, 2));
	int scope = account_scope_of(statement_text(row, 3));
	enum account_scope most;

	if (role == -1 || (caller->via == CREDENTIAL_TOKEN && scope == -1))
		return false;
	statement_copy(row, 1, caller->name, sizeof(caller->name));
	statement_copy(row, 4, caller->id, sizeof(caller->id));
	caller->role = (enum account_role)role;
	most = account_scope_of_role(caller->role);
	caller->scope = most;
	if (caller->via == CREDENTIAL_TOKEN && (enum account_scope)scope < most)
		caller->scope = (enum account_scope)scope;
	caller->created_at = statement_u64(row, 5);
	caller->last_used_at = statement_u64(row, 6);
	caller->expires_at = statement_u64(row, 7);
	caller->idle_expires_at = statement_u64(row, 8);
	return true;
}

static bool
is_over(const struct accounts_caller *caller, usec_t now)
{
	bool is_of_future = caller->via == CREDENTIAL_SESSION &&
			    caller->created_at > now + ACCOUNTS_STEP_BACK;

	return is_of_future ||
	       (caller->expires_at != 0 && now >= caller->expires_at) ||
	       (caller->idle_expires_at != 0 && now >= caller->idle_expires_at);
}

int
accounts_find(struct accounts *accounts, struct slice credential, usec_t now,
    struct accounts_caller *ret_caller, struct error *err)
{
	unsigned char digest[SHA256_BYTES];
	struct accounts_caller caller = { 0 };
	struct statement row;
	bool is_found;

	if (!credential_read(credential, &caller.via, digest) ||
	    caller.via == CREDENTIAL_LINK || caller.via == CREDENTIAL_AGENT)
		return error_set(err, ERROR_UNAUTHENTICATED,
		    "this credential has not the form of one");
	if (database_reader_open(&accounts->reader, err) == -1)
		return -1;
	row = statement_start(accounts->reader.statements,
	    caller.via == CREDENTIAL_SESSION ? ACCOUNTS_SESSION
					     : ACCOUNTS_TOKEN);
	statement_bind_blob(
	    &row, 1, (struct slice){ (const char *)digest, sizeof(digest) });
	is_found =
	    statement_next(&row) &&
	    statement_blob(&row, 0).len == SHA256_BYTES &&
	    credential_equal(
		(const unsigned char *)statement_blob(&row, 0).data, digest) &&
	    read_caller(&row, &caller) && !is_over(&caller, now);
	if (database_reader_end(&accounts->reader, &row, err) == -1)
		return -1;
	if (!is_found)
		return error_set(err, ERROR_UNAUTHENTICATED,
		    caller.via == CREDENTIAL_SESSION
			? "you are not signed in, or no more"
			: "this token is not known, or has expired");
	*ret_caller = caller;
	return 0;
}

/* --- who is signed in ----------------------------------------------------- */

static struct accounts_session
read_session(struct statement *row, struct arena *arena)
{
	return (struct accounts_session){
		.id = arena_slice(arena, statement_text(row, 0)),
		.created_at = statement_u64(row, 1),
		.last_used_at = statement_u64(row, 2),
		.expires_at = statement_u64(row, 3),
		.idle_expires_at = statement_u64(row, 4),
		.address = arena_slice(arena, statement_text(row, 5)),
		.user_agent = arena_slice(arena, statement_text(row, 6)),
	};
}

int
accounts_sessions(struct accounts *accounts, struct slice name, usec_t now,
    struct arena *arena, struct accounts_sessions *ret_sessions,
    struct error *err)
{
	struct accounts_sessions found = { NULL, 0 };
	struct statement rows;

	if (database_reader_open(&accounts->reader, err) == -1)
		return -1;
	rows = statement_start(
	    accounts->reader.statements, ACCOUNTS_OPEN_SESSIONS);
	statement_bind_text(&rows, 1, name);
	statement_bind_u64(&rows, 2, now);
	statement_bind_u64(&rows, 3, ACCOUNTS_SESSIONS_MAX);
	found.sessions =
	    arena_array(arena, ACCOUNTS_SESSIONS_MAX, sizeof(*found.sessions));
	while (found.count < ACCOUNTS_SESSIONS_MAX && statement_next(&rows))
		found.sessions[found.count++] = read_session(&rows, arena);
	if (database_reader_end(&accounts->reader, &rows, err) == -1)
		return -1;
	*ret_sessions = found;
	return 0;
}
