#include "collectors/observer/notices.h"

#include "base/diag.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"
#include "collectors/observer/letter.h"
#include "store/outbox.h"

#include <errno.h>
#include <fcntl.h>

enum {
	SECRET_BYTES = 4096, /* of a file, at most */
	SHOWN_BYTES = 200,   /* of an answer, in what is told of it */
};

/* A channel whose result the daemon refuses waits, instead of sending the same
 * notice again and again. */
#define REFUSED_PAUSE USEC_PER_MIN

/* A channel, and the notice that is under way to it. */
struct sender {
	struct notices *notices;
	const struct config_notify *config;
	struct outbox_due due;
	struct buf body;   /* the daemon's */
	struct buf letter; /* as it is sent, where that is another */
	size_t read;	   /* of the letter, by curl */
	struct web_transfer *transfer; /* NULL: none is under way */
	struct curl_slist *list;       /* headers, or who gets the mail */
	bool has_result, is_delivered;
	struct buf detail;
	usec_t pause_until; /* CLOCK_BOOTTIME */
};

struct notices {
	struct web *web;
	struct clock *clock;
	void (*on_result)(void *context);
	void *context;
	struct outbox *outbox;
	struct json_reader reader;
	struct sender senders[CONFIG_NOTIFIES];
	size_t count;
	size_t next;		/* who is looked at first */
	struct sender *telling; /* NULL: nothing is being told */
	bool has_failed;	/* to read, and that was said */
};

/* --- making it ------------------------------------------------------------ */

struct notices *
notices_new(struct web *web, struct clock *clock,
    void (*on_result)(void *context), void *context)
{
	struct notices *notices = memory_new(sizeof(*notices));

	notices->web = web;
	notices->clock = clock;
	notices->on_result = on_result;
	notices->context = context;
	notices->reader = (struct json_reader)JSON_READER_INIT;
	return notices;
}

static void
end_transfer(struct sender *sender)
{
	web_transfer_free(sender->transfer);
	sender->transfer = NULL;
	curl_slist_free_all(sender->list);
	sender->list = NULL;
}

static void
forget(struct notices *notices)
{
	for (size_t i = 0; i < notices->count; i++) {
		struct sender *sender = notices->senders + i;

		end_transfer(sender);
		buf_free(&sender->body);
		buf_free(&sender->letter);
		buf_free(&sender->detail);
	}
	notices->count = 0;
	notices->telling = NULL;
	outbox_close(notices->outbox);
	notices->outbox = NULL;
}

void
notices_free(struct notices *notices)
{
	if (notices == NULL)
		return;
	forget(notices);
	json_reader_free(&notices->reader);
	free(notices);
}

void
notices_set(struct notices *notices, const struct config *config)
{
	forget(notices);
	notices->outbox = outbox_open(config->telemetry_file);
	notices->next = 0;
	for (size_t i = 0; i < config->notify_count; i++)
		notices->senders[notices->count++] = (struct sender){
			.notices = notices,
			.config = config->notifies + i,
			.body = BUF_INIT,
			.letter = BUF_INIT,
			.detail = BUF_INIT,
		};
}

/* --- results -------------------------------------------------------------- */

/* `detail` may be text of the peer's, and may lie in the transfer. */
static void
end(struct sender *sender, bool is_delivered, struct slice detail)
{
	buf_reset(&sender->detail);
	text_add_visible(&sender->detail, detail, TEXT_ONE_LINE);
	end_transfer(sender);
	sender->has_result = true;
	sender->is_delivered = is_delivered;
	sender->notices->on_result(sender->notices->context);
}

bool
notices_result(struct notices *notices, struct buf *args)
{
	struct json_writer json;
	struct sender *sender = NULL;

	for (size_t i = 0; i < notices->count && sender == NULL; i++)
		if (notices->senders[i].has_result)
			sender = notices->senders + i;
	notices->telling = sender;
	if (sender == NULL)
		return false;
	json_writer_init(&json, args);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "notice", sender->due.id);
	json_writer_pair_bool(&json, "ok", sender->is_delivered);
	json_writer_pair_slice(&json, "detail", buf_slice(&sender->detail));
	json_writer_end_object(&json);
	return true;
}

void
notices_told(struct notices *notices, bool is_done)
{
	struct sender *sender = notices->telling;

	if (sender == NULL)
		return;
	notices->telling = NULL;
	sender->has_result = false;
	if (!is_done)
		sender->pause_until =
		    clock_boottime(notices->clock) + REFUSED_PAUSE;
}

/* --- secrets -------------------------------------------------------------- */

