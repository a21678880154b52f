/* SPDX-License-Identifier: BSD-3-Clause */

/* The engine's own thread, and what is not on the path of a command:
 * deadlines, keep-alive, serving an idle session, recovery.
 */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>

#include "clock.h"
#include "debug.h"
#include "engine-private.h"

/* How often to look at a session that is in use.  The stress test builds the
 * engine with another, so that it cannot hide a command that was forgotten.
 */
#ifndef TICK_MS
#define TICK_MS 250
#endif

/* What is under way when the server is told to quit may take this long. */
#define QUIT_GRACE_MS 500

#define FIRST_RECONNECT_DELAY_MS 100
#define MAX_RECONNECT_DELAY_MS   1000

/* At most one pair of "lost" and "back" messages in this time. */
#define LOG_INTERVAL_MS 10000
#define LONG_MS         2000    /* but for a loss that lasts so long */

/* ---- the alarm ---- */

void
keeper_ring (struct engine *e)
{
  engine_signal (e, e->alarm_fd);
}

/* Until ‘when’ (clock_ms), the alarm, or something to read at ‘fd’ (-1:
 * none).  What is to be read is left for later, and so it does no harm if
 * the session was closed meanwhile.
 */
static void
keeper_sleep (struct engine *e, uint64_t when, int fd)
{
  struct pollfd fds[2] = {
    { .fd = e->alarm_fd, .events = POLLIN },
    { .fd = fd, .events = POLLIN },
  };

  if (poll (fds, 2, clock_left (when)) > 0 && fds[0].revents)
    engine_drain (e, e->alarm_fd);
}

/* Nobody is to sleep any more: the engine has stopped. */
static void
wake_sleepers (struct engine *e)
{
  pthread_mutex_lock (&e->sleep_lock);
  e->awake = true;
  pthread_cond_broadcast (&e->sleep_cond);
  pthread_mutex_unlock (&e->sleep_lock);
}

static void
count_sleeper (struct engine *e, int n)
{
  pthread_mutex_lock (&e->lock);
  e->sleepers += n;
  engine_release (e);
}

bool
engine_sleep (void *ev, unsigned ms)
{
  struct engine *e = ev;
  const uint64_t until = clock_ms () + ms;
  const struct timespec ts = {
    .tv_sec = until / 1000,
    .tv_nsec = (long) (until % 1000) * 1000000,
  };
  bool awake;

  count_sleeper (e, 1);
  pthread_mutex_lock (&e->sleep_lock);
  while (!e->awake &&
         pthread_cond_timedwait (&e->sleep_cond, &e->sleep_lock, &ts) == 0)
    ;
  awake = e->awake;
  pthread_mutex_unlock (&e->sleep_lock);
  count_sleeper (e, -1);
  return !awake;
}

/* ---- messages ---- */

void
keeper_log_loss (struct engine *e, uint64_t now)
{
  e->loss_logged = e->logged_at == 0 || now - e->logged_at >= LOG_INTERVAL_MS;
  debug_session ("%s: session lost: %s", e->name, e->why.msg);
  if (!e->loss_logged) {
    e->unlogged++;
    return;
  }
  if (e->unlogged > 0)
    log_event ("%s: session lost: %s (and %u times more since the last "
               "message): logging in again", e->name, e->why.msg,
               e->unlogged);
  else
    log_event ("%s: session lost: %s: logging in again", e->name,
               e->why.msg);
  e->logged_at = now;
  e->unlogged = 0;
}

static void
log_recovery (struct engine *e, uint64_t stall, size_t held)
{
  debug_session ("%s: back after %" PRIu64 " ms", e->name, stall);
  if (e->loss_logged)
    log_event ("%s: session back after %.1f s, %zu commands issued again",
               e->name, stall / 1000.0, held);
}

/* The session did not come back, or not as the same LUN. */
static void
go_down (struct engine *e)
{
  e->state = DOWN;
  e->loss_logged = true;        /* so its end is logged as well */
  log_event ("%s: not back after %.0f s: %s: requests fail until it is",
             e->name, (clock_ms () - e->lost_at) / 1000.0, e->why.msg);
}

/* A loss that was one of many becomes worth a line when it lasts. */
static void
log_if_long (struct engine *e, uint64_t now)
{
  if (e->loss_logged || now - e->lost_at < LONG_MS)
    return;
  e->loss_logged = true;
  e->logged_at = now;
  e->unlogged--;
  log_event ("%s: session lost %.1f s ago: %s: logging in again", e->name,
             (now - e->lost_at) / 1000.0, e->why.msg);
}

/* ---- while the session is up ---- */

