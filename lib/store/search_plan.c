#include "store/search_plan.h"

#include "base/glob.h"
#include "base/memory.h"

/* Where the values of a parameter are found. call_id has no dimension. */
static const struct {
	bool has_dimension;
	enum segment_dimension dimension;
} names[FILTER_NAMES] = {
	[FILTER_ACTOR_TYPE] = { true, SEGMENT_ACTOR_TYPE },
	[FILTER_AGENT_NAME] = { true, SEGMENT_ACTOR },
	[FILTER_USER_NAME] = { true, SEGMENT_ACTOR },
	[FILTER_CAPABILITY] = { true, SEGMENT_CAPABILITY },
	[FILTER_STATUS] = { true, SEGMENT_STATUS },
	[FILTER_POLICY_TIER] = { true, SEGMENT_TIER },
	[FILTER_SESSION_ID] = { true, SEGMENT_SESSION },
	[FILTER_SOURCE] = { true, SEGMENT_SOURCE },
};

/* Names of the dictionary held against globs: some 30 ms. */
enum { GLOBS_AT_ONCE = 20000 };

/* Ids while they are gathered; they end in the arena. */
struct gathered {
	dictionary_id *ids;
	size_t count, capacity;
};

static void
gather(struct gathered *gathered, dictionary_id id)
{
	gathered->ids = memory_grow(gathered->ids, &gathered->capacity,
	    gathered->count + 1, sizeof(*gathered->ids));
	gathered->ids[gathered->count++] = id;
}

static int
by_id(const void *a, const void *b)
{
	dictionary_id left = *(const dictionary_id *)a;
	dictionary_id right = *(const dictionary_id *)b;

	return (left > right) - (left < right);
}

static struct search_values
settle(struct gathered *gathered, struct arena *arena)
{
	struct search_values values = { NULL, 0 };

	if (gathered->count > 0) {
		qsort(gathered->ids, gathered->count, sizeof(*gathered->ids),
		    by_id);
		values.ids =
		    arena_array(arena, gathered->count, sizeof(*values.ids));
		for (size_t i = 0; i < gathered->count; i++)
			if (i == 0 || gathered->ids[i] != gathered->ids[i - 1])
				values.ids[values.count++] = gathered->ids[i];
	}
	free(gathered->ids);
	return values;
}

static bool
is_glob(struct slice text)
{
	return memchr(text.data, '*', text.len) != NULL;
}

bool
search_has_long_globs(struct store *store, const struct filter *filter)
{
	const struct filter_list *list = &filter->lists[FILTER_CAPABILITY];
	struct error ignored = { 0 };
	dictionary_id last = 0;
	uint64_t globs = 0;

	for (size_t i = 0; i < list->count; i++)
		globs += is_glob(list->values[i].text);
	if (globs == 0 || store_begin(store, &ignored) == -1)
		return false;
	(void)dictionary_last_capability(store, &last, &ignored);
	store_end(store);
	return globs * last > GLOBS_AT_ONCE;
}

/* A glob while the dictionary passes by. */
struct glob {
	struct slice text;
	struct gathered *gathered;
};

static bool
on_capability(void *context, dictionary_id id, struct slice name)
{
	struct glob *glob = context;

	if (glob_fits(glob->text, name))
		gather(glob->gathered, id);
	return true;
}

static int
gather_name(struct store *store, enum filter_name name, struct slice text,
    struct gathered *gathered, struct error *err)
{
	dictionary_id id = 0;
	int result;

	if (name == FILTER_CAPABILITY && is_glob(text)) {
		struct glob glob = { text, gathered };

		return dictionary_capabilities(
		    store, on_capability, &glob, err);
	}
	if (name == FILTER_CAPABILITY)
		result = dictionary_capability(store, text, &id, err);
	else if (name == FILTER_SESSION_ID)
		result = dictionary_session(store, text, &id, err);
	else
		result = dictionary_actor(store,
		    name == FILTER_AGENT_NAME ? ENTRY_AGENT : ENTRY_USER, text,
		    &id, err);
	if (result == 0 && id != 0)
		gather(gathered, id);
	return result;
}

