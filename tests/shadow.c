/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdlib.h>

#include "check.h"
#include "shadow.h"

struct fake_disk d;
struct error err;
uint8_t *shadow, *buf;
uint64_t size;

static uint32_t random_state = 2463534242;

uint32_t
next_random (void)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

void
fill_random (uint8_t *p, size_t n)
{
  while (n--)
    *p++ = next_random () >> 8 | 1;
}

/* Attach the LUN that the test has opened and set up, with random data. */
void
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

void
detach (void)
{
  CHECK_UINT (d.lun.broken, 0);
  free (shadow);
  free (buf);
  fake_detach (&d);
}

void
open_disk (uint32_t block_len, uint64_t blocks)
{
  fake_open (&d.lun, block_len, blocks);
}

/* A thin disk that can do all. */
void
open_thin (uint32_t block_len, uint64_t blocks)
{
  open_disk (block_len, blocks);
  d.lun.thin = d.lun.lbprz = true;
  d.lun.lbpu = d.lun.lbpws = d.lun.lbpws10 = true;
}

void
rule (unsigned op, unsigned times, uint8_t key, uint16_t asc)
{
  fake_rule (&d.lun, (struct fake_rule) {
      .op = op, .times = times, .status = STATUS_CHECK_CONDITION,
      .key = key, .asc = asc,
    });
}

void
refuse (unsigned op)
{
  fake_rule (&d.lun, (struct fake_rule) FAKE_REFUSE (op));
}

unsigned
count (unsigned op)
{
  return fake_count (&d.lun, op);
}

void
same_as_shadow (void)
{
  CHECK_MEM (d.lun.data, shadow, size);
}

void
do_read (uint64_t offset, uint32_t n)
{
  memset (buf, 0, size);
  CHECK_INT (block_read (&d.h, buf, n, offset, &err), 0);
  CHECK_MEM (buf, shadow + offset, n);
  CHECK (n == size || buf[n] == 0);
}

void
do_write (uint64_t offset, uint32_t n, bool fua)
{
  fill_random (buf, n);
  CHECK_INT (block_write (&d.h, buf, n, offset, fua, &err), 0);
  memcpy (shadow + offset, buf, n);
  same_as_shadow ();
}

void
do_zero (uint64_t offset, uint32_t n, bool may_trim)
{
  CHECK_INT (block_zero (&d.h, n, offset, may_trim, false, false, &err), 0);
  memset (shadow + offset, 0, n);
  same_as_shadow ();
}

/* Blocks wholly inside may have become zeroes, or anything without LBPRZ. */
void
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

int
flush (void)
{
  return block_flush (&d.h, &err);
}
