/* SPDX-License-Identifier: BSD-3-Clause */

/* Reads, writes, zeroes and trims on a disk in memory that refuses any of
 * its commands: what is read is what was written, and nothing around it
 * changes.
 */

#include <config.h>

#include <errno.h>

#include "block.h"
#include "fake-lun.h"
#include "fuzz.h"

#define BLOCKS 64

static struct fake_disk d;
static uint8_t *model, *buf;
static uint64_t size_bytes;

/* A LUN with any of what a LUN may have. */
static void
open_disk (struct input *in)
{
  const unsigned bits = (unsigned) input_number (in, 2);

  fake_open (&d.lun, UINT32_C (512) << bits % 4, BLOCKS);
  d.lun.keep_no_log = true;
  d.lun.dpofua = bits & 0x10;
  d.lun.wce = bits & 0x20;
  d.lun.thin = bits & 0x40;
  d.lun.lbprz = bits & 0x80;
  d.lun.lbpu = bits & 0x100;
  d.lun.lbpws = bits & 0x200;
  d.lun.lbpws10 = bits & 0x400;
  d.lun.max_transfer = (uint32_t) input_number (in, 1) % 9;
  d.lun.max_unmap_lbas = (uint32_t) input_number (in, 1) % 9;
  d.lun.max_write_same = input_number (in, 1) % 9;
  d.lun.unmap_granularity = (uint32_t) input_number (in, 1) % 9;
  d.lun.unmap_alignment = (uint32_t) input_number (in, 1) % 9;
  fake_attach (&d);
  size_bytes = d.lun.nr * d.lun.block_len;
  model = calloc (1, size_bytes);
  buf = malloc (size_bytes);
  REQUIRE (model && buf);
}

static void
close_disk (void)
{
  free (model);
  free (buf);
  fake_detach (&d);
}

/* From now on: a command that is refused, fails, or tells a residual. */
static void
add_rule (struct input *in)
{
  static const unsigned ops[] = {
    FAKE_READ10, FAKE_WRITE10, FAKE_SAME10, FAKE_UNMAP, FAKE_READ16,
    FAKE_WRITE16, FAKE_SYNC16, FAKE_SYNC10, FAKE_SAME16, FAKE_ANY,
  };
  static const uint16_t answers[] = {
    0x2000, 0x2400, 0x2500, 0x2600, 0x2100, 0x1100, 0x2900, 0x2700,
  };
  const unsigned a = (unsigned) input_number (in, 1) & 7;

  if (d.lun.nr_rules == FAKE_MAX_RULES)
    return;
  fake_rule (&d.lun, (struct fake_rule) {
      .op = ops[input_number (in, 1) % (sizeof ops / sizeof ops[0])],
      .times = (unsigned) input_number (in, 1) % 4,
      .status = STATUS_CHECK_CONDITION, .asc = answers[a],
      .key = a < 5 ? 5 : a == 5 ? 3 : a == 6 ? 6 : 7,
    });
}

/* A request that failed may have been done in part; one that is to discard
 * may do so: inside its range anything, outside nothing.
 */
static void
adopt (uint64_t offset, uint32_t count)
{
  memcpy (model + offset, d.lun.data + offset, count);
}

/* The NBD errnos. */
static void
require_failed (const struct error *err)
{
  require_error (err);
  REQUIRE (err->err == EIO || err->err == EPERM || err->err == ENOSPC ||
           err->err == ENOMEM || err->err == ENOTSUP);
}

static void
request (unsigned op, unsigned flags, uint32_t count, uint64_t offset,
         uint8_t byte)
{
  const bool fua = flags & 1, may_trim = flags & 2, fast = flags & 4;
  struct error err = { 0 };
  int r;

  switch (op) {
  case 0:
    r = block_read (&d.h, buf, count, offset, &err);
    REQUIRE (r == -1 || memcmp (buf, model + offset, count) == 0);
    break;
  case 1:
    memset (buf, byte, count);
    r = block_write (&d.h, buf, count, offset, fua, &err);
    memset (model + offset, byte, count);
    break;
  case 2:
    r = block_zero (&d.h, count, offset, may_trim, fast, fua, &err);
    memset (model + offset, 0, count);
    break;
  case 3:
    r = block_trim (&d.h, count, offset, fua, &err);
    adopt (offset, count);
    break;
  case 4:
    r = block_cache (&d.h, count, offset, &err);
    break;
  default:
    r = block_flush (&d.h, &err);
  }
  if (r == -1) {
    require_failed (&err);
    adopt (offset, count);
  }
  REQUIRE (memcmp (d.lun.data, model, size_bytes) == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input in = { data, size };
  unsigned op, flags;
  uint64_t offset;
  uint32_t count;

  open_disk (&in);
  while (in.size > 0) {
    op = (unsigned) input_number (&in, 1);
    if (op & 0x80) {
      add_rule (&in);
      continue;
    }
    flags = (unsigned) input_number (&in, 1);
    offset = input_number (&in, 3) % size_bytes;
    count = 1 + (uint32_t) (input_number (&in, 3) % (size_bytes - offset));
    request (op % 6, flags, count, offset, (uint8_t) (flags | 1));
  }
  REQUIRE (d.lun.broken == 0);
  close_disk ();
  return 0;
}
