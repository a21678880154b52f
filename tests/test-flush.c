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
  detach ();

  /* Only the (10) is known: that one first from then on. */
  open_disk (512, 16);
  attach ();
  refuse (FAKE_SYNC16);
  CHECK_INT (flush (), 0);
  CHECK_INT (flush (), 0);
  CHECK_UINT (count (FAKE_SYNC16), 1);
  CHECK_UINT (count (FAKE_SYNC10), 2);

  /* And back, if it ever refuses. */
  d.lun.nr_rules = 0;
  refuse (FAKE_SYNC10);
  CHECK_INT (flush (), 0);
  CHECK_INT (flush (), 0);
  CHECK_UINT (count (FAKE_SYNC16), 3);
  CHECK_UINT (count (FAKE_SYNC10), 3);
  detach ();

  open_disk (512, 16);
  refuse (FAKE_CAPACITY16);
  attach ();
  CHECK_INT (flush (), 0);
  CHECK_UINT (count (FAKE_SYNC16), 0);
  CHECK_UINT (count (FAKE_SYNC10), 1);
  detach ();
}

/* Both are refused: that is success only where there is no write cache. */
static void
test_flush_refused (uint16_t asc)
{
  open_disk (512, 16);
  attach ();
  rule (FAKE_SYNC16, 0, 5, asc);
  rule (FAKE_SYNC10, 0, 5, asc);
  CHECK_INT (flush (), -1);
  CHECK_INT (flush (), -1);
  CHECK_INT (err.err, EIO);
  CHECK_CONTAINS (err.msg, "LUN 3: flush failed: ");
  CHECK_CONTAINS (err.msg, "the LUN has a write cache");
  CHECK_UINT (count (FAKE_SYNC16), 2);
  CHECK_UINT (count (FAKE_SYNC10), 2);

  /* As it is now, not as it was when it was opened. */
  d.lun.wce = false;
  CHECK_INT (flush (), 0);
  CHECK_INT (flush (), 0);
  d.lun.wce = true;
  CHECK_INT (flush (), -1);

  /* It is not told. */
  d.lun.wce = false;
  refuse (FAKE_MODE6 (0x08));
  refuse (FAKE_MODE6 (0x3f));
  refuse (FAKE_MODE10 (0x08));
  refuse (FAKE_MODE10 (0x3f));
  CHECK_INT (flush (), -1);
  CHECK_CONTAINS (err.msg, "does not say that the LUN has no write cache");
  detach ();
}

/* Two refusals, as of a controller that fails over, are not remembered. */
static void
test_flush_refused_once (uint16_t asc)
{
  open_disk (512, 16);
  attach ();
  rule (FAKE_SYNC16, 1, 5, asc);
  rule (FAKE_SYNC10, 1, 5, asc);
  CHECK_INT (flush (), -1);
  fake_forget (&d.lun);
  CHECK_INT (flush (), 0);
  CHECK_UINT (count (FAKE_SYNC16), 1);
  CHECK_UINT (count (FAKE_ANY), 1);
  detach ();

  /* Nor where there is no cache: it may be turned on. */
  open_disk (512, 16);
  d.lun.wce = false;
  attach ();
  rule (FAKE_SYNC16, 1, 5, asc);
  rule (FAKE_SYNC10, 1, 5, asc);
  CHECK_INT (flush (), 0);
  fake_forget (&d.lun);
  CHECK_INT (flush (), 0);
  CHECK_UINT (count (FAKE_SYNC16), 1);
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
  alarm (500);
  test_flush ();
  test_flush_refused (0x2000);
  test_flush_refused (0x2400);
  test_flush_refused_once (0x2000);
  test_flush_refused_once (0x2400);
  test_flush_errors ();
  return check_summary ();
}
