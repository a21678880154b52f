/* SPDX-License-Identifier: BSD-3-Clause */

/* Lists of descriptors, the answers to GET LBA STATUS and REPORT LUNS:
 * vectors, every truncation of them, a model, garbage.
 */

#include <config.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"
#include "check.h"
#include "guard.h"
#include "parse.h"

/* Builds an answer to GET LBA STATUS. */
struct status_list {
  uint8_t data[8 + 64 * 16];
  size_t len;
};

static void
list_begin (struct status_list *l)
{
  memset (l, 0, sizeof *l);
  l->len = 8;
  put_be32 (l->data, 4);
}

static void
list_add (struct status_list *l, uint64_t lba, uint32_t blocks,
          unsigned status)
{
  uint8_t *d = &l->data[l->len];

  put_be64 (&d[0], lba);
  put_be32 (&d[8], blocks);
  d[12] = (uint8_t) status;
  l->len += 16;
  put_be32 (l->data, (uint32_t) (l->len - 4));
}

#define MAX_EXTENTS 64

/* Parse, and check what must hold for any answer: adjacent extents that
 * begin at ‘lba’ and end inside what was asked, in at most ‘max’ elements.
 */
static size_t
lba_status (const uint8_t *data, size_t len, uint64_t lba, uint64_t blocks,
            struct lba_extent out[MAX_EXTENTS + 1], size_t max)
{
  uint64_t next = lba, left = blocks;
  struct lba_extent untouched[1];
  size_t i, n;

  memset (out, 0x5a, (MAX_EXTENTS + 1) * sizeof *out);
  untouched[0] = out[max];
  n = parse_lba_status (guard_copy (data, len), len, lba, blocks, out, max);
  CHECK (n <= max);
  CHECK_MEM (&out[max], untouched, sizeof untouched);
  for (i = 0; i < n; i++) {
    CHECK_UINT (out[i].lba, next);
    CHECK (out[i].blocks > 0 && out[i].blocks <= left);
    CHECK (out[i].state == LBA_MAPPED || out[i].state == LBA_DEALLOCATED ||
           out[i].state == LBA_ANCHORED);
    next += out[i].blocks;
    left -= out[i].blocks;
  }
  return n;
}

/* So many extents of this list, asked for from ‘lba’ on. */
static void
check_list (const struct status_list *l, uint64_t lba, uint64_t blocks,
            struct lba_extent out[MAX_EXTENTS + 1], size_t n)
{
  CHECK_UINT (lba_status (l->data, l->len, lba, blocks, out, MAX_EXTENTS),
              n);
}

/* Three extents, from block 100 to 135. */
static void
list_of_three (struct status_list *l)
{
  list_begin (l);
  list_add (l, 100, 10, 0);
  list_add (l, 110, 20, 1);
  list_add (l, 130, 5, 2);
}

/* Every length: only what came whole. */
static void
test_lba_status_lengths (void)
{
  struct lba_extent out[MAX_EXTENTS + 1];
  struct status_list l;
  size_t len;

  list_of_three (&l);
  for (len = 0; len <= l.len; len++) {
    CHECK_UINT (lba_status (l.data, len, 100, 1000, out, MAX_EXTENTS),
                len < 8 ? 0 : (len - 8) / 16);
  }
  CHECK (out[0].blocks == 10 && out[0].state == LBA_MAPPED);
  CHECK (out[1].blocks == 20 && out[1].state == LBA_DEALLOCATED);
  CHECK (out[2].blocks == 5 && out[2].state == LBA_ANCHORED);

  /* Room for fewer; for none. */
  CHECK_UINT (lba_status (l.data, l.len, 100, 1000, out, 2), 2);
  CHECK_UINT (lba_status (l.data, l.len, 100, 1000, out, 0), 0);

  /* The header may promise more or less than there is. */
  put_be32 (l.data, UINT32_MAX);
  check_list (&l, 100, 1000, out, 3);
  put_be32 (l.data, 4 + 32);
  check_list (&l, 100, 1000, out, 2);
  put_be32 (l.data, 4 + 31);
  check_list (&l, 100, 1000, out, 1);
  put_be32 (l.data, 0);
  check_list (&l, 100, 1000, out, 0);
}

