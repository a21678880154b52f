/* SPDX-License-Identifier: BSD-3-Clause */

/* Medians, geometric means and a histogram of latencies.  No I/O. */

#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stddef.h>
#include <stdint.h>

/* Latencies in nanoseconds.  32 buckets for each power of two: 3 % wide. */
#define HISTOGRAM_STEPS 32
#define HISTOGRAM_BUCKETS (HISTOGRAM_STEPS * 40)

struct histogram {
  uint32_t bucket[HISTOGRAM_BUCKETS];
};

extern void histogram_add (struct histogram *h, uint64_t ns);

/* The upper edge of the bucket below which ‘fraction’ of the samples lie;
 * 0 if there are none.
 */
extern uint64_t histogram_at (const struct histogram *h, double fraction);

/* These sort ‘v’ in place.  NAN if n is 0.  ‘fraction’ 0.5 is the median. */
extern double stats_quantile (double *v, size_t n, double fraction);

/* All the values must be positive.  NAN if n is 0. */
extern double stats_geomean (const double *v, size_t n);

#endif /* BENCH_STATS_H */
