/* A folder that plays /proc or another, made of files by a test. */
#ifndef TESTS_UNIT_OBSERVER_MADE_TREE_H
#define TESTS_UNIT_OBSERVER_MADE_TREE_H

#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree_root[] = "/tmp/kruxos-tree-XXXXXX";

static inline int
tree_make(void **state)
{
	(void)state;
	memcpy(tree_root + sizeof(tree_root) - 7, "XXXXXX", 6);
	return mkdtemp(tree_root) == NULL ? -1 : 0;
}

static inline int
tree_remove_one(
    const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

static inline int
tree_remove(void **state)
{
	(void)state;
	return nftw(tree_root, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of NAME; good until the next call but three. */
static inline const char *
tree_path(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", tree_root, name);
	return path;
}

/* Write the file NAME, with the folders above it. */
static inline void
tree_write(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", tree_root, name);
	for (char *slash = strchr(path + sizeof(tree_root), '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) == -1)
			assert(errno == EEXIST);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert(file != NULL);
	fputs(text, file);
	fclose(file);
}

static inline void
tree_unlink(const char *name)
{
	unlink(tree_path(name));
}

#endif
