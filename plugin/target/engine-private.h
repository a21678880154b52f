/* SPDX-License-Identifier: BSD-3-Clause */

/* Shared by the two halves of the engine room: engine.c, the path of a
 * command, and keeper.c, everything that is not on it.
 *
 *   I1  Whoever releases the lock looks at the inbox again afterwards.
 *   I2  When the lock is released while the session is up and commands are
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

/* Commands on the wire at most, lowered by TASK SET FULL. */
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

/* What a thread inside engine_run is to do next. */
enum next { LEAD, SLEEP, RETURN };

enum state {
  UP,                           /* there is a session */
  RECOVERING,                   /* there is none; commands are held */
  DOWN,                         /* there is none; commands fail at once */
  STOPPED,                      /* for good: the server goes away */
};

struct engine {
  struct engine_params p;
  char *name;
  int kick_fd;                  /* ends the leader's poll */
  pthread_t keeper;

  _Atomic (struct command *) inbox; /* submitted, latest first, linked by
                                       ‘next’ only */

  /* Written under the lock, read without it. */
  atomic_bool is_up;            /* state == UP */
  atomic_bool loose_ends;       /* see engine_has_loose_ends */

  pthread_mutex_t lock;         /* protects everything below, and libiscsi */
  enum state state;
  struct session *session;      /* when UP */
  struct queue pending;         /* to be issued, in order */
  size_t depth;                 /* issue no more than this */
  size_t successes;             /* since depth was changed */
  size_t window;                /* nor more than the target's window takes,
                                   with room for a ping */
  struct waiter *leader;
  bool leader_polls_out;        /* the leader waits for POLLOUT as well */
  struct waiter *wake, **wake_tail; /* to be woken after the lock */

  bool broken;                  /* the session is to be closed (I3) */
  bool gone;                    /* because the LUN seems to be */
  uint64_t gone_at;             /* clock_ms, when it last seemed so */
  bool stopping;                /* and not to be opened again */
  struct error why;             /* of the last loss or failed attempt */
  uint64_t ping_sent;           /* clock_ms, 0: no ping is under way */
  uint64_t blocked_since;       /* clock_ms, 0: the session takes commands,
                                   or carries some */
  uint64_t lost_at;             /* clock_ms */
  uint64_t up_since;            /* clock_ms */
  uint64_t commands_before;     /* of the counter, when it came up */
  unsigned fruitless;           /* sessions in a row that were of no use */
  uint64_t quit_seen;           /* clock_ms, 0: not asked to quit */
  unsigned sleepers;            /* threads in engine_sleep */
  struct engine_counters counters;

  /* Of the messages "session lost" and "session back". */
  uint64_t logged_at;           /* clock_ms, 0: never */
  bool loss_logged;             /* so its end is to be logged */
  unsigned unlogged;            /* losses that were not logged since */

  int alarm_fd;                 /* ends the keeper's sleep */
  uint64_t commands_seen;       /* of the counter, by the keeper */
  bool keeper_rests;            /* it looks again when it is told to */

  /* engine_sleep.  A lock of its own: those who wait on a condition release
   * its lock without looking at the inbox (I1).
   */
  pthread_mutex_t sleep_lock;
  pthread_cond_t sleep_cond;
  bool awake;                   /* nobody is to sleep any more */
};

/* engine.c */

/* Under the lock: everything that its holder does for the others before it
 * lets go.  ‘me’ is the caller if it is inside engine_run and does not
 * sleep, else NULL.
 */
extern enum next engine_settle (struct engine *e, struct waiter *me);

/* Settle and let go of the lock, for those who do not wait (I1). */
extern void engine_release (struct engine *e);

/* Write to and empty an eventfd. */
extern void engine_signal (struct engine *e, int fd);
extern void engine_drain (struct engine *e, int fd);

/* Commands that are not over and not in the inbox.  Under the lock. */
extern size_t engine_outstanding (const struct engine *e);

/* A session was opened: it carries the commands from now on.  Under the
 * lock.
 */
extern void engine_adopt (struct engine *e, struct session *session);

/* keeper.c */

/* Start and end the engine's own thread.  keeper_start returns an errno. */
extern int keeper_start (struct engine *e);
extern void keeper_join (struct engine *e);

/* Make the keeper look at once.  Any thread, with or without the lock. */
extern void keeper_ring (struct engine *e);

/* One line for the operator, but not for each of many losses.  Under the
 * lock, after e->why was set.
 */
extern void keeper_log_loss (struct engine *e, uint64_t now);

#endif /* ISCSI_ENGINE_PRIVATE_H */
