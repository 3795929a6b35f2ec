#include "http/record.h"

#include <fastcgi.h>

/* The largest content that keeps records aligned to 8 bytes (FastCGI 1.0,
 * 3.3). */
enum { CONTENT_BYTES = 65528 };

static void
add_header(struct buf *out, int type, size_t content_bytes)
{
	FCGI_Header header = {
		.version = FCGI_VERSION_1,
		.type = (unsigned char)type,
		.requestIdB0 = RECORD_REQUEST_ID,
		.contentLengthB1 = (unsigned char)(content_bytes >> 8),
		.contentLengthB0 = (unsigned char)content_bytes,
	};

	buf_add(out, &header, sizeof(header));
}

void
record_add_stdout(struct buf *out, struct slice content)
{
	while (content.len > 0) {
		size_t len =
		    content.len < CONTENT_BYTES ? content.len : CONTENT_BYTES;

		add_header(out, FCGI_STDOUT, len);
		buf_add(out, content.data, len);
		content.data += len, content.len -= len;
	}
}

void
record_add_end(struct buf *out)
{
	FCGI_EndRequestBody body = { .protocolStatus = FCGI_REQUEST_COMPLETE };

	add_header(out, FCGI_STDOUT, 0);
	add_header(out, FCGI_END_REQUEST, sizeof(body));
	buf_add(out, &body, sizeof(body));
}
