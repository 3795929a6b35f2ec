/* The agents that may speak through the gateway, and whose a token is.
 *
 * An agent is made by the owner (root, the daemon's own user), who is told its
 * token once; kept is its SHA-256. What changes is in state.db together with
 * the entry that says so (state_change.h), and known here in memory, so that a
 * call costs no look into a database: a token that was rotated or revoked is
 * good for nothing from the change on.
 *
 * Tokens that are not known are counted by where they come from (throttle.h):
 * who tries too many hears that he is to wait, and an alert says it. One that
 * is known is never refused for what its neighbours try.
 */
#ifndef KRUXOSD_AGENT_KEEPER_H
#define KRUXOSD_AGENT_KEEPER_H

#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/state_change.h"

enum {
	AGENT_KEEPER_AGENTS = 1000,	 /* revoked ones among them */
	AGENT_KEEPER_ADDRESS_BYTES = 64, /* of an argument "address" */
};

struct agent_keeper;

/* `changer` stays the caller's. Never NULL. */
struct agent_keeper *agent_keeper_new(struct state_changer *changer);
void agent_keeper_free(struct agent_keeper *keeper);

/* How many tokens that are not known a minute, of one source. */
void
agent_keeper_configure(struct agent_keeper *keeper, unsigned attempts_a_minute);

/* Once a second: when agents were last seen is written down, each at most once
 * a minute, and what was refused unheard is said. */
void agent_keeper_tick(struct agent_keeper *keeper);

/* Is it for this keeper to say whose `credential` is: an agent's token, or
 * anything that comes with a command for agents alone and is no account's? */
bool
agent_keeper_is_asked(const struct command_call *call, struct slice credential);

/* Whose is it? A command_identify. ERROR_UNAUTHENTICATED, ERROR_TOO_MANY;
 * ERROR_BUSY: state.db cannot be read now. The source is the argument
 * "address" of who relays for others, else the peer's uid. */
int agent_keeper_identify(struct agent_keeper *keeper,
    const struct command_call *call, struct slice credential,
    struct accounts_caller *ret_signed_in, struct error *err);

/* What an agent's call was refused: an entry `agent.deny`. Of who does not
 * leave off not each, but how many there were. */
void agent_keeper_note_denied(
    struct agent_keeper *keeper, const struct command_call *call);

/* Somebody is trying tokens: who, and how many, in words; NULL: nobody is. Good
 * until the next call. */
const char *agent_keeper_guessing(struct agent_keeper *keeper);

/* --- the commands (docs/door.md) ------------------------------------------ */

extern const struct command_arg agent_create_args[], agent_name_args[];

void
agent_create_command(struct agent_keeper *keeper, struct command_call *call);
void agent_list_command(struct agent_keeper *keeper, struct command_call *call);
void
agent_rotate_command(struct agent_keeper *keeper, struct command_call *call);
void
agent_revoke_command(struct agent_keeper *keeper, struct command_call *call);

#endif
