/* The inside of the keeper of accounts, for its files alone: account_keeper.c,
 * account_change.c, account_commands.c, sign_in_commands.c,
 * session_commands.c and token_commands.c. */
#ifndef KRUXOSD_ACCOUNT_KEEPER_INTERNAL_H
#define KRUXOSD_ACCOUNT_KEEPER_INTERNAL_H

#include "collectors/kruxosd/account_keeper.h"
#include "collectors/kruxosd/account_writer.h"
#include "collectors/kruxosd/hasher.h"
#include "collectors/kruxosd/state_change.h"
#include "collectors/kruxosd/throttle.h"

struct account_keeper {
	struct clock *clock;
	struct commit *commit;
	struct state_changer *changer;
	struct state_writer *writer; /* the changer's */
	struct accounts *reader;
	struct hasher *hasher;
	struct throttle *by_address;
	struct throttle *by_account;
	struct throttle
	    *denials; /* of whom, so that they do not fill the log */
	usec_t idle_timeout, absolute_timeout, link_timeout;

	/* Tries that were refused unheard, until an entry says so. */
	uint64_t throttled;
	usec_t throttled_due; /* CLOCK_BOOTTIME */
	uint64_t unsaid;      /* refusals without an entry, since the last */

	bool has_failed; /* to end sessions, and that was said */
	bool is_blind;	 /* whose a credential is cannot be read; likewise */
};

/* --- sessions that end ---------------------------------------------------- */

/* End the session `id` of `account`, or {NULL, 0} all, and owe the entry, which
 * is `entry`'s; `reason` is a word of docs/door.md. `ret_count` may be NULL. */
int account_change_end_sessions(struct state_change *change, struct entry entry,
    struct slice account, struct slice id, const char *reason,
    size_t *ret_count, struct error *err);

/* Those beyond what an account may have. */
int account_change_end_beyond(struct state_change *change, struct entry entry,
    struct slice account, struct error *err);

static inline usec_t
account_earlier(usec_t a, usec_t b)
{
	return a < b ? a : b;
}

/* --- for the commands ----------------------------------------------------- */

/* The argument "name", which has to be one. */
int account_read_name(struct slice name, struct error *err);

/* The argument "role": 1, or 0 without one. */
int account_read_role(const struct command_call *call,
    enum account_role *ret_role, struct error *err);

/* 0: there it is; else ERROR_NOT_FOUND, of the field `key`. */
int account_need(struct state_writer *writer, struct slice name,
    const char *key, struct account_row *ret_row, struct error *err);

/* An account that did not exist, and the entry of who made it. */
int account_create(struct state_change *change, struct entry entry,
    const struct account_row *row, struct error *err);

/* Did somebody try too often: from `address` (empty: not known), at `name`
 * (empty: none)? ERROR_TOO_MANY; else the try counts. */
int account_throttle(struct account_keeper *keeper, struct slice address,
    struct slice name, struct error *err);
void account_forgive(
    struct account_keeper *keeper, struct slice address, struct slice name);

#endif
