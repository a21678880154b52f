/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workload-ops.h"
#include "workload-options.h"
#include "workload-report.h"
#include "workload-slots.h"

static unsigned in_flight;

static int
done (void *vp, int *error)
{
  struct worker *w = vp;
  struct slot *s = slot_at (w->slot);
  uint64_t now;
  int err = *error;

  switch (w->op) {
  case OP_READ:
    if (err == 0)
      slot_check (w->slot, w->buf, "a read");
    break;
  case OP_WRITE:
  case OP_FUA:
    model_written (s, w->seq, err == 0);
    break;
  case OP_ZERO:
    model_zeroed (s, err == 0);
    break;
  case OP_TRIM:
    model_trimmed (s);
    break;
  case OP_FLUSH:
  case OP_MAX:
    break;
  }
  now = now_ns ();
  report_done (w->op, w->slot, w->started, now, err);
  if (err != 0)
    w->not_before = now + (uint64_t) opt.error_pause_ms * 1000000;
  if (w->op != OP_FLUSH)
    s->busy = false;
  w->busy = false;
  in_flight--;
  return 1;
}

void
op_fail (struct worker *w, int err)
{
  done (w, &err);
}

static enum op
pick_op (void)
{
  unsigned total = 0, i, r;

  for (i = 0; i < OP_MAX; ++i)
    total += opt.weight[i];
  r = rng () % total;
  for (i = 0; r >= opt.weight[i]; ++i)
    r -= opt.weight[i];
  return i;
}

static int64_t
send_op (struct worker *w)
{
  struct nbd_handle *nbd = w->nbd;
  uint64_t at = slot_offset (w->slot);
  nbd_completion_callback cb = { .callback = done, .user_data = w };

  switch (w->op) {
  case OP_READ:
    /* No seed repeats soon, and it is never what a slot holds. */
    memset (w->buf, 0x80 | (report_ops () & 0x7f), opt.block);
    return nbd_aio_pread (nbd, w->buf, opt.block, at, cb, 0);
  case OP_WRITE:
  case OP_FUA:
    w->seq = slot_fill (w->slot, w->buf);
    return nbd_aio_pwrite (nbd, w->buf, opt.block, at, cb,
                           w->op == OP_FUA ? LIBNBD_CMD_FLAG_FUA : 0);
  case OP_FLUSH:
    return nbd_aio_flush (nbd, cb, 0);
  case OP_ZERO:
    return nbd_aio_zero (nbd, opt.block, at, cb,
                         rng () & 1 ? LIBNBD_CMD_FLAG_NO_HOLE : 0);
  case OP_TRIM:
    return nbd_aio_trim (nbd, opt.block, at, cb, 0);
  case OP_MAX:
    break;
  }
  abort ();
}

void
op_start (struct worker *w)
{
  w->op = pick_op ();
  if (w->op != OP_FLUSH) {
    w->slot = slot_take ();
    if (!slot_at (w->slot)->known)
      w->op = OP_WRITE;
  }
  if (in_flight == 0)
    report_idle ();
  w->busy = true;
  w->started = now_ns ();
  in_flight++;
  if (send_op (w) == -1) {
    int err = nbd_get_errno ();

    fprintf (stderr, "workload: %s\n", nbd_get_error ());
    /* Unless the handle died, and libnbd has called back already. */
    if (w->busy)
      op_fail (w, err);
  }
}

unsigned
ops_in_flight (void)
{
  return in_flight;
}
