/* SPDX-License-Identifier: BSD-3-Clause */

/* Requests of all kinds; what is special about flushes, trims and zeroes is
 * in tests of their own.
 */

#include <config.h>

#include <errno.h>
#include <unistd.h>

#include "check.h"
#include "shadow.h"

/* Every edge of an 8-block disk: before, at, behind the start of a block. */
static void
at_every_edge (void (*f) (uint64_t offset, uint32_t n))
{
  const int64_t len = d.lun.block_len;
  uint64_t at[64];
  size_t n = 0, i, j;
  int64_t b, e;

  for (b = 0; b <= (int64_t) size; b += len) {
    for (e = b - 1; e <= b + 1; ++e) {
      if (e >= 0 && e <= (int64_t) size)
        at[n++] = e;
    }
    if (b + len / 2 < (int64_t) size)
      at[n++] = b + len / 2;
  }
  for (i = 0; i < n; ++i) {
    for (j = 0; j < n; ++j) {
      if (at[i] < at[j])
        f (at[i], at[j] - at[i]);
    }
  }
}

static void
write_and_read (uint64_t offset, uint32_t n)
{
  do_write (offset, n, false);
  do_read (offset, n);
}

static void
zero_a_written_disk (uint64_t offset, uint32_t n)
{
  do_write (0, size, false);
  do_zero (offset, n, false);
  do_write (0, size, false);
  do_zero (offset, n, true);
}

static void
trim_a_written_disk (uint64_t offset, uint32_t n)
{
  do_write (0, size, false);
  do_trim (offset, n);
}

/* Disks that differ in what they offer. */

static void
plain (uint32_t block_len)
{
  open_disk (block_len, 8);
}

static void
thin (uint32_t block_len)
{
  open_thin (block_len, 8);
}

static void
thin_not_zero (uint32_t block_len)
{
  open_thin (block_len, 8);
  d.lun.lbprz = false;
}

static void
thin_granular (uint32_t block_len)
{
  open_thin (block_len, 8);
  d.lun.unmap_granularity = 3;
  d.lun.unmap_alignment = 1;
}

static void
thin_same_only (uint32_t block_len)
{
  open_thin (block_len, 8);
  d.lun.lbpu = d.lun.lbpws = false;
  refuse (FAKE_SAME16);
}

static void
limited (uint32_t block_len)
{
  open_thin (block_len, 8);
  d.lun.max_transfer = 3;
  d.lun.max_unmap_lbas = 3;
  d.lun.max_write_same = 3;
}

static void
no_16_no_same (uint32_t block_len)
{
  open_disk (block_len, 8);
  refuse (FAKE_CAPACITY16);
  refuse (FAKE_READ16);
  refuse (FAKE_WRITE16);
  refuse (FAKE_SAME16);
  refuse (FAKE_SAME10);
}

static void (*const disks[]) (uint32_t block_len) = {
  plain, thin, thin_not_zero, thin_granular, thin_same_only, limited,
  no_16_no_same,
};

static void
test_edges (uint32_t block_len)
{
  char row[64];
  size_t i;

  for (i = 0; i < sizeof disks / sizeof disks[0]; ++i) {
    snprintf (row, sizeof row, "disk %zu, %" PRIu32, i, block_len);
    check_row = row;
    disks[i] (block_len);
    attach ();
    at_every_edge (do_read);
    at_every_edge (write_and_read);
    at_every_edge (zero_a_written_disk);
    at_every_edge (trim_a_written_disk);
    detach ();
  }
  check_row = NULL;
}

static void
test_random (uint32_t block_len)
{
  uint64_t offset;
  uint32_t n, i;

  open_thin (block_len, 64);
  d.lun.max_transfer = 7;
  d.lun.unmap_granularity = 4;
  d.lun.max_unmap_lbas = 9;
  d.lun.max_write_same = 10;
  attach ();
  for (i = 0; i < 4000; ++i) {
    fake_forget (&d.lun);
    offset = next_random () % size;
    n = 1 + next_random () % (size - offset);
    switch (next_random () % 5) {
    case 0: do_read (offset, n); break;
    case 1: do_write (offset, n, next_random () % 2); break;
    case 2: do_zero (offset, n, true); break;
    case 3: do_zero (offset, n, false); break;
    case 4: do_trim (offset, n); break;
    }
  }
  detach ();
}

