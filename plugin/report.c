/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>

#include "clock.h"
#include "report.h"
#include "thread.h"

#define ERRORS_TOLD      20
#define ERRORS_PERIOD_MS 10000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t period_end;     /* clock_ms */
static unsigned told, untold;

/* A thread that lives from the first error that is not told to the end of its
 * period.
 */
static pthread_t counter;
static bool counting;           /* it has not said yet what it counts */
static bool have_counter;       /* it is to be joined */
static bool ending;
static pthread_cond_t end_cond;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
init_cond (void)
{
  clock_cond_init (&end_cond);
}

/* Under the lock. */
static void
tell_untold (void)
{
  if (untold > 0)
    nbdkit_error ("%u further errors were not shown (they are with -v)",
                  untold);
  told = untold = 0;
}

static void *
count (void *unused __attribute__ ((__unused__)))
{
  pthread_mutex_lock (&lock);
  while (!ending && clock_left (period_end) > 0)
    clock_wait (&end_cond, &lock, period_end);
  tell_untold ();
  counting = false;
  pthread_mutex_unlock (&lock);
  return NULL;
}

/* Under the lock.  Without a thread the number is told with the next error. */
static void
start_counter (void)
{
  if (counting)
    return;
  pthread_once (&once, init_cond);
  if (have_counter)
    pthread_join (counter, NULL); /* it has let the lock go */

  counting = have_counter = thread_start (&counter, count, NULL) == 0;
}

void
report_some (const char *msg)
{
  const uint64_t now = clock_ms ();
  bool tell;

  pthread_mutex_lock (&lock);
  if (now >= period_end) {
    tell_untold ();
    period_end = now + ERRORS_PERIOD_MS;
  }
  tell = told < ERRORS_TOLD;
  if (tell)
    told++;
  else {
    untold++;
    start_counter ();
  }
  pthread_mutex_unlock (&lock);

  if (tell)
    nbdkit_error ("%s", msg);
  else
    nbdkit_debug ("%s", msg);
}

void
report_end (void)
{
  pthread_mutex_lock (&lock);
  ending = true;
  if (counting)
    pthread_cond_signal (&end_cond);
  pthread_mutex_unlock (&lock);
  if (have_counter)
    pthread_join (counter, NULL);
  have_counter = false;
}
