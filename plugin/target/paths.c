/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include "alua.h"
#include "paths.h"

int
paths_choose_nexus (const struct nexus_view *v, size_t n, int now)
{
  int best = -1;
  size_t i;

  for (i = 0; i < n; ++i) {
    if (!v[i].usable || v[i].rank >= ALUA_NO_IO)
      continue;
    if (best == -1 || v[i].rank < v[best].rank ||
        (v[i].rank == v[best].rank && v[i].users < v[best].users))
      best = (int) i;
  }
  if (best == -1 || now == -1 || !v[now].usable)
    return best;
  if (v[now].rank == v[best].rank && v[now].users < v[best].users + 2)
    return now;
  return best;
}

static bool
is_better (const struct portal_view *a, const struct portal_view *b)
{
  if (a->failed_at != b->failed_at)
    return a->failed_at < b->failed_at;
  if (a->alive != b->alive)
    return a->alive;
  if (a->settles != b->settles)
    return a->settles;
  if (a->rank != b->rank)
    return a->rank < b->rank;
  return a->nexuses < b->nexuses;
}

size_t
paths_choose_portal (const struct portal_view *v, size_t n)
{
  size_t i, best = 0;

  for (i = 1; i < n; ++i)
    if (is_better (&v[i], &v[best]))
      best = i;
  return best;
}

int
paths_better_portal (const struct portal_view *v, size_t n, size_t now)
{
  int best = -1;
  size_t i;

  for (i = 0; i < n; ++i) {
    if (i == now || v[i].rank >= ALUA_NO_IO)
      continue;
    if (v[i].rank > v[now].rank ||
        (v[i].rank == v[now].rank && v[i].nexuses + 1 > v[now].nexuses))
      continue;
    if (best == -1 || v[i].rank < v[best].rank ||
        (v[i].rank == v[best].rank && v[i].nexuses < v[best].nexuses))
      best = (int) i;
  }
  return best;
}
