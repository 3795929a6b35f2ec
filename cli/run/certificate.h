/* The dashboard's certificate, as long as nobody has given a better one.
 *
 * TLS_DIR/cert.pem and TLS_DIR/key.pem: P-256, signed by itself, for a little
 * more than a year; browsers take none that is good for longer than 398 days.
 * The key stays when the certificate is made anew, so each time one file is put
 * in the place of another, and whatever moment it ends at, the two belong
 * together.
 *
 * What somebody else has put there is never touched.
 */
#ifndef RUN_CERTIFICATE_H
#define RUN_CERTIFICATE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"

/* See that both are in `folder`, which is there. One of our own that ends
 * within thirty days of `now`, or is not for all that `config` binds and names,
 * is made anew; besides these it names localhost and this host. Who may enter
 * the folder as a member of its group may read the key. Returns 1 when it has
 * made one, 0 when there was nothing to do, or -1: ERROR_INVALID, a certificate
 * of somebody else's has no key beside it. */
int certificate_keep(const char *folder, const struct config *config,
    usec_t now, struct error *err);

/* Is the one in `folder` signed by somebody else, as far as it can be read? */
bool certificate_is_issued(const char *folder);

/* "SHA-256 AB:CD:…, ends 2027-12-30", from `arena`, or NULL. */
char *certificate_describe(
    const char *folder, struct arena *arena, struct error *err);

#endif
