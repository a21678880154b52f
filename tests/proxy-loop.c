/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "proxy-loop.h"

static int epfd = -1;

void
loop_init (void)
{
  epfd = epoll_create1 (EPOLL_CLOEXEC);
  if (epfd == -1)
    err (EXIT_FAILURE, NULL);
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
    err (EXIT_FAILURE, "epoll_ctl");
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
    err (EXIT_FAILURE, "epoll_wait");
  for (i = 0; i < n; ++i) {
    s = ev[i].data.ptr;
    s->ready (s, ev[i].events);
  }
}
