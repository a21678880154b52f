/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "debug.h"
#include "nexus.h"
#include "thread.h"

/* How often to look while there is no session. */
#define TICK_MS 250

/* How often to see whether one that is to leave is idle by now. */
#define LEAVE_MS 50

/* Before the tries to log in: none, 0.1, 0.2, 0.4, 0.8, 1 s. */
#define FIRST_RECONNECT_DELAY_MS 100
#define MAX_RECONNECT_DELAY_MS   1000

/* What is under way when the server is told to quit may take so long: if the
 * target does not answer, and if it does.
 */
#define QUIT_SILENT_MS    500
#define QUIT_ANSWERING_MS 5000

/* At most one pair of "lost" and "back" messages in this time. */
#define LOG_INTERVAL_MS 10000
#define LONG_MS         2000    /* but for a loss that lasts so long */

/* Of the thread alone, but for what stops it. */
struct nexus_private {
  const struct settings *p;
  const struct nexus_ops *ops;
  void *target;
  pthread_t thread;

  atomic_bool stopping;
  _Atomic uint64_t logout_deadline; /* clock_ms */

  uint64_t quit_seen;           /* clock_ms, 0: not asked to quit */
  uint64_t lost_at;             /* clock_ms, 0: it is up, or nobody waits for
                                   it */
  bool limit_passed;            /* recovery-timeout */
  size_t unanswered;            /* by the session that was lost */
  _Atomic uint64_t longest_stall; /* ms; read by others */

  /* Of the messages "session lost" and "session back". */
  struct error why;
  uint64_t logged_at;           /* clock_ms, 0: never */
  bool loss_logged;             /* so its end is to be logged */
  unsigned unlogged;            /* losses that were not logged since */
};

static bool (*shutting_down) (void);

void
nexus_set_shutting_down (bool (*fn) (void))
{
  shutting_down = fn;
}

/* The same random part for 65536 sessions of this process, another qualifier
 * for each: two sessions with one ISID would evict each other (RFC 7143
 * section 6.3.5).
 */
int
nexus_next_isid (struct isid *isid, struct error *err)
{
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static struct isid next;
  static bool begun;
  int r = 0;

  pthread_mutex_lock (&lock);
  if (!begun)
    r = isid_random (&next, err);
  if (r == 0) {
    begun = true;
    if (++next.qualifier == 0)
      next.random = (next.random + 1) & 0xffffff;
    *isid = next;
  }
  pthread_mutex_unlock (&lock);
  return r;
}

/* ---- messages ---- */

static void
log_loss (struct nexus *n, const struct engine_loss *loss)
{
  struct nexus_private *np = n->private;

  np->why = loss->why;
  np->loss_logged = np->logged_at == 0 ||
    loss->at - np->logged_at >= LOG_INTERVAL_MS;
  debug_session ("%s: session lost: %s", n->name, loss->why.msg);
  if (!np->loss_logged) {
    np->unlogged++;
    return;
  }
  if (np->unlogged > 0)
    log_event ("%s: session lost: %s (and %u times more since the last "
               "message): logging in again", n->name, loss->why.msg,
               np->unlogged);
  else
    log_event ("%s: session lost: %s: logging in again", n->name,
               loss->why.msg);
  np->logged_at = loss->at;
  np->unlogged = 0;
}

static void
log_recovery (struct nexus *n)
{
  struct nexus_private *np = n->private;
  const uint64_t stall = clock_ms () - np->lost_at;

  debug_session ("%s: back after %" PRIu64 " ms", n->name, stall);
  if (np->loss_logged)
    log_notice ("%s: session back after %.1f s, %zu commands had been under "
                "way", n->name, stall / 1000.0, np->unanswered);
  if (stall > np->longest_stall)
    np->longest_stall = stall;
}

/* A loss that was one of many becomes worth a line when it lasts, and one
 * more when nobody waits for its end any more.
 */
