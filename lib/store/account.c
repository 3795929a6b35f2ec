#include "store/account.h"

#include "log/entry.h"

const char *const account_roles[ACCOUNT_ROLES + 1] = {
	[ACCOUNT_VIEWER] = "viewer",
	[ACCOUNT_OPERATOR] = "operator",
	[ACCOUNT_AUDITOR] = "auditor",
};

const char *const account_scopes[ACCOUNT_SCOPES + 1] = {
	[ACCOUNT_READ] = "read",
	[ACCOUNT_OPERATE] = "operate",
};

static int
place_of(const char *const *words, struct slice name)
{
	for (int i = 0; words[i] != NULL; i++)
		if (slice_is(name, words[i]))
			return i;
	return -1;
}

int
account_role_of(struct slice name)
{
	return place_of(account_roles, name);
}

int
account_scope_of(struct slice name)
{
	return place_of(account_scopes, name);
}

enum account_scope
account_scope_of_role(enum account_role role)
{
	return role == ACCOUNT_OPERATOR ? ACCOUNT_OPERATE : ACCOUNT_READ;
}

bool
account_is_name(struct slice text)
{
	return text.len <= ACCOUNT_NAME_BYTES && entry_is_name(text);
}
