#include "collectors/observer/web.h"

#include "base/diag.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>

/* Of curl's timer: with the loop's usual 250 ms each latency would be those. */
#define TIMER_ACCURACY USEC_PER_MSEC

struct web {
	sd_event *event;
	CURLM *multi;
	sd_event_source *timer;
};

struct web_transfer {
	struct web *web;
	CURL *easy;
	web_on_end *on_end;
	void *context;
	struct buf body;
	bool is_added;	    /* to the multi handle */
	bool is_full;	    /* there is more of a body than is read */
	bool is_link_local; /* an address was refused */
};

/* --- curl in our loop ---------------------------------------------------- */

static void collect(struct web *web);

static void
act(struct web *web, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(web->multi, fd, what, &running);
	collect(web);
}

static int
on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	int what = 0;

	(void)source;
	if (events & EPOLLIN)
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_ERR;
	act(userdata, fd, what);
	return 0;
}

static int
on_timer(sd_event_source *source, usec_t at, void *userdata)
{
	(void)source;
	(void)at;
	act(userdata, CURL_SOCKET_TIMEOUT, 0);
	return 0;
}

static uint32_t
events_of(int what)
{
	switch (what) {
	case CURL_POLL_IN:
		return EPOLLIN;
	case CURL_POLL_OUT:
		return EPOLLOUT;
	default:
		return EPOLLIN | EPOLLOUT;
	}
}

/* curl says what it waits for; `assigned` is what we gave it for this socket.
 */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
	struct web *web = context;
	sd_event_source *source = assigned;
	int r;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		sd_event_source_disable_unref(source);
		return 0;
	}
	if (source != NULL)
		r = sd_event_source_set_io_events(source, events_of(what));
	else {
		r = sd_event_add_io(
		    web->event, &source, fd, events_of(what), on_io, web);
		if (r >= 0)
			curl_multi_assign(web->multi, fd, source);
	}
	if (r < 0)
		diag(DIAG_ERROR, "a connection cannot be watched: %s",
		    strerror(-r));
	return r < 0 ? -1 : 0;
}

static int
on_timeout(CURLM *multi, long wait_ms, void *context)
{
	struct web *web = context;

	(void)multi;
	if (wait_ms < 0)
		return sd_event_source_set_enabled(web->timer, SD_EVENT_OFF) < 0
			   ? -1
			   : 0;
	if (sd_event_source_set_time_relative(
		web->timer, (usec_t)wait_ms * USEC_PER_MSEC) < 0 ||
	    sd_event_source_set_enabled(web->timer, SD_EVENT_ONESHOT) < 0)
		return -1;
	return 0;
}

/* --- one transfer -------------------------------------------------------- */

static size_t
on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct web_transfer *transfer = context;
	size_t len = size * count;
	size_t room = WEB_BODY_BYTES - transfer->body.len;

	transfer->is_full = len > room;
	buf_add(&transfer->body, bytes, transfer->is_full ? room : len);
	/* Another number than was given ends the transfer. */
	return transfer->is_full ? 0 : len;
}

static bool
is_link_local(const struct sockaddr *address)
{
	struct in6_addr six;
	uint32_t four;

	if (address->sa_family == AF_INET) {
		memcpy(&four, &((const struct sockaddr_in *)address)->sin_addr,
		    sizeof(four));
		return ntohl(four) >> 16 == 0xa9fe; /* 169.254.0.0/16 */
	}
	if (address->sa_family != AF_INET6)
		return false;
	six = ((const struct sockaddr_in6 *)address)->sin6_addr;
	if (IN6_IS_ADDR_V4MAPPED(&six))
		return six.s6_addr[12] == 169 && six.s6_addr[13] == 254;
	return IN6_IS_ADDR_LINKLOCAL(&six);
}

static curl_socket_t
on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct web_transfer *transfer = context;

	(void)purpose;
	if (!is_link_local(&address->addr))
		return socket(address->family, address->socktype | SOCK_CLOEXEC,
		    address->protocol);
	transfer->is_link_local = true;
	return CURL_SOCKET_BAD;
}

/* With a resolver's thread that hangs, curl would wait for it without
 * CURLOPT_QUICK_EXIT. */