static void
log_time_passing (struct nexus *n, uint64_t now)
{
  struct nexus_private *np = n->private;
  const unsigned limit = np->p->recovery_timeout_ms;

  if (np->lost_at == 0)
    return;
  if (!np->loss_logged && now - np->lost_at >= LONG_MS) {
    np->loss_logged = true;
    np->logged_at = now;
    np->unlogged--;
    log_event ("%s: session lost %.1f s ago: %s: logging in again", n->name,
               (now - np->lost_at) / 1000.0, np->why.msg);
  }
  if (!np->limit_passed && limit > 0 && now - np->lost_at >= limit) {
    np->limit_passed = np->loss_logged = true;
    log_event ("%s: not back after %.0f s: %s: requests that need it fail "
               "until it is", n->name, (now - np->lost_at) / 1000.0,
               np->why.msg);
  }
}

/* ---- shutdown ---- */

/* The server has been told to quit, and waits for us.  A target that answers
 * gets some time to finish what is under way.
 */
static void
stop_if_shutting_down (struct nexus *n, uint64_t now)
{
  struct nexus_private *np = n->private;
  const bool up = engine_epoch (n->engine) != 0;
  uint64_t grace = 0;

  if (np->quit_seen == 0 && shutting_down && shutting_down ())
    np->quit_seen = now;
  if (np->quit_seen == 0)
    return;
  if (up)
    grace = engine_answers_since (n->engine, np->quit_seen)
      ? QUIT_ANSWERING_MS : QUIT_SILENT_MS;
  if (now - np->quit_seen >= grace)
    np->ops->shut_down (np->target);
}

static bool
is_stopping (const struct nexus *n)
{
  return n->private->stopping;
}

/* ---- logging in ---- */

/* Asked by those who try to log in: is it worth going on? */
static bool
log_in_stop_asked (void *nv)
{
  struct nexus *n = nv;
  const struct nexus_private *np = n->private;
  const uint64_t now = clock_ms ();

  log_time_passing (n, now);
  if (np->ops->is_attentive (np->target))
    stop_if_shutting_down (n, now);
  return is_stopping (n);
}

/* Sleep between two tries; false when it is not worth going on. */
static bool
log_in_sleep (struct nexus *n, unsigned ms)
{
  const uint64_t until = clock_ms () + ms;
  uint64_t now;

  while ((now = clock_ms ()) < until) {
    if (log_in_stop_asked (n))
      return false;
    engine_sleep (n->engine, until - now > TICK_MS ? now + TICK_MS : until,
                  -1);
  }
  return !log_in_stop_asked (n);
}

/* False: the nexus is not wanted any more. */
static bool
get_session (struct nexus *n, unsigned fruitless)
{
  struct nexus_private *np = n->private;
  const struct stop stop = { .asked = log_in_stop_asked, .opaque = n };
  unsigned tries = 0;
  struct session *s;
  struct error why;

  while (log_in_sleep (n, clock_backoff (fruitless + tries,
                                         FIRST_RECONNECT_DELAY_MS,
                                         MAX_RECONNECT_DELAY_MS))) {
    s = np->ops->log_in (np->target, n, &stop, &why);
    if (s) {
      engine_adopt (n->engine, s);
      if (np->lost_at != 0)
        log_recovery (n);
      np->lost_at = 0;
      np->limit_passed = false;
      np->ops->is_up (np->target, n);
      return true;
    }
    if (why.err != ESHUTDOWN) {
      debug_session ("%s: cannot log in: %s", n->name, why.msg);
      np->why = why;
    }
    else
      np->lost_at = 0;          /* nobody waits for it */
    if (!np->ops->has_failed (np->target, n, ++tries, &why))
      return false;
  }
  return false;
}

/* ---- the thread ---- */

/* False: commands are under way. */
static bool
log_out (struct nexus *n, uint64_t deadline)
{
  struct session *s = engine_take_session (n->engine);

  if (s)
    session_logout (s, deadline, NULL);
  return s != NULL;
}

