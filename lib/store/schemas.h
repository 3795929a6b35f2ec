/* Which schemas this version's databases have: how many migrations each has
 * seen (user_version), for who looks at a file and does not open it. */
#ifndef STORE_SCHEMAS_H
#define STORE_SCHEMAS_H

int schemas_state(void);
int schemas_telemetry(void);

#endif
