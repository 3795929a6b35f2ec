/* How a value is put in and taken out.
 *
 * The text is read with its comments and its commas too many made blanks, so
 * that the strict reader takes it and each value still stands at its own place
 * of the user's text. One splice is made, and the text is read anew for the
 * next: settings are small, and a place is good for one change only.
 */
#include "cli/hook_settings.h"

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "base/json_writer.h"

#define WHITE_SPACE " \t\r\n"

/* --- reading ------------------------------------------------------------ */

struct settings {
	struct buf text;   /* as the user has it */
	struct buf commas; /* the same length: comments are blanks */
	struct buf bare;   /* commas before a bracket are blanks, too */
	struct buf unit;   /* by what a value is indented */
	struct json_reader reader;
};

static void
settings_free(struct settings *settings)
{
	buf_free(&settings->text);
	buf_free(&settings->commas);
	buf_free(&settings->bare);
	buf_free(&settings->unit);
	json_reader_free(&settings->reader);
}

static void
settings_init(struct settings *settings)
{
	*settings = (struct settings){ .text = BUF_INIT,
		.commas = BUF_INIT,
		.bare = BUF_INIT,
		.unit = BUF_INIT,
		.reader = JSON_READER_INIT };
}

static bool
is_space(char c)
{
	return c != '\0' && strchr(WHITE_SPACE, c) != NULL;
}

/* Where the string that begins at `at` has ended. */
static size_t
string_end(const struct buf *text, size_t at)
{
	for (at++; at < text->len && text->data[at] != '"'; at++)
		at += text->data[at] == '\\' && at + 1 < text->len;
	return at < text->len ? at + 1 : text->len;
}

/* How long the comment at `at` is; 0: there is none. */
static size_t
comment_bytes(const struct buf *text, size_t at)
{
	const char *begin = text->data + at, *end;

	if (strncmp(begin, "//", 2) == 0)
		return strcspn(begin, "\n");
	if (strncmp(begin, "/*", 2) != 0)
		return 0;
	end = strstr(begin + 2, "*/");
	return end == NULL ? 0 : (size_t)(end + 2 - begin);
}

static void
blank(struct buf *text, size_t at, size_t len)
{
	for (size_t i = at; i < at + len; i++)
		if (!is_space(text->data[i]))
			text->data[i] = ' ';
}

static void
blank_comments(struct buf *text)
{
	for (size_t at = 0; at < text->len;) {
		size_t len = comment_bytes(text, at);

		blank(text, at, len);
		if (len > 0)
			at += len;
		else
			at = text->data[at] == '"' ? string_end(text, at)
						   : at + 1;
	}
}

static void
blank_last_commas(struct buf *text)
{
	for (size_t at = 0; at < text->len;) {
		const char *next = text->data + at + 1;

		if (text->data[at] == '"') {
			at = string_end(text, at);
			continue;
		}
		if (text->data[at] == ',') {
			next += strspn(next, WHITE_SPACE);
			if (*next == ']' || *next == '}')
				text->data[at] = ' ';
		}
		at++;
	}
}

/* What stands before the first value that is indented; else two blanks. */
static void
find_unit(struct settings *settings)
{
	const char *line = strchr(settings->text.data, '\n');

	buf_reset(&settings->unit);
	for (; line != NULL; line = strchr(line + 1, '\n')) {
		size_t len = strspn(line + 1, " \t");

		if (len == 0 || is_space(line[1 + len]))
			continue;
		buf_add(&settings->unit, line + 1, len);
		return;
	}
	buf_add_str(&settings->unit, "  ");
}

/* Read `text` anew. */
static int
settings_read(struct settings *settings, struct slice text, struct error *err)
{
	struct buf copy = BUF_INIT;

	buf_add_slice(&copy, text);
	buf_free(&settings->text);
	settings->text = copy;
	buf_reset(&settings->commas);
	buf_add_slice(&settings->commas, text);
	blank_comments(&settings->commas);
	buf_reset(&settings->bare);
	buf_add_slice(&settings->bare, buf_slice(&settings->commas));
	blank_last_commas(&settings->bare);
	if (json_reader_read(
		&settings->reader, buf_slice(&settings->bare), err) == -1)
		return -1;
	if (settings->reader.nodes[0].type == JSON_OBJECT)
		return 0;
	return error_set(err, ERROR_WRONG_TYPE,
	    "settings are an object, and this is %s",
	    json_type_name(settings->reader.nodes[0].type));
}

