/* The configuration that is in force, as one could write it into a file, with
 * the place of each line that somebody has said. */
#ifndef CONFIG_LISTING_H
#define CONFIG_LISTING_H

#include "base/buf.h"
#include "config/config.h"

/* Append a text that config_parse() makes the same configuration of: every
 * section, every key, and above what a file says a comment:
 *
 *	[http]
 *	bind = 127.0.0.1
 *	# /etc/kruxos/conf.d/site.conf:4
 *	dashboard_port = 443
 *
 * With `only_said` what is as it is by default is left out. */
void
listing_write(const struct config *config, bool only_said, struct buf *out);

#endif
