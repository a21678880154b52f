/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "lu-ask.h"
#include "sense.h"

#define TEST_UNIT_READY     0x00
#define SYNCHRONIZE_CACHE10 0x35
#define SYNCHRONIZE_CACHE16 0x91

/* ---- the limit of an open ---- */

bool
lu_is_late (const struct lu_user *user)
{
  return user->limit != 0 && clock_ms () >= user->limit;
}

void
lu_limit_time (const struct lu_user *user, struct command *cmd)
{
  unsigned left, most = cmd->timeout_ms;

  if (user->limit == 0)
    return;
  if (most == 0)
    most = user->lu->target->p->timeout_ms;
  left = (unsigned) clock_left (user->limit);
  if (left < most)
    cmd->timeout_ms = left > 0 ? left : 1;
}

/* ---- a deferred error ---- */

static bool
is_question (const struct command *cmd)
{
  return cmd->niov == 0 && cmd->cdb[0] != SYNCHRONIZE_CACHE10 &&
    cmd->cdb[0] != SYNCHRONIZE_CACHE16;
}

void
lu_note_lost_write (struct lu *lu, const struct command *cmd)
{
  const unsigned lost = sense_lost_write (&cmd->answer);

  if (lost != 0 && is_question (cmd))
    atomic_store (&lu->lost_write, lost);
}

/* ---- asking over one path ---- */

/* The answer takes as long as any, but a LUN that gives none fails alone: the
 * session is not given up.  The question is a copy, with its buffer behind it,
 * as it may have no answer yet when who asks goes on.
 */
static void
run_question (struct lu_asker *a, struct command *cmd)
{
  struct engine *e = a->path->nexus->engine;
  struct command *q = malloc (sizeof *q + cmd->len);

  a->silent |= lu_is_late (a->user);
  if (q == NULL || a->silent) {
    free (q);
    cmd->answer = (struct answer) { .status = STATUS_TIMEOUT };
    return;
  }
  *q = *cmd;
  q->param = (uint8_t *) (q + 1);
  if (cmd->niov > 0) {          /* one, as lu-ask.h has it */
    memcpy (q->param, cmd->iov[0].iov_base, cmd->len);
    q->iov[0].iov_base = q->param;
  }
  if (!engine_ask (e, q)) {
    a->silent = true;
    cmd->answer = (struct answer) { .status = STATUS_TIMEOUT };
    return;
  }
  cmd->answer = q->answer;
  if (cmd->answer.received > 0)
    memcpy (cmd->param, q->param, cmd->answer.received);
  free (q);
}

static void
run_questions (void *av, struct command *cmds, size_t n)
{
  struct lu_asker *a = av;
  size_t i;

  for (i = 0; i < n; ++i) {
    cmds[i].itl = NULL;
    cmds[i].lun = a->path->itl.lun;
    lu_limit_time (a->user, &cmds[i]);
    run_question (a, &cmds[i]);
    lu_note_lost_write (a->lu, &cmds[i]);
    if (sense_lun_changed (&cmds[i].answer))
      engine_doubt_itl (a->path->nexus->engine, &a->path->itl, &cmds[i].answer,
                        cmds[i].cdb[0] == TEST_UNIT_READY);
  }
}

void
lu_ask (struct lu_asker *a, const struct lu_user *user, struct lu_path *path)
{
  struct lu *lu = user->lu;

  *a = (struct lu_asker) {
    .user = user,
    .lu = lu,
    .path = path,
    .runner = { .run = run_questions, .handle = a },
    .policy = {
      .timeout_ms = lu->target->p->timeout_ms,
      .sleep = target_sleep,
      .opaque = lu->target,
    },
  };
}
