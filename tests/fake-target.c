/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "alua.h"
#include "bytes.h"
#include "cdb.h"
#include "clock.h"
#include "debug.h"
#include "fake-clock.h"
#include "fake-target.h"
#include "lu.h"
#include "lun.h"
#include "retry.h"
#include "run.h"
#include "sense.h"

#define BLOCK_LEN      512
#define MAX_ATTENTIONS 4

struct fake_target fake = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* A command that has arrived.  Its session may be gone: its nexus is not. */
struct task {
  struct task *next;
  struct isid isid;
  int group;
  struct session *session;      /* NULL: lost, and nobody is told */
  struct command *cmd;
  unsigned lun;
  uint8_t cdb[CDB_SIZE];
  uint32_t value;               /* of a write */
};

struct session {
  struct session *next;
  struct isid isid;
  unsigned portal;
  int group;
  bool ended;                   /* by the target */
  bool looked[FAKE_LUNS];       /* at the identity */
  uint16_t attentions[FAKE_LUNS][MAX_ATTENTIONS]; /* 0: none */
  uint64_t heard;

  struct queue carried;
  struct letter *letters;
  struct reply *replies;
  int fd;
  session_done_fn done;
  void *opaque;
};

/* Not sent yet. */
struct letter {
  struct letter *next;
  struct command *cmd;
};

/* Executed, not delivered yet. */
struct reply {
  struct reply *next;
  struct command *cmd;
  struct answer answer;
};

static struct session *sessions;
static struct task *held;

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
  fake.logins = fake.refused_logins = fake.resets = 0;
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

