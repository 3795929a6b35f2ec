/* OTLP as protobuf: the log records or spans of a request, one after the other
 * (as otlp_json.h), and the answers in the same.
 *
 * fcgi/otlp.proto names what is read of it. Text need not be UTF-8 on the wire;
 * what is none becomes U+FFFD. Pure, but for what `on_record` does.
 */
#ifndef FCGI_OTLP_PROTO_H
#define FCGI_OTLP_PROTO_H

#include "base/buf.h"
#include "base/error.h"
#include "fcgi/otlp_record.h"

enum {
	/* What a request may become in memory: some bytes of it are enough for
	 * many of ours. */
	OTLP_PROTO_BYTES = 64 << 20,
};

/* Read `body`, logs or traces as `signal` says. -1: ERROR_INVALID: it is no
 * such message; ERROR_TOO_LONG: it becomes more than OTLP_PROTO_BYTES; nothing
 * has been handed over then. */
int otlp_proto_read(struct slice body, enum otlp_signal signal,
    otlp_record_on_read on_record, void *context,
    struct otlp_counts *ret_counts, struct error *err);

/* Append the answer: `rejected` records, and why ("": none was). */
void
otlp_proto_add_answer(struct buf *out, uint64_t rejected, const char *sentence);

/* Append the body of an error: a code of google.rpc.Code, and a sentence. */
void otlp_proto_add_failure(struct buf *out, int code, const char *sentence);

#endif
