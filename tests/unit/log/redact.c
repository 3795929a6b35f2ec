#include "lib/log/redact.c"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* No secret stands in this file: they are made of a prefix and of characters
 * of an alphabet in turn, so that no scanner takes the repository for a leak.
 */
#define DIGIT	 "0123456789"
#define LOWER	 "abcdefghijklmnopqrstuvwxyz"
#define UPPER	 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ALNUM	 UPPER LOWER DIGIT
#define WORD	 ALNUM "_"
#define DASH	 ALNUM "_-"
#define HEX	 DIGIT "abcdef"
#define BASE32	 UPPER "234567"
#define BASE64	 ALNUM "+/"
#define DASH_DOT ALNUM "_-."

static struct redactor *redactor;

static int
setup(void **state)
{
	(void)state;
	redactor = redact_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	redact_free(redactor);
	return 0;
}

/* `count` characters of `alphabet`, none beside its neighbour in it. */
static void
add_body(struct buf *out, const char *alphabet, size_t count)
{
	size_t len = strlen(alphabet);

	for (size_t i = 0; i < count; i++)
		buf_add_char(out, alphabet[(i * 29 + 7) % len]);
}

/* A template: {alphabet}count, the alphabet by its letter; else literal. */
static void
add_template(struct buf *out, const char *template)
{
	static const char *const alphabets[128] = {
		['a'] = ALNUM,
		['w'] = WORD,
		['-'] = DASH,
		['h'] = HEX,
		['d'] = DIGIT,
		['l'] = LOWER DIGIT,
		['u'] = UPPER DIGIT,
		['L'] = UPPER LOWER,
		['3'] = BASE32,
		['6'] = BASE64,
		['.'] = DASH_DOT,
	};
	char *end;

	for (const char *p = template; *p != '\0'; p++) {
		if (*p != '{') {
			buf_add_char(out, *p);
			continue;
		}
		add_body(out, alphabets[(int)p[1]], strtoul(p + 2, &end, 10));
		p = end;
	}
}

/* What is written: the text itself where nothing was found. */
static void
redact(struct slice text, struct buf *out)
{
	buf_reset(out);
	if (redact_text(redactor, text, out) == 0) {
		assert_int_equal(out->len, 0);
		buf_add_slice(out, text);
	}
}

static void
expect(const char *text, const char *expected)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	cleanup(buf_free) struct buf again = BUF_INIT;

	redact(slice_of(text), &out);
	assert_string_equal(out.data, expected);
	assert_int_equal(text_valid_bytes(buf_slice(&out)), out.len);
	assert_int_equal(redact_text(redactor, buf_slice(&out), &again), 0);
}

static void
expect_same(const char *text)
{
	expect(text, text);
}

/* Templates of the text and of what is expected of it. */
static void
expect_made(const char *text, const char *expected)
{
	cleanup(buf_free) struct buf made = BUF_INIT;
	cleanup(buf_free) struct buf wanted = BUF_INIT;

	add_template(&made, text);
	add_template(&wanted, expected);
	expect(made.data, wanted.data);
}

