/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdatomic.h>
#include <time.h>

#include "clock.h"
#include "fake-clock.h"

#define SLICE_MS 2

static _Atomic uint64_t now = 1000000;

uint64_t
clock_ms (void)
{
  return now;
}

void
clock_cond_init (pthread_cond_t *cond)
{
  pthread_cond_init (cond, NULL);
}

/* It may return early, and so it does. */
void
clock_wait (pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline)
{
  struct timespec ts;

  if (now >= deadline)
    return;
  clock_gettime (CLOCK_REALTIME, &ts);
  ts.tv_nsec += SLICE_MS * 1000000L;
  if (ts.tv_nsec >= 1000000000L) {
    ts.tv_nsec -= 1000000000L;
    ts.tv_sec++;
  }
  pthread_cond_timedwait (cond, lock, &ts);
}

int
clock_poll (struct pollfd *fds, nfds_t n, uint64_t deadline)
{
  return poll (fds, n, now >= deadline ? 0 : SLICE_MS);
}

void
fake_clock_turn (uint64_t ms)
{
  atomic_fetch_add (&now, ms);
}

void
fake_clock_rest (void)
{
  const struct timespec ts = { .tv_nsec = 1000000 };

  nanosleep (&ts, NULL);
}

bool
fake_clock_await (bool (*is_so) (void *), void *opaque)
{
  unsigned i;

  for (i = 0; i < 10000; ++i) {
    if (is_so (opaque))
      return true;
    fake_clock_rest ();
  }
  return is_so (opaque);
}

bool
fake_clock_turn_until (bool (*is_so) (void *), void *opaque, unsigned step,
                       uint64_t limit)
{
  uint64_t passed;
  unsigned i;

  for (passed = 0; passed < limit; passed += step) {
    for (i = 0; i < 5; ++i) {
      if (is_so (opaque))
        return true;
      fake_clock_rest ();
    }
    fake_clock_turn (step);
  }
  return is_so (opaque);
}
