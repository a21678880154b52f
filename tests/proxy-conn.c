/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "proxy-conn.h"
#include "proxy-loop.h"
#include "proxy-queue.h"

/* One direction. */
struct half {
  struct queue queue;
  bool eof, eof_sent;           /* read, passed on */
  uint64_t eof_due;
  bool stalled;
  bool full;                    /* the other side's socket is */
};

struct conn {
  struct source end[2];         /* [UP]: the client; [DOWN]: the target.
                                   half[d] goes from end[d] to end[!d] */
  struct half half[2];
  struct conn *next;
  uint64_t id;
  bool connecting, silent, dead;
};

/* Something that happens at the nth byte from now. */
struct trap {
  bool set, fin;
  uint64_t left;
};

static struct conn *conns;      /* the last first */
static struct sockaddr_storage target_addr;
static socklen_t target_len;

static struct trap cuts[2], corruptions[2];
static uint64_t delay_ns, reset_every_ns, next_reset;
static uint64_t n_accepted, n_killed, n_bytes[2];

/* Beginning and end. */

static void
kill_conn (struct conn *c, bool fin)
{
  const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
  int i;

  if (c->dead)
    return;
  for (i = 0; i < 2; ++i) {
    if (c->end[i].fd == -1)
      continue;
    if (!fin)
      setsockopt (c->end[i].fd, SOL_SOCKET, SO_LINGER,
                  &reset, sizeof reset);
    watch (&c->end[i], 0);
    close (c->end[i].fd);
  }
  c->dead = true;
  n_killed++;
}

static void
connect_target (struct conn *c)
{
  const int one = 1;
  int fd = socket (target_addr.ss_family,
                   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd == -1)
    err (EXIT_FAILURE, "socket");
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  c->end[DOWN].fd = fd;
  c->connecting = true;
  if (connect (fd, (struct sockaddr *) &target_addr, target_len) == -1 &&
      errno != EINPROGRESS)
    kill_conn (c, false);
}

static void
check_connected (struct conn *c)
{
  int err = 0;
  socklen_t len = sizeof err;

  getsockopt (c->end[DOWN].fd, SOL_SOCKET, SO_ERROR, &err, &len);
  c->connecting = false;
  if (err != 0)
    kill_conn (c, false);
}

/* Data. */

static void
read_half (struct conn *c, int d)
{
  struct half *h = &c->half[d];
  struct iovec iov[2];
  uint64_t n = queue_room (&h->queue);
  ssize_t r;
  int niov;

  if (n == 0 || h->eof)
    return;
  niov = queue_space (&h->queue, n, iov);
  r = readv (c->end[d].fd, iov, niov);
  if (r == -1) {
    if (errno != EAGAIN && errno != EINTR)
      kill_conn (c, false);
    return;
  }
  if (r == 0) {
    h->eof = true;
    h->eof_due = now_ns () + delay_ns;
    return;
  }
  queue_add (&h->queue, r, now_ns () + delay_ns);
}

/* Flip the byte of a corruption that falls into the next ‘n’.  The queue
 * keeps it flipped if it cannot be sent yet.
 */
static void
corrupt (struct half *h, int d, uint64_t n)
{
  struct trap *t = &corruptions[d];

  if (t->set && t->left <= n) {
    queue_invert (&h->queue, t->left);
    t->set = false;
  }
}

static void
count_down (struct trap *t, uint64_t n)
{
  if (t->set)
    t->left -= n;
}

/* Write at most ‘n’ bytes, which may leave.  False: there is nothing to go
 * on with.
 */
static bool
write_bytes (struct conn *c, int d, uint64_t n)
{
  struct half *h = &c->half[d];
  struct iovec iov[2];
  struct msghdr msg = { .msg_iov = iov };
  ssize_t r;

  if (cuts[d].set && n > cuts[d].left)
    n = cuts[d].left;
  corrupt (h, d, n);
  msg.msg_iovlen = queue_head (&h->queue, n, iov);
  r = sendmsg (c->end[!d].fd, &msg, MSG_NOSIGNAL);
  if (r == -1) {
    h->full = errno == EAGAIN;
    if (errno != EAGAIN && errno != EINTR)
      kill_conn (c, false);
    return false;
  }
  h->full = (uint64_t) r < n;
  n_bytes[d] += r;
  queue_remove (&h->queue, r);
  count_down (&corruptions[d], r);
  count_down (&cuts[d], r);
  if (cuts[d].set && cuts[d].left == 0) {
    cuts[d].set = false;
    kill_conn (c, cuts[d].fin);
    return false;
  }
  return true;
}

static void
write_half (struct conn *c, int d, uint64_t now)
{
  struct half *h = &c->half[d];
  uint64_t n = queue_ready (&h->queue, now);

  if (n > 0 && !write_bytes (c, d, n))
    return;
  if (h->eof && !h->eof_sent && queue_empty (&h->queue) &&
      h->eof_due <= now) {
    h->eof_sent = true;
    shutdown (c->end[!d].fd, SHUT_WR);
  }
  if (c->half[UP].eof_sent && c->half[DOWN].eof_sent)
    kill_conn (c, true);
}

