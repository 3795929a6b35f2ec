#include "log/filter.h"

#include "base/glob.h"
#include "base/memory.h"
#include "base/text.h"
#include "log/scan.h"

#include <assert.h>

static const struct {
	const char *name;
	int (*choice_of)(struct slice word); /* NULL: any name */
} names[FILTER_NAMES] = {
	[FILTER_ACTOR_TYPE] = { "actor_type", entry_actor_of },
	[FILTER_AGENT_NAME] = { "agent_name", NULL },
	[FILTER_USER_NAME] = { "user_name", NULL },
	[FILTER_CAPABILITY] = { "capability", NULL },
	[FILTER_STATUS] = { "status", entry_status_of },
	[FILTER_POLICY_TIER] = { "policy_tier", entry_tier_of },
	[FILTER_SESSION_ID] = { "session_id", NULL },
	[FILTER_CALL_ID] = { "call_id", NULL },
	[FILTER_SOURCE] = { "source", entry_source_of },
};

const char *
filter_name(enum filter_name name)
{
	return names[name].name;
}

/* --- reading -------------------------------------------------------------- */

/* A name in which '*' stands, too. */
static bool
is_glob(struct slice text)
{
	char name[ENTRY_NAME_BYTES];

	if (text.len == 0 || text.len > sizeof(name))
		return false;
	for (size_t i = 0; i < text.len; i++)
		name[i] = text.data[i] == '*' ? 'x' : text.data[i];
	return entry_is_name((struct slice){ name, text.len });
}

static int
refuse(const char *name, struct slice value, struct error *err)
{
	struct buf sentence = BUF_INIT;

	buf_addf(&sentence, "%s: no entry has ", name);
	text_add_quoted(&sentence, value);
	error_set_field(err, ERROR_INVALID, name, "%s", sentence.data);
	buf_free(&sentence);
	return -1;
}

static int
read_value(enum filter_name name, struct slice text, struct filter_value *value,
    struct error *err)
{
	bool is_good;

	value->text = text;
	if (names[name].choice_of != NULL) {
		value->choice = names[name].choice_of(text);
		is_good = value->choice != -1;
	} else if (name == FILTER_CAPABILITY) {
		is_good = is_glob(text);
	} else {
		is_good = entry_is_name(text);
	}
	return is_good ? 0 : refuse(names[name].name, text, err);
}

static int
find_name(const char *name, enum filter_name *ret)
{
	for (int i = 0; i < FILTER_NAMES; i++)
		if (strcmp(name, names[i].name) == 0) {
			*ret = (enum filter_name)i;
			return 0;
		}
	return -1;
}

int
filter_add(struct filter *filter, struct arena *arena, const char *name,
    struct slice text, struct error *err)
{
	struct filter_value value = { .is_negative =
					  text.len > 0 && text.data[0] == '-' };
	struct filter_list *list;
	enum filter_name which;

	if (find_name(name, &which) == -1)
		return error_set_field(err, ERROR_UNKNOWN_FIELD, name,
		    "%s: there is no such parameter", name);
	if (value.is_negative)
		text = (struct slice){ text.data + 1, text.len - 1 };
	if (read_value(which, text, &value, err) == -1)
		return -1;
	list = &filter->lists[which];
	if (list->count == FILTER_VALUES)
		return error_set_field(err, ERROR_TOO_LONG, name,
		    "%s: more than %d values", name, FILTER_VALUES);
	if (list->values == NULL)
		list->values =
		    arena_array(arena, FILTER_VALUES, sizeof(*list->values));
	value.text = arena_slice(arena, value.text);
	list->values[list->count++] = value;
	return 0;
}

int
filter_set_q(struct filter *filter, struct arena *arena, struct slice q,
    struct error *err)
{
	struct buf needle = BUF_INIT;

	if (q.len > FILTER_QUERY_BYTES)
		return error_set_field(err, ERROR_TOO_LONG, "q",
		    "q: longer than %d bytes", FILTER_QUERY_BYTES);
	if (q.len == 0 || text_valid_bytes(q) != q.len)
		return error_set_field(
		    err, ERROR_INVALID, "q", "q: empty, or not UTF-8");
	scan_encode(q, &needle);
	filter->needle = arena_slice(arena, buf_slice(&needle));
	buf_free(&needle);
	return 0;
}

/* --- copying -------------------------------------------------------------- */

