/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "debug.h"
#include "scheduling.h"

/* On two cores that a client, a server and a target keep busy the average is
 * 50 to 75 us, and seldom over 200 for a short time; with two processes beside
 * them that use up their turns it is 200 to 400.
 */
#define LATE_US   200
#define MAX_US    1000          /* a single long wait decides nothing */
#define SAMPLES   16            /* how many make the average */

/* Out of SCHED_BATCH for this long, twice as long if the next try ends soon,
 * and so on.
 */
#define MIN_PAUSE_MS 2000
#define MAX_PAUSE_MS 64000
#define SOON_MS      10000

static void
change (struct sched_judge *j, bool batch, uint64_t now)
{
  j->batch = batch;
  j->wait_us = 0;
  j->since = now;
}

void
sched_judge_waited (struct sched_judge *j, uint64_t us, uint64_t now)
{
  if (us > MAX_US)
    us = MAX_US;
  j->wait_us = (j->wait_us * (SAMPLES - 1) + us) / SAMPLES;
  if (!j->batch || j->wait_us < LATE_US)
    return;

  if (j->pause_ms == 0 || now - j->since >= SOON_MS)
    j->pause_ms = MIN_PAUSE_MS;
  else if (j->pause_ms < MAX_PAUSE_MS)
    j->pause_ms *= 2;
  change (j, false, now);
}

void
sched_judge_tick (struct sched_judge *j, uint64_t now)
{
  if (!j->batch && now - j->since >= j->pause_ms)
    change (j, true, now);
}

#ifdef SCHED_BATCH

/* A thread takes a sample after so many requests, if it is the first in so
 * many ms.
 */
#define SAMPLE_REQUESTS 4
#define SAMPLE_MS       10

/* What the kernel has counted for a thread. */
struct waits {
  uint64_t ns;                  /* runnable, but not running */
  uint64_t turns;
};

static bool enabled;
static atomic_int class_now = SCHED_BATCH;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sched_judge judge = SCHED_JUDGE_START;
static uint64_t sampled_at;     /* ms */

/* The calling thread. */
static _Thread_local struct {
  int class;
  unsigned requests;
  struct waits before;          /* since it is in its class */
  bool have_before;
} here = { .class = -1 };

/* proc(5), CONFIG_SCHED_INFO */
static bool
read_waits (struct waits *w)
{
  FILE *fp = fopen ("/proc/thread-self/schedstat", "re");
  bool ok;

  if (fp == NULL)
    return false;
  ok = fscanf (fp, "%*u %" SCNu64 " %" SCNu64, &w->ns, &w->turns) == 2;
  fclose (fp);
  return ok;
}

void
sched_enable (void)
{
  struct sched_param param;
  struct waits w;
  int class;

  enabled = read_waits (&w) &&
    pthread_getschedparam (pthread_self (), &class, &param) == 0 &&
    class == SCHED_OTHER;
}

static void
set_class (int class)
{
  const struct sched_param param = { 0 };
  const int r = pthread_setschedparam (pthread_self (), class, &param);

  if (r != 0)
    debug_session ("cannot set the scheduling class: %s", strerror (r));
  here.class = class;           /* or it would be tried again and again */
  here.have_before = false;
}

/* Under the lock. */
static void
take_sample (uint64_t now)
{
  struct waits w;
  uint64_t turns;

  if (here.class != SCHED_BATCH || !read_waits (&w))
    return;
  turns = w.turns - here.before.turns;
  if (here.have_before && turns > 0)
    sched_judge_waited (&judge, (w.ns - here.before.ns) / turns / 1000, now);
  here.before = w;
  here.have_before = true;
}

static void
reconsider (void)
{
  const uint64_t now = clock_ms ();
  int class;

  if (pthread_mutex_trylock (&lock) != 0)
    return;
  if (now - sampled_at >= SAMPLE_MS) {
    sampled_at = now;
    take_sample (now);
    sched_judge_tick (&judge, now);
    class = judge.batch ? SCHED_BATCH : SCHED_OTHER;
    if (atomic_exchange (&class_now, class) != class)
      debug_session ("threads that serve requests: %s from now on",
                     judge.batch ? "SCHED_BATCH" : "SCHED_OTHER");
  }
  pthread_mutex_unlock (&lock);
}

void
sched_follow (void)
{
  int class;

  if (!enabled)
    return;
  if (++here.requests % SAMPLE_REQUESTS == 0)
    reconsider ();
  class = atomic_load_explicit (&class_now, memory_order_relaxed);
  if (here.class != class)
    set_class (class);
}

#else /* !SCHED_BATCH */

void sched_enable (void) { }
void sched_follow (void) { }

#endif
