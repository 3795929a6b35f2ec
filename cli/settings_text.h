/* The settings of a program of others, changed within their text: JSON, with
 * comments as JavaScript has them and commas before a closing bracket, which
 * some programs take. What is not changed stays as it stands, byte for byte.
 *
 *	cleanup(settings_text_free) struct settings_text settings;
 *
 *	settings_text_init(&settings);
 *	if (settings_text_open(&settings, &bytes, err) == -1)
 *		return -1;
 *	… look at settings.reader; settings_text_append(), settings_text_take()
 *… buf_add_slice(out, buf_slice(&settings.text));
 *
 * A change reads all of it anew: nodes from before are good no more.
 */
#ifndef CLI_SETTINGS_TEXT_H
#define CLI_SETTINGS_TEXT_H

#include "base/buf.h"
#include "base/error.h"
#include "base/json_reader.h"

struct settings_text {
	struct buf text;	   /* as the user has it */
	struct buf commas;	   /* the same length: comments are blanks */
	struct buf bare;	   /* commas before a bracket are blanks, too */
	struct buf unit;	   /* by what a value is indented */
	struct json_reader reader; /* of `bare`: an object */
};

void settings_text_init(struct settings_text *settings);
void settings_text_free(struct settings_text *settings);

/* Read it; an empty one is an empty object. ERROR_BAD_JSON and what else
 * json_reader_read() says; ERROR_WRONG_TYPE: it is no object. */
int settings_text_open(
    struct settings_text *settings, const struct buf *text, struct error *err);

/* Put `child` behind the last of the container, which lies `depth` deep, as a
 * line of its own: of an object, with its key. -1: as settings_text_open(). */
int settings_text_append(struct settings_text *settings,
    const struct json_node *container, size_t depth, struct slice child,
    struct error *err);

/* Take a child out of its container: of an object, with its key. */
int settings_text_take(struct settings_text *settings,
    const struct json_node *container, const struct json_node *child,
    struct error *err);

#endif
