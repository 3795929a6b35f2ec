/* What agents may ask the gateway for: the registry.
 *
 * A row is all there is to know of a capability: how it is called, what it
 * does in one sentence, what its arguments may be as JSON schema, and who does
 * it. Both protocols (POST /rpc, POST /mcp) show the same rows, in the same
 * order.
 *
 * What only reads, the gateway does itself before it tells kruxosd, and shows
 * what it has read when kruxosd has recorded the call and has said that it may
 * be. What has an effect, kruxosd does.
 */
#ifndef FCGI_CAPABILITY_H
#define FCGI_CAPABILITY_H

#include "base/json_reader.h"
#include "base/json_writer.h"
#include "http/request.h"

struct readings;

/* One call, within the arena of its request. */
struct capability_call {
	struct slice agent;		   /* who calls; if the row needs it */
	const struct json_reader *json;	   /* of arguments */
	const struct json_node *arguments; /* an object, as the schema has it */
	struct request *request;
};

/* Write the result, an object. 0; CAPABILITY_SLOW, on the loop's thread alone:
 * it takes longer, call me from the slow pool; -1: the sentence in `err` is for
 * the caller. */
typedef int
capability_read(struct readings *readings, const struct capability_call *call,
    struct json_writer *result, struct error *err);

enum { CAPABILITY_SLOW = 1 };

enum capability_flag {
	/* It reads what is the caller's own, from a database: in the pool. */
	CAPABILITY_NEEDS_AGENT = 1,
};

struct capability {
	const char *name;	 /* "system.metrics" */
	const char *description; /* a sentence or two, for agents */
	const char *schema;	 /* of the arguments: an object, as JSON */
	capability_read *read;	 /* NULL: kruxosd does it */
	unsigned flags;
};

/* Ends with a name of NULL. */
extern const struct capability capabilities[];

/* NULL: there is no such. */
const struct capability *capability_find(struct slice name);

/* May these be its arguments (NULL: none are given)? -1: ERROR_MISSING_FIELD,
 * _UNKNOWN_FIELD, _WRONG_TYPE, _OUT_OF_RANGE, _TOO_LONG; err->field is the
 * argument. */
int capability_check(const struct capability *capability,
    const struct json_reader *json, const struct json_node *arguments,
    struct error *err);

#endif
