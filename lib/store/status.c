/* FORMAT
 *
 * The page is text, so that `cat` is enough to read it: exactly STATUS_BYTES
 * bytes, lines of "key value\n" in the order of the table below, nothing left
 * out, then spaces and a last '\n':
 *
 *	kruxosd.status 1			the format's version
 *	page 4711				counts the writes of this page
 *	pid 1234
 *	...
 *	crc32c 89abcdef				of all bytes before this line
 *	page 4711				the same again
 *
 * Times are µs, hashes 64 hex digits, fractions have three digits behind the
 * point, truth is 0 or 1, states are their names. Text runs to the end of its
 * line (control characters were made visible).
 *
 * The kernel promises no atomic write of a page to a reader in another
 * process: pages count, at both ends, and a checksum says whether what lies
 * between is of one write. A reader that sees otherwise reads again.
 */
#include "store/status.h"

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "base/disk.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>

#define FORMAT_LINE "kruxosd.status 1\n"

enum {
	/* A write takes a microsecond or two: who meets this many halves in a
	 * row does not meet halves. */
	READ_ATTEMPTS = 200,
	FRACTION_DIGITS = 1000,
};

enum field_type {
	FIELD_U32,
	FIELD_U64,
	FIELD_BOOL,
	FIELD_FRACTION,
	FIELD_HASH,
	FIELD_TEXT,
	FIELD_REFUSAL,
	FIELD_INTEGRITY,
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	size_t size;
};

#define FIELD(type, member)                                     \
	{                                                       \
#member, type, offsetof(struct status, member), \
		    sizeof(((struct status *)NULL)->member)     \
	}

static const struct field fields[] = {
	FIELD(FIELD_U32, pid),
	FIELD(FIELD_U64, started_at),
	FIELD(FIELD_U64, heartbeat),
	FIELD(FIELD_REFUSAL, refusal),
	FIELD(FIELD_TEXT, reason),
	FIELD(FIELD_U64, commits),
	FIELD(FIELD_U64, head_seq),
	FIELD(FIELD_HASH, head_hash),
	FIELD(FIELD_TEXT, head_file),
	FIELD(FIELD_U64, head_bytes),
	FIELD(FIELD_U64, index_seq),
	FIELD(FIELD_U64, index_generation),
	FIELD(FIELD_BOOL, index_ok),
	FIELD(FIELD_BOOL, state_ok),
	FIELD(FIELD_INTEGRITY, integrity),
	FIELD(FIELD_U64, verified_seq),
	FIELD(FIELD_U64, verified_at),
	FIELD(FIELD_U64, sampled_at),
	FIELD(FIELD_FRACTION, cpu_percent),
	FIELD(FIELD_U64, memory_used_bytes),
	FIELD(FIELD_U64, memory_total_bytes),
	FIELD(FIELD_FRACTION, disk_used_percent),
	FIELD(FIELD_U64, entries_accepted),
	FIELD(FIELD_U64, entries_refused),
	FIELD(FIELD_U64, connections),
};
enum { FIELD_COUNT = sizeof(fields) / sizeof(fields[0]) };

static const char *const integrity_names[] = {
	[STATUS_UNKNOWN] = "unknown",
	[STATUS_CHECKING] = "checking",
	[STATUS_VERIFIED] = "verified",
	[STATUS_DAMAGED] = "damaged",
};
enum { INTEGRITIES = sizeof(integrity_names) / sizeof(integrity_names[0]) };

static const char *const refusal_names[] = {
	[STATUS_ACCEPTING] = "accepting",
	[STATUS_STARTING] = "starting",
	[STATUS_STOPPING] = "stopping",
	[STATUS_STOPPED] = "stopped",
	[STATUS_WRITE_FAILED] = "write_failed",
	[STATUS_DISK_FULL] = "disk_full",
	[STATUS_READ_ONLY] = "read_only",
};
enum { REFUSALS = sizeof(refusal_names) / sizeof(refusal_names[0]) };

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
status_integrity_name(enum status_integrity integrity)
{
	size_t index = (size_t)integrity;

	return index < INTEGRITIES ? integrity_names[index] : "unknown";
}

