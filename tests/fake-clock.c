/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fake-clock.h"

#define SLICE_MS 2
#define PATIENCE_MS 10000

static _Atomic uint64_t now = 1000000;

/* Who waits for a time, by whether the round in which that began is odd.  They
 * come to look at the clock by a timer of the machine, and however late that
 * is, they have had nothing to do only when they have looked.
 */
static atomic_uint current_round, waiting[2];

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

static unsigned
begin_wait (void)
{
  const unsigned parity = current_round % 2;

  atomic_fetch_add (&waiting[parity], 1);
  return parity;
}

static void
end_wait (unsigned parity)
{
  atomic_fetch_sub (&waiting[parity], 1);
}

static void
wait_slice (pthread_cond_t *cond, pthread_mutex_t *lock)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC, &ts);
  ts.tv_nsec += SLICE_MS * 1000000L;
  if (ts.tv_nsec >= 1000000000L) {
    ts.tv_nsec -= 1000000000L;
    ts.tv_sec++;
  }
  pthread_cond_clockwait (cond, lock, CLOCK_MONOTONIC, &ts);
}

/* It may return early, and so it does. */
void
clock_wait (pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline)
{
  const unsigned parity = begin_wait ();

  if (now < deadline)
    wait_slice (cond, lock);
  end_wait (parity);
}

int
clock_poll (struct pollfd *fds, nfds_t n, uint64_t deadline)
{
  const unsigned parity = begin_wait ();
  const int r = poll (fds, n, now >= deadline ? 0 : SLICE_MS);

  end_wait (parity);
  return r;
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

/* Of the thread of that number: has it something to do, on a processor or
 * waiting for one?
 */
static bool
runs (const char *tid)
{
  char name[64], stat[128];
  const char *state = NULL;
  FILE *fp;

  snprintf (name, sizeof name, "/proc/self/task/%.20s/stat", tid);
  fp = fopen (name, "re");
  if (fp == NULL)
    return false;
  if (fgets (stat, sizeof stat, fp))
    state = strrchr (stat, ')');
  fclose (fp);
  return state && state[1] == ' ' && (state[2] == 'R' || state[2] == 'D');
}

static bool
others_run (void)
{
  DIR *dir = opendir ("/proc/self/task");
  const struct dirent *d;
  bool r = false;

  if (dir == NULL)
    return false;
  while (!r && (d = readdir (dir)) != NULL)
    r = d->d_name[0] != '.' && atoi (d->d_name) != (int) gettid () &&
      runs (d->d_name);
  closedir (dir);
  return r;
}

/* Two rounds.  A thread that has read the old time, and begins to wait after the
 * first round has begun, is waited for in the second.  And a thread may hand
 * something to another one while they are looked at, so that neither is seen
 * to run: the second look sees the other.
 */
void
fake_clock_settle (void)
{
  unsigned old, i, ms = 0;

  for (i = 0; i < 2; ++i) {
    old = atomic_fetch_add (&current_round, 1) % 2;
    do
      fake_clock_rest ();
    while (ms++ < PATIENCE_MS && (waiting[old] > 0 || others_run ()));
  }
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

  for (passed = 0; passed < limit; passed += step) {
    fake_clock_settle ();
    if (is_so (opaque))
      return true;
    fake_clock_turn (step);
  }
  fake_clock_settle ();
  return is_so (opaque);
}
