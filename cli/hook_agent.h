/* The coding agents that kruxos-hook knows: where each keeps its settings, how
 * a hook stands in them, and which events are worth a hook.
 *
 * Every event costs the agent a process, so only those are registered of which
 * an entry comes. The names are the agents' own.
 */
#ifndef CLI_HOOK_AGENT_H
#define CLI_HOOK_AGENT_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>

enum hook_scope {
	HOOK_USER,    /* whatever this user does with the agent */
	HOOK_PROJECT, /* what is done in the present folder */
	HOOK_SYSTEM,  /* what all users of this machine do */
	HOOK_SCOPES,
};

enum hook_format {
	HOOK_GROUPS, /* "hooks": {EVENT: [{"hooks": [{"command": …}]}]} */
	HOOK_LIST,   /* "hooks": {EVENT: [{"command": …}]}, "version": 1 */
	HOOK_PLUGIN, /* a file of ours, loaded by the agent */
};

/* After how long the agent is to give the hook up. It takes some milliseconds
 * and waits for nobody; but a machine may be busy. */
struct hook_event {
	const char *name;
	unsigned timeout_seconds;
};

struct hook_agent {
	const char *name;	     /* as an operand, and kruxos-hook's */
	const char *title;	     /* as its makers write it */
	const char *const *programs; /* one of them in PATH: it is installed */
	enum hook_format format;
	unsigned ticks;		   /* of a time-out, in a second */
	const char *home_variable; /* names `home_folder` anew, or NULL */
	const char *home_folder;   /* of the user's file, below $HOME */
	const char *project_folder;
	const char *system_folder; /* NULL: it has none */
	const char *file;	   /* in each of them */
	const char *system_file;   /* in the last, where it is another */
	const char *off_switch;	   /* a member that turns hooks off, or NULL */
	bool off_value;		   /* which of its values does */
	bool needs_trust;	   /* runs no hook that nobody has approved */
	const struct hook_event *events; /* ends in a NULL name */
};

extern const struct hook_agent hook_agents[];
extern const size_t hook_agents_count;

/* "claude-code codex …", for options and completions. */
#define HOOK_AGENT_NAMES "claude-code codex gemini cursor opencode"

/* The agent of that name; NULL: there is none. */
const struct hook_agent *hook_agent_find(const char *name);

/* "user", "project", "system" */
const char *hook_scope_name(enum hook_scope scope);

/* The path of its settings, in `arena`. ERROR_NOT_FOUND: the agent has no such
 * place, or nobody knows where this user's home is. */
const char *hook_agent_path(const struct hook_agent *agent,
    enum hook_scope scope, struct arena *arena, struct error *err);

/* The agent's program in PATH, in `arena`; NULL: it is not there. */
const char *
hook_agent_program(const struct hook_agent *agent, struct arena *arena);

#endif
