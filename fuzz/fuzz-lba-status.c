/* SPDX-License-Identifier: BSD-3-Clause */

/* parse_lba_status: a range, then the data */

#include <config.h>

#include "fuzz.h"
#include "parse.h"

#define MAX 16

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input in = { data, size };
  uint64_t lba = input_number (&in, 8) >> 1;
  uint64_t blocks = input_number (&in, 5);
  size_t max = input_number (&in, 1) % (MAX + 1);
  struct lba_extent extents[MAX];
  uint64_t next = lba;
  size_t i, n;

  n = parse_lba_status (in.data, in.size, lba, blocks, extents, max);
  REQUIRE (n <= max);
  for (i = 0; i < n; ++i) {
    REQUIRE (extents[i].lba == next);
    REQUIRE (extents[i].blocks > 0);
    REQUIRE (extents[i].blocks <= lba + blocks - next);
    REQUIRE (extents[i].state <= LBA_ANCHORED);
    next += extents[i].blocks;
  }
  return 0;
}
