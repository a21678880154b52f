/* SPDX-License-Identifier: BSD-3-Clause */

/* Zeroes: which command, of how much; always zeroes in the end. */

#include <config.h>

#include <errno.h>
#include <unistd.h>

#include "check.h"
#include "shadow.h"

/* WRITE SAME with a residual: the zeroes are written instead, and from then on
 * at once.
 */
static void
test_residual_of_zero (void)
{
  static const enum residual residuals[] = {
    RESIDUAL_UNDERFLOW, RESIDUAL_OVERFLOW,
  };
  unsigned i, trim;

  for (i = 0; i < 2; ++i) {
    for (trim = 0; trim < 2; ++trim) {
      open_thin (512, 1024);
      d.lun.lbpu = false;
      d.lun.max_write_same = 256;
      attach ();
      /* Of several commands, one. */
      fake_rule (&d.lun, (struct fake_rule) {
          .op = FAKE_SAME16, .skip = 1, .times = 1,
          .residual = residuals[i], .residual_count = 512,
        });
      do_zero (100, 400000, trim);
      CHECK (count (FAKE_WRITE16) > 0);
      fake_forget (&d.lun);
      do_write (0, size, false);
      do_zero (100, 400000, trim);
      CHECK_UINT (count (FAKE_SAME16) + count (FAKE_SAME10), 0);
    
      /* A trim promises nothing. */
      CHECK (block_can_trim (&d.h));
      do_trim (0, size);
      CHECK (count (FAKE_SAME16) > 0);
      detach ();
    }
  }
}

static int
fast_zero (uint32_t n, uint64_t offset, bool may_trim)
{
  return block_zero (&d.h, n, offset, may_trim, true, false, &err);
}

static void
test_zero (void)
{
  open_thin (512, 256);
  attach ();
  do_zero (100, 10000, true);
  CHECK_UINT (d.lun.state[1], FAKE_DEALLOCATED);
  CHECK_UINT (d.lun.state[0], FAKE_MAPPED);
  CHECK_UINT (count (FAKE_SAME16), 1);
  CHECK (d.lun.seen[0].unmap);
  fake_forget (&d.lun);
  do_zero (0, 5120, false);
  CHECK_UINT (d.lun.state[1], FAKE_MAPPED);
  CHECK (!d.lun.seen[0].unmap);
  CHECK_UINT (count (FAKE_ANY), 1);
  CHECK_INT (block_zero (&d.h, 512, 0, true, false, true, &err), 0);
  CHECK_UINT (count (FAKE_SYNC16), 1);
  detach ();

  /* No promise of zeroes: never unmapped. */
  open_thin (512, 256);
  d.lun.lbprz = false;
  attach ();
  do_zero (0, 10240, true);
  CHECK (!d.lun.seen[0].unmap);
  detach ();

  /* The limit, and UNMAP cut into whole granules below it. */
  open_thin (512, 256);
  d.lun.max_write_same = 30;
  d.lun.unmap_granularity = 8;
  attach ();
  do_zero (3 * 512, 100 * 512, false);
  CHECK_UINT (count (FAKE_SAME16), 4);
  fake_forget (&d.lun);
  do_zero (3 * 512, 100 * 512, true);
  CHECK_UINT (d.lun.seen[0].blocks, 5);
  CHECK_UINT (d.lun.seen[1].blocks, 24);
  CHECK_UINT (d.lun.state[8], FAKE_DEALLOCATED);
  CHECK_UINT (d.lun.state[95], FAKE_DEALLOCATED);
  CHECK_UINT (d.lun.state[96], FAKE_MAPPED);
  detach ();
}

static void
test_zero_fallbacks (void)
{
  /* (16), else (10), else writes; each learnt. */
  open_disk (512, 512);
  attach ();
  refuse (FAKE_SAME16);
  do_zero (512, 51200, true);
  do_zero (1024, 51200, true);
  CHECK_UINT (count (FAKE_SAME16), 1);
  CHECK_UINT (count (FAKE_SAME10), 2);
  refuse (FAKE_SAME10);
  do_zero (700, 102400, true);
  do_zero (800, 102400, true);
  CHECK_UINT (count (FAKE_SAME16), 1);
  CHECK_UINT (count (FAKE_SAME10), 3);
  CHECK_UINT (count (FAKE_WRITE16), 2);
  detach ();

  /* The UNMAP bit is refused: without it. */
  open_thin (512, 512);
  attach ();
  rule (FAKE_SAME16, 1, 5, 0x2400);
  do_zero (0, 51200, true);
  CHECK_UINT (count (FAKE_SAME16), 2);
  CHECK_UINT (d.lun.state[0], FAKE_MAPPED);
  detach ();

  /* More than 64 MiB of plain writes, all of it. */
  open_disk (4096, 66 * 256);
  refuse (FAKE_SAME16);
  refuse (FAKE_SAME10);
  attach ();
  do_zero (1, size - 2, false);
  CHECK_UINT (count (FAKE_WRITE16), 66 * 4);
  detach ();

  /* WRITE SAME (10) does not reach past 2^32 blocks. */
  open_disk (512, (UINT64_C (1) << 32) + 8);
  fake_memory (&d.lun, (UINT64_C (1) << 32) - 4, 12);
  refuse (FAKE_SAME16);
  attach ();
  CHECK_INT (block_zero (&d.h, 8 * 512, d.lun.base * 512, false, false,
                         false, &err), 0);
  memset (shadow, 0, 8 * 512);
  same_as_shadow ();
  CHECK_UINT (count (FAKE_SAME10), 0);
  CHECK_UINT (count (FAKE_WRITE16), 1);
  detach ();
}