static bool
is_stopped (struct engine *e)
{
  return e->stopping || e->state == STOPPED;
}

/* Something to wait for: commands, or threads that wait to try again. */
static bool
is_busy (struct engine *e)
{
  return engine_outstanding (e) > 0 || e->sleepers > 0;
}

/* The server has been told to quit, and waits for us.  A healthy session
 * gets some time to finish what is under way.
 */
static void
stop_if_shutting_down (struct engine *e, uint64_t now, unsigned grace_ms)
{
  if (e->quit_seen == 0 && e->p.shutting_down && e->p.shutting_down ())
    e->quit_seen = now;
  if (e->quit_seen == 0 || now - e->quit_seen < grace_ms || e->stopping)
    return;

  /* The keeper ends now: nothing may be issued any more. */
  e->stopping = true;
  if (e->state == UP) {
    error_set (&e->why, ESHUTDOWN, "the server is shutting down");
    e->broken = true;
  }
}

static void
check_deadlines (struct engine *e, uint64_t now)
{
  const struct command *oldest = session_carried (e->session)->head;

  if (oldest && oldest->deadline <= now) {
    error_set (&e->why, ETIMEDOUT, "command %02x was not answered within "
               "%u ms", oldest->cdb[0], e->p.timeout_ms);
    e->broken = true;
  }

  /* What waits has no deadline yet. */
  if (oldest || session_takes_more (e->session))
    e->blocked_since = 0;
  else if (e->blocked_since == 0)
    e->blocked_since = now;
  else if (now - e->blocked_since >= e->p.timeout_ms) {
    error_set (&e->why, ETIMEDOUT, "the target took nothing for %u ms",
               e->p.timeout_ms);
    e->broken = true;
  }
}

/* It cannot even be asked while commands that are with the target fill its
 * window: then only their own deadlines count.
 */
static bool
ping_must_wait (const struct engine *e)
{
  const size_t waiting = session_window_closed (e->session);
  const size_t queued = session_carried (e->session)->len + 1; /* the ping */

  return waiting > 0 && queued > waiting;
}

/* A target that is silent is asked for a sign of life; any PDU counts as
 * one.  Returns when to look again.
 */
static uint64_t
keep_alive (struct engine *e, uint64_t now)
{
  const uint64_t heard = session_last_heard (e->session);
  uint64_t due;

  if (e->p.noop_interval_ms == 0 || e->p.noop_timeout_ms == 0)
    return NO_DEADLINE;
  if (e->ping_sent != 0 && heard >= e->ping_sent)
    e->ping_sent = 0;

  if (e->ping_sent != 0 && ping_must_wait (e))
    e->ping_sent = now;

  if (e->ping_sent != 0) {
    due = e->ping_sent + e->p.noop_timeout_ms;
    if (now < due)
      return due;
    error_set (&e->why, ETIMEDOUT, "the target is silent, a ping was not "
               "answered within %u ms", e->p.noop_timeout_ms);
    e->broken = true;
    return NO_DEADLINE;
  }

  due = heard + e->p.noop_interval_ms;
  if (now < due)
    return due;
  e->ping_sent = now;
  if (session_ping (e->session) == -1) {
    error_set (&e->why, ENOMEM, "cannot send a ping");
    e->broken = true;
  }
  return now + e->p.noop_timeout_ms;
}

/* While nobody leads the keeper serves the socket: the target pings, or
 * closes the connection.
 */
static void
serve_idle (struct engine *e)
{
  struct pollfd fd = {
    .fd = session_fd (e->session),
    .events = POLLIN,
  };

  if (poll (&fd, 1, 0) >= 0 &&
      session_service (e->session, fd.revents, &e->why) == -1)
    e->broken = true;
}

/* One look, and the sleep after it.  While the session is idle, which means
 * since the last look, the keeper rests until the target says something, is
 * to be asked, or the first leader rings; while it is in use, the leader
 * listens, and the keeper only looks at the clock.
 */
static void
keep_up (struct engine *e)
{
  const uint64_t now = clock_ms ();
  const bool idle = !is_busy (e) && e->counters.commands == e->commands_seen;
  uint64_t next = idle ? NO_DEADLINE : now + TICK_MS;
  uint64_t due;
  int fd = -1;

  e->commands_seen = e->counters.commands;
  e->keeper_rests = idle;
  if (e->leader == NULL && !e->broken)
    serve_idle (e);
  if (!e->broken)
    check_deadlines (e, now);
  if (!e->broken && is_busy (e))
    stop_if_shutting_down (e, now, QUIT_GRACE_MS);
  if (!e->broken) {
    due = keep_alive (e, now);
    next = due < next ? due : next;
    fd = idle ? session_fd (e->session) : -1;
  }
  engine_release (e);
  keeper_sleep (e, next, fd);
  pthread_mutex_lock (&e->lock);
}

