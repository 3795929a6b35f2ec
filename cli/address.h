/* Where the dashboard is, for the browser of whoever reads it. */
#ifndef CLI_ADDRESS_H
#define CLI_ADDRESS_H

#include "base/buf.h"
#include "config/config.h"

/* Append "https://localhost:7800", without a path: by the first of [http]
 * names, by the bound address where there is none, by the host's own name where
 * every address is bound. What is bound to loopback alone is localhost: a
 * cookie of 127.0.0.1 is none of localhost's, so there is one name for it. */
void address_add_dashboard(struct buf *out, const struct config *config);

#endif
