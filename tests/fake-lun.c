/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake-lun.h"
#include "lun.h"
#include "rangelock.h"

#define MAX_PARAM (8 + 16 * 1024)

/* What unmapped blocks hold where LBPRZ is not set. */
#define GARBAGE 0xa5

static uint32_t
get (const uint8_t *p, unsigned bytes)
{
  uint32_t v = 0;

  while (bytes--)
    v = v << 8 | *p++;
  return v;
}

static uint64_t
get64 (const uint8_t *p)
{
  return (uint64_t) get (p, 4) << 32 | get (p + 4, 4);
}

static void
put (uint8_t *p, uint64_t v, unsigned bytes)
{
  while (bytes--) {
    p[bytes] = v;
    v >>= 8;
  }
}

static void *
allocate (size_t n)
{
  void *p = calloc (1, n ? n : 1);

  if (p == NULL)
    abort ();
  return p;
}

void
fake_memory (struct fake_lun *f, uint64_t base, uint64_t nr)
{
  free (f->data);
  free (f->state);
  f->base = base;
  f->nr = nr;
  f->data = allocate (nr * f->block_len);
  f->state = allocate (nr);
}

void
fake_open (struct fake_lun *f, uint32_t block_len, uint64_t blocks)
{
  *f = (struct fake_lun) {
    .block_len = block_len, .blocks = blocks, .dpofua = true, .wce = true,
    .serial = "SERIAL01", .rotation_rate = 1,
  };
  pthread_mutex_init (&f->lock, NULL);
  fake_memory (f, 0, blocks <= 1 << 20 ? blocks : 0);
}

void
fake_close (struct fake_lun *f)
{
  pthread_mutex_destroy (&f->lock);
  free (f->seen);
  free (f->data);
  free (f->state);
}

void
fake_rule (struct fake_lun *f, struct fake_rule rule)
{
  if (f->nr_rules == FAKE_MAX_RULES)
    abort ();
  f->rules[f->nr_rules++] = rule;
}

void
fake_forget (struct fake_lun *f)
{
  f->nr_seen = 0;
  f->most_at_once = 0;
}

unsigned
fake_count (struct fake_lun *f, unsigned op)
{
  unsigned n = 0;
  size_t i;

  for (i = 0; i < f->nr_seen; ++i)
    n += op == FAKE_ANY || f->seen[i].op == op;
  return n;
}

/* The initiator did what it must not do. */
static void
broken (struct fake_lun *f, const char *rule)
{
  fprintf (stderr, "fake-lun: %s\n", rule);
  f->broken++;
}

static unsigned
name_of (const uint8_t *cdb)
{
  switch (cdb[0]) {
  case 0x12: return cdb[1] & 1 ? FAKE_VPD (cdb[2]) : FAKE_INQUIRY;
  case 0x1a: return FAKE_MODE6 (cdb[2] & 0x3f);
  case 0x5a: return FAKE_MODE10 (cdb[2] & 0x3f);
  case 0x9e: return 0x9e00 | (cdb[1] & 0x1f);
  default:   return cdb[0];
  }
}

static void
good (struct command *cmd)
{
  cmd->answer = (struct answer) { .status = STATUS_GOOD };
}

static void
check_condition (struct command *cmd, uint8_t key, uint16_t asc)
{
  cmd->answer = (struct answer) {
    .status = STATUS_CHECK_CONDITION,
    .have_sense = true, .key = key, .asc = asc,
  };
}

/* Parameter data of ‘len’ bytes, cut to what was asked for. */
static void
reply (struct fake_lun *f, struct command *cmd, uint32_t alloc,
       const uint8_t *data, size_t len)
{
  good (cmd);
  if (cmd->direction != DATA_IN || cmd->niov != 0 || cmd->len != alloc)
    broken (f, "the allocation length is not what the command expects");
  if (len < cmd->len) {
    cmd->answer.residual = RESIDUAL_UNDERFLOW;
    cmd->answer.residual_count = cmd->len - len;
  }
  else
    len = cmd->len;
  memcpy (cmd->param, data, len);
  cmd->answer.received = len;
}

