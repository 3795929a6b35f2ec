#include "cli/hook_settings.h"

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "cli/settings_text.h"

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
member(const struct settings_text *settings, const struct json_node *parent,
    const char *key, enum json_node_type type)
{
	const struct json_node *node;

	if (parent == NULL || parent->type != JSON_OBJECT)
		return NULL;
	node = json_reader_member(&settings->reader, parent, key);
	return node == NULL || node->type != type ? NULL : node;
}

static const struct json_node *
hooks_of(const struct settings_text *settings)
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
is_ours(const struct settings_text *settings, const struct hook_agent *agent,
    const struct json_node *hook)
{
	const struct json_node *command =
	    member(settings, hook, "command", JSON_STRING);

	return command != NULL && hook_settings_is_ours(command->text, agent);
}

/* The first of ours in `place->list`. */
static bool
find_in_list(const struct settings_text *settings,
    const struct hook_agent *agent, struct place *place)
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
find_in_event(const struct settings_text *settings,
    const struct hook_agent *agent, struct place *place)
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
find(const struct settings_text *settings, const struct hook_agent *agent,
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
take_hook(struct settings_text *settings, const struct place *place,
    struct error *err)
{
	if (place->list->children > 1)
		return settings_text_take(
		    settings, place->list, place->hook, err);
	if (place->group != NULL && place->event->children > 1)
		return settings_text_take(
		    settings, place->event, place->group, err);
	if (place->hooks->children > 1)
		return settings_text_take(
		    settings, place->hooks, place->event, err);
	return settings_text_take(
	    settings, settings->reader.nodes, place->hooks, err);
}

/* Take out all of ours of the event. Returns how many, or -1. */
static int
take_hooks(struct settings_text *settings, const struct hook_agent *agent,
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
matches_all(const struct settings_text *settings, const struct json_node *group)
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
is_right(const struct settings_text *settings, const struct hook_agent *agent,
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
event_list(struct settings_text *settings, const char *event, struct error *err)
{
	cleanup(buf_free) struct buf made = BUF_INIT;
	const struct json_node *hooks = hooks_of(settings), *list;

	if (hooks == NULL) {
		if (settings_text_append(settings, settings->reader.nodes, 0,
			SLICE_LITERAL("\"hooks\": {}"), err) == -1)
			return NULL;
		hooks = hooks_of(settings);
	}
	list = member(settings, hooks, event, JSON_ARRAY);
	if (list != NULL)
		return list;
	buf_addf(&made, "\"%s\": []", event);
	if (settings_text_append(settings, hooks, 1, buf_slice(&made), err) ==
	    -1)
		return NULL;
	return member(settings, hooks_of(settings), event, JSON_ARRAY);
}

static int
put_hook(struct settings_text *settings, const struct hook_agent *agent,
    const struct hook_event *event, struct slice command, struct error *err)
{
	cleanup(buf_free) struct buf hook = BUF_INIT;
	const struct json_node *list = event_list(settings, event->name, err);

	if (list == NULL)
		return -1;
	add_hook(agent, event, command, &hook);
	return settings_text_append(settings, list, 2, buf_slice(&hook), err);
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
find_event(const struct settings_text *settings, const struct hook_agent *agent,
    bool any)
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
take_events(struct settings_text *settings, const struct hook_agent *agent,
    bool any, struct buf *changes, struct error *err)
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
check_shape(const struct settings_text *settings,
    const struct hook_agent *agent, struct error *err)
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
install(struct settings_text *settings, const struct hook_agent *agent,
    struct slice command, struct buf *changes, struct error *err)
{
	if (check_shape(settings, agent, err) == -1 ||
	    take_events(settings, agent, false, changes, err) == -1)
		return -1;
	if (agent->format == HOOK_LIST &&
	    json_reader_member(
		&settings->reader, settings->reader.nodes, "version") == NULL &&
	    settings_text_append(settings, settings->reader.nodes, 0,
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
	cleanup(settings_text_free) struct settings_text settings;
	cleanup(buf_free) struct buf bytes = BUF_INIT;

	settings_text_init(&settings);
	buf_add_slice(&bytes, text);
	if (settings_text_open(&settings, &bytes, err) == -1 ||
	    install(&settings, agent, command, changes, err) == -1)
		return -1;
	buf_add_slice(ret, buf_slice(&settings.text));
	return 0;
}

/* Is nothing left that we did not put there? */
static bool
is_empty(const struct settings_text *settings)
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
	cleanup(settings_text_free) struct settings_text settings;
	cleanup(buf_free) struct buf bytes = BUF_INIT;

	settings_text_init(&settings);
	buf_add_slice(&bytes, text);
	if (settings_text_open(&settings, &bytes, err) == -1 ||
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
is_off(const struct settings_text *settings, const struct hook_agent *agent)
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
	cleanup(settings_text_free) struct settings_text settings;
	cleanup(buf_free) struct buf bytes = BUF_INIT;

	settings_text_init(&settings);
	buf_add_slice(&bytes, text);
	if (settings_text_open(&settings, &bytes, err) == -1)
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
