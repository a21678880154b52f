/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include "check.h"
#include "clock.h"
#include "stop.h"

/* As the tries of a command, and the logins, are paused. */
static void
test_backoff (void)
{
  static const unsigned pauses[] = { 0, 50, 100, 200, 400, 800, 1000, 1000 };
  unsigned i;

  for (i = 0; i < sizeof pauses / sizeof pauses[0]; ++i)
    CHECK_UINT (clock_backoff (i, 50, 1000), pauses[i]);
  CHECK_UINT (clock_backoff (1, 2000, 1000), 1000);
  CHECK_UINT (clock_backoff (UINT_MAX, 50, 1000), 1000);
  /* The longest, a day, is doubled once before it is cut. */
  CHECK_UINT (clock_backoff (8, 600000, 86400000), 76800000);
  CHECK_UINT (clock_backoff (9, 600000, 86400000), 86400000);
}

/* No later than the deadline, and soon enough to see a stop. */
static void
test_slice (void)
{
  const uint64_t now = clock_ms ();

  CHECK_UINT (stop_slice (now), now);
  CHECK (stop_slice (NO_DEADLINE) >= now + STOP_SLICE_MS);
  CHECK (stop_slice (NO_DEADLINE) <= clock_ms () + STOP_SLICE_MS);
}

int
main (void)
{
  test_backoff ();
  test_slice ();
  return check_summary ();
}
