#include "store/status.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "store/page_file.h"
#include "store/status_text.h"

#include <sys/inotify.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	/* A write takes a microsecond or two: who meets this many halves in a
	 * row does not meet halves. */
	READ_ATTEMPTS = 200,
};

/* A busy machine may be that far behind for a moment. */
#define LAG_MAX (5 * USEC_PER_SEC)

struct status_page {
	struct page_file file;
	char *folder;	   /* of its path */
	const char *name;  /* of its path, behind the folder */
	uint64_t sequence; /* of the last write; the daemon's side */
	int inotify;	   /* -1: nobody watches */
	int folder_watch;  /* -1: not watched */
	int file_watch;
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

	page_file_init(&page->file, path, STATUS_BYTES);
	if (slash == NULL)
		buf_add_char(&copy, '.');
	else
		buf_add(
		    &copy, path, slash == path ? 1 : (size_t)(slash - path));
	page->folder = buf_detach(&copy);
	page->name = slash == NULL ? page->file.path
				   : page->file.path + (slash - path) + 1;
	page->inotify = -1;
	page->folder_watch = page->file_watch = -1;
	return page;
}

void
status_close(struct status_page *page)
{
	if (page == NULL)
		return;
	page_file_close(&page->file);
	if (page->inotify != -1)
		close(page->inotify);
	free(page->folder);
	free(page);
}

struct status_page *
status_create(const char *path, struct error *err)
{
	cleanup(status_closep) struct status_page *page = page_new(path);
	struct status_page *created;
	struct status old, first = { .refusal = STATUS_STARTING };

	if (page_file_take(&page->file, err) == -1)
		return NULL;
	if (page_file_read(&page->file) == 0)
		(void)status_text_parse(
		    buf_slice(&page->file.content), &old, &page->sequence);
	if (page_file_allocate(&page->file, err) == -1 ||
	    status_write(page, &first, err) == -1)
		return NULL;
	created = page;
	page = NULL;
	return created;
}

int
status_keep(struct status_page *page, struct error *err)
{
	if (page_file_is_in_place(&page->file))
		return 0;
	if (page_file_take(&page->file, err) == -1 ||
	    page_file_allocate(&page->file, err) == -1)
		return -1;
	return 1;
}

int
status_write(
    struct status_page *page, const struct status *status, struct error *err)
{
	page->sequence++;
	buf_reset(&page->file.content);
	status_text_compose(status, page->sequence, &page->file.content);
	return page_file_write(&page->file, err);
}

/* --- the readers' side ---------------------------------------------------- */

struct status_page *
status_open(const char *path, struct error *err)
{
	(void)err; /* there need be no file */
	return page_new(path);
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
		page->file_watch = inotify_add_watch(page->inotify,
		    page->file.path,
		    IN_MODIFY | IN_CLOSE_WRITE | IN_MOVE_SELF | IN_DELETE_SELF);
}

int
status_read(
    struct status_page *page, struct status *ret_status, struct error *err)
{
	watch_again(page);
	if (page_file_reopen(&page->file, err) == -1)
		return -1;
	for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
		if (page_file_read(&page->file) == 0 &&
		    status_text_parse(buf_slice(&page->file.content),
			ret_status, &page->sequence) == 0) {
			ret_status->has_writer = page_file_is_held(&page->file);
			return 0;
		}
		sched_yield();
	}
	return error_set(
	    err, ERROR_CORRUPT, "%s: not a status page", page->file.path);
}

int
status_watch(struct status_page *page, struct error *err)
{
	if (page->inotify != -1)
		return page->inotify;
	page->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (page->inotify == -1)
		return error_set_errno(err, "%s: inotify", page->file.path);
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