static void
copy_padded (uint8_t *out, const char *text, size_t len)
{
  memset (out, ' ', len);
  memcpy (out, text, strlen (text) < len ? strlen (text) : len);
}

static void
inquiry (struct fake_lun *f, struct command *cmd)
{
  uint8_t d[36] = { f->qualifier << 5 | f->device_type,
                    f->removable ? 0x80 : 0, 6, 2, 31 };

  copy_padded (&d[8], "FAKE", 8);
  copy_padded (&d[16], "memory disk", 16);
  copy_padded (&d[32], "1", 4);
  reply (f, cmd, get (&cmd->cdb[3], 2), d, sizeof d);
}

static size_t
page_00 (const struct fake_lun *f, uint8_t *d)
{
  size_t n = 4;

  d[n++] = 0x00;
  if (f->serial)
    d[n++] = 0x80;
  if (f->serial && !f->no_page_83)
    d[n++] = 0x83;
  d[n++] = 0xb0;
  d[n++] = 0xb1;
  if (!f->no_page_b2)
    d[n++] = 0xb2;
  return n;
}

static size_t
page_80 (const struct fake_lun *f, uint8_t *d)
{
  size_t n = strlen (f->serial);

  memcpy (&d[4], f->serial, n);
  return 4 + n;
}

/* One NAA designator of the logical unit, 8 bytes, SPC-5 7.7.6.6. */
static size_t
page_83 (const struct fake_lun *f, uint8_t *d)
{
  d[4] = 0x01;
  d[5] = 0x03;
  d[7] = 8;
  copy_padded (&d[8], f->serial, 8);
  d[8] = 0x30 | (d[8] & 0x0f);
  return 16;
}

static size_t
page_b0 (const struct fake_lun *f, uint8_t *d)
{
  put (&d[8], f->max_transfer, 4);
  put (&d[12], f->opt_transfer, 4);
  put (&d[16], f->max_prefetch, 4);
  put (&d[20], f->max_unmap_lbas, 4);
  put (&d[24], f->lbpu ? 1 : 0, 4);
  put (&d[28], f->unmap_granularity, 4);
  put (&d[32], f->unmap_alignment ? f->unmap_alignment | 1U << 31 : 0, 4);
  put (&d[36], f->max_write_same, 8);
  return 64;
}

static size_t
page_b2 (const struct fake_lun *f, uint8_t *d)
{
  d[5] = f->lbpu << 7 | f->lbpws << 6 | f->lbpws10 << 5 | f->lbprz << 2;
  d[6] = f->thin ? 2 : 0;
  return 8;
}

static void
vpd (struct fake_lun *f, struct command *cmd)
{
  const uint8_t page = cmd->cdb[2];
  uint8_t d[256] = { f->qualifier << 5 | f->device_type, page };
  size_t n = 0;

  if (f->ignores_evpd) {
    inquiry (f, cmd);
    return;
  }
  if (!f->no_vpd) {
    switch (page) {
    case 0x00: n = page_00 (f, d); break;
    case 0x80: n = f->serial ? page_80 (f, d) : 0; break;
    case 0x83: n = f->serial && !f->no_page_83 ? page_83 (f, d) : 0; break;
    case 0xb0: n = page_b0 (f, d); break;
    case 0xb1: put (&d[4], f->rotation_rate, 2); n = 64; break;
    case 0xb2: n = f->no_page_b2 ? 0 : page_b2 (f, d); break;
    }
    if (n == 0)
      broken (f, "a VPD page that is not listed");
  }
  if (n == 0) {
    check_condition (cmd, 5, 0x2400);
    return;
  }
  put (&d[2], n - 4, 2);
  reply (f, cmd, get (&cmd->cdb[3], 2), d, n);
}

