/* The silences that count now, at most SILENCES of them. */
#ifndef KRUXOSD_ALERT_SILENCES_H
#define KRUXOSD_ALERT_SILENCES_H

#include "collectors/kruxosd/alert_engine.h"
#include "store/silence.h"

struct alert_silences;

struct alert_silences *alert_silences_new(void);
void alert_silences_free(struct alert_silences *silences);

/* A copy of `silence`, whose id is filled in unless it has one. NULL:
 * ERROR_BUSY, there are as many as there can be. */
const struct silence *alert_silences_add(struct alert_silences *silences,
    const struct silence *silence, struct error *err);
void alert_silences_set_next_id(struct alert_silences *silences, uint64_t id);

/* The one with this id, or NULL. */
const struct silence *
alert_silences_find(const struct alert_silences *silences, uint64_t id);

/* The one at `place`, or NULL behind the last. */
const struct silence *
alert_silences_at(const struct alert_silences *silences, size_t place);

/* The first that means `alert`, or NULL. */
const struct silence *alert_silences_match(
    const struct alert_silences *silences, const struct alert *alert);

/* The first that is over at `now`: its time has come, or it waited for what it
 * means to be resolved. NULL: none. */
const struct silence *alert_silences_over(const struct alert_silences *silences,
    const struct alert_engine *engine, usec_t now);

void alert_silences_remove(struct alert_silences *silences, uint64_t id);

#endif