/* While it is up: one look, and the sleep after it. */
static void
look_after (struct nexus *n)
{
  struct nexus_private *np = n->private;
  const bool attentive = np->ops->is_attentive (np->target);
  uint64_t next;
  int fd;

  next = engine_watch (n->engine, attentive, &fd);
  if (engine_epoch (n->engine) == 0)
    return;
  if (attentive || engine_is_busy (n->engine))
    stop_if_shutting_down (n, clock_ms ());
  if (np->ops->should_leave (np->target, n)) {
    if (log_out (n, clock_ms () + LOGOUT_MS))
      return;
    next = clock_ms () + LEAVE_MS;
  }
  engine_sleep (n->engine, next, fd);
}

static void
note_loss (struct nexus *n, struct engine_loss *loss)
{
  struct nexus_private *np = n->private;

  engine_last_loss (n->engine, loss);
  np->lost_at = loss->cause == LOSS_LEFT ? 0 : loss->at;
  np->unanswered = loss->unanswered;
  if (loss->cause != LOSS_LEFT)
    log_loss (n, loss);
  np->ops->is_lost (np->target, n, loss);
}

static void *
nexus_thread (void *nv)
{
  struct nexus *n = nv;
  struct engine_loss loss = { .fruitless = 0 };

  while (!is_stopping (n) && get_session (n, loss.fruitless)) {
    while (!is_stopping (n) && engine_epoch (n->engine) != 0)
      look_after (n);
    if (engine_epoch (n->engine) == 0)
      note_loss (n, &loss);
  }
  log_out (n, n->private->logout_deadline);
  if (is_stopping (n))
    engine_shut_down (n->engine, "the server is shutting down");
  return NULL;
}

void
nexus_free (struct nexus *n)
{
  if (n->engine)
    engine_free (n->engine);
  free (n->private);
  free (n->name);
  free (n);
}

static int
set_up (struct nexus *n, const struct settings *p, const char *target_name,
        struct error *err)
{
  struct engine_params params = {
    .number = n->number,
    .timeout_ms = p->timeout_ms,
    .noop_interval_ms = p->noop_interval_ms,
    .noop_timeout_ms = p->noop_timeout_ms,
  };

  n->private = calloc (1, sizeof *n->private);
  if (n->private == NULL ||
      asprintf (&n->name, "%s session %u", target_name, n->number + 1) == -1)
    return error_set (err, ENOMEM, "out of memory");
  if (nexus_next_isid (&n->isid, err) == -1)
    return -1;
  params.name = n->name;
  n->engine = engine_new (&params, err);
  return n->engine ? 0 : -1;
}

struct nexus *
nexus_start (const struct settings *p, const char *target_name,
             unsigned number, const struct nexus_ops *ops, void *target,
             struct error *err)
{
  struct nexus *n = calloc (1, sizeof *n);
  int r;

  if (n == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  n->number = number;
  n->group = n->astray = -1;
  n->since = clock_ms ();
  if (set_up (n, p, target_name, err) == -1) {
    nexus_free (n);
    return NULL;
  }
  n->private->p = p;
  n->private->ops = ops;
  n->private->target = target;
  r = thread_start (&n->private->thread, nexus_thread, n);
  if (r != 0) {
    error_set (err, r, "cannot start a thread: %s", strerror (r));
    nexus_free (n);
    return NULL;
  }
  return n;
}

void
nexus_begin_stop (struct nexus *n, uint64_t deadline)
{
  n->private->logout_deadline = deadline;
  n->private->stopping = true;
  engine_ring (n->engine);
}

uint64_t
nexus_longest_stall (const struct nexus *n)
{
  return n->private->longest_stall;
}

static void
report_counters (const struct nexus *n)
{
  struct engine_counters c;

  engine_get_counters (n->engine, &c);
  debug_verbose ("%s: %" PRIu64 " commands, %" PRIu64 " bytes, %" PRIu64
                 " losses, %" PRIu64 " commands unanswered, longest stall %"
                 PRIu64 " ms", n->name, c.commands, c.bytes, c.losses,
                 c.unanswered, nexus_longest_stall (n));
}

void
nexus_join (struct nexus *n)
{
  pthread_join (n->private->thread, NULL);
  report_counters (n);
}
