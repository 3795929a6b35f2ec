/* What an event makes of a session's calls: entries, and what the agent is
 * told. */
#ifndef HOOK_CALL_H
#define HOOK_CALL_H

#include "config/policy.h"
#include "hook/answer.h"
#include "hook/delivery.h"
#include "hook/event.h"
#include "hook/record.h"
#include "hook/waiting.h"

struct call_desk {
	const struct event *event;
	struct slice agent_name;
	usec_t now;		     /* CLOCK_REALTIME */
	usec_t boottime;	     /* CLOCK_BOOTTIME */
	long pid;		     /* tells ids apart that we make */
	struct waiting *waiting;     /* NULL: there is none */
	struct delivery *delivery;   /* who is asked what may run … */
	const struct policy *policy; /* … or this, if nobody answers; NULL */

	struct buf lines; /* the entries, each with its '\n' */
	enum answer_verdict verdict;
	struct buf reason;	    /* of a verdict */
	struct waiting_call begins; /* a call that may run now … */
	bool has_begun;		    /* … if this is set */
	struct buf names;	    /* that its slices lie in */
};

void call_desk_free(struct call_desk *desk);

/* Take the event in: into `lines` go its entries. */
void call_take(struct call_desk *desk);

/* The call may not run, because `reason` keeps it from being recorded: its
 * entry says so from now on, and so does the verdict. */
void call_deny(struct call_desk *desk, const char *reason);

#endif
