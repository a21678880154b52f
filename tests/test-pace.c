/* SPDX-License-Identifier: BSD-3-Clause */

/* How much of the slow kinds of commands is under way at a time. */

#include <config.h>

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "pace.h"
#include "shadow.h"

#define MIB (1 << 20)
#define TIMEOUT_MS 30000

/* The clock is that of the LUN. */
extern int __wrap_clock_gettime (clockid_t clock, struct timespec *ts);

int
__wrap_clock_gettime (clockid_t clock __attribute__ ((unused)),
                      struct timespec *ts)
{
  ts->tv_sec = d.lun.ms / 1000;
  ts->tv_nsec = d.lun.ms % 1000 * 1000000;
  return 0;
}

static void
is_portion (const struct pace *p, enum slow kind, unsigned commands,
            uint64_t bytes)
{
  const struct portion portion = pace_next (p, kind);

  CHECK_UINT (portion.commands, commands);
  CHECK_UINT (portion.bytes, bytes);
}

static void
test_levels (void)
{
  struct pace p = { 0 };
  unsigned i;

  /* Longer, then more of them, if they are quick. */
  is_portion (&p, SLOW_SAME, 1, 8 * MIB);
  pace_learn (&p, SLOW_SAME, true, 1, TIMEOUT_MS);
  is_portion (&p, SLOW_SAME, 1, 16 * MIB);
  pace_learn (&p, SLOW_SAME, true, 999, TIMEOUT_MS);
  is_portion (&p, SLOW_SAME, 1, 32 * MIB);
  pace_learn (&p, SLOW_SAME, true, 1, TIMEOUT_MS);
  is_portion (&p, SLOW_SAME, 2, 32 * MIB);
  for (i = 0; i < 20; ++i)
    pace_learn (&p, SLOW_SAME, true, 1, TIMEOUT_MS);
  is_portion (&p, SLOW_SAME, 32, 32 * MIB);

  /* Not when that was all there was to do, nor when they were slower. */
  p.level = 0;
  pace_learn (&p, SLOW_UNMAP, false, 1, TIMEOUT_MS);
  is_portion (&p, SLOW_UNMAP, 1, 256 * MIB);
  pace_learn (&p, SLOW_UNMAP, true, 1000, TIMEOUT_MS);
  is_portion (&p, SLOW_UNMAP, 1, 256 * MIB);
  pace_learn (&p, SLOW_UNMAP, true, 100, 800);
  is_portion (&p, SLOW_UNMAP, 1, 256 * MIB);

  /* Fewer, but not shorter, if they are slow. */
  for (i = 0; i < 3; ++i)
    pace_learn (&p, SLOW_UNMAP, true, 1, TIMEOUT_MS);
  is_portion (&p, SLOW_UNMAP, 8, 256 * MIB);
  pace_learn (&p, SLOW_UNMAP, true, 15000, TIMEOUT_MS);
  is_portion (&p, SLOW_UNMAP, 8, 256 * MIB);
  pace_learn (&p, SLOW_UNMAP, false, 15001, TIMEOUT_MS);
  is_portion (&p, SLOW_UNMAP, 4, 256 * MIB);
  for (i = 0; i < 9; ++i)
    pace_learn (&p, SLOW_UNMAP, true, 29000, TIMEOUT_MS);
  is_portion (&p, SLOW_UNMAP, 1, 256 * MIB);

  /* Much shorter if they are not answered in time. */
  pace_learn (&p, SLOW_UNMAP, true, 1, TIMEOUT_MS);
  pace_unanswered (&p, SLOW_UNMAP);
  is_portion (&p, SLOW_UNMAP, 1, 256 * MIB);
  pace_unanswered (&p, SLOW_UNMAP);
  is_portion (&p, SLOW_UNMAP, 1, 32 * MIB);
  for (i = 0; i < 9; ++i)
    pace_unanswered (&p, SLOW_UNMAP);
  is_portion (&p, SLOW_UNMAP, 1, MIB / 2);
}

/* A LUN that does one at a time, each in less than the timeout: no error,
 * however many there are.
 */
static void
open_serial (unsigned ms_each, unsigned ms_per_mib, unsigned timeout_ms)
{
  open_thin (512, 64 * 2048);
  d.lun.ms_each = ms_each;
  d.lun.ms_per_mib = ms_per_mib;
  d.lun.max_unmap_lbas = 4 * 2048;
  d.lun.deadline_ms = timeout_ms;
}

static void
attach_serial (void)
{
  attach ();
  d.h.retry.timeout_ms = d.lun.deadline_ms;
}