static void
tokens_are_known_by_prefix_alphabet_and_length(void **state)
{
	/* The shortest that is one, and what follows its last class. */
	static const struct {
		const char *prefix;
		char alphabet;
		size_t shortest;
	} cases[] = {
		{ "ghp_", 'a', 36 },
		{ "gho_", 'a', 36 },
		{ "ghu_", 'a', 36 },
		{ "ghs_", 'a', 36 },
		{ "ghr_", 'a', 36 },
		{ "github_pat_", 'w', 22 },
		{ "glpat-", '.', 20 },
		{ "glptt-", '.', 20 },
		{ "glrt-", '.', 20 },
		{ "gldt-", '.', 20 },
		{ "glcbt-", '.', 20 },
		{ "glft-", '.', 20 },
		{ "glsoat-", '.', 20 },
		{ "sk-ant-x-", '-', 80 },
		{ "sk-proj-", '-', 40 },
		{ "sk-svcacct-", '-', 40 },
		{ "sk-admin-", '-', 40 },
		{ "AIza", '-', 35 },
		{ "ya29.", '-', 20 },
		{ "GOCSPX-", '-', 28 },
		{ "xoxa-", '-', 10 },
		{ "xoxb-", '-', 10 },
		{ "xoxe-", '-', 10 },
		{ "xoxo-", '-', 10 },
		{ "xoxp-", '-', 10 },
		{ "xoxr-", '-', 10 },
		{ "xoxs-", '-', 10 },
		{ "sk_live_", 'a', 10 },
		{ "rk_live_", 'a', 10 },
		{ "sk_test_", 'a', 10 },
		{ "rk_prod_", 'a', 10 },
		{ "whsec_", '6', 16 },
		{ "npm_", 'a', 36 },
		{ "pypi-AgEIcHlwaS5vcmc", '-', 50 },
		{ "dckr_pat_", '-', 27 },
		{ "hf_", 'L', 34 },
		{ "hvs.", '-', 24 },
		{ "hvb.", '-', 24 },
		{ "hvr.", '-', 24 },
		{ "dop_v1_", 'h', 64 },
		{ "doo_v1_", 'h', 64 },
		{ "dor_v1_", 'h', 64 },
		{ "dapi", 'h', 32 },
		{ "SG.", '.', 66 },
		{ "key-", 'h', 32 },
		{ "glsa_", 'w', 20 },
		{ "glc_", '6', 20 },
		{ "lin_api_", 'a', 40 },
		{ "shpat_", 'h', 32 },
		{ "shpca_", 'h', 32 },
		{ "shppa_", 'h', 32 },
		{ "shpss_", 'h', 32 },
		{ "AGE-SECRET-KEY-1", 'u', 58 },
		{ "krx_agent_", '-', 38 },
		{ "krx_link_", '-', 38 },
		{ "krx_session_", '-', 38 },
		{ "krx_user_", '-', 38 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf text = BUF_INIT;

		buf_addf(&text, "see %s{%c%zu} there", cases[i].prefix,
		    cases[i].alphabet, cases[i].shortest);
		expect_made(text.data, "see [REDACTED] there");
		/* Not cut: the sentence goes on. */
		buf_reset(&text);
		buf_addf(&text, "see %s{%c%zu} there", cases[i].prefix,
		    cases[i].alphabet, cases[i].shortest - 1);
		expect_made(text.data, text.data);
		/* Neither a digest nor a name of a test has a prefix. */
		buf_reset(&text);
		buf_addf(&text, "see {%c%zu} there", cases[i].alphabet,
		    cases[i].shortest);
		expect_made(text.data, text.data);
	}
}

static void
tokens_of_more_than_one_part_are_found(void **state)
{
	(void)state;
	expect_made("sk-ant-api03-{-93}AA", "[REDACTED]");
	expect_made("sk-{a20}T3BlbkFJ{a20}", "[REDACTED]");
	expect_made("x xapp-1-{u12}-{d12}-{h64} y", "x [REDACTED] y");
	expect_made("xapp-1-A", "[REDACTED]");
	expect_made("https://hooks.slack.com/services/{u9}/{u9}/{a24}",
	    "https://[REDACTED]");
	expect_made("https://hooks.slack.com/workflows/{u9}/{a24}",
	    "https://[REDACTED]");
	expect_made("https://discord.com/api/webhooks/{d18}/{-68}",
	    "https://discord.com/api/webhooks/[REDACTED]");
	expect_made("https://canary.discordapp.com/api/webhooks/{d18}/{-60} x",
	    "https://canary.discordapp.com/api/webhooks/[REDACTED] x");
	expect_made("https://example.com/api/webhooks/{d18}/{-68}",
	    "https://example.com/api/webhooks/{d18}/{-68}");
	expect_made("t={l14}.atlasv1.{-60}", "t=[REDACTED]");
	expect_made("{l13}.atlasv1.{-60}", "{l13}.atlasv1.{-60}");
	expect_made("bot {d10}:AA{-33} x", "bot [REDACTED] x");
	expect_made("bot {d8}:AA{-33} x", "bot [REDACTED] x");
	expect_made("bot {d7}:AA{-33} x", "bot {d7}:AA{-33} x");
	expect_made("bot {d11}:AA{-33} x", "bot {d11}:AA{-33} x");
	expect_made("bot {d9}:AA{-32} x", "bot {d9}:AA{-32} x");
	expect_made("glsa_{a32}_{h8}", "[REDACTED]");
}

static void
aws_ids_take_the_secret_near_them_along(void **state)
{
	(void)state;
	expect_made("AKIA{316}", "[REDACTED]");
	expect_made("(ASIA{316})", "([REDACTED])");
	expect_made("A3TX{316} ABIA{316} ACCA{316}",
	    "[REDACTED] [REDACTED] [REDACTED]");
	expect_made("AKIA{315} x", "AKIA{315} x");
	expect_made("AKIA{317}", "AKIA{317}");
	expect_made("XAKIA{316}", "XAKIA{316}");
	expect_made("AKIA{316}a", "AKIA{316}a");
	expect_made("AKIA{316}\tsecret\t{640}\t", "[REDACTED]\tsecret\t"
						  "[REDACTED]\t");
	/* 39 and 41 are none; a git hash is none. */
	expect_made("AKIA{316} {639} x", "[REDACTED] {639} x");
	expect_made("AKIA{316} {641} x", "[REDACTED] {641} x");
	expect_made("AKIA{316} {h40} x", "[REDACTED] {h40} x");
	/* Within 64 bytes. */
	expect_made("AKIA{316} "
		    "                                                          "
		    "    {640} x",
	    "[REDACTED] "
	    "                                                              "
	    "[REDACTED] x");
	expect_made("AKIA{316} "
		    "                                                          "
		    "        {640} x",
	    "[REDACTED] "
	    "                                                                  "
	    "{640} x");
	expect_made("aws_secret_access_key is {640}",
	    "aws_secret_access_key is [REDACTED]");
	expect_made("{640}", "{640}");
}

static void
json_web_tokens_are_found(void **state)
{
	(void)state;
	expect_made("x eyJ{-20}.eyJ{-30}.{-43} y", "x [REDACTED] y");
	expect_made("x eyJ{-20}.eyJ{-30}. y", "x [REDACTED] y");
	expect_made("eyJ{a9}.eyJ{a30}.{a43}", "eyJ{a9}.eyJ{a30}.{a43}");
	expect_made("eyJ{a20}.eyJ{a9} y", "eyJ{a20}.eyJ{a9} y");
	expect_made("eyJ{a20}.abc{a30}.{a43} y", "eyJ{a20}.abc{a30}.{a43} y");
	expect_made("xeyJ{a20}.eyJ{a30}.{a43}", "xeyJ{a20}.eyJ{a30}.{a43}");
	/* Its base64. */
	expect_made("x ZXlK{a40} y", "x [REDACTED] y");
	/* Wrapped at the 80th column. */
	expect_made(
	    "x eyJ{a20}.eyJ{a54}\n{a80}\n{a20}.{a43} y", "x [REDACTED] y");
	/* Those lines are none of it. */
	expect_made(
	    "x eyJ{a20}.eyJ{a20}.{a20}\nand more", "x [REDACTED]\nand more");
}

static void
private_keys_go_to_their_end_or_the_end_of_the_text(void **state)
{
#define BEGIN(label) "-----BEGIN " label "-----"
#define END(label)   "-----END " label "-----"
	(void)state;
	expect_made("a\n" BEGIN("RSA PRIVATE KEY") "\n{664}\n{620}==\n" END(
			"RSA PRIVATE KEY") "\nb",
	    "a\n[REDACTED]\nb");
	expect_made(BEGIN("PRIVATE KEY") "\n{664}" END("PRIVATE KEY")
			BEGIN("EC PRIVATE KEY") "\n{664}",
	    "[REDACTED][REDACTED]");
	expect_made(BEGIN("PGP PRIVATE KEY BLOCK") "\n\n{664}\n", "[REDACTED]");
	expect_made(BEGIN("OPENSSH PRIVATE KEY") "\\n{664}\\n" END(
			"OPENSSH PRIVATE KEY"),
	    "[REDACTED]");
	expect_made(BEGIN("PUBLIC KEY") "\n{h64}\n" END("PUBLIC KEY"),
	    BEGIN("PUBLIC KEY") "\n{h64}\n" END("PUBLIC KEY"));
	expect_made(BEGIN("CERTIFICATE") "\nabc", BEGIN("CERTIFICATE") "\nabc");
	expect_made("-----BEGIN PRIVATE KEY----", "-----BEGIN PRIVATE KEY----");
	/* A program that looks for keys has none. */
	expect_same("if line == \"" BEGIN("PRIVATE KEY") "\"");
	expect_same("if line == \"" BEGIN("PRIVATE KEY") "\":\n\treturn");
	expect_made(
	    "\"" BEGIN("PRIVATE KEY") "\" +\n \"{664}\"", "\"[REDACTED]");
}

static void
passwords_in_urls_are_found(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "psql postgres://me:secret@db/x",
		    "psql postgres://me:[REDACTED]@db/x" },
		{ "redis://:abc@h", "redis://:[REDACTED]@h" },
		{ "ftp://a:b@c@d/", "ftp://a:[REDACTED]@d/" },
		{ "https://a:b:c@d", "https://a:[REDACTED]@d" },
		{ "x://a:ab@d", NULL },
		{ "https://a@d:80/x@y", NULL },
		{ "https://localhost:8080/a@b", NULL },
		{ "{\"u\":\"http://h:80\",\"m\":\"a@b\"}", NULL },
		{ "http://h:80?mail=a@b", NULL },
		{ "http://h:80,a@b", NULL },
		{ "https://$USER:$PASS@h", NULL },
		{ "https://<user>:<pass>@h", NULL },
		{ "https://u:${PASS}@h", NULL },
		{ "git@github.com:a/b.git", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect(cases[i].text, cases[i].expected != NULL
					  ? cases[i].expected
					  : cases[i].text);
	expect_made("https://ghp_{a36}:x-oauth-basic@github.com",
	    "https://[REDACTED]:[REDACTED]@github.com");
}

static void
headers_and_options_are_found(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "Authorization: Bearer abc",
		    "Authorization: Bearer [REDACTED]" },
		{ "authorization: basic eDp5 x",
		    "authorization: basic [REDACTED] x" },
		{ "Authorization: Token abc def",
		    "Authorization: Token [REDACTED] def" },
		{ "curl -H 'Authorization: Bearer abc' x",
		    "curl -H 'Authorization: Bearer [REDACTED]' x" },
		{ "curl -H \"authorization:Bearer abc\" x",
		    "curl -H \"authorization:Bearer [REDACTED]\" x" },
		{ "Authorization: Digest username=\"a\", response=\"b\"\nX: y",
		    "Authorization: Digest [REDACTED]\nX: y" },
		{ "Authorization: Bearer <token>", NULL },
		{ "Authorization: Bearer $TOKEN", NULL },
		{ "Authorization: Bearer ${token}", NULL },
		{ "Authorization: Basic auth", NULL },
		{ "Authorization: required", NULL },
		{ "Cookie: a=b; c=d\nX: y", "Cookie: [REDACTED]\nX: y" },
		{ "-H 'Cookie: a=b; c=d' x", "-H 'Cookie: [REDACTED]' x" },
		{ "Set-Cookie: a=b; Path=/\r\nX: y",
		    "Set-Cookie: [REDACTED]\r\nX: y" },
		{ "cookie: string = x", NULL },
		{ "X-Api-Key: abc", "X-Api-Key: [REDACTED]" },
		{ "x-auth-token:abc", "x-auth-token:[REDACTED]" },
		{ "mysql --password x -h y",
		    "mysql --password [REDACTED] -h y" },
		{ "mysql --password=x -h y",
		    "mysql --password=[REDACTED] -h y" },
		{ "x --db-password 'a b' c", "x --db-password '[REDACTED]' c" },
		{ "x --api-key=k3 c", "x --api-key=[REDACTED] c" },
		{ "add the --password option", NULL },
		{ "without the --token flag.", NULL },
		{ "--password --user x", NULL },
		{ "--password=<password>", NULL },
		{ "--password PASSWORD", NULL },
		{ "--password \"$PASSWORD\"", NULL },
		{ "--max-tokens 4096", NULL },
		{ "--token-count=123abc456", NULL },
		{ "curl -u me:abc https://x",
		    "curl -u me:[REDACTED] https://x" },
		{ "curl -ume:abc x", "curl -ume:[REDACTED] x" },
		{ "curl -s --user 'me:abc' x",
		    "curl -s --user 'me:[REDACTED]' x" },
		{ "curl \\\n  -u me:abc \\\n x",
		    "curl \\\n  -u me:[REDACTED] \\\n x" },
		{ "curl -u me https://x", NULL },
		{ "docker run -u me:group x", NULL },
		{ "curl x; ls -u me:group", NULL },
		{ "PGPASSWORD=abc psql", "PGPASSWORD=[REDACTED] psql" },
		{ "export DB_PASS='a b'", "export DB_PASS='[REDACTED]'" },
		{ "GITHUB_TOKEN=abc make", "GITHUB_TOKEN=[REDACTED] make" },
		{ "PASSWORD=$1", NULL },
		{ "TOKEN=$(cat x)", NULL },
		{ "NEXT_TOKEN=END_TOKEN", NULL },
		{ "AUTH=yes", NULL },
		{ "GET /x?token=a&b=c", "GET /x?token=[REDACTED]&b=c" },
		{ "/x?b=c&access_token=a", "/x?b=c&access_token=[REDACTED]" },
		{ "/x?next_token_id=a", NULL },
		{ "/b?sp=r&sig=aB3dE6gH9jK2mN5pQ%3D",
		    "/b?sp=r&sig=[REDACTED]" },
		{ "AccountName=a;AccountKey=aB3dE6gH9jK2==;X=y",
		    "AccountName=a;AccountKey=[REDACTED];X=y" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect(cases[i].text, cases[i].expected != NULL
					  ? cases[i].expected
					  : cases[i].text);
}

static void
assignments_are_judged_by_their_value(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "password=hunter2", "password=[REDACTED]" },
		{ "password: hunter2", "password: [REDACTED]" },
		{ "password = \"swordfish\"", "password = \"[REDACTED]\"" },
		{ "db.password := 'sword-fish'",
		    "db.password := '[REDACTED]'" },
		{ "login(user, password='swordfish')",
		    "login(user, password='[REDACTED]')" },
		{ "api_key = 8f3a99c1d2e4", "api_key = [REDACTED]" },
		{ "os.environ[\"API_KEY\"] = \"x\"",
		    "os.environ[\"API_KEY\"] = \"[REDACTED]\"" },
		{ "'secret' => 'x'", "'secret' => '[REDACTED]'" },
		{ "\"password\": \"x\"", "\"password\": \"[REDACTED]\"" },
		{ "\"password\":\"a\\\"b\"", "\"password\":\"[REDACTED]\"" },
		{ "\"password\": \"cut he", "\"password\": \"[REDACTED]" },
		{ "[\"--password\",\"x\"]", "[\"--password\",\"[REDACTED]\"]" },
		{ "[\"Authorization\", \"Bearer x\"]",
		    "[\"Authorization\", \"Bearer [REDACTED]\"]" },
		{ "\"-u\",\"me:abc\"", NULL },
		{ "[\"curl\",\"-u\",\"me:abc\"]",
		    "[\"curl\",\"-u\",\"me:[REDACTED]\"]" },
		{ "[\"user\",\"password\",\"mail\"]", NULL },
		{ "\"cookie\": \"abc\"", "\"cookie\": \"[REDACTED]\"" },
		{ "user[password]=hunter2", "user[password]=[REDACTED]" },
		{ "password=[REDACTED]x", "password=[REDACTED]x" },
		{ "PASSWORD=[REDACTED]x", "PASSWORD=[REDACTED]" },
		{ "PASSWORD='&x1' y", "PASSWORD='[REDACTED]' y" },
		{ "\"PASSWORD=\"+x+\"y\"", NULL },
		{ "\"PASSWORD=\" + x1y2z3 + \" y\"", NULL },
		{ "\"password\": null", NULL },
		{ "\"password\": true, \"token\": 12", NULL },
		{ "\"password\": \"\"", NULL },
		{ "\"password\": \"********\"", NULL },
		{ "\"password\": input(\"password: \")", NULL },
		{ "\"max_tokens\": \"x1234567\"", NULL },
		{ "password = getpass()", NULL },
		{ "password = self.password", NULL },
		{ "password=password", NULL },
		{ "token = next_token(3)", NULL },
		{ "token: string;", NULL },
		{ "secret: my-secret-1", NULL },
		{ "auth = \"basic\"", NULL },
		{ "\"Enter your password: \" + x", NULL },
		{ "printf(\"token: %s\", token);", NULL },
		{ "the password: at least 8 characters", NULL },
		{ "if (password == \"x1y2z3\")", NULL },
		{ "Token::Type", NULL },
		{ "bypass = x1y2z3", NULL },
		{ "urn:ietf:params:oauth:token:a1b2c3d4e5", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect(cases[i].text, cases[i].expected != NULL
					  ? cases[i].expected
					  : cases[i].text);
}

static void
names_of_keys_tell_secrets(void **state)
{
	static const char *const secret[] = { "password", "PASSWORD", "pass",
		"passwd", "passphrase", "dbPass", "db_password", "secret",
		"client_secret", "clientSecret", "token", "access_token",
		"accessToken", "apiKey", "api_key", "api-key", "X-Api-Key",
		"auth", "oauth", "Authorization", "Proxy-Authorization",
		"credential", "credentials", "private_key", "privateKey",
		"cookie", "Set-Cookie", "aws_secret_access_key",
		"SecretAccessKey", "password:", "pass\u200bword" };
	static const char *const open[] = { "", "a", "pas", "token_count",
		"tokens", "max_tokens", "token_usage", "secret_id",
		"secret_path", "secret_name", "password_file", "cookie_name",
		"author", "authority", "passes", "compass", "bypass",
		"secretary", "key", "public_key", "cwd", "entry_hash",
		"session_id" };

	(void)state;
	for (size_t i = 0; i < COUNT(secret); i++)
		if (!redact_is_secret_name(slice_of(secret[i])))
			fail_msg("%s is a secret's name", secret[i]);
	for (size_t i = 0; i < COUNT(open); i++)
		if (redact_is_secret_name(slice_of(open[i])))
			fail_msg("%s is no secret's name", open[i]);
	assert_false(redact_is_secret_name((struct slice){ NULL, 0 }));
}

static void
members_are_judged_by_their_key(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(redact_member(redactor, SLICE_LITERAL("db_password"),
			     SLICE_LITERAL("swordfish"), &out),
	    1);
	assert_string_equal(out.data, "[REDACTED]");
	assert_int_equal(redact_member(redactor, SLICE_LITERAL("password"),
			     SLICE_LITERAL("[REDACTED]"), &out),
	    0);
	assert_int_equal(redact_member(redactor, SLICE_LITERAL("password"),
			     SLICE_LITERAL(""), &out),
	    0);
	assert_int_equal(redact_member(redactor, SLICE_LITERAL("command"),
			     SLICE_LITERAL("make"), &out),
	    0);
	buf_reset(&out);
	assert_int_equal(redact_member(redactor, SLICE_LITERAL("command"),
			     SLICE_LITERAL("x --password y"), &out),
	    1);
	assert_string_equal(out.data, "x --password [REDACTED]");
}

static void
elements_are_judged_by_the_one_before(void **state)
{
	static const struct {
		const char *first, *before, *text, *expected;
	} cases[] = {
		{ "mysql", "--password", "x", "[REDACTED]" },
		{ "mysql", "-password", "x", "[REDACTED]" },
		{ "mysql", "--password", "--user", NULL },
		{ "mysql", "--password", "$PASS", NULL },
		{ "mysql", "--password-file", "x", NULL },
		{ "Authorization", "Authorization", "Bearer x",
		    "Bearer [REDACTED]" },
		{ "a", "authorization", "Content-Type", NULL },
		{ "a", "X-Api-Key", "a1b2c3d4e5", "[REDACTED]" },
		{ "a", "X-Api-Key", "Accept", NULL },
		{ "/usr/bin/curl", "-u", "me:abc", "me:[REDACTED]" },
		{ "curl", "-u", "me", NULL },
		{ "docker", "-u", "me:abc", NULL },
		{ "user", "password", "mail", NULL },
		{ "a", "b", "--password=c", "--password=[REDACTED]" },
		{ NULL, NULL, "PASSWORD=c", "PASSWORD=[REDACTED]" },
		{ "--password", "--password", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf out = BUF_INIT;
		size_t count = redact_element(redactor,
		    slice_of(cases[i].first), slice_of(cases[i].before),
		    slice_of(cases[i].text), &out);

		assert_int_equal(count, cases[i].expected != NULL);
		if (count > 0)
			assert_string_equal(out.data, cases[i].expected);
	}
}

static void
escapes_are_looked_through(void **state)
{
	(void)state;
	/* JSON within a string, and within that. */
	expect("{\\\"password\\\": \\\"a\\\\\\\"b\\\"}",
	    "{\\\"password\\\": \\\"[REDACTED]\\\"}");
	expect("{\\\\\\\"password\\\\\\\":\\\\\\\"ab\\\\\\\"}",
	    "{\\\\\\\"password\\\\\\\":\\\\\\\"[REDACTED]\\\\\\\"}");
	expect("[\\\"--password\\\",\\\"x\\\"]",
	    "[\\\"--password\\\",\\\"[REDACTED]\\\"]");
	expect_made("a\\n\\u0067hp_{a36}\\nb", "a\\n[REDACTED]\\nb");
	expect_made("a\\\\u0067hp_{a36} b", "a[REDACTED] b");
	expect_made("gh\\x70_{a36} b", "[REDACTED] b");
	expect("a\\nPASSWORD=b\\nc", "a\\nPASSWORD=[REDACTED]\\nc");
	/* URLs, once and twice. */
	expect("u=postgres%3A%2F%2Fa%3Asecret%40h",
	    "u=postgres%3A%2F%2Fa%3A[REDACTED]%40h");
	expect("u=postgres%253A%252F%252Fa%253Asecret%2540h",
	    "u=postgres%253A%252F%252Fa%253A[REDACTED]%2540h");
	expect("x=Authorization%3A%20Bearer%20abc%0Ad",
	    "x=Authorization%3A%20Bearer%20[REDACTED]%0Ad");
	/* Nothing to see, and colours. */
	expect_made("x gh\u200bp_{a20}\u2060{a16} y", "x [REDACTED] y");
	expect_made("x \x1b[1mghp_\x1b[0;31m{a36}\x1b[m y",
	    "x \x1b[1m[REDACTED]\x1b[m y");
	expect_made("x ghp\\u200b_{a36} y", "x [REDACTED] y");
	/* A line that a shell goes on with. */
	expect_made("x ghp_{a20}\\\n{a16} y", "x [REDACTED] y");
}

static void
base64_is_decoded_once(void **state)
{
	(void)state;
	/* export PASSWORD=swordfish && make all */
	expect("x ZXhwb3J0IFBBU1NXT1JEPXN3b3JkZmlzaCAmJiBtYWtlIGFsbA== y",
	    "x [REDACTED] y");
	/* The same with a path glued to it. */
	expect("/a/ZXhwb3J0IFBBU1NXT1JEPXN3b3JkZmlzaCAmJiBtYWtlIGFsbA== y",
	    "[REDACTED] y");
	/* And wrapped. */
	expect("ZXhwb3J0IFBBU1NXT1JEPXN3b3JkZmlzaCAmJiBtYWtl\n"
	       "IGFsbA==\n",
	    "[REDACTED]\n");
	/* export PLACE=somewhere && make all */
	expect_same("ZXhwb3J0IFBMQUNFPXNvbWV3aGVyZSAmJiBtYWtlIGFsbA==");
	/* 39 characters are not worth a look. */
	expect_same("eCBQQVNTV09SRD1zd29yZGZpc2ggJiYgbWFrZSA");
}

static void
what_a_terminal_broke_or_a_bound_cut_is_found(void **state)
{
	(void)state;
	expect_made("x ghp_{a20}\n{a16} y", "x [REDACTED] y");
	expect_made("x ghp_{a20}\r\n  {a10}\n{a6} y", "x [REDACTED] y");
	expect_made("x ghp_{a20}\n\n{a16} y", "x ghp_{a20}\n\n{a16} y");
	expect_made("x ghp_{a20}", "x [REDACTED]");
	expect_made("x ghp_{a20}…[cut 5 bytes]", "x [REDACTED]…[cut 5 bytes]");
	expect_made("x ghp_{a20}... y", "x [REDACTED]... y");
	expect_made("x ghp_{a7}", "x ghp_{a7}");
	/* A word, and not made by chance. */
	expect_made("see ghp_something", "see ghp_something");
	expect_made("AKIA{38}", "[REDACTED]");
	/* The header of a JWT is no secret, and begins as cursors do. */
	expect_made("eyJ{a24}", "eyJ{a24}");
	expect_made("eyJ{a24}.eyJ{a5}", "[REDACTED]");
	/* Broken where the shortest is over; a hash on the next line stays. */
	expect_made("x github_pat_{w30}\n{w40} y", "x [REDACTED] y");
	expect_made("x ghp_{a36}\n{h40} y", "x [REDACTED]\n{h40} y");
	expect_made("AKIA{310}\n{36} y", "[REDACTED] y");
}

static void
hashes_and_ids_are_left_alone(void **state)
{
	static const char *const templates[] = {
		"{h64}",
		"{h40}",
		"{h32}",
		"{h128}",
		"sha256:{h64}",
		"commit {h40}",
		"index {h7}..{h7} 100644",
		"{h8}-{h4}-{h4}-{h4}-{h12}",
		"sess-{h8}",
		"sess-{a20}",
		"toolu_{a24}",
		"call_{a24}",
		"req_{a24}",
		"msg_{a24}",
		"\"entry_hash\":\"{h64}\",\"prev_hash\":\"{h64}\"",
		"\"session_id\":\"{h8}-{h4}-{h4}-{h4}-{h12}\"",
		"\"integrity\": \"sha512-{686}==\"",
		"cache-key-{h32}",
		"src/{l20}/{l30}.js",
		"data:image/png;base64,{6200}",
		"https://example.com/{a22}/{h40}?page=2#x",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(templates); i++)
		expect_made(templates[i], templates[i]);
}

static void
a_token_again_and_again_is_found_each_time(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(buf_free) struct buf out = BUF_INIT;

	(void)state;
	for (int i = 0; i < 100; i++)
		add_template(&text, "AKIA{316} ");
	assert_int_equal(redact_text(redactor, buf_slice(&text), &out), 100);
	buf_reset(&text);
	buf_reset(&out);
	for (int i = 0; i < 100; i++)
		add_template(&text, "ghp_{a36} password=hunter2 ");
	assert_int_equal(redact_text(redactor, buf_slice(&text), &out), 200);
}

static void
text_without_secrets_appends_nothing(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	(void)state;
	buf_add_str(&out, "before");
	assert_int_equal(
	    redact_text(redactor, SLICE_LITERAL("plain text"), &out), 0);
	assert_int_equal(
	    redact_text(redactor, (struct slice){ NULL, 0 }, &out), 0);
	assert_string_equal(out.data, "before");
	assert_int_equal(
	    redact_text(redactor, SLICE_LITERAL("PASSWORD=a"), &out), 1);
	assert_string_equal(out.data, "beforePASSWORD=[REDACTED]");
}

/* Each of these made some earlier rule look at the same bytes again from every
 * anchor: with a quadratic one a megabyte takes minutes instead of the
 * milliseconds that the test's time-out never notices. */
static void
time_is_linear_whatever_the_text_is(void **state)
{
	static const char *const pieces[] = { "-----BEGIN ",
		"-----BEGIN PRIVATE KEY-----\"", "-eyJ", "-eyJaaaaaaaaaaaa.eyJ",
		"sk-ant-", "glpat-", "ghp_", "ghp_a1a1a1a1\n", "AKIA",
		"AKIAABCDEFGHIJKLMNOP", "://a:", "a://b:c@", "password",
		"password=", "password=$", "password='", "\"password\":\"",
		"\"password\":\"<", "--password ",
		"Authorization: ", "cookie:", "Cookie: a", " -u a:b",
		"curl -u a:", "secret_access_key", "12345678:AA", "aA0/aA0/",
		"ZXlK", "\\", "\\u005c", "%25", "%", "\x1b[", "\u200b",
		"api-key: \"", "bearer ", "sig=", "aaaaaaaaaaaaaa.atlasv1.",
		"discord.com/api/webhooks/",
		"cGFzc3dvcmQ9aHVudGVyMiBwYXNzd29yZD1odW50ZXIy\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		cleanup(buf_free) struct buf text = BUF_INIT;
		cleanup(buf_free) struct buf out = BUF_INIT;

		while (text.len < 1 << 20)
			buf_add_str(&text, pieces[i]);
		redact(buf_slice(&text), &out);
		assert_int_equal(text_valid_bytes(buf_slice(&out)), out.len);
		assert_true(out.len <= 3 * text.len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    tokens_are_known_by_prefix_alphabet_and_length),
		cmocka_unit_test(tokens_of_more_than_one_part_are_found),
		cmocka_unit_test(aws_ids_take_the_secret_near_them_along),
		cmocka_unit_test(json_web_tokens_are_found),
		cmocka_unit_test(
		    private_keys_go_to_their_end_or_the_end_of_the_text),
		cmocka_unit_test(passwords_in_urls_are_found),
		cmocka_unit_test(headers_and_options_are_found),
		cmocka_unit_test(assignments_are_judged_by_their_value),
		cmocka_unit_test(names_of_keys_tell_secrets),
		cmocka_unit_test(members_are_judged_by_their_key),
		cmocka_unit_test(elements_are_judged_by_the_one_before),
		cmocka_unit_test(escapes_are_looked_through),
		cmocka_unit_test(base64_is_decoded_once),
		cmocka_unit_test(what_a_terminal_broke_or_a_bound_cut_is_found),
		cmocka_unit_test(hashes_and_ids_are_left_alone),
		cmocka_unit_test(a_token_again_and_again_is_found_each_time),
		cmocka_unit_test(text_without_secrets_appends_nothing),
		cmocka_unit_test(time_is_linear_whatever_the_text_is),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
