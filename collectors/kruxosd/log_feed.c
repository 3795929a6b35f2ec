#include "collectors/kruxosd/log_feed.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"

struct log_feed {
	char *audit_dir;
	struct cursor *cursor; /* NULL: it stands nowhere */
	struct sha256 *sha256;
	uint64_t damaged_lines;
};

struct log_feed *
log_feed_new(const char *audit_dir)
{
	struct log_feed *feed = memory_new(sizeof(*feed));
	struct buf copy = BUF_INIT;

	buf_add_str(&copy, audit_dir);
	feed->audit_dir = buf_detach(&copy);
	feed->sha256 = sha256_new();
	return feed;
}

void
log_feed_free(struct log_feed *feed)
{
	if (feed == NULL)
		return;
	log_feed_leave(feed);
	sha256_free(feed->sha256);
	free(feed->audit_dir);
	free(feed);
}

bool
log_feed_stands(const struct log_feed *feed)
{
	return feed->cursor != NULL;
}

void
log_feed_leave(struct log_feed *feed)
{
	cursor_free(feed->cursor);
	feed->cursor = NULL;
}

/* --- standing ----------------------------------------------------------- */

/* A line that is damaged or gone does not say that the log is another one; a
 * log that ends before it does. */
static int
is_of_this_log(struct cursor *cursor, uint64_t last_seq,
    const unsigned char last_hash[static SHA256_BYTES], uint64_t durable,
    bool *ret_is, struct error *err)
{
	struct cursor_line line;
	struct entry entry;
	int result;

	if (cursor_seek(cursor, last_seq, err) == -1)
		return -1;
	result = cursor_next(cursor, UINT64_MAX, &line, err);
	if (result == -1 && err->code != ERROR_CORRUPT)
		return -1;
	if (result == 0)
		*ret_is = durable >= last_seq;
	else if (result == -1 || line.seq != last_seq ||
		 entry_parse(line.line, &entry, err) == -1)
		*ret_is = true;
	else
		*ret_is =
		    memcmp(entry.entry_hash, last_hash, SHA256_BYTES) == 0;
	return 0;
}

int
log_feed_stand(struct log_feed *feed, uint64_t last_seq,
    const unsigned char last_hash[static SHA256_BYTES], uint64_t durable,
    bool *ret_is_ours, struct error *err)
{
	struct cursor *cursor;

	log_feed_leave(feed);
	cursor = cursor_open(feed->audit_dir, err);
	*ret_is_ours = true;
	if (cursor == NULL)
		return -1;
	if ((last_seq > 0 && is_of_this_log(cursor, last_seq, last_hash,
				 durable, ret_is_ours, err) == -1) ||
	    cursor_seek(cursor, *ret_is_ours ? last_seq + 1 : 1, err) == -1) {
		cursor_free(cursor);
		return -1;
	}
	feed->cursor = cursor;
	return 0;
}

int
log_feed_first_seq(struct log_feed *feed, uint64_t *ret_seq, struct error *err)
{
	cleanup(cursor_freep) struct cursor *cursor =
	    cursor_open(feed->audit_dir, err);
	struct cursor_line line = { 0 };
	int result;

	if (cursor == NULL || cursor_seek(cursor, 1, err) == -1)
		return -1;
	result = cursor_next(cursor, UINT64_MAX, &line, err);
	if (result == -1 && err->code != ERROR_CORRUPT)
		return -1;
	/* Behind a damaged line the beginning is not known. */
	*ret_seq = result == 1 && line.offset == 0 ? line.seq : 0;
	return 0;
}

/* --- reading ------------------------------------------------------------ */

/* A seq that does not follow may be one that a damaged line makes up. */
static bool
is_believed(struct log_feed *feed, const struct entry *entry, uint64_t last_seq)
{
	struct error err = { 0 };

	if (entry->seq == last_seq + 1)
		return true;
	return entry->seq > last_seq &&
	       (entry_check(feed->sha256, entry, &err) == 0 ||
		   strcmp(err.field, "payload_hash") == 0);
}

static void
pass_over(struct log_feed *feed, const struct error *err)
{
	/* What is damaged is said by the verifier; here it is left out. */
	if (feed->damaged_lines++ == 0)
		diag(DIAG_WARNING, "index: %s; the line is left out",
		    err->sentence);
}

/* The limit hides what lies behind it, and a damaged line that claims a seq
 * behind it. Pass over such a line. 1: done; 0: there is nothing to read. */
static int
pass_over_hidden(struct log_feed *feed, uint64_t last_seq, uint64_t durable,
    struct error *err)
{
	struct cursor_line line;
	struct entry entry;
	int result;

	result = cursor_next(feed->cursor, UINT64_MAX, &line, err);
	if (result == 0 || (result == -1 && err->code != ERROR_CORRUPT))
		return result;
	if (result == 1 && entry_parse(line.line, &entry, err) == 0) {
		if (entry.seq <= durable ||
		    is_believed(feed, &entry, last_seq)) {
			/* It came just now: not durable yet, or since. */
			log_feed_leave(feed);
			return 0;
		}
		error_set(err, ERROR_CORRUPT, "%s: offset %llu: damaged",
		    line.file, (unsigned long long)line.offset);
	}
	pass_over(feed, err);
	return 1;
}

int
log_feed_next(struct log_feed *feed, uint64_t last_seq, uint64_t durable,
    struct cursor_line *ret_line, struct entry *ret_entry, struct error *err)
{
	while (last_seq < durable) {
		int result = cursor_next(feed->cursor, durable, ret_line, err);

		if (result == 0) {
			result = pass_over_hidden(feed, last_seq, durable, err);
			if (result != 1)
				return result;
			continue;
		}
		if (result == -1 && err->code != ERROR_CORRUPT)
			return -1;
		if (result == -1 ||
		    entry_parse(ret_line->line, ret_entry, err) == -1) {
			pass_over(feed, err);
			continue;
		}
		if (is_believed(feed, ret_entry, last_seq))
			return 1;
		error_set(err, ERROR_CORRUPT,
		    "%s: offset %llu: seq %llu does not follow", ret_line->file,
		    (unsigned long long)ret_line->offset,
		    (unsigned long long)ret_entry->seq);
		pass_over(feed, err);
	}
	return 0;
}
