/* What every command works with: where things are, where words go. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/terminal.h"
#include "config/config.h"

/* How a command ends: what a script sees. (130, interrupted, comes of
 * terminal_on_interrupt().) */
enum command_exit {
	COMMAND_DONE = 0,
	COMMAND_FAILED = 1,  /* the sentence is on stderr */
	COMMAND_NO = 2,	     /* the answer is no: chain broken, no match */
	COMMAND_UNKNOWN = 3, /* the daemon or its socket is not there */
	COMMAND_USAGE = 64,  /* EX_USAGE of sysexits.h */
};

struct cli {
	const char *config_file; /* of -c; NULL: looked for */
	bool wants_help;	 /* --help */
	struct terminal out;	 /* stdout */
	struct arena arena;	 /* ends with the program */
	struct config *config;	 /* once cli_config() has read it */
};

void cli_open(struct cli *cli);
void cli_close(struct cli *cli);

/* The configuration: of -c, else of KRUXOS_CONFIG, ./run/kruxos.conf,
 * /etc/kruxos/kruxos.conf, the first that is there. NULL and err. */
const struct config *cli_config(struct cli *cli, struct error *err);

/* Print to stdout; main() sees at the end whether all of it could be written.
 */
void cli_print(const struct buf *text);

/* The same for JSON: as it is for a program, without what could do something to
 * a terminal for a person. Ends the line if it has not ended. */
void cli_print_json(const struct cli *cli, struct buf *json);

/* "kruxos: SENTENCE" on stderr; the command's exit: 3 for
 * ERROR_UNREACHABLE, else 1. */
enum command_exit cli_fail(const struct error *err);

/* The same for a wrong usage: 64. */
enum command_exit
cli_misused(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A word on stderr that is no failure: "kruxos: …". */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
