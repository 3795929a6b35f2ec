/* The daemon: what it owns, opened in order (startup.h), closed in reverse.
 *
 * Everything runs in one loop, on one thread; the index and the verifier have
 * threads of their own and read the log's files. Parts are given what they
 * need, never the whole daemon: only the files that put them together
 * (startup.c, entrance.c, report.c) see all of it.
 */
#ifndef KRUXOSD_KRUXOSD_H
#define KRUXOSD_KRUXOSD_H

#include "collectors/kruxosd/account_keeper.h"
#include "collectors/kruxosd/agent_keeper.h"
#include "collectors/kruxosd/alerts.h"
#include "collectors/kruxosd/approval_keeper.h"
#include "collectors/kruxosd/backup.h"
#include "collectors/kruxosd/call_finder.h"
#include "collectors/kruxosd/call_loader.h"
#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/coverage_keeper.h"
#include "collectors/kruxosd/erasure.h"
#include "collectors/kruxosd/host.h"
#include "collectors/kruxosd/indexer.h"
#include "collectors/kruxosd/ingest.h"
#include "collectors/kruxosd/invocation.h"
#include "collectors/kruxosd/log_writer.h"
#include "collectors/kruxosd/notices.h"
#include "collectors/kruxosd/otlp_recorder.h"
#include "collectors/kruxosd/page.h"
#include "collectors/kruxosd/policy_keeper.h"
#include "collectors/kruxosd/proxy.h"
#include "collectors/kruxosd/recent.h"
#include "collectors/kruxosd/recorder.h"
#include "collectors/kruxosd/recovery.h"
#include "collectors/kruxosd/reindex.h"
#include "collectors/kruxosd/retention.h"
#include "collectors/kruxosd/scrub.h"
#include "collectors/kruxosd/spool.h"
#include "collectors/kruxosd/state.h"
#include "collectors/kruxosd/telemetry.h"
#include "collectors/kruxosd/verifier.h"

#include "config/config.h"

#include <systemd/sd-event.h>

/* What alerts are made of, beside what others hold (alert_watch.h). */
struct alert_watch {
	struct database *database; /* NULL: it cannot be used now */
	usec_t open_due;	   /* CLOCK_BOOTTIME */
	bool has_failed;	   /* to be opened, and that was said */
	uint64_t failures;	   /* of the log, at the last look */
	/* It was damaged since the last look, by these words; "": not. */
	char damage[ERROR_SENTENCE_SIZE];
};

struct kruxosd {
	struct clock *clock;
	struct disk *disk;
	char *config_path;
	struct config *config; /* as at the start: paths never move */
	int data_dir, state_dir, runtime_dir, audit_dir; /* -1: not open */
	int lock; /* of the audit folder; -1: not held */
	sd_event *event;
	struct page page;
	struct indexer *indexer;
	struct call_finder *call_finder;
	struct state *state;
	struct state_removed removed; /* of the log, ever */
	struct log_writer *writer;
	struct recovery recovery;
	struct redactor *redactor;
	struct commit *commit;
	struct state_changer *changer;
	struct account_keeper *accounts;
	struct policy_keeper *policy;
	struct approval_keeper *approvals;
	struct agent_keeper *agents;
	struct alerts *alerts;
	struct notices *notices;
	struct alert_watch alert_watch;
	struct recorder *recorder;
	struct telemetry *telemetry;
	struct proxy *proxy;
	struct coverage_keeper *coverage;
	struct erasure *erasure;
	struct retention *retention;
	struct backup *backup;
	struct verifier *verifier;
	struct scrub *scrub;
	struct reindex *reindex;
	struct recent *recent;
	struct invocation_parts invocation;
	struct outcomes *outcomes;
	struct otlp_recorder *otlp_recorder;
	struct call_loader *call_loader; /* NULL: it is done */
	struct ingest *ingest;
	struct spool *spool;
	struct host *host;
	usec_t sample_due, save_due, trim_due; /* CLOCK_BOOTTIME */
	struct to_say { /* entries about the start itself */
		bool recovery, state, restore;
	} to_say;
	struct error ending; /* why it cannot go on; ERROR_NONE: it can */
};

/* Read the configuration at `config_path` (copied), and open everything but
 * the door. NULL: err names what is in the way. */
struct kruxosd *kruxosd_new(const char *config_path, struct error *err);

/* Open the door and serve until SIGTERM or SIGINT; then answer what was taken
 * and stop. -1: the door could not be opened, the loop failed, or the log's
 * folder is not at its path any more. */
int kruxosd_run(struct kruxosd *kruxosd, struct error *err);

void kruxosd_free(struct kruxosd *kruxosd);

#endif
