/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

#include "hogs.h"

/* How far a hog counts for one unit of work: about ten microseconds. */
#define UNIT 10000

/* Each in a cache line of its own, shared with the hog that writes it. */
struct counter {
  volatile uint64_t work;
  char padding[64 - sizeof (uint64_t)];
};

static struct counter *counters;
static unsigned nr_hogs;

static void __attribute__ ((noreturn))
hog (struct counter *counter, pid_t parent)
{
  volatile unsigned spin;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  while (getppid () == parent) {
    for (spin = 0; spin < UNIT; ++spin)
      ;
    counter->work++;
  }
  _exit (EXIT_SUCCESS);
}

void
hogs_start (unsigned n)
{
  const pid_t parent = getpid ();
  pid_t pid;

  if (n == 0)
    return;
  counters = mmap (NULL, n * sizeof *counters, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (counters == MAP_FAILED)
    err (EXIT_FAILURE, "mmap");
  for (nr_hogs = 0; nr_hogs < n; ++nr_hogs) {
    pid = fork ();
    if (pid == -1)
      err (EXIT_FAILURE, "fork");
    if (pid == 0)
      hog (&counters[nr_hogs], parent);
  }
}

uint64_t
hogs_work (void)
{
  uint64_t sum = 0;
  unsigned i;

  for (i = 0; i < nr_hogs; ++i)
    sum += counters[i].work;
  return sum;
}
