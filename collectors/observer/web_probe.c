#include "collectors/observer/web_probe.h"

#include "collectors/observer/stay.h"

#include "base/buf.h"
#include "base/diag.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>

struct web_probes {
	sd_event *event;
	CURLM *multi;
	sd_event_source *timer;
};

/* What is under way for one check. */
struct exchange {
	struct web_probes *probes;
	struct check *check;
	CURL *easy; /* NULL: only the stay is left */
	struct buf body;
	bool is_full;	    /* there is more of a body than is read */
	bool is_link_local; /* an address was refused */
	struct stay *stay;
};

/* --- curl in our loop ---------------------------------------------------- */

static void collect(struct web_probes *probes);

static void
act(struct web_probes *probes, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(probes->multi, fd, what, &running);
	collect(probes);
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
	struct web_probes *probes = context;
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
		    probes->event, &source, fd, events_of(what), on_io, probes);
		if (r >= 0)
			curl_multi_assign(probes->multi, fd, source);
	}
	if (r < 0)
		diag(DIAG_ERROR, "a connection cannot be watched: %s",
		    strerror(-r));
	return r < 0 ? -1 : 0;
}

static int
on_timeout(CURLM *multi, long wait_ms, void *context)
{
	struct web_probes *probes = context;

	(void)multi;
	if (wait_ms < 0)
		return sd_event_source_set_enabled(
			   probes->timer, SD_EVENT_OFF) < 0
			   ? -1
			   : 0;
	if (sd_event_source_set_time_relative(
		probes->timer, (usec_t)wait_ms * USEC_PER_MSEC) < 0 ||
	    sd_event_source_set_enabled(probes->timer, SD_EVENT_ONESHOT) < 0)
		return -1;
	return 0;
}

/* --- one exchange -------------------------------------------------------- */

static size_t
on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct exchange *exchange = context;
	size_t len = size * count;
	size_t room = WEB_PROBE_BODY_BYTES - exchange->body.len;

	exchange->is_full = len > room;
	buf_add(&exchange->body, bytes, exchange->is_full ? room : len);
	/* Another number than was given ends the transfer. */
	return exchange->is_full ? 0 : len;
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
	struct exchange *exchange = context;

	(void)purpose;
	if (!is_link_local(&address->addr))
		return socket(address->family, address->socktype | SOCK_CLOEXEC,
		    address->protocol);
	exchange->is_link_local = true;
	return CURL_SOCKET_BAD;
}

/* With a resolver's thread that hangs, curl would wait for it without
 * CURLOPT_QUICK_EXIT. */
static CURL *
make_easy(struct exchange *exchange, const char *url)
{
	CURL *easy = curl_easy_init();
	long timeout =
	    (long)(check_service(exchange->check)->timeout / USEC_PER_MSEC);

	if (easy == NULL)
		memory_end(sizeof(easy));
	curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	/* Behind the check's own. */
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 2 * timeout);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(
	    easy, CURLOPT_USERAGENT, "kruxos-observer/" KRUXOS_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, exchange);
	return easy;
}

static void
drop_easy(struct exchange *exchange)
{
	if (exchange->easy == NULL)
		return;
	curl_multi_remove_handle(exchange->probes->multi, exchange->easy);
	curl_easy_cleanup(exchange->easy);
	exchange->easy = NULL;
}

static void
exchange_free(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	*check_state(exchange->check) = NULL;
	drop_easy(exchange);
	stay_free(exchange->stay);
	buf_free(&exchange->body);
	free(exchange);
}

static void
end(struct exchange *exchange, enum observed_status status, const char *details)
{
	struct check *check = exchange->check;

	exchange_free(exchange);
	check_end(check, &(struct verdict){ status, details });
}

/* --- what came of it ----------------------------------------------------- */

static const char *
words_of(const struct exchange *exchange, CURLcode result)
{
	long errnum = 0;

	if (exchange->is_link_local)
		return "a link-local address is not asked";
	curl_easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &errnum);
	switch (result) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return "the name does not resolve";
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
	case CURLE_SSL_CONNECT_ERROR:
		return "no TLS at the other end";
	default:
		return curl_easy_strerror(result);
	}
}

static void
judge_redirect(struct exchange *exchange, long code, const char *to)
{
	cleanup(buf_free) struct buf details = BUF_INIT;

	buf_addf(&details, "HTTP %ld, redirects to %s", code, to);
	end(exchange, OBSERVED_DEGRADED, details.data);
}

static void
judge_answer(struct exchange *exchange)
{
	const char *match = check_service(exchange->check)->match;
	const struct buf *body = &exchange->body;
	cleanup(buf_free) struct buf details = BUF_INIT;
	enum observed_status status = OBSERVED_UNHEALTHY;
	const char *to = NULL;
	long code = 0;

	curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(exchange->easy, CURLINFO_REDIRECT_URL, &to);
	if (to != NULL) {
		judge_redirect(exchange, code, to);
		return;
	}
	buf_addf(&details, "HTTP %ld", code);
	if (code < 200 || code >= 400)
		;
	else if (match != NULL &&
		 memmem(body->data, body->len, match, strlen(match)) == NULL)
		buf_add_str(&details, ", without what its body must contain");
	else
		status = OBSERVED_HEALTHY;
	end(exchange, status, details.data);
}

