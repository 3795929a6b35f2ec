#include "log/redact_tokens.h"

enum {
	BODY_BREAKS = 2,      /* line breaks in a token: 200 columns of 80 */
	WRAPPED_COLUMNS = 60, /* of a line that may have been wrapped */
	WRAPPED_REST = 12,    /* characters on the next one that are no word */
	LABEL_BYTES = 64,     /* "RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK" */
	AWS_SECRET = 40,      /* base64 characters of a secret access key */
	AWS_CUT = 12,	      /* enough of them if the text ends in it */
	AWS_WITHIN = 64,      /* bytes behind its id in which it begins */
};

static redact_check body, aws_id, aws_secret, atlas, discord, jwt, private_key,
    telegram;

/* Lengths are the issuers' or, where those change, those of the scanners that
 * they recommend. More than the longest is the same token with something
 * glued on, so only those with a digest's alphabet (EXACT) have an end. */
const struct redact_rule redact_tokens[] = {
	/* name, anchor, check, alphabet, shortest, cut, flags */
	{ "github", "gh[pousr]_", body, REDACT_ALNUM, 36, 8 },
	{ "github", "github_pat_", body, REDACT_WORD, 22, 8, REDACT_VARIED },
	{ "gitlab", "glpat-", body, REDACT_WORD_DASH_DOT, 20, 8 },
	{ "gitlab", "glptt-", body, REDACT_WORD_DASH_DOT, 20, 8 },
	{ "gitlab", "gl[rdf]t-", body, REDACT_WORD_DASH_DOT, 20, 10,
	    REDACT_BORDER | REDACT_VARIED },
	{ "gitlab", "glcbt-", body, REDACT_WORD_DASH_DOT, 20, 8 },
	{ "gitlab", "glsoat-", body, REDACT_WORD_DASH_DOT, 20, 8 },
	{ "anthropic", "sk-ant-", body, REDACT_WORD_DASH, 82, 12 },
	{ "openai", "sk-proj-", body, REDACT_WORD_DASH, 40, 12, REDACT_VARIED },
	{ "openai", "sk-svcacct-", body, REDACT_WORD_DASH, 40, 12 },
	{ "openai", "sk-admin-", body, REDACT_WORD_DASH, 40, 12,
	    REDACT_VARIED },
	/* 20, "T3BlbkFJ" and 20; other makers have 32 and more. */
	{ "openai", "sk-", body, REDACT_ALNUM, 32, 16, REDACT_BORDER },
	{ "aws", "AKIA", aws_id, REDACT_BASE32, 16, 8,
	    REDACT_BORDER | REDACT_EXACT },
	{ "aws", "A[SB]IA", aws_id, REDACT_BASE32, 16, 8,
	    REDACT_BORDER | REDACT_EXACT },
	{ "aws", "ACCA", aws_id, REDACT_BASE32, 16, 8,
	    REDACT_BORDER | REDACT_EXACT },
	{ "aws", "A3T[A-Z0-9]", aws_id, REDACT_BASE32, 16, 8,
	    REDACT_BORDER | REDACT_EXACT },
	{ "aws", "secret_access_key", aws_secret, 0, 0, 0, REDACT_ANY_CASE },
	{ "google", "AIza", body, REDACT_WORD_DASH, 35, 10, REDACT_BORDER },
	{ "google", "ya29.", body, REDACT_WORD_DASH, 20, 10, REDACT_BORDER },
	{ "google", "GOCSPX-", body, REDACT_WORD_DASH, 28, 8 },
	{ "slack", "xox[abeoprs]-", body, REDACT_WORD_DASH, 10, 0,
	    REDACT_BORDER },
	{ "slack", "xapp-[0-9]-", body, REDACT_WORD_DASH, 1, 0, REDACT_BORDER },
	{ "slack", "hooks.slack.com/services/", body,
	    REDACT_WORD_DASH | REDACT_SLASH, 8, 0 },
	{ "slack", "hooks.slack.com/workflows/", body,
	    REDACT_WORD_DASH | REDACT_SLASH, 8, 0 },
	{ "slack", "hooks.slack.com/triggers/", body,
	    REDACT_WORD_DASH | REDACT_SLASH, 8, 0 },
	{ "discord", "/api/webhooks/", discord, REDACT_WORD_DASH, 60, 12 },
	{ "stripe", "[sr]k_live_", body, REDACT_ALNUM, 10, 0, REDACT_BORDER },
	{ "stripe", "[sr]k_test_", body, REDACT_ALNUM, 10, 0, REDACT_BORDER },
	{ "stripe", "[sr]k_prod_", body, REDACT_ALNUM, 10, 0, REDACT_BORDER },
	{ "stripe", "whsec_", body, REDACT_BASE64 | REDACT_EQUALS, 16, 8 },
	{ "npm", "npm_", body, REDACT_ALNUM, 36, 10, REDACT_BORDER },
	{ "pypi", "pypi-AgEIcHlwaS5vcmc", body, REDACT_WORD_DASH, 50, 1 },
	{ "docker", "dckr_pat_", body, REDACT_WORD_DASH, 27, 8 },
	{ "huggingface", "hf_", body, REDACT_LETTER, 34, 12, REDACT_BORDER },
	{ "vault", "hv[sbr].", body, REDACT_WORD_DASH, 24, 12,
	    REDACT_BORDER | REDACT_VARIED },
	{ "terraform", ".atlasv1.", atlas, REDACT_WORD_DASH, 60, 8 },
	{ "digitalocean", "do[opr]_v1_", body, REDACT_HEX_LOWER, 64, 8 },
	{ "databricks", "dapi", body, REDACT_HEX_LOWER, 32, 16,
	    REDACT_BORDER | REDACT_EXACT },
	{ "sendgrid", "SG.", body, REDACT_WORD_DASH_DOT, 66, 30,
	    REDACT_BORDER | REDACT_VARIED },
	{ "mailgun", "key-", body, REDACT_HEX_LOWER, 32, 16,
	    REDACT_BORDER | REDACT_BORDER_DASH | REDACT_EXACT },
	{ "telegram", "[0-9]:AA", telegram, REDACT_WORD_DASH, 33, 12 },
	{ "grafana", "glsa_", body, REDACT_WORD, 20, 12,
	    REDACT_BORDER | REDACT_VARIED },
	{ "grafana", "glc_", body, REDACT_BASE64 | REDACT_EQUALS, 20, 12,
	    REDACT_BORDER },
	{ "linear", "lin_api_", body, REDACT_ALNUM, 40, 8, REDACT_BORDER },
	{ "shopify", "shp[acp][at]_", body, REDACT_HEX, 32, 8 },
	{ "shopify", "shpss_", body, REDACT_HEX, 32, 8 },
	{ "age", "AGE-SECRET-KEY-1", body, REDACT_UPPER | REDACT_DIGIT, 58, 8 },
	{ "kruxos", "krx_agent_", body, REDACT_WORD_DASH, 38, 8 },
	{ "kruxos", "krx_link_", body, REDACT_WORD_DASH, 38, 8 },
	{ "kruxos", "krx_session_", body, REDACT_WORD_DASH, 38, 8 },
	{ "kruxos", "krx_user_", body, REDACT_WORD_DASH, 38, 8 },
	{ "jwt", "eyJ", jwt, REDACT_WORD_DASH, 10, 0, REDACT_BORDER },
	{ "jwt in base64", "ZXlK", body, REDACT_BASE64 | REDACT_WORD_DASH, 36,
	    0, REDACT_BORDER },
	/* Three more dashes stand before it: rulers are not to be anchors. */
	{ "private key", "--BEGIN ", private_key },
};

