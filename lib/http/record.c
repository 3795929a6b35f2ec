#include "http/record.h"

static FCGI_Header
header(int type, int id, size_t content_bytes)
{
	return (FCGI_Header){
		.version = FCGI_VERSION_1,
		.type = (unsigned char)type,
		.requestIdB1 = (unsigned char)(id >> 8),
		.requestIdB0 = (unsigned char)id,
		.contentLengthB1 = (unsigned char)(content_bytes >> 8),
		.contentLengthB0 = (unsigned char)content_bytes,
	};
}

FCGI_Header
record_stdout(int id, size_t content_bytes)
{
	return header(FCGI_STDOUT, id, content_bytes);
}

struct record_end
record_end(int id)
{
	return (struct record_end){
		.body_end = header(FCGI_STDOUT, id, 0),
		.header =
		    header(FCGI_END_REQUEST, id, sizeof(FCGI_EndRequestBody)),
		.body = { .protocolStatus = FCGI_REQUEST_COMPLETE },
	};
}

void
record_add_stdout(struct buf *out, struct slice content)
{
	while (content.len > 0) {
		size_t len = content.len < RECORD_CONTENT_BYTES
				 ? content.len
				 : RECORD_CONTENT_BYTES;
		FCGI_Header head = record_stdout(RECORD_REQUEST_ID, len);

		buf_add(out, &head, sizeof(head));
		buf_add(out, content.data, len);
		content.data += len, content.len -= len;
	}
}

void
record_add_end(struct buf *out)
{
	struct record_end end = record_end(RECORD_REQUEST_ID);

	buf_add(out, &end, sizeof(end));
}
