/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "bytes.h"
#include "cdb.h"
#include "clock.h"
#include "question.h"
#include "run.h"
#include "sense.h"

/* Room for every LUN that can be addressed, in each of its forms (SPC-5 6.33:
 * a header of 8 bytes and 8 bytes for each).
 */
#define MAX_ENTRIES     (2 * (URL_MAX_LUN + 1))
#define REPORT_LUNS_LEN (8 + 8 * MAX_ENTRIES)

/* So much is asked for first, which is enough for 2047 LUNs: istgt never
 * answers a command that may have more than 256 KiB of parameter data.
 */
#define FIRST_LEN 16384

static unsigned
time_for (const struct question *q)
{
  const unsigned left = (unsigned) clock_left (q->deadline);
  const unsigned ms = left > q->least_ms ? left : q->least_ms;

  return ms < q->most_ms ? ms : q->most_ms;
}

/* What is not asked again, since there is no time for it, was not answered in
 * time: the session that it lost is back soon.
 */
static void
run_in_time (void *qv, struct command *cmds, size_t n)
{
  struct question *q = qv;
  const bool late = clock_left (q->deadline) == 0;
  size_t i;

  for (i = 0; i < n; ++i) {
    cmds[i].timeout_ms = time_for (q);
    cmds[i].answer = (struct answer) { .status = STATUS_LOST };
  }
  if (!late)
    lu_run (&q->user, cmds, n);
  for (i = 0; i < n; ++i)
    if (cmds[i].answer.status == STATUS_LOST &&
        clock_left (q->user.deadline) == 0)
      cmds[i].answer.status = STATUS_TIMEOUT;
}

int
question_begin (struct question *q, const struct settings *p,
                const char *target, int lun, uint16_t wire,
                uint64_t deadline, unsigned least_ms,
                const struct stop *stop, struct error *err)
{
  q->user = (struct lu_user) { .limit = least_ms == 0 ? deadline : 0 };
  if (lu_get (p, target, lun, wire, &q->user, stop, err) == -1)
    return -1;
  q->deadline = deadline;
  q->least_ms = least_ms;
  q->most_ms = p->timeout_ms;
  q->policy = (struct retry_policy) {
    .timeout_ms = time_for (q),
    .sleep = lu_sleep,
    .opaque = &q->user,
  };
  if (least_ms == 0) {
    q->runner = (struct runner) { .run = lu_run, .handle = &q->user };
    return 0;
  }
  q->runner = (struct runner) { .run = run_in_time, .handle = q };
  /* Who was not answered for half of the time is not asked again when others
   * have ended the session.
   */
  q->user.deadline = clock_share (deadline, 2);
  return 0;
}

void
question_end (struct question *q)
{
  lu_put (&q->user);
}

/* ---- REPORT LUNS ---- */

static int
compare_luns (const void *av, const void *bv)
{
  const struct lun_address *a = av, *b = bv;

  if (a->lun != b->lun)
    return (a->lun > b->lun) - (a->lun < b->lun);
  return (a->wire > b->wire) - (a->wire < b->wire);
}

/* In order and each once, as export names have to be; a target may tell a
 * LUN in more than one form of addressing.
 */
static size_t
sort_luns (struct lun_address *luns, size_t n)
{
  size_t i, out = 0;

  qsort (luns, n, sizeof *luns, compare_luns);
  for (i = 0; i < n; ++i)
    if (out == 0 || luns[out - 1].lun != luns[i].lun)
      luns[out++] = luns[i];
  return out;
}

/* An answer that is none to be tried again is the target's word. */
static int
ask_for_list (struct question *q, uint8_t *data, uint32_t room,
              uint32_t *len, struct error *err)
{
  struct command cmd = {
    .direction = DATA_IN,
    .param = data,
    .len = room,
  };
  struct decision d;

  cmd.cdb_len = cdb_report_luns (cmd.cdb, room);
  retry_run (&q->runner, &q->policy, &cmd, 1);
  d = sense_decide (&cmd.answer);
  *len = cmd.answer.received;
  if (d.verdict == VERDICT_OK)
    return 0;
  error_set (err, d.err, "%s: listing the LUNs failed: %s",
             q->user.lu->target->name, d.reason);
  return sense_has_key (&cmd.answer, SENSE_ILLEGAL_REQUEST) ? 1 : -1;
}

/* How much the list takes in all. */
static uint32_t
whole_list (const uint8_t *data)
{
  const uint32_t n = get_be32 (data);

  return n < REPORT_LUNS_LEN - 8 ? 8 + n : REPORT_LUNS_LEN;
}

int
question_report_luns (struct question *q, struct lun_list *out,
                      struct error *err)
{
  uint8_t *data = malloc (REPORT_LUNS_LEN);
  struct lun_address *luns = malloc (MAX_ENTRIES * sizeof *luns);
  size_t n, skipped;
  uint32_t len = 0;
  int r;

  *out = (struct lun_list) { 0 };
  if (data == NULL || luns == NULL)
    r = error_set (err, ENOMEM, "out of memory");
  else
    r = ask_for_list (q, data, FIRST_LEN, &len, err);
  if (r == 0 && len >= 8 && whole_list (data) > FIRST_LEN)
    r = ask_for_list (q, data, whole_list (data), &len, err);
  if (r == 0 && len < 8) {
    error_set (err, EPROTO, "REPORT LUNS was answered with only %u bytes", len);
    r = 1;
  }
  if (r == 0) {
    n = parse_report_luns (data, len, luns, MAX_ENTRIES, &skipped);
    out->unusable = get_be32 (data) / 8 > n ? get_be32 (data) / 8 - n : 0;
    out->n = sort_luns (luns, n);
    out->luns = luns;
  }
  else
    free (luns);
  free (data);
  return r;
}