static void
mode_sense (struct fake_lun *f, struct command *cmd)
{
  bool ten = cmd->cdb[0] == 0x5a;
  size_t head = ten ? 8 : 4;
  uint8_t d[32] = { 0 };
  uint8_t flags = f->write_protected << 7 | f->dpofua << 4;

  d[head] = 0x08;
  d[head + 1] = 18;
  d[head + 2] = f->wce << 2;
  if (ten) {
    put (d, head + 20 - 2, 2);
    d[3] = flags;
  }
  else {
    d[0] = head + 20 - 1;
    d[2] = flags;
  }
  reply (f, cmd, ten ? get (&cmd->cdb[7], 2) : cmd->cdb[4], d, head + 20);
}

static void
capacity10 (struct fake_lun *f, struct command *cmd)
{
  uint64_t last = f->blocks - 1;
  uint8_t d[8];

  put (d, last > 0xffffffff ? 0xffffffff : last, 4);
  put (&d[4], f->block_len, 4);
  reply (f, cmd, 8, d, sizeof d);
}

static void
capacity16 (struct fake_lun *f, struct command *cmd)
{
  uint8_t d[32] = { 0 };

  put (d, f->blocks - 1, 8);
  put (&d[8], f->block_len, 4);
  d[13] = f->phys_exponent;
  d[14] = f->thin << 7 | f->lbprz << 6;
  reply (f, cmd, get (&cmd->cdb[10], 4), d, sizeof d);
}

static void
lba_status (struct fake_lun *f, struct command *cmd)
{
  const uint32_t alloc = get (&cmd->cdb[10], 4);
  static uint8_t d[MAX_PARAM];
  uint64_t lba = get64 (&cmd->cdb[2]), end;
  size_t n = 8;

  if (lba >= f->blocks) {
    check_condition (cmd, 5, 0x2100);
    return;
  }
  lba -= f->base;
  for (; lba < f->nr && n < sizeof d; lba = end, n += 16) {
    for (end = lba; end < f->nr && f->state[end] == f->state[lba]; ++end)
      ;
    memset (&d[n], 0, 16);
    put (&d[n], f->base + lba, 8);
    put (&d[n + 8], end - lba, 4);
    d[n + 12] = f->state[lba];
  }
  put (d, n - 4, 4);
  memset (&d[4], 0, 4);
  reply (f, cmd, alloc, d, n);
}

/* LBA and count of commands on blocks. */
static void
range_of (const uint8_t *cdb, struct fake_seen *s)
{
  switch (cdb[0]) {
  case 0x28: case 0x2a: case 0x34: case 0x35: case 0x41:
    s->lba = get (&cdb[2], 4);
    s->blocks = get (&cdb[7], 2);
    break;
  case 0x88: case 0x8a: case 0x90: case 0x91: case 0x93:
    s->lba = get64 (&cdb[2]);
    s->blocks = get (&cdb[10], 4);
    break;
  }
}

static bool
in_range (struct fake_lun *f, const struct fake_seen *s,
          struct command *cmd)
{
  if (s->blocks == 0)
    broken (f, "a count of 0");
  if (s->lba + s->blocks > f->blocks) {
    check_condition (cmd, 5, 0x2100);
    return false;
  }
  if (s->lba < f->base || s->lba + s->blocks > f->base + f->nr) {
    broken (f, "blocks outside the fake's memory");
    check_condition (cmd, 3, 0x1100);
    return false;
  }
  return true;
}

static uint8_t *
block (struct fake_lun *f, uint64_t lba)
{
  return f->data + (lba - f->base) * f->block_len;
}

/* Copy between the disk and the command's buffers, without its last
 * ‘less’ bytes.
 */
static void
move (struct fake_lun *f, const struct fake_seen *s, struct command *cmd,
      uint32_t less)
{
  uint8_t *p = block (f, s->lba);
  size_t left = cmd->len - less, n;
  int i;

  for (i = 0; i < cmd->niov && left > 0; ++i, p += n, left -= n) {
    n = cmd->iov[i].iov_len < left ? cmd->iov[i].iov_len : left;
    if (cmd->direction == DATA_IN)
      memcpy (cmd->iov[i].iov_base, p, n);
    else
      memcpy (p, cmd->iov[i].iov_base, n);
    if (f->yield)
      sched_yield ();
  }
}