const char *
status_refusal_name(enum status_refusal refusal)
{
	size_t index = (size_t)refusal;

	return index < REFUSALS ? refusal_names[index] : "unknown";
}

bool
status_is_fresh(const struct status *status, usec_t now, usec_t limit)
{
	return status->heartbeat != 0 && status->heartbeat <= now &&
	       now - status->heartbeat <= limit;
}

/* --- the format ----------------------------------------------------------- */

/* Text of at most `size` bytes with its NUL, on one line. */
static void
add_text(struct buf *out, const char *text, size_t size)
{
	cleanup(buf_free) struct buf visible = BUF_INIT;

	text_add_visible(&visible, (struct slice){ text, strnlen(text, size) },
	    TEXT_ONE_LINE);
	buf_add(out, visible.data, text_cut(buf_slice(&visible), size - 1));
}

static void
add_fraction(struct buf *out, double value)
{
	double limit = 1e12;
	uint64_t scaled = 0;

	/* What is no number, or none of ours, is nothing. */
	if (value > 0)
		scaled = (uint64_t)((value < limit ? value : limit) *
					FRACTION_DIGITS +
				    0.5);
	buf_addf(out, "%llu.%03llu",
	    (unsigned long long)(scaled / FRACTION_DIGITS),
	    (unsigned long long)(scaled % FRACTION_DIGITS));
}

static void
add_value(struct buf *out, const struct field *field, const void *value)
{
	switch (field->type) {
	case FIELD_U32:
		buf_add_u64(out, *(const uint32_t *)value);
		break;
	case FIELD_U64:
		buf_add_u64(out, *(const uint64_t *)value);
		break;
	case FIELD_BOOL:
		buf_add_char(out, *(const bool *)value ? '1' : '0');
		break;
	case FIELD_FRACTION:
		add_fraction(out, *(const double *)value);
		break;
	case FIELD_HASH:
		buf_add_hex(out, value, field->size);
		break;
	case FIELD_TEXT:
		add_text(out, value, field->size);
		break;
	case FIELD_REFUSAL:
		buf_add_str(out,
		    status_refusal_name(*(const enum status_refusal *)value));
		break;
	case FIELD_INTEGRITY:
		buf_add_str(out, status_integrity_name(
				     *(const enum status_integrity *)value));
		break;
	}
}

static void
compose(const struct status *status, uint64_t sequence, struct buf *out)
{
	uint32_t checksum;

	buf_add_str(out, FORMAT_LINE);
	buf_addf(out, "page %llu\n", (unsigned long long)sequence);
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		buf_add_str(out, fields[i].key);
		buf_add_char(out, ' ');
		add_value(
		    out, &fields[i], (const char *)status + fields[i].offset);
		buf_add_char(out, '\n');
	}
	checksum = crc32c(0, buf_slice(out));
	buf_addf(out, "crc32c %08x\npage %llu\n", checksum,
	    (unsigned long long)sequence);
	buf_add_chars(out, ' ', STATUS_BYTES - 1 - out->len);
	buf_add_char(out, '\n');
}

/* Take "key value\n" off the front of `rest`. */
static int
take_line(struct slice *rest, const char *key, struct slice *ret_value)
{
	size_t key_len = strlen(key);
	const char *end;

	end = rest->len == 0 ? NULL : memchr(rest->data, '\n', rest->len);
	if (end == NULL || (size_t)(end - rest->data) < key_len + 1 ||
	    memcmp(rest->data, key, key_len) != 0 || rest->data[key_len] != ' ')
		return -1;
	ret_value->data = rest->data + key_len + 1;
	ret_value->len = (size_t)(end - ret_value->data);
	rest->len -= (size_t)(end + 1 - rest->data);
	rest->data = end + 1;
	return 0;
}

static int
find_name(struct slice text, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is(text, names[i]))
			return (int)i;
	return -1;
}

static int
read_number(struct slice text, uint64_t max, uint64_t *ret)
{
	return number_parse_u64(text, 0, max, ret);
}