static void
test_lba_status_clipped (void)
{
  struct lba_extent out[MAX_EXTENTS + 1];
  struct status_list l;

  /* Clipped to what was asked. */
  list_of_three (&l);
  check_list (&l, 100, 30, out, 2);
  CHECK_UINT (out[1].blocks, 20);
  check_list (&l, 100, 11, out, 2);
  CHECK_UINT (out[1].blocks, 1);
  check_list (&l, 100, 1, out, 1);
  CHECK_UINT (out[0].blocks, 1);
  check_list (&l, 100, 0, out, 0);

  /* The first may begin earlier, but must reach the LBA. */
  check_list (&l, 109, 100, out, 3);
  CHECK_UINT (out[0].blocks, 1);
  check_list (&l, 110, 100, out, 0);
  check_list (&l, 99, 100, out, 0);

  /* Where 64 bits end. */
  list_begin (&l);
  list_add (&l, UINT64_MAX - 1, UINT32_MAX, 1);
  list_add (&l, UINT32_MAX - 2, UINT32_MAX, 1);
  check_list (&l, UINT64_MAX - 1, 1, out, 1);
  CHECK_UINT (out[0].blocks, 1);
}

/* What follows a descriptor that is wrong is not told. */
static void
test_lba_status_broken (void)
{
  struct lba_extent out[MAX_EXTENTS + 1];
  struct status_list l;

  /* Zero count: what tgt makes of 2^32 blocks. */
  list_begin (&l);
  list_add (&l, 0, 8, 1);
  list_add (&l, 8, 0, 0);
  list_add (&l, 8, 8, 1);
  check_list (&l, 0, 16, out, 1);
  check_list (&l, 8, 8, out, 0);

  /* A gap, and an overlap backwards. */
  list_begin (&l);
  list_add (&l, 0, 8, 1);
  list_add (&l, 9, 8, 1);
  check_list (&l, 0, 100, out, 1);
  list_begin (&l);
  list_add (&l, 0, 8, 1);
  list_add (&l, 7, 8, 1);
  check_list (&l, 0, 100, out, 1);
  list_begin (&l);
  list_add (&l, 0, 8, 1);
  list_add (&l, 0, 80, 0);
  check_list (&l, 0, 100, out, 1);
}

/* Only 1 and 2 are no data; the high nibble is not the state. */
static void
test_lba_status_states (void)
{
  struct lba_extent out[MAX_EXTENTS + 1];
  struct status_list l;
  unsigned status;

  for (status = 0; status <= 0xff; status++) {
    list_begin (&l);
    list_add (&l, 5, 1, status);
    check_list (&l, 5, 1, out, 1);
    CHECK_INT (out[0].state, (status & 0xf) == 1 ? LBA_DEALLOCATED
               : (status & 0xf) == 2 ? LBA_ANCHORED : LBA_MAPPED);
  }
}

/* A small disk: the state of each block. */
struct map {
  uint8_t state[64];
};

static void
map_random (struct map *map, uint64_t *seed)
{
  uint64_t b;

  for (b = 0; b < sizeof map->state; b++)
    map->state[b] = b > 0 && guard_random (seed) % 4 ? map->state[b - 1]
      : (uint8_t) (guard_random (seed) % 5);
}

/* Tell the map from ‘start’ on, with the nth descriptor broken so: 0 not;
 * 1 it begins late, 2 early, 3 it is empty.  Not the first, whose start is
 * free.  Returns up to which block it was told right.
 */
