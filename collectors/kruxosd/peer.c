#include "collectors/kruxosd/peer.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/number.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>

/* NGROUPS_MAX is 65,536; a bound on what the kernel may ask for. */
enum { GROUPS_BYTES = 65537 * sizeof(gid_t) };

/* Of a line of the user database: another bound. */
enum { PASSWD_BYTES = 1 << 20 };

/* errno says "there is none" in several ways; these are the others. */
static bool
is_failure(int errnum)
{
	return errnum == EIO || errnum == EMFILE || errnum == ENFILE ||
	       errnum == ENOMEM;
}

static bool
is_number(const char *name, uint32_t *ret)
{
	uint64_t number;

	if (number_parse_u64(slice_of(name), 0, UINT32_MAX, &number) == -1)
		return false;
	*ret = (uint32_t)number;
	return true;
}

/* By name or number. */
static int
find_user(const char *name, uid_t *ret_uid, struct error *err)
{
	const struct passwd *user;

	*ret_uid = PEER_NOBODY;
	if (name == NULL || is_number(name, ret_uid))
		return 0;
	errno = 0;
	user = getpwnam(name);
	if (user != NULL)
		*ret_uid = user->pw_uid;
	else if (is_failure(errno))
		return error_set_errno(err, "user %s", name);
	return 0;
}

static int
find_group(const char *name, gid_t *ret_gid, struct error *err)
{
	const struct group *group;

	*ret_gid = PEER_NOBODY;
	if (name == NULL || is_number(name, ret_gid))
		return 0;
	errno = 0;
	group = getgrnam(name);
	if (group != NULL)
		*ret_gid = group->gr_gid;
	else if (is_failure(errno))
		return error_set_errno(err, "group %s", name);
	return 0;
}

static int
find_web(const struct config_words *names, struct peer_rules *rules,
    struct error *err)
{
	for (size_t i = 0; names != NULL && i < names->count; i++) {
		uid_t uid;

		if (find_user(names->words[i], &uid, err) == -1)
			return -1;
		if (uid != PEER_NOBODY && rules->web_count < PEER_WEB_USERS)
			rules->web[rules->web_count++] = uid;
	}
	return 0;
}

static int
find_services(
    const struct peer_names *names, struct peer_rules *rules, struct error *err)
{
	for (size_t i = 0; i < names->service_count; i++) {
		uid_t uid;

		if (find_user(names->services[i].user, &uid, err) == -1)
			return -1;
		if (uid != PEER_NOBODY)
			rules->services[rules->service_count++] = uid;
	}
	return 0;
}

int
peer_rules_look_up(const struct peer_names *names, struct peer_rules *ret_rules,
    struct error *err)
{
	struct peer_rules rules = { .own = geteuid() };

	if (find_web(names->web, &rules, err) == -1 ||
	    find_user(names->observer, &rules.observer, err) == -1 ||
	    find_group(names->operators, &rules.operators, err) == -1 ||
	    find_group(names->producers, &rules.producers, err) == -1 ||
	    find_services(names, &rules, err) == -1)
		return -1;
	*ret_rules = rules;
	return 0;
}

static bool
has_group(const gid_t *groups, size_t count, gid_t group)
{
	for (size_t i = 0; i < count; i++)
		if (groups[i] == group && group != PEER_NOBODY)
			return true;
	return false;
}

static bool
has_user(const uid_t *users, size_t count, uid_t user)
{
	for (size_t i = 0; i < count; i++)
		if (users[i] == user)
			return true;
	return false;
}

static unsigned
classes_of_user(const struct peer_rules *rules, uid_t uid)
{
	unsigned classes = 0;

	if (uid == 0 || uid == rules->own)
		classes |= MESSAGE_OWNER;
	if (has_user(rules->web, rules->web_count, uid))
		classes |= MESSAGE_WEB;
	if (uid == rules->observer)
		classes |= MESSAGE_OBSERVER;
	if (has_user(rules->services, rules->service_count, uid))
		classes |= MESSAGE_SERVICE;
	return classes;
}

