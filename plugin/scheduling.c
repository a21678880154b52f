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

/* Threads wait up to 7 times as long as they run on two cores that they share
 * with a client and a target, however busy all are, and mostly 2 to 5 times;
 * beside two processes that use up their turns it is 8 to 15 times.
 */
#define TOO_LONG    8
#define SAMPLES     16          /* so many of the last make the sums */
#define MIN_SAMPLES 8

/* Out of SCHED_BATCH for this long, twice as long if the next try ends soon,
 * and so on.
 */
#define MIN_PAUSE_MS 1000
#define MAX_PAUSE_MS 32000
#define SOON_MS      10000

static void
change (struct sched_judge *j, bool batch, uint64_t now)
{
  j->batch = batch;
  j->wait_us = j->run_us = j->samples = 0;
  j->since = now;
}

static void
add (uint64_t *sum, uint64_t us)
{
  *sum = *sum * (SAMPLES - 1) / SAMPLES + us;
}

void
sched_judge_sample (struct sched_judge *j, uint64_t wait_us, uint64_t run_us,
                    uint64_t now)
{
  add (&j->wait_us, wait_us);
  add (&j->run_us, run_us);
  if (!j->batch || ++j->samples < MIN_SAMPLES ||
      j->wait_us < j->run_us * TOO_LONG)
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
#define SAMPLE_REQUESTS 2
#define SAMPLE_MS       10

/* What the kernel has counted for a thread, in ns. */
struct times {
  uint64_t run;
  uint64_t wait;                /* runnable, but not running */
};

static bool enabled;
static atomic_int class_now = SCHED_BATCH;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sched_judge judge = SCHED_JUDGE_START;
static _Atomic uint64_t sampled_at; /* ms */

/* The calling thread. */
static _Thread_local struct {
  int class;
  unsigned requests;
  struct times before;          /* the last sample in this class */
} here = { .class = -1 };

/* Few requests come to it: the others are not to save registers for it. */
#define RARELY_CALLED __attribute__ ((__noinline__))

/* proc(5), CONFIG_SCHED_INFO */
static bool
read_times (struct times *t)
{
  FILE *fp = fopen ("/proc/thread-self/schedstat", "re");
  bool ok;

  if (fp == NULL)
    return false;
  ok = fscanf (fp, "%" SCNu64 " %" SCNu64, &t->run, &t->wait) == 2;
  fclose (fp);
  return ok;
}

void
sched_enable (void)
{
  struct sched_param param;
  struct times t;
  int class;

  enabled = read_times (&t) &&
    pthread_getschedparam (pthread_self (), &class, &param) == 0 &&
    class == SCHED_OTHER;
}

static RARELY_CALLED void
set_class (int class)
{
  const struct sched_param param = { 0 };
  const int r = pthread_setschedparam (pthread_self (), class, &param);

  if (r != 0)
    debug_session ("cannot set the scheduling class: %s", strerror (r));
  here.class = class;           /* or it would be tried again and again */
  read_times (&here.before);
}

/* Under the lock. */
static void
take_sample (uint64_t now)
{
  struct times t;

  if (here.class != SCHED_BATCH || !read_times (&t))
    return;
  sched_judge_sample (&judge, (t.wait - here.before.wait) / 1000,
                      (t.run - here.before.run) / 1000, now);
  here.before = t;
}

/* Is it time for a sample, and nobody quicker? */
static bool
is_due (uint64_t now)
{
  uint64_t last = sampled_at;

  return now >= last + SAMPLE_MS &&
    atomic_compare_exchange_strong (&sampled_at, &last, now);
}

static RARELY_CALLED void
reconsider (uint64_t now)
{
  int class;

  if (pthread_mutex_trylock (&lock) != 0)
    return;
  take_sample (now);
  sched_judge_tick (&judge, now);
  class = judge.batch ? SCHED_BATCH : SCHED_OTHER;
  if (atomic_exchange (&class_now, class) != class)
    debug_session ("threads that serve requests: %s from now on",
                   judge.batch ? "SCHED_BATCH" : "SCHED_OTHER");
  pthread_mutex_unlock (&lock);
}

void
sched_follow (void)
{
  uint64_t now;
  int class;

  if (!enabled)
    return;
  if (++here.requests % SAMPLE_REQUESTS == 0) {
    now = clock_ms ();
    if (is_due (now))
      reconsider (now);
  }
  class = atomic_load_explicit (&class_now, memory_order_relaxed);
  if (here.class != class)
    set_class (class);
}

#else /* !SCHED_BATCH */

void sched_enable (void) { }
void sched_follow (void) { }

#endif
