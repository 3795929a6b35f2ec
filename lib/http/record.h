/* FastCGI records made by hand, for connections that libfcgi has handed over.
 *
 * They all belong to request 1: nginx never uses another number, and the
 * server hands over no other.
 */
#ifndef HTTP_RECORD_H
#define HTTP_RECORD_H

#include "base/buf.h"

enum { RECORD_REQUEST_ID = 1 };

/* Append `content` as FCGI_STDOUT records. */
void record_add_stdout(struct buf *out, struct slice content);

/* Append what ends the request: FCGI_END_REQUEST, request complete. */
void record_add_end(struct buf *out);

#endif