static size_t
iov_len (const struct command *cmd)
{
  size_t n = 0;
  int i;

  for (i = 0; i < cmd->niov; ++i) {
    if (cmd->iov[i].iov_len == 0)
      return 0;
    n += cmd->iov[i].iov_len;
  }
  return n;
}

static void
map (struct fake_lun *f, uint64_t lba, uint64_t blocks)
{
  memset (&f->state[lba - f->base], FAKE_MAPPED, blocks);
}

/* Deallocate whole granules; a block that is not in one stays as it is. */
static void
unmap_block (struct fake_lun *f, uint64_t lba, uint64_t from, uint64_t to)
{
  uint64_t g = f->unmap_granularity ? f->unmap_granularity : 1;
  uint64_t into = (lba + g - f->unmap_alignment % g) % g;

  if (lba < from + into || lba - into + g > to)
    return;
  f->state[lba - f->base] = FAKE_DEALLOCATED;
  memset (block (f, lba), f->lbprz ? 0 : GARBAGE, f->block_len);
}

static void
read_write (struct fake_lun *f, const struct fake_seen *s,
            struct command *cmd, uint32_t less)
{
  bool write = s->op == FAKE_WRITE10 || s->op == FAKE_WRITE16;

  if (cmd->direction != (write ? DATA_OUT : DATA_IN) ||
      cmd->len != s->blocks * f->block_len || iov_len (cmd) != cmd->len)
    broken (f, "the buffers are not those of the blocks");
  if (f->max_transfer && s->blocks > f->max_transfer) {
    broken (f, "more blocks than MAXIMUM TRANSFER LENGTH");
    check_condition (cmd, 5, 0x2400);
    return;
  }
  if (write && f->write_protected) {
    check_condition (cmd, 7, 0x2700);
    return;
  }
  if (s->fua && !f->dpofua) {
    check_condition (cmd, 5, 0x2400);
    return;
  }
  if (!in_range (f, s, cmd))
    return;
  good (cmd);
  move (f, s, cmd, less);
  if (write)
    map (f, s->lba, s->blocks);
}

/* More than 16 bits of blocks where no limit is told. */
static void
check_untold (struct fake_lun *f, uint64_t told, const struct fake_seen *s)
{
  if (told == 0 && s->blocks > 0xffff)
    broken (f, "more than FFFFh blocks without a limit that allows it");
}

static void
write_same (struct fake_lun *f, const struct fake_seen *s,
            struct command *cmd)
{
  uint64_t i;

  if (cmd->direction != DATA_OUT || cmd->len != f->block_len ||
      iov_len (cmd) != cmd->len || cmd->niov != 1)
    broken (f, "WRITE SAME without just one block of data");
  check_untold (f, f->max_write_same, s);
  if ((f->max_write_same && s->blocks > f->max_write_same) ||
      (s->unmap && !(f->thin && (s->op == FAKE_SAME16 ? f->lbpws :
                                 f->lbpws10)))) {
    broken (f, "WRITE SAME that was not offered");
    check_condition (cmd, 5, 0x2400);
    return;
  }
  if (!in_range (f, s, cmd))
    return;
  good (cmd);
  for (i = s->lba; i < s->lba + s->blocks; ++i) {
    if (s->unmap)
      unmap_block (f, i, s->lba, s->lba + s->blocks);
    else {
      memcpy (block (f, i), cmd->iov[0].iov_base, f->block_len);
      map (f, i, 1);
    }
  }
}

/* GOOD with a residual, as tgt answers it. */
static void
unmap (struct fake_lun *f, struct fake_seen *s, struct command *cmd)
{
  const uint8_t *list = cmd->iov[0].iov_base;
  uint64_t i;

  if (!f->thin || !f->lbpu) {
    check_condition (cmd, 5, 0x2000);
    return;
  }
  if (iov_len (cmd) != 24 || cmd->len != 24 || get (&cmd->cdb[7], 2) != 24 ||
      get (list, 2) != 22 || get (&list[2], 2) != 16)
    broken (f, "a bad UNMAP parameter list");
  s->lba = get64 (&list[8]);
  s->blocks = get (&list[16], 4);
  check_untold (f, f->max_unmap_lbas, s);
  if (f->max_unmap_lbas && s->blocks > f->max_unmap_lbas) {
    broken (f, "more than MAXIMUM UNMAP LBA COUNT");
    check_condition (cmd, 5, 0x2600);
    return;
  }
  if (!in_range (f, s, cmd))
    return;
  for (i = s->lba; i < s->lba + s->blocks; ++i)
    unmap_block (f, i, s->lba, s->lba + s->blocks);
  good (cmd);
  cmd->answer.residual = RESIDUAL_UNDERFLOW;
  cmd->answer.residual_count = 24;
}

