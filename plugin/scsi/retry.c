/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "clock.h"
#include "retry.h"
#include "sense.h"

/* Several UNIT ATTENTIONs may be queued, one per event and LUN (SAM-5
 * 5.14); more than this and the target reports the same one for ever.
 */
#define MAX_IMMEDIATE_RETRIES 16

#define FIRST_DELAY_MS 20
#define MAX_DELAY_MS   1000

/* Half of the delay is chance, so that those who were told BUSY together
 * do not come back together.
 */
static unsigned
jittered (unsigned delay)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC, &ts);
  return delay / 2 + (unsigned) (ts.tv_nsec / 1000) % (delay / 2 + 1);
}

static enum verdict
verdict_of (const struct command *cmd)
{
  return sense_decide (&cmd->answer).verdict;
}

/* The most patient verdict of all commands: OK when none is worth another
 * try.
 */
static enum verdict
again (const struct command *cmds, size_t n)
{
  enum verdict v, r = VERDICT_OK;
  size_t i;

  for (i = 0; i < n && r != VERDICT_RETRY_LATER; ++i) {
    v = verdict_of (&cmds[i]);
    if (v == VERDICT_RETRY_NOW || v == VERDICT_RETRY_LATER)
      r = v;
  }
  return r;
}

/* One after the other: only the common case, in which nothing is repeated,
 * has to be fast.
 */
static void
repeat (const struct runner *r, const struct retry_policy *p,
        struct command *cmds, size_t n)
{
  enum verdict v;
  size_t i;

  for (i = 0; i < n; ++i) {
    v = verdict_of (&cmds[i]);
    if (v != VERDICT_RETRY_NOW && v != VERDICT_RETRY_LATER)
      continue;
    if (p->retries)
      atomic_fetch_add (p->retries, 1);
    r->run (r->handle, &cmds[i], 1);
  }
}

static void
give_up (struct command *cmds, size_t n)
{
  size_t i;

  for (i = 0; i < n; ++i) {
    if (again (&cmds[i], 1) != VERDICT_OK)
      cmds[i].answer = (struct answer) { .status = STATUS_SHUTDOWN };
  }
}

void
retry_run (const struct runner *r, const struct retry_policy *p,
           struct command *cmds, size_t n)
{
  unsigned immediate = 0, delay = FIRST_DELAY_MS, wait;
  uint64_t deadline = 0;
  enum verdict v;

  r->run (r->handle, cmds, n);

  while ((v = again (cmds, n)) != VERDICT_OK) {
    if (deadline == 0)
      deadline = clock_ms () + p->timeout_ms;
    if (v == VERDICT_RETRY_NOW && ++immediate > MAX_IMMEDIATE_RETRIES)
      return;
    if (v == VERDICT_RETRY_LATER) {
      wait = jittered (delay);
      if (clock_ms () + wait > deadline)
        return;
      if (!p->sleep (p->opaque, wait)) {
        give_up (cmds, n);
        return;
      }
      delay = delay * 2 > MAX_DELAY_MS ? MAX_DELAY_MS : delay * 2;
    }
    repeat (r, p, cmds, n);
  }
}