static uint64_t
map_tell (const struct map *map, uint64_t start, unsigned fault,
          unsigned faulty, struct status_list *l)
{
  uint64_t end, told_to = sizeof map->state;
  unsigned nr;

  list_begin (l);
  for (nr = 0; start < sizeof map->state; nr++, start = end) {
    const uint8_t state = map->state[start];
    bool now = nr == faulty && nr > 0;

    for (end = start + 1; end < sizeof map->state; end++)
      if (map->state[end] != state)
        break;
    if (now && fault != 0)
      told_to = start;
    if (now && fault == 1)
      list_add (l, start + 1, (uint32_t) (end - start), state);
    else if (now && fault == 2)
      list_add (l, start - 1, (uint32_t) (end - start) + 1, state);
    else if (now && fault == 3)
      list_add (l, start, 0, state);
    else
      list_add (l, start, (uint32_t) (end - start), state);
  }
  return told_to;
}

/* Random maps of a small disk, told from a random place on, then broken in
 * a random way at a random descriptor: all before it must be as the map
 * is, nothing after it may be told.
 */
static void
test_lba_status_model (void)
{
  struct lba_extent out[MAX_EXTENTS + 1];
  uint64_t seed = 7;
  unsigned round;

  for (round = 0; round < 3000; round++) {
    struct map map = { { 0 } };
    struct status_list l;
    uint64_t lba, blocks, start, told_to, b;
    unsigned fault, faulty;
    size_t i, n;

    map_random (&map, &seed);
    lba = guard_random (&seed) % sizeof map.state;
    blocks = 1 + guard_random (&seed) % (sizeof map.state - lba);
    fault = (unsigned) (guard_random (&seed) % 4);
    faulty = (unsigned) (guard_random (&seed) % 8);

    /* Tell it, beginning up to the whole first extent before the LBA. */
    start = lba;
    while (start > 0 && map.state[start - 1] == map.state[start] &&
           guard_random (&seed) % 2)
      start--;
    told_to = map_tell (&map, start, fault, faulty, &l);
    if (told_to > lba + blocks)
      told_to = lba + blocks;

    n = lba_status (l.data, l.len, lba, blocks, out, MAX_EXTENTS);
    for (i = 0, b = lba; i < n; i++) {
      uint64_t end = b + out[i].blocks;

      for (; b < end && b < sizeof map.state; b++)
        CHECK_INT (out[i].state, map.state[b] == 1 ? LBA_DEALLOCATED
                   : map.state[b] == 2 ? LBA_ANCHORED : LBA_MAPPED);
    }
    CHECK_UINT (b, told_to);
  }
}

static const struct {
  uint8_t entry[8];
  int lun;                    /* -1: skipped */
} lun_rows[] = {
  { { 0, 0 }, 0 },
  { { 0, 1 }, 1 },
  { { 0, 255 }, 255 },
  { { 0x01, 5 }, 261 },               /* bus 1, or the number 105h */
  { { 0x3f, 5 }, 0x3f05 },
  { { 0x40, 0 }, 0 },                 /* flat */
  { { 0x40, 255 }, 255 },
  { { 0x41, 0 }, 256 },
  { { 0x7f, 0xff }, 16383 },
  { { 0x80, 0 }, 0 },                 /* logical unit */
  { { 0x80, 31 }, 31 },
  { { 0x80, 0x20 }, -1 },             /* bus 1 */
  { { 0x81, 3 }, -1 },                /* target 1 */
  { { 0xc1, 1 }, -1 },                /* well known */
  { { 0xd2, 0, 0, 7 }, -1 },          /* extended flat */
  { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, -1 },
  { { 0, 1, 0, 2 }, -1 },             /* a second level */
  { { 0x41, 0, 0, 0, 0, 0, 0, 1 }, -1 },
  { { 0, 7 }, 7 },
};
enum { LUN_ROWS = sizeof lun_rows / sizeof lun_rows[0] };
#define LUN_DATA (8 + 8 * LUN_ROWS)

/* All of them, in one answer. */
static void
luns_begin (uint8_t data[LUN_DATA])
{
  size_t i;

  memset (data, 0, LUN_DATA);
  put_be32 (data, 8 * LUN_ROWS);
  for (i = 0; i < LUN_ROWS; i++)
    memcpy (&data[8 + 8 * i], lun_rows[i].entry, 8);
}

