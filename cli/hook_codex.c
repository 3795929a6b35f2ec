#include "cli/hook_codex.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "cli/child.h"
#include "cli/hook_settings.h"
#include "cli/json.h"

#include <sys/stat.h>

/* It reads its settings, opens its databases and listens to its plug-ins
 * first. */
#define CODEX_TIMEOUT (30 * USEC_PER_SEC)

/* A conversation: JSON-RPC without its version, a message a line. */
struct conversation {
	const struct hook_codex *codex;
	struct child child;
	unsigned asked; /* the number of the last question */
};

static void
conversation_close(struct conversation *talk)
{
	child_end(&talk->child);
}

/* The answer to the last question, to be put back; NULL and err. What Codex
 * says besides is passed over. */
static struct json_object *
answer_of(struct conversation *talk, struct error *err)
{
	struct slice line;
	int more;

	while ((more = child_line(&talk->child, &line, err)) == 1) {
		struct json_object *said = json_parse(line, err);

		if (said == NULL)
			return NULL;
		if (json_member(said, "method") == NULL &&
		    json_number(said, "id") == talk->asked)
			return said;
		json_object_put(said);
	}
	if (more == 0)
		error_set(err, ERROR_UNREACHABLE,
		    "%s has ended without an answer", talk->codex->program);
	return NULL;
}

/* Ask `method`, its parameters being JSON; NULL and err. */
static struct json_object *
ask(struct conversation *talk, const char *method, struct slice parameters,
    struct error *err)
{
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct json_object *answer;
	struct slice why;

	buf_addf(&line,
	    "{\"id\":%u,\"method\":\"%s\",\"params\":", ++talk->asked, method);
	buf_add_slice(&line, parameters);
	buf_add_str(&line, "}\n");
	if (child_say(&talk->child, buf_slice(&line), err) == -1)
		return NULL;
	answer = answer_of(talk, err);
	if (answer == NULL || json_member(answer, "result") != NULL)
		return answer;
	why = json_text(json_member(answer, "error"), "message");
	error_set(err, ERROR_CORRUPT, "codex app-server: %s: %.*s", method,
	    SLICE_ARG(why));
	json_object_put(answer);
	return NULL;
}

static int
conversation_open(struct conversation *talk, const struct hook_codex *codex,
    struct error *err)
{
	char *argv[] = { (char *)(uintptr_t)codex->program,
		(char *)(uintptr_t) "app-server", NULL };
	cleanup(json_putp) struct json_object *answer = NULL;

	*talk = (struct conversation){ .codex = codex };
	if (child_start(&talk->child, argv, CODEX_TIMEOUT, err) == -1)
		return -1;
	answer = ask(talk, "initialize",
	    SLICE_LITERAL("{\"clientInfo\":{\"name\":\"kruxos\","
			  "\"version\":\"" KRUXOS_VERSION "\"}}"),
	    err);
	if (answer == NULL)
		return -1;
	return child_say(
	    &talk->child, SLICE_LITERAL("{\"method\":\"initialized\"}\n"), err);
}

/* {"result":{"data":[{"cwd":…,"hooks":[…]}]}}: the answer, to be put back, and
 * in it the hooks; NULL and err. */
static struct json_object *
list_hooks(struct conversation *talk, struct json_object **ret_hooks,
    struct error *err)
{
	cleanup(buf_free) struct buf parameters = BUF_INIT;
	struct json_object *answer, *data;
	struct json_writer json;

	json_writer_init(&json, &parameters);
	json_writer_object(&json);
	json_writer_key(&json, "cwds");
	json_writer_array(&json);
	json_writer_text(&json, talk->codex->folder);
	json_writer_end_array(&json);
	json_writer_end_object(&json);
	answer = ask(talk, "hooks/list", buf_slice(&parameters), err);
	if (answer == NULL)
		return NULL;
	data = json_member(json_member(answer, "result"), "data");
	*ret_hooks =
	    json_length(data) == 0
		? NULL
		: json_member(json_object_array_get_idx(data, 0), "hooks");
	return answer;
}

/* Codex may have another name for the file: by the links to it. */
static bool
is_file(struct json_object *hook, const char *path)
{
	struct json_object *source = json_member(hook, "sourcePath");
	struct stat theirs, ours;

	return source != NULL &&
	       stat(json_object_get_string(source), &theirs) == 0 &&
	       stat(path, &ours) == 0 && theirs.st_dev == ours.st_dev &&
	       theirs.st_ino == ours.st_ino;
}

static bool
is_ours(const struct hook_codex *codex, struct json_object *hook)
{
	return is_file(hook, codex->path) &&
	       hook_settings_is_ours(
		   json_text(hook, "command"), hook_agent_find("codex"));
}

