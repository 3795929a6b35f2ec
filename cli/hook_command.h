/* The command that an agent runs for each of its events: kruxos-hook, the
 * agent's name, and what the user has asked for. */
#ifndef CLI_HOOK_COMMAND_H
#define CLI_HOOK_COMMAND_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/hook_agent.h"

enum { HOOK_COMMAND_WORDS = 12 };

struct hook_command {
	const char *words[HOOK_COMMAND_WORDS];
	size_t count;
};

/* kruxos-hook, beside this program. ERROR_NOT_FOUND. */
const char *hook_command_find_program(struct arena *arena, struct error *err);

void hook_command_add(struct hook_command *command, const char *word);

/* Append it as a shell reads it: words that hold more than letters, digits and
 * -._/:@%+=, stand in quotes. */
void hook_command_join(const struct hook_command *command, struct buf *out);

/* The words of a command that hook_command_join() has made, or somebody by
 * hand, in `arena`; what is beyond HOOK_COMMAND_WORDS is left out. */
void hook_command_split(
    struct hook_command *command, struct slice text, struct arena *arena);

/* Under which name its entries stand in the log: of --name, else the agent's.
 */
const char *hook_command_agent_name(
    const struct hook_command *command, const struct hook_agent *agent);

/* OpenCode's plug-in that runs the command. */
void hook_command_plugin(const struct hook_command *command, struct buf *out);

/* The same read back. False: the file is none of ours. */
bool hook_command_of_plugin(
    struct hook_command *command, struct slice text, struct arena *arena);

#endif
