/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alua.h"
#include "bytes.h"
#include "fake-target-private.h"

struct fake_target fake = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct session *fake_sessions_list;
static struct task *held;

void *
fake_allocate (size_t n)
{
  void *p = calloc (1, n);

  if (p == NULL)
    abort ();
  return p;
}

/* ---- set up ---- */

void
fake_target_init (unsigned nr_portals)
{
  unsigned i, j;

  pthread_mutex_lock (&fake.lock);
  fake.nr_portals = nr_portals;
  fake.tells_group = true;
  for (i = 0; i < nr_portals; ++i)
    fake.portals[i] = (struct fake_portal) {
      .group = (int) i + 1,
      .port_group = i,
    };
  fake.max_sessions = fake.busy_in = fake.full_in = fake.drops_in = 0;
  fake.evicts = fake.refuses_reset = fake.mute_reset = false;
  fake.drops_reset = false;
  fake.logins = fake.refused_logins = fake.probes = fake.resets = 0;
  fake.verdicts = (struct fake_verdicts) { 0 };
  for (i = 0; i < FAKE_LUNS; ++i) {
    fake.luns[i] = (struct fake_disk_lun) {
      .there = true,
      .identity = (uint8_t) (i + 1),
    };
    for (j = 0; j < FAKE_PORTALS; ++j)
      fake.luns[i].states[j] = ALUA_OPTIMIZED;
  }
  pthread_mutex_unlock (&fake.lock);
}

void
fake_settings (struct settings *p)
{
  static char host[] = "fake";
  unsigned i;

  *p = (struct settings) {
    .initiator_name = host,
    .sessions = 1,
    .timeout_ms = 30000,
    .login_timeout_ms = 15000,
    .recovery_timeout_ms = 120000,
    .noop_interval_ms = 5000,
    .noop_timeout_ms = 5000,
  };
  p->url.host = host;
  p->url.port = 1;
  for (i = 1; i < fake.nr_portals; ++i)
    p->portals[p->nr_portals++] = (struct portal) {
      .host = host,
      .port = (uint16_t) (i + 1),
    };
}

/* ---- tasks ---- */

bool
fake_one_in (unsigned n)
{
  return n > 0 && (unsigned) rand_r (&fake.seed) % n == 0;
}

static void
signal_session (const struct session *s)
{
  const uint64_t one = 1;

  if (write (s->fd, &one, sizeof one) == -1)
    abort ();
}

static void
send_answer (const struct task *t, const struct answer *a)
{
  struct reply *r = fake_allocate (sizeof *r), **rp;

  r->cmd = t->cmd;
  r->answer = *a;
  for (rp = &t->session->replies; *rp != NULL; rp = &(*rp)->next)
    ;
  *rp = r;
  signal_session (t->session);
}

/* Execute it and send the answer, which is then on its way. */
static void
finish (struct task *t)
{
  const struct answer a = fake_execute (t);

  if (t->session)
    send_answer (t, &a);
  free (t);
}

/* It is rejected, and may be executed all the same. */
static void
reject (struct task *t)
{
  const struct answer a = { .status = STATUS_PROTOCOL };

  send_answer (t, &a);
  t->session = NULL;
}

static bool
is_held (const struct task *t)
{
  const struct fake_portal *p = &fake.portals[t->session->portal];

  if (fake_is_silent (t->session->portal) || fake.luns[t->lun].hangs)
    return true;
  switch (t->cdb[0]) {
  case 0xa3: return p->holds_questions || fake.luns[t->lun].hides_states;
  case 0x88: return p->holds_reads;
  case 0x8a: return p->holds_writes || p->rejects_writes;
  }
  return p->holds_questions;
}

void
fake_arrive (struct session *s, struct command *cmd)
{
  struct task *t = fake_allocate (sizeof *t);
  struct fake_block *b;

  t->isid = s->isid;
  t->group = s->group;
  t->session = s;
  t->cmd = cmd;
  t->lun = (cmd->lun & 0xff) + fake.portals[s->portal].shift;
  memcpy (t->cdb, cmd->cdb, sizeof t->cdb);
  if (t->cdb[0] == 0x8a) {
    memcpy (&t->value, cmd->iov[0].iov_base, sizeof t->value);
    b = &fake.luns[t->lun].blocks[get_be64 (&t->cdb[2])];
    if (t->value > b->newest)
      b->newest = t->value;
  }
  if (is_held (t)) {
    if (t->cdb[0] == 0x8a && fake.portals[s->portal].rejects_writes)
      reject (t);
    t->next = held;
    held = t;
    fake.held++;
  }
  else
    finish (t);
}

