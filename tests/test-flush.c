/* SPDX-License-Identifier: BSD-3-Clause */

/* A flush: what is sent, and when it is an error. */

#include <config.h>

#include <errno.h>
#include <unistd.h>

#include "check.h"
#include "shadow.h"

static void
test_flush (void)
{
  open_disk (512, 16);
  attach ();
  CHECK_INT (flush (), 0);
  CHECK_UINT (count (FAKE_SYNC16), 1);
  CHECK_UINT (count (FAKE_ANY), 1);
  refuse (FAKE_SYNC16);
  CHECK_INT (flush (), 0);
  CHECK_INT (flush (), 0);
  CHECK_UINT (count (FAKE_SYNC16), 2);
  CHECK_UINT (count (FAKE_SYNC10), 2);

  /* Write-through: nothing to flush, nothing asked any more. */
  refuse (FAKE_SYNC10);
  CHECK_INT (flush (), 0);
  CHECK_UINT (count (FAKE_SYNC10), 3);
  CHECK_INT (flush (), 0);
  CHECK_UINT (count (FAKE_ANY), 5);
  detach ();

  open_disk (512, 16);
  refuse (FAKE_CAPACITY16);
  attach ();
  CHECK_INT (flush (), 0);
  CHECK_UINT (count (FAKE_SYNC16), 0);
  CHECK_UINT (count (FAKE_SYNC10), 1);
  detach ();
}

static void
test_flush_refused (void)
{
  /* Known, but refused: there may be a cache, unless it says that not. */
  open_disk (512, 16);
  attach ();
  rule (FAKE_SYNC16, 0, 5, 0x2400);
  rule (FAKE_SYNC10, 0, 5, 0x2400);
  CHECK_INT (flush (), -1);
  CHECK_INT (flush (), -1);
  CHECK_INT (err.err, EIO);
  d.h.facts.mode.wce = false;
  CHECK_INT (flush (), 0);
  detach ();

  /* Only the (16) is refused: (10) at once from then on. */
  open_disk (512, 16);
  attach ();
  rule (FAKE_SYNC16, 0, 5, 0x2400);
  CHECK_INT (flush (), 0);
  CHECK_INT (flush (), 0);
  CHECK_INT (flush (), 0);
  CHECK_UINT (count (FAKE_SYNC16), 1);
  CHECK_UINT (count (FAKE_SYNC10), 3);

  /* And without the (10) the cache may still be there. */
  refuse (FAKE_SYNC10);
  CHECK_INT (flush (), -1);
  CHECK_INT (flush (), -1);
  CHECK_UINT (count (FAKE_SYNC10), 4);
  CHECK_UINT (count (FAKE_SYNC16), 3);
  detach ();
}

static void
test_flush_errors (void)
{
  open_disk (512, 16);
  attach ();
  rule (FAKE_SYNC16, 3, 6, 0x2900);
  CHECK_INT (flush (), 0);
  CHECK_UINT (count (FAKE_SYNC16), 4);
  rule (FAKE_SYNC16, 1, 3, 0x0c00);
  CHECK_INT (flush (), -1);
  CHECK_CONTAINS (err.msg, "LUN 3: flush failed");
  detach ();
}

int
main (void)
{
  alarm (300);
  test_flush ();
  test_flush_refused ();
  test_flush_errors ();
  return check_summary ();
}
