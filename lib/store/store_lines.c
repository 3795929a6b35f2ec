#include "store/store.h"

#include "base/cleanup.h"
#include "sql/store.h"
#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>

enum {
	/* To pass over so many rows costs less than another descent to one. */
	FIND_GAP = 8,
	/* … and over so many bytes less than another read. */
	READ_GAP_BYTES = 2048,
	STRETCH_BYTES = 256 << 10,
};

/* --- places ------------------------------------------------------------  */

/* Places while they are looked up; neighbours mostly lie in one file. */
struct finding {
	struct store *store;
	uint64_t file; /* the id of … */
	char name[LOGFILE_NAME_SIZE];
	struct error *err;
};

static int
find_file(struct finding *finding, uint64_t file)
{
	struct statement find =
	    store_start(finding->store, STORE_STORE, STORE_FILE);
	struct slice name = { NULL, 0 };

	statement_bind_u64(&find, 1, file);
	if (statement_next(&find))
		name = statement_text(&find, 0);
	if (name.len >= sizeof(finding->name))
		name.len = 0; /* damaged */
	finding->file = file;
	memcpy(finding->name, name.data == NULL ? "" : name.data, name.len);
	finding->name[name.len] = '\0';
	return statement_end(&find, finding->err);
}

/* Where a row says that its line is. If it says nonsense, only that there is
 * one: store_read() finds it without. */
static int
read_place(
    struct finding *finding, struct statement *row, struct store_place *place)
{
	uint64_t file = statement_u64(row, 1);

	*place = (struct store_place){ .seq = place->seq };
	if (file != finding->file && find_file(finding, file) == -1)
		return -1;
	if (finding->name[0] == '\0')
		return 0;
	memcpy(place->file, finding->name, sizeof(place->file));
	place->offset = statement_u64(row, 2);
	place->payload_prefix = (uint32_t)statement_i64(row, 3);
	return 0;
}

/* How many of `count` falling seqs are read in one go: each of them is close
 * to the one before. */
static size_t
run_of_places(const struct store_place *places, size_t count)
{
	size_t run = 1;

	while (run < count && places[run].seq < places[run - 1].seq &&
	       places[run - 1].seq - places[run].seq <= FIND_GAP)
		run++;
	return run;
}

/* Find a run, and move what the index has to `found`. */
static int
find_run(struct finding *finding, const struct store_place *run, size_t count,
    struct store_place *found, size_t *ret_found)
{
	struct statement rows =
	    store_start(finding->store, STORE_STORE, STORE_FIND);
	size_t at = 0, kept = 0;
	int result = 0;

	statement_bind_u64(&rows, 1, run[count - 1].seq);
	statement_bind_u64(&rows, 2, run[0].seq);
	while (result == 0 && at < count && statement_next(&rows)) {
		uint64_t seq = statement_u64(&rows, 0);

		while (at < count && run[at].seq > seq)
			at++;
		if (at == count || run[at].seq != seq ||
		    seq < finding->store->extent.first_seq)
			continue;
		found[kept].seq = run[at++].seq;
		result = read_place(finding, &rows, &found[kept++]);
	}
	*ret_found = kept;
	return statement_end(&rows, finding->err) == -1 ? -1 : result;
}

int
store_find_all(struct store *store, struct store_place *places, size_t *count,
    struct error *err)
{
	struct finding finding = { .store = store, .err = err };
	size_t at = 0, kept = 0, run, found;
	int result = 0;

	if (store_begin(store, err) == -1)
		return -1;
	for (; result == 0 && at < *count; at += run) {
		run = run_of_places(places + at, *count - at);
		if (places[at].seq > INT64_MAX)
			continue;
		result =
		    find_run(&finding, places + at, run, places + kept, &found);
		kept += found;
	}
	store_end(store);
	if (result == 0)
		*count = kept;
	return result;
}

int
store_find(struct store *store, uint64_t seq, struct store_place *ret_place,
    struct error *err)
{
	struct store_place place = { .seq = seq };
	size_t count = 1;

	if (store_find_all(store, &place, &count, err) == -1)
		return -1;
	if (count == 0)
		return error_set(err, ERROR_NOT_FOUND,
		    "entry %llu is not in the index", (unsigned long long)seq);
	*ret_place = place;
	return 0;
}

/* --- a line ------------------------------------------------------------- */