/* Tasks that are ended are never heard of again. */
void
fake_end_tasks (bool (*which) (const struct task *, const void *),
           const void *opaque)
{
  struct task **tp = &held, *t;

  while ((t = *tp) != NULL)
    if (which (t, opaque)) {
      *tp = t->next;
      fake.held--;
      free (t);
    }
    else
      tp = &t->next;
}

void
fake_forget_session (const struct session *s)
{
  struct task *t;

  for (t = held; t != NULL; t = t->next)
    if (t->session == s)
      t->session = NULL;
}

/* ---- from outside ---- */

void
fake_end_session (struct session *s)
{
  s->ended = true;
  signal_session (s);
}

void
fake_cut (unsigned portal)
{
  struct session *s;

  pthread_mutex_lock (&fake.lock);
  for (s = fake_sessions_list; s != NULL; s = s->next)
    if (s->portal == portal)
      fake_end_session (s);
  pthread_mutex_unlock (&fake.lock);
}

void
fake_fail_sockets (unsigned portal, int errnum)
{
  struct session *s;

  pthread_mutex_lock (&fake.lock);
  fake.portals[portal].state = FAKE_FROZEN;
  for (s = fake_sessions_list; s != NULL; s = s->next)
    if (s->portal == portal) {
      s->socket_error = errnum;
      fake_end_session (s);
    }
  pthread_mutex_unlock (&fake.lock);
}

void
fake_cut_one (unsigned n)
{
  struct session *s;

  pthread_mutex_lock (&fake.lock);
  for (s = fake_sessions_list; s != NULL && n > 0; s = s->next)
    n--;
  if (s)
    fake_end_session (s);
  pthread_mutex_unlock (&fake.lock);
}

void
fake_add_attention (struct session *s, unsigned lun, uint16_t asc)
{
  unsigned i;

  for (i = 0; i < MAX_ATTENTIONS && s->attentions[lun][i] != 0; ++i)
    if (s->attentions[lun][i] == asc)
      return;
  if (i < MAX_ATTENTIONS)
    s->attentions[lun][i] = asc;
}

void
fake_attention (unsigned lun, uint16_t asc)
{
  struct session *s;

  pthread_mutex_lock (&fake.lock);
  for (s = fake_sessions_list; s != NULL; s = s->next)
    fake_add_attention (s, lun, asc);
  pthread_mutex_unlock (&fake.lock);
}

void
fake_swap (unsigned lun, uint8_t identity)
{
  struct session *s;

  pthread_mutex_lock (&fake.lock);
  fake.luns[lun].identity = identity;
  for (s = fake_sessions_list; s != NULL; s = s->next) {
    fake_add_attention (s, lun, 0x3f0e);
    s->looked[lun] = false;
  }
  pthread_mutex_unlock (&fake.lock);
}

/* Under the lock. */
static void
release (struct task **tp)
{
  struct task *t = *tp;

  *tp = t->next;
  fake.held--;
  finish (t);
}

void
fake_release_all (void)
{
  pthread_mutex_lock (&fake.lock);
  while (held)
    release (&held);
  pthread_mutex_unlock (&fake.lock);
}

void
fake_release_one (unsigned n)
{
  struct task **tp;

  pthread_mutex_lock (&fake.lock);
  for (tp = &held; *tp != NULL && n > 0; tp = &(*tp)->next)
    n--;
  if (*tp)
    release (tp);
  pthread_mutex_unlock (&fake.lock);
}

unsigned
fake_sessions (int portal)
{
  struct session *s;
  unsigned n = 0;

  pthread_mutex_lock (&fake.lock);
  for (s = fake_sessions_list; s != NULL; s = s->next)
    n += !s->ended && (portal == -1 || s->portal == (unsigned) portal);
  pthread_mutex_unlock (&fake.lock);
  return n;
}

unsigned
fake_held (void)
{
  unsigned n;

  pthread_mutex_lock (&fake.lock);
  n = fake.held;
  pthread_mutex_unlock (&fake.lock);
  return n;
}
