/* SPDX-License-Identifier: BSD-3-Clause */

/* How calls that block are ended early. */

#ifndef ISCSI_STOP_H
#define ISCSI_STOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"

/* Asked now and then, at least every STOP_SLICE_MS, during the call; true
 * ends it with ESHUTDOWN.  A pointer to it may be NULL.
 */
struct stop {
  bool (*asked) (void *opaque);
  void *opaque;
};

#define STOP_SLICE_MS 100

static inline bool
stop_asked (const struct stop *stop)
{
  return stop != NULL && stop->asked (stop->opaque);
}

/* When to ask next, for who waits until ‘deadline’ (clock_ms) at most. */
static inline uint64_t
stop_slice (uint64_t deadline)
{
  const uint64_t next = clock_ms () + STOP_SLICE_MS;

  return next < deadline ? next : deadline;
}

#endif /* ISCSI_STOP_H */
