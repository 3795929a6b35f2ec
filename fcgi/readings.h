/* What the registry's capabilities read (capability.h): figures, health, what
 * the machine is; and of the caller's own, alerts, entries and approvals.
 *
 * Text that an agent wrote stands under "untrusted", each field cut at
 * READINGS_TEXT characters, and nowhere else: whoever reads it may be an agent,
 * too, and could take it for instructions.
 */
#ifndef FCGI_READINGS_H
#define FCGI_READINGS_H

#include "fcgi/capability.h"
#include "fcgi/program.h"

enum {
	READINGS_TEXT = 512,   /* characters */
	READINGS_MEMBERS = 32, /* of a request that are shown */
};

/* NULL: the observed page cannot be read. */
struct readings *readings_new(struct program *prog, struct error *err);

/* Takes NULL. */
void readings_free(struct readings *readings);

/* One for each row that is read here: capability_read. */
int
readings_metrics(struct readings *readings, const struct capability_call *call,
    struct json_writer *result, struct error *err);
int
readings_health(struct readings *readings, const struct capability_call *call,
    struct json_writer *result, struct error *err);
int readings_info(struct readings *readings, const struct capability_call *call,
    struct json_writer *result, struct error *err);
int
readings_alerts(struct readings *readings, const struct capability_call *call,
    struct json_writer *result, struct error *err);
int
readings_audit(struct readings *readings, const struct capability_call *call,
    struct json_writer *result, struct error *err);
int
readings_approval(struct readings *readings, const struct capability_call *call,
    struct json_writer *result, struct error *err);

/* --- for readings.c and readings_own.c ----------------------------------- */

struct program *readings_program(struct readings *readings);

/* The argument `key` as text, or {NULL, 0}; as a number, or `standard`. */
struct slice readings_text(const struct capability_call *call, const char *key);
uint64_t readings_number(
    const struct capability_call *call, const char *key, uint64_t standard);

#endif
