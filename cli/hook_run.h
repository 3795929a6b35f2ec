/* `kruxos hook AGENT …` is kruxos-hook: a program of its own, because an agent
 * waits for it at every tool call. */
#ifndef CLI_HOOK_RUN_H
#define CLI_HOOK_RUN_H

/* Become kruxos-hook, if that is what the words of the command line ask for;
 * else return. */
void hook_run(int argc, char **argv);

#endif
