/* FastCGI records of what is sent: libfcgi only reads. */
#ifndef HTTP_RECORD_H
#define HTTP_RECORD_H

#include "base/buf.h"

#include <fastcgi.h>

enum {
	/* Of a connection that is handed over: nginx never uses another number,
	 * and the server hands over no other. */
	RECORD_REQUEST_ID = 1,
	/* The largest content that keeps records aligned to 8 bytes (FastCGI
	 * 1.0, 3.3). */
	RECORD_CONTENT_BYTES = 65528,
};

/* What stands before so much of the body of request `id`. */
FCGI_Header record_stdout(int id, size_t content_bytes);

/* What ends a request: the body's end; FCGI_END_REQUEST, request complete. */
struct record_end {
	FCGI_Header body_end, header;
	FCGI_EndRequestBody body;
};
struct record_end record_end(int id);

/* Append `content` as records of RECORD_REQUEST_ID; append its end. */
void record_add_stdout(struct buf *out, struct slice content);
void record_add_end(struct buf *out);

#endif
