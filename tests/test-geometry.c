/* SPDX-License-Identifier: BSD-3-Clause */

/* The arithmetic from bytes to blocks: against a naive model for small
 * numbers, against the definition at the edges of large ones.
 */

#include <config.h>

#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "geometry.h"
#include "guard.h"

#define MIB (1024 * 1024)

/* The first block that ‘touches’ (or lies inside) and how many follow. */
static void
naive_blocks (unsigned offset, unsigned count, unsigned block_len,
              bool inside, uint64_t *lba, uint64_t *blocks)
{
  unsigned b;

  *blocks = 0;
  for (b = 0; b * block_len < offset + count; b++) {
    unsigned start = b * block_len, end = start + block_len;

    if (inside ? start < offset || end > offset + count : end <= offset)
      continue;
    if ((*blocks)++ == 0)
      *lba = b;
  }
}

static void
test_small (void)
{
  unsigned block_len, offset, count;

  for (block_len = 1; block_len <= 8; block_len *= 2)
    for (offset = 0; offset <= 33; offset++)
      for (count = 0; count <= 33; count++) {
        struct span s = span_of (offset, count, block_len);
        uint64_t lba = 0, blocks, l = 77, n = 77;
        bool any;

        if (count > 0) {
          naive_blocks (offset, count, block_len, false, &lba, &blocks);
          CHECK_UINT (s.lba, lba);
          CHECK_UINT (s.blocks, blocks);
          CHECK_UINT (s.lba * block_len + s.head, offset);
          CHECK_UINT (s.head + count + s.tail, s.blocks * block_len);
          CHECK (s.head < block_len && s.tail < block_len);
        }
        else {
          CHECK_UINT (s.lba, offset / block_len);
          CHECK (s.blocks == 0 && s.head == 0 && s.tail == 0);
        }

        naive_blocks (offset, count, block_len, true, &lba, &blocks);
        any = span_inside (offset, count, block_len, &l, &n);
        CHECK_INT (any, blocks > 0);
        CHECK_UINT (l, any ? lba : 77);
        CHECK_UINT (n, any ? blocks : 77);
      }
}

static const struct {
  uint64_t offset, count;
  uint32_t block_len;
  struct span span;
  uint64_t inside, inside_blocks; /* 0 blocks: none */
} spans[] = {
  { 0, 1, 512, { 0, 1, 0, 511 }, 0, 0 },
  { 0, 511, 512, { 0, 1, 0, 1 }, 0, 0 },
  { 0, 512, 512, { 0, 1, 0, 0 }, 0, 1 },
  { 0, 513, 512, { 0, 2, 0, 511 }, 0, 1 },
  { 511, 1, 512, { 0, 1, 511, 0 }, 0, 0 },
  { 511, 2, 512, { 0, 2, 511, 511 }, 0, 0 },
  { 512, 1, 512, { 1, 1, 0, 511 }, 0, 0 },
  { 1, 1022, 512, { 0, 2, 1, 1 }, 0, 0 },
  { 1, 1535, 512, { 0, 3, 1, 0 }, 1, 2 },
  { 0, 1, 4096, { 0, 1, 0, 4095 }, 0, 0 },
  { 0, 4095, 4096, { 0, 1, 0, 1 }, 0, 0 },
  { 0, 4096, 4096, { 0, 1, 0, 0 }, 0, 1 },
  { 0, 4097, 4096, { 0, 2, 0, 4095 }, 0, 1 },
  { 512, 4096, 4096, { 0, 2, 512, 3584 }, 0, 0 },
  { 4095, 4098, 4096, { 0, 3, 4095, 4095 }, 1, 1 },
  { 8191, 1, 4096, { 1, 1, 4095, 0 }, 0, 0 },

  /* 2 TiB in blocks of 512 bytes is LBA 2^32. */
  { (UINT64_C (1) << 41) - 1, 2, 512,
    { UINT32_MAX, 2, 511, 511 }, 0, 0 },
  { UINT64_C (1) << 41, UINT32_MAX, 512,
    { UINT64_C (1) << 32, 8388608, 0, 1 }, UINT64_C (1) << 32, 8388607 },

  /* The largest disk that nbdkit can serve ends one byte short of 2^63. */
  { INT64_MAX - 1, 1, 512,
    { INT64_MAX / 512, 1, 510, 1 }, 0, 0 },
  { 0, INT64_MAX, 512,
    { 0, UINT64_C (1) << 54, 0, 1 }, 0, (UINT64_C (1) << 54) - 1 },
  { INT64_MAX - UINT32_MAX, UINT32_MAX, 4096,
    { (UINT64_C (1) << 51) - (1 << 20), 1 << 20, 0, 1 },
    (UINT64_C (1) << 51) - (1 << 20), (1 << 20) - 1 },
};

