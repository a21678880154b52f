/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "check.h"
#include "rangelock.h"

/* A thread that takes a range, tells when, and gives it back when told. */
struct taker {
  pthread_t thread;
  struct rangelock *l;
  uint64_t lba, blocks;
  bool alone;
  atomic_uint *order;
  atomic_uint taken;            /* its place in the order, 0: not yet */
  atomic_bool let_go;
};

static void *
take (void *arg)
{
  struct taker *t = arg;
  struct range r;

  rangelock_acquire (t->l, &r, t->lba, t->blocks, t->alone);
  t->taken = ++*t->order;
  while (!t->let_go)
    sched_yield ();
  rangelock_release (t->l, &r);
  return NULL;
}

static void
start (struct taker *t)
{
  if (pthread_create (&t->thread, NULL, take, t) != 0)
    abort ();
}

static void
finish (struct taker *t)
{
  t->let_go = true;
  pthread_join (t->thread, NULL);
}

/* Until so many threads wait for their range: a test that never gets there
 * is ended by alarm.
 */
static void
until_waiting (struct rangelock *l, unsigned n)
{
  unsigned waiting;

  do {
    sched_yield ();
    pthread_mutex_lock (&l->lock);
    waiting = l->waiting;
    pthread_mutex_unlock (&l->lock);
  } while (waiting != n);
}

static void
until_taken (struct taker *t)
{
  while (t->taken == 0)
    sched_yield ();
}

/* None of these waits: the test would not end. */
static void
test_side_by_side (struct rangelock *l)
{
  struct range shared1, shared2, alone1, alone2;

  rangelock_acquire (l, &shared1, 0, 10, false);
  rangelock_acquire (l, &shared2, 5, 10, false);
  rangelock_acquire (l, &alone1, 15, 1, true);
  rangelock_acquire (l, &alone2, 16, 1, true);
  CHECK_UINT (l->waiting, 0);
  rangelock_release (l, &shared1);
  rangelock_release (l, &alone1);
  rangelock_release (l, &alone2);
  rangelock_release (l, &shared2);
  CHECK (l->shared == NULL);
  CHECK (l->alone == NULL);
}

/* Who holds a range, who comes, and whether that one must wait. */
static const struct {
  const char *name;
  uint64_t lba, blocks;
  bool alone;
  uint64_t lba2, blocks2;
  bool alone2;
  bool waits;
} pairs[] = {
  { "shared, shared",       10, 5, false, 12, 5, false, false },
  { "alone, alone",         10, 5, true,  12, 5, true,  true },
  { "alone, shared",        10, 5, true,  12, 5, false, true },
  { "shared, alone",        10, 5, false, 12, 5, true,  true },
  { "just before",          10, 5, true,   5, 5, true,  false },
  { "just behind",          10, 5, true,  15, 5, true,  false },
  { "first block",          10, 5, true,   6, 5, true,  true },
  { "last block",           10, 5, true,  14, 5, true,  true },
  { "inside",               10, 5, true,  12, 1, false, true },
  { "around",               10, 5, true,   0, 99, false, true },
};

static void
test_pairs (struct rangelock *l)
{
  struct range held;
  atomic_uint order;
  size_t i;

  for (i = 0; i < sizeof pairs / sizeof pairs[0]; ++i) {
    struct taker t = {
      .l = l, .lba = pairs[i].lba2, .blocks = pairs[i].blocks2,
      .alone = pairs[i].alone2, .order = &order,
    };

    check_row = pairs[i].name;
    order = 0;
    rangelock_acquire (l, &held, pairs[i].lba, pairs[i].blocks,
                       pairs[i].alone);
    start (&t);
    if (pairs[i].waits) {
      until_waiting (l, 1);
      CHECK_UINT (t.taken, 0);
    }
    else
      until_taken (&t);
    rangelock_release (l, &held);
    until_taken (&t);
    finish (&t);
    CHECK_UINT (l->waiting, 0);
  }
  check_row = NULL;
}

