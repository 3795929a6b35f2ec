#include "store/status.h"

#include "base/cleanup.h"
#include "base/disk.h"
#include "base/memory.h"
#include "store/status_text.h"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>

enum {
	/* A write takes a microsecond or two: who meets this many halves in a
	 * row does not meet halves. */
	READ_ATTEMPTS = 200,
};

/* A busy machine may be that far behind for a moment. */
#define LAG_MAX (5 * USEC_PER_SEC)

struct status_page {
	char *path;
	char *folder;	   /* of path */
	const char *name;  /* of path, behind the folder */
	int fd;		   /* -1: there was no file */
	uint64_t sequence; /* of the last write; the daemon's side */
	int inotify;	   /* -1: nobody watches */
	int folder_watch;  /* -1: not watched */
	int file_watch;
	struct buf bytes;
};

const char *
status_refusal_name(enum status_refusal refusal)
{
	return status_text_name(STATUS_TEXT_REFUSAL, refusal);
}

const char *
status_integrity_name(enum status_integrity integrity)
{
	return status_text_name(STATUS_TEXT_INTEGRITY, integrity);
}

const char *
status_index_name(enum status_index index)
{
	return status_text_name(STATUS_TEXT_INDEX, index);
}

bool
status_is_fresh(const struct status *status, usec_t now, usec_t limit)
{
	return status->has_writer && status->heartbeat != 0 &&
	       status->heartbeat <= now && now - status->heartbeat <= limit;
}

bool
status_index_is_good(const struct status *status, usec_t now)
{
	switch (status->index) {
	case STATUS_INDEX_CURRENT:
		return true;
	case STATUS_INDEX_CATCHING_UP:
		return now < status->index_behind_since + LAG_MAX;
	default:
		return false;
	}
}

/* --- the page ------------------------------------------------------------- */

static struct status_page *
page_new(const char *path)
{
	struct status_page *page = memory_new(sizeof(*page));
	const char *slash = strrchr(path, '/');
	struct buf copy = BUF_INIT;

	buf_add_str(&copy, path);
	page->path = buf_detach(&copy);
	if (slash == NULL)
		buf_add_char(&copy, '.');
	else
		buf_add(
		    &copy, path, slash == path ? 1 : (size_t)(slash - path));
	page->folder = buf_detach(&copy);
	page->name =
	    slash == NULL ? page->path : page->path + (slash - path) + 1;
	page->fd = page->inotify = -1;
	page->folder_watch = page->file_watch = -1;
	buf_init(&page->bytes);
	return page;
}

void
status_close(struct status_page *page)
{
	if (page == NULL)
		return;
	if (page->fd != -1)
		close(page->fd);
	if (page->inotify != -1)
		close(page->inotify);
	buf_free(&page->bytes);
	free(page->folder);
	free(page->path);
	free(page);
}

/* Read the bytes of the page at hand. -1: it has not that many. */
static int
read_bytes(struct status_page *page)
{
	ssize_t got;

	buf_reset(&page->bytes);
	buf_reserve(&page->bytes, STATUS_BYTES);
	got = disk_read_all(
	    &disk_system, page->fd, page->bytes.data, STATUS_BYTES, 0);
	if (got != STATUS_BYTES)
		return -1;
	buf_set_len(&page->bytes, (size_t)got);
	return 0;
}

/* Give the file its size and its blocks once, so that a full disk cannot stop
 * a later write. Where a file system cannot allocate, writing has to do. */
static int
allocate(int fd)
{
	int errnum;

	if (ftruncate(fd, STATUS_BYTES) == -1)
		return -1;
	errnum = posix_fallocate(fd, 0, STATUS_BYTES);
	if (errnum != 0 && errnum != EOPNOTSUPP && errnum != EINVAL) {
		errno = errnum;
		return -1;
	}
	return 0;
}

/* A read lock, for as long as the descriptor is open: nobody who may only read
 * the page can take one that stands in its way. Where there are no locks
 * (ENOLCK), readers have the heartbeat. */
static void
hold(int fd)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	fcntl(fd, F_OFD_SETLK, &lock);
}

/* Would a write lock have to wait? */
static bool
is_held(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_GETLK, &lock) == -1 || lock.l_type != F_UNLCK;
}

/* Have the file at the path, made if there is none, and hold it. */
static int
take_file(struct status_page *page, struct error *err)
{
	cleanup(cleanup_close) int fd = -1;
	struct stat found;

	fd = open(page->path,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd == -1 || fstat(fd, &found) == -1)
		return error_set_errno(err, "%s", page->path);
	if (!S_ISREG(found.st_mode))
		return error_set(
		    err, ERROR_INVALID, "%s: not a file", page->path);
	hold(fd);
	/* Whatever the umask was, the programs must be able to read. */
	if (fchmod(fd, 0644) == -1)
		return error_set_errno(err, "%s", page->path);
	if (page->fd != -1)
		close(page->fd);
	page->fd = fd;
	fd = -1;
	return 0;
}

