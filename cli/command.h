/* A command of `kruxos`.
 *
 * Each command's file defines a form: its options, the struct that they fill
 * and the function that runs it. commands.c gives the forms their names,
 * in the one table of which help and completions are made.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/cli.h"
#include "cli/options.h"

struct command_form {
	const struct option_row *options; /* ends in OPTION_END */
	size_t values_bytes;		  /* of the struct that they fill */
	/* `operands` ends in NULL; as many as the table allows. */
	enum command_exit (*run)(
	    struct cli *cli, const void *values, char **operands);
};

enum { COMMAND_ANY_NUMBER = -1 };

struct command {
	const char *name;     /* the words that choose it: "audit verify" */
	const char *alias;    /* another word for it, or NULL */
	const char *operands; /* as the help writes them: "SEQ...", or "" */
	const char *words;    /* what an operand may be, or NULL */
	int least, most;      /* how many operands */
	const struct command_form *form;
	const char *summary;  /* one line, without a full stop */
	const char *about;    /* a paragraph, or NULL */
	const char *examples; /* lines: "kruxos …", each with its comment */
};

#endif
