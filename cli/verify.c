#include "cli/verify.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "cli/access.h"
#include "cli/head.h"
#include "cli/words.h"

#include <inttypes.h>
#include <sched.h>

struct verify_values {
	const char *dir;
	const char *expect;
	bool json;
};

static const struct option_row verify_options[] = {
	OPTION_TEXT(struct verify_values, dir, 'd', "dir", "DIR",
	    "verify the log in DIR; no daemon, no database, no configuration"),
	OPTION_TEXT(struct verify_values, expect, 0, "expect", "SEQ:HASH",
	    "the entry SEQ must be there, with this hash (`audit head`)"),
	OPTION_FLAG(
	    struct verify_values, json, 0, "json", "print the verdict as JSON"),
	OPTION_END
};

static bool
verify_on_progress(
    void *context, uint64_t seq, uint64_t bytes, uint64_t total_bytes)
{
	cleanup(buf_free) struct buf what = BUF_INIT;

	(void)seq;
	words_add_bytes(&what, bytes);
	progress_show(context, bytes, total_bytes, buf_slice(&what));
	return true;
}

static void
verify_say_whole(const struct chain_result *result,
    const struct terminal *terminal, struct buf *out)
{
	words_add_counted(out, result->entries, "entry", "entries");
	buf_add_str(out, " in ");
	words_add_counted(out, result->files, "file", "files");
	buf_add_char(out, ' ');
	terminal_add(terminal, out, TERMINAL_GREEN,
	    slice_of(result->entries == 1 ? "verifies" : "verify"));
	buf_add_str(out, ", ");
	words_add_counted(out, result->erased, "payload", "payloads");
	buf_add_str(out, " erased.\n");
	buf_addf(out, "Head: %" PRIu64 ":", result->last_seq);
	buf_add_hex(out, result->last_hash, SHA256_BYTES);
	buf_add_char(out, '\n');
}

static void
verify_say_damaged(const struct chain_fault *fault,
    const struct terminal *terminal, struct buf *out)
{
	terminal_add(terminal, out, TERMINAL_RED, SLICE_LITERAL("DAMAGED"));
	buf_add_str(out, ": ");
	if (fault->file[0] != '\0')
		buf_addf(
		    out, "%s, line %" PRIu64 ", ", fault->file, fault->line);
	buf_addf(out, "seq %" PRIu64 ": %s does not hold\n", fault->seq,
	    fault->what);
	buf_addf(out, "  expected  %s\n", fault->expected);
	buf_addf(out, "  found     %s\n", fault->found);
}

static void
verify_write_fault(const struct chain_fault *fault, struct json_writer *json)
{
	json_writer_key(json, "fault");
	json_writer_object(json);
	if (fault->file[0] != '\0') {
		json_writer_pair(json, "file", fault->file);
		json_writer_pair_u64(json, "line", fault->line);
		json_writer_pair_u64(json, "offset", fault->offset);
	}
	json_writer_pair_u64(json, "seq", fault->seq);
	json_writer_pair(json, "what", fault->what);
	json_writer_pair(json, "expected", fault->expected);
	json_writer_pair(json, "found", fault->found);
	json_writer_end_object(json);
}

static void
verify_write(const struct chain_result *result, struct buf *out)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(
	    &json, "status", result->is_whole ? "verified" : "damaged");
	json_writer_pair_u64(&json, "entries", result->entries);
	json_writer_pair_u64(&json, "files", result->files);
	json_writer_pair_u64(&json, "erased", result->erased);
	json_writer_pair_u64(&json, "bytes", result->bytes);
	json_writer_pair_u64(&json, "torn_bytes", result->torn_bytes);
	json_writer_pair_u64(&json, "first_seq", result->first_seq);
	json_writer_pair_u64(&json, "last_seq", result->last_seq);
	json_writer_key(&json, "last_hash");
	json_writer_hex(&json, result->last_hash, SHA256_BYTES);
	if (!result->is_whole)
		verify_write_fault(&result->fault, &json);
	json_writer_end_object(&json);
	buf_add_char(out, '\n');
}

