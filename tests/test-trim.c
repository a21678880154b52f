/* SPDX-License-Identifier: BSD-3-Clause */

/* Trims: which command, of how much. */

#include <config.h>

#include <errno.h>
#include <unistd.h>

#include "check.h"
#include "shadow.h"

static void
test_trim (void)
{
  uint64_t b;

  open_thin (512, 256);
  d.lun.unmap_granularity = 8;
  d.lun.unmap_alignment = 3;
  d.lun.max_unmap_lbas = 20;
  attach ();
  CHECK (block_can_trim (&d.h));
  do_trim (10 * 512 + 1, 200 * 512);
  for (b = 0; b < 256; ++b)
    CHECK_UINT (d.lun.state[b],
                b >= 11 && b < 203 ? FAKE_DEALLOCATED : FAKE_MAPPED);
  /* Cut into whole granules: 16 blocks, though 20 are allowed. */
  CHECK_UINT (count (FAKE_UNMAP), 12);
  CHECK_UINT (count (FAKE_ANY), 12);

  /* Nothing whole inside. */
  fake_forget (&d.lun);
  do_trim (1, 1000);
  do_trim (512, 9 * 512);
  CHECK_UINT (count (FAKE_ANY), 0);
  CHECK_INT (block_trim (&d.h, 100, 0, true, &err), 0);
  CHECK_UINT (count (FAKE_SYNC16), 1);
  CHECK_INT (block_trim (&d.h, 64 * 512, 0, true, &err), 0);
  CHECK_UINT (count (FAKE_SYNC16), 2);
  detach ();
}

/* UNMAP, else WRITE SAME (16), else (10), else nothing. */
static void
test_trim_fallbacks (void)
{
  static const unsigned ways[] = { FAKE_UNMAP, FAKE_SAME16, FAKE_SAME10 };
  size_t i, refused;

  for (refused = 0; refused <= 3; ++refused) {
    open_thin (512, 64);
    attach ();
    for (i = 0; i < refused; ++i)
      refuse (ways[i]);
    CHECK (block_can_trim (&d.h));
    do_trim (512, 1024);
    do_trim (2048, 1024);
    for (i = 0; i < 3; ++i)
      CHECK_UINT (count (ways[i]), i < refused ? 1 : i == refused ? 2 : 0);
    CHECK_UINT (d.lun.state[1],
                refused < 3 ? FAKE_DEALLOCATED : FAKE_MAPPED);
    CHECK (block_can_trim (&d.h) == (refused < 3));
    detach ();
  }

  /* WRITE SAME is known, but not its UNMAP bit. */
  open_thin (512, 64);
  attach ();
  refuse (FAKE_UNMAP);
  rule (FAKE_SAME16, 1, 5, 0x2400);
  do_trim (0, 1024);
  CHECK_UINT (count (FAKE_ANY), 2);
  CHECK (!block_can_trim (&d.h));
  do_zero (0, 1024, true);
  CHECK_UINT (count (FAKE_SAME16), 2);
  detach ();

  /* As tgt refuses it; the same from a LUN that is gone is an error, and
   * teaches nothing (see test_errors).
   */
  open_thin (512, 64);
  attach ();
  rule (FAKE_UNMAP, 0, 5, 0x2500);
  do_trim (0, 1024);
  do_trim (0, 1024);
  CHECK_UINT (count (FAKE_UNMAP), 1);
  CHECK_UINT (count (FAKE_UNIT_READY), 1);
  CHECK_UINT (count (FAKE_SAME16), 2);
  detach ();

  /* Thick: not offered, not tried. */
  open_disk (512, 64);
  attach ();
  CHECK (!block_can_trim (&d.h));
  do_trim (0, 1024);
  CHECK_UINT (count (FAKE_ANY), 0);
  detach ();
}

/* Without a limit the count stays below 2^16; with one it need not. */
static void
test_trim_count (void)
{
  uint32_t most;

  for (most = 0; most < 200000; most += 100000) {
    open_thin (512, 70 * 2048);
    d.lun.max_unmap_lbas = most;
    d.lun.unmap_granularity = 8;
    attach ();
    do_trim (0, 69 << 20);
    CHECK_UINT (d.lun.seen[0].blocks, most ? most : 65528);
    CHECK_UINT (count (FAKE_UNMAP), most ? 2 : 3);
    detach ();
  }
}

/* Too long: halves until it is not, and from then on at once. */
static void
test_trim_too_long (void)
{
  open_thin (512, 4096);
  d.lun.too_long = 1024;
  attach ();
  do_trim (0, 4096 * 512);
  CHECK_UINT (d.lun.state[4095], FAKE_DEALLOCATED);
  CHECK (block_can_trim (&d.h));
  fake_forget (&d.lun);
  do_trim (0, 4096 * 512);
  CHECK_UINT (count (FAKE_UNMAP), 4);
  detach ();
}

int
main (void)
{
  alarm (500);
  test_trim ();
  test_trim_fallbacks ();
  test_trim_count ();
  test_trim_too_long ();
  return check_summary ();
}
