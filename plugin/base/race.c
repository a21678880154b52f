/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "clock.h"
#include "race.h"
#include "thread.h"

struct race {
  const struct race_ops *ops;
  void *opaque;
  const struct stop *stop;
  atomic_bool over;             /* those that still run are to end */

  pthread_mutex_t lock;         /* protects the rest */
  pthread_cond_t changed;
  size_t begun, running;
  bool last_over;               /* the one that was begun last has ended */
  int winner;                   /* -1: none yet */
};

struct runner {
  struct race *race;
  size_t i;
  pthread_t thread;
  bool beside;                  /* it has one, to be joined */
  bool ended;                   /* under the lock: it has nothing to do any
                                   more */
};

static bool
is_over (void *rv)
{
  const struct race *r = rv;

  return r->over;
}

/* Of an attempt that the caller's thread makes. */
static bool
is_over_or_stopped (void *rv)
{
  const struct race *r = rv;

  return r->over || stop_asked (r->stop);
}

static void
run (struct race *r, size_t i, const struct stop *stop)
{
  const bool worked = r->ops->run (r->opaque, i, stop) == 0;

  pthread_mutex_lock (&r->lock);
  r->running--;
  r->last_over |= i + 1 == r->begun;
  if (worked && r->winner == -1)
    r->winner = (int) i;
  r->over |= worked;
  pthread_cond_broadcast (&r->changed);
  pthread_mutex_unlock (&r->lock);
}

static void *
run_beside (void *rv)
{
  struct runner *runner = rv;
  struct race *r = runner->race;
  const struct stop stop = { .asked = is_over, .opaque = r };

  run (r, runner->i, &stop);
  pthread_mutex_lock (&r->lock);
  runner->ended = true;
  pthread_mutex_unlock (&r->lock);
  return NULL;
}

/* False: there is no thread for it. */
static bool
start (struct runner *runner)
{
  runner->beside = thread_start (&runner->thread, run_beside, runner) == 0;
  return runner->beside;
}

/* All of them, or those that have ended: there may be many, one by one. */
static void
join (struct race *r, struct runner *runners, size_t n, bool all)
{
  bool ended;
  size_t i;

  for (i = 0; i < n; ++i) {
    pthread_mutex_lock (&r->lock);
    ended = runners[i].ended;
    pthread_mutex_unlock (&r->lock);
    if (runners[i].beside && (all || ended)) {
      pthread_join (runners[i].thread, NULL);
      runners[i].beside = false;
    }
  }
}

/* Until one has worked, the last one has failed, or the time is over; without a
 * limit: until all have.  False: no other one is to be tried.
 */
static bool
await (struct race *r, uint64_t until)
{
  bool asked = false, won;

  pthread_mutex_lock (&r->lock);
  while (r->winner == -1 && !asked && clock_ms () < until &&
         (until == NO_DEADLINE ? r->running > 0 : !r->last_over)) {
    clock_wait (&r->changed, &r->lock, stop_slice (until));
    pthread_mutex_unlock (&r->lock);
    asked = stop_asked (r->stop);
    pthread_mutex_lock (&r->lock);
  }
  won = r->winner != -1;
  pthread_mutex_unlock (&r->lock);
  return !won && !asked && !stop_asked (r->stop);
}

int
race_run (const struct race_ops *ops, void *opaque, size_t n,
          const struct stop *stop)
{
  struct race r = {
    .ops = ops, .opaque = opaque, .stop = stop, .winner = -1,
  };
  const struct stop in_place = { .asked = is_over_or_stopped, .opaque = &r };
  struct runner runners[RACE_MAX];
  size_t i;
  bool more = true;
  unsigned ms;

  if (n > RACE_MAX)
    n = RACE_MAX;
  pthread_mutex_init (&r.lock, NULL);
  clock_cond_init (&r.changed);
  for (i = 0; i < n && more; ++i) {
    ms = ops->begin (opaque, i);
    if (ms == RACE_NO_MORE)
      break;
    pthread_mutex_lock (&r.lock);
    r.begun = i + 1;
    r.running++;
    r.last_over = false;
    pthread_mutex_unlock (&r.lock);
    join (&r, runners, i, false);
    runners[i] = (struct runner) { .race = &r, .i = i };
    if (n == 1 || !start (&runners[i]))
      run (&r, i, &in_place);
    more = await (&r, clock_ms () + ms);
  }
  if (more)
    await (&r, NO_DEADLINE);
  r.over = true;
  join (&r, runners, r.begun, true);
  pthread_cond_destroy (&r.changed);
  pthread_mutex_destroy (&r.lock);
  return r.winner;
}
