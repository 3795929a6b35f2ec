/* Events of existing gateways become entries.
 *
 *	{"type":"capability_result","timestamp":"…","agent":"research-agent",
 *	 "session_id":"sess-a1","data":{"capability":"filesystem.read",…}}
 *
 * One table at the head of envelope.c says what each type becomes; `data` is
 * kept whole as the entry's request.
 */
#ifndef DOOR_ENVELOPE_H
#define DOOR_ENVELOPE_H

#include "door/message.h"

/* Fill `ret` (kind MESSAGE_ENTRY; all that the event tells, rights not yet
 * checked) from the object `top` of `parser`'s reader. -1: the codes of
 * message_parse(); fields are named as they stand ("data.capability"). */
int envelope_read(struct message_parser *parser, const struct json_node *top,
    struct message *ret, struct error *err);

#endif
