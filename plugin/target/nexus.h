/* SPDX-License-Identifier: BSD-3-Clause */

/* A nexus: an ISID for life, one session at a time, and the thread that gets
 * it the next one.  It belongs to a target, which is told what happens and
 * says where to log in.
 */

#ifndef ISCSI_NEXUS_H
#define ISCSI_NEXUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine.h"
#include "error.h"
#include "session.h"
#include "settings.h"
#include "stop.h"

struct nexus;

/* What the target does for its nexuses.  Called on the thread of the nexus,
 * without any lock.
 */
struct nexus_ops {
  /* Log in at one of the portals, and settle what the session before has left
   * (fence.h).  NULL with a sentence: no portal gave a session, or it did not
   * settle that; ESHUTDOWN: asked to stop.
   */
  struct session *(*log_in) (void *target, struct nexus *n,
                             const struct stop *stop, struct error *err);

  /* It has a session, or it has lost one (why). */
  void (*is_up) (void *target, struct nexus *n);
  void (*is_lost) (void *target, struct nexus *n,
                   const struct engine_loss *loss);

  /* log_in has failed, ‘tries’ times in a row, the last one for this reason
   * (ESHUTDOWN: nothing was tried).  False: the nexus is not wanted any more, and
   * its thread ends.
   */
  bool (*has_failed) (void *target, struct nexus *n, unsigned tries,
                      const struct error *why);

  /* Now and then, while it is up: should it log out, to log in at a better
   * portal or because it is not needed?  True: as soon as it is idle.
   */
  bool (*should_leave) (void *target, struct nexus *n);

  /* Do threads wait for something that no session tells them? */
  bool (*is_attentive) (void *target);

  /* The server is going away: every nexus is to be told. */
  void (*shut_down) (void *target);
};

struct nexus {
  unsigned number;              /* in the target, for fences */
  char *name;                   /* "target, session 1" */
  struct isid isid;
  struct engine *engine;

  /* The target's, under its lock. */
  size_t portal;                /* where it is, or tries to be */
  int group;                    /* of its last session; -1: not told */
  unsigned unsettled;           /* logins in a row that did not settle it */
  int astray;                   /* the portal where the last one has found
                                   another LUN; -1: none */
  bool was_up;                  /* ever */
  bool up;
  bool leaving;                 /* no new users */
  bool retired;                 /* not to log in, until it is wanted again */
  bool ended;                   /* it never was up, and its thread is over */
  unsigned users;
  struct error why;             /* of the last failure */
  uint64_t since;               /* clock_ms, of ‘up’; when it was made */
  uint64_t logged_in;           /* clock_ms, before ‘up’; 0: it has no session
                                   yet, or not any more */
  uint64_t looked_at;           /* clock_ms, for a better portal */

  struct nexus_private *private; /* nexus.c */
};

/* From outside, for all nexuses: is the server going away?  Called on their
 * threads.  NULL: never.
 */
extern void nexus_set_shutting_down (bool (*fn) (void));

/* Start one, with an ISID of its own; its thread begins to log in.  NULL with
 * a sentence.  ‘ops’ and ‘target’ must outlive it.
 */
extern struct nexus *nexus_start (const struct settings *p,
                                  const char *target_name, unsigned number,
                                  const struct nexus_ops *ops, void *target,
                                  struct error *err);

/* Tell its thread to end and to log out, until ‘deadline’ (clock_ms) at most,
 * without waiting for it.  Commands under way fail.  Any thread.
 */
extern void nexus_begin_stop (struct nexus *n, uint64_t deadline);

/* Wait for the end of its thread, which was told, or ends by itself.  No
 * command may be under way.
 */
extern void nexus_join (struct nexus *n);

/* After nexus_join, and when no other nexus of the target has a thread that
 * could look at this one.
 */
extern void nexus_free (struct nexus *n);

/* For how long it was without a session at most, in ms.  Any thread. */
extern uint64_t nexus_longest_stall (const struct nexus *n);

/* An ISID that no other session of this process has.  -1 with a sentence.
 * Any thread.
 */
extern int nexus_next_isid (struct isid *isid, struct error *err);

#endif /* ISCSI_NEXUS_H */