static bool
one_in (unsigned n)
{
  return n > 0 && (unsigned) rand_r (&fake.seed) % n == 0;
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
  if (one_in (fake.busy_in)) {
    *a = (struct answer) { .status = STATUS_BUSY };
    return true;
  }
  if (one_in (fake.full_in)) {
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

static struct answer
execute (const struct task *t)
{
  struct answer a;

  if (t->session == NULL)
    return t->cdb[0] == 0x8a ? do_write (t) : good;
  if (!fake.luns[t->lun].there)
    return sense (SENSE_ILLEGAL_REQUEST, 0x2500);
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

static void
signal_session (const struct session *s)
{
  const uint64_t one = 1;

  if (write (s->fd, &one, sizeof one) == -1)
    abort ();
}

/* Execute it and send the answer, which is then on its way. */
static void
finish (struct task *t)
{
  const struct answer a = execute (t);
  struct reply *r, **rp;

  if (t->session) {
    r = calloc (1, sizeof *r);
    r->cmd = t->cmd;
    r->answer = a;
    for (rp = &t->session->replies; *rp != NULL; rp = &(*rp)->next)
      ;
    *rp = r;
    signal_session (t->session);
  }
  free (t);
}

static bool
is_held (const struct task *t)
{
  const struct fake_portal *p = &fake.portals[t->session->portal];

  if (p->state == FAKE_SILENT)
    return true;
  switch (t->cdb[0]) {
  case 0x88: return p->holds_reads;
  case 0x8a: return p->holds_writes;
  }
  return p->holds_questions;
}

static void
arrive (struct session *s, struct command *cmd)
{
  struct task *t = calloc (1, sizeof *t);
  struct fake_block *b;

  t->isid = s->isid;
  t->group = s->group;
  t->session = s;
  t->cmd = cmd;
  t->lun = cmd->lun & 0xff;
  memcpy (t->cdb, cmd->cdb, sizeof t->cdb);
  if (t->cdb[0] == 0x8a) {
    memcpy (&t->value, cmd->iov[0].iov_base, sizeof t->value);
    b = &fake.luns[t->lun].blocks[get_be64 (&t->cdb[2])];
    if (t->value > b->newest)
      b->newest = t->value;
  }
  if (is_held (t)) {
    t->next = held;
    held = t;
    fake.held++;
  }
  else
    finish (t);
}

/* Tasks that are ended are never heard of again. */
static void
end_tasks (bool (*which) (const struct task *, const void *),
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

static bool
same_isid (const struct isid *a, const struct isid *b)
{
  return a->random == b->random && a->qualifier == b->qualifier;
}

static bool
is_of_nexus (const struct task *t, const void *sv)
{
  const struct session *s = sv;

  return t->group == s->group && same_isid (&t->isid, &s->isid);
}

static bool
is_of_lun (const struct task *t, const void *lun)
{
  return t->lun == *(const unsigned *) lun;
}

/* ---- from outside ---- */

static void
end_session (struct session *s)
{
  s->ended = true;
  signal_session (s);
}

void
fake_cut (unsigned portal)
{
  struct session *s;

  pthread_mutex_lock (&fake.lock);
  for (s = sessions; s != NULL; s = s->next)
    if (s->portal == portal)
      end_session (s);
  pthread_mutex_unlock (&fake.lock);
}

void
fake_cut_one (unsigned n)
{
  struct session *s;

  pthread_mutex_lock (&fake.lock);
  for (s = sessions; s != NULL && n > 0; s = s->next)
    n--;
  if (s)
    end_session (s);
  pthread_mutex_unlock (&fake.lock);
}

static void
add_attention (struct session *s, unsigned lun, uint16_t asc)
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
  for (s = sessions; s != NULL; s = s->next)
    add_attention (s, lun, asc);
  pthread_mutex_unlock (&fake.lock);
}

void
fake_swap (unsigned lun, uint8_t identity)
{
  struct session *s;

  pthread_mutex_lock (&fake.lock);
  fake.luns[lun].identity = identity;
  for (s = sessions; s != NULL; s = s->next) {
    add_attention (s, lun, 0x3f0e);
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
  for (s = sessions; s != NULL; s = s->next)
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

/* ---- the session room: logging in ---- */

int
isid_random (struct isid *isid, struct error *err __attribute__ ((__unused__)))
{
  *isid = (struct isid) { .random = 1 };
  return 0;
}

/* Wait for what may not come; false: the time is over. */
static bool
rest (uint64_t deadline, const struct stop *stop, struct error *err)
{
  if (stop_asked (stop)) {
    error_set (err, ESHUTDOWN, "asked to stop");
    return false;
  }
  if (clock_ms () >= deadline) {
    error_set (err, ETIMEDOUT, "no answer");
    return false;
  }
  pthread_mutex_unlock (&fake.lock);
  fake_clock_rest ();
  pthread_mutex_lock (&fake.lock);
  return true;
}

/* Under the lock.  The new session is not in the list yet. */
static int
make_room (const struct session *new, struct error *err)
{
  struct session *s;
  unsigned n = 0;

  for (s = sessions; s != NULL; s = s->next) {
    if (s->ended)
      continue;
    if (fake.evicts ||
        (s->group == new->group && same_isid (&s->isid, &new->isid)))
      end_session (s);
    else
      n++;
  }
  if (fake.max_sessions > 0 && n >= fake.max_sessions) {
    fake.refused_logins++;
    return error_set (err, EBUSY, "the target has no room");
  }
  return 0;
}

static bool
is_anybodys (const struct task *t __attribute__ ((__unused__)),
             const void *opaque __attribute__ ((__unused__)))
{
  return true;
}

static struct session *
log_in (unsigned portal, const struct isid *isid, struct error *err)
{
  struct session *s = calloc (1, sizeof *s);
  unsigned i;

  s->isid = *isid;
  s->portal = portal;
  s->group = fake.portals[portal].group;
  if (make_room (s, err) == -1) {
    free (s);
    return NULL;
  }
  if (fake.evicts)
    end_tasks (is_anybodys, NULL);
  end_tasks (is_of_nexus, s);
  s->fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  s->heard = clock_ms ();
  for (i = 0; i < FAKE_LUNS; ++i)
    s->attentions[i][0] = 0x2907;
  s->next = sessions;
  sessions = s;
  fake.logins++;
  return s;
}

struct session *
session_open (const struct session_params *p, const struct address *where,
              const struct isid *isid, uint64_t deadline,
              const struct stop *stop, struct error *err)
{
  const unsigned portal = (unsigned) atoi (where->text) - 1;
  struct session *s = NULL;

  if (p->connect_ms > 0 && clock_ms () + p->connect_ms < deadline)
    deadline = clock_ms () + p->connect_ms;
  pthread_mutex_lock (&fake.lock);
  for (;;) {
    if (fake.portals[portal].state == FAKE_ANSWERS) {
      s = log_in (portal, isid, err);
      break;
    }
    if (fake.portals[portal].state == FAKE_REFUSES) {
      error_set (err, ECONNREFUSED, "connection refused");
      break;
    }
    if (!rest (deadline, stop, err))
      break;
  }
  pthread_mutex_unlock (&fake.lock);
  return s;
}

int
session_portal_group (const struct session *s)
{
  return fake.tells_group ? s->group : -1;
}

bool
session_can_connect (const struct address *where,
                     unsigned ms __attribute__ ((__unused__)))
{
  bool r;

  pthread_mutex_lock (&fake.lock);
  r = fake.portals[atoi (where->text) - 1].state == FAKE_ANSWERS;
  pthread_mutex_unlock (&fake.lock);
  return r;
}

static void
reset (const struct session *by, unsigned lun)
{
  struct session *s;

  fake.resets++;
  fake.luns[lun].resets++;
  end_tasks (is_of_lun, &lun);
  for (s = sessions; s != NULL; s = s->next)
    if (s != by)
      add_attention (s, lun, 0x2903);
}

int
session_reset_lun (struct session *s, uint16_t wire, uint64_t deadline,
                   const struct stop *stop, struct error *err)
{
  int r = 0;

  pthread_mutex_lock (&fake.lock);
  while (fake.portals[s->portal].state == FAKE_SILENT)
    if (!rest (deadline, stop, err)) {
      r = -1;
      break;
    }
  if (r == 0 && s->ended)
    r = error_set (err, ECONNRESET, "the session is lost");
  else if (r == 0 && fake.refuses_reset)
    r = error_set (err, EIO, "the reset was refused");
  else if (r == 0)
    reset (s, wire & 0xff);
  while (r == 0 && fake.mute_reset)
    if (!rest (deadline, stop, err))
      r = -1;
  pthread_mutex_unlock (&fake.lock);
  return r;
}

bool
session_is_lost (const struct session *s)
{
  bool r;

  pthread_mutex_lock (&fake.lock);
  r = s->ended;
  pthread_mutex_unlock (&fake.lock);
  return r;
}

static void
forget_session (struct session *s)
{
  struct session **sp;
  struct letter *l;
  struct reply *r;
  struct task *t;

  for (sp = &sessions; *sp != s; sp = &(*sp)->next)
    ;
  *sp = s->next;
  for (t = held; t != NULL; t = t->next)
    if (t->session == s)
      t->session = NULL;
  while ((l = s->letters) != NULL) {
    s->letters = l->next;
    free (l);
  }
  while ((r = s->replies) != NULL) {
    s->replies = r->next;
    free (r);
  }
  close (s->fd);
  free (s);
}

void
session_close (struct session *s, struct queue *undone)
{
  pthread_mutex_lock (&fake.lock);
  if (undone)
    queue_append_all (undone, &s->carried);
  forget_session (s);
  pthread_mutex_unlock (&fake.lock);
}

void
session_logout (struct session *s,
                uint64_t deadline __attribute__ ((__unused__)),
                const struct stop *stop __attribute__ ((__unused__)))
{
  if (s->carried.head)
    abort ();
  session_close (s, NULL);
}

/* ---- the session room: commands ---- */

void
session_set_done (struct session *s, session_done_fn fn, void *opaque)
{
  s->done = fn;
  s->opaque = opaque;
}

int
session_submit (struct session *s, struct command *cmd)
{
  struct letter *l = calloc (1, sizeof *l), **lp;

  l->cmd = cmd;
  cmd->session = s;
  queue_append (&s->carried, cmd);
  for (lp = &s->letters; *lp != NULL; lp = &(*lp)->next)
    ;
  *lp = l;
  return 0;
}

const struct queue *
session_carried (const struct session *s)
{
  return &s->carried;
}

bool
session_takes_more (const struct session *s __attribute__ ((__unused__)))
{
  return true;
}

int
session_fd (const struct session *s)
{
  return s->fd;
}

bool
session_wants_write (const struct session *s)
{
  return s->letters != NULL;
}

unsigned
session_window_closed (const struct session *s __attribute__ ((__unused__)))
{
  return 0;
}

int
session_ping (struct session *s)
{
  pthread_mutex_lock (&fake.lock);
  if (fake.portals[s->portal].state != FAKE_SILENT && !s->ended)
    s->heard = clock_ms ();
  pthread_mutex_unlock (&fake.lock);
  return 0;
}

uint64_t
session_last_heard (const struct session *s)
{
  return s->heard;
}

static void
send_letters (struct session *s)
{
  struct letter *l;

  while ((l = s->letters) != NULL) {
    s->letters = l->next;
    if (!s->ended)
      arrive (s, l->cmd);
    free (l);
    if (one_in (fake.drops_in))
      end_session (s);
  }
}

/* Called back without the lock. */
static void
deliver (struct session *s)
{
  struct reply *r;

  while ((r = s->replies) != NULL) {
    s->replies = r->next;
    pthread_mutex_unlock (&fake.lock);
    if (r->cmd->session != s)
      abort ();                 /* answered twice */
    r->cmd->session = NULL;
    r->cmd->answer = r->answer;
    queue_remove (&s->carried, r->cmd);
    s->done (s->opaque, r->cmd);
    free (r);
    pthread_mutex_lock (&fake.lock);
  }
}

int
session_service (struct session *s, int revents, struct error *err)
{
  uint64_t n;
  int r = 0;

  pthread_mutex_lock (&fake.lock);
  if (revents & POLLOUT)
    send_letters (s);
  if (revents & ~POLLOUT && fake.portals[s->portal].state != FAKE_SILENT) {
    if (read (s->fd, &n, sizeof n) == -1 && errno != EAGAIN)
      abort ();
    s->heard = clock_ms ();
    if (!s->ended)
      deliver (s);
  }
  if (s->ended && fake.portals[s->portal].state != FAKE_SILENT)
    r = error_set (err, ECONNRESET, "the target closed the connection");
  pthread_mutex_unlock (&fake.lock);
  return r;
}

/* ---- the session room: what these tests do not use ---- */

void
session_ask (struct session_asker *asker __attribute__ ((__unused__)),
             struct session *s __attribute__ ((__unused__)),
             uint64_t deadline __attribute__ ((__unused__)),
             const struct stop *stop __attribute__ ((__unused__)))
{
  abort ();
}

int
session_discover (const struct session_params *p __attribute__ ((__unused__)),
                  const struct address *where __attribute__ ((__unused__)),
                  uint64_t deadline __attribute__ ((__unused__)),
                  const struct stop *stop __attribute__ ((__unused__)),
                  struct discovered **list __attribute__ ((__unused__)),
                  size_t *n __attribute__ ((__unused__)),
                  struct error *err)
{
  return error_set (err, ECONNREFUSED, "nobody is to be asked");
}

void
discovered_free (struct discovered *list __attribute__ ((__unused__)),
                 size_t n __attribute__ ((__unused__)))
{
}

int
resolve (const char *host __attribute__ ((__unused__)), uint16_t port,
         uint64_t deadline __attribute__ ((__unused__)),
         const struct stop *stop __attribute__ ((__unused__)),
         struct address out[MAX_ADDRESSES],
         struct error *err __attribute__ ((__unused__)))
{
  snprintf (out[0].text, sizeof out[0].text, "%u", port);
  return 1;
}

/* ---- the story, with FAKE_VERBOSE in the environment ---- */

#define TELL(name)                                              \
  void                                                          \
  name (const char *fs, ...)                                    \
  {                                                             \
    va_list args;                                               \
                                                                \
    if (getenv ("FAKE_VERBOSE") == NULL)                        \
      return;                                                   \
    flockfile (stderr);                                         \
    fprintf (stderr, "%" PRIu64 " ", clock_ms ());              \
    va_start (args, fs);                                        \
    vfprintf (stderr, fs, args);                                \
    va_end (args);                                              \
    fputc ('\n', stderr);                                       \
    funlockfile (stderr);                                       \
  }

TELL (debug_session)
TELL (debug_verbose)
TELL (log_event)
TELL (log_notice)

/* ---- the client's side ---- */

static unsigned
io (struct lu_user *user, bool write, unsigned block, uint32_t *value)
{
  const struct runner runner = { .run = lu_run, .handle = user };
  const struct retry_policy policy = {
    .timeout_ms = user->lu->target->p->timeout_ms,
    .sleep = lu_sleep,
    .opaque = user,
  };
  uint8_t data[BLOCK_LEN] = { 0 };
  struct command cmd = {
    .direction = write ? DATA_OUT : DATA_IN,
    .iov = { { .iov_base = data, .iov_len = sizeof data } },
    .niov = 1,
    .len = sizeof data,
  };

  memcpy (data, value, sizeof *value);
  cmd.cdb_len = write ? cdb_write16 (cmd.cdb, block, 1, false)
    : cdb_read16 (cmd.cdb, block, 1);
  retry_run (&runner, &policy, &cmd, 1);
  memcpy (value, data, sizeof *value);
  return cmd.answer.status;
}

unsigned
fake_read (struct lu_user *user, unsigned block, uint32_t *value)
{
  return io (user, false, block, value);
}

unsigned
fake_write (struct lu_user *user, unsigned block, uint32_t value)
{
  const unsigned lun = (unsigned) user->lu->lun;
  struct fake_block *b = &fake.luns[lun].blocks[block];
  const unsigned status = io (user, true, block, &value);

  if (status == STATUS_GOOD) {
    pthread_mutex_lock (&fake.lock);
    b->acked = value;
    pthread_mutex_unlock (&fake.lock);
  }
  return status;
}

int
fake_open (const struct settings *p, int lun, struct lu_user *user,
           struct error *err)
{
  const struct runner runner = { .run = lu_run, .handle = user };
  const struct retry_policy policy = {
    .timeout_ms = p->timeout_ms,
    .sleep = lu_sleep,
    .opaque = user,
  };
  struct lun_facts facts;

  if (lu_get (p, FAKE_TARGET, lun, (uint16_t) lun, true, user, NULL,
              err) == -1)
    return -1;
  if (lun_probe (&runner, &policy, lun, &facts, err) == -1) {
    lu_put (user);
    return -1;
  }
  lu_set_facts (user->lu, &facts);
  return 0;
}
