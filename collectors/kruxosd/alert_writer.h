/* Alerts, their history and silences, as they are kept in telemetry.db.
 *
 * Nothing is committed here: what belongs together is put between BEGIN and
 * COMMIT by the caller. Errors are the statements'.
 */
#ifndef KRUXOSD_ALERT_WRITER_H
#define KRUXOSD_ALERT_WRITER_H

#include "store/database.h"
#include "store/silence.h"

struct alert_writer;

struct alert_writer *
alert_writer_new(struct database *database, struct error *err);
void alert_writer_free(struct alert_writer *writer);

/* What is there: those that are not resolved, and silences that still count.
 * `on_alert` and `on_silence` copy what they keep. */
struct alert_writer_reader {
	void (*on_alert)(void *context, const struct alert *alert);
	void (*on_silence)(void *context, const struct silence *silence);
	void *context;
	uint64_t last_alert, last_silence; /* filled in: the highest ids */
};
int alert_writer_load(struct alert_writer *writer, usec_t now,
    struct alert_writer_reader *reader, struct error *err);

int alert_writer_save(
    struct alert_writer *writer, const struct alert *alert, struct error *err);
int alert_writer_delete(
    struct alert_writer *writer, uint64_t id, struct error *err);
int alert_writer_add_event(struct alert_writer *writer, uint64_t id,
    enum alert_event event, usec_t at, struct slice user, struct slice note,
    struct error *err);
int alert_writer_save_silence(struct alert_writer *writer,
    const struct silence *silence, struct error *err);
int alert_writer_end_silence(
    struct alert_writer *writer, uint64_t id, usec_t at, struct error *err);

/* Resolved ones that were last seen before `before`, and their history. */
int alert_writer_expire(
    struct alert_writer *writer, usec_t before, struct error *err);

/* The words of the entry `seq`. */
int alert_writer_erase(
    struct alert_writer *writer, uint64_t seq, struct error *err);

#endif
