/* SPDX-License-Identifier: BSD-3-Clause */

/* GET LBA STATUS to a list of extents. */

#ifndef ISCSI_EXTENTS_H
#define ISCSI_EXTENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "handle.h"
#include "error.h"

/* Is it worth asking: a thin LUN that has not refused yet? */
extern bool extents_can (const struct handle *h);

/* Called with adjacent extents in bytes, in order, the first one starting
 * at the offset that was asked for.  -1 ends it (*err is the callee's).
 */
typedef int (*extents_fn) (void *opaque, uint64_t offset, uint64_t length,
                           bool hole, bool zero, struct error *err);

/* Tell the first extent of [offset, offset+count) and, unless ‘one’ is set, as
 * many of the next as few round trips bring.  What the target does not tell is
 * reported as data, never as a hole.  Any thread; returns and errors as
 * block.h.
 */
extern int extents_get (struct handle *h, uint32_t count, uint64_t offset,
                        bool one, extents_fn fn, void *opaque,
                        struct error *err);

#endif /* ISCSI_EXTENTS_H */
