#include "cli/run/certificate_names.h"

#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

static bool
is_address(const char *word)
{
	struct in6_addr address;

	return inet_pton(AF_INET, word, &address) == 1 ||
	       inet_pton(AF_INET6, word, &address) == 1;
}

/* Without the dot that a host name may end in. */
static size_t
length_of(const char *word)
{
	size_t len = strlen(word);

	return len > 1 && word[len - 1] == '.' ? len - 1 : len;
}

static bool
is_any_address(const char *word)
{
	return strcmp(word, "0.0.0.0") == 0 || strcmp(word, "::") == 0;
}

/* --- of one that is there ------------------------------------------------- */

static bool
is_for(X509 *certificate, const char *word)
{
	if (is_address(word))
		return X509_check_ip_asc(certificate, word, 0) == 1;
	return X509_check_host(certificate, word, length_of(word), 0, NULL) ==
	       1;
}

bool
certificate_names_hold(X509 *certificate, const struct config *config)
{
	for (size_t i = 0; i < config->names.count; i++)
		if (!is_for(certificate, config->names.words[i]))
			return false;
	return is_any_address(config->bind) ||
	       is_for(certificate, config->bind);
}

/* --- of one that is made -------------------------------------------------- */

/* `word` among the names that the certificate is for, unless it is there. */
static void
add_name(struct buf *names, const char *word)
{
	cleanup(buf_free) struct buf name = BUF_INIT;
	cleanup(buf_free) struct buf all = BUF_INIT;

	buf_addf(&name, ",%s:%.*s,", is_address(word) ? "IP" : "DNS",
	    (int)length_of(word), word);
	buf_addf(&all, ",%s,", names->len > 0 ? names->data : "");
	if (strstr(all.data, name.data) == NULL)
		buf_addf(names, "%s%.*s", names->len > 0 ? "," : "",
		    (int)name.len - 2, name.data + 1);
}

/* May it stand in a certificate? A host may be called anything. */
static bool
is_host_name(const char *word)
{
	return word[0] != '\0' && word[0] != '-' && word[0] != '.' &&
	       word[strspn(word,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		   "0123456789.-")] == '\0';
}

void
certificate_names_write(const struct config *config, struct buf *names)
{
	char host[256] = "";

	add_name(names, "localhost");
	gethostname(host, sizeof(host) - 1);
	if (is_host_name(host))
		add_name(names, host);
	for (size_t i = 0; i < config->names.count; i++)
		add_name(names, config->names.words[i]);
	add_name(names, "127.0.0.1");
	add_name(names, "::1");
	if (!is_any_address(config->bind))
		add_name(names, config->bind);
}
