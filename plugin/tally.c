/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <time.h>

#include "tally.h"

/* A few milliseconds are no stall: the clock that costs least will do. */
static uint64_t
coarse_ms (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC_COARSE, &ts);
  return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}

/* Mostly it is that much already, and then nothing is written. */
static void
raise_to (_Atomic uint64_t *at, uint64_t value)
{
  uint64_t now = atomic_load (at);

  while (now < value && !atomic_compare_exchange_weak (at, &now, value))
    ;
}

static void
add (_Atomic uint64_t *at, uint64_t n)
{
  atomic_fetch_add_explicit (at, n, memory_order_relaxed);
}

/* Whoever sees that there are requests must not see an old time with them. */
void
tally_begin (struct tally *t)
{
  if (atomic_load (&t->in_flight) == 0)
    raise_to (&t->ended, coarse_ms ());
  atomic_fetch_add (&t->in_flight, 1);
}

void
tally_end (struct tally *t, enum op op, uint32_t bytes, bool failed)
{
  const uint64_t now = coarse_ms (), before = atomic_load (&t->ended);

  add (&t->ops[op].requests, 1);
  if (failed)
    add (&t->ops[op].errors, 1);
  else if (bytes > 0)
    add (&t->ops[op].bytes, bytes);
  if (now > before) {
    raise_to (&t->longest_stall, now - before);
    raise_to (&t->ended, now);
  }
  atomic_fetch_sub (&t->in_flight, 1);
}

void
tally_report (const struct tally *t, struct status_lun *row)
{
  const uint64_t n = atomic_load (&t->in_flight);
  const uint64_t ended = atomic_load (&t->ended), now = coarse_ms ();
  const uint64_t stall = n > 0 && now > ended ? now - ended : 0;
  const uint64_t longest = atomic_load (&t->longest_stall);
  unsigned op;

  row->in_flight += n;
  if (stall > row->stall)
    row->stall = stall;
  if (longest > row->longest_stall)
    row->longest_stall = longest;
  if (stall > row->longest_stall)
    row->longest_stall = stall;
  for (op = 0; op < NR_OPS; ++op) {
    row->requests[op] += atomic_load (&t->ops[op].requests);
    row->bytes[op] += atomic_load (&t->ops[op].bytes);
    row->errors[op] += atomic_load (&t->ops[op].errors);
  }
}

void
tally_add (struct tally *sum, const struct tally *t)
{
  unsigned op;

  raise_to (&sum->longest_stall, atomic_load (&t->longest_stall));
  for (op = 0; op < NR_OPS; ++op) {
    add (&sum->ops[op].requests, atomic_load (&t->ops[op].requests));
    add (&sum->ops[op].bytes, atomic_load (&t->ops[op].bytes));
    add (&sum->ops[op].errors, atomic_load (&t->ops[op].errors));
  }
}
