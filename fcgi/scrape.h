/* The answer of /metrics, of what is known: a pure function.
 *
 * No label grows without a bound. Services, channels and programs are those of
 * the configuration and of the product, routes are at most OBSERVED_ROUTES;
 * agents and sessions are counted, never named. Only kruxos_audit_head_info has
 * a text that moves, the head's hash: who keeps metrics for long may drop it.
 */
#ifndef FCGI_SCRAPE_H
#define FCGI_SCRAPE_H

#include "fcgi/exposition.h"
#include "fcgi/judgement.h"
#include "fcgi/own_process.h"
#include "store/alerts.h"
#include "store/outbox.h"

struct scrape {
	const struct config *config;
	const struct view *view;
	const struct alert_counts *alerts; /* NULL: not known */
	/* In the order of the configuration; NULL: not known. */
	const struct outbox_channel *channels;
	const struct own_process *process;
	usec_t process_started_at; /* realtime */
};

void scrape_write(const struct scrape *scrape, enum exposition_format format,
    struct buf *out);

#endif
