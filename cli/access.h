/* Who may open what a command could not: in the packaged system a group. */
#ifndef CLI_ACCESS_H
#define CLI_ACCESS_H

#include "base/error.h"

/* `err` says that something at `path`, or in that folder, could not be opened.
 * If that is because this user may not, and a group may, append which one:
 * "…: Permission denied; members of the group kruxos-audit may". */
void access_add_group(const char *path, struct error *err);

/* The same, and returns -1. */
static inline int
access_explain(const char *path, struct error *err)
{
	access_add_group(path, err);
	return -1;
}

#endif
