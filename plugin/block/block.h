/* SPDX-License-Identifier: BSD-3-Clause */

/* Block I/O in bytes, as NBD has it, to SCSI commands: choose the command,
 * split it to the LUN's limits, align it, fall back where an optional
 * command is missing, and remember that.
 *
 * All take the handle of an open disk and a range inside its size; any
 * offset and count work, whatever the block length.  Any thread, parallel.
 * They return 0, or -1 with *err set: an errno that NBD can carry (EIO,
 * EPERM, ENOSPC, ENOMEM, ESHUTDOWN, ENOTSUP for fast zero) and a sentence.
 */

#ifndef ISCSI_BLOCK_H
#define ISCSI_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "handle.h"
#include "error.h"

extern int block_read (struct handle *h, void *buf,
                       uint32_t count, uint64_t offset, struct error *err);
extern int block_write (struct handle *h, const void *buf,
                        uint32_t count, uint64_t offset, bool fua,
                        struct error *err);

/* SYNCHRONIZE CACHE of the whole medium.  0: it was carried out, or the LUN
 * has just said that it has no write cache.
 */
extern int block_flush (struct handle *h, struct error *err);

/* UNMAP, else WRITE SAME with UNMAP; a hint: what cannot be unmapped stays
 * as it is, without an error.
 */
extern int block_trim (struct handle *h, uint32_t count, uint64_t offset,
                       bool fua, struct error *err);

/* Zeroes are guaranteed.  may_trim: the range may become unmapped.  fast:
 * ENOTSUP at once where it would be no faster than writing.
 */
extern int block_zero (struct handle *h, uint32_t count, uint64_t offset,
                       bool may_trim, bool fast, bool fua,
                       struct error *err);

/* PRE-FETCH; a hint: a target that refuses it is no error. */
extern int block_cache (struct handle *h, uint32_t count, uint64_t offset,
                        struct error *err);

/* What the LUN offers, for .can_*. */
extern bool block_can_trim (const struct handle *h);
extern bool block_can_cache (const struct handle *h);
extern bool block_has_fua (const struct handle *h);

#endif /* ISCSI_BLOCK_H */
