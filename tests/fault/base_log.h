/* Small logs of every kind, to be damaged: of several files, with batches,
 * erased payloads, a beginning that has left, writes that the disk refused.
 * The same `chance` makes the same log. */
#ifndef TESTS_FAULT_BASE_LOG_H
#define TESTS_FAULT_BASE_LOG_H

#include "tests/fault/image.h"
#include "tests/unit/maker.h"

static const char *const base_log_rests[] = {
	"",
	",\"summary\":\"exit 0\"",
	",\"summary\":\"\\u0000 \\\"quoted\\\" \\\\ back\\n\"",
	",\"summary\":\"\xc3\xa4 \xf0\x9f\x90\xa7\",\"request\":{}",
	",\"request\":{\"command\":\"make test\",\"n\":[1,2.5e3,null,true]}",
	",\"request\":{\"a\":{\"b\":{\"c\":\"\\ud83d\\udc27\"}},\"}\":\"{\"}",
};

static inline struct entry
base_log_entry(unsigned *chance)
{
	struct entry entry = maker_entry();

	if (rand_r(chance) % 3 == 0) {
		entry.actor = ENTRY_USER;
		entry.actor_name = SLICE_LITERAL("ann@example");
		entry.tier = ENTRY_APPROVAL_REQUIRED;
		entry.decider = ENTRY_BY_USER;
		entry.status = ENTRY_DENIED;
	}
	if (rand_r(chance) % 3 == 0)
		entry.duration_ms = SLICE_LITERAL("12.50");
	if (rand_r(chance) % 4 == 0)
		entry.call_id = SLICE_LITERAL("toolu_01");
	if (rand_r(chance) % 5 == 0) {
		entry.is_clamped = true;
		entry.time_clamped = MAKER_DAY - USEC_PER_DAY;
	}
	return entry;
}

struct base_log_place {
	char file[LOGFILE_NAME_SIZE];
	uint64_t offset, seq;
	struct buf line;
};

/* `count` entries, some of them of one batch; one may be remembered. */
static inline void
base_log_add_entries(struct maker *maker, unsigned *chance, unsigned count,
    struct base_log_place *remember)
{
	for (unsigned i = 0; i < count; i++) {
		struct entry entry = base_log_entry(chance);
		uint64_t offset = maker->bytes;

		if (rand_r(chance) % 3 == 0)
			entry.recorded_at = maker->now;
		maker_add(maker, entry,
		    base_log_rests[(size_t)rand_r(chance) %
				   (sizeof(base_log_rests) /
				       sizeof(*base_log_rests))]);
		if (remember != NULL && i == count / 2) {
			memcpy(remember->file, maker->file,
			    sizeof(remember->file));
			remember->offset = offset;
			remember->seq = maker->seq;
			buf_reset(&remember->line);
			buf_add_slice(&remember->line, buf_slice(&maker->line));
		}
	}
}

static inline void
base_log_add_eraser(struct maker *maker, const struct base_log_place *erased)
{
	char rest[96];

	snprintf(rest, sizeof(rest), ",\"request\":{\"seqs\":[%llu,%llu]}",
	    (unsigned long long)erased->seq - 1,
	    (unsigned long long)erased->seq);
	maker_add(maker, maker_system("audit.erase"), rest);
	maker_erase(maker, erased->file, erased->offset,
	    buf_slice(&erased->line), maker->seq);
}

static inline void
base_log_add_retention(
    struct maker *maker, uint64_t seq, const unsigned char *hash)
{
	struct buf rest = BUF_INIT;

	buf_addf(&rest, ",\"request\":{\"last_seq\":%llu,\"last_hash\":\"",
	    (unsigned long long)seq);
	buf_add_hex(&rest, hash, SHA256_BYTES);
	buf_add_str(&rest, "\"}");
	maker_add(maker, maker_system("log.retention"), rest.data);
	buf_free(&rest);
}

/* Three files, or four; the first may have left the log; something may be
 * erased; a write that the disk refused may stand behind a file. */
static inline void
base_log_make(struct image *image, unsigned chance)
{
	struct base_log_place place = { .line = BUF_INIT };
	unsigned char hash[SHA256_BYTES];
	bool is_erased = rand_r(&chance) % 2 == 0;
	bool is_kept = rand_r(&chance) % 3 != 0;
	struct maker maker;
	uint64_t seq;

	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	base_log_add_entries(
	    &maker, &chance, 2 + (unsigned)rand_r(&chance) % 4, NULL);
	seq = maker.seq;
	memcpy(hash, maker.hash, sizeof(hash));
	maker_open(&maker, MAKER_DAY, 2);
	base_log_add_entries(&maker, &chance, 3, &place);
	if (rand_r(&chance) % 3 == 0)
		maker_patch(&maker, maker.file, maker.bytes, "{\"seq\":", 7);
	maker_open(&maker, MAKER_DAY + USEC_PER_DAY, 1);
	if (is_erased)
		base_log_add_eraser(&maker, &place);
	base_log_add_entries(&maker, &chance, 2, NULL);
	if (!is_kept)
		base_log_add_retention(&maker, seq, hash);
	base_log_add_entries(
	    &maker, &chance, (unsigned)rand_r(&chance) % 3, NULL);
	if (rand_r(&chance) % 2 == 0) {
		maker_open(&maker, MAKER_DAY + USEC_PER_DAY, 2);
		base_log_add_entries(&maker, &chance, 3, NULL);
	}
	image_read(image, maker.dir);
	if (!is_kept)
		image_remove(image, 0);
	buf_free(&place.line);
	maker_free(&maker);
}

#endif
