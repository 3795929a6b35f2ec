/* How good is the net? 27 kinds of secrets, 40 of each, in 8 wrappings, and a
 * million lines without one.
 *
 *	redaction-corpus [-v] [FILE...]
 *
 * The FILEs are lines that people and agents really wrote (the sources, the
 * recorded sessions); the others are made here, from a fixed seed. It prints
 * what share was found, how many false alarms there were, and how fast it
 * went beside memcpy() and memchr() over the same bytes; -v shows what was
 * missed. The answer is 1 below the floors; speed is no floor.
 *
 * A secret counts as found if no 12 bytes of it side by side are left. */
#include "base/cleanup.h"
#include "log/redact.h"
#include "tests/unit/chance.h"

#include <errno.h>
#include <stdint.h>
#include <time.h>

enum {
	TOKENS = 40,
	LINES = 1000000,
	LEFT_BYTES = 12,
	COLUMNS = 80,
	PLAIN_PERCENT = 99,
	WRAPPED_PERCENT = 95,
	FALSE_ALARMS = 10,
	TEXT_BYTES = 64 * 1024, /* one of the texts whose speed is measured */
};

static bool verbose;

/* --- chance, the same each time ------------------------------------------ */

static uint64_t seed = 20261123;

static uint64_t
chance(uint64_t below)
{
	return chance_below(&seed, below);
}

static void
add_random(struct buf *out, const char *alphabet, size_t count)
{
	size_t len = strlen(alphabet);

	for (size_t i = 0; i < count; i++)
		buf_add_char(out, alphabet[chance(len)]);
}

#define DIGIT "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* The alphabets of templates by their letter. */
static const char *const alphabets[128] = {
	['a'] = UPPER LOWER DIGIT,
	['w'] = UPPER LOWER DIGIT "_",
	['-'] = UPPER LOWER DIGIT "_-",
	['h'] = DIGIT "abcdef",
	['d'] = DIGIT,
	['l'] = LOWER DIGIT,
	['u'] = UPPER DIGIT,
	['L'] = UPPER LOWER,
	['3'] = UPPER "234567",
	['6'] = UPPER LOWER DIGIT "+/",
};

static const char *const words[] = { "add", "agent", "answer", "audit",
	"buffer", "build", "cache", "check", "client", "close", "commit",
	"config", "cookie", "count", "cursor", "daemon", "error", "file",
	"first", "fix", "handle", "header", "index", "key", "line", "lock",
	"log", "make", "merge", "message", "move", "name", "open", "option",
	"parse", "password", "path", "query", "read", "remove", "rename",
	"request", "return", "secret", "session", "size", "socket", "test",
	"the", "token", "update", "use", "value", "when", "write" };

static const char *
word(void)
{
	return words[chance(sizeof(words) / sizeof(words[0]))];
}

/* A template: {alphabet}count, {?}count for so many words; else literal. Where
 * the first and the last of its parts made by chance stand is what is secret.
 */
static void
add_template(
    struct buf *out, const char *template, size_t *ret_begin, size_t *ret_end)
{
	bool first = true;

	*ret_begin = *ret_end = out->len;
	for (const char *p = template; *p != '\0'; p++) {
		char *end;
		size_t count;

		if (*p != '{') {
			buf_add_char(out, *p);
			continue;
		}
		if (first)
			*ret_begin = out->len;
		first = false;
		count = strtoul(p + 2, &end, 10);
		if (p[1] == '?')
			for (; count > 0; count--)
				buf_addf(
				    out, "%s%s", word(), count > 1 ? " " : "");
		else
			add_random(out, alphabets[(int)p[1]], count);
		*ret_end = out->len;
		p = end;
	}
}

/* --- secrets ---------------------------------------------------------------*/

enum { TEMPLATES = 4 };