static int
read_value(const struct field *field, struct slice text, void *value)
{
	uint64_t number;
	int index;

	switch (field->type) {
	case FIELD_U32:
		if (read_number(text, UINT32_MAX, &number) == -1)
			return -1;
		*(uint32_t *)value = (uint32_t)number;
		return 0;
	case FIELD_U64:
		return read_number(text, UINT64_MAX, value);
	case FIELD_BOOL:
		if (read_number(text, 1, &number) == -1)
			return -1;
		*(bool *)value = number == 1;
		return 0;
	case FIELD_FRACTION:
		return number_parse_double(text, 0, 1e15, value);
	case FIELD_HASH:
		return sha256_parse_hex(text, value);
	case FIELD_TEXT:
		if (text.len >= field->size)
			return -1;
		memset(value, 0, field->size);
		memcpy(value, text.data, text.len);
		return 0;
	case FIELD_REFUSAL:
		index = find_name(text, refusal_names, REFUSALS);
		if (index != -1)
			*(enum status_refusal *)value =
			    (enum status_refusal)index;
		return index == -1 ? -1 : 0;
	case FIELD_INTEGRITY:
		index = find_name(text, integrity_names, INTEGRITIES);
		if (index != -1)
			*(enum status_integrity *)value =
			    (enum status_integrity)index;
		return index == -1 ? -1 : 0;
	}
	return -1;
}

static int
parse(struct slice page, struct status *ret_status, uint64_t *ret_sequence)
{
	struct slice rest = page, value, front;
	struct status status = { 0 };
	uint64_t first, last;
	char checksum[9];

	if (page.len != STATUS_BYTES ||
	    !slice_starts_with(rest, SLICE_LITERAL(FORMAT_LINE)))
		return -1;
	rest.data += sizeof(FORMAT_LINE) - 1;
	rest.len -= sizeof(FORMAT_LINE) - 1;
	if (take_line(&rest, "page", &value) == -1 ||
	    read_number(value, UINT64_MAX, &first) == -1)
		return -1;
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (take_line(&rest, fields[i].key, &value) == -1 ||
		    read_value(&fields[i], value,
			(char *)&status + fields[i].offset) == -1)
			return -1;
	front = (struct slice){ page.data, (size_t)(rest.data - page.data) };
	snprintf(checksum, sizeof(checksum), "%08x", crc32c(0, front));
	if (take_line(&rest, "crc32c", &value) == -1 ||
	    !slice_is(value, checksum) ||
	    take_line(&rest, "page", &value) == -1 ||
	    read_number(value, UINT64_MAX, &last) == -1 || first != last)
		return -1;
	*ret_status = status;
	*ret_sequence = first;
	return 0;
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

struct status_page *
status_create(const char *path, struct error *err)
{
	cleanup(status_closep) struct status_page *page = page_new(path);
	struct status_page *created;
	struct status old, first = { .refusal = STATUS_STARTING };
	struct stat found;

	page->fd = open(
	    path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (page->fd == -1 || fstat(page->fd, &found) == -1) {
		error_set_errno(err, "%s", path);
		return NULL;
	}
	if (!S_ISREG(found.st_mode)) {
		error_set(err, ERROR_INVALID, "%s: not a file", path);
		return NULL;
	}
	if (read_bytes(page) == 0)
		(void)parse(buf_slice(&page->bytes), &old, &page->sequence);
	/* Whatever the umask was, the programs must be able to read. */
	if (fchmod(page->fd, 0644) == -1 || allocate(page->fd) == -1) {
		error_set_errno(err, "%s", path);
		return NULL;
	}
	if (status_write(page, &first, err) == -1)
		return NULL;
	created = page;
	page = NULL;
	return created;
}

int
status_write(
    struct status_page *page, const struct status *status, struct error *err)
{
	page->sequence++;
	buf_reset(&page->bytes);
	compose(status, page->sequence, &page->bytes);
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
		    IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF);
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
		    parse(buf_slice(&page->bytes), ret_status,
			&page->sequence) == 0)
			return 0;
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
