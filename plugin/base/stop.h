/* SPDX-License-Identifier: BSD-3-Clause */

/* How calls that block are ended early. */

#ifndef ISCSI_STOP_H
#define ISCSI_STOP_H

#include <stdbool.h>
#include <stddef.h>

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

#endif /* ISCSI_STOP_H */
