/* Threads that everyone else goes before: what reads the whole log. */
#ifndef KRUXOSD_IDLE_H
#define KRUXOSD_IDLE_H

/* This thread takes what is left of the processors and of the disk. Where that
 * is refused, it runs as any other does. */
void idle_become(void);

#endif