/* Whole-block writes must not overtake a read-modify-write that waits,
 * unless they are about other blocks.
 */
static void
test_fair (struct rangelock *l)
{
  atomic_uint order = 0;
  struct taker rmw = {
    .l = l, .lba = 4, .blocks = 4, .alone = true, .order = &order,
  };
  struct taker behind = {
    .l = l, .lba = 6, .blocks = 4, .order = &order,
  };
  struct taker elsewhere = {
    .l = l, .lba = 8, .blocks = 4, .order = &order,
  };
  struct range held;

  rangelock_acquire (l, &held, 0, 8, false);
  start (&rmw);
  until_waiting (l, 1);
  start (&behind);
  until_waiting (l, 2);
  start (&elsewhere);
  until_taken (&elsewhere);
  CHECK_UINT (elsewhere.taken, 1);

  rangelock_release (l, &held);
  until_taken (&rmw);
  CHECK_UINT (rmw.taken, 2);
  CHECK_UINT (behind.taken, 0);
  finish (&rmw);
  until_taken (&behind);
  CHECK_UINT (behind.taken, 3);
  finish (&behind);
  finish (&elsewhere);
}

/* Many threads, few blocks: never an intruder, and nobody is left. */
#define THREADS 6
#define ROUNDS  20000
#define BLOCKS  16

struct crowd {
  struct rangelock *l;
  atomic_int holders[BLOCKS];   /* shared ones, or -1 */
  atomic_uint intruders;
};

struct member {
  pthread_t thread;
  struct crowd *c;
  uint32_t random;
};

static uint32_t
next_random (uint32_t *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

static void
enter (struct crowd *c, const struct range *r)
{
  uint64_t b;

  for (b = r->lba; b < r->lba + r->blocks; ++b) {
    if (r->alone ? atomic_exchange (&c->holders[b], -1) != 0 :
        atomic_fetch_add (&c->holders[b], 1) < 0)
      c->intruders++;
  }
}

static void
leave (struct crowd *c, const struct range *r)
{
  uint64_t b;

  for (b = r->lba; b < r->lba + r->blocks; ++b) {
    if (r->alone ? atomic_exchange (&c->holders[b], 0) != -1 :
        atomic_fetch_sub (&c->holders[b], 1) <= 0)
      c->intruders++;
  }
}

static void *
mill_about (void *arg)
{
  struct member *m = arg;
  struct range r;
  uint64_t lba;
  unsigned i;

  for (i = 0; i < ROUNDS; ++i) {
    lba = next_random (&m->random) % BLOCKS;
    rangelock_acquire (m->c->l, &r, lba,
                       1 + next_random (&m->random) % (BLOCKS - lba),
                       next_random (&m->random) % 3 == 0);
    enter (m->c, &r);
    if (i % 8 == 0)
      sched_yield ();
    leave (m->c, &r);
    rangelock_release (m->c->l, &r);
  }
  return NULL;
}

static void
test_crowd (struct rangelock *l)
{
  struct crowd c = { .l = l };
  struct member m[THREADS];
  unsigned i;

  for (i = 0; i < THREADS; ++i) {
    m[i].c = &c;
    m[i].random = 12345 + i;
    if (pthread_create (&m[i].thread, NULL, mill_about, &m[i]) != 0)
      abort ();
  }
  for (i = 0; i < THREADS; ++i)
    pthread_join (m[i].thread, NULL);

  CHECK_UINT (c.intruders, 0);
  CHECK_UINT (l->waiting, 0);
  CHECK (l->shared == NULL);
  CHECK (l->alone == NULL);
  CHECK (l->queue == NULL);
  CHECK (l->queue_tail == &l->queue);
}

int
main (void)
{
  struct rangelock l;

  alarm (500);
  rangelock_init (&l);
  test_side_by_side (&l);
  test_pairs (&l);
  test_fair (&l);
  test_crowd (&l);
  rangelock_destroy (&l);
  return check_summary ();
}