/* How requests are cut, and how many commands are under way at once. */
static void
test_split (void)
{
  open_disk (512, 16384);
  attach ();
  do_read (0, 4096);
  CHECK_UINT (count (FAKE_ANY), 1);
  fake_forget (&d.lun);
  do_read (0, 4 << 20);
  CHECK_UINT (count (FAKE_READ16), 4);
  CHECK_UINT (d.lun.most_at_once, 4);
  fake_forget (&d.lun);
  do_write (0, 1 << 20, false);
  CHECK_UINT (count (FAKE_WRITE16), 4);
  CHECK_UINT (d.lun.most_at_once, 4);
  detach ();

  open_disk (512, 16384);
  d.lun.max_transfer = 16;
  attach ();
  do_read (0, size);
  CHECK_UINT (count (FAKE_READ16), 1024);
  CHECK_UINT (d.lun.most_at_once, 32);
  fake_forget (&d.lun);
  do_write (100, size - 200, false);
  CHECK_UINT (count (FAKE_WRITE16), 1024);
  CHECK_UINT (count (FAKE_READ16), 2);
  detach ();
}

/* An unaligned write reads only the blocks at its ends, both at once. */
static void
test_read_modify_write (void)
{
  open_disk (4096, 64);
  attach ();
  do_write (4096 + 10, 20, false);
  CHECK_UINT (count (FAKE_READ16), 1);
  CHECK_UINT (count (FAKE_WRITE16), 1);

  fake_forget (&d.lun);
  do_write (10, 5 * 4096, false);
  CHECK_UINT (count (FAKE_READ16), 2);
  CHECK_UINT (d.lun.most_at_once, 2);
  CHECK_UINT (count (FAKE_WRITE16), 1);
  CHECK_UINT (d.lun.seen[0].lba, 0);
  CHECK_UINT (d.lun.seen[1].lba, 5);
  CHECK_UINT (d.lun.seen[1].blocks, 1);

  /* Nothing is written when an end cannot be read. */
  fake_forget (&d.lun);
  rule (FAKE_READ16, 1, 3, 0x1100);
  CHECK_INT (block_write (&d.h, buf, 5000, 10, false, &err), -1);
  CHECK_INT (err.err, EIO);
  CHECK_CONTAINS (err.msg, "LUN 3: write of 5000 bytes at offset 10 failed");
  CHECK_UINT (count (FAKE_WRITE16), 0);
  same_as_shadow ();
  detach ();
}

/* Some say no more than 5/0000 to a command that they do not know. */
static void
test_cdb_length_untold (void)
{
  uint8_t blocks[4 * 512];

  open_disk (512, 16);
  attach ();
  rule (FAKE_READ16, 0, 5, 0x0000);
  rule (FAKE_WRITE16, 0, 5, 0x0000);
  CHECK_INT (block_read (&d.h, blocks, 4 * 512, 0, &err), 0);
  CHECK_INT (block_write (&d.h, blocks, 4 * 512, 0, false, &err), 0);
  CHECK_INT (block_write (&d.h, blocks, 4 * 512, 0, true, &err), 0);
  CHECK_UINT (count (FAKE_READ16), 1);
  CHECK_UINT (count (FAKE_WRITE16), 0);
  CHECK_UINT (count (FAKE_READ10), 1);
  CHECK_UINT (count (FAKE_WRITE10), 2);
  detach ();
}

