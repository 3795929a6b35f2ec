#include "cli/hook_command.h"

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "cli/opencode_plugin.h"

#define PLAIN                                                  \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789-._/:@%+=,"

/* Of the plug-in: what stands around the words that it runs. */
#define PLUGIN_BEGIN "const command = "
#define PLUGIN_END   ";\n"

const char *
hook_command_find_program(struct arena *arena, struct error *err)
{
	cleanup(cleanup_free) char *self = realpath("/proc/self/exe", NULL);
	const char *hook;

	if (self == NULL) {
		error_set_errno(err, "/proc/self/exe");
		return NULL;
	}
	*strrchr(self, '/') = '\0';
	hook = arena_printf(arena, "%s/kruxos-hook", self);
	if (access(hook, X_OK) == 0)
		return hook;
	error_set(err, ERROR_NOT_FOUND, "%s is not there", hook);
	return NULL;
}

void
hook_command_add(struct hook_command *command, const char *word)
{
	if (command->count < HOOK_COMMAND_WORDS)
		command->words[command->count++] = word;
}

static void
add_quoted(const char *word, struct buf *out)
{
	if (*word != '\0' && word[strspn(word, PLAIN)] == '\0') {
		buf_add_str(out, word);
		return;
	}
	buf_add_char(out, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_add_str(out, "'\\''");
		else
			buf_add_char(out, *word);
	}
	buf_add_char(out, '\'');
}

void
hook_command_join(const struct hook_command *command, struct buf *out)
{
	for (size_t i = 0; i < command->count; i++) {
		if (i > 0)
			buf_add_char(out, ' ');
		add_quoted(command->words[i], out);
	}
}

/* Take a word away from `text`, its quotes from the word. */
static void
take_word(struct slice *text, struct buf *ret)
{
	char quote = '\0';
	size_t at = 0;

	for (; at < text->len; at++) {
		char c = text->data[at];

		if (c == quote)
			quote = '\0';
		else if (quote == '\0' && (c == '\'' || c == '"'))
			quote = c;
		else if (quote == '\0' && c == ' ')
			break;
		else if (c == '\\' && quote != '\'' && at + 1 < text->len)
			buf_add_char(ret, text->data[++at]);
		else
			buf_add_char(ret, c);
	}
	text->data += at;
	text->len -= at;
}

void
hook_command_split(
    struct hook_command *command, struct slice text, struct arena *arena)
{
	command->count = 0;
	while (text.len > 0) {
		cleanup(buf_free) struct buf word = BUF_INIT;

		if (*text.data == ' ') {
			text.data++;
			text.len--;
			continue;
		}
		take_word(&text, &word);
		hook_command_add(
		    command, arena_copy(arena, word.data, word.len));
	}
}

const char *
hook_command_agent_name(
    const struct hook_command *command, const struct hook_agent *agent)
{
	static const char option[] = "--name=";

	for (size_t i = 1; i < command->count; i++) {
		const char *word = command->words[i];

		if (strncmp(word, option, strlen(option)) == 0)
			return word + strlen(option);
		if (strcmp(word, "--name") == 0 && i + 1 < command->count)
			return command->words[i + 1];
	}
	return agent->name;
}

void
hook_command_plugin(const struct hook_command *command, struct buf *out)
{
	const char *begin = strstr(opencode_plugin, PLUGIN_BEGIN);
	const char *end = strstr(begin, PLUGIN_END);
	struct json_writer json;

	begin += strlen(PLUGIN_BEGIN);
	buf_add(out, opencode_plugin, (size_t)(begin - opencode_plugin));
	json_writer_init(&json, out);
	json_writer_array(&json);
	for (size_t i = 0; i < command->count; i++)
		json_writer_text(&json, command->words[i]);
	json_writer_end_array(&json);
	buf_add_str(out, end);
}

/* The words of the array `text`. */
static bool
read_words(struct hook_command *command, struct slice text, struct arena *arena)
{
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	struct error err = { 0 };
	const struct json_node *word;

	command->count = 0;
	if (json_reader_read(&reader, text, &err) == -1 ||
	    reader.nodes[0].type != JSON_ARRAY)
		return false;
	for (word = json_reader_first(&reader, reader.nodes); word != NULL;
	     word = json_reader_next(&reader, reader.nodes, word))
		if (word->type == JSON_STRING)
			hook_command_add(command,
			    arena_copy(arena, word->text.data, word->text.len));
	return command->count > 1;
}

bool
hook_command_of_plugin(
    struct hook_command *command, struct slice text, struct arena *arena)
{
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	const char *begin, *end;

	buf_add_slice(&bytes, text);
	begin = strstr(bytes.data, PLUGIN_BEGIN);
	if (begin == NULL)
		return false;
	begin += strlen(PLUGIN_BEGIN);
	end = strstr(begin, PLUGIN_END);
	return end != NULL &&
	       read_words(command,
		   (struct slice){ begin, (size_t)(end - begin) }, arena) &&
	       strstr(command->words[0], "kruxos-hook") != NULL;
}
