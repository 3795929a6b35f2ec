/* The body of an OTLP request, as its two headers say what it is. */
#ifndef FCGI_OTLP_BODY_H
#define FCGI_OTLP_BODY_H

#include "base/buf.h"
#include "base/error.h"
#include "http/request.h"

enum otlp_encoding { OTLP_BODY_JSON, OTLP_BODY_PROTOBUF, OTLP_ENCODINGS };

enum {
	OTLP_BODY_BYTES = 4 << 20,     /* as it comes */
	OTLP_BODY_UNPACKED = 16 << 20, /* what gzip may make of it, … */
	OTLP_BODY_RATIO = 256,	       /* … and of each byte, from */
	OTLP_BODY_TRUSTED = 1 << 20,   /* so many on */
};

/* By Content-Type. -1: ERROR_INVALID, it is neither. */
int otlp_body_encoding(const struct request *req,
    enum otlp_encoding *ret_encoding, struct error *err);

/* "application/json", "application/x-protobuf" */
const char *otlp_body_type(enum otlp_encoding encoding);

/* What was packed by gzip (Content-Encoding) into `unpacked`, which was empty;
 * `ret_body` is that, or the request's own. Returns 0, or the status to answer:
 * 415: packed by something else; 400: it is no gzip, or not whole; 413: it
 * becomes too much. */
int otlp_body_unpack(const struct request *req, struct buf *unpacked,
    struct slice *ret_body, struct error *err);

#endif