/* What the first ‘len’ bytes of it say; returns how many. */
static size_t
luns_in (size_t len, int want[LUN_ROWS])
{
  size_t i, n = 0;

  for (i = 0; 8 + 8 * (i + 1) <= len; i++)
    if (lun_rows[i].lun >= 0)
      want[n++] = lun_rows[i].lun;
  return n;
}

/* The numbers; each comes with its address as it was told. */
static size_t
report_luns (const uint8_t *data, size_t len, int *luns, size_t max)
{
  struct lun_address found[LUN_ROWS];
  size_t i, k, n, skipped;

  n = parse_report_luns (guard_copy (data, len), len, found, max, &skipped);
  for (i = k = 0; i < n; ++i, ++k) {
    luns[i] = found[i].lun;
    while (lun_rows[k].lun < 0)
      k++;
    CHECK_UINT (found[i].wire, get_be16 (lun_rows[k].entry));
  }
  CHECK (n == max || n + skipped == len / 8 - 1 || len < 8 ||
         get_be32 (data) < len - 8);
  return n;
}

static void
test_report_luns_entries (void)
{
  uint8_t data[LUN_DATA];
  int luns[LUN_ROWS + 1], want[LUN_ROWS] = { 0 };
  size_t i, len, n, nr_want = 0;

  luns_begin (data);
  for (len = 0; len <= sizeof data; len++) {
    nr_want = luns_in (len, want);
    luns[LUN_ROWS] = -77;
    n = report_luns (data, len, luns, LUN_ROWS);
    CHECK_UINT (n, nr_want);
    CHECK_MEM (luns, want, nr_want * sizeof want[0]);
    CHECK_INT (luns[LUN_ROWS], -77);
  }

  /* Room for fewer; for none. */
  for (i = 0; i <= nr_want; i++) {
    luns[i] = -77;
    n = report_luns (data, sizeof data, luns, i);
    CHECK_UINT (n, i);
    CHECK_INT (luns[i], -77);
  }
}

/* A list that ends before the data, inside an entry, or nowhere. */
static void
test_report_luns_lengths (void)
{
  uint8_t data[LUN_DATA];
  int luns[LUN_ROWS];
  size_t n, told;

  luns_begin (data);
  for (told = 0; told <= 24; told++) {
    put_be32 (data, (uint32_t) told);
    n = report_luns (data, sizeof data, luns, LUN_ROWS);
    CHECK_UINT (n, told / 8);
  }
  put_be32 (data, 1 << 20);
  n = report_luns (data, 24, luns, LUN_ROWS);
  CHECK_UINT (n, 2);
  put_be32 (data, UINT32_MAX - 8);
  n = report_luns (data, 24, luns, LUN_ROWS);
  CHECK_UINT (n, 2);
  put_be32 (data, UINT32_MAX);
  n = report_luns (data, 24, luns, LUN_ROWS);
  CHECK_UINT (n, 2);
}

static void
test_garbage (void)
{
  struct lba_extent extents[MAX_EXTENTS + 1];
  struct lun_address luns[65];
  uint8_t data[520];
  uint64_t seed = 3;
  unsigned round;
  size_t i, len, n, skipped;

  for (round = 0; round < 3000; round++) {
    len = guard_random (&seed) % (sizeof data + 1);
    guard_fill (data, sizeof data, &seed);

    lba_status (data, len, len >= 16 ? get_be64 (&data[8]) : 0,
                guard_random (&seed) >> 32, extents, MAX_EXTENTS);

    luns[64].lun = -77;
    n = parse_report_luns (guard_copy (data, len), len, luns, 64, &skipped);
    CHECK (n <= 64 && luns[64].lun == -77);
    for (i = 0; i < n; i++)
      CHECK (luns[i].lun >= 0 && luns[i].lun <= 16383);
  }
}

int
main (void)
{
  test_lba_status_lengths ();
  test_lba_status_clipped ();
  test_lba_status_broken ();
  test_lba_status_states ();
  test_lba_status_model ();
  test_report_luns_entries ();
  test_report_luns_lengths ();
  test_garbage ();
  return check_summary ();
}
