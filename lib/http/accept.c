#include "http/accept.h"

#include "base/number.h"

#include <ctype.h>
#include <strings.h>

/* How closely a range names an offer: what is closer counts alone. */
enum match {
	MATCH_NOT,
	MATCH_ANY,	 /* every type */
	MATCH_FAMILY,	 /* text and all below it */
	MATCH_TYPE,	 /* text/plain */
	MATCH_PARAMETER, /* text/plain;version=0.0.4 */
};

/* A media range and its weight. */
struct range {
	struct slice type;
	struct slice parameters; /* all of them, behind the first ';' */
	double weight;
};

static struct slice
trim(struct slice text)
{
	while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && (text.data[text.len - 1] == ' ' ||
				   text.data[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* Take what stands before the next `separator` outside of quotes from `text`;
 * false: nothing is left. */
static bool
take(struct slice *text, char separator, struct slice *ret)
{
	bool is_quoted = false;
	size_t len = 0;

	if (text->data == NULL)
		return false;
	for (; len < text->len; len++) {
		char c = text->data[len];

		if (c == '\\' && is_quoted && len + 1 < text->len)
			len++;
		else if (c == '"')
			is_quoted = !is_quoted;
		else if (c == separator && !is_quoted)
			break;
	}
	*ret = trim((struct slice){ text->data, len });
	if (len == text->len)
		*text = (struct slice){ NULL, 0 };
	else
		*text =
		    (struct slice){ text->data + len + 1, text->len - len - 1 };
	return true;
}

static bool
is_word(struct slice text, const char *word)
{
	return text.len == strlen(word) &&
	       strncasecmp(text.data, word, text.len) == 0;
}

/* "version=1.0.0", or with quotes. False: it is no parameter. */
static bool
split(struct slice text, struct slice *ret_name, struct slice *ret_value)
{
	const char *equals =
	    text.len == 0 ? NULL : memchr(text.data, '=', text.len);
	struct slice value;

	if (equals == NULL)
		return false;
	*ret_name =
	    trim((struct slice){ text.data, (size_t)(equals - text.data) });
	value = trim((struct slice){
	    equals + 1, text.len - (size_t)(equals + 1 - text.data) });
	if (value.len >= 2 && value.data[0] == '"' &&
	    value.data[value.len - 1] == '"')
		value = (struct slice){ value.data + 1, value.len - 2 };
	*ret_value = value;
	return true;
}

/* False: the range is not as it should be. */
static bool
read_range(struct slice text, struct range *ret)
{
	struct slice rest = text, parameter, name, value;

	*ret = (struct range){ .weight = 1 };
	if (!take(&rest, ';', &ret->type) || ret->type.len == 0)
		return false;
	ret->parameters = rest;
	while (take(&rest, ';', &parameter))
		if (split(parameter, &name, &value) && is_word(name, "q") &&
		    number_parse_double(value, 0, 1, &ret->weight) == -1)
			return false;
	return true;
}

static enum match
match_type(struct slice type, const char *offered)
{
	size_t family = (size_t)(strchr(offered, '/') - offered) + 1;

	if (slice_is(type, "*/*"))
		return MATCH_ANY;
	if (is_word(type, offered))
		return MATCH_TYPE;
	if (type.len == family + 1 && type.data[family] == '*' &&
	    strncasecmp(type.data, offered, family) == 0)
		return MATCH_FAMILY;
	return MATCH_NOT;
}

static enum match
match(const struct range *range, const struct accept_offer *offer)
{
	enum match found = match_type(range->type, offer->type);
	struct slice rest = range->parameters, parameter, name, value;

	if (found != MATCH_TYPE || offer->parameter == NULL)
		return found;
	while (take(&rest, ';', &parameter)) {
		if (!split(parameter, &name, &value) ||
		    !is_word(name, offer->parameter))
			continue;
		if (!slice_is(value, offer->value))
			return MATCH_NOT;
		found = MATCH_PARAMETER;
	}
	return found;
}

/* How much the offer is wanted: 0 to 1. */
static double
weigh(struct slice accept, const struct accept_offer *offer)
{
	enum match closest = MATCH_NOT;
	double weight = 0;
	struct slice part;
	struct range range;

	while (take(&accept, ',', &part)) {
		enum match found;

		if (!read_range(part, &range))
			continue;
		found = match(&range, offer);
		if (found == MATCH_NOT || found < closest)
			continue;
		if (found > closest || range.weight > weight)
			weight = range.weight;
		closest = found;
	}
	return weight;
}

size_t
accept_choose(
    struct slice accept, const struct accept_offer *offers, size_t count)
{
	size_t best = 0;
	double most = 0;

	for (size_t i = 0; i < count; i++) {
		double weight = weigh(accept, &offers[i]);

		if (weight > most) {
			most = weight;
			best = i;
		}
	}
	return best;
}
