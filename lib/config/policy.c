#include "config/policy.h"

#include "base/glob.h"
#include "base/number.h"

const char *const policy_tiers[] = { "autonomous", "notify",
	"approval_required", "blocked", NULL };

/* --- which line decides --------------------------------------------------- */

/* What stands before the first '*'; all of it where there is none. */
static size_t
literal_bytes(struct slice pattern)
{
	const char *star =
	    pattern.len == 0 ? NULL : memchr(pattern.data, '*', pattern.len);

	return star == NULL ? pattern.len : (size_t)(star - pattern.data);
}

static int
compare_sizes(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

int
policy_compare(struct slice a, struct slice b)
{
	size_t literal_a = literal_bytes(a), literal_b = literal_bytes(b);
	bool is_exact_a = literal_a == a.len, is_exact_b = literal_b == b.len;

	if (is_exact_a != is_exact_b)
		return is_exact_a ? 1 : -1;
	if (literal_a != literal_b)
		return compare_sizes(literal_a, literal_b);
	return compare_sizes(a.len, b.len);
}

static bool
is_better(const struct policy_rule *rule, const struct policy_rule *best)
{
	int order;

	if (best == NULL)
		return true;
	order =
	    policy_compare(slice_of(rule->pattern), slice_of(best->pattern));
	return order > 0 || (order == 0 && rule->tier > best->tier);
}

/* Of the lines for `agent`; {NULL, 0}: of those for all. */
static const struct policy_rule *
find_rule(
    const struct policy *policy, struct slice agent, struct slice capability)
{
	const struct policy_rule *best = NULL;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = policy->rules + i;

		if (slice_equal(slice_of(rule->agent), agent) &&
		    glob_fits(slice_of(rule->pattern), capability) &&
		    is_better(rule, best))
			best = rule;
	}
	return best;
}

void
policy_decide(const struct policy *policy, struct slice agent,
    struct slice capability, struct policy_decision *ret)
{
	const struct policy_rule *rule = find_rule(policy, agent, capability);

	if (rule == NULL)
		rule = find_rule(policy, (struct slice){ NULL, 0 }, capability);
	ret->rule = rule;
	ret->tier = rule == NULL ? ENTRY_AUTONOMOUS : rule->tier;
}

/* Of two that are alike, the one that allows less in the same time. */
static bool
is_stricter(const struct policy_rate *a, const struct policy_rate *b)
{
	if (a->count == 0 || b->count == 0)
		return b->count == 0 && a->count != 0;
	return a->count * b->span < b->count * a->span;
}

const struct policy_limit *
policy_find_limit(const struct policy *policy, struct slice capability)
{
	const struct policy_limit *best = NULL;

	for (size_t i = 0; i < policy->limit_count; i++) {
		const struct policy_limit *limit = policy->limits + i;
		int order = 1;

		if (!glob_fits(slice_of(limit->pattern), capability))
			continue;
		if (best != NULL)
			order = policy_compare(
			    slice_of(limit->pattern), slice_of(best->pattern));
		if (order > 0 ||
		    (order == 0 && is_stricter(&limit->rate, &best->rate)))
			best = limit;
	}
	return best;
}

/* --- in words ------------------------------------------------------------- */

/* What follows the folder of kruxos.conf: conf.d/site.conf */
static const char *
behind_folder(const struct policy *policy, const char *path)
{
	const char *slash = strrchr(policy->path, '/');
	size_t folder = slash == NULL ? 0 : (size_t)(slash - policy->path) + 1;

	return strncmp(path, policy->path, folder) == 0 ? path + folder : path;
}

static void
add_place(const struct policy *policy, const char *path, unsigned line,
    struct buf *out)
{
	buf_addf(out, "%s:%u: ", behind_folder(policy, path), line);
}

void
policy_add_rule_line(const struct policy *policy,
    const struct policy_rule *rule, struct buf *out)
{
	add_place(policy, rule->path, rule->line, out);
	if (rule->agent != NULL)
		buf_addf(out, "[policy agent %s] ", rule->agent);
	buf_addf(out, "%s = %s", rule->pattern, entry_tier_name(rule->tier));
}

void
policy_add_rate(const struct policy_rate *rate, struct buf *out)
{
	char span[CLOCK_DURATION_SIZE];

	if (rate->count == 0) {
		buf_add_str(out, "none");
		return;
	}
	clock_format_duration(rate->span, span);
	buf_addf(out, "%u/%s", rate->count, span);
}

void
policy_add_limit_line(const struct policy *policy,
    const struct policy_limit *limit, struct buf *out)
{
	if (limit->line != 0)
		add_place(policy, limit->path, limit->line, out);
	buf_addf(out, "[limit] %s = ", limit->pattern);
	policy_add_rate(&limit->rate, out);
}

/* --- copies --------------------------------------------------------------- */

static const char *
copy_text(struct arena *arena, const char *text)
{
	return text == NULL ? NULL : arena_copy(arena, text, strlen(text));
}

