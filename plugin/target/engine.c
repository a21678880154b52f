/* SPDX-License-Identifier: BSD-3-Clause */

/* The path of a command; read "The engine" in ARCHITECTURE.md first.
 *
 * Whoever submits puts commands into the inbox, without a lock, and tries
 * to take the lock.  Whoever holds the lock sends what is in the inbox.  One
 * of the threads that wait leads: it polls the socket and receives for
 * everybody.  A leader whose own commands are over appoints another.
 */

#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "debug.h"
#include "engine-private.h"
#include "sense.h"

/* A session that answered nothing, or ended so soon, was of no use. */
#define FRUITFUL_MS 1000

/* The depth grows after so many rounds of successes, at most. */
#define MAX_PATIENCE 1024

/* What a thread inside engine_run is to do next. */
enum next { LEAD, SLEEP, RETURN };

/* ---- waking ---- */

/* Wake-ups are collected under the lock and done after it, so that nobody
 * wakes up just to find it taken.
 */
static void
wake_later (struct engine *e, struct waiter *w)
{
  w->next_wake = NULL;
  *e->wake_tail = w;
  e->wake_tail = &w->next_wake;
}

static void
unlock_and_wake (struct engine *e)
{
  struct waiter *w = e->wake, *next;

  e->wake = NULL;
  e->wake_tail = &e->wake;
  pthread_mutex_unlock (&e->lock);

  for (; w != NULL; w = next) {
    next = w->next_wake;        /* *w is gone once it is woken */
    sem_post (&w->sem);
  }
}

static void
signal_fd (struct engine *e, int fd)
{
  const uint64_t one = 1;

  /* EAGAIN: it is signalled already. */
  if (write (fd, &one, sizeof one) == -1 && errno != EAGAIN)
    debug_session ("%s: eventfd: %s", e->p.name, strerror (errno));
}

void
engine_drain (struct engine *e, int fd)
{
  uint64_t n;

  if (read (fd, &n, sizeof n) == -1 && errno != EAGAIN)
    debug_session ("%s: eventfd: %s", e->p.name, strerror (errno));
}

void
engine_ring (struct engine *e)
{
  signal_fd (e, e->alarm_fd);
}

/* ---- commands that are over ---- */

/* Who leads is not woken when the last of its commands is over: it receives
 * them itself.  Only a failed write can end while another thread sends, with
 * the rest of it, and then the leader waits for POLLOUT too (settle), so it
 * looks.
 */
static void
complete (struct engine *e, struct command *cmd)
{
  struct waiter *w = cmd->waiter;

  e->counters.commands++;
  e->counters.bytes += cmd->len;
  if (--w->remaining == 0 && w->sleeps && !w->promoted)
    wake_later (e, w);
}

static void
end_command (struct engine *e, struct command *cmd, unsigned status)
{
  cmd->answer = (struct answer) { .status = status };
  complete (e, cmd);
}

/* What the engine knows of a LUN is about one session. */
static void
renew_itl (const struct engine *e, struct itl *itl)
{
  if (itl->epoch == e->epochs)
    return;
  itl->epoch = e->epochs;
  itl->carried = 0;
  itl->depth = MAX_DEPTH;
  itl->successes = 0;
}

/* TASK SET FULL is about a LUN: it halves what we put on the wire for that.
 * What the link can carry limits the session (learn_from_loss).  Both grow
 * again by one for each full round of commands that succeed (SAM-5 section
 * 5.3.1).
 */
static void
adapt_depth (struct engine *e, const struct command *cmd)
{
  struct itl *itl = cmd->itl;

  /* What makes sure of a LUN after a login is small, and comes one by one. */
  if (itl == NULL)
    return;
  e->answered++;
  if (e->depth < MAX_DEPTH && ++e->successes >= e->depth * e->patience) {
    e->depth++;
    e->successes = 0;
    if (e->depth > e->too_many)
      e->patience = 1;          /* it was not that */
  }
  if (cmd->answer.status == STATUS_TASK_SET_FULL) {
    itl->depth = itl->carried / 2 > 0 ? itl->carried / 2 : 1;
    itl->successes = 0;
  }
  else if (itl->depth < MAX_DEPTH && ++itl->successes >= itl->depth) {
    itl->depth++;
    itl->successes = 0;
  }
}

