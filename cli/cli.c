#include "cli/cli.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdarg.h>

void
cli_open(struct cli *cli)
{
	*cli = (struct cli){ .arena = ARENA_INIT };
	terminal_open(&cli->out, STDOUT_FILENO);
	terminal_on_interrupt(NULL);
}

void
cli_close(struct cli *cli)
{
	config_freep(&cli->config);
	arena_free(&cli->arena);
}

const struct config *
cli_config(struct cli *cli, struct error *err)
{
	if (cli->config == NULL &&
	    config_load(
		config_find_path(cli->config_file), &cli->config, err) == -1)
		return NULL;
	return cli->config;
}

void
cli_print(const struct buf *text)
{
	fwrite(text->data, 1, text->len, stdout);
}

void
cli_print_json(const struct cli *cli, struct buf *json)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;

	if (json->len == 0 || json->data[json->len - 1] != '\n')
		buf_add_char(json, '\n');
	if (!cli->out.is_terminal) {
		cli_print(json);
		return;
	}
	terminal_add_data(&shown, buf_slice(json));
	cli_print(&shown);
}

/* Whatever a sentence quotes, it stays one harmless line. */
static void
cli_say(struct slice sentence)
{
	cleanup(buf_free) struct buf line = BUF_INIT;

	buf_add_str(&line, "kruxos: ");
	text_add_visible(&line, sentence, TEXT_ONE_LINE);
	buf_add_char(&line, '\n');
	fflush(stdout);
	fwrite(line.data, 1, line.len, stderr);
}

enum command_exit
cli_fail(const struct error *err)
{
	cli_say(slice_of(err->sentence));
	return err->code == ERROR_UNREACHABLE ? COMMAND_UNKNOWN
					      : COMMAND_FAILED;
}

static void
cli_sayv(const char *format, va_list arguments)
{
	cleanup(buf_free) struct buf sentence = BUF_INIT;

	buf_addv(&sentence, format, arguments);
	cli_say(buf_slice(&sentence));
}

enum command_exit
cli_misused(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	cli_sayv(format, arguments);
	va_end(arguments);
	return COMMAND_USAGE;
}

void
cli_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	cli_sayv(format, arguments);
	va_end(arguments);
}
