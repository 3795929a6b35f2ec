#include "log/logfile.h"

#include "base/cleanup.h"
#include "base/disk.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/number.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define SUFFIX SLICE_LITERAL(".jsonl")

enum { DATE_LEN = CLOCK_DATE_SIZE - 1 };

void
logfile_name(usec_t day, unsigned part, char ret_name[static LOGFILE_NAME_SIZE])
{
	char date[CLOCK_DATE_SIZE];

	assert(part >= 1 && part <= LOGFILE_PART_MAX);
	clock_format_date(day, date);
	if (part == 1)
		snprintf(ret_name, LOGFILE_NAME_SIZE, "%s.jsonl", date);
	else
		snprintf(ret_name, LOGFILE_NAME_SIZE, "%s_%02u.jsonl", date,
		    part % 10000);
}

bool
logfile_parse_name(struct slice name, usec_t *ret_day, unsigned *ret_part)
{
	char expected[LOGFILE_NAME_SIZE];
	struct error ignored;
	uint64_t part = 1;
	usec_t day;

	if (name.len < DATE_LEN + SUFFIX.len || name.len >= LOGFILE_NAME_SIZE ||
	    !slice_ends_with(name, SUFFIX) ||
	    clock_parse_date(
		(struct slice){ name.data, DATE_LEN }, &day, &ignored) == -1)
		return false;
	if (name.len > DATE_LEN + SUFFIX.len) {
		struct slice digits = { name.data + DATE_LEN + 1,
			name.len - DATE_LEN - 1 - SUFFIX.len };

		if (number_parse_u64(digits, 2, LOGFILE_PART_MAX, &part) == -1)
			return false;
	}
	/* Only what logfile_name() makes: "_2" or a '-' is somebody else's. */
	logfile_name(day, (unsigned)part, expected);
	if (!slice_is(name, expected))
		return false;
	*ret_day = day;
	*ret_part = (unsigned)part;
	return true;
}

/* --- log.open ------------------------------------------------------------- */

void
logfile_compose_open(const struct logfile_open *open, struct buf *out)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "format", open->format);
	json_writer_pair_slice(&json, "host", open->host);
	json_writer_pair_slice(&json, "version", open->version);
	if (open->previous.len > 0) {
		json_writer_pair_slice(&json, "previous", open->previous);
		json_writer_pair_u64(&json, "previous_seq", open->previous_seq);
		json_writer_key(&json, "previous_hash");
		json_writer_hex(&json, open->previous_hash, SHA256_BYTES);
		json_writer_pair_u64(
		    &json, "previous_bytes", open->previous_bytes);
	}
	json_writer_end_object(&json);
}

static int
open_string(const struct json_reader *reader, const char *key,
    struct arena *arena, struct slice *ret, struct error *err)
{
	const struct json_node *node =
	    json_reader_member(reader, reader->nodes, key);

	if (node == NULL || node->type != JSON_STRING)
		return error_set_field(err, ERROR_CORRUPT, key,
		    "log.open: %s is missing or no string", key);
	*ret = arena_slice(arena, node->text);
	return 0;
}

static int
open_u64(const struct json_reader *reader, const char *key, uint64_t max,
    uint64_t *ret, struct error *err)
{
	const struct json_node *node =
	    json_reader_member(reader, reader->nodes, key);

	if (node == NULL || node->type != JSON_NUMBER ||
	    number_parse_u64(node->text, 0, max, ret) == -1)
		return error_set_field(err, ERROR_CORRUPT, key,
		    "log.open: %s is missing or no number", key);
	return 0;
}

static int
open_previous(const struct json_reader *reader, struct arena *arena,
    struct logfile_open *open, struct error *err)
{
	struct slice hash;

	if (open_string(reader, "previous", arena, &open->previous, err) ==
		-1 ||
	    open_u64(reader, "previous_seq", UINT64_MAX, &open->previous_seq,
		err) == -1 ||
	    open_string(reader, "previous_hash", arena, &hash, err) == -1 ||
	    open_u64(reader, "previous_bytes", INT64_MAX, &open->previous_bytes,
		err) == -1)
		return -1;
	if (sha256_parse_hex(hash, open->previous_hash) == -1)
		return error_set_field(err, ERROR_CORRUPT, "previous_hash",
		    "log.open: previous_hash is not 64 hex digits");
	return 0;
}

int
logfile_parse_open(struct slice request, struct arena *arena,
    struct logfile_open *ret_open, struct error *err)
{
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	struct logfile_open open = { .previous = SLICE_LITERAL("") };
	uint64_t format;

	if (json_reader_read(&reader, request, err) == -1)
		return error_prefix(err, "log.open");
	if (open_u64(&reader, "format", UINT32_MAX, &format, err) == -1 ||
	    open_string(&reader, "host", arena, &open.host, err) == -1 ||
	    open_string(&reader, "version", arena, &open.version, err) == -1)
		return -1;
	if (json_reader_member(&reader, reader.nodes, "previous") != NULL &&
	    open_previous(&reader, arena, &open, err) == -1)
		return -1;
	open.format = (unsigned)format;
	*ret_open = open;
	return 0;
}

/* --- listing -------------------------------------------------------------- */

/* What a listing learns from the first line of a file. */
struct head {
	uint64_t first_seq; /* 0: unreadable */
	char previous[LOGFILE_NAME_SIZE];
	uint64_t previous_bytes;
};

/* The first line of the file, without its '\n', into `line`; false if there is
 * no whole one. */