/* The LUN may be another one now: nothing more is sent to it before somebody
 * has made sure.  If it was reset, the target has forgotten the other
 * commands, and need not say so (SAM-5 section 5.14, TAS=0).
 */
static void
doubt_lun (struct engine *e, struct itl *itl, const struct answer *a)
{
  if (!sense_lun_changed (a) && !sense_lun_gone (a))
    return;
  atomic_store (&itl->verified, 0);
  itl->doubts++;
  if (a->asc >> 8 == 0x29 && itl->epoch == e->epochs && itl->carried > 0)
    engine_set_broken (e, LOSS_RESET, "the target reports that the LUN was "
                       "reset");
}

/* A write that was rejected, or answered in a way that makes no sense: the
 * target may still carry it out.
 */
static void
doubt_write (struct engine *e, const struct command *cmd)
{
  if (cmd->direction != DATA_OUT || cmd->answer.status != STATUS_PROTOCOL)
    return;
  fence_mark (cmd->itl->fence, e->p.number, e->counters.losses + 1,
              session_portal_group (e->session));
  engine_set_broken (e, LOSS_BROKEN, "the target rejected a command or broke "
                     "the protocol");
}

static void
command_done (void *ev, struct command *cmd)
{
  struct engine *e = ev;

  if (cmd->waiter == NULL) {    /* nobody waits for it any more */
    e->left_behind--;
    free (cmd);
    return;
  }
  if (cmd->itl)
    cmd->itl->carried--;
  else
    e->questions--;
  if (cmd->itl && cmd->answer.status != STATUS_GOOD) {
    doubt_lun (e, cmd->itl, &cmd->answer);
    doubt_write (e, cmd);
  }
  adapt_depth (e, cmd);
  complete (e, cmd);
}

static void
fail_pending (struct engine *e, enum status status)
{
  struct command *cmd;

  while ((cmd = queue_take (&e->pending)) != NULL)
    end_command (e, cmd, status);
}

size_t
engine_outstanding (const struct engine *e)
{
  return e->pending.len +
    (e->session ? session_carried (e->session)->len - e->left_behind : 0);
}

void
engine_leave_behind (struct engine *e, struct command *cmd)
{
  struct waiter *w = cmd->waiter;

  *cmd->left_behind = true;
  cmd->waiter = NULL;
  e->questions--;
  e->left_behind++;
  if (--w->remaining > 0)
    return;
  if (w == e->leader)
    signal_fd (e, e->kick_fd);
  else if (w->sleeps && !w->promoted)
    wake_later (e, w);
}

/* ---- getting and losing the session ---- */

void
engine_adopt (struct engine *e, struct session *session)
{
  pthread_mutex_lock (&e->lock);
  e->session = session;
  session_set_done (session, command_done, e);
  e->epoch = ++e->epochs;
  e->up_since = clock_ms ();
  e->successes = 0;
  e->oldest = e->overdue = 0;
  e->ping_sent = e->blocked_since = 0;
  e->answered = 0;
  engine_release (e);
}

/* Was the session of no use: did it end before it answered anything but
 * questions, or at once?  Who answers the first of the questions that follow
 * each login, and drops the session on the next, is not to be logged in to
 * again and again without a pause.  Not if we ended it (engine_break_itl).
 */
static bool
was_fruitless (const struct engine *e, const struct queue *undone,
               uint64_t now)
{
  return e->loss.cause != LOSS_RESET && e->answered == 0 &&
    (undone->len + e->pending.len > 0 || now - e->up_since < FRUITFUL_MS);
}

/* A link that is too slow for what we send, or a target that ends the session
 * on a certain command: send half of that next time, at last one at a time,
 * and the more often that happens the longer before trying more.  It is taken
 * for that if the session did not answer as many as it had, or ended with the
 * first round of a greater depth; questions do not count.  A command that was
 * not answered in time tells of its LUN: the others are not to wait for it.
 */
