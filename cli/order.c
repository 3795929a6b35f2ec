#include "cli/order.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/number.h"
#include "cli/json.h"
#include "cli/words.h"
#include "door/door.h"

#include <inttypes.h>
#include <unistd.h>

/* A long command says how far it is more often than this. */
#define ORDER_TIMEOUT (60 * USEC_PER_SEC)

static void
order_on_progress(void *context, double progress)
{
	progress_show(context, (uint64_t)(progress * 1000), 1000,
	    (struct slice){ "", 0 });
}

int
order_run(struct cli *cli, const char *verb, struct slice args,
    const char *label, struct buf *result, struct error *err)
{
	const struct config *config = cli_config(cli, err);
	cleanup(door_closep) struct door *door = NULL;
	struct progress progress;
	int done;

	if (config == NULL)
		return -1;
	door = door_open(config->ingest_socket, ORDER_TIMEOUT, NULL, NULL, err);
	if (door == NULL)
		return -1;
	progress_begin(&progress, label);
	done = door_command(door, verb, args, (struct slice){ NULL, 0 },
	    order_on_progress, &progress, result, err);
	progress_end(&progress);
	return done;
}

enum command_exit
order_each(struct cli *cli, const char *verb, const char *key, char **operands,
    const char *noun, const char *words)
{
	for (; *operands != NULL; operands++) {
		cleanup(buf_free) struct buf args = BUF_INIT;
		cleanup(buf_free) struct buf result = BUF_INIT;
		struct error err = { 0 };
		struct json_writer json;

		json_writer_init(&json, &args);
		json_writer_object(&json);
		json_writer_pair(&json, key, *operands);
		json_writer_end_object(&json);
		if (order_run(
			cli, verb, buf_slice(&args), noun, &result, &err) == -1)
			return cli_fail(&err);
		cli_note("%s %s %s", noun, *operands, words);
	}
	return COMMAND_DONE;
}

/* --- erase -------------------------------------------------------------- */

struct order_erase_values {
	const char *reason;
	bool yes;
	bool json;
};

static const struct option_row order_erase_options[] = {
	OPTION_TEXT(struct order_erase_values, reason, 'r', "reason", "TEXT",
	    "why; it is recorded (required)"),
	OPTION_FLAG(struct order_erase_values, yes, 'y', "yes",
	    "do not ask, even on a terminal"),
	OPTION_FLAG(struct order_erase_values, json, 0, "json",
	    "print the daemon's answer as JSON"),
	OPTION_END
};

/* {"seqs":[…],"reason":"…"}; -1: an operand is no seq, and that was said. */
static int
order_erase_args(char **operands, const char *reason, struct buf *args)
{
	struct json_writer json;
	uint64_t seq;

	json_writer_init(&json, args);
	json_writer_object(&json);
	json_writer_key(&json, "seqs");
	json_writer_array(&json);
	for (; *operands != NULL; operands++) {
		if (number_parse_u64(slice_of(*operands), 1, INT64_MAX, &seq) ==
		    -1) {
			cli_misused("audit erase: %s is not a seq", *operands);
			return -1;
		}
		json_writer_u64(&json, seq);
	}
	json_writer_end_array(&json);
	json_writer_pair(&json, "reason", reason);
	json_writer_end_object(&json);
	return 0;
}

static bool
order_erase_confirm(size_t count)
{
	cleanup(buf_free) struct buf question = BUF_INIT;

	buf_add_str(&question, "Erase ");
	words_add_counted(&question, count, "payload", "payloads");
	buf_add_str(
	    &question, " for ever? Backups and exports keep their copies.");
	return terminal_confirm(question.data);
}

/* {"seq":S,"erased":N,"erased_before":M} */
static void
order_say_erased(const struct buf *result)
{
	cleanup(json_putp) struct json_object *json = NULL;
	cleanup(buf_free) struct buf words = BUF_INIT;
	struct error ignored = { 0 };

	json = json_parse(buf_slice(result), &ignored);
	words_add_counted(
	    &words, json_number(json, "erased"), "payload", "payloads");
	buf_add_str(&words, " erased");
	if (json_number(json, "erased") > 0)
		buf_addf(
		    &words, " by entry %" PRIu64, json_number(json, "seq"));
	if (json_number(json, "erased_before") > 0)
		buf_addf(&words, ", %" PRIu64 " erased before",
		    json_number(json, "erased_before"));
	cli_note("%s; backups and exports keep their copies", words.data);
}

static enum command_exit
order_erase_run(struct cli *cli, const void *values, char **operands)
{
	const struct order_erase_values *wanted = values;
	cleanup(buf_free) struct buf args = BUF_INIT;
	cleanup(buf_free) struct buf result = BUF_INIT;
	struct error err = { 0 };
	size_t count = 0;

	if (wanted->reason == NULL || *wanted->reason == '\0')
		return cli_misused("audit erase: --reason TEXT is required");
	if (order_erase_args(operands, wanted->reason, &args) == -1)
		return COMMAND_USAGE;
	while (operands[count] != NULL)
		count++;
	if (!wanted->yes && isatty(STDIN_FILENO) &&
	    !order_erase_confirm(count)) {
		cli_note("nothing was erased");
		return COMMAND_FAILED;
	}
	if (order_run(cli, "audit.erase", buf_slice(&args), "erase", &result,
		&err) == -1)
		return cli_fail(&err);
	if (wanted->json) {
		cli_print_json(cli, &result);
		return COMMAND_DONE;
	}
	order_say_erased(&result);
	return COMMAND_DONE;
}

const struct command_form order_erase_form = {
	order_erase_options,
	sizeof(struct order_erase_values),
	order_erase_run,
};

/* --- reindex ------------------------------------------------------------ */

struct order_reindex_values {
	bool json;
};

static const struct option_row order_reindex_options[] = {
	OPTION_FLAG(struct order_reindex_values, json, 0, "json",
	    "print the daemon's answer as JSON"),
	OPTION_END
};

/* {"entries":N,"generation":G} */
static void
order_say_reindexed(const struct buf *result)
{
	cleanup(json_putp) struct json_object *json = NULL;
	cleanup(buf_free) struct buf words = BUF_INIT;
	struct error ignored = { 0 };

	json = json_parse(buf_slice(result), &ignored);
	words_add_counted(
	    &words, json_number(json, "entries"), "entry", "entries");
	cli_note("the index was made anew from the log: %s", words.data);
}

static enum command_exit
order_reindex_run(struct cli *cli, const void *values, char **operands)
{
	const struct order_reindex_values *wanted = values;
	cleanup(buf_free) struct buf result = BUF_INIT;
	struct error err = { 0 };

	(void)operands;
	if (order_run(cli, "audit.reindex", (struct slice){ NULL, 0 },
		"reindex", &result, &err) == -1)
		return cli_fail(&err);
	if (wanted->json)
		cli_print_json(cli, &result);
	else
		order_say_reindexed(&result);
	return COMMAND_DONE;
}

const struct command_form order_reindex_form = {
	order_reindex_options,
	sizeof(struct order_reindex_values),
	order_reindex_run,
};