/* The same of what an agent's file may be: it may be empty, too. */
static int
settings_open(
    struct settings *settings, const struct buf *text, struct error *err)
{
	if (strlen(text->data) != text->len)
		return error_set(err, ERROR_BAD_JSON,
		    "a NUL stands in it, at byte %zu", strlen(text->data) + 1);
	if (settings_read(settings,
		strspn(text->data, WHITE_SPACE) == text->len
		    ? SLICE_LITERAL("{}\n")
		    : buf_slice(text),
		err) == -1)
		return -1;
	find_unit(settings);
	return 0;
}

/* --- changing ----------------------------------------------------------- */

static size_t
begin_of(const struct settings *settings, const struct json_node *container)
{
	return (size_t)(container->text.data - settings->bare.data);
}

static size_t
close_of(const struct settings *settings, const struct json_node *container)
{
	return begin_of(settings, container) + container->text.len - 1;
}

/* Put `with` in the place of `len` bytes at `at`. */
static int
splice(struct settings *settings, size_t at, size_t len, struct slice with,
    struct error *err)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	buf_add(&out, settings->text.data, at);
	buf_add_slice(&out, with);
	buf_add(&out, settings->text.data + at + len,
	    settings->text.len - at - len);
	return settings_read(settings, buf_slice(&out), err);
}

/* The first place behind `at` towards `end` where `text` is not blank. */
static size_t
skip_space(const struct buf *text, size_t at, size_t end)
{
	while (at < end && is_space(text->data[at]))
		at++;
	return at;
}

/* The same backwards: what stands before the place returned is not blank. */
static size_t
skip_space_back(const struct buf *text, size_t at, size_t begin)
{
	while (at > begin && is_space(text->data[at - 1]))
		at--;
	return at;
}

static void
add_line(const struct settings *settings, size_t depth, struct slice words,
    struct buf *out)
{
	buf_add_char(out, '\n');
	for (size_t i = 0; i < depth; i++)
		buf_add_slice(out, buf_slice(&settings->unit));
	buf_add_slice(out, words);
}

/* Put `child` behind the last of the container, which lies `depth` deep. */
static int
append(struct settings *settings, const struct json_node *container,
    size_t depth, struct slice child, struct error *err)
{
	size_t begin = begin_of(settings, container) + 1;
	size_t close = close_of(settings, container);
	size_t last = skip_space_back(&settings->bare, close, begin);
	size_t comma = skip_space(&settings->commas, last, close);
	cleanup(buf_free) struct buf added = BUF_INIT;

	if (container->children == 0) { /* but there may be comments */
		last = skip_space_back(&settings->text, close, begin);
		add_line(settings, depth + 1, child, &added);
		add_line(settings, depth, SLICE_LITERAL(""), &added);
		return splice(
		    settings, last, close - last, buf_slice(&added), err);
	}
	/* Where the last has a comma, so has the new one. */
	if (comma < close)
		last = comma + 1;
	else
		buf_add_char(&added, ',');
	add_line(settings, depth + 1, child, &added);
	if (comma < close)
		buf_add_char(&added, ',');
	return splice(settings, last, 0, buf_slice(&added), err);
}

/* Where the member begins whose value begins at `value`: at its key's quote. */
static size_t
key_begin(const struct settings *settings, size_t value)
{
	const struct buf *bare = &settings->bare;
	size_t at = skip_space_back(bare, value, 0) - 1; /* the colon */

	at = skip_space_back(bare, at, 0) - 1; /* the last quote */
	for (at--; at > 0; at--) {
		size_t slashes = 0;

		while (slashes < at && bare->data[at - 1 - slashes] == '\\')
			slashes++;
		if (bare->data[at] == '"' && slashes % 2 == 0)
			break;
	}
	return at;
}

