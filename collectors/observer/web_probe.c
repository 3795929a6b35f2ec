#include "collectors/observer/web_probe.h"

#include "collectors/observer/stay.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/memory.h"

#include <fcntl.h>

/* What all checks of these kinds share. */
struct web_probes {
	sd_event *event;
	struct web *web;
};

/* What is under way for one check. */
struct exchange {
	struct web_probes *probes;
	struct check *check;
	struct web_transfer *transfer; /* NULL: only the stay is left */
	struct stay *stay;
};

static void
exchange_free(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	*check_state(exchange->check) = NULL;
	web_transfer_free(exchange->transfer);
	stay_free(exchange->stay);
	free(exchange);
}

/* `details` may lie in the exchange. */
static void
end(struct exchange *exchange, enum observed_status status, const char *details)
{
	struct check *check = exchange->check;
	cleanup(buf_free) struct buf words = BUF_INIT;

	buf_add_str(&words, details);
	exchange_free(exchange);
	check_end(check, &(struct verdict){ status, words.data });
}

/* --- what came of it ----------------------------------------------------- */

/* A redirection within its host has the user and the password of the target,
 * says curl, and a query may hold a token: details are there for everyone. */
static void
add_place(struct buf *details, const char *url)
{
	const char *mark = strstr(url, "://");
	const char *host = mark == NULL ? url : mark + 3;
	const char *at = memrchr(host, '@', strcspn(host, "/?#"));

	buf_add(details, url, (size_t)(host - url));
	if (at != NULL)
		host = at + 1;
	buf_add(details, host, strcspn(host, "?#"));
}

static void
judge_redirect(struct exchange *exchange, long code, const char *to)
{
	cleanup(buf_free) struct buf details = BUF_INIT;

	buf_addf(&details, "HTTP %ld, redirects to ", code);
	add_place(&details, to);
	end(exchange, OBSERVED_DEGRADED, details.data);
}

static void
judge_answer(struct exchange *exchange)
{
	const char *match = check_service(exchange->check)->match;
	struct slice body = web_transfer_body(exchange->transfer);
	CURL *easy = web_transfer_easy(exchange->transfer);
	cleanup(buf_free) struct buf details = BUF_INIT;
	enum observed_status status = OBSERVED_UNHEALTHY;
	const char *to = NULL;
	long code = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &to);
	if (to != NULL) {
		judge_redirect(exchange, code, to);
		return;
	}
	buf_addf(&details, "HTTP %ld", code);
	if (code < 200 || code >= 400)
		;
	else if (match != NULL &&
		 memmem(body.data, body.len, match, strlen(match)) == NULL)
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
	CURL *easy = web_transfer_easy(exchange->transfer);
	curl_socket_t fd = CURL_SOCKET_BAD;
	int own = -1;

	curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd);
	if (fd != CURL_SOCKET_BAD)
		own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own == -1) {
		end(exchange, OBSERVED_UNHEALTHY, "closed at once");
		return;
	}
	check_answered(exchange->check);
	web_transfer_free(exchange->transfer);
	exchange->transfer = NULL;
	exchange->stay =
	    stay_new(exchange->probes->event, own, on_stayed, exchange);
}

static void
on_end(void *context, CURLcode result)
{
	struct exchange *exchange = context;

	if (result != CURLE_OK)
		end(exchange, OBSERVED_UNHEALTHY,
		    web_transfer_words(exchange->transfer, result));
	else if (check_service(exchange->check)->kind == CONFIG_SERVICE_TCP)
		judge_connection(exchange);
	else
		judge_answer(exchange);
}

/* --- the kinds ----------------------------------------------------------- */

static void
begin(struct web_probes *probes, struct check *check, const char *url,
    bool is_tcp)
{
	struct exchange *exchange = memory_new(sizeof(*exchange));
	long timeout = (long)(check_service(check)->timeout / USEC_PER_MSEC);
	CURLMcode result;
	CURL *easy;

	exchange->probes = probes;
	exchange->check = check;
	*check_state(check) = exchange;
	exchange->transfer =
	    web_transfer_new(probes->web, url, "http,https", on_end, exchange);
	easy = web_transfer_easy(exchange->transfer);
	/* Behind the check's own. */
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 2 * timeout);
	if (is_tcp) {
		curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
		/* It would be closed before it is ours. */
		curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 0L);
	}
	result = web_transfer_begin(exchange->transfer);
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
web_probes_new(sd_event *event, struct web *web)
{
	struct web_probes *probes = memory_new(sizeof(*probes));

	probes->event = sd_event_ref(event);
	probes->web = web;
	return probes;
}

void
web_probes_free(struct web_probes *probes)
{
	if (probes == NULL)
		return;
	sd_event_unref(probes->event);
	free(probes);
}