static void
test_spans (void)
{
  size_t i;

  for (i = 0; i < sizeof spans / sizeof spans[0]; i++) {
    struct span s = span_of (spans[i].offset, spans[i].count,
                             spans[i].block_len);
    uint64_t lba = 77, blocks = 77;
    bool any = span_inside (spans[i].offset, spans[i].count,
                            spans[i].block_len, &lba, &blocks);
    char row[80];

    snprintf (row, sizeof row, "%" PRIu64 "+%" PRIu64 " in %" PRIu32,
              spans[i].offset, spans[i].count, spans[i].block_len);
    check_row = row;
    CHECK_UINT (s.lba, spans[i].span.lba);
    CHECK_UINT (s.blocks, spans[i].span.blocks);
    CHECK_UINT (s.head, spans[i].span.head);
    CHECK_UINT (s.tail, spans[i].span.tail);
    CHECK_INT (any, spans[i].inside_blocks > 0);
    CHECK_UINT (lba, any ? spans[i].inside : 77);
    CHECK_UINT (blocks, any ? spans[i].inside_blocks : 77);
    check_row = NULL;
  }
}

/* Every unit of ‘g’ blocks from ‘a’ % ‘g’ on that lies inside. */
static void
naive_granules (unsigned lba, unsigned blocks, unsigned g, unsigned a,
                uint64_t *first, uint64_t *count)
{
  unsigned unit;

  if (g == 0)
    g = 1;
  *count = 0;
  for (unit = a % g; unit + g <= lba + blocks; unit += g) {
    if (unit < lba)
      continue;
    if (*count == 0)
      *first = unit;
    *count += g;
  }
}

static void
test_granules (void)
{
  unsigned lba, blocks, g, a;
  uint64_t l, n;

  for (lba = 0; lba <= 12; lba++)
    for (blocks = 0; blocks <= 17; blocks++)
      for (g = 0; g <= 7; g++)
        for (a = 0; a <= 9; a++) {
          uint64_t first = 0, count;
          bool any;

          naive_granules (lba, blocks, g, a, &first, &count);
          l = lba;
          n = blocks;
          any = span_granules (&l, &n, g, a);
          CHECK_INT (any, count > 0);
          CHECK_UINT (l, any ? first : lba);
          CHECK_UINT (n, any ? count : blocks);
        }

  /* Nothing overflows where the numbers are the largest. */
  l = (UINT64_C (1) << 54) - 3;
  n = 3;
  CHECK (!span_granules (&l, &n, UINT32_MAX, UINT32_MAX - 1));
  l = UINT64_MAX - 16;
  n = 16;
  CHECK (span_granules (&l, &n, 8, 0x7fffffff));
  CHECK_UINT (l, UINT64_MAX - 16);
  CHECK_UINT (n, 16);
  l = 0;
  n = UINT64_C (1) << 54;
  CHECK (span_granules (&l, &n, UINT32_MAX, 0));
  CHECK_UINT (l, 0);
  CHECK_UINT (n % UINT32_MAX, 0);
  CHECK ((UINT64_C (1) << 54) - n < UINT32_MAX);
}

static const struct {
  uint32_t want, block_len, limit;
  bool cdb10;
  uint32_t blocks;
} transfers[] = {
  { 256 * 1024, 512, 0, false, 512 },
  { 256 * 1024, 512, 512, false, 512 },
  { 256 * 1024, 512, 511, false, 511 },
  { 256 * 1024, 512, 2048, false, 512 },
  { 256 * 1024, 4096, 2048, false, 64 },
  { 256 * 1024, 4096, 1, false, 1 },
  { 1, 512, 0, false, 1 },              /* never less than one block */
  { 0, 512, 0, true, 1 },
  { 511, 512, 0, false, 1 },
  { 1023, 512, 0, false, 1 },
  { 1024, 65536, 0, false, 1 },
  { 32 * MIB, 512, 0, true, 65535 },    /* 65536 do not fit READ (10) */
  { 32 * MIB, 512, 0, false, 65536 },
  { 32 * MIB - 512, 512, 0, true, 65535 },
  { 32 * MIB, 4096, 0, true, 8192 },
  { UINT32_MAX, 512, UINT32_MAX, false, 8388607 },
  { UINT32_MAX, 1, UINT32_MAX, true, 65535 },
  { UINT32_MAX, 512, 65536, true, 65535 },
};