/* The only child goes, and the blanks around it. */
static int
take_only(struct settings *settings, const struct json_node *container,
    size_t begin, size_t end, struct error *err)
{
	size_t first = begin_of(settings, container) + 1;
	size_t close = close_of(settings, container);

	begin = skip_space_back(&settings->text, begin, first);
	if (skip_space(&settings->commas, end, close) < close)
		end = skip_space(&settings->commas, end, close) + 1;
	if (begin == first && skip_space(&settings->text, end, close) == close)
		end = close;
	return splice(settings, begin, end - begin, SLICE_LITERAL(""), err);
}

/* The last child goes, and the comma before it; one behind it stays, as there
 * was one. */
static int
take_last(
    struct settings *settings, size_t begin, size_t end, struct error *err)
{
	size_t comma = skip_space_back(&settings->bare, begin, 0) - 1;
	size_t close = skip_space(&settings->commas, end, settings->text.len);

	begin = skip_space_back(&settings->text, begin, 0);
	if (settings->commas.data[close] == ',')
		return splice(
		    settings, begin, close + 1 - begin, SLICE_LITERAL(""), err);
	if (comma + 1 == begin)
		return splice(
		    settings, comma, end - comma, SLICE_LITERAL(""), err);
	/* A comment stands between them. */
	if (splice(settings, begin, end - begin, SLICE_LITERAL(""), err) == -1)
		return -1;
	if (settings->commas.data[comma] != ',')
		return 0;
	return splice(settings, comma, 1, SLICE_LITERAL(""), err);
}

/* Take a child out of its container: of an object with its key. */
static int
take(struct settings *settings, const struct json_node *container,
    const struct json_node *child, struct error *err)
{
	size_t begin = (size_t)(child->text.data - settings->bare.data);
	size_t end = begin + child->text.len;
	size_t next;

	if (container->type == JSON_OBJECT)
		begin = key_begin(settings, begin);
	if (container->children == 1)
		return take_only(settings, container, begin, end, err);
	if (json_reader_next(&settings->reader, container, child) == NULL)
		return take_last(settings, begin, end, err);
	next = skip_space(&settings->commas, end, settings->text.len) + 1;
	next = skip_space(&settings->text, next, settings->text.len);
	return splice(settings, begin, next - begin, SLICE_LITERAL(""), err);
}

/* --- our hooks ---------------------------------------------------------- */

/* A hook and what it stands in. */
struct place {
	const struct json_node *hooks; /* the member "hooks" of the settings */
	const struct json_node *event; /* the array of one event */
	const struct json_node *group; /* NULL: the format has none */
	const struct json_node *list;  /* the array that the hook stands in */
	const struct json_node *hook;
	unsigned skip; /* how many of ours to pass over */
};

static const struct json_node *
member(const struct settings *settings, const struct json_node *parent,
    const char *key, enum json_node_type type)
{
	const struct json_node *node;

	if (parent == NULL || parent->type != JSON_OBJECT)
		return NULL;
	node = json_reader_member(&settings->reader, parent, key);
	return node == NULL || node->type != type ? NULL : node;
}

static const struct json_node *
hooks_of(const struct settings *settings)
{
	return member(settings, settings->reader.nodes, "hooks", JSON_OBJECT);
}

/* " codex" and what may follow, behind "kruxos-hook", quoted or not. */
static bool
names_agent(const char *words, const char *agent)
{
	size_t len = strlen(agent);

	words += strspn(words, "'\"");
	if (*words != ' ')
		return false;
	words += strspn(words, " ");
	return strncmp(words, agent, len) == 0 &&
	       (words[len] == '\0' || words[len] == ' ');
}

bool
hook_settings_is_ours(struct slice command, const struct hook_agent *agent)
{
	static const char program[] = "kruxos-hook";
	cleanup(buf_free) struct buf words = BUF_INIT;
	const char *at;

	buf_add_slice(&words, command);
	for (at = words.data; (at = strstr(at, program)) != NULL; at++)
		if ((at == words.data || strchr("/'\" ", at[-1]) != NULL) &&
		    names_agent(at + sizeof(program) - 1, agent->name))
			return true;
	return false;
}

static bool
is_ours(const struct settings *settings, const struct hook_agent *agent,
    const struct json_node *hook)
{
	const struct json_node *command =
	    member(settings, hook, "command", JSON_STRING);

	return command != NULL && hook_settings_is_ours(command->text, agent);
}

/* The first of ours in `place->list`. */
static bool
find_in_list(const struct settings *settings, const struct hook_agent *agent,
    struct place *place)
{
	const struct json_reader *reader = &settings->reader;

