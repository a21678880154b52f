/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <signal.h>
#include <stdatomic.h>

#include "check.h"
#include "thread.h"

#define N 1000

static atomic_uint calls[N], under_way, most_under_way;
static sigset_t seen;

static void *
look_at_signals (void *opaque __attribute__ ((__unused__)))
{
  pthread_sigmask (SIG_SETMASK, NULL, &seen);
  return NULL;
}

/* Those of the server's threads are not for ours, and a bug is heard of. */
static void
test_signals (void)
{
  pthread_t thread;
  sigset_t before, after;

  pthread_sigmask (SIG_SETMASK, NULL, &before);
  CHECK_INT (thread_start (&thread, look_at_signals, NULL), 0);
  pthread_join (thread, NULL);
  CHECK_INT (sigismember (&seen, SIGTERM), 1);
  CHECK_INT (sigismember (&seen, SIGUSR1), 1);
  CHECK_INT (sigismember (&seen, SIGSEGV), 0);
  CHECK_INT (sigismember (&seen, SIGABRT), 0);
  pthread_sigmask (SIG_SETMASK, NULL, &after);
  CHECK_INT (sigismember (&after, SIGTERM), sigismember (&before, SIGTERM));
}

static void
call (void *opaque, size_t i)
{
  const unsigned now = atomic_fetch_add (&under_way, 1) + 1;
  unsigned most = atomic_load (&most_under_way);

  while (now > most &&
         !atomic_compare_exchange_weak (&most_under_way, &most, now))
    ;
  atomic_fetch_add (&calls[i], 1);
  /* Each of these asks for more of them. */
  if (opaque)
    thread_each (3, 64, opaque, NULL);
  atomic_fetch_sub (&under_way, 1);
}

static void
one_more (void *opaque __attribute__ ((__unused__)),
          size_t i __attribute__ ((__unused__)))
{
}

static void
check_each (size_t n, unsigned most, void *inner)
{
  size_t i;

  for (i = 0; i < N; i++)
    calls[i] = 0;
  most_under_way = 0;
  thread_each (n, most, call, inner);
  for (i = 0; i < N; i++)
    CHECK_UINT (calls[i], i < n);
  CHECK (most_under_way <= (most > 0 ? most : 1));
}

int
main (void)
{
  test_signals ();
  check_each (0, 16, NULL);
  check_each (1, 16, NULL);
  check_each (N, 0, NULL);
  check_each (N, 1, NULL);
  check_each (N, 4, NULL);
  check_each (3, 16, NULL);
  /* More than there may be in the process. */
  check_each (N, 1000, NULL);
  check_each (N, 300, one_more);
  return check_summary ();
}
