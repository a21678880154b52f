/* SPDX-License-Identifier: BSD-3-Clause */

/* The model must see each kind of wrong data, or the fault tests that lean
 * on it prove nothing.
 */

#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workload-model.h"

#define RUN 0x12345678
#define INDEX 7
#define LEN 1000                /* not a multiple of a cell */

static unsigned failures;

static void
expect (const struct slot *s, const uint8_t *buf, enum fault want,
        const char *what)
{
  uint32_t seen;
  size_t cell;
  enum fault got;

  got = model_check (s, buf, LEN, RUN, INDEX, &seen, &cell);
  if (got != want) {
    fprintf (stderr, "%s: %s, expected %s\n",
             what, fault_name[got], fault_name[want]);
    failures++;
  }
}

static void
test_writes (void)
{
  struct slot s = { 0 };
  uint8_t old[LEN], new[LEN], mix[LEN], other[LEN], fill[LEN];
  uint32_t a, b;
  size_t i;

  a = model_next (&s);
  model_fill (old, LEN, RUN, INDEX, a);
  model_written (&s, a, true);
  expect (&s, old, FAULT_NONE, "first write");

  b = model_next (&s);
  model_fill (new, LEN, RUN, INDEX, b);
  expect (&s, new, FAULT_STALE, "a write that was never acknowledged");

  memcpy (mix, new, LEN);
  memcpy (mix, old, 516);       /* in the middle of a cell */

  model_written (&s, b, false);
  expect (&s, old, FAULT_NONE, "failed write, old data");
  expect (&s, new, FAULT_NONE, "failed write, new data");
  expect (&s, mix, FAULT_NONE, "failed write, half done");

  model_written (&s, b, true);
  expect (&s, old, FAULT_STALE, "old data after a newer write");
  expect (&s, new, FAULT_NONE, "newest data");
  expect (&s, mix, FAULT_TORN, "half old, half new");

  model_fill (other, LEN, RUN, INDEX + 1, b);
  expect (&s, other, FAULT_FOREIGN, "another slot's data");
  model_fill (other, LEN, RUN + 1, INDEX, b);
  expect (&s, other, FAULT_FOREIGN, "another run's data");
  memcpy (other, new, LEN);
  memcpy (other + 512, new, LEN - 512);
  expect (&s, other, FAULT_FOREIGN, "data moved inside the slot");

  memset (fill, 0, LEN);
  expect (&s, fill, FAULT_FILL, "zeroes that nobody wrote");
  memset (fill, 0xa5, LEN);
  expect (&s, fill, FAULT_FILL, "an untouched buffer");
  for (i = 0; i < LEN; ++i)
    fill[i] = i * 7;
  expect (&s, fill, FAULT_GARBAGE, "garbage");

  memcpy (mix, new, LEN);
  memset (mix + 512, 0xa5, LEN - 512);
  expect (&s, mix, FAULT_TORN, "half filled");
  memcpy (mix, new, LEN);
  mix[LEN - 1] ^= 1;
  expect (&s, mix, FAULT_TORN, "one bit of the last, short cell");
}

static void
test_zeroes (void)
{
  struct slot s = { 0 };
  uint8_t a[LEN], b[LEN], zero[LEN], half[LEN];
  uint32_t seq;

  memset (zero, 0, LEN);
  seq = model_next (&s);
  model_fill (a, LEN, RUN, INDEX, seq);
  model_written (&s, seq, true);
  memcpy (half, a, LEN);
  memset (half, 0, 516);        /* in the middle of a cell */

  model_zeroed (&s, false);
  expect (&s, a, FAULT_NONE, "failed zero, old data");
  expect (&s, zero, FAULT_NONE, "failed zero, zeroes");
  expect (&s, half, FAULT_NONE, "failed zero, half done");

  model_zeroed (&s, true);
  expect (&s, zero, FAULT_NONE, "zeroed");
  expect (&s, a, FAULT_STALE, "old data after zeroing");
  expect (&s, half, FAULT_TORN, "half zeroed");

  seq = model_next (&s);
  model_fill (b, LEN, RUN, INDEX, seq);
  model_written (&s, seq, false);
  expect (&s, zero, FAULT_NONE, "failed write over zeroes, zeroes");
  expect (&s, b, FAULT_NONE, "failed write over zeroes, data");
  expect (&s, a, FAULT_STALE, "failed write over zeroes, older data");

  model_written (&s, seq, true);
  expect (&s, zero, FAULT_FILL, "zeroes after a write");
  model_trimmed (&s);
  expect (&s, zero, FAULT_NONE, "trimmed, zeroes");
  expect (&s, b, FAULT_NONE, "trimmed, old data");
  expect (&s, a, FAULT_STALE, "trimmed, older data");
}

int
main (void)
{
  test_writes ();
  test_zeroes ();
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
