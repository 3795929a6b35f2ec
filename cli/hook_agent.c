#include "cli/hook_agent.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

/* Claude Code and Codex give a hook at the end of a session one second and a
 * half, and one, unless it says itself how long it needs; Codex allows three
 * at most. */
enum {
	HOOK_SECONDS = 10,
	HOOK_END_SECONDS = 3,
};

static const struct hook_event claude_code_events[] = {
	{ "SessionStart", HOOK_SECONDS },
	{ "UserPromptSubmit", HOOK_SECONDS },
	{ "PreToolUse", HOOK_SECONDS },
	{ "PermissionRequest", HOOK_SECONDS },
	{ "PermissionDenied", HOOK_SECONDS },
	{ "PostToolUse", HOOK_SECONDS },
	{ "PostToolUseFailure", HOOK_SECONDS },
	{ "PostToolBatch", HOOK_SECONDS },
	{ "SubagentStart", HOOK_SECONDS },
	{ "SubagentStop", HOOK_SECONDS },
	{ "Stop", HOOK_SECONDS },
	{ "Notification", HOOK_SECONDS },
	{ "SessionEnd", HOOK_END_SECONDS },
	{ NULL, 0 },
};

static const struct hook_event codex_events[] = {
	{ "SessionStart", HOOK_SECONDS },
	{ "UserPromptSubmit", HOOK_SECONDS },
	{ "PreToolUse", HOOK_SECONDS },
	{ "PermissionRequest", HOOK_SECONDS },
	{ "PostToolUse", HOOK_SECONDS },
	{ "SubagentStart", HOOK_SECONDS },
	{ "SubagentStop", HOOK_SECONDS },
	{ "Stop", HOOK_SECONDS },
	{ "SessionEnd", HOOK_END_SECONDS },
	{ NULL, 0 },
};

static const struct hook_event gemini_events[] = {
	{ "SessionStart", HOOK_SECONDS },
	{ "BeforeAgent", HOOK_SECONDS },
	{ "AfterAgent", HOOK_SECONDS },
	{ "BeforeTool", HOOK_SECONDS },
	{ "AfterTool", HOOK_SECONDS },
	{ "Notification", HOOK_SECONDS },
	{ "SessionEnd", HOOK_END_SECONDS },
	{ NULL, 0 },
};

/* Of shells and MCP it tells twice; but only there can a hook have a person
 * asked. */
static const struct hook_event cursor_events[] = {
	{ "sessionStart", HOOK_SECONDS },
	{ "beforeSubmitPrompt", HOOK_SECONDS },
	{ "preToolUse", HOOK_SECONDS },
	{ "postToolUse", HOOK_SECONDS },
	{ "postToolUseFailure", HOOK_SECONDS },
	{ "beforeShellExecution", HOOK_SECONDS },
	{ "afterShellExecution", HOOK_SECONDS },
	{ "beforeMCPExecution", HOOK_SECONDS },
	{ "afterMCPExecution", HOOK_SECONDS },
	{ "subagentStart", HOOK_SECONDS },
	{ "subagentStop", HOOK_SECONDS },
	{ "stop", HOOK_SECONDS },
	{ "sessionEnd", HOOK_END_SECONDS },
	{ NULL, 0 },
};

static const struct hook_event no_events[] = { { NULL, 0 } };

static const char *const claude_code_programs[] = { "claude", NULL };
static const char *const codex_programs[] = { "codex", NULL };
static const char *const gemini_programs[] = { "gemini", NULL };
static const char *const cursor_programs[] = { "cursor-agent", "cursor", NULL };
static const char *const opencode_programs[] = { "opencode", NULL };

