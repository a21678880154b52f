/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fake-session.h"

/* What goes both ways.  No command, a NULL pointer: a ping. */
struct message {
  struct command *cmd;
  uint32_t token;
  uint32_t status;
};

#define MAX_MESSAGES 1024       /* more than an engine's depth */

struct session {
  int fd;
  struct queue carried;
  struct message out[MAX_MESSAGES]; /* to be sent */
  size_t nr_out;
  session_done_fn done;
  void *opaque;
  uint64_t last_heard;

  /* The other end. */
  pthread_t target;
  int target_fd;
  struct fake_habits habits;
  unsigned seed;
};

void
fake_token_set (struct command *cmd, uint32_t token)
{
  memcpy (cmd->cdb, &token, sizeof token);
}

uint32_t
fake_token_answer (uint32_t token)
{
  return token ^ 0x5a5a5a5a;
}

/* ---- the target ---- */

static unsigned
up_to (struct session *s, unsigned n)
{
  return (unsigned) rand_r (&s->seed) % n;
}

static bool
one_in (struct session *s, unsigned n)
{
  return n > 0 && up_to (s, n) == 0;
}

static void
dawdle (struct session *s)
{
  const struct timespec ts = {
    .tv_nsec = up_to (s, one_in (s, 100) ? 3000000 : 100000),
  };

  if (one_in (s, 4))
    nanosleep (&ts, NULL);
}

/* Answer some of the commands at random; how many are left. */
static size_t
answer_some (struct session *s, struct message *held, size_t n)
{
  size_t i, some = 1 + up_to (s, n);
  struct message m;

  for (; some > 0 && n > 0; --some) {
    i = up_to (s, n);
    m = held[i];
    held[i] = held[--n];
    m.token = fake_token_answer (m.token);
    m.status = m.cmd && one_in (s, s->habits.full_after)
      ? STATUS_TASK_SET_FULL : STATUS_GOOD;
    if (send (s->target_fd, &m, sizeof m, MSG_NOSIGNAL) != sizeof m)
      break;                    /* the session was closed */
  }
  return n;
}

static void *
target_thread (void *sv)
{
  struct session *s = sv;
  struct message held[MAX_MESSAGES];
  size_t n = 0;
  ssize_t r;

  for (;;) {
    r = recv (s->target_fd, &held[n], sizeof held[n],
              n > 0 ? MSG_DONTWAIT : 0);
    if (r == sizeof held[n]) {
      if (one_in (s, s->habits.ends_after))
        break;
      n++;
      continue;
    }
    if (r == 0 || (r == -1 && errno != EAGAIN))
      break;
    dawdle (s);
    n = answer_some (s, held, n);
  }
  shutdown (s->target_fd, SHUT_RDWR);
  return NULL;
}

/* ---- the session ---- */

/* Whole messages, and a send buffer of a few of them, so that it is full now
 * and then.
 */
struct session *
fake_session_new (const struct fake_habits *habits, uint64_t seed)
{
  struct session *s = calloc (1, sizeof *s);
  const int size = 8192;
  int fds[2];

  if (s == NULL || socketpair (AF_UNIX, SOCK_SEQPACKET, 0, fds) == -1) {
    free (s);
    return NULL;
  }
  s->fd = fds[0];
  s->target_fd = fds[1];
  s->habits = *habits;
  s->seed = seed;
  s->last_heard = clock_ms ();
  setsockopt (s->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  if (pthread_create (&s->target, NULL, target_thread, s) != 0) {
    close (s->fd);
    close (s->target_fd);
    free (s);
    return NULL;
  }
  return s;
}

void
session_close (struct session *s, struct queue *undone)
{
  shutdown (s->fd, SHUT_RDWR);
  pthread_join (s->target, NULL);
  close (s->fd);
  close (s->target_fd);
  if (undone)
    *undone = s->carried;
  free (s);
}

void
session_logout (struct session *s,
                uint64_t deadline __attribute__ ((__unused__)),
                const struct stop *stop __attribute__ ((__unused__)))
{
  session_close (s, NULL);
}

void
session_set_done (struct session *s, session_done_fn fn, void *opaque)
{
  s->done = fn;
  s->opaque = opaque;
}

static void
put (struct session *s, struct command *cmd)
{
  struct message m = { .cmd = cmd };

  if (s->nr_out == MAX_MESSAGES)
    abort ();
  if (cmd)
    memcpy (&m.token, cmd->cdb, sizeof m.token);
  s->out[s->nr_out++] = m;
}

int
session_submit (struct session *s, struct command *cmd)
{
  cmd->session = s;
  queue_append (&s->carried, cmd);
  put (s, cmd);
  return 0;
}

int
session_ping (struct session *s)
{
  put (s, NULL);
  return 0;
}

const struct queue *
session_carried (const struct session *s)
{
  return &s->carried;
}

bool
session_takes_more (const struct session *s __attribute__ ((__unused__)))
{
  return true;
}

unsigned
session_window (const struct session *s __attribute__ ((__unused__)))
{
  return UINT_MAX;
}

unsigned
session_window_closed (const struct session *s __attribute__ ((__unused__)))
{
  return 0;
}

int
session_fd (const struct session *s)
{
  return s->fd;
}

bool
session_wants_write (const struct session *s)
{
  return s->nr_out > 0;
}

int
session_portal_group (const struct session *s __attribute__ ((__unused__)))
{
  return 1;
}

uint64_t
session_last_heard (const struct session *s)
{
  return s->last_heard;
}

static bool
send_all (struct session *s)
{
  size_t i;

  for (i = 0; i < s->nr_out; ++i)
    if (send (s->fd, &s->out[i], sizeof s->out[i],
              MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
      break;
  s->nr_out -= i;
  memmove (s->out, s->out + i, s->nr_out * sizeof s->out[0]);
  return s->nr_out == 0 || errno == EAGAIN;
}

/* A few at a time, as libiscsi does. */
static bool
receive_some (struct session *s)
{
  struct message m;
  ssize_t r;
  unsigned i;

  for (i = 0; i < 16; ++i) {
    r = recv (s->fd, &m, sizeof m, MSG_DONTWAIT);
    if (r == -1 && errno == EAGAIN)
      break;
    if (r != sizeof m)
      return false;
    s->last_heard = clock_ms ();
    if (m.cmd == NULL)
      continue;
    if (m.cmd->session != s)
      abort ();                 /* answered twice */
    m.cmd->session = NULL;
    m.cmd->answer = (struct answer) {
      .status = m.status,
      .residual_count = m.token,
    };
    queue_remove (&s->carried, m.cmd);
    s->done (s->opaque, m.cmd);
  }
  return true;
}

int
session_service (struct session *s, int revents, struct error *err)
{
  if ((revents & POLLOUT) && !send_all (s))
    return error_set (err, ECONNRESET, "the target closed the connection");
  if ((revents & ~POLLOUT) && !receive_some (s))
    return error_set (err, ECONNRESET, "the target closed the connection");
  return 0;
}
