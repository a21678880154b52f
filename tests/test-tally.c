/* SPDX-License-Identifier: BSD-3-Clause */

/* Requests are counted by kind, and a stall is time in which there were some
 * and none was over; with many threads none is missing.
 */

#include <config.h>

#include <pthread.h>
#include <time.h>

#include "check.h"
#include "tally.h"

#define THREADS  8
#define REQUESTS 20000

static _Atomic uint64_t clock_now = 1000000; /* ms */

extern int __wrap_clock_gettime (clockid_t clock, struct timespec *ts);

int
__wrap_clock_gettime (clockid_t clock __attribute__ ((unused)),
                      struct timespec *ts)
{
  ts->tv_sec = clock_now / 1000;
  ts->tv_nsec = clock_now % 1000 * 1000000;
  return 0;
}

static struct status_lun
row_of (const struct tally *t)
{
  struct status_lun row = { .lun = 0 };

  tally_report (t, &row);
  return row;
}

static void
counts_by_kind (void)
{
  static struct tally t, sum;
  struct status_lun row;

  tally_begin (&t);
  CHECK_UINT (row_of (&t).in_flight, 1);
  CHECK_UINT (row_of (&t).requests[OP_READ], 0);
  tally_end (&t, OP_READ, 4096, false);
  tally_begin (&t);
  tally_end (&t, OP_WRITE, 512, false);
  tally_begin (&t);
  tally_end (&t, OP_WRITE, 512, true);
  tally_begin (&t);
  tally_end (&t, OP_EXTENTS, 0, false);
  row = row_of (&t);
  CHECK_UINT (row.in_flight, 0);
  CHECK_UINT (row.requests[OP_READ], 1);
  CHECK_UINT (row.bytes[OP_READ], 4096);
  CHECK_UINT (row.requests[OP_WRITE], 2);
  CHECK_UINT (row.bytes[OP_WRITE], 512);
  CHECK_UINT (row.errors[OP_WRITE], 1);
  CHECK_UINT (row.requests[OP_EXTENTS], 1);
  CHECK_UINT (row.errors[OP_READ], 0);

  /* Connections add up, those that are over too. */
  tally_add (&sum, &t);
  tally_add (&sum, &t);
  tally_report (&sum, &row);
  CHECK_UINT (row.requests[OP_WRITE], 6);
  CHECK_UINT (row.bytes[OP_READ], 3 * 4096);
  CHECK_UINT (row.errors[OP_WRITE], 3);
}

static void
stalls (void)
{
  static struct tally t, other, sum;
  struct status_lun row;

  tally_begin (&t);
  clock_now += 100;
  CHECK_UINT (row_of (&t).stall, 100);
  CHECK_UINT (row_of (&t).longest_stall, 100);
  /* A second one does not end it, and that one is over does. */
  tally_begin (&t);
  clock_now += 50;
  CHECK_UINT (row_of (&t).stall, 150);
  tally_end (&t, OP_READ, 512, false);
  CHECK_UINT (row_of (&t).stall, 0);
  clock_now += 20;
  CHECK_UINT (row_of (&t).stall, 20);
  tally_end (&t, OP_READ, 512, false);
  CHECK_UINT (row_of (&t).longest_stall, 150);

  /* Without requests time is no stall. */
  clock_now += 100000;
  CHECK_UINT (row_of (&t).stall, 0);
  tally_begin (&t);
  CHECK_UINT (row_of (&t).stall, 0);
  clock_now += 10;
  tally_end (&t, OP_READ, 512, false);
  CHECK_UINT (row_of (&t).longest_stall, 150);

  /* Of several connections the longest. */
  tally_begin (&other);
  clock_now += 30;
  tally_begin (&t);
  clock_now += 30;
  row = row_of (&t);
  tally_report (&other, &row);
  CHECK_UINT (row.stall, 60);
  CHECK_UINT (row.longest_stall, 150);
  CHECK_UINT (row.in_flight, 2);
  tally_end (&other, OP_FLUSH, 0, false);
  tally_end (&t, OP_FLUSH, 0, false);
  tally_add (&sum, &other);
  tally_add (&sum, &t);
  CHECK_UINT (row_of (&sum).longest_stall, 150);
  CHECK_UINT (row_of (&sum).stall, 0);
}

static struct tally shared;
static atomic_bool reading = true;

static void *
ask (void *unused __attribute__ ((unused)))
{
  unsigned i;

  for (i = 0; i < REQUESTS; ++i) {
    tally_begin (&shared);
    tally_end (&shared, i % NR_OPS, 512, i % 100 == 0);
    if (i % 16 == 0)
      clock_now++;
  }
  return NULL;
}

/* The first request of a tally that is new: the time of the last one, which is
 * 0, must not be seen with it.
 */
static void *
look (void *unused __attribute__ ((unused)))
{
  while (reading)
    if (row_of (&shared).stall >= 1000000)
      return &shared;
  return NULL;
}

static void
many_threads (void)
{
  pthread_t threads[THREADS], reader;
  uint64_t requests = 0, errors = 0, bytes = 0;
  struct status_lun row;
  unsigned i;
  void *r;

  pthread_create (&reader, NULL, look, NULL);
  for (i = 0; i < THREADS; ++i)
    pthread_create (&threads[i], NULL, ask, NULL);
  for (i = 0; i < THREADS; ++i)
    pthread_join (threads[i], NULL);
  reading = false;
  pthread_join (reader, &r);
  CHECK (r == NULL);
  row = row_of (&shared);
  for (i = 0; i < NR_OPS; ++i) {
    requests += row.requests[i];
    errors += row.errors[i];
    bytes += row.bytes[i];
  }
  CHECK_UINT (requests, THREADS * REQUESTS);
  CHECK_UINT (errors, THREADS * REQUESTS / 100);
  CHECK_UINT (bytes, (requests - errors) * 512);
  CHECK_UINT (row.in_flight, 0);
  CHECK_UINT (row.stall, 0);
}

int
main (void)
{
  counts_by_kind ();
  stalls ();
  many_threads ();
  return check_summary ();
}
