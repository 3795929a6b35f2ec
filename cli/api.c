#include "cli/api.h"

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/unix_socket.h"
#include "cli/access.h"
#include "cli/response.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

enum {
	API_READ_BYTES = 64 << 10,
	API_PROBLEM_BYTES = 64 << 10,
};

struct api {
	int fd;
	struct response response;
	struct buf early; /* of the body, come with the head */
	usec_t timeout;
};

void
api_close(struct api *api)
{
	if (api == NULL)
		return;
	if (api->fd >= 0)
		close(api->fd);
	response_free(&api->response);
	buf_free(&api->early);
	free(api);
}

static int
api_connect(const char *path, struct error *err)
{
	struct sockaddr_un address;
	cleanup(cleanup_close) int fd = -1;
	int ret;

	if (unix_socket_address(path, &address, err) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return error_set_errno(err, "socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1) {
		error_set_errno(err, "%s", path);
		err->code = err->errnum == EACCES ? ERROR_NOT_ALLOWED
						  : ERROR_UNREACHABLE;
		return access_explain(path, err);
	}
	ret = fd;
	fd = -1;
	return ret;
}

static int
api_send(struct api *api, struct slice request, struct error *err)
{
	while (request.len > 0) {
		ssize_t sent =
		    send(api->fd, request.data, request.len, MSG_NOSIGNAL);

		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1) {
			error_set_errno(err, "sending the request");
			err->code = ERROR_UNREACHABLE;
			return -1;
		}
		request.data += sent;
		request.len -= (size_t)sent;
	}
	return 0;
}

/* Wait for bytes, then feed them to the parser. */
static int
api_receive(struct api *api, struct buf *body, struct error *err)
{
	struct pollfd wanted = { .fd = api->fd, .events = POLLIN };
	char bytes[API_READ_BYTES];
	ssize_t got;
	int ready;

	do
		ready = poll(&wanted, 1, (int)(api->timeout / USEC_PER_MSEC));
	while (ready == -1 && errno == EINTR);
	if (ready == 0)
		return error_set(err, ERROR_BUSY,
		    "no answer within %llu seconds",
		    (unsigned long long)(api->timeout / USEC_PER_SEC));
	do
		got = recv(api->fd, bytes, sizeof(bytes), 0);
	while (got == -1 && errno == EINTR);
	if (ready == -1 || got == -1) {
		error_set_errno(err, "reading the answer");
		err->code = ERROR_UNREACHABLE;
		return -1;
	}
	if (got == 0)
		return response_end(&api->response, err);
	return response_feed(
	    &api->response, (struct slice){ bytes, (size_t)got }, body, err);
}

static int
api_compose(const char *target, struct slice last_event_id, struct buf *request,
    struct error *err)
{
	buf_addf(request, "GET %s HTTP/1.1\r\n", target);
	buf_add_str(request, "Host: localhost\r\nConnection: close\r\n");
	if (last_event_id.data != NULL) {
		if (memchr(last_event_id.data, '\n', last_event_id.len) ||
		    memchr(last_event_id.data, '\r', last_event_id.len))
			return error_set(err, ERROR_INVALID,
			    "an event's id holds a line end");
		buf_add_str(request, "Last-Event-ID: ");
		buf_add_slice(request, last_event_id);
		buf_add_str(request, "\r\n");
	}
	buf_add_str(request, "\r\n");
	return 0;
}

struct api *
api_open(const char *socket_path, const char *target,
    struct slice last_event_id, usec_t timeout, struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	cleanup(api_closep) struct api *api = NULL;
	struct api *ret;

	if (api_compose(target, last_event_id, &request, err) == -1)
		return NULL;
	api = memory_new(sizeof(*api));
	api->response = (struct response)RESPONSE_INIT;
	buf_init(&api->early);
	api->timeout = timeout;
	api->fd = api_connect(socket_path, err);
	if (api->fd == -1)
		return NULL;
	if (api_send(api, buf_slice(&request), err) == -1) {
		error_prefix(err, "%s", socket_path);
		return NULL;
	}
	while (!response_has_head(&api->response)) {
		if (api_receive(api, &api->early, err) == 0)
			continue;
		if (err->code == ERROR_BUSY)
			err->code = ERROR_UNREACHABLE;
		error_prefix(err, "%s", socket_path);
		return NULL;
	}
	ret = api;
	api = NULL;
	return ret;
}

int
api_status(const struct api *api)
{
	return api->response.status;
}

int
api_read(struct api *api, struct buf *body, struct error *err)
{
	size_t before = body->len;

	if (api->early.len > 0) {
		buf_add_slice(body, buf_slice(&api->early));
		buf_reset(&api->early);
		return 1;
	}
	while (body->len == before) {
		if (api->response.state == RESPONSE_COMPLETE)
			return 0;
		if (api_receive(api, body, err) == -1)
			return -1;
	}
	return 1;
}

static enum error_code
api_error_code(int status)
{
	switch (status) {
	case 404:
		return ERROR_NOT_FOUND;
	case 403:
		return ERROR_NOT_ALLOWED;
	case 502:
	case 503:
	case 504:
		return ERROR_UNREACHABLE;
	default:
		return ERROR_INVALID;
	}
}

int
api_refused(struct api *api, struct error *err)
{
	cleanup(buf_free) struct buf body = BUF_INIT;
	cleanup(buf_free) struct buf shown = BUF_INIT;
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	const struct json_node *detail = NULL;
	struct error ignored = { 0 };

	while (
	    body.len < API_PROBLEM_BYTES && api_read(api, &body, &ignored) == 1)
		;
	if (api->response.is_json &&
	    json_reader_read(&reader, buf_slice(&body), &ignored) == 0)
		detail = json_reader_member(&reader, reader.nodes, "detail");
	if (detail != NULL && detail->type == JSON_STRING) {
		text_add_visible(&shown, detail->text, TEXT_ONE_LINE);
		return error_set(
		    err, api_error_code(api_status(api)), "%s", shown.data);
	}
	return error_set(err, api_error_code(api_status(api)),
	    "the server answered %d", api_status(api));
}

static int
api_read_whole(struct api *api, struct buf *body, struct error *err)
{
	size_t before = body->len;
	int more;

	while ((more = api_read(api, body, err)) == 1) {
		if (body->len - before > API_BODY_BYTES)
			return error_set(
			    err, ERROR_TOO_LONG, "the answer is too long");
	}
	return more;
}

int
api_get_any(const char *socket_path, const char *target, usec_t timeout,
    struct buf *body, int *ret_status, struct error *err)
{
	cleanup(api_closep) struct api *api = NULL;

	api = api_open(
	    socket_path, target, (struct slice){ NULL, 0 }, timeout, err);
	if (api == NULL || api_read_whole(api, body, err) == -1)
		return -1;
	*ret_status = api_status(api);
	return 0;
}

int
api_get(const char *socket_path, const char *target, struct buf *body,
    struct error *err)
{
	cleanup(api_closep) struct api *api = NULL;

	api = api_open(
	    socket_path, target, (struct slice){ NULL, 0 }, API_TIMEOUT, err);
	if (api == NULL)
		return -1;
	if (api_status(api) != 200)
		return api_refused(api, err);
	return api_read_whole(api, body, err);
}

void
api_escape(struct buf *out, struct slice text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (memchr(plain, c, sizeof(plain) - 1) != NULL)
			buf_add_char(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned char)c);
	}
}
