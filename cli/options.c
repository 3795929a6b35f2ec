#include "cli/options.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/nearest.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>

enum {
	OPTIONS_MAX = 64,	/* rows of all sets together */
	OPTIONS_HELP_LEFT = 28, /* columns of the options' names */
	OPTIONS_HELP_WIDTH = 80,
};

const struct option_row options_none[] = { OPTION_END };

/* What getopt_long() works with, made of the rows. */
struct options_getopt {
	struct option longs[OPTIONS_MAX + 1];
	char letters[2 * OPTIONS_MAX + 3];
	const struct option_row *rows[OPTIONS_MAX];
	void *values[OPTIONS_MAX];
	int count;
};

enum { OPTIONS_FIRST = 0x100 }; /* getopt's value of row 0: beyond letters */

static void
options_prepare(const struct option_set *sets, size_t count,
    bool stop_at_operand, struct options_getopt *ret)
{
	size_t letters = 0;

	memset(ret, 0, sizeof(*ret));
	if (stop_at_operand)
		ret->letters[letters++] = '+';
	ret->letters[letters++] = ':'; /* a missing argument is told apart */
	for (size_t i = 0; i < count; i++) {
		for (const struct option_row *row = sets[i].rows;
		     row->name != NULL; row++) {
			assert(ret->count < OPTIONS_MAX);
			ret->longs[ret->count] = (struct option){
				.name = row->name,
				.has_arg = row->argument == NULL
					       ? no_argument
					       : required_argument,
				.val = OPTIONS_FIRST + ret->count,
			};
			if (row->letter != 0)
				ret->letters[letters++] = row->letter;
			if (row->letter != 0 && row->argument != NULL)
				ret->letters[letters++] = ':';
			ret->rows[ret->count] = row;
			ret->values[ret->count++] = sets[i].values;
		}
	}
}

static bool
options_is_word(const char *words, struct slice text)
{
	while (*words != '\0') {
		size_t len = strcspn(words, " ");

		if (slice_equal((struct slice){ words, len }, text))
			return true;
		words += len + strspn(words + len, " ");
	}
	return false;
}

/* Is `text` one of the row's words? A list's value may have a leading '-'. */
static int
options_check_words(
    const struct option_row *row, const char *text, struct error *err)
{
	struct slice word = slice_of(text);

	if (row->words == NULL)
		return 0;
	if (row->type == OPTION_TYPE_TEXTS && *text == '-')
		word = slice_of(text + 1);
	if (options_is_word(row->words, word))
		return 0;
	return error_set(err, ERROR_INVALID, "is none of: %s", row->words);
}

static void
options_append(struct option_list *list, const char *text, struct arena *arena)
{
	const char **values;

	values = arena_array(arena, list->count + 1, sizeof(*values));
	if (list->count > 0)
		memcpy(values, list->values, list->count * sizeof(*values));
	values[list->count++] = text;
	list->values = values;
}

static int
options_time(struct slice text, bool date_end, struct option_time *ret,
    struct error *err)
{
	struct error no_date = { 0 };
	usec_t at;

	if (clock_parse_date(text, &at, &no_date) == 0)
		at += date_end ? USEC_PER_DAY : 0;
	else if (clock_parse(text, &at, err) == -1)
		return -1;
	*ret = (struct option_time){ at, true };
	return 0;
}

static int
options_number(const struct option_row *row, struct slice text, void *field,
    struct error *err)
{
	int result;

	if (row->type == OPTION_TYPE_U64)
		result = number_parse_u64(text, row->min, row->max, field);
	else
		result = number_parse_double(
		    text, (double)row->min, (double)row->max, field);
	if (result == 0)
		return 0;
	if (errno == ERANGE && row->max == UINT64_MAX)
		return error_set(err, ERROR_INVALID, "is out of range");
	if (errno == ERANGE)
		return error_set(err, ERROR_INVALID,
		    "is not between %llu and %llu",
		    (unsigned long long)row->min, (unsigned long long)row->max);
	return error_set(err, ERROR_INVALID, "is not a number");
}

static int
options_duration(const struct option_row *row, struct slice text, usec_t *ret,
    struct error *err)
{
	usec_t duration;

	if (clock_parse_duration(text, &duration, err) == -1)
		return -1;
	if (duration < row->min || duration > row->max)
		return error_set(err, ERROR_INVALID, "is out of range");
	*ret = duration;
	return 0;
}

/* Put `text` (NULL for a flag) into the row's field. */
static int
options_store(const struct option_row *row, void *values, const char *text,
    struct arena *arena, struct error *err)
{
	void *field = (char *)values + row->offset;

	if (text != NULL && options_check_words(row, text, err) == -1)
		return -1;
	switch (row->type) {
	case OPTION_TYPE_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_TYPE_TEXT:
		*(const char **)field = text;
		return 0;
	case OPTION_TYPE_TEXTS:
		options_append(field, text, arena);
		return 0;
	case OPTION_TYPE_U64:
	case OPTION_TYPE_FACTOR:
		return options_number(row, slice_of(text), field, err);
	case OPTION_TYPE_TIME:
	case OPTION_TYPE_TIME_END:
		return options_time(slice_of(text),
		    row->type == OPTION_TYPE_TIME_END, field, err);
	case OPTION_TYPE_DURATION:
		return options_duration(row, slice_of(text), field, err);
	}
	return error_set(err, ERROR_INVALID, "has no type");
}