	for (place->hook = json_reader_first(reader, place->list);
	     place->hook != NULL;
	     place->hook = json_reader_next(reader, place->list, place->hook))
		if (is_ours(settings, agent, place->hook) && place->skip-- == 0)
			return true;
	return false;
}

/* The first of ours in `place->event`. */
static bool
find_in_event(const struct settings *settings, const struct hook_agent *agent,
    struct place *place)
{
	const struct json_reader *reader = &settings->reader;

	if (place->event->type != JSON_ARRAY)
		return false;
	place->group = NULL;
	place->list = place->event;
	if (agent->format == HOOK_LIST)
		return find_in_list(settings, agent, place);
	for (place->group = json_reader_first(reader, place->event);
	     place->group != NULL; place->group = json_reader_next(
				       reader, place->event, place->group)) {
		place->list =
		    member(settings, place->group, "hooks", JSON_ARRAY);
		if (place->list != NULL && find_in_list(settings, agent, place))
			return true;
	}
	return false;
}

/* That of ours of the event `name` before which there are `skip`. */
static bool
find(const struct settings *settings, const struct hook_agent *agent,
    struct slice name, unsigned skip, struct place *place)
{
	const struct json_reader *reader = &settings->reader;

	place->skip = skip;
	place->hooks = hooks_of(settings);
	if (place->hooks == NULL)
		return false;
	for (place->event = json_reader_first(reader, place->hooks);
	     place->event != NULL; place->event = json_reader_next(
				       reader, place->hooks, place->event))
		if (slice_equal(place->event->key, name) &&
		    find_in_event(settings, agent, place))
			return true;
	return false;
}

/* Take the hook out, and what it alone stands in. */
static int
take_hook(
    struct settings *settings, const struct place *place, struct error *err)
{
	if (place->list->children > 1)
		return take(settings, place->list, place->hook, err);
	if (place->group != NULL && place->event->children > 1)
		return take(settings, place->event, place->group, err);
	if (place->hooks->children > 1)
		return take(settings, place->hooks, place->event, err);
	return take(settings, settings->reader.nodes, place->hooks, err);
}

/* Take out all of ours of the event. Returns how many, or -1. */
static int
take_hooks(struct settings *settings, const struct hook_agent *agent,
    struct slice event, struct error *err)
{
	struct place place;
	int count = 0;

	for (; find(settings, agent, event, 0, &place); count++)
		if (take_hook(settings, &place, err) == -1)
			return -1;
	return count;
}

/* A matcher that matches all is none. */
static bool
matches_all(const struct settings *settings, const struct json_node *group)
{
	const struct json_node *matcher;

	if (group == NULL)
		return true;
	matcher = json_reader_member(&settings->reader, group, "matcher");
	return matcher == NULL || matcher->text.len == 0 ||
	       slice_is(matcher->text, "*");
}

static unsigned
timeout_of(const struct hook_agent *agent, const struct hook_event *event)
{
	return event->timeout_seconds * agent->ticks;
}

/* Is the event's one hook of ours what it would be if it were made now? */
static bool
is_right(const struct settings *settings, const struct hook_agent *agent,
    const struct hook_event *event, struct slice command)
{
	cleanup(buf_free) struct buf timeout = BUF_INIT;
	const struct json_node *found, *limit;
	struct place place;

	/* A second one would tell of each call twice. */
	if (find(settings, agent, slice_of(event->name), 1, &place) ||
	    !find(settings, agent, slice_of(event->name), 0, &place) ||
	    !matches_all(settings, place.group))
		return false;
	found = member(settings, place.hook, "command", JSON_STRING);
	limit = member(settings, place.hook, "timeout", JSON_NUMBER);
	buf_add_u64(&timeout, timeout_of(agent, event));
	return slice_equal(found->text, command) && limit != NULL &&
	       slice_equal(limit->text, buf_slice(&timeout));
}

/* { "type": "command", "command": "…", "timeout": 10 }, in its group */
static void
add_hook(const struct hook_agent *agent, const struct hook_event *event,
    struct slice command, struct buf *out)
{
	bool has_group = agent->format == HOOK_GROUPS;