const size_t redact_tokens_count =
    sizeof(redact_tokens) / sizeof(redact_tokens[0]);

static bool
has_border(
    const struct redact_scan *scan, const struct redact_rule *rule, size_t at)
{
	char before = redact_rule_before(scan, at);

	if (rule->flags & REDACT_BORDER_DASH)
		return !redact_rule_has(REDACT_WORD_DASH, before);
	if (rule->flags & REDACT_BORDER)
		return !redact_rule_has(REDACT_ALNUM, before);
	return true;
}

/* Was the line that ends at `end` broken for its length? */
static bool
is_full_line(const struct redact_scan *scan, size_t end)
{
	return end >= WRAPPED_COLUMNS &&
	       memchr(scan->text.data + end - WRAPPED_COLUMNS, '\n',
		   WRAPPED_COLUMNS) == NULL;
}

/* Behind `end` of what is certainly a token: the rest of it, where a terminal
 * or a mailer wrapped it. The next line may as well begin with a word: what is
 * too short to tell stays, and behind a line that is not full, what has not
 * letters of both cases and digits. */
static size_t
unwrap(const struct redact_scan *scan, unsigned alphabet, size_t end)
{
	for (;;) {
		size_t begin = end + redact_rule_break(scan, end);
		size_t next =
		    redact_rule_run(scan, alphabet, begin, scan->text.len);
		unsigned groups = redact_rule_groups_of(scan, begin, next);
		bool mixed = (groups & REDACT_DIGIT) &&
			     (groups & REDACT_LOWER) && (groups & REDACT_UPPER);

		if (begin == end || next - begin < WRAPPED_REST ||
		    !redact_rule_is_varied(scan, begin, next) ||
		    (!mixed && !is_full_line(scan, end)))
			return end;
		end = next;
	}
}

