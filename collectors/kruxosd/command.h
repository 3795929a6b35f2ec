/* Commands: `{"do":VERB,…}`, one row each: verb, who may, handler, arguments.
 *
 * What is not in the table of its arguments is an error, before anything is
 * done: who asks for a dry run of a command that knows none gets no wet one.
 *
 * A handler lives where its effect lives (erasure.c, retention.c, …). It is
 * given a call and answers it exactly once, now or later, by command_ok() or
 * command_fail(), which end the call; before that, command_progress() as often
 * as it likes. The peer may be gone by then: answering is still right, and
 * costs nothing.
 */
#ifndef KRUXOSD_COMMAND_H
#define KRUXOSD_COMMAND_H

#include "door/message.h"
#include "store/accounts.h"

#include <sys/queue.h>

struct command_call;

/* `context` is the table's. Only inside this call are the args there; who needs
 * them later keeps a copy. */
typedef void (*command_run)(void *context, struct command_call *call);

enum command_type {
	COMMAND_STRING,
	COMMAND_NUMBER,
	COMMAND_BOOLEAN,
	COMMAND_STRINGS, /* an array of strings */
	COMMAND_NUMBERS, /* an array of numbers */
	COMMAND_OBJECT,	 /* what is in it, the handler checks */
	COMMAND_OBJECTS, /* an array of such */
};

struct command_arg {
	const char *key;
	enum command_type type;
	const char *wanted; /* what is said when it is missing; NULL: it may */
};

struct command {
	const char *verb;
	unsigned may; /* of enum message_peer_class */
	command_run run;
	/* Ends with a key of NULL; NULL: it takes none. */
	const struct command_arg *args;
};

/* Whose is `credential`, with which `call` came? As accounts_find(); an agent's
 * too. */
typedef int (*command_identify)(void *context, const struct command_call *call,
    struct slice credential, struct accounts_caller *ret_signed_in,
    struct error *err);

/* `call` is about to be answered that it is not allowed: to be recorded. */
typedef void (*command_on_denied)(
    void *context, const struct command_call *call);

/* What the door does. */
struct command_table {
	const struct command *commands; /* ends with a verb of NULL */
	command_identify identify;	/* NULL: nobody can sign in */
	void *context;			/* for all three */
	command_on_denied on_denied;	/* NULL: nobody listens */
};

struct command_call {
	/* Who asks; for the call's life. With a credential, its account: the
	 * uid alone is that of the program that handed it on. */
	struct message_peer peer;
	enum entry_source source; /* of the entries that come of it */
	/* If MESSAGE_SIGNED or MESSAGE_AGENT is a class. */
	struct accounts_caller signed_in;
	const char *verb;		  /* static; NULL: there is no such */
	unsigned may;			  /* whose that is */
	const struct json_reader *reader; /* of args */
	const struct json_node *args;	  /* an object, or NULL */

	/* command.c's own */
	struct command_caller *caller; /* NULL: gone */
	LIST_ENTRY(command_call) of_caller;
	command_on_denied on_denied;
	void *context;
	char user_name[ENTRY_NAME_BYTES + 1];
	char id[MESSAGE_ID_BYTES + 1];
};

/* The beginning of an entry that comes of the call: uid, source, and the user
 * or the agent who asks. Its name lives as long as the call. */
struct entry command_entry(const struct command_call *call);

/* The argument `key`, or NULL; and its text, {NULL, 0} without one. */
const struct json_node *
command_argument(const struct command_call *call, const char *key);
struct slice command_text(const struct command_call *call, const char *key);

/* ERROR_UNKNOWN_FIELD: "`what` has no `kind` …" ("a service", "field"), and the
 * key, made visible and cut. */
int command_unknown_key(
    const char *what, const char *kind, struct slice key, struct error *err);

/* `result`: an object, as JSON; {NULL, 0}: an empty one. */
void command_ok(struct command_call *call, struct slice result);
void command_fail(struct command_call *call, const struct error *err);

/* The same; that it was denied stands in the log already. */
void command_refuse(struct command_call *call, const struct error *err);

void command_progress(struct command_call *call, double progress); /* 0-1 */

/* Nobody waits for the answer any more: a long command may stop. */
bool command_is_abandoned(const struct command_call *call);

/* --- for ingest: who calls ------------------------------------------------ */

struct command_caller {
	/* Take an answer's line, '\n' included. */
	void (*on_answer)(struct command_caller *caller, struct slice line);
	LIST_HEAD(command_calls, command_call) calls; /* not yet answered */
	unsigned count;				      /* of them */
};

/* Run the command `message` of `peer`: by the row of its verb, or answer that
 * there is none (ERROR_NOT_FOUND), that its credential is nobody's
 * (ERROR_UNAUTHENTICATED), that he may not (ERROR_NOT_ALLOWED) or what is wrong
 * with its arguments (ERROR_UNKNOWN_FIELD, _WRONG_TYPE, _MISSING_FIELD; a key
 * that comes twice does not get here). */
void
command_start(const struct command_table *table, const struct message *message,
    const struct message_peer *peer, struct command_caller *caller);

/* The caller goes; his calls go on without him. */
void command_abandon(struct command_caller *caller);

#endif
