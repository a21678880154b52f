/* SPDX-License-Identifier: BSD-3-Clause */

/* Trim and zero: UNMAP and WRITE SAME, and what stands for them where they
 * are missing.
 */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

#include "block.h"
#include "cdb.h"
#include "command.h"
#include "handle.h"
#include "error.h"
#include "geometry.h"
#include "rangelock.h"
#include "sense.h"
#include "transfer.h"
#include "work.h"

/* WRITE SAME and UNMAP of fewer bytes than these are not too long. */
#define SHORT_BYTES (64 * 1024)

/* As often is a command issued that is not answered, each time for fewer
 * blocks, and no other one after it that may go the same way: a request costs
 * so many times the timeout.
 */
#define TRIES 3

static uint32_t
block_len_of (const struct handle *h)
{
  return h->facts.capacity.block_len;
}

static bool
can_unmap (const struct handle *h)
{
  return h->facts.thin && h->facts.provisioning.lbpu &&
    !h->learnt->no_unmap;
}

static bool
can_same16 (const struct handle *h, bool unmap)
{
  const struct learnt *l = h->learnt;

  return !l->no_write_same16 &&
    (!unmap || (h->facts.thin && h->facts.provisioning.lbpws &&
                !l->no_write_same_unmap));
}

static bool
can_same10 (const struct handle *h, bool unmap)
{
  const struct learnt *l = h->learnt;

  return !l->no_write_same10 &&
    (!unmap || (h->facts.thin && h->facts.provisioning.lbpws10 &&
                !l->no_write_same_unmap));
}

bool
block_can_trim (const struct handle *h)
{
  return can_unmap (h) || can_same16 (h, true) || can_same10 (h, true);
}

/* Cut the range at a multiple of ‘granularity’ plus ‘alignment’, if there is
 * one.
 */
static uint32_t
cut (uint64_t lba, uint64_t blocks, uint64_t most, uint64_t granularity,
     uint32_t alignment)
{
  const uint64_t over = (lba + most + granularity - alignment % granularity) %
    granularity;

  if (blocks <= most)
    return blocks;
  return over < most ? most - over : most;
}

static uint32_t
physical_block (const struct handle *h)
{
  return UINT32_C (1) << h->facts.capacity.phys_exponent;
}

/* What is unmapped as a whole or not at all: where it is not told (VPD B0)
 * hardly less than a physical block.
 */
static uint32_t
granularity (const struct handle *h)
{
  const uint32_t told = h->facts.limits.unmap_granularity;

  return told ? told : physical_block (h);
}

/* Shrink the range to whole granules; false when there are none. */
static bool
whole_granules (const struct handle *h, uint64_t *lba, uint64_t *blocks)
{
  return span_granules (lba, blocks, granularity (h),
                        h->facts.limits.unmap_alignment);
}

/* Cut it between two granules, not inside one, which would not be unmapped
 * then.
 */
static uint32_t
cut_granules (const struct handle *h, uint64_t lba, uint64_t blocks,
              uint64_t most)
{
  return cut (lba, blocks, most, granularity (h),
              h->facts.limits.unmap_alignment);
}

/* The most blocks of one command: what the LUN can do in time, but not less
 * than ‘least’, what it tells (0: nothing) and what it did not refuse so far
 * (0: anything).
 */
static uint64_t
most_blocks (const struct work *w, uint64_t least, uint64_t told,
             uint32_t taken)
{
  uint64_t most = w->most > least ? w->most : least;

  if (told)
    most = min_blocks (most, told);
  if (taken)
    most = min_blocks (most, taken);
  return most;
}

/* As kind.fill: 0 when there is no WRITE SAME for these blocks.  Whether to
 * use 10 or 16 bytes is decided once: other threads learn meanwhile.
 */
static uint32_t
fill_write_same (const struct work *w, uint64_t lba, uint64_t blocks,
                 bool unmap, struct command *cmd)
{
  const struct handle *h = w->h;
  const uint64_t most =
    min_blocks (most_blocks (w, unmap ? granularity (h) : 1,
                             h->facts.limits.max_write_same,
                             h->learnt->most_same), SAFE_BLOCKS);
  bool ten = !can_same16 (h, unmap);

  if (ten && !(can_same10 (h, unmap) && fits_cdb10 (lba, blocks)))
    return 0;
  if (unmap && most < granularity (h))
    return 0;
  blocks = unmap ? cut_granules (h, lba, blocks, most) :
    cut (lba, blocks, most, physical_block (h), 0);

  work_prepare (cmd, DATA_OUT, block_len_of (h));
  cmd->cdb_len = ten ? cdb_write_same10 (cmd->cdb, lba, blocks, unmap) :
    cdb_write_same16 (cmd->cdb, lba, blocks, unmap);
  work_add_iov (cmd, transfer_zeroes, block_len_of (h));
  return blocks;
}

