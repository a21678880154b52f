/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <time.h>

#include "clock.h"

uint64_t
clock_ms (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC, &ts);
  return (uint64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
clock_cond_init (pthread_cond_t *cond)
{
  pthread_condattr_t attr;

  pthread_condattr_init (&attr);
  pthread_condattr_setclock (&attr, CLOCK_MONOTONIC);
  pthread_cond_init (cond, &attr);
  pthread_condattr_destroy (&attr);
}

void
clock_wait (pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline)
{
  const struct timespec ts = {
    .tv_sec = deadline / 1000,
    .tv_nsec = (long) (deadline % 1000) * 1000000,
  };

  if (deadline == NO_DEADLINE)
    pthread_cond_wait (cond, lock);
  else
    pthread_cond_timedwait (cond, lock, &ts);
}

int
clock_poll (struct pollfd *fds, nfds_t n, uint64_t deadline)
{
  return poll (fds, n, clock_left (deadline));
}
