/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <math.h>
#include <stdlib.h>

#include "stats.h"

/* Values below HISTOGRAM_STEPS have a bucket each.  Above, the top bit chooses
 * the group and the bits that follow it the bucket.
 */
static size_t
bucket_of (uint64_t ns)
{
  unsigned shift;
  size_t i;

  if (ns < HISTOGRAM_STEPS)
    return ns;
  shift = 63 - __builtin_clzll (ns) - 5;
  i = (size_t) (shift + 1) * HISTOGRAM_STEPS
    + ((ns >> shift) - HISTOGRAM_STEPS);
  return i < HISTOGRAM_BUCKETS ? i : HISTOGRAM_BUCKETS - 1;
}

static uint64_t
upper_edge (size_t i)
{
  unsigned shift;

  if (i < HISTOGRAM_STEPS)
    return i;
  shift = i / HISTOGRAM_STEPS - 1;
  return (uint64_t) (HISTOGRAM_STEPS + i % HISTOGRAM_STEPS + 1) << shift;
}

void
histogram_add (struct histogram *h, uint64_t ns)
{
  h->bucket[bucket_of (ns)]++;
}

uint64_t
histogram_at (const struct histogram *h, double fraction)
{
  uint64_t total = 0, seen = 0;
  size_t i;

  for (i = 0; i < HISTOGRAM_BUCKETS; ++i)
    total += h->bucket[i];
  if (total == 0)
    return 0;
  for (i = 0; i < HISTOGRAM_BUCKETS - 1; ++i) {
    seen += h->bucket[i];
    if (seen >= fraction * total)
      break;
  }
  return upper_edge (i);
}

static int
compare (const void *av, const void *bv)
{
  const double *a = av, *b = bv;

  return (*a > *b) - (*a < *b);
}

double
stats_quantile (double *v, size_t n, double fraction)
{
  double at, below;

  if (n == 0)
    return NAN;
  qsort (v, n, sizeof *v, compare);
  at = fraction * (n - 1);
  below = floor (at);
  if (below >= n - 1)
    return v[n - 1];
  return v[(size_t) below]
    + (at - below) * (v[(size_t) below + 1] - v[(size_t) below]);
}

double
stats_geomean (const double *v, size_t n)
{
  double sum = 0;
  size_t i;

  if (n == 0)
    return NAN;
  for (i = 0; i < n; ++i)
    sum += log (v[i]);
  return exp (sum / n);
}
