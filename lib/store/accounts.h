/* Accounts and who is signed in, for who reads state.db: session.fcgi.
 *
 * The database may not be there yet, or be replaced while a program runs: it is
 * opened when it is first needed, and again when another file has taken its
 * place. Of one thread.
 *
 * What changes accounts is a command of the door (docs/door.md):
 * account.sign_in, account.renew, account.sign_out, token.create, …
 */
#ifndef STORE_ACCOUNTS_H
#define STORE_ACCOUNTS_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "log/entry.h"
#include "store/account.h"
#include "store/credential.h"

enum {
	/* Of one account: beyond them the one used longest ago is signed out.
	 */
	ACCOUNTS_SESSIONS_MAX = 32,
	ACCOUNTS_ADDRESS_BYTES = 64,
	ACCOUNTS_AGENT_BYTES = 256, /* of User-Agent, cut */
};

/* A clock that is set back by more than this ends the sessions that began
 * before: else their end would go away with it. */
#define ACCOUNTS_STEP_BACK (5 * USEC_PER_MIN)

struct accounts;

/* `path` (copied) is that of state.db. Never NULL. */
struct accounts *accounts_open(const char *path);
void accounts_close(struct accounts *accounts);

/* Whose a credential is. An agent has none of what stands behind the name: it
 * is known to kruxosd alone, and never found here. */
struct accounts_caller {
	enum credential_kind via; /* never CREDENTIAL_LINK */
	char name[ENTRY_NAME_BYTES + 1];
	enum account_role role;
	enum account_scope scope;      /* what it may: no more than its role */
	char id[ACCOUNT_ID_BYTES + 1]; /* of the session or the token */
	usec_t created_at;
	usec_t last_used_at;	/* as far as it was noted; 0: never */
	usec_t expires_at;	/* 0: never (a token) */
	usec_t idle_expires_at; /* 0: never (a token) */
};

/* Whose is `credential` (a session's cookie or a token), at `now`?
 * ERROR_UNAUTHENTICATED: nobody's, or no more; ERROR_UNREACHABLE: there is no
 * database yet; the statements' errors. */
int accounts_find(struct accounts *accounts, struct slice credential,
    usec_t now, struct accounts_caller *ret_caller, struct error *err);

struct accounts_sessions {
	struct accounts_session {
		struct slice id;
		usec_t created_at, last_used_at, expires_at, idle_expires_at;
		struct slice address, user_agent; /* empty: not known */
	} * sessions; /* in the arena; the one used last first */
	size_t count;
};

/* Those of the account `name` that are open at `now`. */
int accounts_sessions(struct accounts *accounts, struct slice name, usec_t now,
    struct arena *arena, struct accounts_sessions *ret_sessions,
    struct error *err);

#endif
