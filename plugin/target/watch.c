/* SPDX-License-Identifier: BSD-3-Clause */

/* Looking at the clock for an engine: deadlines, keep-alive, and serving a
 * session that nobody uses.  All of it on the thread of the nexus.
 */

#include <config.h>

#include <poll.h>

#include "clock.h"
#include "engine-private.h"

/* How often to look at a session that is in use.  The stress test builds the
 * engine with another, so that it cannot hide a command that was forgotten.
 */
#ifndef TICK_MS
#define TICK_MS 250
#endif

/* So many questions without an answer are enough. */
#define MAX_LEFT_BEHIND 16

static bool
has_keep_alive (const struct engine *e)
{
  return e->p.noop_interval_ms > 0 && e->p.noop_timeout_ms > 0;
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

/* The time of a command begins when it is the one that the session has had
 * for longest: a target that does one at a time has only now begun with it,
 * and one that was swallowed ends up there too.  A question is left behind,
 * unless it is all that tells whether the target is there: what it swallowed may
 * have closed its window, and then no ping opens that again.
 */
static void
check_oldest (struct engine *e, uint64_t now)
{
  struct command *cmd = session_carried (e->session)->head;
  unsigned timeout;

  while (cmd && cmd->waiter == NULL)
    cmd = cmd->next;
  if (cmd == NULL)
    return;
  if (cmd->serial != e->oldest) {
    e->oldest = cmd->serial;
    e->oldest_since = now;
  }
  timeout = cmd->timeout_ms > 0 ? cmd->timeout_ms : e->p.timeout_ms;
  if (now - e->oldest_since < timeout)
    return;
  if (cmd->left_behind && e->left_behind < MAX_LEFT_BEHIND &&
      ((has_keep_alive (e) && !ping_must_wait (e)) ||
       session_last_heard (e->session) > e->oldest_since)) {
    engine_leave_behind (e, cmd);
    return;
  }
  e->overdue = cmd->serial;
  engine_set_broken (e, LOSS_SILENT, "command %02x was not answered within "
                     "%u ms", cmd->cdb[0], timeout);
}

/* What waits to be sent has no time of its own, and what was left behind has
 * none any more.
 */
static void
check_blocked (struct engine *e, uint64_t now)
{
  if (session_carried (e->session)->len > e->left_behind ||
      session_takes_more (e->session))
    e->blocked_since = 0;
  else if (e->blocked_since == 0)
    e->blocked_since = now;
  else if (now - e->blocked_since >= e->p.timeout_ms)
    engine_set_broken (e, LOSS_SILENT, "the target took nothing for %u ms",
                       e->p.timeout_ms);
}

static void
ping (struct engine *e, uint64_t now)
{
  e->ping_sent = now;
  if (session_ping (e->session) == -1)
    engine_set_broken (e, LOSS_BROKEN, "cannot send a ping");
}

/* A target that is silent is asked for a sign of life; any PDU counts as
 * one.  Returns when to look again.
 */
static uint64_t
keep_alive (struct engine *e, uint64_t now)
{
  const uint64_t heard = session_last_heard (e->session);
  uint64_t due;

  if (!has_keep_alive (e))
    return NO_DEADLINE;
  if (e->ping_sent != 0 && heard >= e->ping_sent)
    e->ping_sent = 0;

  if (e->ping_sent != 0 && ping_must_wait (e))
    e->ping_sent = now;

  if (e->ping_sent != 0) {
    due = e->ping_sent + e->p.noop_timeout_ms;
    if (now >= due)
      engine_set_broken (e, LOSS_SILENT, "the target is silent, a ping was "
                         "not answered within %u ms", e->p.noop_timeout_ms);
    return due;
  }

  due = heard + e->p.noop_interval_ms;
  if (now < due)
    return due;
  ping (e, now);
  return now + e->p.noop_timeout_ms;
}

/* While nobody leads whoever watches serves the socket: the target pings, or
 * closes the connection.
 */
static void
serve_idle (struct engine *e)
{
  struct pollfd fd = {
    .fd = session_fd (e->session),
    .events = POLLIN,
  };

  if (poll (&fd, 1, 0) >= 0)
    engine_serve (e, fd.revents);
}

/* While the session is idle, which means since the last look, nobody has to
 * look before the target says something, is to be asked, or the first leader
 * rings; while it is in use, the leader listens.
 */
uint64_t
engine_watch (struct engine *e, bool attentive, int *fd)
{
  const uint64_t now = clock_ms ();
  uint64_t next = now + TICK_MS, due;
  bool idle;

  *fd = -1;
  pthread_mutex_lock (&e->lock);
  if (e->session && !e->broken) {
    idle = !attentive && engine_outstanding (e) == 0 &&
      e->counters.commands == e->commands_seen;
    e->commands_seen = e->counters.commands;
    e->resting = idle;
    if (e->leader == NULL)
      serve_idle (e);
    check_oldest (e, now);
    check_blocked (e, now);
    due = keep_alive (e, now);
    if (idle || due < next)
      next = due;
    if (e->broken)
      next = now;
    else if (idle)
      *fd = session_fd (e->session);
  }
  engine_release (e);
  return next;
}

bool
engine_answers_since (struct engine *e, uint64_t when)
{
  bool r = false;

  pthread_mutex_lock (&e->lock);
  if (e->session && !e->broken) {
    r = session_last_heard (e->session) > when;
    if (!r && e->ping_sent < when && !ping_must_wait (e))
      ping (e, clock_ms ());
  }
  engine_release (e);
  return r;
}

void
engine_sleep (struct engine *e, uint64_t when, int fd)
{
  struct pollfd fds[2] = {
    { .fd = e->alarm_fd, .events = POLLIN },
    { .fd = fd, .events = POLLIN },
  };

  if (clock_poll (fds, 2, when) > 0 && fds[0].revents)
    engine_drain (e, e->alarm_fd);
}
