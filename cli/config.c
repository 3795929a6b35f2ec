#include "cli/config.h"

#include "base/cleanup.h"
#include "base/text.h"

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