/* By the issuers' descriptions, not by the rules of lib/log. */
static const struct kind {
	const char *name;
	const char *templates[TEMPLATES]; /* in turn */
} kinds[] = {
	{ "GitHub", { "ghp_{a36}", "gho_{a36}", "ghs_{a36}", "ghr_{a76}" } },
	{ "GitHub, fine-grained", { "github_pat_{a22}_{a59}" } },
	{ "GitLab", { "glpat-{-20}", "gldt-{-20}", "glrt-{-20}" } },
	{ "Anthropic", { "sk-ant-api03-{-93}AA", "sk-ant-admin01-{-93}AA" } },
	{ "OpenAI", { "sk-proj-{-74}T3BlbkFJ{-74}", "sk-{a20}T3BlbkFJ{a20}",
			"sk-svcacct-{-74}T3BlbkFJ{-74}" } },
	{ "AWS", { "AKIA{316}", "ASIA{316}" } },
	{ "AWS, with its secret",
	    { "AKIA{316} {640}", "AKIA{316}:{640}", "AKIA{316},{640}" } },
	{ "Google", { "AIza{-35}", "GOCSPX-{-28}", "ya29.{-120}" } },
	{ "Slack", { "xoxb-{d12}-{d12}-{a24}", "xoxp-{d12}-{d12}-{d12}-{h32}",
		       "xapp-1-{u11}-{d13}-{h64}" } },
	{ "Slack, hook",
	    { "https://hooks.slack.com/services/T{u8}/B{u10}/{a24}" } },
	{ "Discord, hook", { "https://discord.com/api/webhooks/{d18}/{-68}" } },
	{ "Stripe", { "sk_live_{a24}", "rk_live_{a99}", "sk_test_{a24}",
			"whsec_{a32}" } },
	{ "npm", { "npm_{a36}" } },
	{ "PyPI", { "pypi-AgEIcHlwaS5vcmc{-140}" } },
	{ "Docker", { "dckr_pat_{-27}" } },
	{ "Hugging Face", { "hf_{L34}" } },
	{ "Vault", { "hvs.{-90}", "hvb.{-138}" } },
	{ "Terraform", { "{l14}.atlasv1.{-67}" } },
	{ "DigitalOcean", { "dop_v1_{h64}", "doo_v1_{h64}" } },
	{ "Databricks, Shopify", { "dapi{h32}", "shpat_{h32}" } },
	{ "SendGrid, Mailgun", { "SG.{-22}.{-43}", "key-{h32}" } },
	{ "Telegram", { "{d10}:AA{-33}" } },
	{ "Grafana, Linear", { "glsa_{a32}_{h8}", "lin_api_{a40}" } },
	{ "age", { "AGE-SECRET-KEY-1{u58}" } },
	{ "JWT", { "eyJ{-33}.eyJ{-120}.{-43}", "eyJ{-17}.eyJ{-60}.{-86}" } },
	{ "private key", { "-----BEGIN RSA "
			   "PRIV"
			   "ATE KEY-----\n{664}\n{664}\n{664}\n"
			   "-----END RSA "
			   "PRIV"
			   "ATE KEY-----",
			     "-----BEGIN OPENSSH "
			     "PRIV"
			     "ATE KEY-----\n{670}\n{670}\n"
			     "{620}\n-----END OPENSSH "
			     "PRIV"
			     "ATE KEY-----" } },
	{ "krx", { "krx_agent_{-43}", "krx_user_{-43}", "krx_session_{-43}",
		     "krx_link_{-43}" } },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };
_Static_assert(KINDS == 27, "as the manual says");

/* A text with a secret in it: its bytes [begin, end). */
struct sample {
	struct buf text;
	size_t begin;
	size_t end;
};

static void
make_token(struct sample *token, const struct kind *kind, size_t turn)
{
	size_t count = 0;

	while (count < TEMPLATES && kind->templates[count] != NULL)
		count++;
	buf_reset(&token->text);
	add_template(&token->text, kind->templates[turn % count], &token->begin,
	    &token->end);
}

/* --- wrappings -------------------------------------------------------------*/