static void
prefetch (struct fake_lun *f, const struct fake_seen *s,
          struct command *cmd)
{
  check_untold (f, f->max_prefetch, s);
  if (f->max_prefetch && s->blocks > f->max_prefetch) {
    broken (f, "more than MAXIMUM PREFETCH LENGTH");
    check_condition (cmd, 5, 0x2400);
    return;
  }
  if (!in_range (f, s, cmd))
    return;
  good (cmd);
  cmd->answer.status = STATUS_CONDITION_MET;
}

/* The whole medium, and the residual that some targets set. */
static void
sync_cache (struct fake_lun *f, const struct fake_seen *s,
            struct command *cmd)
{
  if (s->lba != 0 || s->blocks != 0 || cmd->cdb[1] != 0 ||
      cmd->direction != DATA_NONE)
    broken (f, "SYNCHRONIZE CACHE of less than all");
  good (cmd);
  cmd->answer.residual = RESIDUAL_OVERFLOW;
  cmd->answer.residual_count = 512;
}

/* How many blocks a slow command is for; 0: it is no such. */
static uint32_t
slow_blocks (const struct fake_seen *s, const struct command *cmd)
{
  switch (s->op) {
  case FAKE_SAME10: case FAKE_SAME16: case FAKE_PREFETCH10:
  case FAKE_PREFETCH16:
    return s->blocks;
  case FAKE_UNMAP:
    return get ((const uint8_t *) cmd->iov[0].iov_base + 16, 4);
  default:
    return 0;
  }
}

/* Is it too long, or over too late?  Then it is answered. */
static bool
is_slow (struct fake_lun *f, const struct fake_seen *s, struct command *cmd,
         uint64_t round_start)
{
  const uint64_t blocks = slow_blocks (s, cmd);
  unsigned limit = f->deadline_ms;

  if (blocks == 0)
    return false;
  if (cmd->timeout_ms > 0 && cmd->timeout_ms < limit)
    limit = cmd->timeout_ms;
  if (f->too_long && blocks > f->too_long) {
    check_condition (cmd, 5, cmd->cdb[0] == 0x42 ? 0x2600 : 0x2400);
    return true;
  }
  f->ms += f->ms_each + blocks * f->block_len * f->ms_per_mib / (1 << 20);
  if (limit == 0 || f->ms - round_start <= limit)
    return false;
  cmd->answer = (struct answer) { .status = STATUS_TIMEOUT };
  return true;
}

static void
execute (struct fake_lun *f, struct fake_seen *s, struct command *cmd,
         uint32_t less)
{
  switch (s->op) {
  case FAKE_UNIT_READY: good (cmd); break;
  case FAKE_INQUIRY: inquiry (f, cmd); break;
  case FAKE_CAPACITY10: capacity10 (f, cmd); break;
  case FAKE_CAPACITY16: capacity16 (f, cmd); break;
  case FAKE_LBA_STATUS: lba_status (f, cmd); break;
  case FAKE_READ10: case FAKE_READ16: case FAKE_WRITE10: case FAKE_WRITE16:
    read_write (f, s, cmd, less);
    break;
  case FAKE_SAME10: case FAKE_SAME16: write_same (f, s, cmd); break;
  case FAKE_UNMAP: unmap (f, s, cmd); break;
  case FAKE_PREFETCH10: case FAKE_PREFETCH16: prefetch (f, s, cmd); break;
  case FAKE_SYNC10: case FAKE_SYNC16: sync_cache (f, s, cmd); break;
  default:
    switch (cmd->cdb[0]) {
    case 0x12: vpd (f, cmd); break;
    case 0x1a: case 0x5a: mode_sense (f, cmd); break;
    default:
      broken (f, "an unknown command");
      check_condition (cmd, 5, 0x2000);
    }
  }
}