/* READ (16) where the LBA needs it, READ (10) where there is no (16). */
static void
test_cdb_length (void)
{
  const uint64_t edge = UINT64_C (1) << 32;
  uint8_t blocks[8 * 512];

  open_disk (512, edge + 100);
  fake_memory (&d.lun, edge - 4, 8);
  attach ();
  refuse (FAKE_READ16);
  refuse (FAKE_WRITE16);

  /* All below 2^32: learnt. */
  CHECK_INT (block_read (&d.h, blocks, 4 * 512, (edge - 4) * 512, &err), 0);
  CHECK_MEM (blocks, shadow, 4 * 512);
  CHECK_UINT (count (FAKE_READ16), 1);
  CHECK_UINT (count (FAKE_READ10), 1);
  CHECK_INT (block_write (&d.h, blocks, 4 * 512, (edge - 4) * 512, false,
                          &err), 0);
  CHECK_UINT (count (FAKE_WRITE16), 0);
  CHECK_UINT (count (FAKE_WRITE10), 1);

  /* Not all below: nothing else is left than the refused one. */
  CHECK_INT (block_read (&d.h, blocks, 512, edge * 512, &err), -1);
  CHECK_INT (err.err, EIO);
  CHECK_INT (block_read (&d.h, blocks, 8 * 512, (edge - 4) * 512, &err), -1);
  CHECK_INT (block_write (&d.h, blocks, 1, edge * 512 - 1, false, &err), 0);
  CHECK_INT (block_write (&d.h, blocks, 2, edge * 512 - 1, false, &err), -1);

  /* It does know them. */
  d.lun.nr_rules = 0;
  CHECK_INT (block_read (&d.h, blocks, 8 * 512, (edge - 4) * 512, &err), 0);
  CHECK_MEM (blocks, d.lun.data, 8 * 512);
  detach ();

  /* Both are refused once, as by a controller that fails over: an error,
   * and nothing is learnt.
   */
  open_disk (512, 16);
  attach ();
  rule (FAKE_READ16, 1, 5, 0x2000);
  rule (FAKE_READ10, 0, 5, 0x2000);
  rule (FAKE_WRITE16, 1, 5, 0x2000);
  rule (FAKE_WRITE10, 0, 5, 0x2000);
  CHECK_INT (block_read (&d.h, blocks, 512, 0, &err), -1);
  CHECK_INT (block_write (&d.h, buf, 512, 0, false, &err), -1);
  do_read (1, 1000);
  do_write (1, 1000, false);
  CHECK_UINT (count (FAKE_READ10), 1);
  CHECK_UINT (count (FAKE_WRITE10), 1);
  detach ();

  /* A CD. */
  open_disk (2048, 50);
  d.lun.device_type = 5;
  refuse (FAKE_CAPACITY16);
  refuse (FAKE_READ16);
  attach ();
  do_read (1, 5000);
  CHECK_UINT (count (FAKE_READ16), 0);
  CHECK_UINT (count (FAKE_READ10), 1);
  detach ();
}

static void
test_fua (void)
{
  open_disk (512, 16);
  attach ();
  CHECK (block_has_fua (&d.h));
  do_write (0, 1024, true);
  CHECK_UINT (count (FAKE_WRITE16), 1);
  CHECK (d.lun.seen[0].fua);
  CHECK_UINT (count (FAKE_SYNC16), 0);
  fake_forget (&d.lun);
  do_write (0, 1024, false);
  CHECK (!d.lun.seen[0].fua);
  CHECK_UINT (count (FAKE_ANY), 1);
  detach ();

  /* DPOFUA says no: a flush instead. */
  open_disk (512, 16);
  d.lun.dpofua = false;
  attach ();
  CHECK (!block_has_fua (&d.h));
  do_write (0, 1024, true);
  CHECK (!d.lun.seen[0].fua);
  CHECK_UINT (count (FAKE_SYNC16), 1);
  detach ();
}

/* DPOFUA says yes, the command says no: learnt. */
static void
test_fua_learnt (void)
{
  open_disk (512, 16);
  attach ();
  d.lun.dpofua = false;
  do_write (100, 3000, true);
  CHECK_UINT (count (FAKE_WRITE16), 2);
  CHECK_UINT (count (FAKE_SYNC16), 1);
  CHECK (!block_has_fua (&d.h));
  fake_forget (&d.lun);
  do_write (0, 512, true);
  CHECK_UINT (count (FAKE_WRITE16), 1);
  CHECK_UINT (count (FAKE_SYNC16), 1);
  detach ();

  /* It was not the FUA bit that was refused: nothing is learnt, and an
   * error comes home.
   */
  open_disk (512, 16);
  attach ();
  rule (FAKE_WRITE16, 2, 5, 0x2400);
  CHECK_INT (block_write (&d.h, buf, 512, 0, true, &err), -1);
  CHECK (block_has_fua (&d.h));
  do_write (0, 512, true);
  CHECK_UINT (count (FAKE_SYNC16), 0);
  detach ();

  /* The flush fails: so does the request. */
  open_disk (512, 16);
  d.lun.dpofua = false;
  attach ();
  rule (FAKE_SYNC16, 0, 3, 0x0c00);
  CHECK_INT (block_write (&d.h, buf, 512, 0, true, &err), -1);
  CHECK_INT (err.err, EIO);
  CHECK_CONTAINS (err.msg, "LUN 3: flush failed");
  detach ();
}