/* How a piece of the token is written there. */
typedef void encoder(struct buf *out, struct slice piece);

static void
add_encoded(struct sample *to, const struct sample *token, encoder *encode)
{
	const char *data = token->text.data;

	encode(&to->text, (struct slice){ data, token->begin });
	to->begin = to->text.len;
	encode(&to->text,
	    (struct slice){ data + token->begin, token->end - token->begin });
	to->end = to->text.len;
	encode(&to->text,
	    (struct slice){ data + token->end, token->text.len - token->end });
}

static void
encode_plain(struct buf *out, struct slice piece)
{
	buf_add_slice(out, piece);
}

static void
encode_json(struct buf *out, struct slice piece)
{
	for (size_t i = 0; i < piece.len; i++) {
		char c = piece.data[i];

		if (c == '\n')
			buf_add_str(out, "\\n");
		else if (c == '"')
			buf_add_str(out, "\\\"");
		else if (chance(40) == 0)
			buf_addf(out, "\\u%04x", (unsigned char)c);
		else
			buf_add_char(out, c);
	}
}

static void
encode_json_twice(struct buf *out, struct slice piece)
{
	cleanup(buf_free) struct buf once = BUF_INIT;

	encode_json(&once, piece);
	for (size_t i = 0; i < once.len; i++) {
		if (once.data[i] == '"' || once.data[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, once.data[i]);
	}
}

static void
encode_url(struct buf *out, struct slice piece)
{
	for (size_t i = 0; i < piece.len; i++) {
		unsigned char c = (unsigned char)piece.data[i];

		if (c != 0 && strchr(UPPER LOWER DIGIT "-_.~", c) != NULL)
			buf_add_char(out, (char)c);
		else
			buf_addf(out, "%%%02X", c);
	}
}

static void
wrap_plain(struct sample *to, const struct sample *token)
{
	buf_addf(&to->text, "%s %s", word(), chance(2) == 0 ? "" : "is ");
	add_encoded(to, token, encode_plain);
	buf_addf(&to->text, " %s", word());
}

static void
wrap_json(struct sample *to, const struct sample *token)
{
	bool twice = chance(2) == 0;
	const char *quote = twice ? "\\\"" : "\"";

	buf_addf(&to->text, "{%svalue%s:%s", quote, quote, quote);
	add_encoded(to, token, twice ? encode_json_twice : encode_json);
	buf_addf(&to->text, "%s,%sn%s:1}", quote, quote, quote);
}

static void
wrap_url(struct sample *to, const struct sample *token)
{
	buf_addf(&to->text, "GET https://example.com/%s?value=", word());
	add_encoded(to, token, encode_url);
	buf_addf(&to->text, "&page=%d HTTP/1.1", (int)chance(100));
}

static void
wrap_header(struct sample *to, const struct sample *token)
{
	static const char *const headers[] = { "Authorization: Bearer ",
		"Authorization: Token ", "X-Api-Key: ", "X-Value: " };

	buf_addf(&to->text, "curl -s -H '%s", headers[chance(4)]);
	add_encoded(to, token, encode_plain);
	buf_add_str(&to->text, "' https://example.com/");
}

static void
wrap_base64(struct sample *to, const struct sample *token)
{
	static const char digits[] = UPPER LOWER DIGIT "+/";
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	size_t columns = chance(2) == 0 ? 76 : SIZE_MAX, written = 0;

	buf_addf(&bytes, "export VALUE='%s'\n", token->text.data);
	buf_add_str(&to->text, "echo ");
	to->begin = to->text.len;
	for (size_t i = 0; i < bytes.len; i += 3) {
		uint32_t three = 0;

		for (size_t j = i; j < i + 3; j++)
			three =
			    three << 8 |
			    (j < bytes.len ? (unsigned char)bytes.data[j] : 0);
		for (size_t j = 0; j < 4; j++)
			buf_add_char(&to->text,
			    i + j > bytes.len
				? '='
				: digits[three >> (18 - 6 * j) & 63]);
		written += 4;
		if (written % columns == 0)
			buf_add_char(&to->text, '\n');
	}
	to->end = to->text.len;
	buf_add_str(&to->text, " | base64 -d");
}

static void
wrap_array(struct sample *to, const struct sample *token)
{
	buf_addf(&to->text, "[\"deploy\",\"--%s-token\",\"", word());
	add_encoded(to, token, encode_json);
	buf_addf(&to->text, "\",\"--%s\",\"%s\"]", word(), word());
}

/* As a terminal of 80 columns shows it, among other lines. */
static void
wrap_lines(struct sample *to, const struct sample *token)
{
	struct sample line = { BUF_INIT, 0, 0 };
	size_t column = 0;

	buf_addf(&line.text, "%s: ", word());
	for (size_t i = chance(7); i > 0; i--)
		buf_addf(&line.text, "%s ", word());
	add_encoded(&line, token, encode_plain);
	buf_addf(&to->text, "%s\n%s %s\n", word(), word(), word());
	for (size_t i = 0; i < line.text.len; i++) {
		if (i == line.begin)
			to->begin = to->text.len;
		buf_add_char(&to->text, line.text.data[i]);
		column = line.text.data[i] == '\n' ? 0 : column + 1;
		if (i + 1 == line.end)
			to->end = to->text.len;
		if (column == COLUMNS && i + 1 < line.text.len) {
			buf_add_char(&to->text, '\n');
			column = 0;
		}
	}
	buf_addf(&to->text, "\n%s %s\n", word(), word());
	buf_free(&line.text);
}

/* Between six and nine tenths of it. */
static void
wrap_truncated(struct sample *to, const struct sample *token)
{
	static const char *const ends[] = { "", "...", "…",
		"…[cut 12345 bytes]" };
	size_t len = token->end * (60 + chance(31)) / 100;
	struct sample front = { BUF_INIT, token->begin, len };

	if (front.begin > len)
		front.begin = len;
	buf_add(&front.text, token->text.data, len);
	buf_addf(&to->text, "%s ", word());
	add_encoded(to, &front, encode_plain);
	buf_add_str(&to->text, ends[chance(4)]);
	buf_free(&front.text);
}

static const struct {
	const char *name;
	void (*wrap)(struct sample *to, const struct sample *token);
} wrappings[] = {
	{ "plain", wrap_plain },
	{ "JSON in a string", wrap_json },
	{ "URL", wrap_url },
	{ "header", wrap_header },
	{ "base64", wrap_base64 },
	{ "split array", wrap_array },
	{ "several lines", wrap_lines },
	{ "truncated", wrap_truncated },
};

enum { WRAPPINGS = sizeof(wrappings) / sizeof(wrappings[0]) };

/* --- found -----------------------------------------------------------------*/

static bool
is_gone(const struct sample *sample, struct slice out)
{
	size_t len = sample->end - sample->begin;
	size_t window = len < LEFT_BYTES ? len : LEFT_BYTES;

	for (size_t i = sample->begin; i + window <= sample->end; i++)
		if (memmem(out.data, out.len, sample->text.data + i, window) !=
		    NULL)
			return false;
	return true;
}

static bool
is_found(const struct redactor *redactor, const struct sample *sample)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	bool gone = redact_text(redactor, buf_slice(&sample->text), &out) > 0 &&
		    is_gone(sample, buf_slice(&out));

	if (!gone && verbose)
		printf("missed: %s\n     -> %s\n", sample->text.data, out.data);
	return gone;
}

