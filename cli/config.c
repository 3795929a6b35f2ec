#include "cli/config.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "config/listing.h"

static enum command_exit
config_check_run(struct cli *cli, const void *values, char **operands)
{
	cleanup(config_freep) struct config *config = NULL;
	cleanup(buf_free) struct buf problems = BUF_INIT;
	cleanup(buf_free) struct buf out = BUF_INIT;
	const char *path;

	(void)values;
	path = operands[0] != NULL ? operands[0]
				   : config_find_path(cli->config_file);
	if (config_check(path, &config, &problems) == 0) {
		for (size_t i = 0; i < config->file_count; i++) {
			text_add_visible(
			    &out, slice_of(config->files[i]), TEXT_ONE_LINE);
			buf_add_str(&out, ": good\n");
		}
		cli_print(&out);
		return COMMAND_DONE;
	}
	text_add_visible(&out, buf_slice(&problems), TEXT_MULTI_LINE);
	fwrite(out.data, 1, out.len, stderr);
	return COMMAND_FAILED;
}

const struct command_form config_check_form = {
	options_none,
	0,
	config_check_run,
};

struct config_show_values {
	bool said;
};

static const struct option_row config_show_options[] = {
	OPTION_FLAG(struct config_show_values, said, 0, "said",
	    "only what the files say, without defaults"),
	OPTION_END
};

static enum command_exit
config_show_run(struct cli *cli, const void *values, char **operands)
{
	const struct config_show_values *wanted = values;
	cleanup(buf_free) struct buf listing = BUF_INIT;
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct error err = { 0 };
	const struct config *config = cli_config(cli, &err);

	(void)operands;
	if (config == NULL)
		return cli_fail(&err);
	listing_write(config, wanted->said, &listing);
	text_add_visible(&out, buf_slice(&listing), TEXT_MULTI_LINE);
	cli_print(&out);
	return COMMAND_DONE;
}

const struct command_form config_show_form = {
	config_show_options,
	sizeof(struct config_show_values),
	config_show_run,
};