/* INVALID FIELD IN CDB or IN PARAMETER LIST may be about the length, which
 * not every LUN tells: half of it is the most from now on.  false: it is as
 * short as can be, or something else was refused.
 */
static bool
shorten (const struct handle *h, const struct command *cmd, uint32_t blocks,
         _Atomic uint32_t *most)
{
  const uint8_t asc = cmd->answer.asc >> 8;
  const uint32_t half = blocks / 2;

  if (!work_is_unsupported (cmd) || (asc != 0x24 && asc != 0x26) ||
      (uint64_t) half * block_len_of (h) < SHORT_BYTES)
    return false;
  if (*most == 0 || *most > half)
    *most = half;
  return true;
}

/* The command is too long, or the UNMAP bit of it is missing, or all of it, in
 * every form if it is not answered.
 */
static bool
refused_same (struct work *w, const struct command *cmd, uint32_t blocks)
{
  struct learnt *l = w->h->learnt;

  if (shorten (w->h, cmd, blocks, &l->most_same))
    return true;
  if (!work_is_refused (w->h, cmd))
    return false;
  l->most_same = 0;             /* so that was not why */
  if (cmd->answer.status == STATUS_TIMEOUT)
    l->no_write_same16 = l->no_write_same10 = true;
  else if (cdb_has_unmap_bit (cmd->cdb) && !work_is_unknown (cmd))
    l->no_write_same_unmap = true;
  else if (cmd->cdb_len == 16)
    l->no_write_same16 = true;
  else
    l->no_write_same10 = true;
  return true;
}

struct trim {
  uint8_t list[WORK_ROUND][UNMAP_LIST_LEN];
};

static uint32_t
fill_unmap (const struct work *w, uint64_t lba, uint64_t blocks,
            uint8_t *list, struct command *cmd)
{
  const uint32_t told = w->h->facts.limits.max_unmap_lbas;
  const uint64_t most = most_blocks (w, granularity (w->h),
                                     told ? told : SAFE_BLOCKS,
                                     w->h->learnt->most_unmap);

  blocks = cut_granules (w->h, lba, blocks, most);
  cdb_unmap_list (list, lba, blocks);
  work_prepare (cmd, DATA_OUT, UNMAP_LIST_LEN);
  cmd->cdb_len = cdb_unmap (cmd->cdb, UNMAP_LIST_LEN);
  work_add_iov (cmd, list, UNMAP_LIST_LEN);
  return blocks;
}

static uint32_t
fill_trim (struct work *w, uint64_t done, struct command *cmd, unsigned nth)
{
  struct trim *t = w->opaque;
  const uint64_t lba = w->lba + done, blocks = w->blocks - done;

  if (w->unanswered >= TRIES)
    return 0;
  if (can_unmap (w->h))
    return fill_unmap (w, lba, blocks, t->list[nth], cmd);
  return fill_write_same (w, lba, blocks, true, cmd);
}

static bool
refused_trim (struct work *w, const struct command *cmd, uint32_t blocks)
{
  if (!cdb_is_unmap (cmd->cdb))
    return refused_same (w, cmd, blocks);
  if (shorten (w->h, cmd, blocks, &w->h->learnt->most_unmap))
    return true;
  if (!work_is_refused (w->h, cmd))
    return false;
  w->h->learnt->no_unmap = true;
  return true;
}

static enum slow
slow_trim (const struct work *w)
{
  return can_unmap (w->h) ? SLOW_UNMAP : SLOW_SAME;
}

/* Only whole granules: of others nothing is unmapped, but WRITE SAME would
 * have to write to them.
 */
int
block_trim (struct handle *h, uint32_t count, uint64_t offset, bool fua,
            struct error *err)
{
  static const struct kind kind = {
    .fill = fill_trim, .refused = refused_trim, .ignore_residual = true,
    .slow = slow_trim, .tries = TRIES,
  };
  const struct request rq = { "trim", count, offset };
  struct trim t;
  struct work w = { .h = h, .rq = &rq, .kind = &kind, .opaque = &t };
  struct range range;
  int r;

  if (!span_inside (offset, count, block_len_of (h), &w.lba, &w.blocks) ||
      !whole_granules (h, &w.lba, &w.blocks))
    return fua ? block_flush (h, err) : 0;

  rangelock_acquire (h->writes, &range, w.lba, w.blocks, false);
  r = work_carry_out (&w, err);
  rangelock_release (h->writes, &range);

