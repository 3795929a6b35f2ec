#include "cli/hook_run.h"

#include "cli/cli.h"
#include "cli/hook_agent.h"
#include "cli/hook_command.h"

#include <stdlib.h>
#include <unistd.h>

void
hook_run(int argc, char **argv)
{
	struct arena arena = ARENA_INIT;
	struct error err = { 0 };
	const char *program;

	if (argc < 3 || strcmp(argv[1], "hook") != 0 ||
	    hook_agent_find(argv[2]) == NULL)
		return;
	program = hook_command_find_program(&arena, &err);
	if (program != NULL) {
		execv(program, argv + 1);
		error_set_errno(&err, "%s", program);
	}
	/* As kruxos-hook itself: nothing breaks an agent. */
	cli_fail(&err);
	arena_free(&arena);
	exit(COMMAND_DONE);
}