void
policy_copy(
    const struct policy *policy, struct arena *arena, struct policy *ret)
{
	struct policy copy = *policy;

	copy.path = copy_text(arena, policy->path);
	copy.rules =
	    arena_array(arena, policy->rule_count, sizeof(*copy.rules));
	copy.limits =
	    arena_array(arena, policy->limit_count, sizeof(*copy.limits));
	for (size_t i = 0; i < policy->rule_count; i++) {
		copy.rules[i] = policy->rules[i];
		copy.rules[i].agent = copy_text(arena, policy->rules[i].agent);
		copy.rules[i].pattern =
		    copy_text(arena, policy->rules[i].pattern);
		copy.rules[i].path = copy_text(arena, policy->rules[i].path);
	}
	for (size_t i = 0; i < policy->limit_count; i++) {
		copy.limits[i] = policy->limits[i];
		copy.limits[i].pattern =
		    copy_text(arena, policy->limits[i].pattern);
		copy.limits[i].path = copy_text(arena, policy->limits[i].path);
	}
	*ret = copy;
}

/* --- for the reader of the files ------------------------------------------ */

void
policy_init(struct policy *policy, const char *path)
{
	*policy = (struct policy){ .path = path };
}

/* What can stand in a capability (entry.h), and '*'. */
static bool
is_pattern_byte(char c)
{
	bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

	return is_letter || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("._:@/+-*", c) != NULL);
}

/* Could any capability fit? */
static int
check_pattern(struct slice pattern, struct error *err)
{
	for (size_t i = 0; i < pattern.len; i++)
		if (!is_pattern_byte(pattern.data[i]))
			return error_set(err, ERROR_INVALID,
			    "no capability has such a name: letters, digits "
			    "and ._:@/+- make one, and * stands for any text");
	if (pattern.len > ENTRY_NAME_BYTES)
		return error_set(err, ERROR_INVALID,
		    "no capability is longer than %d bytes", ENTRY_NAME_BYTES);
	if (memchr(pattern.data, '.', pattern.len) == NULL &&
	    memchr(pattern.data, '*', pattern.len) == NULL)
		return error_set(err, ERROR_INVALID,
		    "a capability has a dot; %.*s.* would be all that begin so",
		    SLICE_ARG(pattern));
	return 0;
}

static struct policy_rule *
find_same_rule(struct policy *policy, const char *agent, struct slice pattern)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (slice_is(pattern, policy->rules[i].pattern) &&
		    slice_is(slice_of(agent), policy->rules[i].agent))
			return policy->rules + i;
	return NULL;
}

struct policy_rule *
policy_add_rule(struct policy *policy, struct arena *arena, const char *agent,
    struct slice pattern, struct error *err)
{
	struct policy_rule *rule;

	if (check_pattern(pattern, err) == -1)
		return NULL;
	rule = find_same_rule(policy, agent, pattern);
	if (rule == NULL && policy->rule_count == POLICY_RULES) {
		error_set(err, ERROR_INVALID,
		    "there are more than %d lines of policy", POLICY_RULES);
		return NULL;
	}
	if (rule == NULL) {
		policy->rules = arena_grow(arena, policy->rules,
		    policy->rule_count, sizeof(*policy->rules));
		rule = policy->rules + policy->rule_count++;
	}
	*rule = (struct policy_rule){
		.agent = agent,
		.pattern = arena_slice(arena, pattern).data,
		.tier = ENTRY_BLOCKED,
	};
	return rule;
}

static struct policy_limit *
find_same_limit(struct policy *policy, struct slice pattern)
{
	for (size_t i = 0; i < policy->limit_count; i++)
		if (slice_is(pattern, policy->limits[i].pattern))
			return policy->limits + i;
	return NULL;
}

struct policy_limit *
policy_add_limit(struct policy *policy, struct arena *arena,
    struct slice pattern, struct error *err)
{
	struct policy_limit *limit;

	if (check_pattern(pattern, err) == -1)
		return NULL;
	limit = find_same_limit(policy, pattern);
	if (limit == NULL && policy->limit_count == POLICY_LIMITS) {
		error_set(err, ERROR_INVALID, "there are more than %d limits",
		    POLICY_LIMITS);
		return NULL;
	}
	if (limit == NULL) {
		policy->limits = arena_grow(arena, policy->limits,
		    policy->limit_count, sizeof(*policy->limits));
		limit = policy->limits + policy->limit_count++;
	}
	*limit = (struct policy_limit){
		.pattern = arena_slice(arena, pattern).data,
	};
	return limit;
}

int
policy_parse_rate(struct slice text, struct policy_rate *ret, struct error *err)
{
	const char *slash =
	    text.len == 0 ? NULL : memchr(text.data, '/', text.len);
	struct error ignored;
	struct slice count, span;
	uint64_t number;
	usec_t duration;

	if (slice_is(text, "none")) {
		*ret = (struct policy_rate){ 0, 0 };
		return 0;
	}
	if (slash == NULL)
		return error_set(err, ERROR_INVALID,
		    "neither none nor a number and a time, such as 30/1m");
	count = (struct slice){ text.data, (size_t)(slash - text.data) };
	span = (struct slice){ slash + 1, text.len - count.len - 1 };
	if (number_parse_u64(count, 1, POLICY_COUNT, &number) == -1)
		return error_set(err, ERROR_INVALID,
		    "before the / stands a number, 1 to %d", POLICY_COUNT);
	if (clock_parse_duration(span, &duration, &ignored) == -1 ||
	    duration < USEC_PER_SEC || duration > USEC_PER_DAY ||
	    duration % USEC_PER_SEC != 0)
		return error_set(err, ERROR_INVALID,
		    "behind the / stands a time such as 30s, 1m or 24h, at "
		    "most a day");
	*ret = (struct policy_rate){ (unsigned)number, duration };
	return 0;
}
