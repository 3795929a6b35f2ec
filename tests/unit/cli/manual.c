/* The manual is written by hand: does it tell of everything there is? */
#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/commands.h"
#include "config/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
read_page(const char *path, struct buf *out)
{
	cleanup(cleanup_fclose) FILE *file = fopen(path, "r");
	char text[4096];
	size_t got;

	assert_non_null(file);
	while ((got = fread(text, 1, sizeof(text), file)) > 0)
		buf_add(out, text, got);
}

static void
has(const struct buf *page, const char *format, const char *word)
{
	char text[128];

	snprintf(text, sizeof(text), format, word);
	if (strstr(page->data, text) == NULL)
		fail_msg("the manual does not tell of \"%s\"", text);
}

static void
kruxos_1_tells_of_every_command_and_option(void **state)
{
	struct buf page = BUF_INIT;

	(void)state;
	read_page("docs/man/kruxos.1", &page);
	for (size_t i = 0; i < commands_count; i++) {
		const struct option_row *row = commands[i].form->options;

		has(&page,
		    strcmp(commands[i].name, "completions") == 0
			? ".It Cm %s bash"
			: ".It Cm %s",
		    commands[i].name);
		for (; row->name != NULL; row++) {
			/* The page gives one form of each option. */
			char letter[] = { 'F', 'l', ' ', row->letter, '\0' };

			if (row->letter == 0 ||
			    strstr(page.data, letter) == NULL)
				has(&page, "Fl -%s", row->name);
		}
	}
	buf_free(&page);
}

static void
kruxos_conf_5_tells_of_every_setting_and_its_default(void **state)
{
	struct buf page = BUF_INIT;

	(void)state;
	read_page("docs/man/kruxos.conf.5", &page);
	for (const struct setting *row = settings; row->section != NULL;
	     row++) {
		char entry[128];

		snprintf(entry, sizeof(entry), "%s%s%s%s", row->key,
		    row->standard[0] != '\0' ? " Pq Li " : "",
		    row->standard[0] == '.' ? "\\&" : "", row->standard);
		has(&page, ".Ss [%s", row->section);
		has(&page, ".It Cm %s\n", entry);
	}
	buf_free(&page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kruxos_1_tells_of_every_command_and_option),
		cmocka_unit_test(
		    kruxos_conf_5_tells_of_every_setting_and_its_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