/* Where the body of a token ends that begins at `begin`; 0: it is none. It may
 * be broken by a terminal, or end early because its text does. */
static size_t
body_end(const struct redact_scan *scan, const struct redact_rule *rule,
    size_t begin)
{
	size_t at = begin, count = 0;

	for (int breaks = 0;; breaks++) {
		size_t end = redact_rule_run(
		    scan, rule->alphabet, at, rule->shortest - count);
		size_t skip = redact_rule_break(scan, end);

		count += end - at;
		at = end;
		if (count == rule->shortest)
			break;
		if (rule->cut == 0 || count < rule->cut ||
		    !redact_rule_is_varied(scan, begin, at))
			return 0;
		if (redact_rule_is_cut(scan, at))
			return at;
		if (skip == 0 || breaks == BODY_BREAKS ||
		    !redact_rule_has(
			rule->alphabet, redact_rule_byte(scan, at + skip)))
			return 0;
		at += skip;
	}
	if ((rule->flags & REDACT_VARIED) &&
	    !redact_rule_is_varied(scan, begin, at) &&
	    redact_rule_run(scan, REDACT_ALNUM, begin, at - begin) < at)
		return 0;
	if (rule->flags & REDACT_EXACT)
		return redact_rule_has(REDACT_ALNUM, redact_rule_byte(scan, at))
			   ? 0
			   : at;
	at = redact_rule_run(scan, rule->alphabet, at, scan->text.len);
	return unwrap(scan, rule->alphabet, at);
}

static size_t
body(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	size_t end =
	    has_border(scan, rule, at) ? body_end(scan, rule, behind) : 0;

	if (end != 0)
		redact_rule_found(scan, at, end);
	return end;
}

/* A secret access key has no prefix: 40 characters of base64 and no more, with
 * letters of both cases (a git hash has one); fewer if the text ends in it. */
static bool
is_aws_secret(const struct redact_scan *scan, size_t begin, size_t end)
{
	unsigned groups = redact_rule_groups_of(scan, begin, end);

	if (!(groups & REDACT_LOWER) || !(groups & REDACT_UPPER))
		return false;
	return end - begin == AWS_SECRET ||
	       (end - begin < AWS_SECRET && end - begin >= AWS_CUT &&
		   (groups & REDACT_DIGIT) && redact_rule_is_cut(scan, end));
}

/* It stands near something that names it. */
static void
find_aws_secret(struct redact_scan *scan, size_t from)
{
	for (size_t at = from; at < from + AWS_WITHIN && at < scan->text.len;) {
		size_t end =
		    redact_rule_run(scan, REDACT_BASE64, at, AWS_SECRET + 1);

		if (is_aws_secret(scan, at, end)) {
			redact_rule_found(scan, at, end);
			return;
		}
		at = redact_rule_run(scan, REDACT_BASE64, end, AWS_WITHIN) + 1;
	}
}

static size_t
aws_id(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	size_t end =
	    has_border(scan, rule, at) ? body_end(scan, rule, behind) : 0;

	if (end == 0 || redact_rule_byte(scan, end) == '_')
		return 0;
	redact_rule_found(scan, at, end);
	find_aws_secret(scan, end);
	return end;
}

/* The name's own rule (redact_names.c) is asked afterwards. */
static size_t
aws_secret(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	(void)rule;
	(void)at;
	find_aws_secret(scan, behind);
	return 0;
}

/* 14 characters, ".atlasv1.", and 60 to 70. */
static size_t
atlas(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	enum { BEFORE = 14 };
	size_t end = body_end(scan, rule, behind);

	if (end == 0 || at - scan->floor < BEFORE ||
	    redact_rule_run(
		scan, REDACT_LOWER | REDACT_DIGIT, at - BEFORE, BEFORE) != at)
		return 0;
	redact_rule_found(scan, at - BEFORE, end);
	return end;
}

