/* SPDX-License-Identifier: BSD-3-Clause */

/* Attempts at the same thing, each of which may take long: the next one is made
 * when those before it have failed, or beside them after a while, as RFC 8305
 * section 5 has it for connections.
 */

#ifndef ISCSI_RACE_H
#define ISCSI_RACE_H

#include <limits.h>
#include <stddef.h>

#include "stop.h"

/* No more attempts than that are made. */
#define RACE_MAX 128

#define RACE_NO_MORE UINT_MAX

struct race_ops {
  /* Attempt number ‘i’ is about to be made.  For how long the next one waits
   * for it, in ms, unless it fails sooner; RACE_NO_MORE: neither it is made nor
   * another one.  On the caller's thread.
   */
  unsigned (*begin) (void *opaque, size_t i);

  /* Make it; 0: it has worked, else -1.  It ends soon once ‘stop’ says so.  On a
   * thread of its own, unless there is one attempt only, or no thread can be
   * had.
   */
  int (*run) (void *opaque, size_t i, const struct stop *stop);
};

/* Make up to ‘n’ attempts, in this order, until one has worked.  The number of
 * the one that has first, be it since ‘stop’ said so; -1: none has.  All have
 * ended then, and others may have worked, too.  Any thread; blocks.
 */
extern int race_run (const struct race_ops *ops, void *opaque, size_t n,
                     const struct stop *stop);

#endif /* ISCSI_RACE_H */