/* How many of the 27 × 40 in this wrapping are found. */
static size_t
count_found(const struct redactor *redactor, size_t wrapping)
{
	struct sample token = { BUF_INIT, 0, 0 }, wrapped = { BUF_INIT, 0, 0 };
	cleanup(buf_free) struct buf missed = BUF_INIT;
	size_t found = 0;

	for (size_t kind = 0; kind < KINDS; kind++) {
		size_t of_kind = 0;

		for (size_t turn = 0; turn < TOKENS; turn++) {
			make_token(&token, &kinds[kind], turn);
			buf_reset(&wrapped.text);
			wrappings[wrapping].wrap(&wrapped, &token);
			of_kind += is_found(redactor, &wrapped);
		}
		if (of_kind < TOKENS)
			buf_addf(&missed, "%s %zu/%d %s",
			    missed.len == 0 ? ";" : ",", of_kind, TOKENS,
			    kinds[kind].name);
		found += of_kind;
	}
	buf_free(&token.text);
	buf_free(&wrapped.text);
	printf("  %-16s %6.2f %%%s\n", wrappings[wrapping].name,
	    100.0 * (double)found / (KINDS * TOKENS), missed.data);
	return found;
}

static bool
measure_found(const struct redactor *redactor)
{
	size_t plain = count_found(redactor, 0), wrapped = 0;
	const size_t each = KINDS * TOKENS;
	const size_t others = each * (WRAPPINGS - 1);

	for (size_t i = 1; i < WRAPPINGS; i++)
		wrapped += count_found(redactor, i);
	printf("found, %d kinds x %d tokens: plain %.2f %% (floor %d), wrapped "
	       "%.2f %% (floor %d)\n",
	    KINDS, TOKENS, 100.0 * (double)plain / (double)each, PLAIN_PERCENT,
	    100.0 * (double)wrapped / (double)others, WRAPPED_PERCENT);
	return plain * 100 >= each * PLAIN_PERCENT &&
	       wrapped * 100 >= others * WRAPPED_PERCENT;
}

