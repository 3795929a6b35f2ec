/* Threads that look ahead change nothing of a verdict: is it so? Verifies a log
 * with them and without, by blocks of the same size, and compares all that
 * chain_verify() says. */
#ifndef TESTS_FAULT_VERDICT_H
#define TESTS_FAULT_VERDICT_H

#include "base/cleanup.h"
#include "log/chain.h"

#include <inttypes.h>

static inline bool
verdict_count(void *context, uint64_t seq, uint64_t bytes, uint64_t total_bytes)
{
	(void)seq;
	buf_addf(context, "%" PRIu64 "/%" PRIu64 " ", bytes, total_bytes);
	return true;
}

static inline void
verdict_add(const struct chain_result *result, struct buf *out)
{
	const struct chain_fault *fault = &result->fault;

	buf_addf(out,
	    "%s%s: %" PRIu64 " torn, seq %" PRIu64 " to %" PRIu64 " at %" PRIu64
	    ", %" PRIu64 " entries, %" PRIu64 " files, %" PRIu64
	    " erased, %" PRIu64 " bytes, ",
	    result->is_whole ? "whole" : "damaged",
	    result->is_torn ? ", torn" : "", result->torn_bytes,
	    result->first_seq, result->last_seq, result->last_recorded_at,
	    result->entries, result->files, result->erased, result->bytes);
	buf_add_hex(out, result->last_hash, SHA256_BYTES);
	buf_addf(out,
	    "; %s:%" PRIu64 " %" PRIu64 " seq %" PRIu64 ": %s: %s, %s",
	    fault->file, fault->line, fault->offset, fault->seq,
	    fault->what == NULL ? "" : fault->what, fault->expected,
	    fault->found);
}

/* All that is said of the log in `dir`, in words. */
static inline void
verdict_say(
    const char *dir, const struct chain_options *options, struct buf *out)
{
	struct chain_options asked = *options;
	struct chain_result result;
	struct error err = { 0 };

	asked.on_progress = verdict_count;
	asked.context = out;
	if (chain_verify(dir, &asked, &result, &err) == -1)
		buf_addf(out, "unread: %d, %s", err.code, err.sentence);
	else
		verdict_add(&result, out);
}

/* `options` have threads. False: they say something else, on stderr. */
static inline bool
verdict_stands(const char *dir, const struct chain_options *options)
{
	struct chain_options alone = *options;
	cleanup(buf_free) struct buf with = BUF_INIT;
	cleanup(buf_free) struct buf without = BUF_INIT;

	alone.threads = 0;
	verdict_say(dir, options, &with);
	verdict_say(dir, &alone, &without);
	if (slice_equal(buf_slice(&with), buf_slice(&without)))
		return true;
	fprintf(stderr,
	    "%s, %u threads, blocks of %zu bytes:\n  with:    %s\n"
	    "  without: %s\n",
	    dir, options->threads, options->block_bytes, with.data,
	    without.data);
	return false;
}

#endif
