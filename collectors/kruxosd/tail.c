#include "collectors/kruxosd/tail.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/number.h"
#include "log/chain.h"

#include <fcntl.h>

/* The last batch is in it, and lines before that. */
enum { WINDOW_BYTES = 4 * COMMIT_BATCH_BYTES };

DEFINE_CLEANUP(struct chain *, chain_free);
DEFINE_CLEANUP(struct sha256 *, sha256_free);

static void
forget_erasers(struct tail *tail)
{
	for (size_t i = 0; i < tail->eraser_count; i++)
		free(tail->erasers[i].seqs);
	tail->eraser_count = 0;
}

void
tail_free(struct tail *tail)
{
	forget_erasers(tail);
	free(tail->erasers);
	buf_free(&tail->bytes);
	*tail = (struct tail)TAIL_INIT;
}

/* --- lines ------------------------------------------------------------- */

/* The line at `at` of `bytes`, without its '\n'; false: there is no whole one.
 */
static bool
line_at(struct slice bytes, size_t at, struct slice *ret_line)
{
	const char *from = bytes.data + at;
	const char *newline = memchr(from, '\n', bytes.len - at);

	if (newline == NULL)
		return false;
	*ret_line = (struct slice){ from, (size_t)(newline - from) };
	return true;
}

static void
head_of(const struct entry *entry, struct commit_head *ret_head)
{
	ret_head->seq = entry->seq;
	ret_head->recorded_at = entry->recorded_at;
	memcpy(ret_head->hash, entry->entry_hash, SHA256_BYTES);
}

struct commit_head
tail_last_whole(const struct tail *tail, uint64_t *ret_batch_seq)
{
	cleanup(sha256_freep) struct sha256 *sha256 = sha256_new();
	struct slice bytes = buf_slice(&tail->bytes);
	struct commit_head head = { 0 };
	uint64_t batch_seq = 0;
	struct slice line;

	for (size_t at = 0; line_at(bytes, at, &line); at += line.len + 1) {
		struct entry entry;
		struct error ignored;

		if (entry_parse(line, &entry, &ignored) == -1 ||
		    entry_check(sha256, &entry, &ignored) == -1 ||
		    entry.seq <= head.seq)
			continue;
		if (entry.recorded_at != head.recorded_at)
			batch_seq = entry.seq;
		head_of(&entry, &head);
	}
	*ret_batch_seq = batch_seq;
	return head;
}

/* --- payloads half erased ---------------------------------------------- */

static void
add_eraser(struct tail *tail, const struct entry *entry,
    const struct json_reader *reader)
{
	const struct json_node *seqs =
	    json_reader_member(reader, reader->nodes, "seqs");
	struct tail_eraser eraser = { .seq = entry->seq };

	if (seqs == NULL || seqs->type != JSON_ARRAY)
		return;
	eraser.seqs = memory_new(
	    memory_product(seqs->children + (size_t)1, sizeof(*eraser.seqs)));
	for (const struct json_node *node = json_reader_first(reader, seqs);
	     node != NULL; node = json_reader_next(reader, seqs, node))
		if (number_parse_u64(node->text, 1, UINT64_MAX,
			&eraser.seqs[eraser.count]) == 0)
			eraser.count++;
	tail->erasers = memory_grow(tail->erasers, &tail->eraser_capacity,
	    tail->eraser_count + 1, sizeof(eraser));
	tail->erasers[tail->eraser_count++] = eraser;
}

static void
find_erasers(struct tail *tail)
{
	static const char mark[] = "\"capability\":\"audit.erase\"";
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	cleanup(sha256_freep) struct sha256 *sha256 = sha256_new();
	struct slice bytes = buf_slice(&tail->bytes);
	struct slice line;

	for (size_t at = 0; line_at(bytes, at, &line); at += line.len + 1) {
		struct entry entry;
		struct error ignored;

		if (memmem(line.data, line.len, mark, sizeof(mark) - 1) !=
			NULL &&
		    entry_parse(line, &entry, &ignored) == 0 &&
		    entry_check(sha256, &entry, &ignored) == 0 &&
		    slice_is(entry.capability, "audit.erase") &&
		    entry.actor != ENTRY_AGENT &&
		    json_reader_read(&reader, entry.request, &ignored) == 0)
			add_eraser(tail, &entry, &reader);
	}
}

static uint64_t
eraser_of(const struct tail *tail, uint64_t seq)
{
	for (size_t i = 0; i < tail->eraser_count; i++)
		for (size_t k = 0; k < tail->erasers[i].count; k++)
			if (tail->erasers[i].seqs[k] == seq)
				return tail->erasers[i].seq;
	return 0;
}

/* A line whose payload an erasure has begun to overwrite, as it will be when
 * that is done: the head decides whether it holds. */
