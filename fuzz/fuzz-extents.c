/* SPDX-License-Identifier: BSD-3-Clause */

/* extents_get over a LUN that tells any map: what is told is in order and
 * without gaps, and no hole is made up.
 */

#include <config.h>

#include "bytes.h"
#include "debug.h"
#include "extents.h"
#include "fake-lun.h"
#include "fuzz.h"

#define LEN 512
#define ANSWERS 32
#define DESCRIPTORS 8

static struct fake_disk d;

/* What the LUN told: a hundred lies are lies, but they were told. */
static struct {
  uint64_t lba, blocks;
  unsigned state;
} told[ANSWERS * DESCRIPTORS];
static size_t nr_told;

static uint8_t answers[ANSWERS][8 + 16 * DESCRIPTORS];

void
debug_verbose (const char *fs __attribute__ ((unused)), ...)
{
}

/* An answer of some descriptors that begin near where the one before has
 * ended, or a status.
 */
static void
make_answer (struct input *in, uint8_t *data, uint64_t *lba)
{
  const unsigned kind = (unsigned) input_number (in, 1);
  struct fake_rule rule = { .op = FAKE_LBA_STATUS, .times = 1 };
  size_t n = kind & 7, i;
  uint64_t blocks;

  if (kind & 0x80) {
    rule.status = STATUS_CHECK_CONDITION;
    rule.key = kind & 0xf;
    rule.asc = (uint16_t) input_number (in, 2);
    fake_rule (&d.lun, rule);
    return;
  }
  put_be32 (data, (uint32_t) (kind & 0x40 ? input_number (in, 4)
                              : 4 + 16 * n));
  for (i = 0; i < n; ++i) {
    *lba += (uint64_t) (int8_t) input_number (in, 1);
    blocks = input_number (in, 2);
    put_be64 (&data[8 + 16 * i], *lba);
    put_be32 (&data[8 + 16 * i + 8], (uint32_t) blocks);
    data[8 + 16 * i + 12] = (uint8_t) input_number (in, 1);
    told[nr_told].lba = *lba;
    told[nr_told].blocks = blocks;
    told[nr_told++].state = data[8 + 16 * i + 12] & 0xf;
    *lba += blocks;
  }
  rule.param = data;
  rule.param_len = 8 + 16 * n - (kind >> 3 & 7);
  fake_rule (&d.lun, rule);
}

/* Did the LUN say of these bytes that they are in such a state? */
static bool
was_told (uint64_t offset, uint64_t length, bool anchored_too)
{
  size_t i;

  for (i = 0; i < nr_told; ++i)
    if ((told[i].state == 1 || (anchored_too && told[i].state == 2)) &&
        told[i].lba * LEN <= offset &&
        offset + length <= (told[i].lba + told[i].blocks) * LEN)
      return true;
  return false;
}

static uint64_t next, end;
static unsigned extents;

static int
tell (void *opaque __attribute__ ((unused)), uint64_t offset,
      uint64_t length, bool hole, bool zero,
      struct error *err __attribute__ ((unused)))
{
  REQUIRE (offset == next && length > 0 && length <= end - offset);
  REQUIRE (!hole || was_told (offset, length, false));
  REQUIRE (!zero || was_told (offset, length, true));
  next = offset + length;
  extents++;
  return 0;
}

/* Opened once: an input only changes what is asked for. */
static void
open_disk (void)
{
  fake_open (&d.lun, LEN, UINT64_C (1) << 40);
  d.lun.thin = d.lun.lbprz = d.lun.lbpu = true;
  d.lun.keep_no_log = true;
  fake_attach (&d);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input in = { data, size };
  struct error err = { 0 };
  uint32_t count;
  uint64_t lba;
  unsigned i;
  bool one;

  if (d.lun.blocks == 0)
    open_disk ();
  memset (&d.learnt, 0, sizeof d.learnt);
  d.lun.nr_rules = 0;
  nr_told = extents = 0;

  one = input_number (&in, 1) & 1;
  next = input_number (&in, 5);
  count = 1 + (uint32_t) (input_number (&in, 4) % UINT32_MAX);
  end = next + count;
  lba = next / LEN;
  memset (answers, 0, sizeof answers);
  for (i = 0; i < ANSWERS && in.size > 0; ++i)
    make_answer (&in, answers[i], &lba);

  if (extents_get (&d.h, count, next, one, tell, NULL, &err) == -1)
    require_error (&err);
  else
    REQUIRE (extents > 0 && (!one || extents == 1));
  REQUIRE (d.lun.broken == 0);
  return 0;
}