/* --- false alarms ----------------------------------------------------------*/

static const char *const benign[] = {
	"commit {h40}",
	"Merge: {h10} {h10}",
	"Author: {?2} <{l8}@example.com>",
	"Date:   Mon Nov 23 20:15:08 2026 +0100",
	"    {?6}",
	"{h7} {?5}",
	"{h9} (HEAD -> main, origin/main) {?4}",
	"index {h7}..{h7} 100644",
	"Signed-off-by: {?2} <{l6}.{l8}@example.com>",
	"{h8}-{h4}-4{h3}-a{h3}-{h12}",
	"request_id={h8}-{h4}-4{h3}-8{h3}-{h12} status=200",
	"{h64}  {l8}/{l10}.tar.gz",
	"{h40}  {l8}.c",
	"{h32}  {l8}.deb",
	"{h128} *{l12}.iso",
	"sha256:{h64}: Pulling from library/{l6}",
	"\"integrity\": \"sha512-{686}==\",",
	"\"session_id\":\"sess-{h8}\",\"call_id\":\"toolu_{a24}\"",
	"\"prev_hash\":\"{h64}\",\"entry_hash\":\"{h64}\",\"salt\":\"{h32}\"",
	"data:image/png;base64,{6160}",
	"ETag: \"{h40}\"",
	"/nix/store/{l32}-{?1}-1.2.{d1}/lib/{?1}",
	"https://example.com/{?1}/{h24}?page={d2}&sort=name#{?1}",
	"-rw-r--r-- 1 root root {d6} Nov 23 20:15 {?1}.{l3}",
	"Nov 23 20:15:08 host {?1}[{d4}]: {?6}",
	"{?1}(struct {?1} *{?1}, size_t {?1});",
	"\t{?1} = {?1}->{?1}; /* {?4} */",
	"Cache-Control: max-age={d5}; key {h32}",
};

struct benign {
	char *text; /* every line ends in '\n' */
	size_t len;
};

