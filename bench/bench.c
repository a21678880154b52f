/* SPDX-License-Identifier: BSD-3-Clause */

/* Compares NBD servers that serve the same disk.  One process loads them in
 * turn, in slices so short that whatever else the machine does meets all of
 * them alike; while one is measured the others have nothing in flight.  The
 * first server is the base of all ratios.
 */

#include <config.h>

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

#include "options.h"
#include "run.h"

/* Processes that use a whole core each, as far as they are let. */
static void
start_hogs (unsigned n)
{
  const pid_t parent = getpid ();
  volatile unsigned long spin;
  unsigned i;
  pid_t pid;

  for (i = 0; i < n; ++i) {
    pid = fork ();
    if (pid == -1)
      err (EXIT_FAILURE, "fork");
    if (pid == 0) {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      while (getppid () == parent)
        for (spin = 0; spin < 10000000; ++spin)
          ;
      _exit (EXIT_SUCCESS);
    }
  }
}

static void
interrupt (int sig __attribute__ ((unused)))
{
  run_interrupted = 1;
}

int
main (int argc, char *argv[])
{
  const struct sigaction sa = {
    .sa_handler = interrupt, .sa_flags = SA_RESETHAND,
  };
  struct options o;

  options_parse (&o, argc, argv);
  start_hogs (o.hogs);
  sigaction (SIGINT, &sa, NULL);
  if (o.idle_s > 0)
    return run_idle (&o);
  if (o.memory_s > 0)
    return run_memory (&o);
  return run_matrix (&o);
}
