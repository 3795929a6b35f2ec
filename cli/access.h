/* Who may open what a command could not: in the packaged system a group. */
#ifndef CLI_ACCESS_H
#define CLI_ACCESS_H

#include "base/error.h"

/* `err` says that something at `path`, or in that folder, could not be opened.
 * If that is because this user may not, and a group may, append which one:
 * "…: Permission denied; members of the group kruxos-audit may". Always returns
 * -1. */
int access_explain(const char *path, struct error *err);

#endif
