/* The observed page: what is known of the host and of the services now.
 *
 * kruxosd keeps it beside the status page (`kruxosd.observed` in the runtime
 * folder), from what the observer and the services' heartbeats report and what
 * it counts itself, and writes it after each report, allocated whole at the
 * start: it stays true on a full disk, and no reader waits for a database. As
 * with the status page (status.h), a reader that meets a write half done reads
 * again.
 */
#ifndef STORE_OBSERVED_H
#define STORE_OBSERVED_H

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/figure.h"
#include "store/status.h"

/* Three intervals of 5 s without a report: who should give it is silent. */
#define OBSERVED_SILENCE_MAX (15 * USEC_PER_SEC)

enum {
	OBSERVED_BYTES = 64 << 10,
	OBSERVED_SERVICES = 64, /* as many as can be configured */
	OBSERVED_ROUTES = 32,	/* of the access log; the rest is "other" */
	OBSERVED_PROGRAMS = 16, /* our own */
	OBSERVED_NAME_BYTES = 64,
	OBSERVED_DETAILS_BYTES = 160,
};

enum observed_status {
	OBSERVED_UNKNOWN, /* never reported, or not for three intervals */
	OBSERVED_HEALTHY,
	OBSERVED_DEGRADED,
	OBSERVED_UNHEALTHY,
};

struct observed_service {
	char name[OBSERVED_NAME_BYTES + 1];
	enum observed_status status;
	double latency_ms;			  /* NAN: none */
	char details[OBSERVED_DETAILS_BYTES + 1]; /* "HTTP 200", "refused" */
	usec_t checked_at;			  /* realtime; 0: never */
	usec_t reported_at;			  /* CLOCK_BOOTTIME; 0: never */
	usec_t since;				  /* of `status`; realtime */
};

struct observed_route {
	char name[OBSERVED_NAME_BYTES + 1]; /* "/api/audit" */
	uint64_t requests, errors;
	double p50_ms, p99_ms; /* of the last five minutes; NAN: no request */
};

struct observed_program {
	char
	    name[OBSERVED_NAME_BYTES + 1]; /* "kruxosd"; "nginx": all of them */
	uint64_t resident_bytes;
	double cpu_seconds; /* since its start */
	double cpu_percent; /* of one core, since the look before; NAN */
};

struct observed {
	usec_t observer_at; /* CLOCK_BOOTTIME of its last report; 0: never */
	double figures[FIGURE_COUNT];

	struct observed_service services[OBSERVED_SERVICES];
	size_t service_count;
	struct observed_route routes[OBSERVED_ROUTES];
	size_t route_count;
	struct observed_program programs[OBSERVED_PROGRAMS];
	size_t program_count;
};

struct observed_page;

/* The daemon's side. NULL: ERROR_SYSTEM. */
struct observed_page *observed_create(const char *path, struct error *err);

/* One pwrite. -1: ERROR_SYSTEM; the daemon goes on without. */
int observed_write(struct observed_page *page, const struct observed *observed,
    struct error *err);

/* The readers' side. Opening succeeds when there is no file yet, too. */
struct observed_page *observed_open(const char *path, struct error *err);

/* -1: ERROR_UNREACHABLE (no file), ERROR_CORRUPT. The file is opened again
 * when another has taken its place. */
int observed_read(struct observed_page *page, struct observed *ret_observed,
    struct error *err);

void observed_close(struct observed_page *page);
DEFINE_CLEANUP(struct observed_page *, observed_close);

/* Did it happen at `time` (0: never), at most `limit` before `now`? Both are of
 * CLOCK_BOOTTIME. */
bool observed_is_recent(usec_t time, usec_t now, usec_t limit);

/* --- by what the status page says, too ------------------------------------ */

/* How the services audit and state are: entries are recorded and the chain
 * holds; and the databases, state.db and the index, without which entries are
 * recorded all the same, but not found. */
enum observed_status observed_audit(const struct status *status);
enum observed_status
observed_state(const struct status *status, usec_t boottime);

/* Of the log the status page says the latest; and the daemon samples the host,
 * too, so that CPU, memory and disk are known where nobody else tells. */
void observed_fill(double figures[static FIGURE_COUNT],
    const struct status *status, usec_t boottime);

/* --- words ---------------------------------------------------------------- */

/* "healthy"; and back: -1 and ERROR_INVALID. */
const char *observed_status_name(enum observed_status status);
int observed_status_parse(
    struct slice name, enum observed_status *ret, struct error *err);

#endif
