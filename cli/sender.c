#include "cli/sender.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "cli/words.h"

#include <inttypes.h>

/* Of a daemon that shows no sign of life; a disk may be slow. */
#define SENDER_TIMEOUT (60 * USEC_PER_SEC)

static void
sender_say_refused(
    struct sender *sender, uint64_t line, const struct error *why)
{
	sender->refused++;
	progress_end(&sender->progress);
	cli_note("%s: line %" PRIu64 ": %s%s%s: %s", sender->lines->name, line,
	    error_code_name(why->code), why->field[0] != '\0' ? " " : "",
	    why->field, why->sentence);
}

static void
sender_on_outcome(void *context, const struct door_outcome *outcome)
{
	struct sender *sender = context;

	if (outcome->error != NULL) {
		sender_say_refused(sender, outcome->line - sender->lines_before,
		    outcome->error);
	} else if (outcome->is_duplicate) {
		sender->duplicates++;
	} else if (outcome->seq > 0) {
		sender->accepted++;
		sender->last_seq = outcome->seq;
		if (sender->first_seq == 0)
			sender->first_seq = outcome->seq;
	}
}

int
sender_open(struct sender *sender, struct cli *cli, const char *label,
    const struct lines *lines, struct error *err)
{
	const struct config *config = cli_config(cli, err);

	*sender = (struct sender){ .lines = lines };
	if (config == NULL)
		return -1;
	sender->door = door_open(config->ingest_socket, SENDER_TIMEOUT,
	    sender_on_outcome, sender, err);
	if (sender->door == NULL)
		return -1;
	progress_begin(&sender->progress, label);
	return 0;
}

void
sender_close(struct sender *sender)
{
	progress_end(&sender->progress);
	door_close(sender->door);
	sender->door = NULL;
}

static void
sender_show_progress(struct sender *sender)
{
	cleanup(buf_free) struct buf what = BUF_INIT;

	words_add_counted(&what, sender->accepted, "entry", "entries");
	progress_show(&sender->progress, sender->lines->bytes,
	    sender->lines->total_bytes, buf_slice(&what));
}

int
sender_send(struct sender *sender, struct slice line, struct error *err)
{
	sender_show_progress(sender);
	return door_send(sender->door, line, err);
}

int
sender_refuse(struct sender *sender, const struct error *why, struct error *err)
{
	sender_say_refused(sender, sender->lines->number, why);
	return door_send(sender->door, SLICE_LITERAL(""), err);
}

int
sender_refuse_long(struct sender *sender, struct error *err)
{
	struct error why = { 0 };

	error_set(
	    &why, ERROR_TOO_LONG, "a line has at most %d bytes", LINES_BYTES);
	return sender_refuse(sender, &why, err);
}

static void
sender_write(const struct sender *sender)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &out);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "accepted", sender->accepted);
	json_writer_pair_u64(&json, "duplicates", sender->duplicates);
	json_writer_pair_u64(&json, "refused", sender->refused);
	json_writer_pair_u64(&json, "left_out", sender->left_out);
	if (sender->accepted > 0) {
		json_writer_pair_u64(&json, "first_seq", sender->first_seq);
		json_writer_pair_u64(&json, "last_seq", sender->last_seq);
	}
	json_writer_end_object(&json);
	buf_add_char(&out, '\n');
	cli_print(&out);
}

/* "(seq 2)", "(seq 2 to 133)", or, where others' entries stand among them,
 * "(within seq 2 to 140)" */
static void
add_seqs(const struct sender *sender, struct buf *words)
{
	uint64_t first = sender->first_seq, last = sender->last_seq;

	buf_addf(words, " (%sseq %" PRIu64,
	    last - first + 1 > sender->accepted ? "within " : "", first);
	if (last > first)
		buf_addf(words, " to %" PRIu64, last);
	buf_add_char(words, ')');
}

/* "132 entries recorded (seq 2 to 133), 1 known already, 2 refused" */
static void
sender_sum_up(const struct sender *sender)
{
	cleanup(buf_free) struct buf words = BUF_INIT;

	words_add_counted(&words, sender->accepted, "entry", "entries");
	buf_add_str(&words, " recorded");
	if (sender->accepted > 0)
		add_seqs(sender, &words);
	if (sender->duplicates > 0) {
		buf_add_str(&words, ", ");
		words_add_count(&words, sender->duplicates);
		buf_add_str(&words, " known already");
	}
	if (sender->left_out > 0) {
		buf_add_str(&words, ", ");
		words_add_count(&words, sender->left_out);
		buf_add_str(&words, " of the other log itself left out");
	}
	if (sender->refused > 0) {
		buf_add_str(&words, ", ");
		words_add_count(&words, sender->refused);
		buf_add_str(&words, " refused");
	}
	cli_note("%s", words.data);
}

enum command_exit
sender_finish(struct sender *sender, bool as_json)
{
	struct error err = { 0 };

	if (door_flush(sender->door, &err) == -1)
		return sender_fail(sender, &err);
	progress_end(&sender->progress);
	if (as_json)
		sender_write(sender);
	else
		sender_sum_up(sender);
	return sender->refused > 0 ? COMMAND_FAILED : COMMAND_DONE;
}

enum command_exit
sender_fail(struct sender *sender, const struct error *err)
{
	uint64_t settled =
	    door_sent(sender->door) - door_unsettled(sender->door);

	progress_end(&sender->progress);
	if (err->code == ERROR_UNREACHABLE && settled > sender->lines_before)
		cli_note("%s: the outcome is known up to line %" PRIu64
			 "; send what follows again",
		    sender->lines->name, settled - sender->lines_before);
	sender_sum_up(sender);
	return cli_fail(err);
}
