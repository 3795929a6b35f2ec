/* The files of the configuration, as they are read: kruxos.conf, and behind it
 * what lies in the folder conf.d beside it, *.conf, in the order of the bytes
 * of their names.
 *
 * A name that begins with a dot is left alone. That there is no conf.d is no
 * failure; that it cannot be read is one, as what it says would be missing.
 */
#ifndef CONFIG_FILES_H
#define CONFIG_FILES_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

enum {
	FILES_COUNT = 64,      /* at most */
	FILES_BYTES = 1 << 20, /* at most, of each */
};

/* One of them; `path` is relative if that of kruxos.conf was given so. */
struct files_file {
	const char *path;
	struct slice text;
};

struct files {
	struct files_file *files; /* the first is kruxos.conf */
	size_t count;
	struct arena arena; /* holds all of the above */
};

/* Read kruxos.conf at `path` and the others. -1: err names what is in the way,
 * ERROR_SYSTEM, ERROR_TOO_LONG, ERROR_INVALID; ERROR_NOT_ALLOWED: a conf.d of
 * somebody who has no say in kruxos.conf. */
int files_read(const char *path, struct files *ret, struct error *err);

void files_free(struct files *files);

#endif
