/* SPDX-License-Identifier: BSD-3-Clause */

/* Read, write and cache: which command does what was asked for, on this LUN.
 * READ and WRITE themselves are in transfer.c.
 */

#include <config.h>

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

/* What the LUN offers. */

static bool
can_prefetch16 (const struct handle *h)
{
  return !h->facts.cdb10 && !h->learnt->no_prefetch16;
}

static bool
can_prefetch10 (const struct handle *h)
{
  return !h->learnt->no_prefetch10;
}

bool
block_can_cache (const struct handle *h)
{
  return can_prefetch16 (h) || can_prefetch10 (h);
}

bool
block_has_fua (const struct handle *h)
{
  return h->facts.mode.dpofua && !h->learnt->no_fua;
}

/* Read and write. */

int
block_read (struct handle *h, void *buf, uint32_t count, uint64_t offset,
            struct error *err)
{
  const struct request rq = { "read", count, offset };

  return transfer_read (h, &rq, buf, count, offset, err);
}

int
block_write (struct handle *h, const void *buf, uint32_t count,
             uint64_t offset, bool fua, struct error *err)
{
  const struct request rq = { "write", count, offset };
  bool native = fua && block_has_fua (h);
  struct range range;
  int r;

  transfer_hold (h, &range, count, offset);
  r = transfer_write (h, &rq, buf, count, offset, &native, err);
  rangelock_release (h->writes, &range);

  if (r == 0 && fua && !native)
    r = block_flush (h, err);
  return r;
}

/* Cache. */

static uint32_t
fill_prefetch (struct work *w, uint64_t done, struct command *cmd,
               unsigned nth __attribute__ ((unused)))
{
  const struct handle *h = w->h;
  const bool *declined = w->opaque;
  const uint32_t told = h->facts.limits.max_prefetch;
  const uint64_t lba = w->lba + done;
  uint64_t blocks = min_blocks (w->blocks - done, w->most);

  blocks = min_blocks (blocks, SAFE_BLOCKS);
  if (told)
    blocks = min_blocks (blocks, told);
  work_prepare (cmd, DATA_NONE, 0);
  if (!*declined && can_prefetch16 (h))
    cmd->cdb_len = cdb_prefetch16 (cmd->cdb, lba, blocks);
  else if (!*declined && can_prefetch10 (h) && fits_cdb10 (lba, blocks))
    cmd->cdb_len = cdb_prefetch10 (cmd->cdb, lba, blocks);
  else
    return 0;
  return blocks;
}

/* DATA PROTECT is seen from write-protected LUNs.  One that is not answered
 * in time is not asked again.  Any other answer means not this time.
 */
static bool
refused_prefetch (struct work *w, const struct command *cmd,
                  uint32_t blocks __attribute__ ((unused)))
{
  struct learnt *l = w->h->learnt;
  const struct answer *a = &cmd->answer;
  bool *declined = w->opaque;

  if (a->status == STATUS_TIMEOUT) {
    l->no_prefetch16 = l->no_prefetch10 = true;
    return true;
  }
  if (a->status >= STATUS_NONE)
    return false;
  if (!work_is_unsupported (cmd) && !sense_has_key (a, SENSE_DATA_PROTECT))
    *declined = true;
  else if (cmd->cdb_len == 16)
    l->no_prefetch16 = true;
  else
    l->no_prefetch10 = true;
  return true;
}

static enum slow
slow_prefetch (const struct work *w __attribute__ ((unused)))
{
  return SLOW_PREFETCH;
}

int
block_cache (struct handle *h, uint32_t count, uint64_t offset,
             struct error *err)
{
  static const struct kind kind = {
    .fill = fill_prefetch, .refused = refused_prefetch,
    .slow = slow_prefetch, .tries = 1, .is_hint = true,
    .ignore_residual = true,
    .also_good = STATUS_CONDITION_MET,
  };
  const struct request rq = { "cache", count, offset };
  const struct span s = span_of (offset, count, h->facts.capacity.block_len);
  bool declined = false;
  struct work w = {
    .h = h, .rq = &rq, .kind = &kind,
    .lba = s.lba, .blocks = s.blocks, .opaque = &declined,
  };

  return work_carry_out (&w, err) == -1 ? -1 : 0;
}
