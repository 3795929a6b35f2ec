#include "cli/head.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "cli/access.h"
#include "log/cursor.h"
#include "log/entry.h"
#include "store/status.h"

/* The page is written every second. */
#define HEAD_FRESH (3 * USEC_PER_SEC)

int
head_parse(struct slice text, struct head *ret)
{
	const char *colon = memchr(text.data, ':', text.len);
	struct head head = { 0 };
	struct slice seq, hash;

	if (colon == NULL)
		return -1;
	seq = (struct slice){ text.data, (size_t)(colon - text.data) };
	hash = (struct slice){ colon + 1, text.len - seq.len - 1 };
	if (number_parse_u64(seq, 1, UINT64_MAX, &head.seq) == -1 ||
	    sha256_parse_hex(hash, head.hash) == -1)
		return -1;
	*ret = head;
	return 0;
}

void
head_add(const struct head *head, struct buf *out)
{
	buf_add_u64(out, head->seq);
	buf_add_char(out, ':');
	buf_add_hex(out, head->hash, sizeof(head->hash));
}

int
head_of_status(const char *status_file, struct head *ret)
{
	cleanup(status_closep) struct status_page *page = NULL;
	struct error ignored = { 0 };
	struct status status;

	page = status_open(status_file, &ignored);
	if (page == NULL || status_read(page, &status, &ignored) == -1 ||
	    status.head_seq == 0)
		return -1;
	ret->seq = status.head_seq;
	memcpy(ret->hash, status.head_hash, sizeof(ret->hash));
	ret->is_live =
	    status_is_fresh(&status, clock_boottime(&clock_system), HEAD_FRESH);
	return 0;
}

int
head_of_files(const char *audit_dir, struct head *ret, struct error *err)
{
	cleanup(cursor_freep) struct cursor *cursor = NULL;
	struct cursor_line line;
	struct entry entry;
	int found;

	cursor = cursor_open(audit_dir, err);
	if (cursor == NULL || cursor_seek(cursor, UINT64_MAX, err) == -1)
		return access_explain(audit_dir, err);
	found = cursor_previous(cursor, &line, err);
	if (found == -1)
		return -1;
	if (found == 0)
		return error_set(
		    err, ERROR_NOT_FOUND, "%s: no log is here", audit_dir);
	if (entry_parse(line.line, &entry, err) == -1)
		return error_prefix(err, "%s/%s", audit_dir, line.file);
	*ret = (struct head){ .seq = entry.seq };
	memcpy(ret->hash, entry.entry_hash, sizeof(ret->hash));
	return 0;
}

struct head_values {
	const char *dir;
	bool json;
};

static const struct option_row head_options[] = {
	OPTION_TEXT(struct head_values, dir, 'd', "dir", "DIR",
	    "of the log in DIR; no daemon, no configuration"),
	OPTION_FLAG(struct head_values, json, 0, "json", "print it as JSON"),
	OPTION_END
};

static int
head_find(struct cli *cli, const char *dir, struct head *ret, struct error *err)
{
	const struct config *config;

	if (dir != NULL)
		return head_of_files(dir, ret, err);
	config = cli_config(cli, err);
	if (config == NULL)
		return -1;
	/* Lines behind a living daemon's head may not be durable yet. */
	if (head_of_status(config->status_file, ret) == 0 && ret->is_live)
		return 0;
	return head_of_files(config->audit_dir, ret, err);
}

static enum command_exit
head_run(struct cli *cli, const void *values, char **operands)
{
	const struct head_values *options = values;
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct error err = { 0 };
	struct head head;

	(void)operands;
	if (head_find(cli, options->dir, &head, &err) == -1)
		return cli_fail(&err);
	if (options->json) {
		buf_addf(&out, "{\"seq\":%llu,\"entry_hash\":\"",
		    (unsigned long long)head.seq);
		buf_add_hex(&out, head.hash, sizeof(head.hash));
		buf_add_str(&out, "\"}");
	} else {
		head_add(&head, &out);
	}
	buf_add_char(&out, '\n');
	cli_print(&out);
	return COMMAND_DONE;
}

const struct command_form head_form = {
	head_options,
	sizeof(struct head_values),
	head_run,
};
