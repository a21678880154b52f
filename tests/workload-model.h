/* SPDX-License-Identifier: BSD-3-Clause */

/* What a disk may hold: the model behind workload.c.  Pure.
 *
 * The disk is cut into slots.  Every write to a slot carries the slot's
 * next sequence number in every 16-byte cell, so that a read tells which
 * write each cell came from.  An operation that fails may or may not have
 * happened, wholly or in part, and may still happen later: its value joins
 * the set of acceptable ones.  An operation that succeeds replaces the set:
 * from then on nothing older may ever be seen again.
 *
 * With one operation in flight per slot the set is always an interval of
 * sequence numbers plus, perhaps, zeroes: a slot costs 16 bytes, however
 * long the run is.
 */

#ifndef ISCSI_WORKLOAD_MODEL_H
#define ISCSI_WORKLOAD_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_CELL 16

struct slot {
  uint32_t next;                /* the next write's sequence number */
  uint32_t low, high;           /* acceptable; none when low > high */
  bool zero;                    /* so are zeroes */
  bool known;                   /* false: nothing was written yet */
  bool busy;                    /* an operation is in flight */
};

/* What is wrong with the data of a slot. */
enum fault {
  FAULT_NONE,
  FAULT_FILL,     /* one byte all over: a buffer that nobody filled */
  FAULT_TORN,     /* cells of several writes, not all acceptable */
  FAULT_FOREIGN,  /* another slot's, another place's or another run's data */
  FAULT_STALE,    /* this slot's, but an older write's */
  FAULT_GARBAGE,  /* nothing that was ever written */
  FAULT_MAX
};

extern const char *const fault_name[FAULT_MAX];

/* The data of write ‘seq’ to slot ‘index’.  ‘run’ sets this run's data
 * apart from what an earlier one left on the disk.
 */
extern void model_fill (uint8_t *buf, size_t len, uint32_t run,
                        uint32_t index, uint32_t seq);

/* Take the next sequence number for a write that is about to start. */
extern uint32_t model_next (struct slot *s);

/* An operation ended.  A failed write to a slot that was never written
 * leaves it unknown.
 */
extern void model_written (struct slot *s, uint32_t seq, bool ok);
extern void model_zeroed (struct slot *s, bool ok);
/* After a trim, old data and zeroes are both right, whatever it returned. */
extern void model_trimmed (struct slot *s);

/* Check data against the slot's set.  *seen is a sequence number to show
 * for FAULT_STALE and FAULT_TORN, else 0; *cell is the first bad cell.
 */
extern enum fault model_check (const struct slot *s, const uint8_t *buf,
                               size_t len, uint32_t run, uint32_t index,
                               uint32_t *seen, size_t *cell);

#endif /* ISCSI_WORKLOAD_MODEL_H */