static void
test_transfers (void)
{
  size_t i;

  for (i = 0; i < sizeof transfers / sizeof transfers[0]; i++)
    CHECK_UINT (transfer_blocks (transfers[i].want, transfers[i].block_len,
                                 transfers[i].limit, transfers[i].cdb10),
                transfers[i].blocks);
}

static const struct {
  uint32_t block_len;
  unsigned phys_exponent;
  uint32_t granularity, opt_transfer;
  uint32_t preferred;
} block_sizes[] = {
  { 512, 0, 0, 0, 4096 },
  { 512, 3, 0, 0, 4096 },          /* 512e */
  { 4096, 0, 0, 0, 4096 },        /* 4Kn */
  { 2048, 0, 0, 0, 4096 },        /* CD */
  { 512, 5, 0, 0, 16384 },
  { 512, 3, 8, 0, 4096 },
  { 512, 3, 128, 0, 65536 },       /* a chunk of a RAID */
  { 512, 3, 128, 2048, MIB },      /* and its stripe */
  { 512, 3, 128, 127, 65536 },     /* no power of two */
  { 512, 3, 96, 0, 4096 },
  { 512, 3, 128, 64, 65536 },      /* optimal below the granularity */
  { 512, 0, 0, 1, 4096 },
  { 512, 0, 0, 16, 8192 },
  { 512, 0, 0, 4096, 4096 },       /* 2 MiB: bandwidth, not a block */
  { 512, 0, 0, UINT32_MAX, 4096 },
  { 512, 0, UINT32_MAX, 0, 4096 },
  { 512, 15, 0, 0, 16 * MIB },
  { 4096, 15, 0, 0, 32 * MIB },
  { 512, 0, 65536, 0, 32 * MIB },
  { 512, 0, 131072, 0, 32 * MIB },
  { 65536, 0, 0, 0, 65536 },
  { 131072, 0, 0, 0, 131072 },
};

static void
check_nbdkit_rules (struct block_sizes s)
{
  CHECK (s.minimum >= 1 && s.minimum <= 65536);
  CHECK ((s.minimum & (s.minimum - 1)) == 0);
  CHECK (s.preferred >= 512 && s.preferred <= 32 * MIB);
  CHECK ((s.preferred & (s.preferred - 1)) == 0);
  CHECK (s.maximum != UINT32_MAX && s.maximum % s.minimum == 0);
  CHECK (s.maximum <= 64 * MIB);
  CHECK (s.minimum <= s.preferred && s.preferred <= s.maximum);
}

static void
test_block_sizes (void)
{
  uint64_t seed = 42;
  size_t i;

  for (i = 0; i < sizeof block_sizes / sizeof block_sizes[0]; i++) {
    struct block_sizes s = block_sizes_of (block_sizes[i].block_len,
                                           block_sizes[i].phys_exponent,
                                           block_sizes[i].granularity,
                                           block_sizes[i].opt_transfer);

    CHECK_UINT (s.minimum, 1);
    CHECK_UINT (s.preferred, block_sizes[i].preferred);
    CHECK_UINT (s.maximum, 32 * MIB);
    check_nbdkit_rules (s);
  }

  /* Whatever a target says. */
  for (i = 0; i < 20000; i++) {
    uint64_t r = guard_random (&seed);
    uint32_t block_len = UINT32_C (1) << (r % 32);
    unsigned exponent = r >> 8 & 0xf;
    uint32_t granularity = (uint32_t) guard_random (&seed);
    uint32_t optimal = (uint32_t) guard_random (&seed);

    if (r & 0x10000)
      granularity = UINT32_C (1) << (granularity % 32);
    if (r & 0x20000)
      optimal = UINT32_C (1) << (optimal % 32);
    check_nbdkit_rules (block_sizes_of (block_len, exponent, granularity,
                                        optimal));
  }
}

int
main (void)
{
  test_small ();
  test_spans ();
  test_granules ();
  test_transfers ();
  test_block_sizes ();
  return check_summary ();
}
