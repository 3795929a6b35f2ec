#include "cli/access.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <sys/stat.h>

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

/* What the owner of a file needs to open it, its group needs, too. */
struct barrier {
	struct stat status;
	mode_t needed; /* as bits of the group */
};

/* Is the user kept out of `path`, on the way to something else or, at the end
 * of the way, from reading it? Of a socket it is writing. */
static bool
is_barrier(const char *path, bool is_end, struct barrier *ret)
{
	struct barrier barrier = { .needed = S_IRGRP };
	int mode = R_OK;

	if (stat(path, &barrier.status) == -1)
		return false;
	if (S_ISSOCK(barrier.status.st_mode)) {
		barrier.needed = S_IWGRP;
		mode = W_OK;
	} else if (S_ISDIR(barrier.status.st_mode)) {
		barrier.needed = S_IXGRP | (is_end ? S_IRGRP : 0);
		mode = X_OK | (is_end ? R_OK : 0);
	}
	if (access(path, mode) == 0 || errno != EACCES)
		return false;
	*ret = barrier;
	return true;
}

/* The first of the folders that lead to `path`, or `path` itself. */
static bool
find_barrier(const char *path, struct barrier *ret)
{
	cleanup(buf_free) struct buf part = BUF_INIT;

	for (const char *at = path + 1; at[-1] != '\0'; at++)
		if (*at == '/' || *at == '\0') {
			buf_reset(&part);
			buf_add(&part, path, (size_t)(at - path));
			if (is_barrier(part.data, *at == '\0', ret))
				return true;
		}
	return false;
}

void
access_add_group(const char *path, struct error *err)
{
	const struct error before = *err;
	const struct group *group;
	struct barrier barrier;

	if (err->errnum != EACCES || path[0] == '\0' ||
	    !find_barrier(path, &barrier) ||
	    (barrier.status.st_mode & barrier.needed) != barrier.needed)
		return;
	group = getgrgid(barrier.status.st_gid);
	if (group == NULL)
		return;
	error_set(err, before.code,
	    "%s; members of the group %s may, from their next login on",
	    before.sentence, group->gr_name);
	err->errnum = before.errnum;
}
