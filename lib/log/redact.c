#include "log/redact.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "log/redact_base64.h"
#include "log/redact_filter.h"
#include "log/redact_login.h"
#include "log/redact_names.h"
#include "log/redact_tokens.h"
#include "log/redact_view.h"

enum {
	LEVELS = 2, /* of escapes: JSON within a string within JSON */
	/* Where a secret was, a marker stands, and so what is around it may be
	 * judged otherwise (a bound in bytes, a border): seen in fuzzing. */
	ROUNDS = 4,
};

struct redactor {
	struct redact_filter filter;
};

static void
add_rules(
    struct redactor *redactor, const struct redact_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		redact_filter_add(&redactor->filter, &rules[i]);
}

struct redactor *
redact_new(void)
{
	struct redactor *redactor = memory_new(sizeof(*redactor));

	add_rules(redactor, redact_tokens, redact_tokens_count);
	add_rules(redactor, redact_login, redact_login_count);
	add_rules(redactor, redact_names, redact_names_count);
	return redactor;
}

void
redact_free(struct redactor *redactor)
{
	if (redactor == NULL)
		return;
	redact_filter_free(&redactor->filter);
	free(redactor);
}

/* Where to go on from `at`, at which an anchor may stand. */
static size_t
ask_rules(const struct redactor *redactor, struct redact_scan *scan, size_t at)
{
	const struct redact_filter_link *link =
	    redact_filter_first(&redactor->filter, scan->text, at);

	for (; link != NULL;
	     link = redact_filter_after(&redactor->filter, link)) {
		const struct redact_rule *rule = link->rule;
		size_t anchor = redact_rule_anchor(rule, scan->text, at);
		size_t end;

		if (anchor == 0)
			continue;
		end = rule->check(scan, rule, at, at + anchor);
		if (end > 0) {
			scan->floor = end;
			return end;
		}
	}
	return at + 1;
}

static void
find_plain(const struct redactor *redactor, struct slice text,
    struct redact_spans *spans)
{
	struct redact_scan scan = { .text = text, .spans = spans };
	size_t at = 0;

	while (
	    (at = redact_filter_next(&redactor->filter, text, at)) < text.len)
		at = ask_rules(redactor, &scan, at);
}

static void
find_base64(const struct redactor *redactor, struct slice text,
    struct redact_spans *spans)
{
	cleanup(redact_rule_spans_free) struct redact_spans within =
	    REDACT_SPANS_INIT;
	cleanup(buf_free) struct buf decoded = BUF_INIT;
	struct redact_scan scan = { .text = text, .spans = spans };
	struct redact_span run = { 0, 0 };

	while (redact_base64_next(text, run.end, &run)) {
		struct slice bytes = { text.data + run.begin,
			run.end - run.begin };

		if (!redact_base64_may_be_text(bytes))
			continue;
		within.count = 0;
		for (unsigned phase = 0;
		     phase < REDACT_BASE64_PHASES && within.count == 0; phase++)
			if (redact_base64_decode(bytes, phase, &decoded))
				find_plain(
				    redactor, buf_slice(&decoded), &within);
		if (within.count > 0)
			redact_rule_found(&scan, run.begin, run.end);
	}
}

/* The spans of `text` as it stands, and behind each level of escapes. */
static void
find(const struct redactor *redactor, struct slice text, int levels,
    struct redact_spans *spans)
{
	cleanup(redact_view_free) struct redact_view view = REDACT_VIEW_INIT;
	struct redact_span stretch = { 0, 0 };

	find_plain(redactor, text, spans);
	find_base64(redactor, text, spans);
	while (levels > 0 &&
	       redact_view_next(&view, text, stretch.end, &stretch)) {
		size_t outer = spans->count;

		find(redactor, buf_slice(&view.bytes), levels - 1, spans);
		for (size_t i = outer; i < spans->count; i++)
			spans->items[i] =
			    redact_view_outer(&view, spans->items[i]);
	}
}

static int
compare(const void *a, const void *b)
{
	const struct redact_span *left = a, *right = b;

	if (left->begin != right->begin)
		return left->begin < right->begin ? -1 : 1;
	return (left->end > right->end) - (left->end < right->end);
}

static bool
is_marker(struct slice text)
{
	return slice_equal(text, SLICE_LITERAL(REDACT_MARKER));
}

/* Sorted, each byte in one of them at most, and none that was replaced before
 * (of a long value the front alone is judged, and the marker may stand behind
 * it). */
static void
unite(struct redact_spans *spans, struct slice text)
{
	size_t kept = 0;

	qsort(spans->items, spans->count, sizeof(*spans->items), compare);
	for (size_t i = 0; i < spans->count; i++) {
		struct redact_span span = spans->items[i];
		struct slice bytes = { text.data + span.begin,
			span.end - span.begin };

		if (kept > 0 && span.begin < spans->items[kept - 1].end) {
			if (span.end > spans->items[kept - 1].end)
				spans->items[kept - 1].end = span.end;
		} else if (!is_marker(bytes)) {
			spans->items[kept++] = span;
		}
	}
	spans->count = kept;
}

/* One round; nothing is appended where nothing is found. */
static size_t
replace(const struct redactor *redactor, struct slice text, struct buf *out)
{
	cleanup(redact_rule_spans_free) struct redact_spans spans =
	    REDACT_SPANS_INIT;
	size_t copied = 0;

	find(redactor, text, LEVELS, &spans);
	if (spans.count > 0)
		unite(&spans, text);
	if (spans.count == 0)
		return 0;
	for (size_t i = 0; i < spans.count; i++) {
		buf_add(out, text.data + copied, spans.items[i].begin - copied);
		buf_add_str(out, REDACT_MARKER);
		copied = spans.items[i].end;
	}
	buf_add(out, text.data + copied, text.len - copied);
	return spans.count;
}

size_t
redact_text(const struct redactor *redactor, struct slice text, struct buf *out)
{
	cleanup(buf_free) struct buf again = BUF_INIT;
	size_t start = out->len;
	size_t count = replace(redactor, text, out), more = count;

	for (int round = 1; more > 0 && round < ROUNDS; round++) {
		struct slice written = { out->data + start, out->len - start };

		buf_reset(&again);
		more = replace(redactor, written, &again);
		if (more == 0)
			break;
		count += more;
		buf_set_len(out, start);
		buf_add_slice(out, buf_slice(&again));
	}
	return count;
}

size_t
redact_member(const struct redactor *redactor, struct slice key,
    struct slice text, struct buf *out)
{
	if (text.len == 0 || is_marker(text))
		return 0;
	if (!redact_is_secret_name(key))
		return redact_text(redactor, text, out);
	buf_add_str(out, REDACT_MARKER);
	return 1;
}

size_t
redact_element(const struct redactor *redactor, struct slice first,
    struct slice before, struct slice text, struct buf *out)
{
	size_t begin;

	if (text.len == 0)
		return 0;
	begin = redact_names_element(first, before, text);
	if (begin == text.len)
		return redact_text(redactor, text, out);
	buf_add(out, text.data, begin);
	buf_add_str(out, REDACT_MARKER);
	return 1;
}

bool
redact_is_secret_name(struct slice key)
{
	cleanup(redact_view_free) struct redact_view view = REDACT_VIEW_INIT;
	struct redact_span stretch;

	return redact_names_is_secret(key) ||
	       (redact_view_next(&view, key, 0, &stretch) &&
		   redact_names_is_secret(buf_slice(&view.bytes)));
}
