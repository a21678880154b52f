/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "thread.h"

int
thread_start (pthread_t *thread, void *(*fn) (void *), void *opaque)
{
  static const int bugs[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
  sigset_t set, old;
  unsigned i;
  int r;

  sigfillset (&set);
  for (i = 0; i < sizeof bugs / sizeof bugs[0]; ++i)
    sigdelset (&set, bugs[i]);
  pthread_sigmask (SIG_SETMASK, &set, &old);
  r = pthread_create (thread, NULL, fn, opaque);
  pthread_sigmask (SIG_SETMASK, &old, NULL);
  return r;
}

/* Of the whole process: clients that ask for lists share them. */
#define MAX_HELPERS 256

static atomic_uint helpers;

struct each {
  size_t n;
  atomic_size_t next;
  void (*fn) (void *opaque, size_t i);
  void *opaque;
};

static bool
may_have_helper (void)
{
  if (atomic_fetch_add (&helpers, 1) < MAX_HELPERS)
    return true;
  atomic_fetch_sub (&helpers, 1);
  return false;
}

static void *
do_some (void *ev)
{
  struct each *e = ev;
  size_t i;

  while ((i = atomic_fetch_add (&e->next, 1)) < e->n)
    e->fn (e->opaque, i);
  return NULL;
}

void
thread_each (size_t n, unsigned most, void (*fn) (void *opaque, size_t i),
             void *opaque)
{
  struct each e = { .n = n, .fn = fn, .opaque = opaque };
  pthread_t threads[MAX_HELPERS];
  unsigned i, started = 0;

  while (started + 1 < most && started + 1 < n && may_have_helper ()) {
    if (thread_start (&threads[started], do_some, &e) != 0) {
      atomic_fetch_sub (&helpers, 1);
      break;
    }
    started++;
  }
  do_some (&e);
  for (i = 0; i < started; ++i) {
    pthread_join (threads[i], NULL);
    atomic_fetch_sub (&helpers, 1);
  }
}