static void
learn_from_loss (struct engine *e, const struct queue *undone, uint64_t now)
{
  const struct command *cmd;
  size_t n = 0;

  for (cmd = undone->head; cmd != NULL; cmd = cmd->next)
    n += cmd->itl != NULL;
  if (was_fruitless (e, undone, now))
    e->loss.fruitless++;
  else
    e->loss.fruitless = 0;
  if (n == 0 || e->loss.cause == LOSS_RESET || e->overdue != 0)
    return;
  if (n <= e->answered && (e->successes > 0 || n < e->depth))
    return;
  e->too_many = n;
  e->depth = n / 2 > 0 ? n / 2 : 1;
  e->patience = e->patience * 2 < MAX_PATIENCE ? e->patience * 2
    : MAX_PATIENCE;
}

/* Writes first get their mark in the fence, then the threads hear of it. */
static void
drop_commands (struct engine *e, struct queue *undone, int group)
{
  const bool alone = undone->len == 1;
  struct command *cmd;

  for (cmd = undone->head; cmd != NULL; cmd = cmd->next) {
    cmd->alone = alone;
    cmd->overdue = cmd->serial == e->overdue;
    if (cmd->direction == DATA_OUT && cmd->itl)
      fence_mark (cmd->itl->fence, e->p.number, e->counters.losses, group);
  }
  while ((cmd = queue_take (undone)) != NULL)
    end_command (e, cmd, STATUS_DROPPED);
}

static void
free_left_behind (struct engine *e, struct queue *undone)
{
  struct command *cmd, *next;

  for (cmd = undone->head; cmd != NULL; cmd = next) {
    next = cmd->next;
    if (cmd->waiter == NULL) {
      queue_remove (undone, cmd);
      free (cmd);
    }
  }
  e->left_behind = e->questions = 0;
}

/* Close the session.  Under the lock, by those whom I3 allows. */
static void
lose_session (struct engine *e)
{
  const int group = session_portal_group (e->session);
  const uint64_t now = clock_ms ();
  struct queue undone = { 0 };

  session_close (e->session, &undone);
  free_left_behind (e, &undone);
  e->session = NULL;
  e->epoch = 0;
  e->broken = false;
  e->loss.at = now;
  e->loss.unanswered = undone.len;
  e->counters.losses++;
  e->counters.unanswered += undone.len;
  learn_from_loss (e, &undone, now);
  drop_commands (e, &undone, group);
  signal_fd (e, e->alarm_fd);
}

void
engine_set_broken (struct engine *e, enum loss_cause cause, const char *fs,
                   ...)
{
  va_list args;

  if (e->session == NULL || e->broken)
    return;
  e->broken = true;
  e->loss.cause = cause;
  e->loss.why.err = cause == LOSS_LEFT ? ESHUTDOWN : EIO;
  va_start (args, fs);
  vsnprintf (e->loss.why.msg, sizeof e->loss.why.msg, fs, args);
  va_end (args);
}

/* ---- submitting ---- */

/* Move the inbox to the end of the pending commands, oldest first. */
static void
take_inbox (struct engine *e)
{
  struct command *cmd, *next, *oldest = NULL;

  if (atomic_load (&e->inbox) == NULL)
    return;
  for (cmd = atomic_exchange (&e->inbox, NULL); cmd != NULL; cmd = next) {
    next = cmd->next;
    cmd->next = oldest;
    oldest = cmd;
  }
  for (cmd = oldest; cmd != NULL; cmd = next) {
    next = cmd->next;
    queue_append (&e->pending, cmd);
  }
}

/* A question takes no room from commands: the LUN may hang, and others have
 * their answers meanwhile.  The last command that the target's window has room
 * for may be a ping, which would wait behind others otherwise.
 */
static bool
has_room (const struct engine *e)
{
  const size_t carried = session_carried (e->session)->len - e->left_behind;

  return carried - e->questions < e->depth &&
    (carried == 0 || session_window (e->session) > 1) &&
    session_takes_more (e->session);
}

/* A LUN leaves a fifth of the target's window to others: one that hangs would
 * have all of it.
 */
static bool
takes_one_more (const struct engine *e, const struct itl *itl)
{
  return itl->carried == 0 ||
    (itl->carried < itl->depth &&
     session_window (e->session) > 1 + itl->carried / 4);
}