/* GOOD, but not all data were moved: never success, never stale bytes. */
static void
test_residuals (void)
{
  static const struct {
    unsigned op;
    enum residual residual;
    const char *words;
  } rows[] = {
    { FAKE_READ16, RESIDUAL_UNDERFLOW, "sent less data" },
    { FAKE_READ16, RESIDUAL_OVERFLOW, "has more data" },
    { FAKE_WRITE16, RESIDUAL_UNDERFLOW, "took less data" },
    { FAKE_WRITE16, RESIDUAL_OVERFLOW, "more data" },
  };
  size_t i;
  int r;

  for (i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
    check_row = rows[i].words;
    open_disk (512, 8192);
    d.lun.max_transfer = 1024;
    attach ();
    /* Of several commands, the last. */
    fake_rule (&d.lun, (struct fake_rule) {
        .op = rows[i].op, .skip = 3,
        .residual = rows[i].residual, .residual_count = 512,
      });
    if (rows[i].op == FAKE_READ16)
      r = block_read (&d.h, buf, 4 * 512 * 1024, 0, &err);
    else
      r = block_write (&d.h, buf, 4 * 256 * 1024, 0, false, &err);
    CHECK_INT (r, -1);
    CHECK_INT (err.err, EIO);
    CHECK_CONTAINS (err.msg, rows[i].words);
    CHECK_CONTAINS (err.msg, "512 bytes");
    detach ();
  }
  check_row = NULL;
}

static bool is_up;

static bool
why (void *engine __attribute__ ((unused)), struct error *e)
{
  error_set (e, EIO, "connection refused by 192.0.2.1");
  return is_up;
}

static const struct {
  struct fake_rule rule;
  int err;
  const char *words;
} errors[] = {
  { { .status = STATUS_CHECK_CONDITION, .key = 3, .asc = 0x1100 },
    EIO, "(3/1100)" },
  { { .status = STATUS_CHECK_CONDITION, .key = 7, .asc = 0x2700 },
    EPERM, "(7/2700)" },
  { { .status = STATUS_CHECK_CONDITION, .key = 7, .asc = 0x2707 },
    ENOSPC, "(7/2707)" },
  { { .status = STATUS_CHECK_CONDITION, .key = 5, .asc = 0x2100 },
    EIO, "(5/2100)" },
  { { .status = STATUS_CHECK_CONDITION, .key = 5, .asc = 0x2500 },
    EIO, "(5/2500)" },
  { { .status = STATUS_CHECK_CONDITION, .key = 2, .asc = 0x3a00 },
    EIO, "(2/3a00)" },
  { { .status = STATUS_CHECK_CONDITION, .key = 0xb, .asc = 0x4700 },
    EIO, "(b/4700)" },
  { { .status = STATUS_CHECK_CONDITION, .no_sense = true },
    EIO, "without sense" },
  { { .status = STATUS_RESERVATION_CONFLICT }, EIO, "reserved" },
  { { .status = STATUS_BUSY }, EIO, "BUSY" },
  { { .status = STATUS_TASK_SET_FULL }, EIO, "TASK SET FULL" },
  { { .status = STATUS_LOST }, EIO, "connection refused by 192.0.2.1" },
  { { .status = STATUS_TIMEOUT }, EIO, "did not answer in time" },
  { { .status = STATUS_PROTOCOL }, EIO, "iSCSI protocol" },
  { { .status = STATUS_SHUTDOWN }, ESHUTDOWN, "shutting down" },
};

static void
test_errors (void)
{
  size_t i;

  for (i = 0; i < sizeof errors / sizeof errors[0]; ++i) {
    check_row = errors[i].words;
    open_thin (512, 64);
    attach ();
    d.h.last_error = why;
    fake_rule (&d.lun, errors[i].rule);
    d.lun.rules[d.lun.nr_rules - 1].op = FAKE_ANY;

    CHECK_INT (block_read (&d.h, buf, 1000, 7, &err), -1);
    CHECK_INT (err.err, errors[i].err);
    CHECK_CONTAINS (err.msg, "LUN 3: read of 1000 bytes at offset 7 failed: ");
    CHECK_CONTAINS (err.msg, errors[i].words);
    CHECK_INT (block_write (&d.h, buf, 512, 512, false, &err), -1);
    CHECK_INT (err.err, errors[i].err);
    CHECK_CONTAINS (err.msg, "write of 512 bytes at offset 512 failed: ");
    CHECK (strstr (err.msg, "be read") == NULL);
    CHECK_INT (flush (), -1);
    CHECK_INT (err.err, errors[i].err);
    CHECK_INT (block_trim (&d.h, 512, 0, false, &err), -1);
    CHECK_INT (err.err, errors[i].err);
    CHECK_INT (block_zero (&d.h, 512, 0, true, false, false, &err), -1);
    CHECK_INT (err.err, errors[i].err);
    CHECK_CONTAINS (err.msg, "zero of 512 bytes at offset 0 failed: ");
    same_as_shadow ();

    /* With a connection there is another reason. */
    is_up = true;
    CHECK_INT (block_read (&d.h, buf, 512, 0, &err), -1);
    CHECK_CONTAINS (err.msg, errors[i].words);
    CHECK (strstr (err.msg, "connection to the target is lost") == NULL);
    is_up = false;

    /* Nothing that could come back was given up for it. */
    d.lun.nr_rules = 0;
    fake_forget (&d.lun);
    do_trim (0, 512);
    do_zero (512, 512, true);
    CHECK_UINT (count (FAKE_UNMAP), 1);
    CHECK_UINT (count (FAKE_SAME16), 1);
    detach ();
  }
  check_row = NULL;
}

