/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <string.h>

#include "workload-model.h"

const char *const fault_name[FAULT_MAX] = {
  [FAULT_NONE]    = "none",
  [FAULT_FILL]    = "fill",
  [FAULT_TORN]    = "torn",
  [FAULT_FOREIGN] = "foreign",
  [FAULT_STALE]   = "stale",
  [FAULT_GARBAGE] = "garbage",
};

/* A cell: the run, the slot, the write and the place in the slot, mixed
 * with a checksum so that stray bytes do not look like one.
 */
struct cell {
  uint32_t seq, check, run, index; /* the first two alone tell a short one */
};

#define PLACE         UINT32_C (0x9e3779b1)
#define PLACE_INVERSE UINT32_C (0xe8b2f51) /* PLACE * PLACE_INVERSE == 1 */

static uint32_t
checksum (const struct cell *c, size_t place)
{
  uint32_t h = UINT32_C (0x811c9dc5);

  h = (h ^ c->run) * UINT32_C (0x01000193);
  h = (h ^ c->index) * UINT32_C (0x85ebca6b);
  h = (h ^ c->seq) * UINT32_C (0xc2b2ae35);
  return (h ^ (h >> 15)) + (uint32_t) place * PLACE;
}

/* A cell that is whole, but belongs to another place of the slot. */
static bool
moved (const struct cell *c, size_t len)
{
  return (c->check - checksum (c, 0)) * PLACE_INVERSE < len / MODEL_CELL;
}

/* A slot may end in the middle of a cell. */
static size_t
cell_len (size_t len, size_t at)
{
  return len - at < MODEL_CELL ? len - at : MODEL_CELL;
}

void
model_fill (uint8_t *buf, size_t len, uint32_t run,
            uint32_t index, uint32_t seq)
{
  struct cell c = { .run = run, .index = index, .seq = seq };
  size_t at;

  for (at = 0; at < len; at += MODEL_CELL) {
    c.check = checksum (&c, at / MODEL_CELL);
    memcpy (buf + at, &c, cell_len (len, at));
  }
}

uint32_t
model_next (struct slot *s)
{
  return ++s->next;
}

void
model_written (struct slot *s, uint32_t seq, bool ok)
{
  if (ok) {
    s->low = s->high = seq;
    s->zero = false;
    s->known = true;
  }
  else if (s->known) {
    /* An empty interval starts here; else it grows. */
    if (s->low > s->high)
      s->low = seq;
    s->high = seq;
  }
}

void
model_zeroed (struct slot *s, bool ok)
{
  if (ok) {
    s->low = 1;
    s->high = 0;
    s->zero = true;
    s->known = true;
  }
  else
    s->zero = true;
}

void
model_trimmed (struct slot *s)
{
  s->zero = true;
}

/* How much of a cell's head and tail is that of ‘want’. */
static void
overlap (const uint8_t *p, const void *want, size_t n,
         size_t *head, size_t *tail)
{
  const uint8_t *w = want;
  size_t i;

  for (i = 0; i < n && p[i] == w[i]; ++i)
    ;
  if (i > *head)
    *head = i;
  for (i = 0; i < n && p[n - 1 - i] == w[n - 1 - i]; ++i)
    ;
  if (i > *tail)
    *tail = i;
}

/* A cell is right if it is an acceptable one, or the head of one and the
 * tail of another: a slot need not begin where a block does, and what is
 * done by halves ends with a block.
 */
static bool
acceptable (const struct slot *s, const uint8_t *p, size_t n, size_t place,
            uint32_t run, uint32_t index)
{
  static const uint8_t zeroes[MODEL_CELL];
  struct cell c = { .run = run, .index = index };
  size_t head = 0, tail = 0;

  if (s->zero)
    overlap (p, zeroes, n, &head, &tail);
  for (c.seq = s->low; c.seq <= s->high && head + tail < n; ++c.seq) {
    c.check = checksum (&c, place);
    overlap (p, &c, n, &head, &tail);
  }
  return head + tail >= n;
}

/* What one cell holds. */
enum content { ACCEPTABLE, OLD_WRITE, ELSEWHERE, NOT_OURS };

static enum content
look (const struct slot *s, const uint8_t *p, size_t n, size_t place,
      size_t len, uint32_t run, uint32_t index, uint32_t *seq)
{
  struct cell c;

  if (n < MODEL_CELL)
    return acceptable (s, p, n, place, run, index) ? ACCEPTABLE : NOT_OURS;

  memcpy (&c, p, sizeof c);
  if (c.check == checksum (&c, place) && c.run == run && c.index == index) {
    *seq = c.seq;
    return c.seq >= s->low && c.seq <= s->high ? ACCEPTABLE : OLD_WRITE;
  }
  if (acceptable (s, p, n, place, run, index))
    return ACCEPTABLE;
  if (c.check != checksum (&c, place))
    return moved (&c, len) ? ELSEWHERE : NOT_OURS;
  return ELSEWHERE;
}

static bool
one_byte (const uint8_t *buf, size_t len)
{
  return len == 1 || memcmp (buf, buf + 1, len - 1) == 0;
}

enum fault
model_check (const struct slot *s, const uint8_t *buf, size_t len,
             uint32_t run, uint32_t index, uint32_t *seen, size_t *cell)
{
  size_t counts[NOT_OURS + 1] = { 0 };
  size_t at, n, bad = 0;
  uint32_t seq, first = 0;
  enum content is;
  bool several = false;

  *seen = 0;
  *cell = 0;
  for (at = 0; at < len; at += MODEL_CELL) {
    seq = 0;
    n = cell_len (len, at);
    is = look (s, buf + at, n, at / MODEL_CELL, len, run, index, &seq);
    if (is != ACCEPTABLE && bad++ == 0) {
      *cell = at / MODEL_CELL;
      *seen = seq;
    }
    if (seq != 0) {
      several = several || (first != 0 && seq != first);
      first = seq;
    }
    counts[is]++;
  }

  if (bad == 0)
    return FAULT_NONE;
  if (one_byte (buf, len))
    return FAULT_FILL;
  if (counts[ELSEWHERE] > 0)
    return FAULT_FOREIGN;
  if (several || counts[ACCEPTABLE] > 0)
    return FAULT_TORN;
  return counts[OLD_WRITE] > 0 ? FAULT_STALE : FAULT_GARBAGE;
}