/* ---- recovery ---- */

/* Asked by those who try to log in: is it worth going on?  Also the place
 * where the recovery limit passes, since it may do so during a try.
 */
static bool
recovery_stop_asked (void *ev)
{
  struct engine *e = ev;
  const uint64_t now = clock_ms ();
  bool stop;

  pthread_mutex_lock (&e->lock);
  if (is_busy (e))
    stop_if_shutting_down (e, now, 0);
  if (e->state == RECOVERING && e->p.recovery_timeout_ms > 0 &&
      now - e->lost_at >= e->p.recovery_timeout_ms)
    go_down (e);
  if (e->state == RECOVERING)
    log_if_long (e, now);
  stop = is_stopped (e);
  engine_release (e);
  return stop;
}

static void
recovered (struct engine *e, struct session *session)
{
  const uint64_t stall = clock_ms () - e->lost_at;

  log_recovery (e, stall, e->pending.len);
  if (stall > e->counters.longest_stall_ms)
    e->counters.longest_stall_ms = stall;
  engine_adopt (e, session);
}

/* Were writes sent that may still be executed? */
static bool
has_unsettled_writes (struct engine *e)
{
  const struct command *cmd;
  bool r;

  pthread_mutex_lock (&e->lock);
  r = e->loose_ends;
  for (cmd = e->pending.head; cmd != NULL && !r; cmd = cmd->next)
    r = cmd->direction == DATA_OUT && cmd->issues > 0;
  engine_release (e);
  return r;
}

/* One try to log in again, without the lock but for its outcome. */
static bool
try_to_recover (struct engine *e)
{
  const bool unsettled = has_unsettled_writes (e);
  const struct stop stop = { .asked = recovery_stop_asked, .opaque = e };
  struct session *session;
  struct error why = { 0 };
  bool stopped;

  session = e->p.connect (e->p.opaque, &e->p.isid, unsettled,
                          clock_ms () + e->p.attempt_timeout_ms, &stop,
                          &why);

  pthread_mutex_lock (&e->lock);
  stopped = is_stopped (e);
  if (session && !stopped)
    recovered (e, session);
  else if (!session && why.err != ESHUTDOWN) {
    debug_session ("%s: cannot log in again: %s", e->name, why.msg);
    e->why = why;
    if (e->state == RECOVERING &&
        (why.err == ENODEV || (why.err == ENXIO && e->gone)))
      go_down (e);
  }
  engine_release (e);

  if (session && stopped)
    session_close (session, NULL);
  return session != NULL;
}

/* Sleep between two tries; false when it is not worth going on. */
static bool
recovery_sleep (struct engine *e, unsigned ms)
{
  const uint64_t until = clock_ms () + ms;
  uint64_t now;

  while ((now = clock_ms ()) < until) {
    if (recovery_stop_asked (e))
      return false;
    keeper_sleep (e, until - now > TICK_MS ? now + TICK_MS : until, -1);
  }
  return true;
}

/* Before the nth try: none, 0.1, 0.2, 0.4, 0.8, 1 s. */
static unsigned
reconnect_delay (unsigned n)
{
  if (n == 0)
    return 0;
  if (n > 4)
    return MAX_RECONNECT_DELAY_MS;
  return FIRST_RECONNECT_DELAY_MS << (n - 1);
}

static void
recover (struct engine *e, unsigned fruitless)
{
  unsigned n = fruitless;

  while (recovery_sleep (e, reconnect_delay (n)) &&
         !recovery_stop_asked (e) && !try_to_recover (e))
    n++;
}

/* ---- the thread ---- */

static void *
keeper_thread (void *ev)
{
  struct engine *e = ev;
  unsigned fruitless;

  pthread_mutex_lock (&e->lock);
  while (!is_stopped (e)) {
    if (e->state == UP)
      keep_up (e);
    else {
      fruitless = e->fruitless;
      engine_release (e);
      recover (e, fruitless);
      pthread_mutex_lock (&e->lock);
    }
  }
  if (e->state != UP)
    e->state = STOPPED;
  engine_release (e);
  wake_sleepers (e);
  return NULL;
}

int
keeper_start (struct engine *e)
{
  sigset_t all, old;
  int r;

  /* Signals are for the server's threads. */
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &old);
  r = pthread_create (&e->keeper, NULL, keeper_thread, e);
  pthread_sigmask (SIG_SETMASK, &old, NULL);
  return r;
}

void
keeper_join (struct engine *e)
{
  pthread_join (e->keeper, NULL);
}
