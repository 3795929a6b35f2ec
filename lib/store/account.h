/* Accounts: what they are called, and what they may.
 *
 * A viewer reads; an operator reads, acts and exports; an auditor reads and
 * exports. A token is of scope read or operate, and never more than its
 * account's role.
 */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "base/slice.h"

#include <stdbool.h>

enum {
	ACCOUNT_NAME_BYTES = 64,  /* a name as in entry.h, but shorter */
	ACCOUNT_LABEL_BYTES = 64, /* of a token; text */
	/* What a session or a token goes by in the open: hex digits. */
	ACCOUNT_ID_BYTES = 16,
};

enum account_role {
	ACCOUNT_VIEWER,
	ACCOUNT_OPERATOR,
	ACCOUNT_AUDITOR,
	ACCOUNT_ROLES
};

enum account_scope { ACCOUNT_READ, ACCOUNT_OPERATE, ACCOUNT_SCOPES };

/* In their order, NULL at the end. */
extern const char *const account_roles[ACCOUNT_ROLES + 1];
extern const char *const account_scopes[ACCOUNT_SCOPES + 1];

/* By name; -1: there is none. */
int account_role_of(struct slice name);
int account_scope_of(struct slice name);

/* The most that an account of `role` may. */
enum account_scope account_scope_of_role(enum account_role role);

bool account_is_name(struct slice text);

#endif
