/* What agents may do, and how often: the policy of kruxos.conf as it is in
 * force (config/policy.h), and what each has taken of its limits
 * (rate_limit.h). A restart forgets the latter.
 */
#ifndef KRUXOSD_POLICY_KEEPER_H
#define KRUXOSD_POLICY_KEEPER_H

#include "collectors/kruxosd/command.h"
#include "config/config.h"

struct policy_keeper;

/* `clock` stays the caller's. Never NULL; it is configured before it is asked.
 */
struct policy_keeper *policy_keeper_new(struct clock *clock);
void policy_keeper_free(struct policy_keeper *keeper);

/* Copies what it needs. What was taken of a limit stays taken. */
void policy_keeper_configure(
    struct policy_keeper *keeper, const struct config *config);

/* What may `agent` do of `capability`? Good until _configure(). */
void policy_keeper_decide(const struct policy_keeper *keeper,
    struct slice agent, struct slice capability, struct policy_decision *ret);

/* Append the line that decided, for people: `kruxos.conf:41: shell.* =
 * blocked`; nothing where no line did. */
void policy_keeper_add_line(const struct policy_keeper *keeper,
    const struct policy_decision *decision, struct buf *out);

/* May `agent` use `capability` now? 0: yes, and that counted. Else
 * ERROR_TOO_MANY, which names the line and says how long to wait. */
int policy_keeper_take(struct policy_keeper *keeper, struct slice agent,
    struct slice capability, struct error *err);

/* --- the command (docs/door.md) ------------------------------------------- */

extern const struct command_arg policy_ask_args[];

void
policy_ask_command(struct policy_keeper *keeper, struct command_call *call);

#endif