const struct hook_agent hook_agents[] = {
	{
	    .name = "claude-code",
	    .title = "Claude Code",
	    .programs = claude_code_programs,
	    .format = HOOK_GROUPS,
	    .ticks = 1,
	    .home_variable = "CLAUDE_CONFIG_DIR",
	    .home_folder = ".claude",
	    .project_folder = ".claude",
	    .system_folder = "/etc/claude-code",
	    .file = "settings.json",
	    .system_file = "managed-settings.json",
	    .off_switch = "disableAllHooks",
	    .off_value = true,
	    .events = claude_code_events,
	},
	{
	    .name = "codex",
	    .title = "Codex",
	    .programs = codex_programs,
	    .format = HOOK_GROUPS,
	    .ticks = 1,
	    .home_variable = "CODEX_HOME",
	    .home_folder = ".codex",
	    .project_folder = ".codex",
	    .system_folder = "/etc/codex",
	    .file = "hooks.json",
	    .needs_trust = true,
	    .events = codex_events,
	},
	{
	    .name = "gemini",
	    .title = "Gemini CLI",
	    .programs = gemini_programs,
	    .format = HOOK_GROUPS,
	    .ticks = 1000,
	    .home_folder = ".gemini",
	    .project_folder = ".gemini",
	    .system_folder = "/etc/gemini-cli",
	    .file = "settings.json",
	    .off_switch = "hooksConfig.enabled",
	    .off_value = false,
	    .events = gemini_events,
	},
	{
	    .name = "cursor",
	    .title = "Cursor",
	    .programs = cursor_programs,
	    .format = HOOK_LIST,
	    .ticks = 1,
	    .home_folder = ".cursor",
	    .project_folder = ".cursor",
	    .system_folder = "/etc/cursor",
	    .file = "hooks.json",
	    .events = cursor_events,
	},
	{
	    .name = "opencode",
	    .title = "OpenCode",
	    .programs = opencode_programs,
	    .format = HOOK_PLUGIN,
	    .home_variable = "OPENCODE_CONFIG_DIR",
	    .home_folder = ".config/opencode",
	    .project_folder = ".opencode",
	    .file = "plugins/kruxos.js",
	    .events = no_events,
	},
};

const size_t hook_agents_count = sizeof(hook_agents) / sizeof(hook_agents[0]);

const struct hook_agent *
hook_agent_find(const char *name)
{
	for (size_t i = 0; i < hook_agents_count; i++)
		if (strcmp(hook_agents[i].name, name) == 0)
			return &hook_agents[i];
	return NULL;
}

const char *
hook_scope_name(enum hook_scope scope)
{
	static const char *const names[HOOK_SCOPES] = { "user", "project",
		"system" };

	return names[scope];
}

static const char *
find_home(void)
{
	const char *home = getenv("HOME");
	const struct passwd *user;

	if (home != NULL && *home == '/')
		return home;
	user = getpwuid(geteuid());
	return user != NULL ? user->pw_dir : NULL;
}

/* What the variable says, else `home_folder` below the user's home. */
static const char *
user_folder(
    const struct hook_agent *agent, struct arena *arena, struct error *err)
{
	const char *folder =
	    agent->home_variable == NULL ? NULL : getenv(agent->home_variable);
	const char *home;

	if (folder != NULL && *folder == '/')
		return folder;
	home = find_home();
	if (home == NULL) {
		error_set(err, ERROR_NOT_FOUND,
		    "HOME is not set, and uid %u has no home",
		    (unsigned)geteuid());
		return NULL;
	}
	return arena_printf(arena, "%s/%s", home, agent->home_folder);
}

/* Absolute, so that what is said and what Codex keeps name one file. */
static const char *
project_folder(
    const struct hook_agent *agent, struct arena *arena, struct error *err)
{
	char *here = getcwd(NULL, 0);
	const char *folder;

	if (here == NULL) {
		error_set_errno(err, "the present folder");
		return NULL;
	}
	folder = arena_printf(arena, "%s/%s", here, agent->project_folder);
	free(here);
	return folder;
}

const char *
hook_agent_path(const struct hook_agent *agent, enum hook_scope scope,
    struct arena *arena, struct error *err)
{
	const char *folder = NULL;

	switch (scope) {
	case HOOK_USER:
		folder = user_folder(agent, arena, err);
		break;
	case HOOK_PROJECT:
		folder = project_folder(agent, arena, err);
		break;
	default:
		folder = agent->system_folder;
		if (folder == NULL)
			error_set(err, ERROR_NOT_FOUND,
			    "%s loads plug-ins of a user or a project, and "
			    "none for all users",
			    agent->title);
	}
	if (folder == NULL)
		return NULL;
	if (scope == HOOK_SYSTEM && agent->system_file != NULL)
		return arena_printf(arena, "%s/%s", folder, agent->system_file);
	return arena_printf(arena, "%s/%s", folder, agent->file);
}

/* `name` in one of PATH's folders; NULL: in none. */
static const char *
find_program(const char *name, struct arena *arena)
{
	const char *path = getenv("PATH");
	size_t len;

	for (; path != NULL && *path != '\0';
	     path += len + (path[len] == ':')) {
		const char *file;

		len = strcspn(path, ":");
		file = arena_printf(arena, "%.*s/%s", (int)len, path, name);
		/* What is looked for relative to here is not the user's. */
		if (*path == '/' && access(file, X_OK) == 0)
			return file;
	}
	return NULL;
}

const char *
hook_agent_program(const struct hook_agent *agent, struct arena *arena)
{
	const char *file = NULL;

	for (size_t i = 0; agent->programs[i] != NULL && file == NULL; i++)
		file = find_program(agent->programs[i], arena);
	return file;
}