static size_t
size_of_copy(const struct filter *filter)
{
	size_t size = sizeof(*filter) + filter->needle.len;

	for (size_t name = 0; name < FILTER_NAMES; name++) {
		const struct filter_list *list = &filter->lists[name];

		size += list->count * sizeof(*list->values);
		for (size_t i = 0; i < list->count; i++)
			size += list->values[i].text.len;
	}
	return size;
}

/* `slice` now lies at `*end`, which moves behind it. */
static void
move_text(struct slice *slice, char **end)
{
	if (slice->len > 0)
		memcpy(*end, slice->data, slice->len);
	if (slice->data != NULL)
		slice->data = *end;
	*end += slice->len;
}

struct filter *
filter_clone(const struct filter *filter)
{
	struct filter *copy = memory_new(size_of_copy(filter));
	char *end;

	*copy = *filter;
	end = (char *)(copy + 1);
	for (size_t name = 0; name < FILTER_NAMES; name++) {
		struct filter_list *list = &copy->lists[name];
		size_t bytes = list->count * sizeof(*list->values);

		if (bytes > 0)
			list->values = memcpy(end, list->values, bytes);
		end += bytes;
	}
	for (size_t name = 0; name < FILTER_NAMES; name++)
		for (size_t i = 0; i < copy->lists[name].count; i++)
			move_text(&copy->lists[name].values[i].text, &end);
	move_text(&copy->needle, &end);
	return copy;
}

/* --- matching ------------------------------------------------------------- */

/* What an entry has under a name: a text, or a choice. */
struct had {
	struct slice text; /* {NULL, 0}: nothing */
	int choice;
};

static struct had
entry_has(const struct entry *entry, enum filter_name name)
{
	struct slice nothing = { NULL, 0 };

	switch (name) {
	case FILTER_ACTOR_TYPE:
		return (struct had){ nothing, (int)entry->actor };
	case FILTER_AGENT_NAME:
		return (struct had){
			entry->actor == ENTRY_AGENT ? entry->actor_name
						    : nothing,
			-1,
		};
	case FILTER_USER_NAME:
		return (struct had){
			entry->actor == ENTRY_USER ? entry->actor_name
						   : nothing,
			-1,
		};
	case FILTER_CAPABILITY:
		return (struct had){ entry->capability, -1 };
	case FILTER_STATUS:
		return (struct had){ nothing, (int)entry->status };
	case FILTER_POLICY_TIER:
		return (struct had){ nothing, (int)entry->tier };
	case FILTER_SESSION_ID:
		return (struct had){ entry->session_id, -1 };
	case FILTER_CALL_ID:
		return (struct had){ entry->call_id, -1 };
	case FILTER_SOURCE:
		return (struct had){ nothing, (int)entry->source };
	case FILTER_NAMES:
		break;
	}
	assert(!"a name of a filter");
	return (struct had){ nothing, -1 };
}

static bool
is_value(enum filter_name name, const struct filter_value *value,
    const struct had *had)
{
	if (names[name].choice_of != NULL)
		return value->choice == had->choice;
	if (had->text.data == NULL)
		return false;
	if (name == FILTER_CAPABILITY)
		return glob_fits(value->text, had->text);
	return slice_equal(value->text, had->text);
}

static bool
list_matches(const struct filter *filter, enum filter_name name,
    const struct entry *entry)
{
	const struct filter_list *list = &filter->lists[name];
	struct had had = entry_has(entry, name);
	bool is_wanted = true; /* without a positive value, anything is */

	for (size_t i = 0; i < list->count; i++)
		if (!list->values[i].is_negative)
			is_wanted = false;
	for (size_t i = 0; i < list->count; i++) {
		if (!is_value(name, &list->values[i], &had))
			continue;
		if (list->values[i].is_negative)
			return false;
		is_wanted = true;
	}
	return is_wanted;
}

bool
filter_matches_head(const struct filter *filter, const struct entry *entry)
{
	if (entry->time < filter->from || entry->time >= filter->to)
		return false;
	for (int name = 0; name < FILTER_NAMES; name++)
		if (filter->lists[name].count > 0 &&
		    !list_matches(filter, (enum filter_name)name, entry))
			return false;
	return true;
}

bool
filter_matches(
    const struct filter *filter, const struct entry *entry, struct slice line)
{
	return filter_matches_head(filter, entry) &&
	       (filter->needle.data == NULL || scan_line(line, filter->needle));
}
