/* SPDX-License-Identifier: BSD-3-Clause */

/* The session room (session.h) in front of the target in memory. */

#include <config.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "fake-target-private.h"

/* ---- logging in ---- */

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

int
isid_random (struct isid *isid, struct error *err __attribute__ ((__unused__)))
{
  *isid = (struct isid) { .random = 1 };
  return 0;
}

/* Wait for what may not come; false: the time is over.  Under the lock. */
static bool
rest (uint64_t deadline, const struct stop *stop, struct error *err)
{
  static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

  if (stop_asked (stop)) {
    error_set (err, ESHUTDOWN, "asked to stop");
    return false;
  }
  if (clock_ms () >= deadline) {
    error_set (err, ETIMEDOUT, "no answer");
    return false;
  }
  clock_wait (&never, &fake.lock, deadline);
  return true;
}

/* Under the lock.  The new session is not in the list yet. */
static int
make_room (const struct session *new, struct error *err)
{
  struct session *s;
  unsigned n = 0;

  for (s = fake_sessions_list; s != NULL; s = s->next) {
    if (s->ended)
      continue;
    if (fake.evicts ||
        (s->group == new->group && same_isid (&s->isid, &new->isid)))
      fake_end_session (s);
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

/* Under the lock: what a login ends. */
static void
end_old_tasks (const struct session *s)
{
  if (fake.evicts)
    fake_end_tasks (is_anybodys, NULL);
  fake_end_tasks (is_of_nexus, s);
}

static struct session *
log_in (unsigned portal, const struct isid *isid, struct error *err)
{
  struct session *s = fake_allocate (sizeof *s);
  unsigned i;

  s->isid = *isid;
  s->portal = portal;
  s->group = fake.portals[portal].group;
  if (make_room (s, err) == -1) {
    free (s);
    return NULL;
  }
  end_old_tasks (s);
  s->fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  s->heard = clock_ms ();
  for (i = 0; i < FAKE_LUNS; ++i)
    s->attentions[i][0] = 0x2907;
  s->next = fake_sessions_list;
  fake_sessions_list = s;
  fake.logins++;
  return s;
}

/* Logins that nobody waits for any more, and that the target has yet to carry
 * out.
 */
#define MAX_LATE 32
static struct session late[MAX_LATE];
static unsigned nr_late;

/* Under the lock. */
static void
leave_login (unsigned portal, const struct isid *isid)
{
  if (fake.portals[portal].state != FAKE_SILENT && nr_late < MAX_LATE)
    late[nr_late++] = (struct session) {
      .isid = *isid, .portal = portal, .group = fake.portals[portal].group,
    };
}

/* Its session ends at once: the connection is gone. */
void
fake_late_login (void)
{
  struct session *s;
  struct error err;

  pthread_mutex_lock (&fake.lock);
  if (nr_late > 0) {
    s = &late[--nr_late];
    if (make_room (s, &err) == 0) {
      fake.late_logins++;
      end_old_tasks (s);
    }
  }
  pthread_mutex_unlock (&fake.lock);
}

struct session *
session_open (const struct session_params *p, const struct address *where,
              const struct isid *isid, uint64_t deadline,
              const struct stop *stop, struct error *err)
{
  const unsigned portal = (unsigned) atoi (where->text) - 1;
  const uint64_t begun = clock_ms ();
  struct session *s = NULL;
  uint64_t limit;

  pthread_mutex_lock (&fake.lock);
  for (;;) {
    if (fake.portals[portal].state == FAKE_ANSWERS &&
        clock_ms () - begun >= fake.portals[portal].login_ms) {
      s = log_in (portal, isid, err);
      break;
    }
    if (fake.portals[portal].state == FAKE_REFUSES) {
      error_set (err, ECONNREFUSED, "connection refused");
      break;
    }
    limit = deadline;
    if (fake.portals[portal].state == FAKE_SILENT && p->connect_ms > 0 &&
        begun + p->connect_ms < limit)
      limit = begun + p->connect_ms;
    if (!rest (limit, stop, err)) {
      leave_login (portal, isid);
      break;
    }
  }
  pthread_mutex_unlock (&fake.lock);
  return s;
}

int
session_portal_group (const struct session *s)
{
  return fake.tells_group ? s->group : -1;
}

void
session_probe (const struct address *where, size_t n,
               unsigned ms __attribute__ ((__unused__)), bool *made)
{
  size_t i;

  pthread_mutex_lock (&fake.lock);
  fake.probes++;
  for (i = 0; i < n; ++i) {
    const enum fake_portal_state state =
      fake.portals[atoi (where[i].text) - 1].state;

    made[i] = state == FAKE_ANSWERS || state == FAKE_FROZEN;
  }
  pthread_mutex_unlock (&fake.lock);
}

static void
reset (const struct session *by, unsigned lun)
{
  struct session *s;

  fake.resets++;
  fake.luns[lun].resets++;
  fake_end_tasks (is_of_lun, &lun);
  for (s = fake_sessions_list; s != NULL; s = s->next)
    if (s != by)
      fake_add_attention (s, lun, 0x2903);
}

int
session_reset_lun (struct session *s, uint16_t wire, uint64_t deadline,
                   const struct stop *stop, struct error *err)
{
  int r = 0;

  pthread_mutex_lock (&fake.lock);
  while (fake_is_silent (s->portal))
    if (!rest (deadline, stop, err)) {
      r = -1;
      break;
    }
  if (r == 0 && fake.drops_reset)
    fake_end_session (s);
  if (r == 0 && s->ended)
    r = error_set (err, ECONNRESET, "the session is lost");
  else if (r == 0 && fake.refuses_reset)
    r = error_set (err, EIO, "the reset was refused");
  else if (r == 0)
    reset (s, (wire & 0xff) + fake.portals[s->portal].shift);
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

  for (sp = &fake_sessions_list; *sp != s; sp = &(*sp)->next)
    ;
  *sp = s->next;
  fake_forget_session (s);
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
    *undone = s->carried;
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

/* ---- commands ---- */

void
session_set_done (struct session *s, session_done_fn fn, void *opaque)
{
  s->done = fn;
  s->opaque = opaque;
}

int
session_submit (struct session *s, struct command *cmd)
{
  struct letter *l = fake_allocate (sizeof *l), **lp;

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
session_window (const struct session *s __attribute__ ((__unused__)))
{
  return UINT_MAX;
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
  if (!fake_is_silent (s->portal) && !s->ended)
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
      fake_arrive (s, l->cmd);
    free (l);
    if (fake_one_in (fake.drops_in))
      fake_end_session (s);
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
    if (s->done)
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
  if (revents & ~POLLOUT && !fake_is_silent (s->portal)) {
    if (read (s->fd, &n, sizeof n) == -1 && errno != EAGAIN)
      abort ();
    s->heard = clock_ms ();
    if (!s->ended)
      deliver (s);
  }
  if (s->socket_error != 0)
    r = error_set (err, s->socket_error, "%s", strerror (s->socket_error));
  else if (s->ended && !fake_is_silent (s->portal))
    r = error_set (err, ECONNRESET, "the target closed the connection");
  pthread_mutex_unlock (&fake.lock);
  return r;
}

/* ---- asking ---- */

/* Without an answer in time the session is lost, as session.h says. */
static void
give_up (struct session *s, struct command *cmd, unsigned status)
{
  pthread_mutex_lock (&fake.lock);
  fake_end_session (s);
  fake_forget_session (s);
  s->carried = (struct queue) { 0 };
  pthread_mutex_unlock (&fake.lock);
  cmd->answer = (struct answer) { .status = status };
}

static void
ask_one (struct session_asker *a, struct command *cmd)
{
  struct session *s = a->session;
  struct error why;
  bool more = true;

  cmd->lun = a->lun;
  session_submit (s, cmd);
  session_service (s, POLLOUT, &a->loss);
  while (s->carried.head && more) {
    if (session_service (s, POLLIN, &a->loss) == -1) {
      give_up (s, cmd, STATUS_DROPPED);
      return;
    }
    pthread_mutex_lock (&fake.lock);
    more = s->carried.head == NULL || rest (a->deadline, a->stop, &why);
    pthread_mutex_unlock (&fake.lock);
  }
  if (s->carried.head)
    give_up (s, cmd, stop_asked (a->stop) ? STATUS_SHUTDOWN : STATUS_TIMEOUT);
}

static void
run_bare (void *av, struct command *cmds, size_t n)
{
  struct session_asker *a = av;
  size_t i;

  for (i = 0; i < n; ++i)
    ask_one (a, &cmds[i]);
}

static bool
sleep_bare (void *av, unsigned ms)
{
  const struct session_asker *a = av;
  const uint64_t until = clock_ms () + ms;
  struct error why;

  pthread_mutex_lock (&fake.lock);
  while (rest (until, a->stop, &why))
    ;
  pthread_mutex_unlock (&fake.lock);
  return !stop_asked (a->stop);
}

void
session_ask (struct session_asker *asker, struct session *s,
             uint64_t deadline, const struct stop *stop)
{
  *asker = (struct session_asker) {
    .runner = { .run = run_bare, .handle = asker },
    .policy = {
      .timeout_ms = (unsigned) (deadline - clock_ms ()),
      .sleep = sleep_bare,
      .opaque = asker,
    },
    .session = s,
    .deadline = deadline,
    .stop = stop,
  };
}

/* ---- what these tests do not use ---- */

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