/* The first line of the file. */
static int
read_secret(const char *path, struct buf *out, struct error *err)
{
	cleanup(cleanup_close) int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t got;

	if (fd == -1)
		return error_set_errno(err, "%s: open", path);
	buf_reserve(out, SECRET_BYTES);
	got = read(fd, out->data, SECRET_BYTES);
	if (got == -1)
		return error_set_errno(err, "%s: read", path);
	buf_set_len(out, (size_t)got);
	buf_set_len(out, strcspn(out->data, "\r\n"));
	if (out->len == 0)
		return error_set(
		    err, ERROR_INVALID, "%s: there is nothing in it", path);
	return 0;
}

/* --- what came of it ------------------------------------------------------ */

static void
add_answer(const struct sender *sender, struct buf *words)
{
	struct slice body = web_transfer_body(sender->transfer);
	cleanup(buf_free) struct buf valid = BUF_INIT;

	text_add_valid(&valid, body);
	body = buf_slice(&valid);
	body.len = text_cut(body, SHOWN_BYTES);
	while (body.len > 0 && strchr("\r\n ", body.data[body.len - 1]) != NULL)
		body.len--;
	if (body.len > 0)
		buf_addf(words, ": %.*s", SLICE_ARG(body));
}

static void
judge_answer(struct sender *sender)
{
	CURL *easy = web_transfer_easy(sender->transfer);
	cleanup(buf_free) struct buf words = BUF_INIT;
	const char *to = NULL;
	long code = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &to);
	buf_addf(&words, "HTTP %ld", code);
	if (to != NULL)
		buf_addf(&words, ", redirects to %s", to);
	else if (code < 200 || code > 299)
		add_answer(sender, &words);
	end(sender, code >= 200 && code <= 299, buf_slice(&words));
}

static void
judge_mail(struct sender *sender, CURLcode result)
{
	cleanup(buf_free) struct buf words = BUF_INIT;
	long code = 0;

	curl_easy_getinfo(
	    web_transfer_easy(sender->transfer), CURLINFO_RESPONSE_CODE, &code);
	if (result != CURLE_OK)
		buf_add_str(
		    &words, web_transfer_words(sender->transfer, result));
	else
		buf_add_str(&words, "it was taken");
	if (code > 0)
		buf_addf(&words, ", SMTP %ld", code);
	end(sender, result == CURLE_OK, buf_slice(&words));
}

static void
on_end(void *context, CURLcode result)
{
	struct sender *sender = context;

	if (sender->config->kind == CONFIG_NOTIFY_SMTP)
		judge_mail(sender, result);
	else if (result != CURLE_OK)
		end(sender, false,
		    slice_of(web_transfer_words(sender->transfer, result)));
	else
		judge_answer(sender);
}

/* --- sending -------------------------------------------------------------- */

static void
add_to_list(struct sender *sender, const char *text)
{
	struct curl_slist *longer = curl_slist_append(sender->list, text);

	if (longer == NULL)
		memory_end(strlen(text));
	sender->list = longer;
}

static int
sign_in(const struct sender *sender, CURL *easy, struct error *err)
{
	const struct config_notify *config = sender->config;
	cleanup(buf_wipe) struct buf password = BUF_INIT;

	if (config->user == NULL)
		return 0;
	if (config->password_file != NULL &&
	    read_secret(config->password_file, &password, err) == -1)
		return -1;
	curl_easy_setopt(easy, CURLOPT_USERNAME, config->user);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, password.data);
	return 0;
}

static int
set_means(const struct sender *sender, CURL *easy, struct error *err)
{
	const struct config_notify *config = sender->config;

	curl_easy_setopt(
	    easy, CURLOPT_TIMEOUT_MS, (long)(config->timeout / USEC_PER_MSEC));
	if (!config->verify_tls) {
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (config->ca_file != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file);
	return sign_in(sender, easy, err);
}

static int
add_signature(struct sender *sender, struct slice body, struct error *err)
{
	cleanup(buf_wipe) struct buf secret = BUF_INIT;
	cleanup(buf_free) struct buf header = BUF_INIT;
	unsigned char code[SHA256_BYTES];

	if (sender->config->secret_file == NULL)
		return 0;
	if (read_secret(sender->config->secret_file, &secret, err) == -1)
		return -1;
	sha256_hmac(buf_slice(&secret), body, code);
	buf_add_str(&header, "X-Kruxos-Signature: sha256=");
	buf_add_hex(&header, code, sizeof(code));
	add_to_list(sender, header.data);
	return 0;
}

static int
prepare_post(struct sender *sender, const char *url, struct slice body,
    struct error *err)
{
	CURL *easy;

	sender->transfer = web_transfer_new(
	    sender->notices->web, url, "http,https", on_end, sender);
	easy = web_transfer_easy(sender->transfer);
	add_to_list(sender, "Content-Type: application/json");
	/* A server that waits for it would be waited for. */
	add_to_list(sender, "Expect:");
	if (sender->config->kind == CONFIG_NOTIFY_WEBHOOK &&
	    add_signature(sender, body, err) == -1)
		return -1;
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, sender->list);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data);
	curl_easy_setopt(
	    easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	return set_means(sender, easy, err);
}

