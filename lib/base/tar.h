/* The heads of a tar archive (POSIX.1-1988, "ustar"), as far as ours have them:
 * files, their names and lengths, and nothing that could lead elsewhere.
 *
 * A member is a head of TAR_BLOCK bytes, the file's bytes, and zeros up to the
 * next whole block; two blocks of zeros end the archive. tar(1) reads what is
 * written here. What is read must be what could have been written here: no
 * links, folders or devices, no names that begin with '/' or climb by "..".
 */
#ifndef BASE_TAR_H
#define BASE_TAR_H

#include "base/error.h"

#include <stdint.h>

enum {
	TAR_BLOCK = 512,
	TAR_NAME_SIZE = 100 + 1, /* what a head has room for */
};

struct tar_member {
	char name[TAR_NAME_SIZE]; /* "audit/2026-11-23.jsonl" */
	uint64_t bytes;		  /* of the file */
	uint64_t at;		  /* when it was changed, in seconds */
};

/* Is this a name that a member may have: 1 to 100 of A-Z a-z 0-9 . _ - and /,
 * no part of it empty or beginning with a '.'? */
bool tar_is_name(struct slice name);

/* The head of a member; its name is one. */
void
tar_compose(const struct tar_member *member, char ret_block[static TAR_BLOCK]);

/* Read a head. 1: `ret_member`; 0: it is all zeros, the archive ends; -1:
 * ERROR_CORRUPT. */
int tar_parse(const char block[static TAR_BLOCK], struct tar_member *ret_member,
    struct error *err);

/* How many zeros follow a file of so many bytes. */
static inline size_t
tar_padding(uint64_t bytes)
{
	return (size_t)((TAR_BLOCK - bytes % TAR_BLOCK) % TAR_BLOCK);
}

#endif