static void
set_means(struct web_transfer *transfer, const char *url, const char *protocols)
{
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(
	    easy, CURLOPT_USERAGENT, "kruxos-observer/" KRUXOS_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
}

struct web_transfer *
web_transfer_new(struct web *web, const char *url, const char *protocols,
    web_on_end *on_end, void *context)
{
	struct web_transfer *transfer = memory_new(sizeof(*transfer));

	transfer->web = web;
	transfer->on_end = on_end;
	transfer->context = context;
	buf_init(&transfer->body);
	transfer->easy = curl_easy_init();
	if (transfer->easy == NULL)
		memory_end(sizeof(transfer->easy));
	set_means(transfer, url, protocols);
	return transfer;
}

void
web_transfer_free(struct web_transfer *transfer)
{
	if (transfer == NULL)
		return;
	if (transfer->is_added)
		curl_multi_remove_handle(transfer->web->multi, transfer->easy);
	curl_easy_cleanup(transfer->easy);
	buf_free(&transfer->body);
	free(transfer);
}

CURL *
web_transfer_easy(struct web_transfer *transfer)
{
	return transfer->easy;
}

CURLMcode
web_transfer_begin(struct web_transfer *transfer)
{
	CURLMcode result =
	    curl_multi_add_handle(transfer->web->multi, transfer->easy);

	transfer->is_added = result == CURLM_OK;
	return result;
}

struct slice
web_transfer_body(const struct web_transfer *transfer)
{
	return buf_slice(&transfer->body);
}

const char *
web_transfer_words(const struct web_transfer *transfer, CURLcode result)
{
	long errnum = 0;

	if (transfer->is_link_local)
		return "a link-local address is not asked";
	curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &errnum);
	switch (result) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return "the name does not resolve";
	case CURLE_OPERATION_TIMEDOUT:
		return "timed out";
	case CURLE_COULDNT_CONNECT:
		return errnum == ECONNREFUSED || errnum == 0
			   ? "connection refused"
			   : strerror((int)errnum);
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return "closed at once";
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: no status line */
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_HTTP2:
	case CURLE_BAD_CONTENT_ENCODING:
		return "garbage instead of HTTP";
	case CURLE_PARTIAL_FILE:
		return "the answer ends in the middle";
	case CURLE_PEER_FAILED_VERIFICATION:
		return "its certificate is not trusted";
	case CURLE_LOGIN_DENIED:
		return "the password is refused";
	case CURLE_USE_SSL_FAILED:
	case CURLE_SSL_CONNECT_ERROR:
		return "no TLS at the other end";
	default:
		return curl_easy_strerror(result);
	}
}

static void
collect(struct web *web)
{
	struct CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(web->multi, &left)) != NULL) {
		struct web_transfer *transfer = NULL;
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(
		    message->easy_handle, CURLINFO_PRIVATE, &transfer);
		if (result == CURLE_WRITE_ERROR && transfer->is_full)
			result = CURLE_OK;
		transfer->on_end(transfer->context, result);
	}
}

/* --- all of them --------------------------------------------------------- */

struct web *
web_new(sd_event *event, struct error *err)
{
	struct web *web = memory_new(sizeof(*web));
	CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
	int r;

	web->event = sd_event_ref(event);
	if (result == CURLE_OK)
		web->multi = curl_multi_init();
	r = sd_event_add_time(event, &web->timer, CLOCK_MONOTONIC, 0,
	    TIMER_ACCURACY, on_timer, web);
	if (r >= 0)
		r = sd_event_source_set_enabled(web->timer, SD_EVENT_OFF);
	if (web->multi == NULL || r < 0) {
		web_free(web);
		error_set(err, ERROR_SYSTEM, "libcurl: %s",
		    r < 0 ? strerror(-r) : "it cannot be begun");
		return NULL;
	}
	curl_multi_setopt(web->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(web->multi, CURLMOPT_SOCKETDATA, web);
	curl_multi_setopt(web->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(web->multi, CURLMOPT_TIMERDATA, web);
	/* No connection is used twice, so none is kept. */
	curl_multi_setopt(web->multi, CURLMOPT_MAXCONNECTS, 1L);
	return web;
}

void
web_free(struct web *web)
{
	if (web == NULL)
		return;
	curl_multi_cleanup(web->multi);
	sd_event_source_disable_unref(web->timer);
	sd_event_unref(web->event);
	free(web);
}