static bool
read_first_line(int fd, struct buf *line)
{
	for (size_t want = 4096; want <= 2 * ENTRY_LINE_BYTES; want *= 2) {
		const char *newline;
		ssize_t got;

		buf_reset(line);
		buf_reserve(line, want);
		got = disk_read_all(&disk_system, fd, line->data, want, 0);
		if (got <= 0)
			return false;
		buf_set_len(line, (size_t)got);
		newline = memchr(line->data, '\n', line->len);
		if (newline != NULL) {
			buf_set_len(line, (size_t)(newline - line->data));
			return true;
		}
		if ((size_t)got < want)
			return false;
	}
	return false;
}

static struct head
read_head(int fd)
{
	cleanup(buf_free) struct buf line = BUF_INIT;
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct head head = { 0 };
	struct logfile_open open;
	struct entry entry;
	struct error ignored;

	if (!read_first_line(fd, &line) ||
	    entry_parse(buf_slice(&line), &entry, &ignored) == -1)
		return head;
	head.first_seq = entry.seq;
	if (slice_is(entry.capability, "log.open") &&
	    logfile_parse_open(entry.request, &arena, &open, &ignored) == 0 &&
	    open.previous.len < LOGFILE_NAME_SIZE) {
		memcpy(head.previous, open.previous.data, open.previous.len);
		head.previous_bytes = open.previous_bytes;
	}
	return head;
}

static int
read_file(int dir, const char *name, struct logfile *file, struct head *head,
    struct error *err)
{
	cleanup(cleanup_close) int fd = openat(dir, name, LOGFILE_READ);
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		return error_set_errno(err, "%s", name);
	if (!S_ISREG(st.st_mode))
		return error_set(
		    err, ERROR_CORRUPT, "%s: not a regular file", name);
	*head = read_head(fd);
	snprintf(file->name, sizeof(file->name), "%s", name);
	file->first_seq = head->first_seq;
	file->size = (uint64_t)st.st_size;
	file->length = file->size;
	return 0;
}

struct listed {
	struct logfile file;
	struct head head;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct listed *)a)->file.name,
	    ((const struct listed *)b)->file.name);
}

static int
by_seq(const void *a, const void *b)
{
	uint64_t left = ((const struct listed *)a)->file.first_seq;
	uint64_t right = ((const struct listed *)b)->file.first_seq;

	return left == right ? by_name(a, b) : left > right ? 1 : -1;
}

/* Names order the files; then those whose seq is known are put in its order
 * among the places they hold, so an unreadable one keeps its own. */
static void
put_in_order(struct listed *listed, size_t count, struct logfile *ret_files)
{
	cleanup(cleanup_free) struct listed *known =
	    memory_new(memory_product(count, sizeof(*known)));
	const struct listed *before = NULL; /* the last one that is not empty */
	size_t knowns = 0, next = 0, before_index = 0;

	qsort(listed, count, sizeof(*listed), by_name);
	for (size_t i = 0; i < count; i++)
		if (listed[i].file.first_seq != 0)
			known[knowns++] = listed[i];
	qsort(known, knowns, sizeof(*known), by_seq);
	for (size_t i = 0; i < count; i++) {
		const struct listed *here =
		    listed[i].file.first_seq != 0 ? &known[next++] : &listed[i];

		ret_files[i] = here->file;
		if (before != NULL &&
		    strcmp(here->head.previous, before->file.name) == 0 &&
		    here->head.previous_bytes < before->file.size)
			ret_files[before_index].length =
			    here->head.previous_bytes;
		if (here->file.size > 0) {
			before = here;
			before_index = i;
		}
	}
}

/* A descriptor of the same folder with a position of its own. */
static DIR *
open_listing(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = fd == -1 ? NULL : fdopendir(fd);

	if (listing == NULL && fd != -1)
		close(fd);
	return listing;
}

int
logfile_list_read(int dir, struct logfile_list *ret_list, struct error *err)
{
	cleanup(cleanup_closedir) DIR *listing = open_listing(dir);
	cleanup(cleanup_free) struct listed *listed = NULL;
	size_t count = 0, capacity = 0;
	struct dirent *entry;
	unsigned part;
	usec_t day;

	if (listing == NULL)
		return error_set_errno(err, "the folder of the log");
	while (errno = 0, (entry = readdir(listing)) != NULL) {
		if (!logfile_parse_name(slice_of(entry->d_name), &day, &part))
			continue;
		listed =
		    memory_grow(listed, &capacity, count + 1, sizeof(*listed));
		if (read_file(dir, entry->d_name, &listed[count].file,
			&listed[count].head, err) == 0)
			count++;
		else if (err->errnum != ENOENT) /* else retention took it */
			return -1;
	}
	if (errno != 0)
		return error_set_errno(err, "the folder of the log");
	*ret_list = (struct logfile_list){ NULL, count };
	if (count == 0)
		return 0;
	ret_list->files =
	    memory_new(memory_product(count, sizeof(*ret_list->files)));
	put_in_order(listed, count, ret_list->files);
	return 0;
}

void
logfile_list_free(struct logfile_list *list)
{
	free(list->files);
	*list = (struct logfile_list){ NULL, 0 };
}

ptrdiff_t
logfile_list_find(const struct logfile_list *list, uint64_t seq)
{
	for (size_t i = list->count; i-- > 0;)
		if (list->files[i].first_seq != 0 &&
		    list->files[i].first_seq <= seq)
			return (ptrdiff_t)i;
	return -1;
}
