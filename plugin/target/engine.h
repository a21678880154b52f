/* SPDX-License-Identifier: BSD-3-Clause */

/* Many threads, one session slot: submit, wait, deadlines, keep-alive and
 * recovery.  See "The engine" in ARCHITECTURE.md for its state machine.
 *
 * A slot is one ISID.  It has at most one session at a time; a session
 * that is lost is replaced by another with the same ISID, and the commands
 * that were in flight are issued again, in order.
 */

#ifndef ISCSI_ENGINE_H
#define ISCSI_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "error.h"
#include "session.h"

struct engine;

/* How an engine gets a session again.  Called on the engine's own thread.
 * Tries until ‘deadline’ (clock_ms); NULL with a sentence.  err->err tells:
 *   ENODEV  another LUN answers now: everything that is held fails at once
 *   ENXIO   the LUN is missing: that may pass, unless the target had just
 *           said that it was gone
 *   ESHUTDOWN  asked to stop
 * When there is a session the tasks of the one before are dead: what it was
 * sent is sent again.  ‘unsettled’ tells if there were writes among that, or
 * among what failed.
 */
typedef struct session *(*engine_connect_fn) (void *opaque,
                                              const struct isid *isid,
                                              bool unsettled,
                                              uint64_t deadline,
                                              const struct stop *stop,
                                              struct error *err);

struct engine_params {
  const char *name;             /* for messages: "target/lun, session 1" */
  unsigned timeout_ms;          /* of one command */
  unsigned attempt_timeout_ms;  /* of one try to log in again */
  unsigned recovery_timeout_ms; /* 0: for ever */
  unsigned noop_interval_ms, noop_timeout_ms; /* 0: no keep-alive */
  struct isid isid;
  engine_connect_fn connect;
  void *opaque;
  bool (*shutting_down) (void); /* the server is going away; called on the
                                   engine's own thread, NULL: never */
};

struct engine_counters {
  uint64_t commands, bytes, retries, losses;
  uint64_t longest_stall_ms;
};

/* Take over ‘session’ (owned from now on) and start the engine's thread.
 * NULL: no thread or no memory, with a sentence; the session is closed.
 */
extern struct engine *engine_start (const struct engine_params *p,
                                    struct session *session,
                                    struct error *err);

/* Tell the engine's thread to end, without waiting for it.  Nothing more is
 * to be submitted.  Any thread.
 */
extern void engine_begin_stop (struct engine *e);

/* End the engine's thread, log out (waiting until ‘deadline’ at most) and
 * free everything.  No other call for this engine may be under way.
 */
extern void engine_stop (struct engine *e, uint64_t deadline);

/* The runner on an engine: carry out commands, each with one answer.  A
 * lost session is not seen here, unless it does not come back in time
 * (STATUS_LOST).  Any thread; parallel.
 */
extern void engine_run (void *engine, struct command *cmds, size_t n);

/* What follows may be called from any thread. */

/* Sleep, unless the server goes away: false.  For retry_policy. */
extern bool engine_sleep (void *engine, unsigned ms);

/* Why the session was lost or is down, for messages: "" when it is up. */
extern void engine_last_error (struct engine *e, struct error *err);

/* Is there a session? */
extern bool engine_is_up (const struct engine *e);

/* Did writes fail that were sent?  The target may still execute them, until
 * the session is back.
 */
extern bool engine_has_loose_ends (const struct engine *e);

extern void engine_get_counters (struct engine *e, struct engine_counters *c);

#endif /* ISCSI_ENGINE_H */
