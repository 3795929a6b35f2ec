/* The names that the dashboard's certificate is for: hosts and addresses. */
#ifndef RUN_CERTIFICATE_NAMES_H
#define RUN_CERTIFICATE_NAMES_H

#include "base/buf.h"
#include "config/config.h"

#include <openssl/x509.h>

/* Is `certificate` for all that `config` binds and names? */
bool certificate_names_hold(X509 *certificate, const struct config *config);

/* Append those, localhost and this host, each once, as OpenSSL reads a
 * subjectAltName: "DNS:localhost,IP:127.0.0.1". */
void certificate_names_write(const struct config *config, struct buf *names);

#endif
