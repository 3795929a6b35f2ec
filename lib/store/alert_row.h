/* A row of `alerts` and one of `silences` (sql/schema/telemetry-0002), as the
 * statements that select them have their columns. */
#ifndef STORE_ALERT_ROW_H
#define STORE_ALERT_ROW_H

#include "store/silence.h"
#include "store/statement.h"

/* Its text is copied into `arena`. */
void alert_row_read(
    struct statement *row, struct arena *arena, struct alert *ret_alert);

/* -1: its matchers cannot be read. */
int alert_row_read_silence(
    struct statement *row, struct arena *arena, struct silence *ret_silence);

#endif
