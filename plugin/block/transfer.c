/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "cdb.h"
#include "command.h"
#include "handle.h"
#include "error.h"
#include "geometry.h"
#include "rangelock.h"
#include "transfer.h"
#include "work.h"

/* The most bytes that one command moves.  The target asks for a write in
 * portions, one after the other: several smaller ones side by side keep it
 * busier.  A read gains nothing from being cut further.
 */
#define READ_CHUNK  (1024 * 1024)
#define WRITE_CHUNK (256 * 1024)

/* Not const, which would put it into the file instead of .bss. */
uint8_t transfer_zeroes[WRITE_CHUNK];

struct transfer {
  enum direction direction;
  uint8_t *buf;
  bool repeat;                  /* ‘buf’ is transfer_zeroes */
  bool fua;
  bool ten;                     /* CDBs of 10 bytes, where they reach */
  uint32_t per;                 /* blocks of one command, at most */

  /* Where the bytes of the first and the last block go to, or come from,
   * that lie outside the request: head_len and tail_len of them.
   */
  uint8_t *head, *tail;
  uint32_t head_len, tail_len;
};

/* Point the command at the memory of blocks [done, done + blocks): what
 * lies before the request, in it, and behind it.
 */
static void
set_buffers (const struct work *w, uint64_t done, uint32_t blocks,
             struct command *cmd)
{
  const struct transfer *t = w->opaque;
  uint64_t from = done * w->h->facts.capacity.block_len;
  uint32_t len = cmd->len;
  bool last = done + blocks == w->blocks;

  if (done > 0)
    from -= t->head_len;
  else if (t->head_len) {
    work_add_iov (cmd, t->head, t->head_len);
    len -= t->head_len;
  }
  if (last)
    len -= t->tail_len;
  work_add_iov (cmd, t->repeat ? t->buf : t->buf + from, len);
  if (last && t->tail_len)
    work_add_iov (cmd, t->tail, t->tail_len);
}

/* Commands of 10 bytes only where those of 16 are not known. */
static bool
use_cdb10 (const struct handle *h)
{
  return h->facts.cdb10 || h->learnt->no_cdb16;
}

static void
set_cdb (bool ten, enum direction direction,
         uint64_t lba, uint32_t blocks, bool fua, struct command *cmd)
{
  ten = ten && fits_cdb10 (lba, blocks);
  if (direction == DATA_IN)
    cmd->cdb_len = ten ? cdb_read10 (cmd->cdb, lba, blocks) :
      cdb_read16 (cmd->cdb, lba, blocks);
  else
    cmd->cdb_len = ten ? cdb_write10 (cmd->cdb, lba, blocks, fua) :
      cdb_write16 (cmd->cdb, lba, blocks, fua);
}

/* Was it the 16 bytes, and will 10 do for blocks up to ‘end’?  A bare 5/0000 may
 * mean that, too.
 */
static bool
refused_16 (uint64_t end, const struct command *cmd)
{
  return cmd->cdb_len == 16 && fits_cdb10 (0, end) &&
    (work_is_unknown (cmd) ||
     (work_is_unsupported (cmd) && cmd->answer.asc == 0));
}

/* Only what worked instead shows that it was the 16 bytes: a controller that
 * is failing over refuses all that it knows.
 */
static int
carry_out (struct work *w, const bool *ten, struct error *err)
{
  int r = work_carry_out (w, err);

  if (r == 0 && *ten && !use_cdb10 (w->h))
    w->h->learnt->no_cdb16 = true;
  return r;
}

static uint32_t
fill (struct work *w, uint64_t done, struct command *cmd,
      unsigned nth __attribute__ ((unused)))
{
  const struct transfer *t = w->opaque;
  uint32_t blocks = min_blocks (t->per, w->blocks - done);

  work_prepare (cmd, t->direction,
                blocks * w->h->facts.capacity.block_len);
  set_cdb (t->ten, t->direction, w->lba + done, blocks, t->fua, cmd);
  set_buffers (w, done, blocks, cmd);
  return blocks;
}

static bool
refused (struct work *w, const struct command *cmd,
         uint32_t blocks __attribute__ ((unused)))
{
  struct transfer *t = w->opaque;

  if (refused_16 (w->lba + w->blocks, cmd)) {
    t->ten = true;
    return true;
  }
  if (t->fua && work_is_unsupported (cmd)) {
    t->fua = false;
    return true;
  }
  return false;
}

static int
transfer (struct handle *h, const struct request *rq, struct transfer *t,
          const struct span *s, struct error *err)
{
  static const struct kind kind = { .fill = fill, .refused = refused };
  struct work w = {
    .h = h, .rq = rq, .kind = &kind,
    .lba = s->lba, .blocks = s->blocks, .opaque = t,
  };

  t->per = transfer_blocks (t->direction == DATA_IN ? READ_CHUNK :
                            WRITE_CHUNK, h->facts.capacity.block_len,
                            h->facts.limits.max_transfer, h->facts.cdb10);
  t->ten = use_cdb10 (h);
  return carry_out (&w, &t->ten, err);
}

