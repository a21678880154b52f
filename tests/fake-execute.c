/* SPDX-License-Identifier: BSD-3-Clause */

/* What the target in memory does with a command, and what it thinks of it. */

#include <config.h>

#include <stdio.h>
#include <string.h>

#include "alua.h"
#include "bytes.h"
#include "fake-target-private.h"
#include "sense.h"

/* ---- judging ---- */

static void
tell (unsigned *count, const struct task *t, const char *what)
{
  const struct fake_disk_lun *lu = &fake.luns[t->lun];
  const uint64_t block = get_be64 (&t->cdb[2]);

  ++*count;
  if (fake.verdicts_told++ < 20)
    fprintf (stderr, "LUN %u block %u value %u (there %u, newest %u, acked "
             "%u), group %d, %s: %s\n", t->lun, (unsigned) block, t->value,
             lu->blocks[block].there, lu->blocks[block].newest,
             lu->blocks[block].acked, t->group,
             t->session ? "live" : "lost", what);
}

static void
judge_write (const struct task *t, const struct fake_block *b)
{
  struct fake_verdicts *v = &fake.verdicts;

  if (t->value < b->newest || t->value < b->there)
    tell (&v->overtaken, t, "executed after a newer one was sent");
  else if (t->value <= b->acked)
    tell (&v->late, t, "executed after it was acknowledged");
  if (fake.luns[t->lun].identity != t->lun + 1)
    tell (&v->wrong_lun, t, "written to another LUN");
}

/* ---- executing ---- */

static struct answer
sense (uint8_t key, uint16_t asc)
{
  return (struct answer) {
    .status = STATUS_CHECK_CONDITION,
    .have_sense = true,
    .key = key,
    .asc = asc,
  };
}

static const struct answer good = { .status = STATUS_GOOD };

static struct answer
give (const struct task *t, const uint8_t *data, size_t len)
{
  struct answer a = good;

  a.received = t->cmd->len < len ? t->cmd->len : (uint32_t) len;
  memcpy (t->cmd->param, data, a.received);
  return a;
}

static struct answer
inquiry (const struct task *t)
{
  const struct fake_disk_lun *lu = &fake.luns[t->lun];
  uint8_t data[36] = { 0, 0, 6, 2, 31, (uint8_t) (lu->tpgs << 4) };

  memset (&data[8], 'f', 28);
  return give (t, data, sizeof data);
}

/* Designators: a NAA of the LUN, and the group of the port. */
static struct answer
vpd (const struct task *t)
{
  const struct fake_disk_lun *lu = &fake.luns[t->lun];
  const uint8_t pages[] = { 0, 0, 0, 2, 0x00, 0x83 };
  uint8_t data[24] = { 0, 0x83, 0, 20,
                       1, 3, 0, 8, 0x60, 0, 0, 0, 0, 0, 0, lu->identity,
                       0x51, 0x15, 0, 4, 0, 0, 0, 0 };

  switch (t->cdb[2]) {
  case 0x00:
    return give (t, pages, sizeof pages);
  case 0x83:
    data[23] = (uint8_t) fake.portals[t->session->portal].port_group;
    t->session->looked[t->lun] = true;
    if (lu->unsteady)
      fake_add_attention (t->session, t->lun, 0x3f0e);
    return give (t, data, sizeof data);
  }
  return sense (SENSE_ILLEGAL_REQUEST, 0x2400);
}

static struct answer
capacity (const struct task *t, bool sixteen)
{
  uint8_t data[32] = { 0 };

  if (sixteen) {
    put_be64 (data, FAKE_BLOCKS - 1);
    put_be32 (&data[8], BLOCK_LEN);
    return give (t, data, 32);
  }
  put_be32 (data, FAKE_BLOCKS - 1);
  put_be32 (&data[4], BLOCK_LEN);
  return give (t, data, 8);
}

