#include "http/params.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"
#include "http/route.h"

#include <assert.h>

enum {
	SHOWN_NAME_BYTES = 40, /* of a parameter's name in a sentence */
	DATE_BYTES = sizeof("2026-11-23") - 1,
	OFFSET_BYTES = sizeof("+02:00") - 1,
};

struct parse {
	const struct param *table;
	struct arena *arena;
	char *ret;
	size_t given;		 /* parameters so far */
	uint64_t seen;		 /* bit i: table[i] was given */
	size_t room[PARAMS_MAX]; /* values that fit into a list's array */
	struct error *err;
};

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Undo the encoding of forms. Returns NULL, or how a sentence about what is
 * wrong goes on. */
static const char *
decode(struct slice encoded, struct arena *arena, struct slice *ret_text)
{
	char *text = arena_alloc(arena, encoded.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < encoded.len; i++) {
		char c = encoded.data[i];

		if (c == '+')
			c = ' ';
		if (c == '%') {
			if (encoded.len - i < 3)
				return "ends within a %-escape";
			int high = hex_digit(encoded.data[i + 1]);
			int low = hex_digit(encoded.data[i + 2]);
			if (high == -1 || low == -1)
				return "has a bad %-escape";
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0')
			return "holds a NUL";
		text[len++] = c;
	}
	*ret_text = (struct slice){ text, len };
	if (text_valid_bytes(*ret_text) != len)
		return "is not valid UTF-8";
	return NULL;
}

/* A name from outside, as it may stand in a sentence. */
static const char *
shown_name(struct slice name, struct arena *arena)
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
read_scalar(struct parse *parse, const struct param *param, struct slice text)
{
	void *field = parse->ret + param->offset;

	switch (param->type) {
	case PARAM_TYPE_TEXT:
		return read_text(param, text, field, parse->err);
	case PARAM_TYPE_U64:
		return read_u64(param, text, field, parse->err);
	case PARAM_TYPE_CHOICE:
		return read_choice(param, text, field, parse->err);
	case PARAM_TYPE_TIME:
		return read_time(param, text, parse->arena, field, parse->err);
	case PARAM_TYPE_DURATION:
		return read_duration(param, text, field, parse->err);
	}
	assert(!"a type of parameter without a reader");
	return -1;
}

/* Room for one more; the array doubles. */
static struct param_value *
list_add(struct parse *parse, const struct param *param)
{
	struct param_list *list = (void *)(parse->ret + param->offset);
	size_t *room = &parse->room[param - parse->table];

	if (list->count == *room) {
		size_t more = *room == 0 ? 4 : 2 * *room;
		struct param_value *values =
		    arena_array(parse->arena, more, sizeof(values[0]));
		if (list->count > 0)
			memcpy(values, list->values,
			    list->count * sizeof(values[0]));
		list->values = values;
		*room = more;
	}
	return &list->values[list->count++];
}

static int
read_element(struct parse *parse, const struct param *param, struct slice text)
{
	struct param_value value = { 0 };

	if ((param->flags & PARAM_NEGATES) && text.data[0] == '-') {
		value.negated = true;
		text.data++, text.len--;
	}
	if (text.len == 0)
		return error_set_field(parse->err, ERROR_INVALID, param->name,
		    "%s is empty", param->name);
	value.text = text;
	int read = param->type == PARAM_TYPE_CHOICE
		       ? read_choice(param, text, &value.choice, parse->err)
		       : read_text(param, text, &value.text, parse->err);
	if (read == 0)
		*list_add(parse, param) = value;
	return read;
}

static const struct param *
find(const struct param *table, struct slice name)
{
	for (const struct param *param = table;
	     param != NULL && param->name != NULL; param++)
		if (slice_is(name, param->name))
			return param;
	return NULL;
}

/* One "name=value", still encoded. */
static int
read_pair(struct parse *parse, struct slice pair)
{
	const char *equals = memchr(pair.data, '=', pair.len);
	struct slice name = pair, value = { "", 0 };
	const char *wrong;

	if (equals != NULL) {
		name.len = (size_t)(equals - pair.data);
		value.data = equals + 1;
		value.len = pair.len - name.len - 1;
	}
	if ((wrong = decode(name, parse->arena, &name)) != NULL) {
		const char *shown = shown_name(name, parse->arena);
		return error_set_field(parse->err, ERROR_INVALID, shown,
		    "the parameter's name %s", wrong);
	}
	if (name.len == 0)
		return error_set(
		    parse->err, ERROR_INVALID, "a parameter has no name");
	const struct param *param = find(parse->table, name);
	if (param == NULL) {
		const char *shown = shown_name(name, parse->arena);
		return error_set_field(parse->err, ERROR_UNKNOWN_FIELD, shown,
		    "there is no parameter %s here", shown);
	}
	if ((wrong = decode(value, parse->arena, &value)) != NULL)
		return error_set_field(parse->err, ERROR_INVALID, param->name,
		    "%s %s", param->name, wrong);
	if (value.len == 0)
		return error_set_field(parse->err, ERROR_INVALID, param->name,
		    "%s is empty", param->name);

	uint64_t bit = UINT64_C(1) << (param - parse->table);
	if (param->flags & PARAM_LIST)
		return read_element(parse, param, value);
	if (parse->seen & bit)
		return error_set_field(parse->err, ERROR_DUPLICATE_KEY,
		    param->name, "%s may be given only once", param->name);
	parse->seen |= bit;
	return read_scalar(parse, param, value);
}

int
params_parse(struct slice query, const struct param *table, struct arena *arena,
    void *ret, struct error *err)
{
	struct parse parse = {
		.table = table, .arena = arena, .ret = ret, .err = err
	};

	if (query.len > REQUEST_QUERY_BYTES)
		return error_set(err, ERROR_TOO_LONG,
		    "the query is longer than %d bytes", REQUEST_QUERY_BYTES);
	while (query.len > 0) {
		const char *and = memchr(query.data, '&', query.len);
		struct slice pair = query;

		if (and != NULL)
			pair.len = (size_t)(and-query.data);
		size_t used = pair.len + (and != NULL);
		query.data += used, query.len -= used;
		if (pair.len == 0)
			continue;
		if (++parse.given > PARAMS_MAX)
			return error_set(err, ERROR_TOO_LONG,
			    "more than %d parameters", PARAMS_MAX);
		if (read_pair(&parse, pair) == -1)
			return -1;
	}
	return 0;
}

int
params_read(struct request *req, void *ret, struct error *err)
{
	return params_parse(
	    req->query, req->route->params, req->arena, ret, err);
}