static unsigned
classes_of_groups(
    const struct peer_rules *rules, const gid_t *groups, size_t count)
{
	unsigned classes = 0;

	if (has_group(groups, count, rules->operators))
		classes |= MESSAGE_OPERATOR;
	if (has_group(groups, count, rules->producers))
		classes |= MESSAGE_PRODUCER;
	return classes;
}

unsigned
peer_classes(const struct peer_rules *rules, uid_t uid, const gid_t *groups,
    size_t count)
{
	unsigned classes;

	if (uid == PEER_NOBODY)
		return 0;
	classes = classes_of_user(rules, uid);
	if ((classes & (MESSAGE_WEB | MESSAGE_OBSERVER)) != 0)
		return classes;
	return classes | classes_of_groups(rules, groups, count);
}

/* The peer's supplementary groups, `primary` behind them. */
static int
read_groups(int fd, gid_t primary, gid_t **ret_groups, size_t *ret_count,
    struct error *err)
{
	socklen_t bytes = 64 * sizeof(gid_t);
	gid_t *groups = memory_new(bytes + sizeof(gid_t));

	while (
	    getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) == -1) {
		/* `bytes` says what is needed. */
		free(groups);
		if (errno != ERANGE || bytes > GROUPS_BYTES)
			return error_set_errno(err, "SO_PEERGROUPS");
		groups = memory_new(bytes + sizeof(gid_t));
	}
	*ret_count = bytes / sizeof(gid_t);
	groups[(*ret_count)++] = primary;
	*ret_groups = groups;
	return 0;
}

int
peer_of_socket(const struct peer_rules *rules, int fd, uid_t *ret_uid,
    unsigned *ret_classes, struct error *err)
{
	cleanup(cleanup_free) gid_t *groups = NULL;
	struct ucred credentials;
	socklen_t bytes = sizeof(credentials);
	size_t count = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) == -1)
		return error_set_errno(err, "SO_PEERCRED");
	if (read_groups(fd, credentials.gid, &groups, &count, err) == -1)
		return -1;
	*ret_uid = credentials.uid;
	*ret_classes = peer_classes(rules, credentials.uid, groups, count);
	return 0;
}

int
peer_of_user(const struct peer_rules *rules, uid_t uid, unsigned *ret_classes,
    struct error *err)
{
	const struct passwd *user;
	gid_t *groups = NULL;
	int count = 64, room;

	errno = 0;
	user = getpwuid(uid);
	if (user == NULL && is_failure(errno))
		return error_set_errno(err, "uid %lu", (unsigned long)uid);
	if (user == NULL) {
		*ret_classes = peer_classes(rules, uid, NULL, 0);
		return 0;
	}
	/* `count` says what is needed. */
	do {
		free(groups);
		room = count;
		groups =
		    memory_new(memory_product((size_t)room, sizeof(*groups)));
	} while (
	    getgrouplist(user->pw_name, user->pw_gid, groups, &count) == -1 &&
	    count > room && (size_t)count * sizeof(*groups) < GROUPS_BYTES);
	*ret_classes = peer_classes(
	    rules, uid, groups, (size_t)(count < room ? count : room));
	free(groups);
	return 0;
}

void
peer_user_name(uid_t uid, char ret_name[static ENTRY_NAME_BYTES + 1])
{
	cleanup(cleanup_free) char *room = NULL;
	struct passwd passwd, *user = NULL;
	int status = ERANGE;

	for (size_t size = 1024; status == ERANGE && size <= PASSWD_BYTES;
	     size *= 2) {
		free(room);
		room = memory_new(size);
		do
			status = getpwuid_r(uid, &passwd, room, size, &user);
		while (status == EINTR);
	}
	if (status == 0 && user != NULL &&
	    entry_is_name(slice_of(user->pw_name)))
		snprintf(ret_name, ENTRY_NAME_BYTES + 1, "%s", user->pw_name);
	else
		snprintf(ret_name, ENTRY_NAME_BYTES + 1, "uid:%lu",
		    (unsigned long)uid);
}
