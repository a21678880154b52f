/* SPDX-License-Identifier: BSD-3-Clause */

/* READ and WRITE of any range of bytes, whatever the block length.  Block
 * data move straight from or to the caller's buffer; only what lies around
 * it in its first and last block goes through memory of our own.
 */

#ifndef ISCSI_TRANSFER_H
#define ISCSI_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "handle.h"
#include "error.h"
#include "rangelock.h"
#include "work.h"

/* ‘rq’ is what the client asked for, for messages: count and offset may be
 * a part of it, in bytes.  All return 0, or -1 with *err set.  Any thread of
 * a client; they block until the range is done or has failed.
 */
extern int transfer_read (struct handle *h, const struct request *rq,
                          void *buf, uint64_t count, uint64_t offset,
                          struct error *err);

/* Hold the blocks of a request that changes them, in h->writes, which is
 * where to release them: alone, if the first or the last is not wholly
 * inside.  Waits as rangelock_acquire says.
 */
extern void transfer_hold (struct handle *h, struct range *range,
                           uint64_t count, uint64_t offset);

/* The caller holds the range.  *fua: write past the volatile cache; false
 * when it comes back means that a flush is needed instead.
 */
extern int transfer_write (struct handle *h, const struct request *rq,
                           const void *buf, uint64_t count, uint64_t offset,
                           bool *fua, struct error *err);

/* The same with zeroes. */
extern int transfer_write_zeroes (struct handle *h, const struct request *rq,
                                  uint64_t count, uint64_t offset,
                                  struct error *err);

/* Plenty of zeroes, for commands that take them from elsewhere: at least
 * one block.  Not to be written to.
 */
extern uint8_t transfer_zeroes[];

#endif /* ISCSI_TRANSFER_H */
