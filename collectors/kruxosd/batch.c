#include "collectors/kruxosd/batch.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/text.h"

#include <sys/random.h>

#include <assert.h>
#include <errno.h>
#include <unistd.h>

enum { SALTS = 256 }; /* drawn at once */

/* What composing needs again and again. */
struct batch_maker {
	struct sha256 *sha256;
	struct payload *payload;
	struct json_reader reader; /* for entries of the daemon's own */
	struct buf text;	   /* what `reader` reads */
	struct buf payload_text;
	struct buf other; /* lines that are composed again */
	unsigned char salts[SALTS][ENTRY_SALT_BYTES];
	size_t salts_left;
};

void
batch_init(struct batch *batch, struct redactor *redactor)
{
	struct batch_maker *maker = memory_new(sizeof(*maker));

	maker->sha256 = sha256_new();
	maker->payload = payload_new(redactor);
	maker->reader = (struct json_reader)JSON_READER_INIT;
	buf_init(&maker->text);
	buf_init(&maker->payload_text);
	buf_init(&maker->other);
	*batch = (struct batch){ .lines = BUF_INIT, .maker = maker };
}

void
batch_free(struct batch *batch)
{
	struct batch_maker *maker = batch->maker;

	sha256_free(maker->sha256);
	payload_free(maker->payload);
	json_reader_free(&maker->reader);
	buf_free(&maker->text);
	buf_free(&maker->payload_text);
	buf_free(&maker->other);
	buf_free(&batch->lines);
	free(maker);
}

void
batch_begin(struct batch *batch, const struct commit_head *head, usec_t now)
{
	buf_reset(&batch->lines);
	batch->recorded_at =
	    now > head->recorded_at ? now : head->recorded_at + 1;
	batch->end = *head;
	batch->end.recorded_at = batch->recorded_at;
	batch->lines_added = 0;
	batch->first_seq = head->seq + 1;
	batch->opens_file = false;
}

/* --- lines ------------------------------------------------------------- */

static const unsigned char *
next_salt(struct batch_maker *maker)
{
	unsigned char *salts = (unsigned char *)maker->salts;
	size_t drawn = 0;

	if (maker->salts_left > 0)
		return maker->salts[--maker->salts_left];
	/* A signal can cut it short. */
	while (drawn < ENTRY_SALT_BYTES) {
		ssize_t more =
		    getrandom(salts + drawn, sizeof(maker->salts) - drawn, 0);

		if (more == -1 && errno != EINTR) {
			diag(DIAG_CRITICAL, "getrandom: %m");
			abort();
		}
		drawn += more == -1 ? 0 : (size_t)more;
	}
	maker->salts_left = drawn / ENTRY_SALT_BYTES;
	return maker->salts[--maker->salts_left];
}

/* The line of `entry` around `payload`, and the end of the batch behind it. */
static void
add_line(struct batch *batch, struct entry *entry, struct slice payload)
{
	entry->seq = batch->end.seq + 1;
	memcpy(entry->prev_hash, batch->end.hash, SHA256_BYTES);
	entry_compose(batch->maker->sha256, entry, payload, &batch->lines);
	batch->end.seq = entry->seq;
	memcpy(batch->end.hash, entry->entry_hash, SHA256_BYTES);
}

void
batch_add(struct batch *batch, const struct entry *entry,
    const struct json_reader *reader, const struct json_node *summary,
    const struct json_node *request)
{
	struct batch_maker *maker = batch->maker;
	struct entry copy = *entry;

	copy.recorded_at = batch->recorded_at;
	if (copy.time == 0)
		copy.time = batch->recorded_at;
	buf_reset(&maker->payload_text);
	payload_compose(maker->payload, reader, next_salt(maker), summary,
	    request, &maker->payload_text);
	add_line(batch, &copy, buf_slice(&maker->payload_text));
	batch->lines_added++;
}

/* What the daemon says becomes nodes by being read, and so goes through the
 * same redaction and the same bounds as what it is told. */
