/* One field of a line: its type and its bounds, into the message.
 *
 * Entries and events of older gateways name their fields differently; what may
 * stand in them is the same, and stands here.
 */
#ifndef DOOR_FIELD_H
#define DOOR_FIELD_H

#include "door/message.h"

enum field_type {
	FIELD_TIME, /* RFC 3339, into entry.time */
	FIELD_NAME, /* 1–128 of [A-Za-z0-9._:@/+-], into the slice given */
	FIELD_CAPABILITY, /* a name with a dot; mcp__server__tool is rewritten
			   */
	FIELD_WORD,	  /* one of a few, into the enum given */
	FIELD_DURATION,	  /* a number >= 0, its digits kept */
	FIELD_STRING,	  /* a string's node, into the pointer given */
	FIELD_OBJECT,	  /* an object's */
	FIELD_DAEMON,	  /* the daemon's to write: refused */
};

/* A word and its number: "success" and ENTRY_SUCCESS. */
struct field_words {
	int (*of)(struct slice word); /* -1: no such word */
	const char *all;	      /* for the sentence: "success, error" */
};

extern const struct field_words field_actors, field_sources, field_tiers,
    field_deciders, field_statuses;

struct field {
	const char *key; /* as the sender writes it */
	enum field_type type;
	size_t offset; /* of the slice, enum or pointer in struct message */
	const struct field_words *words;
};

/* Put the value `node` of `field` into `ret`. -1: ERROR_WRONG_TYPE,
 * _OUT_OF_RANGE, _TOO_LONG, _NOT_ALLOWED; err->field is the key. */
int field_read(struct message_parser *parser, const struct field *field,
    const struct json_node *node, struct message *ret, struct error *err);

/* A member that has no place here. Always -1. */
int field_unknown(struct message_parser *parser, struct slice key,
    const char *where, struct error *err);

/* Always -1. */
int field_missing(const char *key, struct error *err);

#endif
