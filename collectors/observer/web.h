/* libcurl's multi interface in our loop: what is asked and sent over a network.
 *
 * Nothing of the environment is used, no proxy, no redirect is followed; each
 * transfer resolves the name anew, in a thread, and makes a connection of its
 * own. Of an answer's body a bounded part is read. Link-local addresses are
 * not asked, whatever the name: there, clouds hand out credentials.
 */
#ifndef OBSERVER_WEB_H
#define OBSERVER_WEB_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"

#include <curl/curl.h>
#include <systemd/sd-event.h>

enum { WEB_BODY_BYTES = 64 << 10 }; /* of an answer */

struct web;

/* NULL: ERROR_SYSTEM. */
struct web *web_new(sd_event *event, struct error *err);
void web_free(struct web *web); /* its transfers were freed before */
DEFINE_CLEANUP(struct web *, web_free);

struct web_transfer;

/* It has ended, well (CURLE_OK, or the body is longer than is read) or not. The
 * transfer stays the caller's; it may be freed here. */
typedef void web_on_end(void *context, CURLcode result);

/* To `url`, by one of `protocols` ("http,https"), with these means; what else
 * is to be set goes to web_transfer_easy(). Never NULL. */
struct web_transfer *web_transfer_new(struct web *web, const char *url,
    const char *protocols, web_on_end *on_end, void *context);
/* At any time; on_end is not called after it. */
void web_transfer_free(struct web_transfer *transfer);

CURL *web_transfer_easy(struct web_transfer *transfer);

/* CURLM_OK: on_end will be called, later. */
CURLMcode web_transfer_begin(struct web_transfer *transfer);

/* What was read of the answer's body. */
struct slice web_transfer_body(const struct web_transfer *transfer);

/* Why it has not ended well, in words; some are curl's. */
const char *
web_transfer_words(const struct web_transfer *transfer, CURLcode result);

#endif
