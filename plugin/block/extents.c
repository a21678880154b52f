/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cdb.h"
#include "clock.h"
#include "command.h"
#include "debug.h"
#include "handle.h"
#include "error.h"
#include "extents.h"
#include "geometry.h"
#include "parse.h"
#include "retry.h"
#include "sense.h"
#include "work.h"

/* A map with many small extents costs a round trip for every so many.  Few
 * enough for the stack.
 */
#define DESCRIPTORS 512

/* Questions for one request, at most: a target may tell one extent at a time,
 * of a request for 4 GiB.  The client asks on where the answer ends.
 */
#define MAX_QUESTIONS 8

/* SBC-4 5.9.2: a header of 8 bytes, and 16 bytes for each descriptor. */
#define REPLY_LEN(descriptors) (8 + 16 * (descriptors))

/* A LUN that was tried again and again without an answer is left alone for so
 * long.  It may have cost the whole of timeout=, and each request for the map
 * would cost that once more.
 */
#define REST_MS (5 * 60 * 1000)

/* What is still to be told: bytes [offset, end). */
struct rest {
  uint64_t offset, end;
  extents_fn fn;
  void *opaque;
};

bool
extents_can (const struct handle *h)
{
  return h->facts.thin && !h->learnt->no_lba_status;
}

/* Unlike extents_can, which nbdkit asks once per connection, this changes. */
static bool
may_ask (const struct handle *h)
{
  return extents_can (h) && clock_ms () >= h->learnt->lba_status_from;
}

/* Tell about the bytes up to ‘to’. */
static int
tell (struct rest *r, uint64_t to, bool hole, bool zero, struct error *err)
{
  uint64_t offset = r->offset;

  if (to > r->end)
    to = r->end;
  r->offset = to;
  return r->fn (r->opaque, offset, to - offset, hole, zero, err);
}

/* Anchored blocks are not mapped, but have their space reserved (SBC-4
 * 4.7.1): no hole.  What is not mapped reads as zeroes only with LBPRZ.
 */
static int
tell_extent (const struct handle *h, struct rest *r,
             const struct lba_extent *e, struct error *err)
{
  return tell (r, (e->lba + e->blocks) * h->facts.capacity.block_len,
               e->state == LBA_DEALLOCATED,
               e->state != LBA_MAPPED && h->facts.reads_zeroes, err);
}

/* The map is a hint: what can be read and written must not fail because it
 * cannot be told.  A LUN that answers other commands but never this one is
 * taken to lack it.  Returns 0, or an error when the LUN is not there.
 */
static int
learn_from_failure (struct handle *h, const struct rest *r,
                    const struct command *cmd, struct error *err)
{
  struct learnt *l = h->learnt;
  enum verdict v = sense_decide (&cmd->answer).verdict;
  char what[80], text[SENSE_TEXT_LEN];

  if (work_is_refused (h, cmd))
    l->no_lba_status = true;
  else if (cmd->answer.status >= STATUS_NONE) {
    snprintf (what, sizeof what, "reading the map at offset %" PRIu64,
              r->offset);
    return work_error (h, cmd, what, err);
  }
  else if (v == VERDICT_RETRY_NOW || v == VERDICT_RETRY_LATER)
    l->lba_status_from = clock_ms () + REST_MS;
  debug_verbose ("LUN %d: no map at offset %" PRIu64 ", shown as data%s: "
                 "the target said %s", h->lun, r->offset,
                 may_ask (h) ? "" : l->no_lba_status ? " from now on" :
                 " for some minutes", sense_text (&cmd->answer, text));
  return 0;
}

/* Ask once.  Returns how many extents it told, 0 when it tells nothing. */
static int
get_lba_status (struct handle *h, const struct rest *r,
                struct lba_extent *extents, size_t max, struct error *err)
{
  const struct span s = span_of (r->offset, r->end - r->offset,
                                 h->facts.capacity.block_len);
  uint8_t reply[REPLY_LEN (DESCRIPTORS)];
  struct command cmd;

  work_prepare (&cmd, DATA_IN, REPLY_LEN (max));
  cmd.param = reply;
  cmd.timeout_ms = h->retry.timeout_ms / 2;
  cmd.cdb_len = cdb_get_lba_status (cmd.cdb, s.lba, REPLY_LEN (max));
  retry_run (&h->runner, &h->retry, &cmd, 1);

  if (sense_decide (&cmd.answer).verdict != VERDICT_OK)
    return learn_from_failure (h, r, &cmd, err);
  return parse_lba_status (reply, cmd.answer.received, s.lba, s.blocks,
                           extents, max);
}

int
extents_get (struct handle *h, uint32_t count, uint64_t offset, bool one,
             extents_fn fn, void *opaque, struct error *err)
{
  struct rest r = {
    .offset = offset, .end = offset + count, .fn = fn, .opaque = opaque,
  };
  struct lba_extent extents[DESCRIPTORS];
  unsigned asked;
  int i, n;

  for (asked = 0; asked < MAX_QUESTIONS && r.offset < r.end; ++asked) {
    n = 0;
    if (may_ask (h))
      n = get_lba_status (h, &r, extents, one ? 1 : DESCRIPTORS, err);
    if (n == -1)
      return -1;
    if (n == 0)
      return tell (&r, r.end, false, false, err);

    for (i = 0; i < n; ++i) {
      if (tell_extent (h, &r, &extents[i], err) == -1)
        return -1;
      if (one)
        return 0;
    }
  }
  return 0;
}
