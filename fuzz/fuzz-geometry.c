/* SPDX-License-Identifier: BSD-3-Clause */

/* geometry.h as properties, in numbers that cannot overflow. */

#include <config.h>

#include "fuzz.h"
#include "geometry.h"

__extension__ typedef unsigned __int128 wide;

static bool
is_power_of_2 (uint64_t v)
{
  return v != 0 && (v & (v - 1)) == 0;
}

/* Just the blocks that are touched. */
static void
check_span (uint64_t offset, uint64_t count, uint32_t block_len)
{
  const struct span s = span_of (offset, count, block_len);
  const wide start = (wide) s.lba * block_len;
  const wide end = start + (wide) s.blocks * block_len;

  REQUIRE (s.head < block_len && s.tail < block_len);
  if (count == 0) {
    REQUIRE (s.blocks == 0 && s.head == 0 && s.tail == 0);
    return;
  }
  REQUIRE (start + s.head == offset);
  REQUIRE (end - s.tail == (wide) offset + count);
}

/* All of the blocks that are covered, and none that is not. */
static void
check_inside (uint64_t offset, uint64_t count, uint32_t block_len)
{
  const wide until = (wide) offset + count;
  uint64_t lba = 0, blocks = 0;
  wide start, end;

  if (!span_inside (offset, count, block_len, &lba, &blocks)) {
    start = ((wide) offset + block_len - 1) / block_len * block_len;
    REQUIRE (start + block_len > until);
    return;
  }
  start = (wide) lba * block_len;
  end = start + (wide) blocks * block_len;
  REQUIRE (blocks > 0);
  REQUIRE (start >= offset && start - offset < block_len);
  REQUIRE (end <= until && until - end < block_len);
}

/* Whole granules, as many as there are. */
static void
check_granules (uint64_t lba, uint64_t blocks, uint32_t granularity,
                uint32_t alignment)
{
  const uint64_t g = granularity > 1 ? granularity : 1;
  const wide until = (wide) lba + blocks;
  uint64_t first = lba, n = blocks;

  if (!span_granules (&first, &n, granularity, alignment)) {
    REQUIRE (blocks < 2 * g);
    return;
  }
  REQUIRE (n > 0 && n % g == 0);
  REQUIRE (first >= lba && first - lba < g);
  REQUIRE ((wide) first + n <= until && until - ((wide) first + n) < g);
  REQUIRE (((wide) first + g - alignment % g) % g == 0);
}

static void
check_transfer (uint32_t want, uint32_t block_len, uint32_t limit,
                bool cdb10)
{
  const uint32_t blocks = transfer_blocks (want, block_len, limit, cdb10);

  REQUIRE (blocks > 0);
  REQUIRE (limit == 0 || blocks <= limit);
  REQUIRE (!cdb10 || blocks <= UINT16_MAX);
  REQUIRE (blocks == 1 || (wide) blocks * block_len <= want);
}

/* nbdkit's rules for .block_size. */
static void
check_block_sizes (uint32_t block_len, unsigned phys_exponent,
                   uint32_t granularity, uint32_t opt_transfer)
{
  const struct block_sizes s = block_sizes_of (block_len, phys_exponent,
                                               granularity, opt_transfer);

  REQUIRE (is_power_of_2 (s.minimum) && s.minimum <= 65536);
  REQUIRE (is_power_of_2 (s.preferred));
  REQUIRE (s.preferred >= 512 && s.preferred <= 32 * 1024 * 1024);
  REQUIRE (s.preferred >= s.minimum && s.maximum >= s.preferred);
  REQUIRE (s.maximum % s.minimum == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input in = { data, size };
  /* 256 bytes to 16 MiB: as far as a LUN is served, and beyond. */
  const uint32_t block_len = UINT32_C (256) << input_number (&in, 1) % 17;
  const uint64_t offset = input_number (&in, 8) & INT64_MAX;
  const uint64_t count = input_number (&in, 8) & (INT64_MAX - offset);
  const uint32_t a = (uint32_t) input_number (&in, 4);
  const uint32_t b = (uint32_t) input_number (&in, 4);
  const unsigned bits = (unsigned) input_number (&in, 1);

  check_span (offset, count, block_len);
  check_inside (offset, count, block_len);
  check_granules (offset, count, a, b);
  check_transfer (a, block_len, b, bits & 0x80);
  check_block_sizes (block_len, bits & 0xf, a, b);
  return 0;
}
