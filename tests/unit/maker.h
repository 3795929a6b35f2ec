/* Makes logs for tests: entries, batches, files, in a folder of their own.
 *
 *	struct maker maker;
 *	maker_init(&maker);             a fresh folder, maker.dir
 *	maker_open(&maker, day, 1);     a file, with its log.open
 *	maker_add(&maker, …);           entries
 *	maker_free(&maker);             the folder goes
 */
#ifndef TESTS_UNIT_MAKER_H
#define TESTS_UNIT_MAKER_H

#include "base/cleanup.h"
#include "base/disk.h"
#include "log/entry.h"
#include "log/logfile.h"
#include "tests/fault/verdict.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

/* 2026-11-23T00:00:00Z */
#define MAKER_DAY ((usec_t)1795392000 * USEC_PER_SEC)

struct maker {
	char dir[64];
	struct sha256 *sha256;
	int fd; /* of the file under way; -1: none */
	char file[LOGFILE_NAME_SIZE];
	uint64_t bytes; /* of it */
	uint64_t seq;	/* the last one's */
	usec_t now;
	unsigned char hash[SHA256_BYTES];
	struct buf line; /* the last one, '\n' included */
};

static inline void
maker_init(struct maker *maker)
{
	*maker = (struct maker){
		.dir = "/tmp/kruxos-log-XXXXXX",
		.sha256 = sha256_new(),
		.fd = -1,
		.now = MAKER_DAY,
		.line = BUF_INIT,
	};
	if (mkdtemp(maker->dir) == NULL)
		abort();
}

static inline void
maker_free(struct maker *maker)
{
	DIR *dir = opendir(maker->dir);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	rmdir(maker->dir);
	if (maker->fd != -1)
		close(maker->fd);
	sha256_free(maker->sha256);
	buf_free(&maker->line);
}

/* An agent's successful shell.exec, to be changed by the test. */
static inline struct entry
maker_entry(void)
{
	return (struct entry){
		.uid = 1001,
		.source = ENTRY_HOOK,
		.actor = ENTRY_AGENT,
		.actor_name = SLICE_LITERAL("research-agent"),
		.session_id = SLICE_LITERAL("sess-a1"),
		.capability = SLICE_LITERAL("shell.exec"),
		.status = ENTRY_SUCCESS,
	};
}

/* Append `entry` to the file under way: seq, times where they are 0, and
 * prev_hash are filled here. `rest` follows the salt: `,"summary":…`. */
static inline void
maker_add(struct maker *maker, struct entry entry, const char *rest)
{
	struct buf payload = BUF_INIT;

	buf_addf(&payload, "\"salt\":\"%032llx\"%s",
	    (unsigned long long)maker->seq + 1, rest);
	entry.seq = ++maker->seq;
	if (entry.recorded_at == 0)
		entry.recorded_at = maker->now += 1000;
	if (entry.time == 0)
		entry.time = entry.recorded_at;
	memcpy(entry.prev_hash, maker->hash, SHA256_BYTES);
	buf_reset(&maker->line);
	entry_compose(maker->sha256, &entry, buf_slice(&payload), &maker->line);
	memcpy(maker->hash, entry.entry_hash, SHA256_BYTES);
	if (disk_write_all(&disk_system, maker->fd, maker->line.data,
		maker->line.len, (off_t)maker->bytes) == -1)
		abort();
	maker->bytes += maker->line.len;
	buf_free(&payload);
}

static inline struct entry
maker_system(const char *capability)
{
	return (struct entry){
		.source = ENTRY_DAEMON,
		.actor = ENTRY_SYSTEM,
		.capability = slice_of(capability),
	};
}

