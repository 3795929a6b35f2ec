/* Our hooks in a coding agent's settings, as text: pure functions of bytes.
 *
 * The settings are the user's. What is not ours stays as it stands, byte for
 * byte, with its comments and its order; a hook is put in as a line of its own,
 * and taken out so that nothing is left behind. Comments, as JavaScript has
 * them, and commas before a closing bracket are read over: some agents take
 * them. A hook is ours if its command runs kruxos-hook for this agent.
 */
#ifndef CLI_HOOK_SETTINGS_H
#define CLI_HOOK_SETTINGS_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/hook_agent.h"

enum { HOOK_SETTINGS_BYTES = 1 << 20 };

/* The settings with a hook for each of the agent's events that runs `command`,
 * appended to `ret`; `text` may be empty. What is changed goes to `changes`, a
 * line each: "  + PreToolUse", "  ~ SessionEnd", "  - Stop"; none if all is
 * there. -1: what stands there is no settings file, and the sentence says where
 * it is not. */
int hook_settings_install(struct slice text, const struct hook_agent *agent,
    struct slice command, struct buf *ret, struct buf *changes,
    struct error *err);

/* The settings without any hook of ours. Nothing is appended to `ret` when
 * nothing but what we put there is left: the file may go. */
int hook_settings_uninstall(struct slice text, const struct hook_agent *agent,
    struct buf *ret, struct buf *changes, struct error *err);

struct hook_settings_found {
	size_t events;	    /* of the agent's that have a hook of ours */
	bool is_off;	    /* the agent is told to run no hooks */
	struct buf command; /* of the first of them */
};

/* What stands there. `ret` is empty before, and its command to be freed. */
int hook_settings_look(struct slice text, const struct hook_agent *agent,
    struct hook_settings_found *ret, struct error *err);

/* Is it a command of ours for this agent? */
bool
hook_settings_is_ours(struct slice command, const struct hook_agent *agent);

#endif
