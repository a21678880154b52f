/* SPDX-License-Identifier: BSD-3-Clause */

/* The command line: key=value pairs to one structure that is constant once
 * parameters_complete has returned.
 */

#ifndef ISCSI_PARAMETERS_H
#define ISCSI_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "url.h"

#define MAX_PORTALS  16         /* portal= may be given this often */
#define MAX_SESSIONS 64

struct portal {
  char *host;
  uint16_t port;
};

struct parameters {
  struct url url;               /* user, password... merged from user= etc. */
  bool have_url;
  char *initiator_name;
  enum digest header_digest;    /* merged from the URL, never DIGEST_UNSET */
  enum digest data_digest;      /* never DIGEST_UNSET */
  struct portal portals[MAX_PORTALS]; /* those of portal=, not the URL's */
  size_t nr_portals;
  bool portal_auto;             /* portal=auto: ask discovery for more */
  unsigned sessions;            /* at most this many iSCSI sessions per LUN */
  unsigned timeout_ms;          /* one SCSI command */
  unsigned login_timeout_ms;    /* resolve, connect, log in, TEST UNIT READY */
  unsigned recovery_timeout_ms; /* 0: for ever */
  unsigned noop_interval_ms;    /* 0: no keep-alive */
  unsigned noop_timeout_ms;     /* 0: no keep-alive */
  bool preflight;
  bool sched_batch;             /* NBD connections' threads: SCHED_BATCH */
};

/* The help text for nbdkit --help. */
extern const char parameters_help[];

/* Set every default.  Main thread, from .load. */
extern void parameters_init (struct parameters *p);

/* One key=value from the command line.  Reports its own errors with
 * nbdkit_error (the terminal is still there) and returns -1.  Main thread,
 * from .config.
 */
extern int parameters_set (struct parameters *p,
                           const char *key, const char *value);

/* Merge user=, password=, target-user=... into url (they beat it), fill in
 * the initiator name, check what contradicts itself.  Errors as above.
 * Main thread, from .config_complete.
 */
extern int parameters_complete (struct parameters *p);

/* Wipe the secrets, free everything. */
extern void parameters_free (struct parameters *p);

#endif /* ISCSI_PARAMETERS_H */
