/* Who may sign in, who is signed in, and what is asked about that.
 *
 * Accounts are made and changed by the owner (root, the daemon's own user)
 * alone. Who signs in, by a password or by a link, gets a secret that is known
 * to nobody else and kept nowhere; from then on it says whose a command is
 * (command.h). What changes is in state.db together with the entry that says so
 * (state_change.h); an answer with a secret leaves when that entry is
 * durable.
 *
 * Sign-ins that fail are counted by address and by account (throttle.h), and
 * refused before a hash is made. Whatever is wrong with a name or a password,
 * the answer is the same and comes after as long.
 */
#ifndef KRUXOSD_ACCOUNT_KEEPER_H
#define KRUXOSD_ACCOUNT_KEEPER_H

#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/state_change.h"
#include "config/config.h"

struct account_keeper;

/* Of the state.db at `state_file` (copied), which `changer` changes and which
 * stays the caller's. ERROR_SYSTEM: the hashing threads do not start. */
struct account_keeper *account_keeper_new(
    struct state_changer *changer, const char *state_file, struct error *err);

/* In two steps: calls that still wait for a hash are answered, before their
 * connections go; and the rest, behind the last commit. */
void account_keeper_stop(struct account_keeper *keeper);
void account_keeper_free(struct account_keeper *keeper);

void account_keeper_configure(
    struct account_keeper *keeper, const struct config *config);

/* Readable when a hash is made; for the loop, which then calls _take(). */
int account_keeper_fd(const struct account_keeper *keeper);
void account_keeper_take(struct account_keeper *keeper);

/* Once a second: sessions whose time is over end. */
void account_keeper_tick(struct account_keeper *keeper);

/* Whose is `credential`? A command_identify. ERROR_BUSY: state.db cannot be
 * read now. */
int
account_keeper_identify(struct account_keeper *keeper, struct slice credential,
    struct accounts_caller *ret_signed_in, struct error *err);

/* What a call was refused, in the name of who asked: an entry `account.deny`.
 * Of who does not leave off not each, but how many there were. */
void account_keeper_note_denied(
    struct account_keeper *keeper, const struct command_call *call);

/* Is it really he, who is signed in and asks by `call`? `on_confirmed` hears,
 * perhaps before this returns, once: `err` is NULL, or ERROR_NOT_ALLOWED (of
 * the field "password"), ERROR_CONFLICT (he has none), ERROR_TOO_MANY,
 * ERROR_BUSY. The call lives until then. */
typedef void (*account_on_confirmed)(void *context, const struct error *err);
void
account_keeper_confirm(struct account_keeper *keeper, struct command_call *call,
    struct slice password, account_on_confirmed on_confirmed, void *context);

/* The same of the account that he names: whoever has its password may speak for
 * it. One that is not there, or has no password, is told like a wrong one, and
 * after as long. */
void account_keeper_confirm_other(struct account_keeper *keeper,
    struct command_call *call, struct slice account, struct slice password,
    account_on_confirmed on_confirmed, void *context);

/* Is the account `name` an operator's? ERROR_NOT_ALLOWED: it is not, or not
 * there any more. Within a change (state_change.h). */
int account_keeper_need_operator(
    struct account_keeper *keeper, struct slice name, struct error *err);

/* --- the commands (docs/door.md) ------------------------------------------ */

extern const struct command_arg account_set_args[], account_name_args[],
    account_link_args[], account_sign_in_args[], account_sign_out_args[],
    token_create_args[], token_list_args[], token_revoke_args[];

void
account_set_command(struct account_keeper *keeper, struct command_call *call);
void account_remove_command(
    struct account_keeper *keeper, struct command_call *call);
void
account_list_command(struct account_keeper *keeper, struct command_call *call);
void
account_link_command(struct account_keeper *keeper, struct command_call *call);
void account_sign_in_command(
    struct account_keeper *keeper, struct command_call *call);
void
account_renew_command(struct account_keeper *keeper, struct command_call *call);
void account_sign_out_command(
    struct account_keeper *keeper, struct command_call *call);
void
token_create_command(struct account_keeper *keeper, struct command_call *call);
void
token_list_command(struct account_keeper *keeper, struct command_call *call);
void
token_revoke_command(struct account_keeper *keeper, struct command_call *call);

#endif