int
batch_add_text(struct batch *batch, const struct entry *entry,
    const char *summary, struct slice request, struct error *err)
{
	struct batch_maker *maker = batch->maker;
	const struct json_reader *reader = &maker->reader;
	struct json_writer json;

	buf_reset(&maker->text);
	json_writer_init(&json, &maker->text);
	json_writer_object(&json);
	if (summary != NULL)
		json_writer_pair(&json, "summary", summary);
	if (request.data != NULL) {
		json_writer_key(&json, "request");
		json_writer_raw(&json, request);
	}
	json_writer_end_object(&json);
	if (json_reader_read(&maker->reader, buf_slice(&maker->text), err) ==
	    -1)
		return -1;
	batch_add(batch, entry, reader,
	    json_reader_member(reader, reader->nodes, "summary"),
	    json_reader_member(reader, reader->nodes, "request"));
	return 0;
}

/* --- the daemon's own -------------------------------------------------- */

struct entry
batch_system_entry(const char *capability, enum entry_status status)
{
	return (struct entry){
		.uid = geteuid(),
		.source = ENTRY_DAEMON,
		.actor = ENTRY_SYSTEM,
		.capability = slice_of(capability),
		.status = status,
	};
}

/* A line at the front, before those that the batch was begun for. */
static void
add_front(struct batch *batch, const char *capability, const char *summary,
    const struct buf *request)
{
	struct entry entry = batch_system_entry(capability, ENTRY_SUCCESS);
	struct error err;
	int status =
	    batch_add_text(batch, &entry, summary, buf_slice(request), &err);

	assert(status == 0); /* our own text, and small */
	(void)status;
	batch->lines_added = 0;
	batch->first_seq = batch->end.seq + 1;
}

void
batch_add_open(
    struct batch *batch, const char *previous, uint64_t previous_bytes)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	cleanup(buf_free) struct buf host = BUF_INIT;
	char name[256] = "";
	struct logfile_open open = {
		.format = ENTRY_FORMAT_VERSION,
		.version = slice_of(KRUXOS_VERSION),
		.previous = slice_of(previous),
		.previous_seq = batch->end.seq,
		.previous_bytes = previous_bytes,
	};

	gethostname(name, sizeof(name) - 1);
	text_add_valid(&host, slice_of(name));
	open.host = buf_slice(&host);
	memcpy(open.previous_hash, batch->end.hash, SHA256_BYTES);
	logfile_compose_open(&open, &request);
	add_front(batch, "log.open", NULL, &request);
	batch->opens_file = true;
}

void
batch_add_clock(struct batch *batch, usec_t now, const struct commit_head *head)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	cleanup(buf_free) struct buf summary = BUF_INIT;
	usec_t behind = head->recorded_at - now;
	struct json_writer json;

	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair_time(&json, "clock", now);
	json_writer_pair_time(&json, "last", head->recorded_at);
	json_writer_pair_u64(&json, "behind_ms", behind / USEC_PER_MSEC);
	json_writer_end_object(&json);
	buf_addf(&summary,
	    "the clock stands %.3f s before the last entry; recorded_at goes "
	    "on by microseconds",
	    (double)behind / (double)USEC_PER_SEC);
	add_front(batch, "log.clock", summary.data, &request);
	diag(behind > BATCH_CLOCK_WRONG ? DIAG_CRITICAL : DIAG_WARNING,
	    "audit-clock: %s", summary.data);
}

void
batch_reopen(struct batch *batch, const struct commit_head *head,
    const char *previous, uint64_t previous_bytes)
{
	struct buf old = batch->lines;
	struct slice rest = buf_slice(&old);
	uint64_t lines_added = batch->lines_added;
	uint64_t first_seq = batch->first_seq + 1;

	batch->lines = batch->maker->other;
	batch->maker->other = old;
	buf_reset(&batch->lines);
	batch->end = *head;
	batch_add_open(batch, previous, previous_bytes);
	while (rest.len > 0) {
		const char *newline = memchr(rest.data, '\n', rest.len);
		struct slice line = { rest.data,
			(size_t)(newline - rest.data) };
		struct entry entry;
		struct error err;
		int status = entry_parse(line, &entry, &err);

		assert(status == 0); /* composed a moment ago */
		(void)status;
		add_line(batch, &entry, entry.payload);
		rest.data += line.len + 1;
		rest.len -= line.len + 1;
	}
	batch->end.recorded_at = batch->recorded_at;
	batch->lines_added = lines_added;
	batch->first_seq = first_seq;
}