struct status_page *
status_create(const char *path, struct error *err)
{
	cleanup(status_closep) struct status_page *page = page_new(path);
	struct status_page *created;
	struct status old, first = { .refusal = STATUS_STARTING };

	if (take_file(page, err) == -1)
		return NULL;
	if (read_bytes(page) == 0)
		(void)status_text_parse(
		    buf_slice(&page->bytes), &old, &page->sequence);
	if (allocate(page->fd) == -1) {
		error_set_errno(err, "%s", path);
		return NULL;
	}
	if (status_write(page, &first, err) == -1)
		return NULL;
	created = page;
	page = NULL;
	return created;
}

/* Is the file that we have the one at the path? */
static bool
is_in_place(const struct status_page *page)
{
	struct stat held, there;

	return page->fd != -1 && fstat(page->fd, &held) == 0 &&
	       lstat(page->path, &there) == 0 && held.st_dev == there.st_dev &&
	       held.st_ino == there.st_ino;
}

int
status_keep(struct status_page *page, struct error *err)
{
	if (is_in_place(page))
		return 0;
	if (take_file(page, err) == -1)
		return -1;
	if (allocate(page->fd) == -1)
		return error_set_errno(err, "%s", page->path);
	return 1;
}

int
status_write(
    struct status_page *page, const struct status *status, struct error *err)
{
	page->sequence++;
	buf_reset(&page->bytes);
	status_text_compose(status, page->sequence, &page->bytes);
	assert(page->bytes.len == STATUS_BYTES);
	if (disk_write_all(&disk_system, page->fd, page->bytes.data,
		STATUS_BYTES, 0) == -1)
		return error_set_errno(err, "%s", page->path);
	return 0;
}

/* --- the readers' side ---------------------------------------------------- */

struct status_page *
status_open(const char *path, struct error *err)
{
	(void)err; /* there need be no file */
	return page_new(path);
}

/* Hold the file that stands at the path now, if there is one. */
static int
reopen_if_replaced(struct status_page *page, struct error *err)
{
	struct stat held, there;

	if (stat(page->path, &there) == -1) {
		if (errno != ENOENT && errno != ENOTDIR)
			return error_set_errno(err, "%s", page->path);
		return error_set(err, ERROR_UNREACHABLE,
		    "%s: no such file: kruxosd is not running", page->path);
	}
	if (page->fd != -1 && fstat(page->fd, &held) == 0 &&
	    held.st_dev == there.st_dev && held.st_ino == there.st_ino)
		return 0;
	if (page->fd != -1)
		close(page->fd);
	page->fd = open(page->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (page->fd == -1)
		return error_set_errno(err, "%s", page->path);
	return 0;
}

static void
watch_again(struct status_page *page)
{
	if (page->inotify == -1)
		return;
	if (page->folder_watch == -1)
		page->folder_watch = inotify_add_watch(page->inotify,
		    page->folder, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	if (page->file_watch == -1)
		page->file_watch = inotify_add_watch(page->inotify, page->path,
		    IN_MODIFY | IN_CLOSE_WRITE | IN_MOVE_SELF | IN_DELETE_SELF);
}

int
status_read(
    struct status_page *page, struct status *ret_status, struct error *err)
{
	watch_again(page);
	if (reopen_if_replaced(page, err) == -1)
		return -1;
	for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
		if (read_bytes(page) == 0 &&
		    status_text_parse(buf_slice(&page->bytes), ret_status,
			&page->sequence) == 0) {
			ret_status->has_writer = is_held(page->fd);
			return 0;
		}
		sched_yield();
	}
	return error_set(
	    err, ERROR_CORRUPT, "%s: not a status page", page->path);
}

int
status_watch(struct status_page *page, struct error *err)
{
	if (page->inotify != -1)
		return page->inotify;
	page->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (page->inotify == -1)
		return error_set_errno(err, "%s: inotify", page->path);
	watch_again(page);
	return page->inotify;
}

static void
take_event(struct status_page *page, const struct inotify_event *event)
{
	if (event->wd == page->folder_watch) {
		if ((event->mask & IN_IGNORED) != 0)
			page->folder_watch = -1;
		/* Another file under our name: the watch is on the old one. */
		else if (event->len > 0 && strcmp(event->name, page->name) == 0)
			page->file_watch = -1;
	} else if (event->wd == page->file_watch &&
		   (event->mask &
		       (IN_IGNORED | IN_MOVE_SELF | IN_DELETE_SELF)) != 0) {
		page->file_watch = -1;
	}
}

void
status_drain(struct status_page *page)
{
	char events[4096]
	    __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t got;

	while (page->inotify != -1 &&
	       (got = read(page->inotify, events, sizeof(events))) > 0) {
		const struct inotify_event *event;

		for (ssize_t at = 0; at < got;
		     at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const struct inotify_event *)(events + at);
			take_event(page, event);
		}
	}
	watch_again(page);
}

int
status_wait(struct status_page *page, usec_t timeout, struct error *err)
{
	struct pollfd waiting = { .fd = status_watch(page, err),
		.events = POLLIN };
	usec_t milliseconds = (timeout + USEC_PER_MSEC - 1) / USEC_PER_MSEC;
	int ready;

	if (waiting.fd == -1)
		return -1;
	ready = poll(
	    &waiting, 1, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
	if (ready == -1 && errno != EINTR)
		return error_set_errno(err, "poll");
	if (ready <= 0)
		return 0;
	status_drain(page);
	return 1;
}
