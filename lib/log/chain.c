#include "log/chain.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/number.h"
#include "log/chain_fault.h"
#include "log/chain_internal.h"

struct chain *
chain_new(
    uint64_t first_seq, const unsigned char prev_hash[static SHA256_BYTES])
{
	struct chain *chain = memory_new(sizeof(*chain));

	chain->sha256 = sha256_new();
	chain->reader = (struct json_reader)JSON_READER_INIT;
	chain->next_seq = first_seq;
	memcpy(chain->last_hash, prev_hash, SHA256_BYTES);
	chain->before_seq = first_seq - 1;
	memcpy(chain->before_hash, prev_hash, SHA256_BYTES);
	chain->is_vouched = first_seq <= 1;
	return chain;
}

void
chain_free(struct chain *chain)
{
	if (chain == NULL)
		return;
	sha256_free(chain->sha256);
	json_reader_free(&chain->reader);
	free(chain->waiting);
	free(chain);
}

/* --- one line ------------------------------------------------------------- */

/* What stands in the payload is JSON, so that everybody can read the log; its
 * head is by entry_parse(). The reader keeps nothing of it. */
static int
check_json(
    struct json_reader *reader, const struct entry *entry, struct error *err)
{
	if (entry->summary.data != NULL) {
		struct slice quoted = { entry->summary.data - 1,
			entry->summary.len + 2 };

		if (json_reader_read(reader, quoted, err) == -1)
			return error_prefix(err, "summary");
	}
	if (entry->request.data != NULL &&
	    json_reader_read(reader, entry->request, err) == -1)
		return error_prefix(err, "request");
	return 0;
}

static int
check_hash(struct chain *chain, struct slice bytes, const char *what,
    const unsigned char stated[static SHA256_BYTES], struct chain_fault *fault)
{
	unsigned char made[SHA256_BYTES];

	sha256_digest(chain->sha256, bytes, made);
	if (memcmp(made, stated, SHA256_BYTES) == 0)
		return 0;
	return chain_fault_set_hash(fault, what, stated, made);
}

static int
check_place(const struct chain *chain, const struct entry *entry,
    struct chain_fault *fault)
{
	char last[CLOCK_TEXT_SIZE], found[CLOCK_TEXT_SIZE];

	if (entry->seq != chain->next_seq)
		return chain_fault_set_u64(
		    fault, "seq", chain->next_seq, entry->seq);
	if (memcmp(entry->prev_hash, chain->last_hash, SHA256_BYTES) != 0)
		return chain_fault_set_hash(
		    fault, "prev_hash", chain->last_hash, entry->prev_hash);
	if (entry->recorded_at < chain->last_recorded_at) {
		clock_format(chain->last_recorded_at, last);
		clock_format(entry->recorded_at, found);
		return chain_fault_set(
		    fault, "recorded_at", last, "%s, before it", found);
	}
	return 0;
}

static void
erased_add(struct chain *chain, struct erased erased)
{
	chain->waiting = memory_grow(chain->waiting, &chain->waiting_capacity,
	    chain->waiting_count + 1, sizeof(*chain->waiting));
	chain->waiting[chain->waiting_count++] = erased;
}

/* An audit.erase entry: the payloads that name it and that it names are
 * accounted for. */
static void
erased_settle(struct chain *chain, const struct entry *eraser)
{
	const struct json_node *seqs;
	struct error ignored;
	size_t kept = 0;

	if (chain->waiting_count == 0 ||
	    json_reader_read(&chain->reader, eraser->request, &ignored) == -1)
		return;
	seqs = json_reader_member(&chain->reader, chain->reader.nodes, "seqs");
	if (seqs == NULL || seqs->type != JSON_ARRAY)
		return;
	for (size_t i = 0; i < chain->waiting_count; i++) {
		struct erased *erased = &chain->waiting[i];
		bool is_named = false;
		uint64_t seq;

		if (erased->by == eraser->seq)
			for (const struct json_node *node =
				 json_reader_first(&chain->reader, seqs);
			     node != NULL && !is_named;
			     node =
				 json_reader_next(&chain->reader, seqs, node))
				is_named = node->type == JSON_NUMBER &&
					   number_parse_u64(node->text, 1,
					       UINT64_MAX, &seq) == 0 &&
					   seq == erased->seq;
		if (is_named)
			chain->erased++;
		else
			chain->waiting[kept++] = *erased;
	}
	chain->waiting_count = kept;
}

/* A log.retention entry may explain why the log begins where it does. */
static void
retention_settle(struct chain *chain, const struct entry *retention)
{
	const struct json_node *node;
	unsigned char hash[SHA256_BYTES];
	struct error ignored;
	uint64_t seq;

	if (chain->is_vouched || json_reader_read(&chain->reader,
				     retention->request, &ignored) == -1)
		return;
	node =
	    json_reader_member(&chain->reader, chain->reader.nodes, "last_seq");
	if (node == NULL || node->type != JSON_NUMBER ||
	    number_parse_u64(node->text, 1, UINT64_MAX, &seq) == -1 ||
	    seq != chain->before_seq)
		return;
	node = json_reader_member(
	    &chain->reader, chain->reader.nodes, "last_hash");
	if (node == NULL || node->type != JSON_STRING ||
	    sha256_parse_hex(node->text, hash) == -1)
		return;
	chain->is_vouched = memcmp(hash, chain->before_hash, SHA256_BYTES) == 0;
}