static int
prepare_alerts(struct sender *sender, struct error *err)
{
	struct notices *notices = sender->notices;
	struct slice base = slice_of(sender->config->url);
	cleanup(buf_free) struct buf url = BUF_INIT;

	while (base.len > 0 && base.data[base.len - 1] == '/')
		base.len--;
	buf_addf(&url, "%.*s/api/v2/alerts", SLICE_ARG(base));
	if (letter_add_alerts(&notices->reader, buf_slice(&sender->body),
		clock_realtime(notices->clock), &sender->letter, err) == -1)
		return -1;
	return prepare_post(sender, url.data, buf_slice(&sender->letter), err);
}

static size_t
on_read(char *to, size_t size, size_t count, void *context)
{
	struct sender *sender = context;
	size_t left = sender->letter.len - sender->read;
	size_t room = size * count;
	size_t len = left < room ? left : room;

	memcpy(to, sender->letter.data + sender->read, len);
	sender->read += len;
	return len;
}

/* A password never goes in the clear. */
static int
prepare_mail(struct sender *sender, struct error *err)
{
	const struct config_notify *config = sender->config;
	struct notices *notices = sender->notices;
	CURL *easy;

	if (letter_add_mail(&notices->reader, buf_slice(&sender->body), config,
		sender->due.id, sender->due.created_at,
		clock_realtime(notices->clock), &sender->letter, err) == -1)
		return -1;
	sender->transfer = web_transfer_new(
	    notices->web, config->url, "smtp,smtps", on_end, sender);
	easy = web_transfer_easy(sender->transfer);
	for (size_t i = 0; i < config->to.count; i++)
		add_to_list(sender, config->to.words[i]);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, config->from);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, sender->list);
	/* Or one address that is gone would keep it from all others. */
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
	curl_easy_setopt(easy, CURLOPT_USE_SSL,
	    (long)(config->user == NULL ? CURLUSESSL_TRY : CURLUSESSL_ALL));
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_READDATA, sender);
	curl_easy_setopt(
	    easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)sender->letter.len);
	return set_means(sender, easy, err);
}

static int
prepare(struct sender *sender, struct error *err)
{
	buf_reset(&sender->letter);
	sender->read = 0;
	switch (sender->config->kind) {
	case CONFIG_NOTIFY_ALERTMANAGER:
		return prepare_alerts(sender, err);
	case CONFIG_NOTIFY_SMTP:
		return prepare_mail(sender, err);
	default:
		return prepare_post(
		    sender, sender->config->url, buf_slice(&sender->body), err);
	}
}

static void
send_notice(struct sender *sender)
{
	struct error err;
	CURLMcode result;

	if (prepare(sender, &err) == -1) {
		end(sender, false, slice_of(err.sentence));
		return;
	}
	result = web_transfer_begin(sender->transfer);
	if (result != CURLM_OK)
		end(sender, false, slice_of(curl_multi_strerror(result)));
}

/* --- once a second -------------------------------------------------------- */

static bool
is_idle(const struct sender *sender, usec_t now)
{
	return sender->transfer == NULL && !sender->has_result &&
	       now >= sender->pause_until;
}

/* 1: it has something to send; 0; -1: nobody knows. */
static int
look(struct notices *notices, struct sender *sender, struct error *err)
{
	return outbox_next(notices->outbox, slice_of(sender->config->name),
	    clock_realtime(notices->clock), &sender->due, &sender->body, err);
}

/* Until the daemon has made the database, there is none. */
static void
say_unread(struct notices *notices, const struct error *err)
{
	if (!notices->has_failed && err->code != ERROR_UNREACHABLE &&
	    err->code != ERROR_BUSY)
		diag(DIAG_ERROR, "%s; notices wait", err->sentence);
	notices->has_failed = true;
}

void
notices_tick(struct notices *notices)
{
	usec_t now = clock_boottime(notices->clock);
	unsigned under_way = 0;
	struct error err;

	for (size_t i = 0; i < notices->count; i++)
		under_way += notices->senders[i].transfer != NULL;
	notices->next++;
	for (size_t i = 0; i < notices->count && under_way < NOTICES_AT_ONCE;
	     i++) {
		struct sender *sender =
		    notices->senders + (notices->next + i) % notices->count;
		int found;

		if (!is_idle(sender, now))
			continue;
		found = look(notices, sender, &err);
		if (found == -1) {
			say_unread(notices, &err);
			return;
		}
		notices->has_failed = false;
		if (found == 1)
			send_notice(sender);
		under_way += sender->transfer != NULL;
	}
}
