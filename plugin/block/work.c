/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cdb.h"
#include "command.h"
#include "handle.h"
#include "error.h"
#include "retry.h"
#include "sense.h"
#include "work.h"

bool
work_is_unsupported (const struct command *cmd)
{
  return sense_decide (&cmd->answer).verdict == VERDICT_UNSUPPORTED;
}

/* INVALID COMMAND OPERATION CODE, 20/xx (SPC-5 annex F). */
bool
work_is_unknown (const struct command *cmd)
{
  return work_is_unsupported (cmd) && cmd->answer.asc >> 8 == 0x20;
}

void
work_prepare (struct command *cmd, enum direction direction, uint32_t len)
{
  cmd->direction = direction;
  cmd->niov = 0;
  cmd->param = NULL;
  cmd->len = len;
  cmd->timeout_ms = 0;
  cmd->answer = (struct answer) { .status = STATUS_NONE };
}

void
work_add_iov (struct command *cmd, void *base, size_t len)
{
  assert (cmd->niov < COMMAND_MAX_IOV);
  cmd->iov[cmd->niov].iov_base = base;
  cmd->iov[cmd->niov].iov_len = len;
  cmd->niov++;
}

static bool
is_lun_there (struct handle *h)
{
  struct command cmd;

  work_prepare (&cmd, DATA_NONE, 0);
  cmd.cdb_len = cdb_test_unit_ready (cmd.cdb);
  retry_run (&h->runner, &h->retry, &cmd, 1);
  return sense_decide (&cmd.answer).verdict == VERDICT_OK;
}

/* "Logical unit not supported" for this command alone is what tgt answers
 * to UNMAP on a store that cannot do it.  A LUN that is really gone, and
 * may come back, must teach nothing: ask it.
 */
bool
work_is_refused (struct handle *h, const struct command *cmd)
{
  const struct answer *a = &cmd->answer;

  return work_is_unsupported (cmd) ||
    (a->status == STATUS_CHECK_CONDITION && a->have_sense &&
     a->key == SENSE_ILLEGAL_REQUEST && a->asc >> 8 == 0x25 &&
     is_lun_there (h));
}

static const char *
residual_text (const struct command *cmd)
{
  if (cmd->answer.residual == RESIDUAL_OVERFLOW)
    return "it has more data than was asked for";
  return cmd->direction == DATA_IN ?
    "it sent less data than was asked for" :
    "it took less data than it was given";
}

/* Only the session knows why there was no answer. */
static void
why_unanswered (struct handle *h, const struct answer *a, struct error *why)
{
  why->msg[0] = '\0';
  if (h->last_error && a->status != STATUS_SHUTDOWN)
    h->last_error (h->opaque, why);
}

int
work_error (struct handle *h, const struct command *cmd, const char *what,
            struct error *err)
{
  const struct answer *a = &cmd->answer;
  const struct decision d = sense_decide (a);
  char text[SENSE_TEXT_LEN];
  struct error why;

  if (d.verdict == VERDICT_OK)
    return error_set (err, EIO,
                      "LUN %d: %s failed: the target said %s, but %s "
                      "(residual of %" PRIu32 " bytes)",
                      h->lun, what, sense_text (a, text),
                      residual_text (cmd), a->residual_count);
  if (a->status < STATUS_NONE)
    return error_set (err, d.err,
                      "LUN %d: %s failed: %s; the target said %s",
                      h->lun, what, d.reason, sense_text (a, text));

  why_unanswered (h, a, &why);
  return error_set (err, d.err, "LUN %d: %s failed: %s%s%s",
                    h->lun, what, d.reason,
                    why.msg[0] ? "; " : "", why.msg);
}

static int
request_error (const struct work *w, const struct command *cmd,
               struct error *err)
{
  char what[80];

  snprintf (what, sizeof what, "%s of %" PRIu32 " bytes at offset %" PRIu64,
            w->rq->verb, w->rq->count, w->rq->offset);
  return work_error (w->h, cmd, what, err);
}

static const struct command *
first_failed (const struct command *cmds, unsigned n, bool ignore_residual)
{
  const struct answer *a;
  unsigned i;

  for (i = 0; i < n; ++i) {
    a = &cmds[i].answer;
    if (a->status != STATUS_GOOD && sense_decide (a).verdict != VERDICT_OK)
      return &cmds[i];
    if (a->residual != RESIDUAL_NONE && !ignore_residual)
      return &cmds[i];
  }
  return NULL;
}

int
work_carry_out (struct work *w, struct error *err)
{
  struct command cmds[WORK_ROUND];
  const struct command *failed;
  uint64_t done = 0, start;
  uint32_t blocks;
  unsigned n;

  while (done < w->blocks) {
    start = done;
    for (n = 0; n < WORK_ROUND && done < w->blocks; ++n) {
      blocks = w->kind->fill (w, done, &cmds[n], n);
      if (blocks == 0)
        return 1;
      done += blocks;
    }

    retry_run (&w->h->runner, &w->h->retry, cmds, n);

    failed = first_failed (cmds, n, w->kind->ignore_residual);
    if (failed) {
      if (!w->kind->refused (w, failed))
        return request_error (w, failed, err);
      done = start;
    }
  }
  return 0;
}
