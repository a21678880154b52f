/* SPDX-License-Identifier: BSD-3-Clause */

/* Every request is also done to a plain buffer, the shadow, and the whole
 * disk is compared with it afterwards.
 */

#include <config.h>

#include <errno.h>
#include <unistd.h>

#include "block.h"
#include "check.h"
#include "fake-lun.h"

static struct fake_disk d;
static struct error err;
static uint8_t *shadow, *buf;
static uint64_t size;

static uint32_t random_state = 2463534242;

static uint32_t
next_random (void)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

static void
fill_random (uint8_t *p, size_t n)
{
  while (n--)
    *p++ = next_random () >> 8 | 1;
}

/* Attach the LUN that the test has opened and set up, with random data. */
static void
attach (void)
{
  fake_attach (&d);
  size = d.lun.nr * d.lun.block_len;
  shadow = malloc (size);
  buf = malloc (size);
  if (shadow == NULL || buf == NULL)
    abort ();
  fill_random (d.lun.data, size);
  memcpy (shadow, d.lun.data, size);
  err = (struct error) { 0 };
}

static void
detach (void)
{
  CHECK_UINT (d.lun.broken, 0);
  free (shadow);
  free (buf);
  fake_detach (&d);
}

static void
open_disk (uint32_t block_len, uint64_t blocks)
{
  fake_open (&d.lun, block_len, blocks);
}

/* A thin disk that can do all. */
static void
open_thin (uint32_t block_len, uint64_t blocks)
{
  open_disk (block_len, blocks);
  d.lun.thin = d.lun.lbprz = true;
  d.lun.lbpu = d.lun.lbpws = d.lun.lbpws10 = true;
}

static void
rule (unsigned op, unsigned times, uint8_t key, uint16_t asc)
{
  fake_rule (&d.lun, (struct fake_rule) {
      .op = op, .times = times, .status = STATUS_CHECK_CONDITION,
      .key = key, .asc = asc,
    });
}

static void
refuse (unsigned op)
{
  fake_rule (&d.lun, (struct fake_rule) FAKE_REFUSE (op));
}

static unsigned
count (unsigned op)
{
  return fake_count (&d.lun, op);
}

static void
same_as_shadow (void)
{
  CHECK_MEM (d.lun.data, shadow, size);
}

/* The operations, each done twice. */

static void
do_read (uint64_t offset, uint32_t n)
{
  memset (buf, 0, size);
  CHECK_INT (block_read (&d.h, buf, n, offset, &err), 0);
  CHECK_MEM (buf, shadow + offset, n);
  CHECK (n == size || buf[n] == 0);
}

static void
do_write (uint64_t offset, uint32_t n, bool fua)
{
  fill_random (buf, n);
  CHECK_INT (block_write (&d.h, buf, n, offset, fua, &err), 0);
  memcpy (shadow + offset, buf, n);
  same_as_shadow ();
}

static void
do_zero (uint64_t offset, uint32_t n, bool may_trim)
{
  CHECK_INT (block_zero (&d.h, n, offset, may_trim, false, false, &err), 0);
  memset (shadow + offset, 0, n);
  same_as_shadow ();
}

/* Blocks wholly inside may have become zeroes, or anything without LBPRZ. */
static void
do_trim (uint64_t offset, uint32_t n)
{
  const uint32_t len = d.lun.block_len;
  uint64_t b;

  CHECK_INT (block_trim (&d.h, n, offset, false, &err), 0);
  for (b = (offset + len - 1) / len; (b + 1) * len <= offset + n; ++b) {
    if (d.lun.state[b] == FAKE_DEALLOCATED && d.lun.lbprz)
      memset (shadow + b * len, 0, len);
    else if (d.lun.state[b] == FAKE_DEALLOCATED)
      memcpy (shadow + b * len, d.lun.data + b * len, len);
  }
  same_as_shadow ();
}

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

static int
flush (void)
{
  return block_flush (&d.h, &err);
}

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
      CHECK (!block_can_fast_zero (&d.h));

      /* A trim promises nothing. */
      CHECK (block_can_trim (&d.h));
      do_trim (0, size);
      CHECK (count (FAKE_SAME16) > 0);
      detach ();
    }
  }
}

static void
why (void *engine __attribute__ ((unused)), struct error *e)
{
  error_set (e, EIO, "connection refused by 192.0.2.1");
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
    CHECK_INT (flush (), -1);
    CHECK_INT (err.err, errors[i].err);
    CHECK_INT (block_trim (&d.h, 512, 0, false, &err), -1);
    CHECK_INT (err.err, errors[i].err);
    CHECK_INT (block_zero (&d.h, 512, 0, true, false, false, &err), -1);
    CHECK_INT (err.err, errors[i].err);
    CHECK_CONTAINS (err.msg, "zero of 512 bytes at offset 0 failed: ");
    same_as_shadow ();

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
  CHECK (!block_can_fast_zero (&d.h));
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
  CHECK_UINT (d.lun.seen[0].blocks, 29);
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
  CHECK (block_can_fast_zero (&d.h));
  do_zero (0, 51200, true);
  CHECK_UINT (count (FAKE_SAME16), 2);
  CHECK (!block_can_fast_zero (&d.h));
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
  CHECK (block_can_fast_zero (&d.h));
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
  CHECK (!block_can_fast_zero (&d.h));

  /* And never ENOTSUP for a zero that need not be fast. */
  do_zero (10100, 5000, true);
  detach ();

  open_disk (512, 64);
  attach ();
  CHECK (!block_can_fast_zero (&d.h));
  CHECK_INT (fast_zero (5120, 0, true), -1);
  CHECK_INT (err.err, ENOTSUP);
  CHECK_UINT (count (FAKE_ANY), 0);
  same_as_shadow ();
  detach ();
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
  alarm (300);
  test_edges (512);
  test_edges (4096);
  test_random (512);
  test_random (4096);
  test_split ();
  test_read_modify_write ();
  test_cdb_length ();
  test_fua ();
  test_fua_learnt ();
  test_flush ();
  test_flush_refused ();
  test_flush_errors ();
  test_residuals ();
  test_residual_of_zero ();
  test_errors ();
  test_retries ();
  test_trim ();
  test_trim_fallbacks ();
  test_zero ();
  test_zero_fallbacks ();
  test_fast_zero ();
  test_cache ();
  return check_summary ();
}