/* "--limit abc: is not a number" */
static int
options_bad_value(
    const struct option_row *row, const char *text, struct error *err)
{
	cleanup(buf_free) struct buf quoted = BUF_INIT;

	text_add_quoted(&quoted, slice_of(text));
	return error_prefix(err, "--%s %s", row->name, quoted.data);
}

/* "unknown option --agnet-name; did you mean --agent-name?" */
static int
options_unknown(const struct options_getopt *getopt_tables, const char *word,
    struct error *err)
{
	cleanup(buf_free) struct buf quoted = BUF_INIT;
	cleanup(buf_free) struct buf name = BUF_INIT;
	const char *names[OPTIONS_MAX + 1];
	const char *nearest = NULL;

	if (word[0] == '-' && word[1] == '-') {
		buf_add(&name, word + 2, strcspn(word + 2, "="));
		for (int i = 0; i < getopt_tables->count; i++)
			names[i] = getopt_tables->longs[i].name;
		names[getopt_tables->count] = NULL;
		nearest = nearest_word(name.data, names);
	}
	text_add_visible(&quoted, slice_of(word), TEXT_ONE_LINE);
	quoted.data[text_cut(buf_slice(&quoted), TEXT_QUOTED_BYTES)] = '\0';
	if (nearest != NULL)
		return error_set(err, ERROR_INVALID,
		    "unknown option %s; did you mean --%s?", quoted.data,
		    nearest);
	return error_set(err, ERROR_INVALID, "unknown option %s", quoted.data);
}

/* getopt_long() said '?' or ':': which word was it, and what is wrong? */
static int
options_refuse(const struct options_getopt *tables, int answer, char **argv,
    struct error *err)
{
	const char *word = argv[optind - 1];
	char letter[] = { '-', (char)optopt, '\0' };
	int row = optopt - OPTIONS_FIRST;

	if (answer == ':' && row >= 0)
		return error_set(err, ERROR_INVALID, "option --%s needs a %s",
		    tables->rows[row]->name, tables->rows[row]->argument);
	if (answer == ':')
		return error_set(
		    err, ERROR_INVALID, "option %s needs a value", letter);
	if (row >= 0)
		return error_set(err, ERROR_INVALID,
		    "option --%s takes no value", tables->rows[row]->name);
	return options_unknown(tables, optopt != 0 ? letter : word, err);
}

static const struct option_row *
options_row_of(const struct options_getopt *tables, int answer, void **ret)
{
	for (int i = 0; i < tables->count; i++) {
		if (answer == OPTIONS_FIRST + i ||
		    answer == tables->rows[i]->letter) {
			*ret = tables->values[i];
			return tables->rows[i];
		}
	}
	return NULL;
}

static int
options_set_initial(
    const struct options_getopt *tables, struct arena *arena, struct error *err)
{
	for (int i = 0; i < tables->count; i++) {
		const struct option_row *row = tables->rows[i];

		if (row->initial != NULL &&
		    options_store(
			row, tables->values[i], row->initial, arena, err) == -1)
			return -1;
	}
	return 0;
}

int
options_read(const struct option_set *sets, size_t count, bool stop_at_operand,
    int argc, char **argv, struct arena *arena, struct error *err)
{
	struct options_getopt tables;
	int answer;

	options_prepare(sets, count, stop_at_operand, &tables);
	if (options_set_initial(&tables, arena, err) == -1)
		return -1;
	opterr = 0;
	optind = 0; /* glibc: begin anew, with the '+' of this table */
	while ((answer = getopt_long(
		    argc, argv, tables.letters, tables.longs, NULL)) != -1) {
		const struct option_row *row;
		void *values;

		row = answer == '?' || answer == ':'
			  ? NULL
			  : options_row_of(&tables, answer, &values);
		if (row == NULL)
			return options_refuse(&tables, answer, argv, err);
		if (options_store(row, values, optarg, arena, err) == -1)
			return options_bad_value(row, optarg, err);
	}
	return optind;
}

void
options_wrap(const char *text, size_t left, struct buf *out)
{
	size_t column = left;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		size_t columns = text_columns((struct slice){ text, len });

		if (column > left &&
		    column + 1 + columns > OPTIONS_HELP_WIDTH) {
			buf_add_char(out, '\n');
			buf_add_chars(out, ' ', left);
			column = left;
		} else if (column > left) {
			buf_add_char(out, ' ');
			column++;
		}
		buf_add(out, text, len);
		column += columns;
		text += len;
		text += strspn(text, " ");
	}
	buf_add_char(out, '\n');
}

void
options_help(const struct option_row *rows, struct buf *out)
{
	for (const struct option_row *row = rows; row->name != NULL; row++) {
		cleanup(buf_free) struct buf left = BUF_INIT;
		cleanup(buf_free) struct buf right = BUF_INIT;

		if (row->letter != 0)
			buf_addf(&left, "  -%c, --%s", row->letter, row->name);
		else
			buf_addf(&left, "      --%s", row->name);
		if (row->argument != NULL)
			buf_addf(&left, " %s", row->argument);
		if (left.len >= OPTIONS_HELP_LEFT) {
			buf_add_char(&left, '\n');
			buf_add_chars(&left, ' ', OPTIONS_HELP_LEFT);
		} else {
			buf_add_chars(&left, ' ', OPTIONS_HELP_LEFT - left.len);
		}
		buf_add_str(&right, row->help);
		if (row->words != NULL)
			buf_addf(&right, ": %s", row->words);
		if (row->initial != NULL)
			buf_addf(&right, " (default %s)", row->initial);
		buf_add_slice(out, buf_slice(&left));
		options_wrap(right.data, OPTIONS_HELP_LEFT, out);
	}
}
