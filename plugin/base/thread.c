/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <signal.h>

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
