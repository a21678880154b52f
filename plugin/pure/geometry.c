/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdbool.h>
#include <stdint.h>

#include "geometry.h"

/* What nbdkit accepts from .block_size. */
#define MAX_PREFERRED (32 * 1024 * 1024)

/* Smaller requests cost more than they save, whatever the LUN's blocks
 * are: this is the page of every client.
 */
#define PAGE_BYTES 4096

/* An optimal transfer length above this is a bandwidth figure, or the size
 * of a cache (8 MiB and more are seen): nothing that a request should be
 * rounded up to.
 */
#define MAX_OPTIMAL (1024 * 1024)

/* The NBD protocol lets a client that knows nothing send 32 MiB, and that
 * is also the most that qemu sends or accepts.  nbdkit takes 64 MiB, but a
 * larger request gains nothing: it is split for the LUN anyway.
 */
#define MAX_REQUEST (32 * 1024 * 1024)

struct span
span_of (uint64_t offset, uint64_t count, uint32_t block_len)
{
  const uint64_t end = offset + count;
  struct span s = { .lba = offset / block_len };

  if (count == 0)
    return s;

  s.head = (uint32_t) (offset % block_len);
  s.blocks = (end - 1) / block_len + 1 - s.lba;
  s.tail = (uint32_t) ((s.lba + s.blocks) * block_len - end);
  return s;
}

bool
span_inside (uint64_t offset, uint64_t count, uint32_t block_len,
             uint64_t *lba, uint64_t *blocks)
{
  uint64_t first = offset / block_len + (offset % block_len != 0);
  uint64_t after = (offset + count) / block_len;

  if (after <= first)
    return false;

  *lba = first;
  *blocks = after - first;
  return true;
}

/* SBC-4, Block Limits page: granules start at n * granularity + alignment.
 * What lies before the first of them belongs to a partial one.
 */
bool
span_granules (uint64_t *lba, uint64_t *blocks,
               uint32_t granularity, uint32_t alignment)
{
  uint64_t g = granularity > 1 ? granularity : 1;
  uint64_t into = (*lba % g + g - alignment % g) % g;
  uint64_t skip = into ? g - into : 0;
  uint64_t whole = *blocks > skip ? (*blocks - skip) / g * g : 0;

  if (whole == 0)
    return false;

  *lba += skip;
  *blocks = whole;
  return true;
}

uint32_t
transfer_blocks (uint32_t want, uint32_t block_len, uint32_t limit,
                 bool cdb10)
{
  uint32_t blocks = want / block_len;

  if (limit && blocks > limit)
    blocks = limit;
  if (cdb10 && blocks > UINT16_MAX)
    blocks = UINT16_MAX;
  return blocks ? blocks : 1;
}

static bool
is_power_of_2 (uint64_t v)
{
  return v && (v & (v - 1)) == 0;
}

/* Any range of bytes is served, so the minimum is 1: clients refuse to send
 * what is less, and an image of an odd size could not be copied.  None takes
 * it for the logical block: nbd-client and qemu-nbd give the kernel, and
 * nbdublk and qemu their guests, 512 unless the user says otherwise.  The
 * preferred size is the least for which the LUN need not read, change and
 * write a part of anything: the physical block, or the granularity of its
 * transfers.  A stripe, which many targets tell as the optimal transfer
 * length, is better still.  What is no power of two cannot be said in NBD.
 */
struct block_sizes
block_sizes_of (uint32_t block_len, unsigned phys_exponent,
                uint32_t granularity, uint32_t opt_transfer)
{
  uint64_t physical = (uint64_t) block_len << (phys_exponent & 0xf);
  uint64_t granule = (uint64_t) block_len * granularity;
  uint64_t optimal = (uint64_t) block_len * opt_transfer;
  uint64_t preferred = PAGE_BYTES;
  struct block_sizes s;

  if (physical > preferred)
    preferred = physical;
  if (is_power_of_2 (granule) && granule > preferred)
    preferred = granule;
  if (is_power_of_2 (optimal) && optimal > preferred &&
      optimal <= MAX_OPTIMAL)
    preferred = optimal;

  s.minimum = 1;
  s.preferred = preferred < MAX_PREFERRED ? (uint32_t) preferred
                                          : MAX_PREFERRED;
  s.maximum = MAX_REQUEST;
  return s;
}