/* The first rule whose turn it is. */
static struct fake_rule *
find_rule (struct fake_lun *f, unsigned op)
{
  struct fake_rule *r, *found = NULL;
  size_t i;

  for (i = 0; i < f->nr_rules; ++i) {
    r = &f->rules[i];
    if (r->op != FAKE_ANY && r->op != op)
      continue;
    r->seen++;
    if (!found && r->seen > r->skip &&
        (r->times == 0 || r->seen <= r->skip + r->times))
      found = r;
  }
  return found;
}

static void
answer_by_rule (const struct fake_rule *r, struct command *cmd)
{
  cmd->answer = (struct answer) {
    .status = r->status,
    .have_sense = r->status == STATUS_CHECK_CONDITION && !r->no_sense,
    .key = r->key, .asc = r->asc,
  };
}

static void
run_one (struct fake_lun *f, struct command *cmd, uint64_t round_start)
{
  struct fake_seen s = { .op = name_of (cmd->cdb), .len = cmd->len };
  const struct fake_rule *r = find_rule (f, s.op);

  range_of (cmd->cdb, &s);
  s.fua = (s.op == FAKE_WRITE10 || s.op == FAKE_WRITE16) &&
    cmd->cdb[1] & 0x08;
  s.unmap = (s.op == FAKE_SAME10 || s.op == FAKE_SAME16) &&
    cmd->cdb[1] & 0x08;

  if (r && r->status != STATUS_GOOD)
    answer_by_rule (r, cmd);
  else if (r && r->param)
    reply (f, cmd, cmd->len, r->param, r->param_len);
  else if (!is_slow (f, &s, cmd, round_start))
    execute (f, &s, cmd, r && r->residual == RESIDUAL_UNDERFLOW ?
             r->residual_count : 0);
  if (r && r->residual != RESIDUAL_NONE) {
    cmd->answer.residual = r->residual;
    cmd->answer.residual_count = r->residual_count;
  }

  if (f->keep_no_log)
    return;
  if (f->seen == NULL)
    f->seen = allocate (FAKE_MAX_SEEN * sizeof *f->seen);
  if (f->nr_seen == FAKE_MAX_SEEN)
    abort ();
  f->seen[f->nr_seen++] = s;
}

void
fake_run (void *fake_lun, struct command *cmds, size_t n)
{
  struct fake_lun *f = fake_lun;
  const uint64_t start = f->ms;
  size_t i;

  for (i = 0; i < n; ++i) {
    pthread_mutex_lock (&f->lock);
    if (n > f->most_at_once)
      f->most_at_once = n;
    run_one (f, &cmds[i], start);
    pthread_mutex_unlock (&f->lock);
    if (f->yield)
      sched_yield ();
  }
}

static bool
no_pause (void *opaque __attribute__ ((unused)),
          unsigned ms __attribute__ ((unused)))
{
  return true;
}

void
fake_attach (struct fake_disk *d)
{
  struct error err;

  memset (&d->learnt, 0, sizeof d->learnt);
  memset (&d->h, 0, sizeof d->h);
  rangelock_init (&d->writes);
  d->h.lun = FAKE_LUN_NUMBER;
  d->h.learnt = &d->learnt;
  d->h.writes = &d->writes;
  d->h.runner = (struct runner) { .run = fake_run, .handle = &d->lun };
  d->h.retry = (struct retry_policy) { .timeout_ms = 500, .sleep = no_pause };

  if (lun_probe (&d->h.runner, &d->h.retry, FAKE_LUN_NUMBER, 0,
                 &d->h.facts, &err) == -1) {
    fprintf (stderr, "fake-lun: %s\n", err.msg);
    abort ();
  }
  fake_forget (&d->lun);
}

void
fake_detach (struct fake_disk *d)
{
  rangelock_destroy (&d->writes);
  fake_close (&d->lun);
}