static bool
as_erased(const struct tail *tail, struct slice line, struct buf *out)
{
	static const char mark[] = ",\"entry_hash\":\"";
	const char *found = memmem(line.data, line.len, mark, sizeof(mark) - 1);
	size_t head_bytes;
	uint64_t seq, eraser;
	usec_t recorded_at;
	struct error ignored;

	if (found == NULL ||
	    entry_parse_front(line, &seq, &recorded_at, &ignored) == -1)
		return false;
	head_bytes =
	    (size_t)(found - line.data) + sizeof(mark) - 1 + SHA256_HEX + 2;
	eraser = eraser_of(tail, seq);
	if (eraser == 0 || head_bytes > line.len)
		return false;
	buf_reset(out);
	buf_add(out, line.data, head_bytes);
	buf_addf(out, "\"erased_by\":%llu}", (unsigned long long)eraser);
	return true;
}

/* --- the tail of a file ------------------------------------------------ */

/* Read from `start` to the end; a start within a line moves behind it. */
static int
read_from(struct disk *disk, int fd, uint64_t start, struct tail *tail,
    struct error *err)
{
	size_t want = (size_t)(tail->size - start);
	ssize_t got;

	buf_reset(&tail->bytes);
	buf_reserve(&tail->bytes, want);
	got = disk_read_all(disk, fd, tail->bytes.data, want, (off_t)start);
	if (got == -1)
		return error_set_errno(err, "read");
	buf_set_len(&tail->bytes, (size_t)got);
	tail->size = start + (size_t)got;
	tail->start = start;
	if (start > 0) {
		struct slice line;
		size_t skip = line_at(buf_slice(&tail->bytes), 0, &line)
				  ? line.len + 1
				  : tail->bytes.len;

		buf_consume(&tail->bytes, skip);
		tail->start += skip;
	}
	return 0;
}

/* The next line of the chain, which begins with the first one. */
static int
chain_on(struct chain **chain, struct slice line, struct entry *ret_entry)
{
	struct chain_fault fault;
	struct error ignored;

	if (entry_parse(line, ret_entry, &ignored) == -1)
		return -1;
	if (*chain == NULL)
		*chain = chain_new(ret_entry->seq, ret_entry->prev_hash);
	return chain_add(*chain, line, &fault);
}

/* Find the last good line and the first bad byte. */
static void
walk(struct tail *tail)
{
	cleanup(chain_freep) struct chain *chain = NULL;
	cleanup(buf_free) struct buf erased = BUF_INIT;
	struct slice bytes = buf_slice(&tail->bytes);
	struct slice line;
	size_t at;

	tail->good = (struct commit_head){ 0 };
	for (at = 0; line_at(bytes, at, &line); at += line.len + 1) {
		struct entry entry;

		if (chain_on(&chain, line, &entry) == -1 &&
		    (!as_erased(tail, line, &erased) ||
			chain_on(&chain, buf_slice(&erased), &entry) == -1))
			break;
		if (entry.recorded_at != tail->good.recorded_at) {
			tail->batch_seq = entry.seq;
			tail->batch_offset = tail->start + at;
		}
		head_of(&entry, &tail->good);
	}
	tail->bad = tail->start + at;
}

int
tail_read(struct disk *disk, int dir, const struct logfile *file,
    struct tail *ret_tail, struct error *err)
{
	int fd = disk->openat(
	    disk, dir, file->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	struct tail tail = TAIL_INIT;
	uint64_t window = WINDOW_BYTES;
	int status;

	if (fd == -1)
		return error_set_errno(err, "%s: open", file->name);
	do {
		tail.size = file->size;
		status = read_from(disk, fd,
		    window < file->size ? file->size - window : 0, &tail, err);
		if (status == -1)
			break;
		forget_erasers(&tail);
		find_erasers(&tail);
		walk(&tail);
		/* Bad from its beginning on: what stands before that? */
		window *= 2;
	} while (tail.good.seq == 0 && tail.start > 0);
	disk->close(disk, fd);
	if (status == -1) {
		tail_free(&tail);
		return error_prefix(err, "%s", file->name);
	}
	*ret_tail = tail;
	return 0;
}

struct slice
tail_rest(const struct tail *tail)
{
	size_t at = (size_t)(tail->bad - tail->start);

	return (struct slice){ tail->bytes.data + at, tail->bytes.len - at };
}

bool
tail_is_torn(const struct tail *tail, const struct commit_head *good,
    uint64_t synced_seq)
{
	struct slice rest = tail_rest(tail);

	return rest.len <= CHAIN_TORN_BYTES &&
	       chain_is_torn(rest, good->recorded_at, good->seq, synced_seq);
}
