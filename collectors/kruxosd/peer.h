/* Who speaks: the kernel's word on the other end of a socket.
 *
 * Credentials are those of connect time (SO_PEERCRED, SO_PEERGROUPS): whoever
 * holds a connected socket speaks with them, so a privileged program must not
 * hand its socket on. The pid is a hint and gives no right; it is not read.
 */
#ifndef KRUXOSD_PEER_H
#define KRUXOSD_PEER_H

#include "base/error.h"
#include "config/config.h"
#include "door/message.h"

#include <sys/types.h>

enum { PEER_WEB_USERS = CONFIG_WORDS };

/* The names, or numbers, that give rights, as the configuration has them; NULL:
 * nobody. */
struct peer_names {
	const char *operators;		       /* group "kruxos" */
	const char *producers;		       /* group "kruxos-ingest" */
	const struct config_words *web;	       /* users "kruxos-web", … */
	const char *observer;		       /* user "kruxos-observer" */
	const struct config_service *services; /* whose users send heartbeats */
	size_t service_count;
};

/* The same as the system's numbers. A name that this system does not have is
 * nobody's. */
struct peer_rules {
	uid_t own;	/* the daemon's */
	uid_t observer; /* PEER_NOBODY: none */
	uid_t web[PEER_WEB_USERS];
	size_t web_count;
	gid_t operators, producers;
	uid_t services[CONFIG_SERVICES];
	size_t service_count;
};

#define PEER_NOBODY ((uid_t)-1)

/* Look the names up. ERROR_SYSTEM: the user database cannot be read. */
int peer_rules_look_up(const struct peer_names *names,
    struct peer_rules *ret_rules, struct error *err);

/* Of enum message_peer_class; 0: a stranger. `groups` with the primary one;
 * they give nothing to programs that act for others, which are of the web or
 * the observer. */
unsigned peer_classes(const struct peer_rules *rules, uid_t uid,
    const gid_t *groups, size_t count);

/* Ask the kernel about the connected socket `fd`. ERROR_SYSTEM. */
int peer_of_socket(const struct peer_rules *rules, int fd, uid_t *ret_uid,
    unsigned *ret_classes, struct error *err);

/* Ask the user database about `uid`, who is not here himself: the groups that
 * he has now. ERROR_SYSTEM. */
int peer_of_user(const struct peer_rules *rules, uid_t uid,
    unsigned *ret_classes, struct error *err);

/* The user's name, "uid:1001" where there is none that can stand in the log.
 * Asks the system, which may take its time; from any thread. */
void peer_user_name(uid_t uid, char ret_name[static ENTRY_NAME_BYTES + 1]);

#endif