static uint32_t
prefix_of(const unsigned char hash[static SHA256_BYTES])
{
	return (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 |
	       (uint32_t)hash[2] << 8 | hash[3];
}

/* Does `line` belong to `place`? */
static bool
is_line_of(
    const struct store_place *place, struct slice line, struct entry *ret_entry)
{
	struct error ignored;

	return entry_parse(line, ret_entry, &ignored) == 0 &&
	       ret_entry->seq == place->seq &&
	       prefix_of(ret_entry->payload_hash) == place->payload_prefix;
}

/* Where the row is wrong, the log knows. */
static int
search_log(struct store *store, const struct store_place *place,
    struct buf *out, struct entry *ret_entry, struct store_place *ret_place,
    struct error *err)
{
	struct cursor_line line;
	size_t begin = out->len;
	int result;

	if (store->cursor == NULL)
		store->cursor = cursor_open(store->audit_dir, err);
	if (store->cursor == NULL ||
	    cursor_seek(store->cursor, place->seq, err) == -1)
		return -1;
	result = cursor_next(store->cursor, UINT64_MAX, &line, err);
	if (result == -1)
		return -1;
	if (result == 0 || line.seq != place->seq)
		return error_set(err, ERROR_NOT_FOUND,
		    "entry %llu is not in the log",
		    (unsigned long long)place->seq);
	buf_add_slice(out, line.line);
	if (entry_parse((struct slice){ out->data + begin, line.line.len },
		ret_entry, err) == -1) {
		buf_set_len(out, begin);
		return error_prefix(err, "%s: entry %llu", line.file,
		    (unsigned long long)place->seq);
	}
	*ret_place = (struct store_place){
		.seq = place->seq,
		.offset = line.offset,
		.payload_prefix = prefix_of(ret_entry->payload_hash),
	};
	memccpy(ret_place->file, line.file, '\0', sizeof(ret_place->file));
	return 0;
}

int
store_read(struct store *store, const struct store_place *place,
    struct buf *out, struct entry *ret_entry, struct store_place *ret_place,
    struct error *err)
{
	struct store_place wanted = *place; /* may be ret_place */
	size_t begin = out->len;
	struct error first = { 0 };

	if (store->places == NULL)
		store->places = places_open(store->audit_dir, err);
	if (store->places == NULL)
		return -1;
	if (places_read_line(store->places, slice_of(wanted.file),
		wanted.offset, out, &first) == 0 &&
	    is_line_of(&wanted,
		(struct slice){ out->data + begin, out->len - begin },
		ret_entry)) {
		*ret_place = wanted;
		return 0;
	}
	buf_set_len(out, begin);
	if (first.code == ERROR_SYSTEM) {
		*err = first;
		return -1;
	}
	return search_log(store, &wanted, out, ret_entry, ret_place, err);
}

/* --- lines that lie together -------------------------------------------- */

/* How many of `count` places are read in one go: each line stands close before
 * the one at the place before it. */
static size_t
stretch_of_places(const struct store_place *places, size_t count)
{
	size_t stretch = 1;

	while (stretch < count &&
	       places[stretch].offset < places[stretch - 1].offset &&
	       places[stretch - 1].offset - places[stretch].offset <=
		   READ_GAP_BYTES &&
	       places[0].offset - places[stretch].offset <= STRETCH_BYTES &&
	       strcmp(places[stretch].file, places[0].file) == 0)
		stretch++;
	return stretch;
}

/* The line at `place`, if `bytes`, which begin at `offset`, hold it whole. */
static bool
line_within(struct slice bytes, uint64_t offset,
    const struct store_place *place, struct slice *ret_line,
    struct entry *ret_entry)
{
	struct slice rest;
	const char *newline;

	if (place->offset < offset || place->offset - offset >= bytes.len)
		return false;
	rest.data = bytes.data + (place->offset - offset);
	rest.len = bytes.len - (size_t)(place->offset - offset);
	newline = memchr(rest.data, '\n', rest.len);
	if (newline == NULL)
		return false;
	rest.len = (size_t)(newline - rest.data);
	*ret_line = rest;
	return is_line_of(place, rest, ret_entry);
}

/* Through store_read(), which knows what to do where something is wrong. */
static int
read_alone(struct store *store, const struct store_place *place,
    store_on_line on_line, void *context, struct error *err)
{
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct store_place found;
	struct entry entry;

	if (store_read(store, place, &line, &entry, &found, err) == 0) {
		on_line(context, &found, &entry, buf_slice(&line));
		return 0;
	}
	return err->code == ERROR_NOT_FOUND || err->code == ERROR_CORRUPT ? 0
									  : -1;
}

int
store_read_all(struct store *store, const struct store_place *places,
    size_t count, store_on_line on_line, void *context, struct error *err)
{
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	struct error ignored;

	if (store->places == NULL)
		store->places = places_open(store->audit_dir, err);
	if (store->places == NULL)
		return -1;
	for (size_t at = 0, stretch; at < count; at += stretch) {
		const struct store_place *first, *last = &places[at];

		stretch = stretch_of_places(places + at, count - at);
		first = &places[at + stretch - 1];
		buf_reset(&bytes);
		if (stretch > 1)
			(void)places_read(store->places, slice_of(first->file),
			    first->offset,
			    (size_t)(last->offset - first->offset) +
				READ_GAP_BYTES,
			    &bytes, &ignored);
		for (size_t i = at; i < at + stretch; i++) {
			struct slice line;
			struct entry entry;

			if (line_within(buf_slice(&bytes), first->offset,
				&places[i], &line, &entry))
				on_line(context, &places[i], &entry, line);
			else if (read_alone(store, &places[i], on_line, context,
				     err) == -1)
				return -1;
		}
	}
	return 0;
}

/* --- files -------------------------------------------------------------- */

int
store_open_file(struct store *store, const char *name, struct error *err)
{
	cleanup(buf_free) struct buf path = BUF_INIT;
	unsigned part;
	usec_t day;
	int fd;

	if (!logfile_parse_name(slice_of(name), &day, &part))
		return error_set(err, ERROR_CORRUPT,
		    "the index names a file that is not of the log");
	buf_addf(&path, "%s/%s", store->audit_dir, name);
	fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1 && errno == ENOENT)
		return error_set(
		    err, ERROR_NOT_FOUND, "%s: no longer there", name);
	if (fd == -1)
		return error_set_errno(err, "%s", path.data);
	return fd;
}