/* The first command whose LUN takes one more. */
static struct command *
next_command (struct engine *e)
{
  struct command *cmd;

  if (e->broken || e->pending.head == NULL || !has_room (e))
    return NULL;
  for (cmd = e->pending.head; cmd != NULL; cmd = cmd->next) {
    if (cmd->itl == NULL)
      return cmd;
    renew_itl (e, cmd->itl);
    if (takes_one_more (e, cmd->itl))
      return cmd;
  }
  return NULL;
}

/* It is counted first, since newer versions of libiscsi may call back before
 * the submission returns.
 */
static int
submit_one (struct engine *e, struct command *cmd)
{
  if (cmd->itl) {
    cmd->lun = cmd->itl->lun;
    cmd->itl->carried++;
  }
  else
    e->questions++;
  cmd->serial = ++e->serials;
  if (session_submit (e->session, cmd) == 0)
    return 0;
  if (cmd->itl)
    cmd->itl->carried--;
  else
    e->questions--;
  queue_prepend (&e->pending, cmd);
  engine_set_broken (e, LOSS_BROKEN, "cannot submit a command");
  return -1;
}

/* Only to a LUN that was made sure of over this session. */
static int
submit_pending (struct engine *e)
{
  struct command *cmd;

  while ((cmd = next_command (e)) != NULL) {
    queue_remove (&e->pending, cmd);
    if (cmd->itl && atomic_load (&cmd->itl->verified) != e->epochs)
      end_command (e, cmd, STATUS_UNVERIFIED);
    else if (submit_one (e, cmd) == -1)
      return -1;
  }
  return 0;
}

/* TCP gives up a connection when nothing is acknowledged for long; the error is
 * what routers have said meanwhile, if they have.
 */
int
engine_serve (struct engine *e, int revents)
{
  struct error err;

  if (session_service (e->session, revents, &err) == 0)
    return 0;
  engine_set_broken (e, err.err == ETIMEDOUT || err.err == EHOSTUNREACH ||
                     err.err == ENETUNREACH ? LOSS_SILENT : LOSS_BROKEN,
                     "%s", err.msg);
  return -1;
}

/* Hand pending commands to libiscsi and send them; again if it was the
 * sending that made room.
 */
static void
issue (struct engine *e)
{
  do {
    if (submit_pending (e) == -1)
      return;
    if (!session_wants_write (e->session))
      break;
    if (engine_serve (e, POLLOUT) == -1)
      return;
  } while (next_command (e) != NULL);
}

/* ---- leading ---- */

/* Somebody has to receive: the youngest will lead for the longest time. */
static void
appoint (struct engine *e)
{
  const struct command *youngest =
    e->pending.tail ? e->pending.tail : session_carried (e->session)->tail;

  while (youngest->waiter == NULL)
    youngest = youngest->prev;
  e->leader = youngest->waiter;
  e->leader->promoted = true;
  wake_later (e, e->leader);
}

static enum next
become_leader (struct engine *e, struct waiter *me)
{
  e->leader = me;
  if (e->resting) {
    e->resting = false;
    signal_fd (e, e->alarm_fd);
  }
  me->fd = session_fd (e->session);
  me->out = e->leader_polls_out = session_wants_write (e->session);
  return LEAD;
}

/* Decide who leads (I2), and what ‘me’ does next. */
static enum next
choose_leader (struct engine *e, struct waiter *me)
{
  const bool up = e->session != NULL;

  if (!up || (me && e->leader == me && me->remaining == 0))
    e->leader = NULL;
  if (me && me->remaining > 0 && up && (e->leader == NULL || e->leader == me))
    return become_leader (e, me);

  if (up && e->leader == NULL && engine_outstanding (e) > 0)
    appoint (e);
  if (me && me->remaining == 0)
    return RETURN;
  if (me)
    me->sleeps = true;
  return SLEEP;
}

/* Under the lock: everything that its holder does for the others before it
 * lets go.  ‘me’ is the caller if it is inside engine_run and does not
 * sleep, else NULL.
 */
