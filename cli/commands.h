/* Every command of `kruxos`: the one table. Help and completions are made of
 * it, words are looked up in it. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/command.h"

/* In the order of the help; those of a group ("audit …") together. */
extern const struct command commands[];
extern const size_t commands_count;

/* Options of every command; they fill a struct cli. */
extern const struct option_row commands_common_options[];

/* The first word of a name of two; empty for a name of one. */
struct slice commands_group(const struct command *command);
bool commands_is_group(const char *word);

/* The command that the first of `words` (ends in NULL, not empty) choose, and
 * how many they are; NULL: none. */
const struct command *commands_find(char **words, int *ret_words);

/* The command or group that `words` are a slip of the finger away from, or
 * NULL. */
const char *commands_nearest(const char *words, struct arena *arena);

#endif
