/* What is known of the host and of the services: what the observer and the
 * services themselves report, kept on the observed page (store/observed.h).
 *
 * The daemon is who checks heartbeats: a service that has not sent one for
 * three intervals is down. What the observer checks is known for as long as it
 * reports.
 */
#ifndef KRUXOSD_TELEMETRY_H
#define KRUXOSD_TELEMETRY_H

#include "collectors/kruxosd/alert_engine.h"
#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/recorder.h"
#include "store/status.h"

struct telemetry;

/* `clock` and `recorder` stay the caller's. Never NULL. */
struct telemetry *telemetry_new(struct clock *clock, struct recorder *recorder);
void telemetry_free(struct telemetry *telemetry);

/* Where the page is. Without one the daemon goes on, and says so. */
void telemetry_open(struct telemetry *telemetry, const char *path);

/* The services of `config`, copied. What is known of those that stay, stays. */
void
telemetry_configure(struct telemetry *telemetry, const struct config *config);

/* Once a second: `status` is what the status page says. Silence is noticed, the
 * page written, and what is known handed to the recorder. */
void telemetry_tick(struct telemetry *telemetry, const struct status *status,
    const struct state_removed *removed);

/* Fill in what alerts are made of: `figures` (those that are current), and the
 * services, whose text is good until the next call of any of these. */
void
telemetry_read(struct telemetry *telemetry, double figures[static FIGURE_COUNT],
    struct alert_service ret_services[static OBSERVED_SERVICES],
    size_t *ret_count);

/* Is it `peer` that the service `name` runs as? */
bool telemetry_is_user(struct telemetry *telemetry, const char *name,
    const struct message_peer *peer);

/* What counts as a heartbeat of the service `name`; of one that sends none it
 * is nothing. */
void telemetry_beat(struct telemetry *telemetry, const char *name,
    enum observed_status status, const char *details);

/* How long the observer has been silent, or 0: it is not. */
usec_t telemetry_silence(const struct telemetry *telemetry);

/* The commands, and their arguments (telemetry_report.h has the others). */
extern const struct command_arg telemetry_heartbeat_args[];
void telemetry_report_command(
    struct telemetry *telemetry, struct command_call *call);
void telemetry_heartbeat_command(
    struct telemetry *telemetry, struct command_call *call);

#endif
