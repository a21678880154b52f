/* SPDX-License-Identifier: BSD-3-Clause */

/* From bytes to blocks.  Pure arithmetic on block sizes that are powers of
 * two; callers guarantee offset + count <= size <= INT64_MAX.
 */

#ifndef ISCSI_GEOMETRY_H
#define ISCSI_GEOMETRY_H

#include <stdbool.h>
#include <stdint.h>

/* A request in bytes seen as blocks: the blocks that it touches, and how
 * many bytes of the first and of the last lie outside it.
 *
 *     |  head  |......count......|  tail  |
 *     ^ lba                               ^ lba + blocks
 */
struct span {
  uint64_t lba;
  uint64_t blocks;
  uint32_t head, tail;          /* bytes, each less than a block */
};
extern struct span span_of (uint64_t offset, uint64_t count,
                            uint32_t block_len);

/* The blocks that lie wholly inside a request; false when there are none. */
extern bool span_inside (uint64_t offset, uint64_t count, uint32_t block_len,
                         uint64_t *lba, uint64_t *blocks);

/* Shrink [lba, lba+blocks) to whole units of ‘granularity’ blocks that start
 * at ‘alignment’ (VPD B0: UNMAP granularity); false when nothing is left.
 * A granularity of 0 or 1 leaves all.
 */
extern bool span_granules (uint64_t *lba, uint64_t *blocks,
                           uint32_t granularity, uint32_t alignment);

/* The largest transfer, in blocks, for a LUN: at most ‘want’ bytes, the
 * target's limit in blocks (0: none) and what fits a CDB of 16 or 10 bytes.
 * At least one block.
 */
extern uint32_t transfer_blocks (uint32_t want, uint32_t block_len,
                                 uint32_t limit, bool cdb10);

/* nbdkit's .block_size rules: minimum a power of two 1..64 KiB, preferred a
 * power of two 512..32 MiB, maximum a multiple of the minimum.  They are in
 * bytes; granularity and opt_transfer (VPD B0) in blocks.
 */
struct block_sizes {
  uint32_t minimum, preferred, maximum;
};
extern struct block_sizes block_sizes_of (uint32_t block_len,
                                          unsigned phys_exponent,
                                          uint32_t granularity,
                                          uint32_t opt_transfer);

#endif /* ISCSI_GEOMETRY_H */