/* What passes is tried again, and the client sees nothing of it. */
static void
test_retries (void)
{
  static const struct fake_rule rows[] = {
    { .status = STATUS_CHECK_CONDITION, .key = 6, .asc = 0x2900 },
    { .status = STATUS_CHECK_CONDITION, .key = 2, .asc = 0x0401 },
    { .status = STATUS_CHECK_CONDITION, .key = 0xb, .asc = 0x0000 },
    { .status = STATUS_BUSY },
    { .status = STATUS_TASK_SET_FULL },
    { .status = STATUS_TASK_ABORTED },
  };
  struct fake_rule r;
  size_t i;

  for (i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
    open_thin (512, 256);
    d.lun.max_transfer = 16;
    attach ();
    r = rows[i];
    r.op = FAKE_ANY;
    r.skip = 1;
    r.times = 3;
    fake_rule (&d.lun, r);
    do_read (100, 100000);
    d.lun.rules[0].seen = 0;
    do_write (100, 100000, true);
    d.lun.rules[0].seen = 0;
    do_trim (0, 51200);
    do_zero (0, 51300, true);
    detach ();
  }
}

static int
cache (uint64_t offset, uint32_t n)
{
  return block_cache (&d.h, n, offset, &err);
}

static void
test_cache (void)
{
  open_disk (512, 1024);
  d.lun.max_prefetch = 100;
  attach ();
  CHECK (block_can_cache (&d.h));
  CHECK_INT (cache (1, 512 * 1000), 0);
  CHECK_UINT (count (FAKE_PREFETCH16), 11);
  CHECK_UINT (count (FAKE_ANY), 11);
  CHECK_UINT (d.lun.seen[10].lba, 1000);
  CHECK_UINT (d.lun.seen[10].blocks, 1);

  /* No limit: of 16 bits all the same. */
  d.h.facts.limits.max_prefetch = d.lun.max_prefetch = 0;
  d.lun.blocks = 80000;
  fake_memory (&d.lun, 0, 80000);
  fake_forget (&d.lun);
  CHECK_INT (cache (0, 512 * 70000), 0);
  CHECK_UINT (d.lun.seen[0].blocks, 65535);

  /* CONDITION MET is success, also of the first of several. */
  CHECK_UINT (count (FAKE_PREFETCH16), 2);

  /* A hint: an error of the medium is not an error here, and it is asked
   * again another time.
   */
  fake_forget (&d.lun);
  rule (FAKE_PREFETCH16, 1, 3, 0x1100);
  CHECK_INT (cache (0, 512), 0);
  CHECK_INT (cache (0, 512), 0);
  CHECK_UINT (count (FAKE_PREFETCH16), 2);

  /* But that there is no target is one. */
  fake_rule (&d.lun, (struct fake_rule) {
      .op = FAKE_ANY, .times = 1, .status = STATUS_LOST,
    });
  CHECK_INT (cache (512, 512), -1);
  CHECK_INT (err.err, EIO);
  CHECK_CONTAINS (err.msg, "cache of 512 bytes at offset 512 failed");

  fake_forget (&d.lun);
  refuse (FAKE_PREFETCH16);
  CHECK_INT (cache (0, 512), 0);
  CHECK_INT (cache (0, 512), 0);
  CHECK_UINT (count (FAKE_PREFETCH16), 1);
  CHECK_UINT (count (FAKE_PREFETCH10), 2);
  rule (FAKE_PREFETCH10, 0, 7, 0x2700);
  CHECK_INT (cache (0, 512), 0);
  CHECK_INT (cache (0, 512), 0);
  CHECK_UINT (count (FAKE_PREFETCH10), 3);
  CHECK (!block_can_cache (&d.h));
  detach ();
}

int
main (void)
{
  alarm (500);
  test_edges (512);
  test_edges (4096);
  test_random (512);
  test_random (4096);
  test_split ();
  test_read_modify_write ();
  test_cdb_length ();
  test_cdb_length_untold ();
  test_fua ();
  test_fua_learnt ();
  test_residuals ();
  test_errors ();
  test_retries ();
  test_cache ();
  return check_summary ();
}
