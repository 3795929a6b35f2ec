/* The service proxy: what whoever runs it reports, what people decide of its
 * writes, and both kept in telemetry.db.
 *
 * The daemon has no network and sends nothing: it keeps what was reported last,
 * and answers each report with what is to be done. A decision is an entry of
 * the audit log first; once that is durable it is told with every report's
 * answer until a report shows that it was done. What the database does not take
 * is kept in memory, and tried again each second.
 */
#ifndef KRUXOSD_PROXY_H
#define KRUXOSD_PROXY_H

#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/telemetry.h"
#include "log/redact.h"
#include "store/database.h"

struct proxy;

struct proxy_parts {
	struct clock *clock;
	struct commit *commit;
	const struct redactor *redactor;
	/* A report is a heartbeat of the service "proxy", if that sends any. */
	struct telemetry *telemetry;
};

/* All of it stays the caller's and outlives it. Never NULL. */
struct proxy *proxy_new(const struct proxy_parts *parts);
void proxy_free(struct proxy *proxy);

/* Where it is kept, from now on; NULL: nowhere, until there is a database
 * again. What the first holds is taken over. The database stays the caller's;
 * it is closed after proxy_set_database(proxy, NULL, …). */
int proxy_set_database(
    struct proxy *proxy, struct database *database, struct error *err);

/* The database was found to be damaged: it is to be put aside. */
bool proxy_is_damaged(const struct proxy *proxy);

/* Once a second. */
void proxy_tick(struct proxy *proxy);

/* The commands, and their arguments (proxy_report.h has the others). */
extern const struct command_arg proxy_decide_args[];
void proxy_report_command(struct proxy *proxy, struct command_call *call);
void proxy_cancel_command(struct proxy *proxy, struct command_call *call);
void proxy_retry_command(struct proxy *proxy, struct command_call *call);
void proxy_discard_command(struct proxy *proxy, struct command_call *call);

#endif
