/* The same handlers, once, as plain CGI: how one debugs a program.
 *
 *	REQUEST_METHOD=GET PATH_INFO=/api/audit QUERY_STRING='limit=2' \
 *	    build/fcgi/audit.fcgi
 */
#ifndef HTTP_CGI_H
#define HTTP_CGI_H

#include "http/route.h"

/* Was this process started so? REQUEST_METHOD is set, and standard input is
 * no listening socket. */
bool cgi_is_wanted(void);

/* Answer the request in the environment on standard output; its body may have
 * `body_bytes` (0: REQUEST_BODY_BYTES). A stream of events (reply_take()) needs
 * a connection, what waits (HANDLER_LATER) a loop: they are answered 501. */
int cgi_run(const struct route *routes, struct program *program,
    size_t body_bytes, struct error *err);

#endif