static void
on_stayed(void *context, bool is_closed)
{
	struct exchange *exchange = context;

	exchange->stay = NULL;
	if (is_closed)
		end(exchange, OBSERVED_UNHEALTHY, "closed at once");
	else
		end(exchange, OBSERVED_HEALTHY, "connected");
}

/* The connection goes on living by a descriptor of ours. */
static void
judge_connection(struct exchange *exchange)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	int own = -1;

	curl_easy_getinfo(exchange->easy, CURLINFO_ACTIVESOCKET, &fd);
	if (fd != CURL_SOCKET_BAD)
		own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own == -1) {
		end(exchange, OBSERVED_UNHEALTHY, "closed at once");
		return;
	}
	check_answered(exchange->check);
	drop_easy(exchange);
	exchange->stay =
	    stay_new(exchange->probes->event, own, on_stayed, exchange);
}

static void
judge(struct exchange *exchange, CURLcode result)
{
	bool is_tcp =
	    check_service(exchange->check)->kind == CONFIG_SERVICE_TCP;

	if (result == CURLE_WRITE_ERROR && exchange->is_full)
		result = CURLE_OK;
	if (result != CURLE_OK)
		end(exchange, OBSERVED_UNHEALTHY, words_of(exchange, result));
	else if (is_tcp)
		judge_connection(exchange);
	else
		judge_answer(exchange);
}

static void
collect(struct web_probes *probes)
{
	struct CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(probes->multi, &left)) != NULL) {
		struct exchange *exchange = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(
		    message->easy_handle, CURLINFO_PRIVATE, &exchange);
		judge(exchange, message->data.result);
	}
}

/* --- the kinds ----------------------------------------------------------- */

static void
begin(struct web_probes *probes, struct check *check, const char *url,
    bool is_tcp)
{
	struct exchange *exchange = memory_new(sizeof(*exchange));
	CURLMcode result;

	exchange->probes = probes;
	exchange->check = check;
	buf_init(&exchange->body);
	*check_state(check) = exchange;
	exchange->easy = make_easy(exchange, url);
	if (is_tcp) {
		curl_easy_setopt(exchange->easy, CURLOPT_CONNECT_ONLY, 1L);
		/* It would be closed before it is ours. */
		curl_easy_setopt(exchange->easy, CURLOPT_FORBID_REUSE, 0L);
	}
	result = curl_multi_add_handle(probes->multi, exchange->easy);
	if (result != CURLM_OK)
		end(exchange, OBSERVED_UNHEALTHY, curl_multi_strerror(result));
}

static void
begin_http(void *probes, struct check *check)
{
	begin(probes, check, check_service(check)->target, false);
}

static void
begin_tcp(void *probes, struct check *check)
{
	cleanup(buf_free) struct buf url = BUF_INIT;

	buf_addf(&url, "http://%s", check_service(check)->target);
	begin(probes, check, url.data, true);
}

static void
cancel(void *probes, struct check *check)
{
	(void)probes;
	exchange_free(*check_state(check));
}

const struct probe_kind web_probe_http = { begin_http, cancel };
const struct probe_kind web_probe_tcp = { begin_tcp, cancel };

/* --- all of them --------------------------------------------------------- */

struct web_probes *
web_probes_new(sd_event *event, struct error *err)
{
	struct web_probes *probes = memory_new(sizeof(*probes));
	CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
	int r;

	probes->event = sd_event_ref(event);
	if (result == CURLE_OK)
		probes->multi = curl_multi_init();
	r = sd_event_add_time(
	    event, &probes->timer, CLOCK_MONOTONIC, 0, 0, on_timer, probes);
	if (r >= 0)
		r = sd_event_source_set_enabled(probes->timer, SD_EVENT_OFF);
	if (probes->multi == NULL || r < 0) {
		web_probes_free(probes);
		error_set(err, ERROR_SYSTEM, "libcurl: %s",
		    r < 0 ? strerror(-r) : "it cannot be begun");
		return NULL;
	}
	curl_multi_setopt(probes->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(probes->multi, CURLMOPT_SOCKETDATA, probes);
	curl_multi_setopt(probes->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(probes->multi, CURLMOPT_TIMERDATA, probes);
	/* No connection is used twice, so none is kept. */
	curl_multi_setopt(probes->multi, CURLMOPT_MAXCONNECTS, 1L);
	return probes;
}

void
web_probes_free(struct web_probes *probes)
{
	if (probes == NULL)
		return;
	curl_multi_cleanup(probes->multi);
	sd_event_source_disable_unref(probes->timer);
	sd_event_unref(probes->event);
	free(probes);
}