static int
gather_list(struct store *store, enum filter_name name,
    const struct filter_list *list, struct gathered *wanted,
    struct gathered *unwanted, struct error *err)
{
	bool is_choice = name == FILTER_ACTOR_TYPE || name == FILTER_STATUS ||
			 name == FILTER_POLICY_TIER || name == FILTER_SOURCE;

	for (size_t i = 0; i < list->count; i++) {
		const struct filter_value *value = &list->values[i];
		struct gathered *gathered =
		    value->is_negative ? unwanted : wanted;

		if (is_choice)
			gather(gathered, (dictionary_id)value->choice);
		else if (gather_name(store, name, value->text, gathered, err) ==
			 -1)
			return -1;
	}
	return 0;
}

/* Is `id` one of them? */
static bool
have(const struct search_values *values, dictionary_id id)
{
	size_t low = 0, high = values->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (values->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < values->count && values->ids[low] == id;
}

/* Those of `values` that are not in `others`. */
static void
subtract(struct search_values *values, const struct search_values *others)
{
	size_t kept = 0;

	for (size_t i = 0; i < values->count; i++)
		if (!have(others, values->ids[i]))
			values->ids[kept++] = values->ids[i];
	values->count = kept;
}

static int
add_condition(struct store *store, enum filter_name name,
    const struct filter_list *list, struct arena *arena,
    struct search_plan *plan, struct error *err)
{
	struct search_condition *condition = &plan->conditions[plan->count];
	struct gathered wanted = { 0 }, unwanted = { 0 };
	struct search_values excluded;
	bool is_wanting = false;

	if (gather_list(store, name, list, &wanted, &unwanted, err) == -1) {
		free(wanted.ids);
		free(unwanted.ids);
		return -1;
	}
	for (size_t i = 0; i < list->count; i++)
		is_wanting |= !list->values[i].is_negative;
	*condition = (struct search_condition){
		.dimension = names[name].dimension,
		.is_excluding = !is_wanting,
		.values = settle(&wanted, arena),
	};
	excluded = settle(&unwanted, arena);
	if (is_wanting)
		subtract(&condition->values, &excluded);
	else
		condition->values = excluded;
	if (is_wanting && condition->values.count == 0)
		plan->is_empty = true;
	/* What nobody has excludes nobody. */
	if (is_wanting || excluded.count > 0)
		plan->count++;
	return 0;
}

int
search_plan_make(struct store *store, const struct search *search,
    struct arena *arena, struct search_plan *ret_plan, struct error *err)
{
	const struct filter *filter = &search->filter;
	struct search_plan plan = { .from = filter->from, .to = filter->to };

	plan.first = store_first_seq(store);
	if (plan.first == 1)
		plan.first = 0; /* nobody's: the first block is wanted whole */
	plan.last = store_last_seq(store);
	if (search->after_seq != 0 && search->after_seq >= plan.first)
		plan.first =
		    search->after_seq + (search->after_seq < UINT64_MAX);
	if (search->before_seq != 0 && search->before_seq <= plan.last)
		plan.last = search->before_seq - 1;
	if (search->through_seq != 0 && search->through_seq < plan.last)
		plan.last = search->through_seq;
	for (int name = 0; name < FILTER_NAMES; name++)
		if (names[name].has_dimension &&
		    filter->lists[name].count > 0 &&
		    add_condition(store, (enum filter_name)name,
			&filter->lists[name], arena, &plan, err) == -1)
			return -1;
	if (plan.first > plan.last || plan.from >= plan.to)
		plan.is_empty = true;
	*ret_plan = plan;
	return 0;
}

bool
search_plan_matches(
    const struct search_plan *plan, const struct search_row *row)
{
	if (row->time < plan->from || row->time >= plan->to)
		return false;
	for (size_t i = 0; i < plan->count; i++) {
		const struct search_condition *condition = &plan->conditions[i];
		dictionary_id id = row->values[condition->dimension];

		if (have(&condition->values, id) == condition->is_excluding)
			return false;
	}
	return true;
}
