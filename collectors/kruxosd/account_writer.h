/* Accounts, sign-in sessions, links and tokens in state.db, as kruxosd changes
 * them (state_writer.h; lib/store/accounts.h reads them).
 */
#ifndef KRUXOSD_ACCOUNT_WRITER_H
#define KRUXOSD_ACCOUNT_WRITER_H

#include "base/json_writer.h"
#include "collectors/kruxosd/state_writer.h"
#include "store/accounts.h"

enum {
	ACCOUNT_WRITER_ACCOUNTS = 1000,
	ACCOUNT_WRITER_LINKS = 16,	/* open ones of an account */
	ACCOUNT_WRITER_TOKENS = 64,	/* of an account */
	ACCOUNT_WRITER_HASH_SIZE = 384, /* of what crypt(5) makes */
};

/* --- accounts ------------------------------------------------------------- */

struct account_row {
	char name[ACCOUNT_NAME_BYTES + 1];
	enum account_role role;
	char password[ACCOUNT_WRITER_HASH_SIZE]; /* its hash; "": none */
	usec_t created_at;
	usec_t signed_in_at; /* 0: never */
};

/* 1: there it is; 0: there is none. */
int account_writer_find(struct state_writer *writer, struct slice name,
    struct account_row *ret_row, struct error *err);

/* A new one, or all but created_at of one that is there. ERROR_CONFLICT: there
 * are ACCOUNT_WRITER_ACCOUNTS. */
int account_writer_put(struct state_writer *writer,
    const struct account_row *row, struct error *err);

/* With its links and tokens, whose ids go into the array `tokens`; its sessions
 * are ended before. */
int account_writer_remove(struct state_writer *writer, struct slice name,
    struct json_writer *tokens, struct error *err);

/* Each as an object into an array. */
int account_writer_list(struct state_writer *writer, usec_t now,
    struct json_writer *json, struct error *err);

/* --- sessions and links --------------------------------------------------- */

struct account_session {
	const unsigned char *digest;
	const char *id;
	struct slice account;
	usec_t created_at, expires_at, idle_expires_at;
	struct slice address, user_agent; /* valid UTF-8 */
};

int account_writer_add_session(struct state_writer *writer,
    const struct account_session *session, struct error *err);

int account_writer_touch_session(struct state_writer *writer, struct slice id,
    usec_t now, usec_t idle_expires_at, struct error *err);

/* End the session `id` of `account`, or {NULL, 0} all; or those beyond
 * ACCOUNTS_SESSIONS_MAX. The ids go as strings into an array; `ret_count` says
 * how many. */
int account_writer_end_sessions(struct state_writer *writer,
    struct slice account, struct slice id, struct json_writer *ids,
    size_t *ret_count, struct error *err);
int account_writer_end_beyond(struct state_writer *writer, struct slice account,
    struct json_writer *ids, size_t *ret_count, struct error *err);

/* One whose time is over: 1; 0: there is none. */
struct account_over {
	char id[ACCOUNT_ID_BYTES + 1];
	char account[ACCOUNT_NAME_BYTES + 1];
	bool was_used; /* to its end; else it was idle */
};
int account_writer_find_over(struct state_writer *writer, usec_t now,
    struct account_over *ret_over, struct error *err);

/* ERROR_CONFLICT: ACCOUNT_WRITER_LINKS are open already. */
int account_writer_add_link(struct state_writer *writer,
    const unsigned char digest[static SHA256_BYTES], struct slice account,
    usec_t now, usec_t expires_at, struct error *err);

/* Use the link up: 1, and whose it is; 0: there is none. */
int account_writer_take_link(struct state_writer *writer,
    const unsigned char digest[static SHA256_BYTES], usec_t now,
    char ret_account[static ACCOUNT_NAME_BYTES + 1], struct error *err);

/* The account's open links are good for nothing any more. */
int account_writer_remove_links(
    struct state_writer *writer, struct slice account, struct error *err);

/* --- tokens --------------------------------------------------------------- */

struct account_token {
	const unsigned char *digest;
	const char *id;
	struct slice account, label;
	enum account_scope scope;
	usec_t created_at, expires_at; /* 0: never */
};

/* ERROR_CONFLICT: the account has ACCOUNT_WRITER_TOKENS. */
int account_writer_add_token(struct state_writer *writer,
    const struct account_token *token, struct error *err);

int account_writer_touch_token(struct state_writer *writer, struct slice id,
    usec_t now, struct error *err);

/* That of `account`, or {NULL, 0} of anybody. 1, and whose it was and what it
 * was called; 0: there is none. */
int account_writer_remove_token(struct state_writer *writer, struct slice id,
    struct slice account, struct buf *ret_account, struct buf *ret_label,
    struct error *err);

/* Each as an object into an array: those of `account`, or {NULL, 0} of all. */
int account_writer_tokens(struct state_writer *writer, struct slice account,
    struct json_writer *json, struct error *err);

#endif
