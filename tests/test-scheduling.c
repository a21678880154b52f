/* SPDX-License-Identifier: BSD-3-Clause */

/* When threads leave SCHED_BATCH, and when they return. */

#include <config.h>

#include "check.h"
#include "debug.h"
#include "scheduling.h"

void debug_session (const char *fs __attribute__ ((__unused__)), ...) { }

static uint64_t now;            /* ms */

/* So many samples, one every 10 ms. */
static void
samples (struct sched_judge *j, unsigned n, uint64_t us)
{
  for (; n > 0; --n) {
    now += 10;
    sched_judge_waited (j, us, now);
    sched_judge_tick (j, now);
  }
}

/* Until it changes, at most for so long; how long that took. */
static uint64_t
time_away (struct sched_judge *j, uint64_t at_most)
{
  const uint64_t start = now;

  while (!j->batch && now - start < at_most) {
    now += 10;
    sched_judge_tick (j, now);
  }
  return now - start;
}

static void
test_quiet (void)
{
  struct sched_judge j = SCHED_JUDGE_START;

  samples (&j, 1000, 75);
  CHECK (j.batch);

  /* Single long waits happen. */
  samples (&j, 1, 2000);
  CHECK (j.batch);
  samples (&j, 100, 50);
  samples (&j, 1, 2500);
  CHECK (j.batch);
}

static void
test_busy (void)
{
  struct sched_judge j = SCHED_JUDGE_START;

  samples (&j, 40, 400);
  CHECK (!j.batch);
}

/* Each try that ends soon doubles the time to the next one, up to about a
 * minute; one that does not sets it back.
 */
static void
test_pauses (void)
{
  static const uint64_t expected[] = {
    2000, 4000, 8000, 16000, 32000, 64000, 64000,
  };
  struct sched_judge j = SCHED_JUDGE_START;
  size_t i;

  for (i = 0; i < sizeof expected / sizeof expected[0]; ++i) {
    while (j.batch)
      samples (&j, 1, 1000);
    CHECK_UINT (time_away (&j, 1000000), expected[i]);
    CHECK (j.batch);
  }
  samples (&j, 1001, 50);
  while (j.batch)
    samples (&j, 1, 1000);
  CHECK_UINT (time_away (&j, 1000000), 2000);
}

/* What was felt before the try does not count. */
static void
test_fresh (void)
{
  struct sched_judge j = SCHED_JUDGE_START;

  while (j.batch)
    samples (&j, 1, 1000);
  time_away (&j, 1000000);
  samples (&j, 1, 1000);
  CHECK (j.batch);
}

int
main (void)
{
  test_quiet ();
  test_busy ();
  test_pauses ();
  test_fresh ();
  return check_summary ();
}
