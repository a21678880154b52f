/* SPDX-License-Identifier: BSD-3-Clause */

/* Shared by the two halves of the engine room: engine.c, the path of a
 * command, and watch.c, which looks at the clock.
 *
 *   I1  Whoever releases the lock looks at the inbox again afterwards.
 *   I2  When the lock is released while there is a session and commands are
 *       outstanding, there is a leader.
 *   I3  Only the leader closes a session, or who holds the lock while there
 *       is no leader: nobody else may be polling its socket then.
 */

#ifndef ISCSI_ENGINE_PRIVATE_H
#define ISCSI_ENGINE_PRIVATE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine.h"
#include "queue.h"

/* Commands on the wire at most. */
#define MAX_DEPTH 256

/* A thread inside engine_run.  While ‘sleeps’ it waits on ‘sem’, or is about
 * to, and is posted exactly once: because its commands are over, or, with
 * ‘promoted’, to lead.  While not, it looks after itself.
 */
struct waiter {
  sem_t sem;
  size_t remaining;             /* commands that are not over */
  bool sleeps, promoted;
  int fd;                       /* while it leads: what to poll */
  bool out;                     /* for POLLOUT as well */
  struct waiter *next_wake;
};

struct engine {
  struct engine_params p;
  int kick_fd;                  /* ends the leader's poll */
  int alarm_fd;                 /* ends engine_sleep */

  _Atomic (struct command *) inbox; /* submitted, latest first, linked by
                                       ‘next’ only */
  atomic_uint epoch;            /* of the session; 0: there is none.  Written
                                   under the lock. */

  pthread_mutex_t lock;         /* protects everything below, and libiscsi */
  struct session *session;      /* NULL: there is none */
  bool shut;                    /* nor will there be one */
  unsigned epochs;              /* sessions so far */
  struct queue pending;         /* to be issued, in order */
  size_t depth;                 /* issue no more than this */
  size_t successes;             /* since it was changed; no questions */
  size_t patience;              /* rounds of these before it grows */
  size_t too_many;              /* with so many the last session ended */
  struct waiter *leader;
  bool leader_polls_out;        /* the leader waits for POLLOUT as well */
  struct waiter *wake, **wake_tail; /* to be woken after the lock */

  bool broken;                  /* the session is to be closed (I3) */
  struct engine_loss loss;      /* of the last session; ‘cause’ and ‘why’ are
                                   set when it breaks */
  uint64_t ping_sent;           /* clock_ms, 0: no ping is under way */
  uint64_t blocked_since;       /* clock_ms, 0: the session takes commands,
                                   or carries some */
  uint64_t up_since;            /* clock_ms */
  uint64_t answered;            /* commands of this session; no questions */
  struct engine_counters counters;

  /* The command that the session has had for longest, and since when it is
   * that one (clock_ms).
   */
  uint64_t serials, oldest;
  uint64_t oldest_since;
  uint64_t overdue;             /* the command that broke the session */
  size_t left_behind;           /* that it has, and nobody waits for */
  size_t questions;             /* that it has, and somebody waits for */

  uint64_t commands_seen;       /* of the counter, by engine_watch */
  bool resting;                 /* who watches waits to be rung */
};

/* engine.c */

/* Under the lock: the session is to be closed, for this reason unless there
 * was one before.
 */
extern void engine_set_broken (struct engine *e, enum loss_cause cause,
                               const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 3, 4)));

/* Under the lock: serve the socket.  -1: the session is broken now. */
extern int engine_serve (struct engine *e, int revents);

/* Do what the holder of the lock does for the others, and let go of it, for
 * those who do not wait (I1).
 */
extern void engine_release (struct engine *e);

/* Under the lock: nobody waits for this command any more, which the session has
 * (engine_ask).
 */
extern void engine_leave_behind (struct engine *e, struct command *cmd);

/* Commands that somebody waits for and that are not in the inbox.  Under the
 * lock.
 */
extern size_t engine_outstanding (const struct engine *e);

/* Empty an eventfd. */
extern void engine_drain (struct engine *e, int fd);

#endif /* ISCSI_ENGINE_PRIVATE_H */
