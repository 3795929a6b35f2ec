#include "store/alert_row.h"

static struct slice
read_text(struct statement *row, int column, struct arena *arena)
{
	return statement_is_null(row, column)
		   ? (struct slice){ NULL, 0 }
		   : arena_slice(arena, statement_text(row, column));
}

void
alert_row_read(
    struct statement *row, struct arena *arena, struct alert *ret_alert)
{
	uint64_t state = statement_u64(row, 2);
	uint64_t severity = statement_u64(row, 3);

	*ret_alert = (struct alert){
		.id = statement_u64(row, 0),
		.fingerprint = statement_u64(row, 1),
		.state = state < ALERT_STATES ? (enum alert_state)state
					      : ALERT_RESOLVED,
		.severity = severity < RULE_SEVERITIES
				? (enum rule_severity)severity
				: RULE_CRITICAL,
		.rule = read_text(row, 4, arena),
		.service = read_text(row, 5, arena),
		.agent_name = read_text(row, 6, arena),
		.title = read_text(row, 7, arena),
		.message = read_text(row, 8, arena),
		.context = read_text(row, 9, arena),
		.count = statement_u64(row, 10),
		.first_seen = statement_u64(row, 11),
		.last_seen = statement_u64(row, 12),
		.resolved_at = statement_u64(row, 13),
		.acknowledged_by = read_text(row, 14, arena),
		.acknowledged_at = statement_u64(row, 15),
		.note = read_text(row, 16, arena),
		.seq = statement_u64(row, 17),
	};
}

int
alert_row_read_silence(
    struct statement *row, struct arena *arena, struct silence *ret_silence)
{
	struct error ignored;

	*ret_silence = (struct silence){
		.id = statement_u64(row, 0),
		.author = read_text(row, 2, arena),
		.reason = read_text(row, 3, arena),
		.created_at = statement_u64(row, 4),
		.ends_at = statement_u64(row, 5),
		.until_resolved = statement_u64(row, 6) != 0,
		.ended_at = statement_u64(row, 7),
	};
	return silence_read(ret_silence, read_text(row, 1, arena), &ignored);
}
