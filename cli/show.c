#include "cli/show.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/access.h"
#include "cli/api.h"
#include "cli/json.h"
#include "cli/query.h"

#include <inttypes.h>

enum { SHOW_LEFT = 16 }; /* columns of the keys */

struct show_values {
	const char *dir;
	bool json;
};

static const struct option_row show_options[] = {
	OPTION_TEXT(struct show_values, dir, 'd', "dir", "DIR",
	    "look in the files of DIR; no daemon, no configuration"),
	OPTION_FLAG(
	    struct show_values, json, 0, "json", "print the entry as JSON"),
	OPTION_END
};

static int
show_files(const char *dir, uint64_t seq, struct buf *answer, struct error *err)
{
	cleanup(cursor_freep) struct cursor *cursor = cursor_open(dir, err);
	struct cursor_line line;
	int found;

	if (cursor == NULL || cursor_seek(cursor, seq, err) == -1)
		return access_explain(dir, err);
	found = cursor_next(cursor, seq, &line, err);
	if (found == -1)
		return -1;
	if (found == 0 || line.seq != seq)
		return error_set(
		    err, ERROR_NOT_FOUND, "there is no entry %" PRIu64, seq);
	query_add_entry(&line, answer);
	return 0;
}

static int
show_api(struct cli *cli, uint64_t seq, struct buf *answer, struct error *err)
{
	const struct config *config = cli_config(cli, err);
	cleanup(buf_free) struct buf target = BUF_INIT;

	if (config == NULL)
		return -1;
	buf_addf(&target, "/api/audit/%" PRIu64, seq);
	return api_get(config->api_socket, target.data, answer, err);
}

/* A string as it is, all else as JSON. */
static struct slice
show_text(struct json_object *value)
{
	if (json_object_is_type(value, json_type_string))
		return (struct slice){ json_object_get_string(value),
			(size_t)json_object_get_string_len(value) };
	return slice_of(json_object_to_json_string_ext(
	    value, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
		       JSON_C_TO_STRING_NOSLASHESCAPE));
}

void
show_add_field(const struct terminal *terminal, const char *key,
    struct slice value, struct buf *out)
{
	cleanup(buf_free) struct buf visible = BUF_INIT;
	size_t key_columns = strlen(key);

	text_add_visible(&visible, value, TEXT_MULTI_LINE);
	terminal_add(terminal, out, TERMINAL_BOLD, slice_of(key));
	buf_add_chars(
	    out, ' ', key_columns < SHOW_LEFT ? SHOW_LEFT - key_columns : 1);
	for (size_t i = 0; i < visible.len; i++) {
		buf_add_char(out, visible.data[i]);
		if (visible.data[i] == '\n')
			buf_add_chars(out, ' ', SHOW_LEFT);
	}
	buf_add_char(out, '\n');
}

void
show_add(const struct terminal *terminal, struct json_object *object,
    struct buf *out)
{
	json_object_object_foreach(object, key, value)
	{
		if (value != NULL)
			show_add_field(terminal, key, show_text(value), out);
	}
}

static enum command_exit
show_run(struct cli *cli, const void *values, char **operands)
{
	const struct show_values *wanted = values;
	cleanup(buf_free) struct buf answer = BUF_INIT;
	cleanup(buf_free) struct buf out = BUF_INIT;
	cleanup(json_putp) struct json_object *json = NULL;
	struct error err = { 0 };
	uint64_t seq;
	int found;

	if (number_parse_u64(slice_of(operands[0]), 1, INT64_MAX, &seq) == -1)
		return cli_misused("audit show: %s is not a seq", operands[0]);
	found = wanted->dir != NULL
		    ? show_files(wanted->dir, seq, &answer, &err)
		    : show_api(cli, seq, &answer, &err);
	if (found == 0)
		json = json_parse(buf_slice(&answer), &err);
	if (json == NULL)
		return cli_fail(&err);
	if (wanted->json) {
		cli_print_json(cli, &answer);
		return COMMAND_DONE;
	}
	show_add(&cli->out, json, &out);
	cli_print(&out);
	return COMMAND_DONE;
}

const struct command_form show_form = {
	show_options,
	sizeof(struct show_values),
	show_run,
};