static enum next
settle (struct engine *e, struct waiter *me)
{
  enum next next;

  take_inbox (e);
  if (e->session && !e->broken)
    issue (e);
  if (e->broken) {
    if (e->leader == NULL || e->leader == me)
      lose_session (e);
    else
      signal_fd (e, e->kick_fd);
  }
  if (e->session == NULL)
    fail_pending (e, e->shut ? STATUS_SHUTDOWN : STATUS_DROPPED);

  next = choose_leader (e, me);

  /* A send that is stuck must be noticed by the one who polls. */
  if (e->leader && e->leader != me && !e->leader_polls_out &&
      session_wants_write (e->session)) {
    e->leader_polls_out = true;
    signal_fd (e, e->kick_fd);
  }
  return next;
}

/* Let go of the lock, and serve those who came too late to see it free
 * (I1).  They write the inbox and then try the lock; we release the lock
 * and then read the inbox.  Both are sequentially consistent where mutexes
 * are made of atomic read-modify-write operations.
 */
static enum next
let_go (struct engine *e, struct waiter *me, enum next next)
{
  for (;;) {
    unlock_and_wake (e);
    if (atomic_load (&e->inbox) == NULL ||
        pthread_mutex_trylock (&e->lock) != 0)
      return next;
    if (next == LEAD)
      next = settle (e, me);
    else
      settle (e, NULL);
  }
}

void
engine_release (struct engine *e)
{
  settle (e, NULL);
  let_go (e, NULL, SLEEP);
}

/* Put commands into the inbox.  cmds[0] is the oldest. */
static void
submit (struct engine *e, struct command *cmds, size_t n, bool *left_behind,
        struct waiter *w)
{
  struct command *first;
  size_t i;

  for (i = 0; i < n; ++i) {
    cmds[i].waiter = w;
    cmds[i].left_behind = left_behind;
    cmds[i].overdue = cmds[i].alone = false;
    cmds[i].answer = (struct answer) { .status = STATUS_NONE };
    cmds[i].next = i > 0 ? &cmds[i-1] : NULL;
  }
  first = atomic_load (&e->inbox);
  do
    cmds[0].next = first;
  while (!atomic_compare_exchange_weak (&e->inbox, &first, &cmds[n-1]));
}

/* One round of the leader: sleep until the socket has something, receive,
 * send.
 */
static enum next
lead (struct engine *e, struct waiter *me)
{
  struct pollfd fds[2] = {
    { .fd = me->fd, .events = POLLIN | (me->out ? POLLOUT : 0) },
    { .fd = e->kick_fd, .events = POLLIN },
  };

  if (poll (fds, 2, -1) == -1)
    fds[0].revents = fds[1].revents = 0; /* EINTR */

  pthread_mutex_lock (&e->lock);
  if (fds[1].revents)
    engine_drain (e, e->kick_fd);
  if (!e->broken && fds[0].revents)
    engine_serve (e, fds[0].revents);
  return let_go (e, me, settle (e, me));
}

/* Sleep until the commands are over or there is nobody else to lead. */
static enum next
sleep_until_woken (struct engine *e, struct waiter *me)
{
  while (sem_wait (&me->sem) == -1)
    ;                           /* EINTR */
  if (!me->promoted)
    return RETURN;

  pthread_mutex_lock (&e->lock);
  me->sleeps = me->promoted = false;
  return let_go (e, me, settle (e, me));
}

static void
run (struct engine *e, struct command *cmds, size_t n, bool *left_behind)
{
  struct waiter me = { .remaining = n, .sleeps = true };
  enum next next = SLEEP;

  sem_init (&me.sem, 0, 0);
  submit (e, cmds, n, left_behind, &me);

  /* If the lock is taken, its holder will see the inbox (I1). */
  if (pthread_mutex_trylock (&e->lock) == 0) {
    if (me.remaining > 0 && !me.promoted) {
      me.sleeps = false;
      next = settle (e, &me);
    }
    else
      settle (e, NULL);         /* somebody was quicker: a post is due */
    next = let_go (e, &me, next);
  }

  while (next != RETURN)
    next = next == LEAD ? lead (e, &me) : sleep_until_woken (e, &me);
  sem_destroy (&me.sem);
}

void
engine_run (struct engine *e, struct command *cmds, size_t n)
{
  run (e, cmds, n, NULL);
}

bool
engine_ask (struct engine *e, struct command *cmd)
{
  bool left_behind = false;

  run (e, cmd, 1, &left_behind);
  return !left_behind;
}