  if (r == -1)
    return -1;
  return fua ? block_flush (h, err) : 0;
}

struct zero {
  bool may_unmap, must_unmap;
};

/* Zeroes are read afterwards only where LBPRZ is set (SBC-4 4.7.3.5). */
static bool
can_zero_by_unmapping (const struct handle *h)
{
  return h->facts.reads_zeroes && !h->learnt->no_zero_same &&
    (can_same16 (h, true) || can_same10 (h, true));
}

/* WRITE SAME with the UNMAP bit for whole granules only, and without it for
 * what lies before and behind them: there are targets that leave the part of
 * a granule as it is, and do not write the zeroes either.
 */
static uint32_t
fill_zero (struct work *w, uint64_t done, struct command *cmd,
           unsigned nth __attribute__ ((unused)))
{
  const struct handle *h = w->h;
  const struct zero *z = w->opaque;
  const uint64_t lba = w->lba + done;
  uint64_t left = w->blocks - done, first = lba, whole = left;
  uint32_t blocks;

  if (h->learnt->no_zero_same)
    return 0;
  if (z->may_unmap && can_zero_by_unmapping (h)) {
    if (whole_granules (h, &first, &whole)) {
      if (first == lba) {
        blocks = fill_write_same (w, lba, whole, true, cmd);
        if (blocks > 0 || z->must_unmap)
          return blocks;
      }
      else
        left = first - lba;
    }
  }
  else if (z->must_unmap)
    return 0;
  return fill_write_same (w, lba, left, false, cmd);
}

/* GOOD with a residual: nobody knows how many blocks are zeroes, nor how many
 * will be another time; a write can be trusted.  For a trim it does not
 * matter.
 */
static bool
refused_zero (struct work *w, const struct command *cmd, uint32_t blocks)
{
  if (sense_decide (&cmd->answer).verdict != VERDICT_OK)
    return refused_same (w, cmd, blocks);
  w->h->learnt->no_zero_same = true;
  return true;
}

static enum slow
slow_zero (const struct work *w __attribute__ ((unused)))
{
  return SLOW_SAME;
}

/* The parts of the request that lie before and behind its whole blocks. */
static int
zero_edges (struct handle *h, const struct request *rq,
            uint64_t inside, uint64_t inside_end, struct error *err)
{
  const uint64_t end = rq->offset + rq->count;

  if (rq->offset < inside &&
      transfer_write_zeroes (h, rq, inside - rq->offset, rq->offset,
                             err) == -1)
    return -1;
  if (inside_end < end)
    return transfer_write_zeroes (h, rq, end - inside_end, inside_end, err);
  return 0;
}

static int
not_fast (struct handle *h, const struct request *rq, struct error *err)
{
  return error_set (err, ENOTSUP,
                    "LUN %d: zeroing %" PRIu32 " bytes at offset %" PRIu64
                    " would be no faster than writing zeroes",
                    h->lun, rq->count, rq->offset);
}

/* WRITE SAME for the whole blocks; where there is none plain writes, here
 * and not by nbdkit, which up to 1.32 does not get past the first 64 MiB.
 */
static int
zero (struct handle *h, const struct request *rq, struct zero *z,
      struct error *err)
{
  static const struct kind kind = {
    .fill = fill_zero, .refused = refused_zero,
    .slow = slow_zero, .tries = TRIES,
  };
  const uint32_t block_len = block_len_of (h);
  struct work w = { .h = h, .rq = rq, .kind = &kind, .opaque = z };
  bool inside = span_inside (rq->offset, rq->count, block_len,
                             &w.lba, &w.blocks);
  uint64_t first = w.lba, whole = w.blocks;
  int r;

  if (z->must_unmap && !(inside && whole_granules (h, &first, &whole)))
    return not_fast (h, rq, err);
  if (inside) {
    r = work_carry_out (&w, err);
    if (r == 0)
      return zero_edges (h, rq, w.lba * block_len,
                         (w.lba + w.blocks) * block_len, err);
    if (r == -1)
      return -1;
  }
  if (z->must_unmap)
    return not_fast (h, rq, err);
  return transfer_write_zeroes (h, rq, rq->count, rq->offset, err);
}

int
block_zero (struct handle *h, uint32_t count, uint64_t offset,
            bool may_trim, bool fast, bool fua, struct error *err)
{
  const struct request rq = { "zero", count, offset };
  struct zero z = { .may_unmap = may_trim, .must_unmap = fast };
  struct range range;
  int r;

  transfer_hold (h, &range, count, offset);
  r = zero (h, &rq, &z, err);
  rangelock_release (h->writes, &range);

  if (r == 0 && fua)
    r = block_flush (h, err);
  return r;
}