/* Each portal has a port group of its own number, or shares one. */
static struct answer
port_groups (const struct task *t)
{
  const struct fake_disk_lun *lu = &fake.luns[t->lun];
  uint8_t data[8 + 8 * FAKE_PORTALS] = { 0, 0, 0, 4 + 8 * FAKE_PORTALS, 0x10,
                                         lu->transition_s };
  unsigned i;

  if (lu->tpgs == 0)
    return sense (SENSE_ILLEGAL_REQUEST, 0x2000);
  if (t->cdb[1] >> 5 != 1)
    return sense (SENSE_ILLEGAL_REQUEST, 0x2400);
  for (i = 0; i < FAKE_PORTALS; ++i) {
    data[8 + 8 * i] = lu->states[i];
    data[8 + 8 * i + 3] = (uint8_t) i;
  }
  return give (t, data, sizeof data);
}

static struct answer
do_read (const struct task *t)
{
  struct fake_disk_lun *lu = &fake.luns[t->lun];
  const struct fake_block *b = &lu->blocks[get_be64 (&t->cdb[2])];

  if (!t->session->looked[t->lun])
    tell (&fake.verdicts.unverified, t, "read over an unverified session");
  lu->reads++;
  memcpy (t->cmd->iov[0].iov_base, &b->there, sizeof b->there);
  return good;
}

static struct answer
do_write (const struct task *t)
{
  struct fake_disk_lun *lu = &fake.luns[t->lun];
  struct fake_block *b = &lu->blocks[get_be64 (&t->cdb[2])];

  if (t->session && !t->session->looked[t->lun])
    tell (&fake.verdicts.unverified, t, "written over an unverified session");
  judge_write (t, b);
  lu->writes++;
  b->there = t->value;
  return good;
}

/* What stands in the way of a command, if anything does: true. */
static bool
is_kept (const struct task *t, struct answer *a)
{
  const struct fake_disk_lun *lu = &fake.luns[t->lun];
  uint16_t *attention = t->session->attentions[t->lun];
  const unsigned group = fake.portals[t->session->portal].port_group;

  if (t->cdb[0] == 0x12)        /* INQUIRY never reports these */
    return false;
  if (attention[0] != 0) {
    *a = sense (SENSE_UNIT_ATTENTION, attention[0]);
    memmove (attention, attention + 1,
             (MAX_ATTENTIONS - 1) * sizeof attention[0]);
    attention[MAX_ATTENTIONS - 1] = 0;
    return true;
  }
  if (fake_one_in (fake.busy_in)) {
    *a = (struct answer) { .status = STATUS_BUSY };
    return true;
  }
  if (fake_one_in (fake.full_in)) {
    *a = (struct answer) { .status = STATUS_TASK_SET_FULL };
    return true;
  }
  if (t->cdb[0] == 0xa3 || lu->tpgs == 0)
    return false;
  switch (lu->states[group]) {
  case ALUA_STANDBY:
    *a = sense (SENSE_NOT_READY, 0x040b);
    return true;
  case ALUA_UNAVAILABLE:
    *a = sense (SENSE_NOT_READY, 0x040c);
    return true;
  case ALUA_TRANSITIONING:
    *a = sense (SENSE_NOT_READY, 0x040a);
    return true;
  }
  return false;
}

struct answer
fake_execute (const struct task *t)
{
  struct answer a;

  if (t->session == NULL)
    return t->cdb[0] == 0x8a ? do_write (t) : good;
  if (!fake.luns[t->lun].there)
    return sense (SENSE_ILLEGAL_REQUEST, 0x2500);
  if (fake.luns[t->lun].busy)
    return (struct answer) { .status = STATUS_BUSY };
  if (is_kept (t, &a))
    return a;
  switch (t->cdb[0]) {
  case 0x00: return good;
  case 0x12: return t->cdb[1] & 1 ? vpd (t) : inquiry (t);
  case 0x25: return capacity (t, false);
  case 0x88: return do_read (t);
  case 0x8a: return do_write (t);
  case 0x9e: return capacity (t, true);
  case 0xa3: return port_groups (t);
  }
  return sense (SENSE_ILLEGAL_REQUEST, 0x2000);
}
