/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "workload-options.h"
#include "workload-report.h"

/* Latencies in 16 steps per power of two of microseconds. */
#define LAT_STEPS 16
#define LAT_MAX (40 * LAT_STEPS)
#define MAX_ERRNO 200

static struct {
  uint64_t started, ended, last_done;
  uint64_t ops, by_op[OP_MAX], errors, by_errno[MAX_ERRNO];
  uint64_t wrong, by_fault[FAULT_MAX], dropped;
  uint64_t latency[LAT_MAX], latency_max, stall_max;
  uint64_t first_error, last_error, back;
  uint64_t backing_slots;
  uint64_t tick, tick_ops, tick_errors, tick_max;
} st;

static double
since_start (uint64_t t)
{
  return t == 0 ? -1 : (t - st.started) / 1e9;
}

uint64_t
report_start (void)
{
  st.started = st.last_done = st.tick = now_ns ();
  return st.started;
}

void
report_end (void)
{
  st.ended = now_ns ();
}

/* During the load. */

static unsigned
latency_bucket (uint64_t ns)
{
  uint64_t us = ns / 1000;
  unsigned p;

  if (us < LAT_STEPS)
    return us;
  p = 63 - __builtin_clzll (us);
  p = (p - 3) * LAT_STEPS + ((us >> (p - 4)) & (LAT_STEPS - 1));
  return p < LAT_MAX ? p : LAT_MAX - 1;
}

void
report_idle (void)
{
  st.last_done = now_ns ();
}

uint64_t
report_stall (uint64_t now)
{
  uint64_t stall = now - st.last_done;

  if (stall > st.stall_max)
    st.stall_max = stall;
  return stall;
}

static void
note_error (enum op op, uint32_t slot, uint64_t now, int err)
{
  if (st.errors++ == 0)
    st.first_error = now;
  st.last_error = now;
  st.back = 0;
  st.tick_errors++;
  st.by_errno[err > 0 && err < MAX_ERRNO ? err : 0]++;
  if (st.errors <= 5)
    fprintf (stderr, "workload: %.3fs: %s of slot %" PRIu32 ": %s\n",
             since_start (now), op_name[op], slot, strerror (err));
}

void
report_done (enum op op, uint32_t slot, uint64_t started, uint64_t now,
             int err)
{
  uint64_t took = now - started;

  report_stall (now);
  st.last_done = now;
  st.ops++;
  st.by_op[op]++;
  st.tick_ops++;
  st.latency[latency_bucket (took)]++;
  if (took > st.latency_max)
    st.latency_max = took;
  if (took > st.tick_max)
    st.tick_max = took;
  if (err != 0)
    note_error (op, slot, now, err);
  else if (st.last_error != 0 && st.back == 0)
    st.back = now;
}

uint64_t
report_ops (void)
{
  return st.ops;
}

void
report_histogram (uint64_t now)
{
  uint64_t step = (uint64_t) opt.histogram_ms * 1000000;

  if (step == 0)
    return;
  while (now - st.tick >= step) {
    fprintf (stderr, "histogram: at=%.1fs ops=%" PRIu64 " errors=%" PRIu64
             " max=%.1fms\n",
             since_start (st.tick), st.tick_ops, st.tick_errors,
             st.tick_max / 1e6);
    st.tick += step;
    st.tick_ops = st.tick_errors = st.tick_max = 0;
  }
}

void
report_dropped (void)
{
  st.dropped++;
  fprintf (stderr, "workload: %.3fs: the NBD connection was dropped\n",
           since_start (now_ns ()));
}

void
report_wrong (enum fault f, const char *where, uint32_t index, uint64_t at,
              uint32_t seen, const struct slot *s)
{
  st.by_fault[f]++;
  if (++st.wrong <= 10)
    fprintf (stderr, "workload: %.3fs: WRONG: %s data in %s, slot %" PRIu32
             " at byte %" PRIu64 ": write %" PRIu32 " found, %" PRIu32 "..%"
             PRIu32 "%s acceptable\n",
             since_start (now_ns ()), fault_name[f], where, index, at, seen,
             s->low, s->high, s->zero ? " or zeroes" : "");
}

/* Afterwards. */

void
report_read_back_error (const char *msg)
{
  if (st.errors++ < 5)
    fprintf (stderr, "workload: reading back: %s\n", msg);
}

void
report_backing (void)
{
  st.backing_slots++;
}

/* The upper end of a bucket, in ms. */
static double
bucket_ms (unsigned b)
{
  unsigned p = b / LAT_STEPS;

  if (p == 0)
    return (b + 1) / 1e3;
  return ((uint64_t) (LAT_STEPS + b % LAT_STEPS + 1) << (p - 1)) / 1e3;
}

static double
percentile_ms (double part)
{
  uint64_t sum = 0, want = st.ops * part;
  unsigned b;

  if (st.ops == 0)
    return 0;
  for (b = 0; b < LAT_MAX; ++b) {
    sum += st.latency[b];
    if (sum > want)
      break;
  }
  return bucket_ms (b < LAT_MAX ? b : LAT_MAX - 1);
}

void
report_summary (void)
{
  uint64_t end = st.ended ? st.ended : now_ns ();
  const char *sep = " errno=";
  unsigned i;

  printf ("workload: ops=%" PRIu64 " errors=%" PRIu64 " wrong=%" PRIu64
          " dropped=%" PRIu64 " stall=%.3fs p50=%.3fms p99=%.3fms"
          " p999=%.3fms max=%.3fms time=%.3fs rate=%.0f/s",
          st.ops, st.errors, st.wrong, st.dropped, st.stall_max / 1e9,
          percentile_ms (0.5), percentile_ms (0.99), percentile_ms (0.999),
          st.latency_max / 1e6, since_start (end),
          st.ops / since_start (end));
  for (i = 0; i < OP_MAX; ++i)
    printf (" %s=%" PRIu64, op_name[i], st.by_op[i]);
  printf (" backing=%" PRIu64, st.backing_slots);
  if (st.errors > 0)
    printf (" first-error=%.3fs last-error=%.3fs back=%.3fs",
            since_start (st.first_error), since_start (st.last_error),
            since_start (st.back));
  for (i = 0; i < MAX_ERRNO; ++i)
    if (st.by_errno[i] > 0) {
      printf ("%s%s:%" PRIu64, sep, i ? strerrorname_np (i) : "other",
              st.by_errno[i]);
      sep = ",";
    }
  for (i = FAULT_FILL; i < FAULT_MAX; ++i)
    if (st.by_fault[i] > 0)
      printf (" %s=%" PRIu64, fault_name[i], st.by_fault[i]);
  putchar ('\n');
  fflush (stdout);
}

void
report_hang (unsigned in_flight)
{
  fprintf (stderr, "workload: HANG: nothing came back for %.0f s, "
           "%u operations in flight\n", opt.stall_limit, in_flight);
  report_summary ();
}

bool
report_good (void)
{
  return st.wrong == 0 && st.dropped == 0 && st.errors <= opt.max_errors;
}