static void
test_fast_zero (void)
{
  open_thin (512, 64);
  attach ();
  CHECK_INT (fast_zero (5000, 100, true), 0);
  memset (shadow + 100, 0, 5000);
  same_as_shadow ();

  /* Not by unmapping: no. */
  fake_forget (&d.lun);
  CHECK_INT (fast_zero (5120, 0, false), -1);
  CHECK_INT (err.err, ENOTSUP);
  CHECK_UINT (count (FAKE_ANY), 0);

  /* The LUN refuses: no, and nothing was touched. */
  refuse (FAKE_SAME16);
  refuse (FAKE_SAME10);
  CHECK_INT (fast_zero (5000, 10100, true), -1);
  CHECK_INT (err.err, ENOTSUP);
  CHECK_UINT (count (FAKE_WRITE16), 0);
  same_as_shadow ();

  /* And never ENOTSUP for a zero that need not be fast. */
  do_zero (10100, 5000, true);
  detach ();

  open_disk (512, 64);
  attach ();
  CHECK_INT (fast_zero (5120, 0, true), -1);
  CHECK_INT (err.err, ENOTSUP);
  CHECK_UINT (count (FAKE_ANY), 0);
  same_as_shadow ();
  detach ();
}

/* Parts of granules are written, with WRITE SAME; the LUN leaves them as they
 * are if they are to be unmapped.
 */
static void
test_granules (void)
{
  uint64_t b;

  open_thin (512, 256);
  d.lun.unmap_granularity = 8;
  d.lun.unmap_alignment = 3;
  attach ();
  do_zero (6 * 512 + 1, 100 * 512, true);
  for (b = 0; b < 256; ++b)
    CHECK_UINT (d.lun.state[b],
                b >= 11 && b < 99 ? FAKE_DEALLOCATED : FAKE_MAPPED);
  CHECK_UINT (count (FAKE_SAME16), 3);
  CHECK_UINT (count (FAKE_WRITE16), 2);
  CHECK (!d.lun.seen[0].unmap && d.lun.seen[1].unmap);
  CHECK (!d.lun.seen[2].unmap);

  /* No whole granule: nothing to unmap, nothing fast. */
  fake_forget (&d.lun);
  CHECK_INT (fast_zero (14 * 512, 12 * 512, true), -1);
  CHECK_INT (err.err, ENOTSUP);
  CHECK_UINT (count (FAKE_ANY), 0);
  do_zero (12 * 512, 14 * 512, true);
  CHECK_UINT (count (FAKE_SAME16), 1);
  CHECK (!d.lun.seen[0].unmap);

  /* Fast, with edges. */
  CHECK_INT (fast_zero (30 * 512, 130 * 512, true), 0);
  memset (shadow + 130 * 512, 0, 30 * 512);
  same_as_shadow ();
  detach ();

  /* More than one command takes: not unmapped. */
  open_thin (512, 256);
  d.lun.unmap_granularity = 32;
  d.lun.max_write_same = 30;
  attach ();
  do_zero (0, size, true);
  CHECK (!d.lun.seen[0].unmap);
  detach ();

  /* Not told: physical blocks. */
  open_thin (512, 256);
  d.lun.phys_exponent = 3;
  attach ();
  do_zero (4 * 512, 16 * 512, true);
  CHECK_UINT (count (FAKE_SAME16), 3);
  CHECK_UINT (d.lun.state[7], FAKE_MAPPED);
  CHECK_UINT (d.lun.state[8], FAKE_DEALLOCATED);
  CHECK_UINT (d.lun.state[15], FAKE_DEALLOCATED);
  CHECK_UINT (d.lun.state[16], FAKE_MAPPED);
  detach ();
}

/* The longest command that was seen; all but the last end at a multiple of
 * ‘unit’ blocks.
 */
static uint32_t
longest (unsigned op, uint32_t unit)
{
  uint32_t r = 0;
  size_t i;

  for (i = 0; i < d.lun.nr_seen; ++i) {
    CHECK_UINT (d.lun.seen[i].op, op);
    if (d.lun.seen[i].blocks > r)
      r = d.lun.seen[i].blocks;
    if (i + 1 < d.lun.nr_seen)
      CHECK_UINT ((d.lun.seen[i].lba + d.lun.seen[i].blocks) % unit, 0);
  }
  return r;
}

/* The count stays below 2^16, which some targets take for 0: to the end of
 * the LUN.
 */
static void
test_count (void)
{
  open_disk (512, 70 * 2048);
  d.lun.phys_exponent = 3;
  attach ();
  do_zero (0, 69 << 20, false);
  CHECK_UINT (longest (FAKE_SAME16, 8), 65528);
  detach ();

  open_thin (512, 70 * 2048);
  attach ();
  do_zero (0, 69 << 20, true);
  CHECK_UINT (longest (FAKE_SAME16, 1), 65535);
  detach ();

  open_thin (512, 70 * 2048);
  d.lun.max_write_same = 100000;
  attach ();
  do_zero (0, 69 << 20, true);
  CHECK_UINT (longest (FAKE_SAME16, 1), 65535);
  detach ();

  open_disk (512, 70 * 2048);
  attach ();
  d.learnt.no_write_same16 = true;
  do_zero (0, 69 << 20, false);
  CHECK_UINT (longest (FAKE_SAME10, 1), 65535);
  detach ();
}

int
main (void)
{
  alarm (500);
  test_residual_of_zero ();
  test_zero ();
  test_zero_fallbacks ();
  test_fast_zero ();
  test_granules ();
  test_count ();
  return check_summary ();
}
