/* The file of a page: allocated whole, overwritten by one pwrite(), read by
 * other processes at any time. What stands in it is the business of status.c
 * and observed.c, which also tell a whole page from half a write.
 */
#ifndef STORE_PAGE_FILE_H
#define STORE_PAGE_FILE_H

#include "base/buf.h"
#include "base/error.h"

struct page_file {
	char *path;
	size_t bytes;	    /* of a page */
	int fd;		    /* -1: there was no file */
	struct buf content; /* as read, or to be written */
};

/* `path` is copied; nothing is opened. */
void page_file_init(struct page_file *file, const char *path, size_t bytes);
void page_file_close(struct page_file *file);

/* The writer's side: have the file at the path (0644), made if there is none,
 * and hold it for as long as it is open. -1: ERROR_SYSTEM, ERROR_INVALID. */
int page_file_take(struct page_file *file, struct error *err);

/* Is the file that we have the one at the path? */
bool page_file_is_in_place(const struct page_file *file);

/* Give it its size and its blocks once, so that a full disk cannot stop a
 * later write. Where a file system cannot allocate, writing has to do. */
int page_file_allocate(struct page_file *file, struct error *err);

/* Write `content`, which is a whole page. */
int page_file_write(struct page_file *file, struct error *err);

/* The readers' side: hold the file that stands at the path now.
 * -1: ERROR_UNREACHABLE (there is none), ERROR_SYSTEM. */
int page_file_reopen(struct page_file *file, struct error *err);

/* Read the page into `content`. -1: it has not that many bytes. */
int page_file_read(struct page_file *file);

/* Does a writer hold it? */
bool page_file_is_held(const struct page_file *file);

#endif
