/* SPDX-License-Identifier: BSD-3-Clause */

/* Asking over a bare session, before an engine has it. */

#include <config.h>

#include <errno.h>
#include <poll.h>

#include "clock.h"
#include "session-private.h"

/* Drive the session until every command that it carries is over. */
static bool
drive (struct session *s, uint64_t deadline, const struct stop *stop,
       unsigned *why, struct error *loss)
{
  while (s->carried.head || s->lost) {
    struct pollfd fd = {
      .fd = session_fd (s),
      .events = POLLIN | (session_wants_write (s) ? POLLOUT : 0),
    };

    if (stop_asked (stop)) {
      *why = STATUS_SHUTDOWN;
      return false;
    }
    if (clock_left (deadline) == 0) {
      *why = STATUS_TIMEOUT;
      return false;
    }
    if (!s->lost)
      clock_poll (&fd, 1, stop_slice (deadline));
    if (session_service (s, fd.revents, loss) == -1) {
      *why = STATUS_DROPPED;
      return false;
    }
  }
  return true;
}

static void
run_bare (void *askerv, struct command *cmds, size_t n)
{
  struct session_asker *asker = askerv;
  struct session *s = asker->session;
  uint64_t deadline = asker->deadline;
  unsigned why = STATUS_DROPPED;
  size_t i;

  for (i = 0; i < n; ++i) {
    cmds[i].answer = (struct answer) { .status = STATUS_DROPPED };
    cmds[i].lun = asker->lun;
    if (cmds[i].timeout_ms > 0 && clock_ms () + cmds[i].timeout_ms < deadline)
      deadline = clock_ms () + cmds[i].timeout_ms;
    if (session_submit (s, &cmds[i]) == -1)
      session_lose (s, ENOMEM, "cannot submit a command");
  }

  if (drive (s, deadline, asker->stop, &why, &asker->loss))
    return;

  /* Nothing can be taken back from a live session without leaving a hole
   * in CmdSN, and the buffers are in use until the context is gone.
   */
  session_abandon (s, NULL);
  for (i = 0; i < n; ++i)
    cmds[i].answer = (struct answer) { .status = why };
}

/* In slices, so that a stop is seen. */
static bool
sleep_bare (void *askerv, unsigned ms)
{
  const struct session_asker *asker = askerv;
  const uint64_t until = clock_ms () + ms;

  while (clock_left (until) > 0) {
    if (stop_asked (asker->stop))
      return false;
    clock_poll (NULL, 0, stop_slice (until));
  }
  return true;
}

void
session_ask (struct session_asker *asker, struct session *s,
             uint64_t deadline, const struct stop *stop)
{
  *asker = (struct session_asker) {
    .runner = { .run = run_bare, .handle = asker },
    .policy = {
      .timeout_ms = clock_left (deadline),
      .sleep = sleep_bare,
      .opaque = asker,
    },
    .session = s,
    .deadline = deadline,
    .stop = stop,
  };
}