/* discord.com/api/webhooks/ID/TOKEN: id and token are taken out. */
static size_t
discord(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	struct slice host = { scan->text.data + scan->floor, at - scan->floor };
	size_t slash = redact_rule_run(scan, REDACT_DIGIT, behind, 20);
	size_t end;

	if (!slice_ends_with(host, SLICE_LITERAL("discord.com")) &&
	    !slice_ends_with(host, SLICE_LITERAL("discordapp.com")))
		return 0;
	if (slash == behind || redact_rule_byte(scan, slash) != '/')
		return 0;
	end = body_end(scan, rule, slash + 1);
	if (end != 0)
		redact_rule_found(scan, behind, end);
	return end;
}

/* 8 to 10 digits, ":AA", and 33. */
static size_t
telegram(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	enum { DIGITS_MIN = 8, DIGITS_MAX = 10 };
	size_t begin = at, end = body_end(scan, rule, behind);

	while (at + 1 - begin < DIGITS_MAX &&
	       redact_rule_has(REDACT_DIGIT, redact_rule_before(scan, begin)))
		begin--;
	if (end == 0 || at + 1 - begin < DIGITS_MIN ||
	    redact_rule_has(REDACT_ALNUM, redact_rule_before(scan, begin)))
		return 0;
	redact_rule_found(scan, begin, end);
	return end;
}

/* Header, payload, signature; the first two are JSON objects. */
static size_t
jwt(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	const size_t part = 3 + (size_t)rule->shortest;
	size_t payload, end;

	(void)behind;
	if (!has_border(scan, rule, at))
		return 0;
	payload = redact_rule_word_run(scan, at) + 1;
	if (payload - 1 - at < part ||
	    redact_rule_byte(scan, payload - 1) != '.')
		return 0;
	end = redact_rule_run(scan, REDACT_WORD_DASH, payload, part);
	if (end - payload < part && !redact_rule_is_cut(scan, end))
		return 0;
	if (end - payload >= 3 &&
	    memcmp(scan->text.data + payload, "eyJ", 3) != 0)
		return 0;
	end = redact_rule_run(scan, REDACT_WORD_DASH_DOT, end, scan->text.len);
	end = unwrap(scan, REDACT_WORD_DASH_DOT, end);
	redact_rule_found(scan, at, end);
	return end;
}

/* Behind the label at `at` and its dashes; 0: there is none. */
static size_t
label_end(const struct redact_scan *scan, size_t at, struct slice *ret_label)
{
	static const struct slice dashes = { "-----", 5 };
	size_t end = redact_rule_run(
	    scan, REDACT_UPPER | REDACT_DIGIT | REDACT_BLANK, at, LABEL_BYTES);
	struct slice rest = { scan->text.data + end, scan->text.len - end };

	*ret_label = (struct slice){ scan->text.data + at, end - at };
	return slice_starts_with(rest, dashes) ? end + dashes.len : 0;
}

/* Code that only names the line: it ends in a quote, and no key follows. */
static bool
is_quoted_label(const struct redact_scan *scan, size_t end)
{
	enum { WITHIN = 64, KEY = 32 };
	size_t limit =
	    end + WITHIN < scan->text.len ? end + WITHIN : scan->text.len;

	if (!redact_rule_has(REDACT_QUOTE, redact_rule_byte(scan, end)))
		return false;
	for (size_t at = end, next; at < limit; at = next + 1) {
		next = redact_rule_run(scan, REDACT_BASE64, at, KEY);
		if (next == at + KEY)
			return false;
	}
	return true;
}

/* To the line that ends it, or to the end of the text. */
static size_t
private_key(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	static const struct slice dashes = { "---", 3 };
	static const struct slice last = { "-----END ", 9 };
	struct slice before = { scan->text.data + scan->floor,
		at - scan->floor };
	struct slice label;
	size_t end = label_end(scan, behind, &label);
	const char *found;

	(void)rule;
	if (end == 0 || !slice_ends_with(before, dashes) ||
	    (!slice_ends_with(label, SLICE_LITERAL("PRIVATE KEY")) &&
		!slice_ends_with(label, SLICE_LITERAL("PRIVATE KEY BLOCK"))))
		return 0;
	if (is_quoted_label(scan, end))
		return 0;
	found = memmem(
	    scan->text.data + end, scan->text.len - end, last.data, last.len);
	if (found == NULL) {
		end = scan->text.len;
	} else {
		size_t begin = (size_t)(found - scan->text.data) + last.len;

		end = label_end(scan, begin, &label);
		if (end == 0)
			end = begin;
	}
	redact_rule_found(scan, at - dashes.len, end);
	return end;
}
