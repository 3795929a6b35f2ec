#include "http/params.h"

#include "base/text.h"
#include "http/route.h"

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

/* One "name=value", still encoded. */
static int
read_pair(struct param_reader *reader, struct slice pair, struct error *err)
{
	const char *equals = memchr(pair.data, '=', pair.len);
	struct slice name = pair, value = { "", 0 };
	const char *wrong;

	if (equals != NULL) {
		name.len = (size_t)(equals - pair.data);
		value.data = equals + 1;
		value.len = pair.len - name.len - 1;
	}
	if ((wrong = decode(name, reader->arena, &name)) != NULL)
		return error_set_field(err, ERROR_INVALID,
		    param_shown_name(name, reader->arena),
		    "the parameter's name %s", wrong);
	if (name.len == 0)
		return error_set(err, ERROR_INVALID, "a parameter has no name");

	const struct param *param = param_find(reader, name, err);
	if (param == NULL)
		return -1;
	if ((wrong = decode(value, reader->arena, &value)) != NULL)
		return error_set_field(err, ERROR_INVALID, param->name, "%s %s",
		    param->name, wrong);
	return param_take(reader, param, value, err);
}

int
params_parse(struct slice query, const struct param *table, struct arena *arena,
    void *ret, struct error *err)
{
	struct param_reader reader = {
		.table = table, .arena = arena, .ret = ret
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
		if (pair.len > 0 && read_pair(&reader, pair, err) == -1)
			return -1;
	}
	return param_check_required(&reader, err);
}

int
params_read(struct request *req, void *ret, struct error *err)
{
	return params_parse(
	    req->query, req->route->params, req->arena, ret, err);
}
