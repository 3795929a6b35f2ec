/* GET over `api.sock`: an HTTP/1.1 client of a connection a request.
 *
 * Not libcurl: linked with it a program needs 15 ms to start, and a unix
 * socket, two framings and a time-out are all that is wanted here.
 */
#ifndef CLI_API_H
#define CLI_API_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"

enum { API_BODY_BYTES = 64 << 20 }; /* of an answer that is kept whole */

/* For an answer; a search alone may take two seconds. */
#define API_TIMEOUT (30 * USEC_PER_SEC)

struct api;

/* Ask for `target` ("/api/audit?limit=1") at the socket and wait for the
 * answer's head. `last_event_id` {NULL, 0}: none. NULL: ERROR_UNREACHABLE
 * (nobody there, no answer in time), ERROR_NOT_ALLOWED (by the modes of the
 * socket or its folders), ERROR_INVALID (the path is too long for a
 * socket, the id cannot stand in a header), ERROR_CORRUPT (not HTTP),
 * ERROR_SYSTEM. `timeout`: how long to wait for a byte, here and later. */
struct api *api_open(const char *socket_path, const char *target,
    struct slice last_event_id, usec_t timeout, struct error *err);
void api_close(struct api *api);

DEFINE_CLEANUP(struct api *, api_close);

int api_status(const struct api *api);

/* Append the next bytes of the body. 1; 0 at its end; -1: ERROR_BUSY (nothing
 * came in time; one may go on), ERROR_UNREACHABLE, ERROR_CORRUPT. */
int api_read(struct api *api, struct buf *body, struct error *err);

/* Read what is left of an answer of 400 and more: its sentence becomes `err`;
 * ERROR_INVALID, ERROR_NOT_FOUND, ERROR_NOT_ALLOWED, ERROR_UNREACHABLE (502,
 * 503, 504: nobody knows). Always -1. */
int api_refused(struct api *api, struct error *err);

/* The whole body of a good answer, appended. -1 as above. */
int api_get(const char *socket_path, const char *target, struct buf *body,
    struct error *err);

/* The same whatever the status says; it goes to `ret_status`. */
int api_get_any(const char *socket_path, const char *target, usec_t timeout,
    struct buf *body, int *ret_status, struct error *err);

/* Append `text` for a query: all but letters, digits and -._~ as %XX. */
void api_escape(struct buf *out, struct slice text);

#endif