/* ---- from outside ---- */

unsigned
engine_epoch (const struct engine *e)
{
  return e->epoch;
}

void
engine_break_itl (struct engine *e, const struct itl *itl, const char *why)
{
  const struct command *cmd = NULL;

  pthread_mutex_lock (&e->lock);
  if (e->session)
    cmd = session_carried (e->session)->head;
  while (cmd && (cmd->lun != itl->lun || cmd->waiter == NULL))
    cmd = cmd->next;
  if (cmd && !e->broken) {
    engine_set_broken (e, LOSS_RESET, "%s", why);
    if (e->p.noop_timeout_ms > 0 &&
        clock_ms () - session_last_heard (e->session) >= e->p.noop_timeout_ms)
      e->loss.cause = LOSS_SILENT;
  }
  engine_release (e);
}

void
engine_doubt_itl (struct engine *e, struct itl *itl, const struct answer *a,
                  bool expected)
{
  pthread_mutex_lock (&e->lock);
  doubt_lun (e, itl, a);
  itl->doubts -= expected;
  engine_release (e);
}

void
engine_doubt (struct engine *e, struct itl *itl)
{
  pthread_mutex_lock (&e->lock);
  atomic_store (&itl->verified, 0);
  itl->doubts++;
  engine_release (e);
}

unsigned
engine_doubts (struct engine *e, const struct itl *itl)
{
  unsigned r;

  pthread_mutex_lock (&e->lock);
  r = itl->doubts;
  engine_release (e);
  return r;
}

bool
engine_set_verified (struct engine *e, struct itl *itl, unsigned epoch,
                     unsigned doubts)
{
  bool r;

  pthread_mutex_lock (&e->lock);
  r = e->session && e->epochs == epoch && itl->doubts == doubts;
  if (r)
    atomic_store (&itl->verified, epoch);
  engine_release (e);
  return r;
}

void
engine_shut_down (struct engine *e, const char *why)
{
  pthread_mutex_lock (&e->lock);
  e->shut = true;
  engine_set_broken (e, LOSS_LEFT, "%s", why);
  engine_release (e);
}

struct session *
engine_take_session (struct engine *e)
{
  struct session *s = NULL;

  pthread_mutex_lock (&e->lock);
  if (e->left_behind > 0 && engine_outstanding (e) == 0)
    engine_set_broken (e, LOSS_LEFT, "there is no logout while questions have "
                       "no answer");
  if (e->session && !e->broken && e->leader == NULL &&
      engine_outstanding (e) == 0 && atomic_load (&e->inbox) == NULL) {
    s = e->session;
    e->session = NULL;
    e->epoch = 0;
    e->loss = (struct engine_loss) { .at = clock_ms () };
  }
  engine_release (e);
  return s;
}

void
engine_last_loss (struct engine *e, struct engine_loss *loss)
{
  pthread_mutex_lock (&e->lock);
  *loss = e->loss;
  engine_release (e);
}

bool
engine_is_busy (struct engine *e)
{
  bool r;

  pthread_mutex_lock (&e->lock);
  r = engine_outstanding (e) > 0;
  engine_release (e);
  return r;
}

void
engine_get_counters (struct engine *e, struct engine_counters *c)
{
  pthread_mutex_lock (&e->lock);
  *c = e->counters;
  engine_release (e);
}

void
engine_free (struct engine *e)
{
  if (e->kick_fd >= 0)
    close (e->kick_fd);
  if (e->alarm_fd >= 0)
    close (e->alarm_fd);
  pthread_mutex_destroy (&e->lock);
  free (e);
}

struct engine *
engine_new (const struct engine_params *p, struct error *err)
{
  struct engine *e = calloc (1, sizeof *e);

  if (e == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  e->p = *p;
  e->depth = MAX_DEPTH;
  e->patience = 1;
  e->wake_tail = &e->wake;
  e->kick_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  e->alarm_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  pthread_mutex_init (&e->lock, NULL);
  if (e->kick_fd >= 0 && e->alarm_fd >= 0)
    return e;
  error_set (err, errno, "cannot make an eventfd: %s", strerror (errno));
  engine_free (e);
  return NULL;
}