	buf_add_str(
	    out, has_group ? "{ \"hooks\": [{ \"type\": \"command\", " : "{ ");
	buf_add_str(out, "\"command\": \"");
	json_writer_escape(out, command);
	buf_addf(out, "\", \"timeout\": %u }%s", timeout_of(agent, event),
	    has_group ? "] }" : "");
}

/* The array of the event, made if it is missing; NULL and err. */
static const struct json_node *
event_list(struct settings *settings, const char *event, struct error *err)
{
	cleanup(buf_free) struct buf made = BUF_INIT;
	const struct json_node *hooks = hooks_of(settings), *list;

	if (hooks == NULL) {
		if (append(settings, settings->reader.nodes, 0,
			SLICE_LITERAL("\"hooks\": {}"), err) == -1)
			return NULL;
		hooks = hooks_of(settings);
	}
	list = member(settings, hooks, event, JSON_ARRAY);
	if (list != NULL)
		return list;
	buf_addf(&made, "\"%s\": []", event);
	if (append(settings, hooks, 1, buf_slice(&made), err) == -1)
		return NULL;
	return member(settings, hooks_of(settings), event, JSON_ARRAY);
}

static int
put_hook(struct settings *settings, const struct hook_agent *agent,
    const struct hook_event *event, struct slice command, struct error *err)
{
	cleanup(buf_free) struct buf hook = BUF_INIT;
	const struct json_node *list = event_list(settings, event->name, err);

	if (list == NULL)
		return -1;
	add_hook(agent, event, command, &hook);
	return append(settings, list, 2, buf_slice(&hook), err);
}

static void
note(struct buf *changes, char sign, struct slice event)
{
	buf_addf(changes, "  %c %.*s\n", sign, SLICE_ARG(event));
}

static bool
has_event(const struct hook_agent *agent, struct slice name)
{
	for (const struct hook_event *event = agent->events;
	     event->name != NULL; event++)
		if (slice_is(name, event->name))
			return true;
	return false;
}

/* An event that has a hook of ours, and, unless `any`, is none of the agent's
 * that are registered; NULL: there is none. */
static const struct json_node *
find_event(
    const struct settings *settings, const struct hook_agent *agent, bool any)
{
	const struct json_reader *reader = &settings->reader;
	struct place place = { .hooks = hooks_of(settings) };

	if (place.hooks == NULL)
		return NULL;
	for (place.event = json_reader_first(reader, place.hooks);
	     place.event != NULL;
	     place.event = json_reader_next(reader, place.hooks, place.event))
		if ((any || !has_event(agent, place.event->key)) &&
		    find_in_event(settings, agent, &place))
			return place.event;
	return NULL;
}

/* Take out what is ours of such events. */
static int
take_events(struct settings *settings, const struct hook_agent *agent, bool any,
    struct buf *changes, struct error *err)
{
	const struct json_node *event;

	while ((event = find_event(settings, agent, any)) != NULL) {
		cleanup(buf_free) struct buf name = BUF_INIT;

		buf_add_slice(&name, event->key);
		if (take_hooks(settings, agent, buf_slice(&name), err) == -1)
			return -1;
		note(changes, '-', buf_slice(&name));
	}
	return 0;
}

/* What is there under a name of ours must be what it is by the agent's own
 * rules, or what is put beside it would break the file. */
static int
check_shape(const struct settings *settings, const struct hook_agent *agent,
    struct error *err)
{
	const struct json_reader *reader = &settings->reader;
	const struct json_node *hooks =
	    json_reader_member(reader, reader->nodes, "hooks");
	const struct json_node *list;

	if (hooks == NULL)
		return 0;
	if (hooks->type != JSON_OBJECT)
		return error_set(err, ERROR_WRONG_TYPE,
		    "\"hooks\" should be an object, and is %s",
		    json_type_name(hooks->type));
	for (const struct hook_event *event = agent->events;
	     event->name != NULL; event++) {
		list = json_reader_member(reader, hooks, event->name);
		if (list != NULL && list->type != JSON_ARRAY)
			return error_set(err, ERROR_WRONG_TYPE,
			    "\"hooks\".\"%s\" should be an array, and is %s",
			    event->name, json_type_name(list->type));
	}
	return 0;
}

/* --- what is exported --------------------------------------------------- */

