/* JSON that is too large to have all its nodes at once (json_reader.h): walked
 * from the outside in, the bytes of a value taken where they are to be read.
 *
 *	json_walk_init(&walk, text);
 *	if (json_walk_enter(&walk, '{', err) == -1)
 *		return -1;
 *	while ((more = json_walk_member(&walk, &key, err)) == 1)
 *		if (json_walk_value(&walk, &value, err) == -1)
 *			return -1;
 *
 * Behind a key, and in an array behind json_walk_element(), the walk stands
 * before a value: it is taken whole, or entered. What is passed over is looked
 * at no further than to find its end.
 */
#ifndef BASE_JSON_WALK_H
#define BASE_JSON_WALK_H

#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

enum { JSON_WALK_DEPTH = 64 };

struct json_walk {
	const char *start;
	const char *at;
	const char *end;
	int depth;	  /* what was entered and not left */
	uint64_t objects; /* a bit for each of them: it is an object */
	bool is_first; /* nothing stands before this place, where we entered */
};

/* `text` outlives the walk. */
void json_walk_init(struct json_walk *walk, struct slice text);

/* Enter the value before which we stand: an object ('{') or an array ('[').
 * ERROR_WRONG_TYPE: it is none; ERROR_BAD_JSON, ERROR_TOO_DEEP. Every sentence
 * names the byte, the first being 1. */
int json_walk_enter(struct json_walk *walk, char bracket, struct error *err);

/* Does such a value begin here? */
bool json_walk_is_at(struct json_walk *walk, char bracket);

/* Go to the next member, behind its key (as it stands, between its quotes), or
 * the next element. 0: there is none, and we stand behind the closing bracket.
 * -1: ERROR_BAD_JSON. */
int json_walk_member(
    struct json_walk *walk, struct slice *ret_key, struct error *err);
int json_walk_element(struct json_walk *walk, struct error *err);

/* Pass over a value: its bytes. ERROR_BAD_JSON, ERROR_TOO_DEEP. */
int json_walk_value(
    struct json_walk *walk, struct slice *ret_value, struct error *err);

/* Nothing but white space is left. -1: ERROR_BAD_JSON. */
int json_walk_end(struct json_walk *walk, struct error *err);

#endif
