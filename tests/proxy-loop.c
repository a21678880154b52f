/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "proxy-loop.h"

static int epfd = -1;

void
die (const char *fs, ...)
{
  va_list args;

  fprintf (stderr, "fault-proxy: ");
  va_start (args, fs);
  vfprintf (stderr, fs, args);
  va_end (args);
  fputc ('\n', stderr);
  exit (EXIT_FAILURE);
}

uint64_t
now_ns (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC, &ts);
  return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void
loop_init (void)
{
  epfd = epoll_create1 (EPOLL_CLOEXEC);
  if (epfd == -1)
    die ("%s", strerror (errno));
}

/* epoll reports errors and hang-ups of whatever it knows, asked or not: a
 * source that waits for nothing is taken out, or the loop would spin.
 */
void
watch (struct source *s, uint32_t events)
{
  struct epoll_event ev = { .events = events, .data.ptr = s };

  if (events == s->events && s->watched == (events != 0))
    return;
  if (epoll_ctl (epfd, events == 0 ? EPOLL_CTL_DEL
                 : s->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
                 s->fd, &ev) == -1)
    die ("epoll_ctl: %s", strerror (errno));
  s->watched = events != 0;
  s->events = events;
}

void
loop_wait (void)
{
  struct epoll_event ev[64];
  struct source *s;
  int i, n;

  n = epoll_wait (epfd, ev, sizeof ev / sizeof ev[0], -1);
  if (n == -1 && errno != EINTR)
    die ("epoll_wait: %s", strerror (errno));
  for (i = 0; i < n; ++i) {
    s = ev[i].data.ptr;
    s->ready (s, ev[i].events);
  }
}
