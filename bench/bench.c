/* SPDX-License-Identifier: BSD-3-Clause */

/* Compares NBD servers that serve the same disk.  One process loads them in
 * turn, in slices so short that whatever else the machine does meets all of
 * them alike; while one is measured the others have nothing in flight.  The
 * first server is the base of all ratios.
 */

#include <config.h>

#include <signal.h>
#include <stdlib.h>

#include "hogs.h"
#include "options.h"
#include "run.h"

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
  hogs_start (o.hogs);
  sigaction (SIGINT, &sa, NULL);
  if (o.idle_s > 0)
    return run_idle (&o);
  if (o.memory_s > 0)
    return run_memory (&o);
  return run_matrix (&o);
}