static int
add_file(struct buf *lines, const char *path)
{
	cleanup(cleanup_fclose) FILE *file = fopen(path, "re");
	char bytes[1 << 16];
	size_t len;

	if (file == NULL) {
		fprintf(stderr, "redaction-corpus: %s: %s\n", path,
		    strerror(errno));
		return -1;
	}
	while ((len = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buf_add(lines, bytes, len);
	return 0;
}

/* A million lines, half of them from `written` again and again. */
static void
make_benign(struct slice written, struct buf *ret)
{
	struct slice rest = written;

	for (size_t i = 0; i < LINES; i++) {
		size_t begin, end;

		if (i % 2 == 0 && written.len > 0) {
			const char *newline = memchr(rest.data, '\n', rest.len);
			size_t len = newline == NULL
					 ? rest.len
					 : (size_t)(newline - rest.data);

			buf_add(ret, rest.data, len);
			rest.data += newline == NULL ? len : len + 1;
			rest.len -= newline == NULL ? len : len + 1;
			if (rest.len == 0)
				rest = written;
		} else {
			add_template(ret,
			    benign[chance(sizeof(benign) / sizeof(benign[0]))],
			    &begin, &end);
		}
		buf_add_char(ret, '\n');
	}
}

static bool
measure_false_alarms(const struct redactor *redactor, struct slice lines)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	size_t alarms = 0;

	for (size_t at = 0; at < lines.len;) {
		const char *begin = lines.data + at;
		size_t len =
		    (size_t)((const char *)memchr(begin, '\n', lines.len - at) -
			     begin);

		if (redact_text(redactor, (struct slice){ begin, len }, &out) >
		    0) {
			alarms++;
			printf("  false alarm: %.*s\n           -> %s\n",
			    (int)len, begin, out.data);
			buf_reset(&out);
		}
		at += len + 1;
	}
	printf("false alarms: %zu in %d lines (ceiling %d)\n", alarms, LINES,
	    FALSE_ALARMS);
	return alarms <= FALSE_ALARMS;
}

/* --- speed -----------------------------------------------------------------*/

/* Of the processor, so that neighbours do not count. */
static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
redact_seconds(const struct redactor *redactor, struct slice lines, size_t step)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	double start = seconds();

	for (size_t at = 0; at < lines.len; at += step) {
		struct slice text = { lines.data + at,
			lines.len - at < step ? lines.len - at : step };

		redact_text(redactor, text, &out);
		buf_reset(&out);
	}
	return seconds() - start;
}

static void
measure_speed(
    const struct redactor *redactor, const char *what, struct slice lines)
{
	cleanup(cleanup_free) char *copy = malloc(lines.len);
	double megabytes = (double)lines.len / 1e6, long_ones, short_ones;
	double copied, searched;
	const char *found;
	double start;

	if (copy == NULL)
		return;
	long_ones = redact_seconds(redactor, lines, TEXT_BYTES);
	short_ones = redact_seconds(redactor, lines, 100);
	memcpy(copy, lines.data, lines.len); /* the pages are there now */
	start = seconds();
	memcpy(copy, lines.data, lines.len);
	copied = seconds() - start;
	start = seconds();
	found = memchr(copy, '\0', lines.len);
	searched = seconds() - start;
	printf("speed, %s: %.0f MB/s in texts of 64 KiB, %.0f of 100 bytes; "
	       "1/%.0f of memcpy(), 1/%.0f of memchr()%s\n",
	    what, megabytes / long_ones, megabytes / short_ones,
	    long_ones / copied, long_ones / searched,
	    found == NULL ? "" : " (up to a NUL)");
}

int
main(int argc, char **argv)
{
	cleanup(buf_free) struct buf written = BUF_INIT;
	cleanup(buf_free) struct buf lines = BUF_INIT;
	struct redactor *redactor = redact_new();
	bool good;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-v") == 0)
			verbose = true;
		else if (add_file(&written, argv[i]) == -1)
			return 64;
	}
	good = measure_found(redactor);
	make_benign(buf_slice(&written), &lines);
	good = measure_false_alarms(redactor, buf_slice(&lines)) && good;
	if (written.len > 0)
		measure_speed(redactor, "FILEs", buf_slice(&written));
	measure_speed(redactor, "all lines", buf_slice(&lines));
	redact_free(redactor);
	return good ? 0 : 1;
}
