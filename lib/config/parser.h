/* What the parts of config.c share while one file is read. */
#ifndef CONFIG_PARSER_H
#define CONFIG_PARSER_H

#include "config/config.h"

enum {
	PARSER_SETTINGS = 128, /* room for the rows of the table */
	/* and for a file's sections */
	PARSER_SECTIONS = CONFIG_SERVICES + CONFIG_ALERTS + CONFIG_NOTIFIES +
			  POLICY_AGENTS + 16,
};

/* Where something stands in the file. */
struct place {
	unsigned line; /* 0: nowhere */
	struct slice section;
	struct slice name; /* {NULL, 0}: none */
	struct slice key;  /* {NULL, 0}: none */
};

/* One call of config_parse(). */
struct parser {
	struct config *config;
	const char *path; /* as it was given */
	const char *folder;
	struct buf *problems;

	struct place sections[PARSER_SECTIONS]; /* of the file, so far */
	size_t section_count;
	struct place here;  /* the present section */
	void *object;	    /* its struct; NULL: the section is wrong */
	const char *agent;  /* [policy agent NAME]: whose it is; else NULL */
	size_t agent_count; /* of such sections, so far */
	unsigned lines[PARSER_SETTINGS]; /* of its settings; 0: not yet */
};

/* Add a line to what is wrong: PATH:LINE: [SECTION NAME] KEY: SENTENCE */
void parser_problem(struct parser *parser, const struct place *place,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
