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
#include "clock.h"
#include "command.h"
#include "handle.h"
#include "error.h"
#include "pace.h"
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
  cmd->to_be_written = false;
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
 * to UNMAP on a store that cannot do it; others never answer what they do not
 * know.  A LUN that is really gone, and may come back, must teach nothing:
 * ask it.
 */
bool
work_is_refused (struct handle *h, const struct command *cmd)
{
  const struct answer *a = &cmd->answer;

  if (a->status == STATUS_TIMEOUT || sense_lun_gone (a))
    return is_lun_there (h);
  return work_is_unsupported (cmd);
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

/* Only the session knows why there was no answer.  true: it is not that the
 * connection was lost.
 */
static bool
why_unanswered (struct handle *h, const struct answer *a, struct error *why)
{
  why->msg[0] = '\0';
  if (h->last_error == NULL || a->status == STATUS_SHUTDOWN)
    return false;
  return h->last_error (h->runner.handle, why) && a->status == STATUS_LOST &&
    why->msg[0] != '\0';
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

  if (why_unanswered (h, a, &why))
    return error_set (err, d.err, "LUN %d: %s failed: %s", h->lun, what,
                      why.msg);
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

/* Commands that are under way at the same time. */
struct round {
  struct command cmds[WORK_ROUND];
  uint32_t blocks[WORK_ROUND];  /* of each */
  unsigned n;
  uint64_t end;                 /* of the blocks that they are for */
  struct pace *pace;            /* NULL: no slow kind */
  enum slow slow;
};

/* How many commands it has at most, and of the slow kinds w->most. */
static unsigned
begin_round (struct work *w, struct round *r)
{
  struct portion p;

  r->pace = NULL;
  if (w->kind->slow == NULL)
    return WORK_ROUND;
  r->slow = w->kind->slow (w);
  r->pace = &w->h->learnt->pace[r->slow];
  p = pace_next (r->pace, r->slow);
  w->most = p.bytes / w->h->facts.capacity.block_len;
  return p.commands;
}

/* Make the commands for the next blocks; false when there are none. */
static bool
fill_round (struct work *w, struct round *r, uint64_t done)
{
  const unsigned most = begin_round (w, r);

  for (r->n = 0; r->n < most && done < w->blocks; r->n++) {
    r->blocks[r->n] = w->kind->fill (w, done, &r->cmds[r->n], r->n);
    if (r->blocks[r->n] == 0)
      return false;
    if (r->pace)
      r->cmds[r->n].timeout_ms =
        w->h->retry.timeout_ms / (w->kind->is_hint ? 2 : 1);
    done += r->blocks[r->n];
  }
  r->end = done;
  return true;
}

/* The first that failed; r->n: none did. */
static unsigned
first_failed (const struct round *r, const struct kind *kind)
{
  const struct answer *a;
  unsigned i;

  for (i = 0; i < r->n; ++i) {
    a = &r->cmds[i].answer;
    if (a->status != STATUS_GOOD && a->status != kind->also_good &&
        sense_decide (a).verdict != VERDICT_OK)
      break;
    if (a->residual != RESIDUAL_NONE && !kind->ignore_residual)
      break;
  }
  return i;
}

/* Is the round to be made and carried out once more? */
static bool
once_more (struct work *w, struct round *r, unsigned failed)
{
  const struct command *cmd = &r->cmds[failed];

  if (r->pace && cmd->answer.status == STATUS_TIMEOUT) {
    pace_unanswered (r->pace, r->slow);
    if (++w->unanswered < w->kind->tries)
      return true;
  }
  return w->kind->refused (w, cmd, r->blocks[failed]);
}

int
work_carry_out (struct work *w, struct error *err)
{
  struct round r;
  uint64_t done = 0, start;
  unsigned failed;

  while (done < w->blocks) {
    if (!fill_round (w, &r, done))
      return 1;
    start = r.pace ? clock_ms () : 0;
    retry_run (&w->h->runner, &w->h->retry, r.cmds, r.n);
    failed = first_failed (&r, w->kind);
    if (failed == r.n) {
      if (r.pace)
        pace_learn (r.pace, r.slow, r.end < w->blocks, clock_ms () - start,
                    w->h->retry.timeout_ms);
      done = r.end;
    }
    else if (!once_more (w, &r, failed))
      return request_error (w, &r.cmds[failed], err);
  }
  return 0;
}