static void
test_serial (void)
{
  /* 16 commands of 1 s, and a timeout of 3 s. */
  open_serial (1000, 0, 3000);
  attach_serial ();
  do_trim (0, size);
  CHECK_UINT (count (FAKE_UNMAP), 16);
  CHECK_UINT (d.lun.most_at_once, 1);
  detach ();

  /* 6 s each, and the default. */
  open_serial (6000, 0, TIMEOUT_MS);
  attach_serial ();
  do_trim (0, size);
  CHECK_UINT (count (FAKE_UNMAP), 16);
  detach ();

  /* Zeroing 2 MiB/s. */
  open_serial (0, 500, TIMEOUT_MS);
  attach_serial ();
  do_zero (0, size, false);
  do_zero (0, size, true);
  CHECK_UINT (d.lun.most_at_once, 1);
  detach ();

  /* A quick one: all at once in the end, as long as they stay quick. */
  open_serial (1, 0, TIMEOUT_MS);
  d.lun.max_write_same = 1024;
  d.lun.max_unmap_lbas = 1024;
  attach_serial ();
  do_trim (0, size);
  CHECK_UINT (d.lun.most_at_once, 32);
  d.lun.most_at_once = 0;
  do_zero (0, size, false);
  do_zero (0, size, false);
  CHECK_UINT (d.lun.most_at_once, 32);
  d.lun.ms_each = 900;
  do_zero (0, size, false);
  d.lun.most_at_once = 0;
  do_zero (0, size, false);
  CHECK (d.lun.most_at_once <= 16);
  detach ();
}

/* A long one takes longer than the timeout: shorter ones do not. */
static void
test_unanswered (void)
{
  open_serial (0, 2000, 10000); /* half a MiB/s */
  attach_serial ();
  do_zero (0, size, false);
  CHECK_UINT (d.lun.seen[0].blocks, 8 * 2048);
  CHECK_UINT (d.lun.seen[1].blocks, 2048);
  CHECK_UINT (count (FAKE_SAME16), 1 + 64);
  CHECK_UINT (count (FAKE_WRITE16), 0);
  detach ();

  /* None is ever answered, but the LUN is there: as if it had none. */
  open_serial (20000, 0, 10000);
  attach_serial ();
  do_trim (0, size);
  CHECK_UINT (count (FAKE_UNMAP), 3);
  CHECK_UINT (count (FAKE_SAME16) + count (FAKE_SAME10), 0);
  fake_forget (&d.lun);
  do_zero (0, MIB, true);
  CHECK_UINT (count (FAKE_SAME16) + count (FAKE_SAME10), 3);
  CHECK_UINT (count (FAKE_WRITE16), 4);
  fake_forget (&d.lun);
  do_zero (0, MIB, true);
  do_trim (0, MIB);
  CHECK_UINT (count (FAKE_ANY), 4);
  CHECK_INT (block_cache (&d.h, MIB, 0, &err), 0);
  CHECK_UINT (count (FAKE_PREFETCH16), 1);
  CHECK (!block_can_cache (&d.h));
  detach ();

  /* A hint has half of the time. */
  open_serial (6000, 0, 10000);
  attach_serial ();
  CHECK_INT (block_cache (&d.h, MIB, 0, &err), 0);
  CHECK_UINT (count (FAKE_PREFETCH16), 1);
  CHECK (!block_can_cache (&d.h));
  do_zero (0, MIB, true);
  CHECK_UINT (count (FAKE_SAME16), 1);
  CHECK_UINT (count (FAKE_WRITE16), 0);
  detach ();

  /* The LUN is not there either. */
  open_serial (20000, 0, 10000);
  attach_serial ();
  fake_rule (&d.lun, (struct fake_rule) {
      .op = FAKE_UNIT_READY, .status = STATUS_LOST,
    });
  CHECK_INT (block_zero (&d.h, MIB, 0, true, false, false, &err), -1);
  CHECK_INT (err.err, EIO);
  CHECK_CONTAINS (err.msg, "did not answer in time");
  CHECK (block_can_trim (&d.h));
  same_as_shadow ();
  detach ();
}

/* Too long for the LUN, which tells no limit. */
static void
test_too_long (void)
{
  unsigned i;

  open_thin (512, 64 * 2048);
  d.lun.too_long = 2048;
  attach ();
  for (i = 0; i < 2; ++i) {
    do_write (0, size, false);
    fake_forget (&d.lun);
    do_zero (0, size, i);
    CHECK_UINT (count (FAKE_SAME16), i ? 64 : 3 + 64);
    CHECK_UINT (count (FAKE_ANY), i ? 64 : 3 + 64);
  }
  fake_forget (&d.lun);
  do_trim (0, size);
  CHECK (count (FAKE_UNMAP) > 64);
  CHECK_UINT (d.lun.state[0], FAKE_DEALLOCATED);
  fake_forget (&d.lun);
  do_trim (0, size);
  CHECK_UINT (count (FAKE_ANY), (64 * 2048 + 2046) / 2047);
  CHECK_INT (block_cache (&d.h, size, 0, &err), 0);
  detach ();

  /* Never of any length: given up, for the UNMAP bit alone. */
  open_thin (512, 64 * 2048);
  attach ();
  rule (FAKE_UNMAP, 0, 5, 0x2600);
  d.h.facts.provisioning.lbpws10 = false;
  fake_rule (&d.lun, (struct fake_rule) {
      .op = FAKE_SAME16, .times = 8, .status = STATUS_CHECK_CONDITION,
      .key = 5, .asc = 0x2400,
    });
  do_zero (0, size, true);
  CHECK (d.lun.seen[d.lun.nr_seen-1].blocks > 10000);
  CHECK_UINT (count (FAKE_WRITE16), 0);
  do_trim (0, size);
  CHECK (!block_can_trim (&d.h));
  detach ();
}

int
main (void)
{
  alarm (500);
  test_levels ();
  test_serial ();
  test_unanswered ();
  test_too_long ();
  return check_summary ();
}
