/* SPDX-License-Identifier: BSD-3-Clause */

/* SYNCHRONIZE CACHE: what was acknowledged becomes stable. */

#include <config.h>

#include <errno.h>
#include <stdbool.h>

#include "block.h"
#include "cdb.h"
#include "command.h"
#include "error.h"
#include "handle.h"
#include "lun.h"
#include "retry.h"
#include "sense.h"
#include "work.h"

/* LBA 0 and count 0 are for the whole medium, with 10 bytes too, past 2^32
 * blocks (SBC-4 5.27).
 */
static void
synchronize_cache (struct handle *h, bool ten, struct command *cmd)
{
  work_prepare (cmd, DATA_NONE, 0);
  cmd->cdb_len = ten ? cdb_synchronize_cache10 (cmd->cdb) :
    cdb_synchronize_cache16 (cmd->cdb);
  retry_run (&h->runner, &h->retry, cmd, 1);
}

/* Without SYNCHRONIZE CACHE a flush is done only if there is no volatile
 * write cache.  The LUN says so itself, and now: the cache may have been
 * turned on since the LUN was opened.
 */
static int
writes_through (struct handle *h, const struct command *refused,
                struct error *err)
{
  struct mode mode = { .have_caching = false };
  char text[SENSE_TEXT_LEN];

  if (lun_mode (&h->runner, &h->retry, h->lun, &mode, err) == -1)
    return -1;
  if (mode.have_caching && !mode.wce)
    return 0;
  return error_set (err, EIO,
                    "LUN %d: flush failed: the target does not carry out "
                    "SYNCHRONIZE CACHE, and %s: turn the cache off there; "
                    "the target said %s", h->lun,
                    mode.have_caching ? "the LUN has a write cache" :
                    "does not say that the LUN has no write cache",
                    sense_text (&refused->answer, text));
}

/* A deferred error came with a command that is not the client's, or one that
 * cannot fail: it is told now, as what became of what is to be stable.
 */
static int
check_earlier (struct handle *h, struct error *err)
{
  const unsigned lost =
    h->lost_write ? h->lost_write (h->runner.handle) : 0;
  const struct command cmd = {
    .answer = {
      .status = STATUS_CHECK_CONDITION,
      .have_sense = true, .deferred = true,
      .key = (uint8_t) (lost >> 16), .asc = (uint16_t) lost,
    },
  };

  return lost == 0 ? 0 : work_error (h, &cmd, "flush", err);
}

/* The (16) first, unless only the (10) was carried out before.  A refusal
 * is never more than that: a controller that is failing over refuses what
 * it knows, and a flush that was given up for good would lose data later.
 */
int
block_flush (struct handle *h, struct error *err)
{
  bool ten = h->facts.cdb10 || h->learnt->sync10_first;
  struct command cmd;
  unsigned i;

  for (i = 0; i < 2; ++i, ten = !ten) {
    synchronize_cache (h, ten, &cmd);
    if (sense_decide (&cmd.answer).verdict == VERDICT_OK) {
      h->learnt->sync10_first = ten;
      return check_earlier (h, err);
    }
    if (!work_is_unsupported (&cmd))
      return work_error (h, &cmd, "flush", err);
  }
  if (writes_through (h, &cmd, err) == -1)
    return -1;
  return check_earlier (h, err);
}
