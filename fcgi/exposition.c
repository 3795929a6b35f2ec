#include "fcgi/exposition.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>

static const char *const units[] = { "_seconds", "_bytes", "_ratio" };

void
exposition_begin(struct exposition *exposition, enum exposition_format format,
    struct buf *out)
{
	*exposition = (struct exposition){ .out = out, .format = format };
}

void
exposition_family(struct exposition *exposition, const char *name,
    enum exposition_type type, const char *help)
{
	assert(type != EXPOSITION_COUNTER ||
	       slice_ends_with(slice_of(name), SLICE_LITERAL("_total")));
	assert(type != EXPOSITION_INFO ||
	       slice_ends_with(slice_of(name), SLICE_LITERAL("_info")));
	exposition->name = name;
	exposition->type = type;
	exposition->help = help;
	exposition->is_told = false;
}

/* --- the head of a family ------------------------------------------------- */

/* Its name, in OpenMetrics without what only samples have. */
static struct slice
family_name(const struct exposition *exposition)
{
	struct slice name = slice_of(exposition->name);

	if (exposition->format == EXPOSITION_OPENMETRICS)
		switch (exposition->type) {
		case EXPOSITION_COUNTER:
			name.len -= strlen("_total");
			break;
		case EXPOSITION_INFO:
			name.len -= strlen("_info");
			break;
		case EXPOSITION_GAUGE:
			break;
		}
	return name;
}

static const char *
type_name(const struct exposition *exposition)
{
	switch (exposition->type) {
	case EXPOSITION_COUNTER:
		return "counter";
	case EXPOSITION_INFO:
		if (exposition->format == EXPOSITION_OPENMETRICS)
			return "info";
		break;
	case EXPOSITION_GAUGE:
		break;
	}
	return "gauge";
}

/* OpenMetrics 1.0, "Metric Family": a unit is the name's end. */
static void
tell_unit(struct exposition *exposition, struct slice name)
{
	if (exposition->format != EXPOSITION_OPENMETRICS ||
	    exposition->type == EXPOSITION_INFO)
		return;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (slice_ends_with(name, slice_of(units[i])))
			buf_addf(exposition->out, "# UNIT %.*s %s\n",
			    SLICE_ARG(name), units[i] + 1);
}

static void
tell_family(struct exposition *exposition)
{
	struct slice name = family_name(exposition);

	exposition->is_told = true;
	buf_addf(exposition->out, "# HELP %.*s %s\n", SLICE_ARG(name),
	    exposition->help);
	buf_addf(exposition->out, "# TYPE %.*s %s\n", SLICE_ARG(name),
	    type_name(exposition));
	tell_unit(exposition, name);
}

/* --- samples -------------------------------------------------------------- */

/* In both formats '\', '"' and line feed are escaped, and the rest is UTF-8. */
static void
add_label_text(struct buf *out, const char *text)
{
	cleanup(buf_free) struct buf valid = BUF_INIT;

	text_add_valid(&valid, slice_of(text));
	for (const char *c = valid.data; *c != '\0'; c++)
		switch (*c) {
		case '\\':
		case '"':
			buf_add_char(out, '\\');
			buf_add_char(out, *c);
			break;
		case '\n':
			buf_add_str(out, "\\n");
			break;
		default:
			buf_add_char(out, *c);
		}
}

/* 15 digits are a double's own, and no others: 34.2 % becomes 0.342. */
static void
add_value(struct buf *out, double value)
{
	/* Whole numbers as such, as long as each is exact (2^53). */
	if (value == floor(value) && fabs(value) < 9007199254740992.0)
		buf_addf(out, "%.0f", value);
	else if (isinf(value))
		buf_add_str(out, value > 0 ? "+Inf" : "-Inf");
	else
		buf_addf(out, "%.15g", value);
}

void
exposition_sample(struct exposition *exposition, double value, ...)
{
	struct buf *out = exposition->out;
	char before = '{';
	const char *label;
	va_list labels;

	if (isnan(value))
		return;
	if (!exposition->is_told)
		tell_family(exposition);
	buf_add_str(out, exposition->name);
	va_start(labels, value);
	while ((label = va_arg(labels, const char *)) != NULL) {
		buf_add_char(out, before);
		buf_add_str(out, label);
		buf_add_str(out, "=\"");
		add_label_text(out, va_arg(labels, const char *));
		buf_add_char(out, '"');
		before = ',';
	}
	va_end(labels);
	buf_add_str(out, before == ',' ? "} " : " ");
	add_value(out, value);
	buf_add_char(out, '\n');
}

void
exposition_single(struct exposition *exposition, const char *name,
    enum exposition_type type, const char *help, double value)
{
	exposition_family(exposition, name, type, help);
	exposition_sample(exposition, value, (char *)NULL);
}

void
exposition_end(struct exposition *exposition)
{
	if (exposition->format == EXPOSITION_OPENMETRICS)
		buf_add_str(exposition->out, "# EOF\n");
}
