/* A settings file of a user's, changed as one would wish one's own to be.
 *
 * The new one takes the old one's place whole, with its mode, and the old one
 * stays beside it as FILE.before-kruxos. A symbolic link that the user made
 * (settings are kept in a repository, say) stays one: what it leads to is
 * changed. A link or a file of somebody else's is refused, and so is one that
 * its agent has changed meanwhile.
 */
#ifndef CLI_HOOK_FILE_H
#define CLI_HOOK_FILE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct hook_file {
	const char *path;   /* as it is called */
	const char *target; /* what it leads to; the same if it is no link */
	bool exists;
	mode_t mode;
	gid_t group;
	struct buf text; /* as it was read */
};

/* Read the file at `path`, which may be missing. ERROR_NOT_ALLOWED: it is not
 * this user's; ERROR_INVALID: it is no file; ERROR_TOO_LONG; ERROR_SYSTEM. To
 * be closed in any case. */
int hook_file_open(struct hook_file *file, const char *path,
    struct arena *arena, struct error *err);
void hook_file_close(struct hook_file *file);

/* Put `text` in its place, with the folders that are missing. ERROR_BUSY: it
 * is not any more what was read. */
int
hook_file_replace(struct hook_file *file, struct slice text, struct error *err);

/* Take it away. The same errors. */
int hook_file_remove(struct hook_file *file, struct error *err);

#endif