/* What stands behind the last whole line is no damage; but without a daemon
 * nobody knows whether it was acknowledged. */
static void
verify_say_torn(const struct chain_result *result, bool is_known)
{
	cleanup(buf_free) struct buf words = BUF_INIT;

	buf_addf(&words,
	    "the last %" PRIu64 " bytes, from seq %" PRIu64
	    " on, are the rest of an unfinished write",
	    result->torn_bytes, result->last_seq + 1);
	if (!is_known)
		buf_add_str(&words,
		    ", if they were never acknowledged; --expect with a later "
		    "SEQ:HASH would show it");
	cli_note("%s", words.data);
}

static enum command_exit
verify_answer(struct cli *cli, const struct verify_values *values,
    const struct chain_options *options, const struct chain_result *result)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	if (values->json)
		verify_write(result, &out);
	else if (result->is_whole)
		verify_say_whole(result, &cli->out, &out);
	else
		verify_say_damaged(&result->fault, &cli->out, &out);
	cli_print(&out);
	if (result->is_torn)
		verify_say_torn(result, options->synced_seq > 0);
	return result->is_whole ? COMMAND_DONE : COMMAND_NO;
}

/* The log of the configuration, and what is known about its end. */
static const char *
verify_find(struct cli *cli, struct chain_options *options, struct error *err)
{
	const struct config *config = cli_config(cli, err);
	struct head head;

	if (config == NULL)
		return NULL;
	if (head_of_status(config->status_file, &head) == 0) {
		options->synced_seq = head.seq;
		/* What lies behind a living daemon's head is being written. */
		if (head.is_live && options->expect_seq <= head.seq)
			options->through_seq = head.seq;
	}
	return config->audit_dir;
}

/* One for each processor that may run us; on a single one they would only
 * take turns. */
static unsigned
verify_threads(void)
{
	cpu_set_t set;
	int count;

	if (sched_getaffinity(0, sizeof(set), &set) == -1)
		return 0;
	count = CPU_COUNT(&set);
	if (count > CHAIN_THREADS_MAX)
		return CHAIN_THREADS_MAX;
	return count > 1 ? (unsigned)count : 0;
}

int
verify_with_bar(const char *dir, const struct chain_options *options,
    struct chain_result *ret_result, struct error *err)
{
	struct chain_options with_bar = *options;
	struct progress progress;
	int verified;

	progress_begin(&progress, "audit verify");
	with_bar.threads = verify_threads();
	with_bar.on_progress = verify_on_progress;
	with_bar.context = &progress;
	verified = chain_verify(dir, &with_bar, ret_result, err);
	progress_end(&progress);
	return verified == -1 ? access_explain(dir, err) : verified;
}

static enum command_exit
verify_run(struct cli *cli, const void *values, char **operands)
{
	const struct verify_values *wanted = values;
	struct chain_options options = { 0 };
	struct chain_result result;
	struct error err = { 0 };
	struct head expected;
	const char *dir;

	(void)operands;
	if (wanted->expect != NULL) {
		if (head_parse(slice_of(wanted->expect), &expected) == -1)
			return cli_misused("--expect: not SEQ:HASH");
		options.expect_seq = expected.seq;
		memcpy(options.expect_hash, expected.hash, SHA256_BYTES);
	}
	dir = wanted->dir != NULL ? wanted->dir
				  : verify_find(cli, &options, &err);
	if (dir == NULL)
		return cli_fail(&err);
	if (verify_with_bar(dir, &options, &result, &err) == -1)
		return cli_fail(&err);
	if (result.is_whole && result.entries == 0 && options.synced_seq == 0 &&
	    !result.is_torn) {
		error_set(&err, ERROR_NOT_FOUND, "%s: no log is here", dir);
		return cli_fail(&err);
	}
	return verify_answer(cli, wanted, &options, &result);
}

const struct command_form verify_form = {
	verify_options,
	sizeof(struct verify_values),
	verify_run,
};