/* What the administrator has put there needs nobody's approval. */
static bool
is_trusted(struct json_object *hook)
{
	struct slice status = json_text(hook, "trustStatus");

	return slice_is(status, "trusted") || slice_is(status, "managed");
}

static int
look(struct conversation *talk, struct hook_codex_trust *ret, struct error *err)
{
	struct json_object *hooks = NULL;
	cleanup(json_putp) struct json_object *answer =
	    list_hooks(talk, &hooks, err);

	if (answer == NULL)
		return -1;
	*ret = (struct hook_codex_trust){ 0 };
	for (size_t i = 0; i < json_length(hooks); i++) {
		struct json_object *hook = json_object_array_get_idx(hooks, i);

		if (!is_ours(talk->codex, hook))
			continue;
		ret->hooks++;
		ret->trusted += is_trusted(hook);
	}
	return 0;
}

int
hook_codex_look(const struct hook_codex *codex, struct hook_codex_trust *ret,
    struct error *err)
{
	cleanup(conversation_close) struct conversation talk;

	if (conversation_open(&talk, codex, err) == -1)
		return -1;
	return look(&talk, ret, err);
}

/* One edit of config.toml: the states of our hooks. */
static int
write_states(
    struct conversation *talk, const struct buf *edits, struct error *err)
{
	cleanup(buf_free) struct buf parameters = BUF_INIT;
	cleanup(json_putp) struct json_object *answer = NULL;

	buf_addf(&parameters, "{\"edits\":[%s]}", edits->data);
	answer = ask(talk, "config/batchWrite", buf_slice(&parameters), err);
	return answer == NULL ? -1 : 0;
}

/* hooks.state."KEY", for a path of Codex's settings; false: the key has what
 * cannot stand in one. */
static bool
add_state_path(struct slice key, struct buf *out)
{
	if (key.len == 0 || memchr(key.data, '"', key.len) != NULL ||
	    memchr(key.data, '\\', key.len) != NULL)
		return false;
	buf_addf(out, "hooks.state.\"%.*s\"", SLICE_ARG(key));
	return true;
}

/* {"keyPath":…,"value":…,"mergeStrategy":…}: the hash approved, or, without
 * one, nothing of the hook any more. */
static void
add_edit(struct json_object *hook, bool is_approved, struct buf *edits)
{
	cleanup(buf_free) struct buf path = BUF_INIT;
	struct json_writer json;

	if (!add_state_path(json_text(hook, "key"), &path))
		return;
	if (edits->len > 0)
		buf_add_char(edits, ',');
	json_writer_init(&json, edits);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "keyPath", buf_slice(&path));
	json_writer_key(&json, "value");
	if (is_approved) {
		json_writer_object(&json);
		json_writer_pair_slice(
		    &json, "trusted_hash", json_text(hook, "currentHash"));
		json_writer_end_object(&json);
	} else {
		json_writer_null(&json);
	}
	json_writer_pair(
	    &json, "mergeStrategy", is_approved ? "upsert" : "replace");
	json_writer_end_object(&json);
}

/* Write the states of ours: of those that run `command` and are not trusted,
 * as approved; {NULL, 0}: of all that are, as forgotten. */
static int
change_states(
    struct conversation *talk, struct slice command, struct error *err)
{
	struct json_object *hooks = NULL;
	cleanup(json_putp) struct json_object *answer =
	    list_hooks(talk, &hooks, err);
	cleanup(buf_free) struct buf edits = BUF_INIT;
	bool is_approved = command.data != NULL;

	if (answer == NULL)
		return -1;
	for (size_t i = 0; i < json_length(hooks); i++) {
		struct json_object *hook = json_object_array_get_idx(hooks, i);

		if (is_ours(talk->codex, hook) &&
		    is_trusted(hook) != is_approved &&
		    (!is_approved ||
			slice_equal(json_text(hook, "command"), command)))
			add_edit(hook, is_approved, &edits);
	}
	return edits.len == 0 ? 0 : write_states(talk, &edits, err);
}

int
hook_codex_approve(const struct hook_codex *codex, struct slice command,
    struct hook_codex_trust *ret, struct error *err)
{
	cleanup(conversation_close) struct conversation talk;

	if (conversation_open(&talk, codex, err) == -1 ||
	    change_states(&talk, command, err) == -1)
		return -1;
	return look(&talk, ret, err);
}

int
hook_codex_forget(const struct hook_codex *codex, struct error *err)
{
	cleanup(conversation_close) struct conversation talk;

	if (conversation_open(&talk, codex, err) == -1)
		return -1;
	return change_states(&talk, (struct slice){ NULL, 0 }, err);
}
