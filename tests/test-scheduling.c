/* SPDX-License-Identifier: BSD-3-Clause */

/* When threads leave SCHED_BATCH, and when they return. */

#include <config.h>

#include "check.h"
#include "debug.h"
#include "scheduling.h"

void debug_session (const char *fs __attribute__ ((__unused__)), ...) { }

static uint64_t now;            /* ms */

/* So many samples, one every 10 ms, of threads that wait so many times as long
 * as they run.
 */
static void
samples (struct sched_judge *j, unsigned n, unsigned ratio)
{
  for (; n > 0; --n) {
    now += 10;
    sched_judge_sample (j, 500 * ratio, 500, now);
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

  samples (&j, 1000, 5);
  CHECK (j.batch);

  /* Single long waits happen. */
  samples (&j, 1, 30);
  CHECK (j.batch);
  samples (&j, 100, 2);
  samples (&j, 1, 70);
  CHECK (j.batch);
}

static void
test_busy (void)
{
  struct sched_judge j = SCHED_JUDGE_START;

  samples (&j, 100, 3);
  CHECK (j.batch);
  samples (&j, 40, 12);
  CHECK (!j.batch);
}

/* A thread that never gets a core at all. */
static void
test_starved (void)
{
  struct sched_judge j = SCHED_JUDGE_START;
  unsigned i;

  for (i = 0; i < 8; ++i)
    sched_judge_sample (&j, 4000, 0, now);
  CHECK (!j.batch);
}

/* Each try that ends soon doubles the time to the next one, up to half a
 * minute; one that does not sets it back.
 */
static void
test_pauses (void)
{
  static const uint64_t expected[] = {
    1000, 2000, 4000, 8000, 16000, 32000, 32000,
  };
  struct sched_judge j = SCHED_JUDGE_START;
  size_t i;

  for (i = 0; i < sizeof expected / sizeof expected[0]; ++i) {
    while (j.batch)
      samples (&j, 1, 20);
    CHECK_UINT (time_away (&j, 1000000), expected[i]);
    CHECK (j.batch);
  }
  samples (&j, 1001, 5);
  while (j.batch)
    samples (&j, 1, 20);
  CHECK_UINT (time_away (&j, 1000000), 1000);
}

/* What was felt before the try does not count. */
static void
test_fresh (void)
{
  struct sched_judge j = SCHED_JUDGE_START;

  while (j.batch)
    samples (&j, 1, 20);
  time_away (&j, 1000000);
  samples (&j, 1, 20);
  CHECK (j.batch);
}

int
main (void)
{
  test_quiet ();
  test_busy ();
  test_starved ();
  test_pauses ();
  test_fresh ();
  return check_summary ();
}
