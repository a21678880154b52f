/* SPDX-License-Identifier: BSD-3-Clause */

/* Several ways to the same end, of which each may take long: the next one is
 * tried when those before it have failed, or beside them (as RFC 8305 section 5
 * does with connections).
 */

#ifndef ISCSI_RACE_H
#define ISCSI_RACE_H

#include <stddef.h>

#include "stop.h"

/* No more ways than that are tried. */
#define RACE_MAX 64

struct race_ops {
  /* Way number ‘i’ is about to be tried.  For how long the next one waits for
   * it, in ms, unless it fails sooner.  On the caller's thread.
   */
  unsigned (*begin) (void *opaque, size_t i);

  /* Try it; 0: it has worked, else -1.  It ends soon once ‘stop’ says so.  On a
   * thread of its own, unless there is one way only, or no thread can be had.
   */
  int (*run) (void *opaque, size_t i, const struct stop *stop);
};

/* Try ‘n’ ways in this order.  The number of the one that has worked first; -1:
 * none has, or ‘stop’ ended it.  All have ended then, and others may have
 * worked, too.  Any thread; blocks.
 */
extern int race_run (const struct race_ops *ops, void *opaque, size_t n,
                     const struct stop *stop);

#endif /* ISCSI_RACE_H */