static void
settle(struct chain *chain, const struct entry *entry)
{
	if (entry->actor != ENTRY_SYSTEM && entry->actor != ENTRY_USER)
		return;
	if (slice_is(entry->capability, "audit.erase"))
		erased_settle(chain, entry);
	else if (entry->actor == ENTRY_SYSTEM &&
		 slice_is(entry->capability, "log.retention"))
		retention_settle(chain, entry);
}

int
chain_add_entry(
    struct chain *chain, const struct entry *entry, struct chain_fault *fault)
{
	if (check_hash(chain, entry->head, "entry_hash", entry->entry_hash,
		fault) == -1 ||
	    check_place(chain, entry, fault) == -1)
		return -1;
	if (entry->erased_by == 0) {
		if (check_hash(chain, entry->payload, "payload_hash",
			entry->payload_hash, fault) == -1)
			return -1;
		settle(chain, entry);
	} else {
		if (entry_is_permanent(entry->capability))
			return chain_fault_set(fault, "erased_by",
			    "an entry that can be erased", "%.*s",
			    SLICE_ARG(entry->capability));
		erased_add(
		    chain, (struct erased){ entry->seq, entry->erased_by });
	}
	if (chain->entries == 0)
		chain->first_recorded_at = entry->recorded_at;
	memcpy(chain->last_hash, entry->entry_hash, SHA256_BYTES);
	chain->last_recorded_at = entry->recorded_at;
	chain->next_seq++;
	chain->entries++;
	return 0;
}

bool
chain_join(struct chain *chain, const struct chain *next)
{
	if (next->before_seq + 1 != chain->next_seq ||
	    memcmp(next->before_hash, chain->last_hash, SHA256_BYTES) != 0 ||
	    next->first_recorded_at < chain->last_recorded_at)
		return false;
	for (size_t i = 0; i < next->waiting_count; i++)
		erased_add(chain, next->waiting[i]);
	if (chain->entries == 0)
		chain->first_recorded_at = next->first_recorded_at;
	memcpy(chain->last_hash, next->last_hash, SHA256_BYTES);
	chain->last_recorded_at = next->last_recorded_at;
	chain->next_seq = next->next_seq;
	chain->entries += next->entries;
	return true;
}

int
chain_parse_line(struct chain *chain, struct slice line,
    struct entry *ret_entry, struct chain_fault *fault)
{
	struct error err = { 0 };
	int status = entry_parse(line, ret_entry, &err);

	fault->seq = status == 0 ? ret_entry->seq : chain->next_seq;
	if (status == 0)
		status = check_json(&chain->reader, ret_entry, &err);
	if (status == 0)
		return 0;
	return chain_fault_set(fault, "format",
	    "a line of the log's format, version 1", "%s", err.sentence);
}

int
chain_add(struct chain *chain, struct slice line, struct chain_fault *ret_fault)
{
	struct chain_fault fault = { 0 };
	struct entry entry;

	if (chain_parse_line(chain, line, &entry, &fault) == -1 ||
	    chain_add_entry(chain, &entry, &fault) == -1) {
		*ret_fault = fault;
		return -1;
	}
	return 0;
}

void
chain_last(const struct chain *chain, uint64_t *ret_seq,
    unsigned char ret_hash[static SHA256_BYTES])
{
	*ret_seq = chain->next_seq - 1;
	memcpy(ret_hash, chain->last_hash, SHA256_BYTES);
}

/* --- torn or damaged ------------------------------------------------------ */

/* Is this a line of ours, every byte of it? */
static bool
is_whole_line(struct sha256 *sha256, struct json_reader *reader,
    struct slice line, struct entry *ret_entry)
{
	struct error ignored;

	return entry_parse(line, ret_entry, &ignored) == 0 &&
	       check_json(reader, ret_entry, &ignored) == 0 &&
	       entry_check(sha256, ret_entry, &ignored) == 0;
}

/* What was not written yet is missing: the file ends in the middle of a line,
 * or zeros stand where the bytes should be. Other letters are something else.
 */
static bool
has_gap(struct slice tail)
{
	const char *newline = memchr(tail.data, '\n', tail.len);

	return newline == NULL ||
	       memchr(tail.data, '\0', (size_t)(newline - tail.data)) != NULL;
}

bool
chain_is_torn(struct slice tail, usec_t last_good_recorded_at,
    uint64_t last_good_seq, uint64_t synced_seq)
{
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	struct sha256 *sha256;
	usec_t later = 0;
	struct slice line;
	unsigned batches = 0;

	if (synced_seq > last_good_seq || !has_gap(tail))
		return false;
	sha256 = sha256_new();
	while (batches < 2 && slice_take_line(&tail, &line)) {
		struct entry entry;

		if (is_whole_line(sha256, &reader, line, &entry) &&
		    entry.recorded_at >= last_good_recorded_at &&
		    (batches == 0 || entry.recorded_at != later)) {
			later = entry.recorded_at;
			batches++;
		}
	}
	sha256_free(sha256);
	return batches < 2;
}