/* Move what can be moved, then wait for what is needed to go on. */
static void
pump (struct conn *c, uint64_t now)
{
  uint32_t want[2] = { 0, 0 };
  int d;

  for (d = 0; d < 2 && !c->dead && !c->silent && !c->connecting; ++d) {
    if (!c->half[d].stalled && !c->half[d].full)
      write_half (c, d, now);
  }
  if (c->dead)
    return;
  if (c->connecting)
    want[DOWN] = EPOLLOUT;
  else if (!c->silent) {
    for (d = 0; d < 2; ++d) {
      if (c->half[d].stalled)
        continue;
      if (queue_room (&c->half[d].queue) > 0 && !c->half[d].eof)
        want[d] |= EPOLLIN;
      if (c->half[d].full)
        want[!d] |= EPOLLOUT;
    }
  }
  for (d = 0; d < 2; ++d)
    if (c->end[d].fd != -1)
      watch (&c->end[d], want[d]);
}

static void
end_event (struct conn *c, int d, uint32_t events)
{
  if (c->dead)
    return;
  if (c->connecting) {
    check_connected (c);
    return;
  }
  if ((events & EPOLLOUT) != 0)
    c->half[!d].full = false;
  /* An error shows when reading. */
  if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0 &&
      !c->half[d].stalled && !c->silent)
    read_half (c, d);
  /* A reset while there is nothing to read from this side any more. */
  if (!c->dead && (events & EPOLLERR) != 0 && c->half[d].eof)
    kill_conn (c, false);
}

/* Which connection an event belongs to. */
static void
find_end (struct source *s, uint32_t events)
{
  struct conn *c;
  int d;

  for (c = conns; c != NULL; c = c->next)
    for (d = 0; d < 2; ++d)
      if (&c->end[d] == s) {
        end_event (c, d, events);
        return;
      }
}

/* All of them. */

void
conns_init (const struct sockaddr_storage *addr, socklen_t len)
{
  target_addr = *addr;
  target_len = len;
}

void
conns_accept (int fd, enum reception reception)
{
  struct conn *c = calloc (1, sizeof *c);
  const int one = 1;
  int d;

  if (c == NULL)
    err (EXIT_FAILURE, NULL);
  for (d = 0; d < 2; ++d) {
    c->end[d] = (struct source) { .fd = -1, .ready = find_end };
    queue_init (&c->half[d].queue);
  }
  c->id = ++n_accepted;
  c->end[UP].fd = fd;
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  c->next = conns;
  conns = c;

  switch (reception) {
  case CONNECT: connect_target (c); break;
  case RESET: kill_conn (c, false); break;
  case SILENCE: c->silent = true; break;
  }
}

void
conns_kill (uint64_t id, bool fin)
{
  struct conn *c;

  for (c = conns; c != NULL; c = c->next)
    if (id == 0 || c->id == id)
      kill_conn (c, fin);
}

void
conns_reset_every (uint64_t ns)
{
  reset_every_ns = ns;
  next_reset = now_ns () + ns;
}

void
conns_stall (uint64_t id, enum direction d, bool on)
{
  struct conn *c;

  for (c = conns; c != NULL; c = c->next)
    if (id == 0 || c->id == id)
      c->half[d].stalled = on;
}

void
conns_delay (uint64_t ns)
{
  delay_ns = ns;
}

void
conns_cut (enum direction d, uint64_t n, bool fin)
{
  cuts[d] = (struct trap) { .set = true, .fin = fin, .left = n };
}

void
conns_corrupt (enum direction d, uint64_t n)
{
  corruptions[d] = (struct trap) { .set = true, .left = n };
}

void
conns_facts (struct conn_facts *facts)
{
  size_t used = 0;
  struct conn *c;

  *facts = (struct conn_facts) {
    .accepted = n_accepted, .killed = n_killed,
    .bytes = { n_bytes[UP], n_bytes[DOWN] },
  };
  for (c = conns; c != NULL; c = c->next) {
    if (c->dead)
      continue;
    facts->open++;
    if (used + 24 < sizeof facts->ids)
      used += sprintf (facts->ids + used, "%s%" PRIu64, used ? "," : "",
                       c->id);
  }
}

void
conns_run (void)
{
  uint64_t now = now_ns ();
  struct conn *c;

  for (c = conns; c != NULL; c = c->next)
    if (!c->dead)
      pump (c, now);
  conns_sweep ();
}

uint64_t
conns_due (void)
{
  uint64_t due = reset_every_ns ? next_reset : UINT64_MAX;
  struct conn *c;
  int d;

  for (c = conns; c != NULL; c = c->next)
    for (d = 0; d < 2; ++d) {
      const struct half *h = &c->half[d];
      uint64_t next = queue_due (&h->queue);

      if (h->stalled || h->full)
        continue;
      if (next == UINT64_MAX && h->eof && !h->eof_sent)
        next = h->eof_due;
      if (next < due)
        due = next;
    }
  return due == UINT64_MAX ? 0 : due;
}

void
conns_tick (void)
{
  if (reset_every_ns != 0 && next_reset <= now_ns ()) {
    conns_kill (0, false);
    next_reset += reset_every_ns;
  }
}

void
conns_sweep (void)
{
  struct conn **pc = &conns, *c;
  int d;

  while ((c = *pc) != NULL) {
    if (!c->dead) {
      pc = &c->next;
      continue;
    }
    *pc = c->next;
    for (d = 0; d < 2; ++d)
      queue_free (&c->half[d].queue);
    free (c);
  }
}
