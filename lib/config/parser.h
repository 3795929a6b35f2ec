/* What the parts of config.c share while the files are read. */
#ifndef CONFIG_PARSER_H
#define CONFIG_PARSER_H

#include "config/config.h"
#include "config/files.h"

enum {
	/* Room for the files' sections. */
	PARSER_SECTIONS = CONFIG_SERVICES + CONFIG_ALERTS + CONFIG_NOTIFIES +
			  POLICY_AGENTS + 16,
};

/* Where something stands in the files. */
struct place {
	unsigned file; /* its place in `files`; the first is kruxos.conf */
	unsigned line; /* 0: nowhere */
	struct slice section;
	struct slice name; /* {NULL, 0}: none */
	struct slice key;  /* {NULL, 0}: none */
};

/* One call of config_parse(). */
struct parser {
	struct config *config;
	const struct files *files;
	unsigned file;	    /* the present one */
	const char *folder; /* of kruxos.conf */
	struct buf *problems;

	/* So far; of one that stands in several files, the last place. */
	struct place sections[PARSER_SECTIONS];
	size_t section_count;
	struct place here;  /* the present section */
	void *object;	    /* its struct; NULL: the section is wrong */
	const char *agent;  /* [policy agent NAME]: whose it is; else NULL */
	size_t agent_count; /* of such sections, so far */
};

/* Add a line to what is wrong: PATH:LINE: [SECTION NAME] KEY: SENTENCE */
void parser_problem(struct parser *parser, const struct place *place,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
