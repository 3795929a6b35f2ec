/* Entries on their way through the door, and what became of them.
 *
 * Every line of the input is sent, empty ones too, so that the door counts as
 * the input does and an error names the line that a person finds there.
 */
#ifndef CLI_SENDER_H
#define CLI_SENDER_H

#include "cli/command.h"
#include "cli/lines.h"
#include "door/door.h"

struct sender {
	struct door *door;
	const struct lines *lines; /* where it comes from, for sentences */
	struct progress progress;
	uint64_t accepted, duplicates, refused, left_out;
	uint64_t first_seq, last_seq; /* of those accepted; 0: none */
	uint64_t lines_before;	      /* sent when the input was last begun */
};

/* Connect to the door of the configuration. -1 and err. */
int sender_open(struct sender *sender, struct cli *cli, const char *label,
    const struct lines *lines, struct error *err);
void sender_close(struct sender *sender);

/* Send one line ({"", 0}: an empty one). -1: the connection has ended. */
int sender_send(struct sender *sender, struct slice line, struct error *err);

/* The line cannot be sent: say so, as if the door had refused it. */
int sender_refuse(
    struct sender *sender, const struct error *why, struct error *err);

/* The same for a line of more than LINES_BYTES. */
int sender_refuse_long(struct sender *sender, struct error *err);

/* Wait for every outcome, and sum up: on stderr in words, or as JSON on
 * stdout. Returns how the command ends. */
enum command_exit sender_finish(struct sender *sender, bool as_json);

/* The same after a failure: what is durable, and then the failure. */
enum command_exit sender_fail(struct sender *sender, const struct error *err);

#endif
