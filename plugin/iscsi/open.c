/* SPDX-License-Identifier: BSD-3-Clause */

/* What is done with a session as a whole: opening it, resetting a LUN over
 * it, logging out.
 */

#include <config.h>

#include <errno.h>
#include <poll.h>
#include <unistd.h>
#include <sys/socket.h>

#include "clock.h"
#include "debug.h"
#include "session-private.h"

struct session *
session_open (const struct session_params *p, const struct address *where,
              const struct isid *isid, uint64_t deadline,
              const struct stop *stop, struct error *err)
{
  struct session_params params = *p;
  struct session *s;
  struct chap chap;

  if (credentials_find (p->credentials, p->target, &chap, err) == -1)
    return NULL;
  params.chap = &chap;
  s = session_log_in (&params, where, isid, ISCSI_SESSION_NORMAL, deadline,
                      stop, err);
  chap_free (&chap);
  return s;
}

/* A socket that connects, or has; -1: that cannot be.  Closing it resets the
 * connection: a target that does not read would not see the end otherwise.
 */
static int
begin_connect (const struct address *where)
{
  const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
  struct sockaddr_storage sa;
  const socklen_t len = address_sockaddr (where, &sa);
  int fd;

  if (len == 0)
    return -1;
  fd = socket (sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd == -1)
    return -1;
  setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  if (connect (fd, (struct sockaddr *) &sa, len) == -1 &&
      errno != EINPROGRESS) {
    close (fd);
    fd = -1;
  }
  return fd;
}

static bool
is_connected (int fd)
{
  socklen_t len;
  int err = EIO;

  len = sizeof err;
  getsockopt (fd, SOL_SOCKET, SO_ERROR, &err, &len);
  return err == 0;
}

/* Wait for some of them to be decided.  How many can be connected to. */
static size_t
await_connections (struct pollfd *fds, size_t n, uint64_t deadline, bool *made)
{
  size_t i, r = 0;

  if (clock_poll (fds, n, deadline) <= 0)
    return 0;
  for (i = 0; i < n; ++i)
    if (fds[i].fd != -1 && fds[i].revents) {
      made[i] = is_connected (fds[i].fd);
      r += made[i];
      close (fds[i].fd);
      fds[i].fd = -1;
    }
  return r;
}

void
session_probe (const struct address *where, size_t n, unsigned ms, bool *made)
{
  const uint64_t first = clock_ms () + ms;
  struct pollfd fds[PROBE_MAX];
  uint64_t deadline = first;
  size_t i, pending = 1;

  if (n > PROBE_MAX)
    n = PROBE_MAX;
  for (i = 0; i < n; ++i) {
    made[i] = false;
    fds[i] = (struct pollfd) {
      .fd = begin_connect (&where[i]), .events = POLLOUT,
    };
  }
  while (pending > 0 && clock_ms () < deadline) {
    if (await_connections (fds, n, deadline, made) > 0 && deadline == first &&
        clock_ms () + ms / 3 < first)
      deadline = clock_ms () + ms / 3;
    for (i = pending = 0; i < n; ++i)
      pending += fds[i].fd != -1;
  }
  for (i = 0; i < n; ++i)
    if (fds[i].fd != -1)
      close (fds[i].fd);
}

int
session_portal_group (const struct session *s)
{
  return s->portal_group;
}

static void
reset_cb (struct iscsi_context *ctx, int status, void *command_data,
          void *private_data)
{
  struct session *s = private_data;

  if (status == SCSI_STATUS_GOOD)
    s->step_response = *(uint32_t *) command_data;
  session_step_cb (ctx, status, command_data, private_data);
}

/* LOGICAL UNIT RESET, RFC 7143 section 11.5.1. */
static int
reset_lun (struct session *s, uint16_t lun)
{
  int r;

  s->step_over = false;
  session_enter (s);
  r = iscsi_task_mgmt_async (s->ctx, lun, ISCSI_TM_LUN_RESET, 0xffffffff, 0,
                             reset_cb, s);
  session_leave (s);
  return r;
}

int
session_reset_lun (struct session *s, uint16_t lun, uint64_t deadline,
                   const struct stop *stop, struct error *err)
{
  const int number = lun & 0x3fff; /* peripheral or flat addressing */
  struct error cause = { 0 };

  if (s->lost)
    return error_set (err, s->why.err, "LUN %d was not reset: %s", number,
                      s->why.msg);
  if (reset_lun (s, lun) == -1)
    return error_set (err, ENOMEM, "cannot reset LUN %d", number);
  if (session_wait_step (s, deadline, stop, &cause) == -1)
    return error_set (err, cause.err, "LUN %d was not reset: %s", number,
                      cause.msg);
  if (s->step_status != SCSI_STATUS_GOOD)
    return error_set (err, ECONNRESET, "LUN %d was not reset: the connection "
                      "was lost", number);
  if (s->step_response != 0)
    return error_set (err, EIO, "LUN %d was not reset: the target says no "
                      "(response %u)", number, s->step_response);
  return 0;
}

static int
log_out (struct session *s)
{
  int r;

  s->step_over = false;
  session_enter (s);
  r = iscsi_logout_async (s->ctx, session_step_cb, s);
  session_leave (s);
  return r;
}

void
session_logout (struct session *s, uint64_t deadline, const struct stop *stop)
{
  struct error err = { 0 };

  if (!s->lost && log_out (s) == 0 &&
      session_wait_step (s, deadline, stop, &err) == -1)
    debug_session ("logout: %s", err.msg);
  session_close (s, NULL);
}