static int
install(struct settings *settings, const struct hook_agent *agent,
    struct slice command, struct buf *changes, struct error *err)
{
	if (check_shape(settings, agent, err) == -1 ||
	    take_events(settings, agent, false, changes, err) == -1)
		return -1;
	if (agent->format == HOOK_LIST &&
	    json_reader_member(
		&settings->reader, settings->reader.nodes, "version") == NULL &&
	    append(settings, settings->reader.nodes, 0,
		SLICE_LITERAL("\"version\": 1"), err) == -1)
		return -1;
	for (const struct hook_event *event = agent->events;
	     event->name != NULL; event++) {
		int taken;

		if (is_right(settings, agent, event, command))
			continue;
		taken = take_hooks(settings, agent, slice_of(event->name), err);
		if (taken == -1 ||
		    put_hook(settings, agent, event, command, err) == -1)
			return -1;
		note(changes, taken > 0 ? '~' : '+', slice_of(event->name));
	}
	return 0;
}

int
hook_settings_install(struct slice text, const struct hook_agent *agent,
    struct slice command, struct buf *ret, struct buf *changes,
    struct error *err)
{
	cleanup(settings_free) struct settings settings;
	cleanup(buf_free) struct buf bytes = BUF_INIT;

	settings_init(&settings);
	buf_add_slice(&bytes, text);
	if (settings_open(&settings, &bytes, err) == -1 ||
	    install(&settings, agent, command, changes, err) == -1)
		return -1;
	buf_add_slice(ret, buf_slice(&settings.text));
	return 0;
}

/* Is nothing left that we did not put there? */
static bool
is_empty(const struct settings *settings)
{
	const struct json_node *root = settings->reader.nodes;
	const struct json_node *only =
	    json_reader_first(&settings->reader, root);

	/* A comment is somebody's. */
	if (!slice_equal(
		buf_slice(&settings->text), buf_slice(&settings->commas)))
		return false;
	return only == NULL ||
	       (root->children == 1 && slice_is(only->key, "version"));
}

int
hook_settings_uninstall(struct slice text, const struct hook_agent *agent,
    struct buf *ret, struct buf *changes, struct error *err)
{
	cleanup(settings_free) struct settings settings;
	cleanup(buf_free) struct buf bytes = BUF_INIT;

	settings_init(&settings);
	buf_add_slice(&bytes, text);
	if (settings_open(&settings, &bytes, err) == -1 ||
	    take_events(&settings, agent, true, changes, err) == -1)
		return -1;
	if (changes->len == 0)
		buf_add_slice(ret, text);
	else if (!is_empty(&settings))
		buf_add_slice(ret, buf_slice(&settings.text));
	return 0;
}

/* "hooksConfig.enabled": is it there, and of the value that turns hooks off? */
static bool
is_off(const struct settings *settings, const struct hook_agent *agent)
{
	const struct json_node *node = settings->reader.nodes;
	const char *name = agent->off_switch;

	while (name != NULL && node != NULL && node->type == JSON_OBJECT) {
		size_t len = strcspn(name, ".");
		char key[64];

		snprintf(key, sizeof(key), "%.*s", (int)len, name);
		node = json_reader_member(&settings->reader, node, key);
		name = name[len] == '.' ? name + len + 1 : NULL;
	}
	return agent->off_switch != NULL && name == NULL && node != NULL &&
	       node->type == (agent->off_value ? JSON_TRUE : JSON_FALSE);
}

int
hook_settings_look(struct slice text, const struct hook_agent *agent,
    struct hook_settings_found *ret, struct error *err)
{
	cleanup(settings_free) struct settings settings;
	cleanup(buf_free) struct buf bytes = BUF_INIT;

	settings_init(&settings);
	buf_add_slice(&bytes, text);
	if (settings_open(&settings, &bytes, err) == -1)
		return -1;
	ret->is_off = is_off(&settings, agent);
	for (const struct hook_event *event = agent->events;
	     event->name != NULL; event++) {
		struct place place;

		if (!find(&settings, agent, slice_of(event->name), 0, &place))
			continue;
		if (ret->events++ == 0)
			buf_add_slice(
			    &ret->command, member(&settings, place.hook,
					       "command", JSON_STRING)
					       ->text);
	}
	return 0;
}