/* Room for the whole first and the whole last block, which may be the same
 * one.  Free it in the end.
 */
static uint8_t *
add_bounce (const struct handle *h, struct transfer *t, const struct span *s,
            struct error *err)
{
  const uint32_t block_len = h->facts.capacity.block_len;
  uint8_t *bounce = malloc ((size_t) 2 * block_len);

  if (bounce == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  t->head = bounce;
  t->head_len = s->head;
  t->tail = bounce + (s->blocks == 1 ? 1 : 2) * block_len - s->tail;
  t->tail_len = s->tail;
  return bounce;
}

int
transfer_read (struct handle *h, const struct request *rq,
               void *buf, uint64_t count, uint64_t offset,
               struct error *err)
{
  const struct span s = span_of (offset, count,
                                 h->facts.capacity.block_len);
  struct transfer t = { .direction = DATA_IN, .buf = buf };
  uint8_t *bounce;
  int r;

  if (s.head == 0 && s.tail == 0)
    return transfer (h, rq, &t, &s, err);

  bounce = add_bounce (h, &t, &s, err);
  if (bounce == NULL)
    return -1;
  r = transfer (h, rq, &t, &s, err);
  free (bounce);
  return r;
}

/* One or two whole blocks to be read at the same time. */
struct edges {
  uint64_t lba[2];
  uint8_t *buf[2];
  bool ten;
};

static uint32_t
fill_edge (struct work *w, uint64_t done __attribute__ ((unused)),
           struct command *cmd, unsigned nth)
{
  const struct edges *e = w->opaque;
  const uint32_t block_len = w->h->facts.capacity.block_len;

  work_prepare (cmd, DATA_IN, block_len);
  cmd->to_be_written = true;
  set_cdb (e->ten, DATA_IN, e->lba[nth], 1, false, cmd);
  work_add_iov (cmd, e->buf[nth], block_len);
  return 1;
}

static bool
refused_edge (struct work *w, const struct command *cmd,
              uint32_t blocks __attribute__ ((unused)))
{
  struct edges *e = w->opaque;

  if (!refused_16 (e->lba[w->blocks - 1] + 1, cmd))
    return false;
  e->ten = true;
  return true;
}

/* Read the first and the last block of the span, as far as they are not
 * wholly inside.
 */
static int
read_edges (struct handle *h, const struct request *rq, uint8_t *bounce,
            const struct span *s, struct error *err)
{
  static const struct kind kind = {
    .fill = fill_edge, .refused = refused_edge,
  };
  struct edges e = { .ten = use_cdb10 (h) };
  struct work w = { .h = h, .rq = rq, .kind = &kind, .opaque = &e };

  if (s->head || s->blocks == 1) {
    e.lba[w.blocks] = s->lba;
    e.buf[w.blocks++] = bounce;
  }
  if (s->tail && s->blocks > 1) {
    e.lba[w.blocks] = s->lba + s->blocks - 1;
    e.buf[w.blocks++] = bounce + h->facts.capacity.block_len;
  }
  return carry_out (&w, &e.ten, err);
}

static int
write_span (struct handle *h, const struct request *rq, struct transfer *t,
            const struct span *s, struct error *err)
{
  uint8_t *bounce;
  int r;

  if (s->head == 0 && s->tail == 0)
    return transfer (h, rq, t, s, err);

  bounce = add_bounce (h, t, s, err);
  if (bounce == NULL)
    return -1;
  r = read_edges (h, rq, bounce, s, err);
  if (r == 0)
    r = transfer (h, rq, t, s, err);
  free (bounce);
  return r;
}

void
transfer_hold (struct handle *h, struct range *range,
               uint64_t count, uint64_t offset)
{
  const struct span s = span_of (offset, count,
                                 h->facts.capacity.block_len);

  rangelock_acquire (h->writes, range, s.lba, s.blocks,
                     s.head != 0 || s.tail != 0);
}

int
transfer_write (struct handle *h, const struct request *rq,
                const void *buf, uint64_t count, uint64_t offset,
                bool *fua, struct error *err)
{
  const struct span s = span_of (offset, count,
                                 h->facts.capacity.block_len);
  struct transfer t = {
    .direction = DATA_OUT, .buf = (uint8_t *) buf, .fua = *fua,
  };

  if (write_span (h, rq, &t, &s, err) == -1)
    return -1;

  /* It was the FUA bit that was refused: without it the same was done. */
  if (*fua && !t.fua)
    h->learnt->no_fua = true;
  *fua = t.fua;
  return 0;
}

int
transfer_write_zeroes (struct handle *h, const struct request *rq,
                       uint64_t count, uint64_t offset, struct error *err)
{
  const struct span s = span_of (offset, count,
                                 h->facts.capacity.block_len);
  struct transfer t = {
    .direction = DATA_OUT, .buf = transfer_zeroes, .repeat = true,
  };

  return write_span (h, rq, &t, &s, err);
}
