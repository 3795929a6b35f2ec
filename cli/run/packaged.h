/* What a packaged system needs of us, where systemd starts the parts: nginx's
 * configuration before nginx starts or reloads, and a certificate. Each takes
 * the way to kruxos.conf (NULL: where it is always looked for) and returns an
 * exit status; what has failed is said.
 */
#ifndef RUN_PACKAGED_H
#define RUN_PACKAGED_H

/* Write nginx.conf as the user that nginx runs as, and remove the api.sock that
 * one who was killed has left behind; of one who runs it stays. */
int packaged_nginx(const char *config);

/* See that there is a certificate which is good for a month at least; print
 * which one it is. */
int packaged_certificate(const char *config);

#endif
