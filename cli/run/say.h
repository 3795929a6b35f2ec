/* A line on stderr for who started us: "kruxos-run: …". Whatever it quotes
 * stays harmless. */
#ifndef RUN_SAY_H
#define RUN_SAY_H

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
