/* Locals that own something free it when their scope ends.
 *
 *	cleanup(buf_free) struct buf line = BUF_INIT;
 *
 * The function named takes a pointer to the variable. For a local that is
 * itself a pointer to a `thing`, DEFINE_CLEANUP(thing *, thing_free) makes the
 * function `thing_freep`, which takes NULL and half-built things because
 * thing_free() does.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup(function) __attribute__((cleanup(function)))

#define DEFINE_CLEANUP(type, function)              \
	static inline void function##p(type *owned) \
	{                                           \
		if (*owned != NULL)                 \
			function(*owned);           \
	}                                           \
	struct cleanup_needs_a_semicolon

/* cleanup(cleanup_close) int fd = -1; */
static inline void
cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* cleanup(cleanup_free) char *text = NULL; */
static inline void
cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

/* cleanup(cleanup_fclose) FILE *file = NULL; */
static inline void
cleanup_fclose(FILE **file)
{
	if (*file != NULL)
		fclose(*file);
}

/* cleanup(cleanup_closedir) DIR *listing = NULL; */
static inline void
cleanup_closedir(DIR **listing)
{
	if (*listing != NULL)
		closedir(*listing);
}

#endif
