#include "cli/completions.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What bash offers behind `words`, by the script that is made. */
static void
complete(const char *words, struct buf *out)
{
	cleanup(buf_free) struct buf script = BUF_INIT;
	char path[] = "/tmp/kruxos-completions-XXXXXX";
	int fd = mkstemp(path);
	char text[4096];
	size_t got;
	FILE *bash;

	completions_add_bash(&script);
	buf_addf(&script,
	    "COMP_WORDS=(%s)\n"
	    "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
	    "_kruxos\n"
	    "echo \"${COMPREPLY[*]}\"\n",
	    words);
	assert_int_equal(
	    write(fd, script.data, script.len), (ssize_t)script.len);
	close(fd);
	buf_reset(&script);
	buf_addf(&script, "bash --norc %s 2>&1", path);
	bash = popen(script.data, "re");
	assert_non_null(bash);
	while ((got = fread(text, 1, sizeof(text), bash)) > 0)
		buf_add(out, text, got);
	assert_int_equal(pclose(bash), 0);
	unlink(path);
}

static void
bash_offers_what_may_follow(void **state)
{
	static const struct {
		const char *words, *offered;
	} cases[] = {
		{ "kruxos he", "health help\n" },
		{ "kruxos audit ''",
		    "query show head verify stats export import erase\n" },
		{ "kruxos audit q", "query\n" },
		{ "kruxos audit query --sta", "--status\n" },
		{ "kruxos audit query --status ''",
		    "success error denied pending\n" },
		{ "kruxos audit query -s d", "denied\n" },
		{ "kruxos passwd --role ''", "viewer operator auditor\n" },
		{ "kruxos token create ci --scope ''", "read operate\n" },
		{ "kruxos account ''", "list role remove\n" },
		{ "kruxos login-link --acc", "--account\n" },
		{ "kruxos -c file audit export --format ''",
		    "json ndjson csv\n" },
		{ "kruxos watch --json --age", "--agent-name\n" },
		{ "kruxos status --", "--json --config --help\n" },
		{ "kruxos met", "metrics\n" },
		{ "kruxos metrics ''",
		    "system agents policy http --json --config --help\n" },
		{ "kruxos metrics po", "policy\n" },
		{ "kruxos al", "alerts\n" },
		{ "kruxos alerts ''",
		    "ack --severity --last --all --json --config --help\n" },
		{ "kruxos alerts --severity ''", "critical warning info\n" },
		{ "kruxos alerts ack --", "--note --config --help\n" },
		{ "kruxos notify ''", "list test\n" },
		{ "kruxos notify list --", "--json --config --help\n" },
		{ "kruxos nonsense ''", "\n" },
		{ "kruxos audit verify --dir /et", "/etc\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf out = BUF_INIT;

		complete(cases[i].words, &out);
		assert_string_equal(out.data, cases[i].offered);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bash_offers_what_may_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
