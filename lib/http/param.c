#include "http/param.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"

#include <assert.h>

enum {
	SHOWN_NAME_BYTES = 40, /* of a parameter's name in a sentence */
	DATE_BYTES = sizeof("2026-11-23") - 1,
	OFFSET_BYTES = sizeof("+02:00") - 1,
};

const char *
param_shown_name(struct slice name, struct arena *arena)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;

	name.len = text_valid_bytes(name);
	name.len = text_cut(name, SHOWN_NAME_BYTES);
	text_add_visible(&shown, name, TEXT_ONE_LINE);
	return arena_copy(arena, shown.data, shown.len);
}

static int
read_u64(const struct param *param, struct slice text, uint64_t *ret,
    struct error *err)
{
	if (number_parse_u64(text, param->min, param->max, ret) == 0)
		return 0;
	return error_set_field(err, ERROR_OUT_OF_RANGE, param->name,
	    "%s must be a whole number from %llu to %llu", param->name,
	    (unsigned long long)param->min, (unsigned long long)param->max);
}

static int
read_text(const struct param *param, struct slice text, struct slice *ret,
    struct error *err)
{
	if (text.len > param->max)
		return error_set_field(err, ERROR_OUT_OF_RANGE, param->name,
		    "%s is longer than %llu bytes", param->name,
		    (unsigned long long)param->max);
	*ret = text;
	return 0;
}

static int
read_choice(
    const struct param *param, struct slice text, int *ret, struct error *err)
{
	cleanup(buf_free) struct buf names = BUF_INIT;

	for (int i = 0; param->names[i] != NULL; i++) {
		if (slice_is(text, param->names[i])) {
			*ret = i;
			return 0;
		}
	}
	for (int i = 0; param->names[i] != NULL; i++)
		buf_addf(&names, "%s%s", i == 0 ? "" : ", ", param->names[i]);
	return error_set_field(err, ERROR_INVALID, param->name,
	    "%s must be one of: %s", param->name, names.data);
}

/* "2026-11-23T20:15:08+02:00" comes as "…08 02:00" from whoever did not write
 * its plus as %2B. */
static struct slice
mend_plus(struct slice text, struct arena *arena)
{
	if (text.len <= DATE_BYTES + OFFSET_BYTES ||
	    text.data[text.len - OFFSET_BYTES] != ' ')
		return text;

	char *mended = arena_copy(arena, text.data, text.len);
	mended[text.len - OFFSET_BYTES] = '+';
	return (struct slice){ mended, text.len };
}

static int
read_time(const struct param *param, struct slice text, struct arena *arena,
    usec_t *ret, struct error *err)
{
	struct error why = { 0 };
	int parsed;

	if (text.len == DATE_BYTES)
		parsed = clock_parse_date(text, ret, &why);
	else
		parsed = clock_parse(mend_plus(text, arena), ret, &why);
	if (parsed == -1)
		return error_set_field(err, ERROR_INVALID, param->name,
		    "%s must be a time like 2026-11-23T20:15:08Z "
		    "or a date like 2026-11-23",
		    param->name);
	if (text.len == DATE_BYTES && (param->flags & PARAM_DATE_END))
		*ret += USEC_PER_DAY;
	if (*ret > CLOCK_MAX)
		*ret = CLOCK_MAX;
	return 0;
}

static int
read_duration(const struct param *param, struct slice text, usec_t *ret,
    struct error *err)
{
	struct error why = { 0 };

	if (clock_parse_duration(text, ret, &why) == -1)
		return error_set_field(err, ERROR_INVALID, param->name,
		    "%s must be a duration like 15m, 24h or 7d", param->name);
	if (*ret < param->min || *ret > param->max)
		return error_set_field(err, ERROR_OUT_OF_RANGE, param->name,
		    "%s must be from %llus to %llus", param->name,
		    (unsigned long long)(param->min / USEC_PER_SEC),
		    (unsigned long long)(param->max / USEC_PER_SEC));
	return 0;
}

static int
read_scalar(struct param_reader *reader, const struct param *param,
    struct slice text, struct error *err)
{
	void *field = reader->ret + param->offset;

	switch (param->type) {
	case PARAM_TYPE_TEXT:
		return read_text(param, text, field, err);
	case PARAM_TYPE_U64:
		return read_u64(param, text, field, err);
	case PARAM_TYPE_CHOICE:
		return read_choice(param, text, field, err);
	case PARAM_TYPE_TIME:
		return read_time(param, text, reader->arena, field, err);
	case PARAM_TYPE_DURATION:
		return read_duration(param, text, field, err);
	}
	assert(!"a type of parameter without a reader");
	return -1;
}

/* Room for one more; the array doubles. */
static struct param_value *
list_add(struct param_reader *reader, const struct param *param)
{
	struct param_list *list = (void *)(reader->ret + param->offset);
	size_t *room = &reader->room[param - reader->table];

	if (list->count == *room) {
		size_t more = *room == 0 ? 4 : 2 * *room;
		struct param_value *values =
		    arena_array(reader->arena, more, sizeof(values[0]));
		if (list->count > 0)
			memcpy(values, list->values,
			    list->count * sizeof(values[0]));
		list->values = values;
		*room = more;
	}
	return &list->values[list->count++];
}

static int
read_element(struct param_reader *reader, const struct param *param,
    struct slice text, struct error *err)
{
	struct param_value value = { 0 };

	if ((param->flags & PARAM_NEGATES) && text.data[0] == '-') {
		value.negated = true;
		text.data++, text.len--;
	}
	if (text.len == 0)
		return error_set_field(err, ERROR_INVALID, param->name,
		    "%s is empty", param->name);
	value.text = text;
	int read = param->type == PARAM_TYPE_CHOICE
		       ? read_choice(param, text, &value.choice, err)
		       : read_text(param, text, &value.text, err);
	if (read == 0)
		*list_add(reader, param) = value;
	return read;
}

const struct param *
param_find(
    const struct param_reader *reader, struct slice name, struct error *err)
{
	for (const struct param *param = reader->table;
	     param != NULL && param->name != NULL; param++)
		if (slice_is(name, param->name))
			return param;

	const char *shown = param_shown_name(name, reader->arena);
	error_set_field(err, ERROR_UNKNOWN_FIELD, shown,
	    "there is no parameter %s here", shown);
	return NULL;
}

int
param_take(struct param_reader *reader, const struct param *param,
    struct slice text, struct error *err)
{
	uint64_t bit = UINT64_C(1) << (param - reader->table);
	bool is_again = (reader->seen & bit) != 0;

	if (++reader->given > PARAMS_MAX)
		return error_set(
		    err, ERROR_TOO_LONG, "more than %d parameters", PARAMS_MAX);
	if (text.len == 0)
		return error_set_field(err, ERROR_INVALID, param->name,
		    "%s is empty", param->name);
	reader->seen |= bit;
	if (param->flags & PARAM_LIST)
		return read_element(reader, param, text, err);
	if (is_again)
		return error_set_field(err, ERROR_DUPLICATE_KEY, param->name,
		    "%s may be given only once", param->name);
	return read_scalar(reader, param, text, err);
}

int
param_check_required(const struct param_reader *reader, struct error *err)
{
	for (const struct param *param = reader->table;
	     param != NULL && param->name != NULL; param++) {
		uint64_t bit = UINT64_C(1) << (param - reader->table);

		if ((param->flags & PARAM_REQUIRED) && !(reader->seen & bit))
			return error_set_field(err, ERROR_MISSING_FIELD,
			    param->name, "%s is missing", param->name);
	}
	return 0;
}
