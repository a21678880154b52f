/* SPDX-License-Identifier: BSD-3-Clause */

/* Which blocks are being written.  A write of whole blocks may run beside
 * any other write of whole blocks; a read-modify-write of part of a block
 * must be alone on its blocks, or it would write back old bytes over a
 * newer, acknowledged write.
 */

#ifndef ISCSI_RANGELOCK_H
#define ISCSI_RANGELOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct range {
  uint64_t lba, blocks;
  bool alone;                   /* read-modify-write */
  struct range *next, **pprev;
};

struct rangelock {
  pthread_mutex_t lock;
  pthread_cond_t cond;
  struct range *shared, *alone; /* those that hold it */
  unsigned waiting;             /* threads that wait for their range */
  struct range *queue, **queue_tail; /* in order of arrival */
};

extern void rangelock_init (struct rangelock *l);
extern void rangelock_destroy (struct rangelock *l);

/* Wait until the range may be written.  Fair: a later request never starves
 * an earlier one on the same blocks.  ‘r’ lives on the caller's stack until
 * rangelock_release.  Bounded by the deadlines of those that hold it.
 */
extern void rangelock_acquire (struct rangelock *l, struct range *r,
                               uint64_t lba, uint64_t blocks, bool alone);
extern void rangelock_release (struct rangelock *l, struct range *r);

#endif /* ISCSI_RANGELOCK_H */
