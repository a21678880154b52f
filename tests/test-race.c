/* SPDX-License-Identifier: BSD-3-Clause */

/* Several attempts side by side (race.h).  None ends before what it waits for
 * has happened, so no result depends on time.
 */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "check.h"
#include "race.h"
#include "thread.h"

enum how { FAILS, WORKS, HANGS, WORKS_LATE, TAKES_TIME, IS_NOT_TRIED };

struct test {
  enum how how[4];
  unsigned patience;            /* ms, with one that does not end by itself */
  atomic_uint begun, ended, stopped;
  atomic_bool beside;           /* some ran on another thread */
  pthread_t caller;
};

/* How many threads there are to be had. */
static unsigned threads = 100;

extern int __real_thread_start (pthread_t *, void *(*) (void *), void *);
extern int __wrap_thread_start (pthread_t *, void *(*) (void *), void *);

int
__wrap_thread_start (pthread_t *thread, void *(*fn) (void *), void *opaque)
{
  if (threads == 0)
    return EAGAIN;
  threads--;
  return __real_thread_start (thread, fn, opaque);
}

static void
rest (void)
{
  nanosleep (&(struct timespec) { .tv_nsec = 1000000 }, NULL);
}

/* An hour is not waited for one that has failed. */
#define LONG 3600000

static unsigned
begin (void *tv, size_t i)
{
  struct test *t = tv;

  CHECK_UINT (i, t->begun);
  if (t->how[i] == IS_NOT_TRIED)
    return RACE_NO_MORE;
  t->begun++;
  return t->how[i] == FAILS || t->how[i] == WORKS ? LONG : t->patience;
}

/* WORKS_LATE: when it is told to stop; TAKES_TIME: it works unless it is. */
static int
run (void *tv, size_t i, const struct stop *stop)
{
  struct test *t = tv;
  enum how how = t->how[i];
  unsigned n;

  if (how == TAKES_TIME) {
    for (n = 0; n < 50 && !stop_asked (stop); ++n)
      rest ();
    how = n == 50 ? WORKS : FAILS;
  }
  t->beside |= !pthread_equal (pthread_self (), t->caller);
  if (how == HANGS || how == WORKS_LATE) {
    while (!stop_asked (stop))
      rest ();
    t->stopped++;
  }
  t->ended++;
  return how == WORKS || how == WORKS_LATE ? 0 : -1;
}

static const struct race_ops ops = { .begin = begin, .run = run };

static int
race (struct test *t, size_t n, const struct stop *stop)
{
  int r;

  t->caller = pthread_self ();
  r = race_run (&ops, t, n, stop);
  CHECK_UINT (t->ended, t->begun);
  return r;
}

static void
test_in_turn (void)
{
  struct test t = { .how = { FAILS, FAILS, WORKS, WORKS } };

  CHECK_INT (race (&t, 4, NULL), 2);
  CHECK_UINT (t.begun, 3);
  CHECK (t.beside);
}

static void
test_none (void)
{
  struct test t = { .how = { FAILS, FAILS, FAILS } };

  CHECK_INT (race (&t, 3, NULL), -1);
  CHECK_UINT (t.begun, 3);
  CHECK_INT (race (&t, 0, NULL), -1);
}

static void
test_beside_one_that_hangs (void)
{
  struct test t = { .how = { HANGS, WORKS }, .patience = 10 };

  CHECK_INT (race (&t, 2, NULL), 1);
  CHECK_UINT (t.stopped, 1);
}

static void
test_failed_beside_one_that_hangs (void)
{
  struct test t = { .how = { HANGS, FAILS, FAILS, WORKS }, .patience = 10 };

  CHECK_INT (race (&t, 4, NULL), 3);
  CHECK_UINT (t.stopped, 1);
}

static void
test_no_more (void)
{
  struct test t = { .how = { FAILS, IS_NOT_TRIED, WORKS } };

  CHECK_INT (race (&t, 3, NULL), -1);
  CHECK_UINT (t.begun, 1);
}

/* Then the caller makes the attempt, and hears that another has worked. */
static void
test_no_thread (void)
{
  struct test t = { .how = { TAKES_TIME, HANGS }, .patience = 10 };

  threads = 1;
  CHECK_INT (race (&t, 2, NULL), 0);
  CHECK_UINT (t.stopped, 1);
  threads = 100;
}

/* It is not the winner, though it is the first in the row. */
static void
test_two_have_worked (void)
{
  struct test t = { .how = { WORKS_LATE, WORKS }, .patience = 10 };

  CHECK_INT (race (&t, 2, NULL), 1);
  CHECK_UINT (t.ended, 2);
}

/* There is none that could be tried beside them. */
static void
test_last_are_waited_for (void)
{
  struct test t = { .how = { HANGS, TAKES_TIME }, .patience = 0 };
  struct test u = { .how = { TAKES_TIME, FAILS }, .patience = 0 };

  CHECK_INT (race (&t, 2, NULL), 1);
  CHECK_INT (race (&u, 2, NULL), 0);
}

static bool
has_begun (void *tv)
{
  const struct test *t = tv;

  return t->begun == 2;
}

/* It is asked, too, where no attempt is waited for. */
static void
test_stop (void)
{
  struct test t = { .how = { HANGS, HANGS, WORKS }, .patience = 0 };
  const struct stop stop = { .asked = has_begun, .opaque = &t };

  CHECK_INT (race (&t, 3, &stop), -1);
  CHECK_UINT (t.begun, 2);
  CHECK_UINT (t.stopped, 2);
}

static bool
yes (void *opaque __attribute__ ((__unused__)))
{
  return true;
}

static void
test_only_one (void)
{
  struct test t = { .how = { WORKS } };
  const struct stop stop = { .asked = yes };

  CHECK_INT (race (&t, 1, NULL), 0);
  CHECK (!t.beside);

  t = (struct test) { .how = { HANGS } };
  CHECK_INT (race (&t, 1, &stop), -1);
  CHECK (!t.beside);
}

int
main (void)
{
  test_in_turn ();
  test_none ();
  test_beside_one_that_hangs ();
  test_failed_beside_one_that_hangs ();
  test_no_more ();
  test_no_thread ();
  test_two_have_worked ();
  test_last_are_waited_for ();
  test_stop ();
  test_only_one ();
  return check_summary ();
}