/* Begin the file of `day`, part `part`: empty, and the one under way. */
static inline void
maker_begin(struct maker *maker, usec_t day, unsigned part)
{
	struct buf path = BUF_INIT;

	if (maker->fd != -1)
		close(maker->fd);
	logfile_name(day, part, maker->file);
	buf_addf(&path, "%s/%s", maker->dir, maker->file);
	maker->fd =
	    open(path.data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (maker->fd == -1)
		abort();
	maker->bytes = 0;
	if (day > maker->now)
		maker->now = day;
	buf_free(&path);
}

/* What a log.open behind all that is there says; the name of the file before it
 * is good until the next file is begun. */
static inline struct logfile_open
maker_opening(const struct maker *maker)
{
	struct logfile_open opening = {
		.format = ENTRY_FORMAT_VERSION,
		.host = SLICE_LITERAL("testhost"),
		.version = SLICE_LITERAL("0"),
	};

	if (maker->seq > 0) {
		opening.previous = slice_of(maker->file);
		opening.previous_seq = maker->seq;
		opening.previous_bytes = maker->bytes;
		memcpy(opening.previous_hash, maker->hash, SHA256_BYTES);
	}
	return opening;
}

/* Begin the file of `day`, part `part`, with its log.open. */
static inline void
maker_open(struct maker *maker, usec_t day, unsigned part)
{
	struct logfile_open opening = maker_opening(maker);
	struct buf rest = BUF_INIT;

	buf_add_str(&rest, ",\"request\":");
	logfile_compose_open(&opening, &rest);
	maker_begin(maker, day, part);
	maker_add(maker, maker_system("log.open"), rest.data);
	buf_free(&rest);
}

/* `count` ordinary entries with a summary that names their seq. */
static inline void
maker_fill(struct maker *maker, unsigned count)
{
	char rest[64];

	for (unsigned i = 0; i < count; i++) {
		snprintf(rest, sizeof(rest), ",\"summary\":\"entry %llu\"",
		    (unsigned long long)maker->seq + 1);
		maker_add(maker, maker_entry(), rest);
	}
}

/* Change `len` bytes at `offset` of the day file `name`. */
static inline void
maker_patch(struct maker *maker, const char *name, uint64_t offset,
    const void *bytes, size_t len)
{
	struct buf path = BUF_INIT;
	int fd;

	buf_addf(&path, "%s/%s", maker->dir, name);
	fd = open(path.data, O_WRONLY | O_CLOEXEC);
	if (fd == -1 || pwrite(fd, bytes, len, (off_t)offset) != (ssize_t)len)
		abort();
	close(fd);
	buf_free(&path);
}

/* Erase the payload of the line of `len` bytes ('\n' included) at `offset`. */
static inline void
maker_erase(struct maker *maker, const char *name, uint64_t offset,
    struct slice line, uint64_t by)
{
	struct entry entry;
	struct error err = { 0 };
	struct buf payload = BUF_INIT;

	if (entry_parse(
		(struct slice){ line.data, line.len - 1 }, &entry, &err) == -1)
		abort();
	buf_addf(&payload, "\"erased_by\":%llu", (unsigned long long)by);
	assert(payload.len <= entry.payload.len);
	buf_add_chars(&payload, ' ', entry.payload.len - payload.len);
	maker_patch(maker, name,
	    offset + (uint64_t)(entry.payload.data - line.data), payload.data,
	    payload.len);
	buf_free(&payload);
}

/* What the verifier says; `options` NULL: none. Threads that look ahead say the
 * same, unless somebody changes the log as it is read. */
static inline struct chain_result
maker_verify(const struct maker *maker, const struct chain_options *options)
{
	struct chain_options asked = { 0 };
	struct chain_result result;
	struct error err = { 0 };

	if (options != NULL)
		asked = *options;
	if (chain_verify(maker->dir, &asked, &result, &err) == -1) {
		fprintf(stderr, "%s\n", err.sentence);
		abort();
	}
	asked.threads = 2;
	asked.block_bytes = 1500; /* two lines, or three */
	if (asked.on_progress == NULL && !verdict_stands(maker->dir, &asked))
		abort();
	return result;
}

#endif
