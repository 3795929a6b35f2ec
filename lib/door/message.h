/* What may be said through ingest.sock: a line becomes a message, or an error
 * that names the field. Pure: bytes, who speaks and what time it is go in, a
 * struct comes out. docs/door.md has the grammar with an example of each.
 *
 * A line is an entry, unless it has the key `do`: then it is a command; or the
 * key `type`: then it is an event of an older gateway (envelope.h), which
 * becomes an entry. An empty line (white space alone) counts and says nothing.
 *
 * Who may send what stands in the tables at the head of message.c.
 */
#ifndef DOOR_MESSAGE_H
#define DOOR_MESSAGE_H

#include "base/json_reader.h"
#include "log/entry.h"

enum {
	MESSAGE_LINE_BYTES = 1 << 20, /* of one line, its '\n' not counted */
	MESSAGE_ID_BYTES = ENTRY_NAME_BYTES,
	MESSAGE_CREDENTIAL_BYTES = 512,
	MESSAGE_DURATION_BYTES = 32,
};

/* How far a live producer's clock may be off the daemon's. */
#define MESSAGE_MAX_BEHIND (24 * USEC_PER_HOUR)
#define MESSAGE_MAX_AHEAD  (5 * USEC_PER_SEC)

/* Who speaks, by the kernel's word; one uid may be several. Behind ANYONE: who
 * speaks through a program, by the credential that a command carries. He has
 * the rights of his account, or of an agent, and none of the program's. */
enum message_peer_class {
	MESSAGE_OWNER = 1 << 0,	   /* root, the daemon's own uid */
	MESSAGE_OPERATOR = 1 << 1, /* group kruxos */
	MESSAGE_WEB = 1 << 2,	   /* uid kruxos-web, and its like */
	MESSAGE_OBSERVER = 1 << 3, /* uid kruxos-observer */
	MESSAGE_PRODUCER = 1 << 4, /* group kruxos-ingest */
	MESSAGE_SERVICE = 1 << 5,  /* uid of a service: heartbeats alone */
	MESSAGE_ANYONE = (1 << 6) - 1,

	MESSAGE_SIGNED = 1 << 6,   /* any account, by a session or a token */
	MESSAGE_SESSION = 1 << 7,  /* by a sign-in session */
	MESSAGE_ACTOR = 1 << 8,	   /* role operator, scope operate */
	MESSAGE_EXPORTER = 1 << 9, /* role operator or auditor */

	MESSAGE_AGENT = 1 << 10, /* an agent, by its token, and nothing else */
};

struct message_peer {
	uint32_t uid;
	unsigned classes;	/* of enum message_peer_class; 0: a stranger */
	struct slice user_name; /* the name of that uid; a name (entry.h).
				   {NULL, 0}: it is being looked up */
};

enum message_kind {
	MESSAGE_BLANK,
	MESSAGE_ENTRY,
	MESSAGE_COMMAND,
};

/* The slices and nodes lie in the line and in the parser: good until the next
 * message_parse(). */
struct message {
	enum message_kind kind;

	/* MESSAGE_ENTRY: all that a producer says and the daemon adds, but seq,
	 * recorded_at and the hashes. */
	struct entry entry;
	const struct json_reader *reader;
	const struct json_node *summary; /* a string, or NULL */
	const struct json_node *request; /* an object, or NULL */

	/* MESSAGE_COMMAND */
	struct slice verb;
	struct slice id;
	struct slice credential;      /* {NULL, 0}: none */
	const struct json_node *args; /* an object, or NULL */
};

/* What parsing needs again and again; one a thread. */
struct message_parser {
	struct json_reader reader;
	struct buf capability; /* a name from outside, rewritten */
	struct buf shown;      /* text of outsiders made visible, for errors */
};

#define MESSAGE_PARSER_INIT                                         \
	{                                                           \
		.reader = JSON_READER_INIT, .capability = BUF_INIT, \
		.shown = BUF_INIT                                   \
	}

void message_parser_free(struct message_parser *parser);

/* Read `line` (without its '\n') from `peer` at `now` (the daemon's realtime).
 * -1 and err, whose code is one that the door answers and whose field names
 * what is wrong: ERROR_BAD_JSON … ERROR_NOT_ALLOWED. ERROR_BUSY, which it does
 * not answer: the line needs the peer's name; the same call succeeds when it
 * has one. Commands always do. */
int
message_parse(struct message_parser *parser, const struct message_peer *peer,
    usec_t now, struct slice line, struct message *ret, struct error *err);

/* What an agent's runtime tells of a call that it made itself: an object of the
 * fields of an entry, but for who and by which way (source, actor_type,
 * agent_name, user_name) and what the policy says of it (policy_tier): those
 * are in `ret->entry` already, or are nobody's to tell. What is missing of the
 * rest stays as it is there; the time is brought within bounds around `now`.
 * The nodes are of `reader`; what is rewritten lies in `parser`, until its next
 * use. -1, as message_parse(); ERROR_NOT_ALLOWED, too, for a capability that is
 * reserved. */
int message_read_call(struct message_parser *parser,
    const struct json_reader *reader, const struct json_node *object,
    usec_t now, struct message *ret, struct error *err);

/* Is this name reserved for the daemon (entry_is_reserved()), or one that looks
 * like it in other letters? */
bool message_is_reserved(struct slice capability);

/* White space alone: a line that counts and says nothing. */
bool message_is_blank(struct slice line);

/* Bring the time that a producer gave within bounds around `now`: at most
 * MESSAGE_MAX_BEHIND (an import: any past but 0 itself, which is "now" to
 * commit.h) and MESSAGE_MAX_AHEAD. What it was stays in time_clamped. */
void message_clamp_time(struct entry *entry, usec_t now);

/* May `peer` write this entry: as this actor, by this source, with this
 * capability? A user's entry without a name gets the peer's. Called by
 * message_parse(); for who makes entries in another way. ERROR_NOT_ALLOWED;
 * ERROR_BUSY, as above. */
int message_check_rights(
    const struct message_peer *peer, struct entry *entry, struct error *err);

#endif
