/* A line of nginx's access log, as nginx/kruxos.conf.in writes it:
 *
 *	{"time":"…","listener":"health","remote":"127.0.0.1","method":"GET",
 *	 "path":"/health","status":200,"bytes":512,"seconds":0.001,…}
 */
#ifndef OBSERVER_ACCESS_LINE_H
#define OBSERVER_ACCESS_LINE_H

#include "collectors/observer/traffic.h"

#include "base/json_reader.h"

/* The path lies in the line and in the reader. -1: ERROR_BAD_JSON and the like,
 * ERROR_MISSING_FIELD, ERROR_OUT_OF_RANGE. */
int access_line_parse(struct json_reader *reader, struct slice line,
    struct traffic_answer *ret, struct error *err);

#endif
