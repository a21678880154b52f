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
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "debug.h"
#include "engine-private.h"
#include "sense.h"

/* A command that went unanswered until its deadline this often is given up.
 * Each time the session is dropped, so the target may just have lost it.
 */
#define MAX_ISSUES 3

#define FRUITFUL_MS      1000
#define GONE_INTERVAL_MS 1000

/* After so many sessions in a row that were of no use commands are sent one
 * at a time, in turn, so that one on which the target drops the session does
 * not take the others with it.
 */
#define SUSPICIOUS_LOSSES 3

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

void
engine_signal (struct engine *e, int fd)
{
  const uint64_t one = 1;

  /* EAGAIN: it is signalled already. */
  if (write (fd, &one, sizeof one) == -1 && errno != EAGAIN)
    debug_session ("%s: eventfd: %s", e->name, strerror (errno));
}

void
engine_drain (struct engine *e, int fd)
{
  uint64_t n;

  if (read (fd, &n, sizeof n) == -1 && errno != EAGAIN)
    debug_session ("%s: eventfd: %s", e->name, strerror (errno));
}

static void
kick (struct engine *e)
{
  engine_signal (e, e->kick_fd);
}

/* ---- commands ---- */

/* A command is over.  Who leads is not woken when the last of its commands
 * is: it receives them itself.  Only a failed write can end while another
 * thread sends, with the rest of it, and then the leader waits for POLLOUT too
 * (engine_settle), so it looks.
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

/* TASK SET FULL halves what we put on the wire, and a target's window limits
 * it; both grow again by one for each full round of commands that succeed
 * (SAM-5 section 5.3.1).
 */
static void
adapt_depth (struct engine *e, const struct command *cmd)
{
  const size_t carried = session_carried (e->session)->len;
  const size_t round = e->depth < e->window ? e->depth : e->window;

  if (cmd->answer.status == STATUS_TASK_SET_FULL) {
    e->depth = carried / 2 > 0 ? carried / 2 : 1;
    e->successes = 0;
  }
  else if (round < MAX_DEPTH && ++e->successes >= round) {
    if (e->depth < MAX_DEPTH)
      e->depth++;
    if (e->window < MAX_DEPTH)
      e->window++;
    e->successes = 0;
  }
}

/* The LUN may be another one now.  A command that was told so was not carried
 * out: it is held, as if the session had been lost, until the new one has
 * made sure of the LUN's identity.
 */
static bool
is_doubtful (struct engine *e, const struct command *cmd)
{
  if (sense_lun_changed (&cmd->answer)) {
    error_set (&e->why, ESTALE, "the target reports that the LUN has changed");
    e->broken = true;
    return true;
  }

  /* Not over and over: there are targets that answer so to a command which
   * they do not know.
   */
  if (sense_lun_gone (&cmd->answer) &&
      clock_ms () - e->gone_at >= GONE_INTERVAL_MS) {
    error_set (&e->why, ENXIO, "the target reports that the LUN is gone");
    e->broken = e->gone = true;
    e->gone_at = clock_ms ();
  }
  return false;
}

static void
command_done (void *ev, struct command *cmd)
{
  struct engine *e = ev;

  if (is_doubtful (e, cmd)) {
    /* Several change places: all are under way, so none has to be first. */
    queue_prepend (&e->pending, cmd);
    return;
  }
  adapt_depth (e, cmd);
  complete (e, cmd);
}

static void
end_command (struct engine *e, struct command *cmd, unsigned status)
{
  cmd->answer = (struct answer) { .status = status };
  complete (e, cmd);
}

static void
fail_pending (struct engine *e, enum status status)
{
  struct command *cmd;

  while ((cmd = queue_take (&e->pending)) != NULL) {
    if (cmd->direction == DATA_OUT && cmd->issues > 0)
      e->loose_ends = true;
    end_command (e, cmd, cmd->given_up ? cmd->given_up : status);
  }
}

size_t
engine_outstanding (const struct engine *e)
{
  return e->pending.len +
    (e->session ? session_carried (e->session)->len : 0);
}

/* ---- getting and losing the session ---- */

/* Has it seen sessions come and go for recovery-timeout? */
static bool
is_too_old (const struct engine *e, const struct command *cmd, uint64_t now)
{
  return e->p.recovery_timeout_ms > 0 && cmd->lost_since > 0 &&
    now - cmd->lost_since >= e->p.recovery_timeout_ms;
}

/* What was given up is over now that the old session's tasks have ended with
 * the login (engine_connect_fn): no write of it can come after one that is
 * newer.
 */
static void
end_given_up (struct engine *e)
{
  const uint64_t now = clock_ms ();
  struct command *cmd, *next;

  for (cmd = e->pending.head; cmd != NULL; cmd = next) {
    next = cmd->next;
    if (is_too_old (e, cmd, now) && !cmd->given_up)
      cmd->given_up = STATUS_LOST;
    if (cmd->given_up) {
      queue_remove (&e->pending, cmd);
      end_command (e, cmd, cmd->given_up);
    }
  }
}

void
engine_adopt (struct engine *e, struct session *session)
{
  e->session = session;
  session_set_done (session, command_done, e);
  e->state = UP;
  e->is_up = true;
  e->up_since = clock_ms ();
  e->depth = e->fruitless >= SUSPICIOUS_LOSSES ? 1 : MAX_DEPTH;
  e->window = MAX_DEPTH;
  e->successes = 0;
  e->gone = false;
  e->loose_ends = false;
  end_given_up (e);
  e->commands_before = e->counters.commands;
}

/* A command that was not answered often enough is given up; an optional one
 * after the first time.
 */
static void
give_up_unanswered (struct queue *undone, uint64_t now)
{
  struct command *cmd;

  for (cmd = undone->head; cmd != NULL; cmd = cmd->next)
    if ((cmd->issues >= MAX_ISSUES || cmd->timeout_ms > 0) &&
        cmd->deadline <= now)
      cmd->given_up = STATUS_TIMEOUT;
}

/* Those that wait for others get older, too. */
static void
note_loss (struct engine *e, uint64_t now)
{
  struct command *cmd;

  for (cmd = e->pending.head; cmd != NULL; cmd = cmd->next)
    if (cmd->lost_since == 0)
      cmd->lost_since = now;
}

/* Hold what a session carried, in the order of submission, before what was
 * not issued yet.  Only a command that was alone, when that is asked for,
 * lets the others go first: it may be the one that ends the sessions.
 */
static void
hold (struct engine *e, struct queue *undone, uint64_t now)
{
  e->counters.retries += undone->len;
  give_up_unanswered (undone, now);
  if (undone->len == 1 && e->fruitless >= SUSPICIOUS_LOSSES)
    queue_append_all (&e->pending, undone);
  else
    queue_prepend_all (&e->pending, undone);
  note_loss (e, now);
}

/* A session that ends before a command is answered, or at once, was of no
 * use: the next login waits (keeper.c).
 */
static bool
was_fruitless (const struct engine *e, const struct queue *undone,
               uint64_t now)
{
  return e->counters.commands == e->commands_before &&
    (undone->len + e->pending.len > 0 || now - e->up_since < FRUITFUL_MS);
}

/* Close the session.  Under the lock, by those whom I3 allows. */
static void
lose_session (struct engine *e)
{
  const uint64_t now = clock_ms ();
  struct queue undone = { 0 };

  session_close (e->session, &undone);
  e->session = NULL;
  e->broken = false;
  e->ping_sent = 0;
  e->blocked_since = 0;
  e->lost_at = now;
  e->state = RECOVERING;
  e->is_up = false;
  e->counters.losses++;
  e->fruitless = was_fruitless (e, &undone, now) ? e->fruitless + 1 : 0;
  hold (e, &undone, now);

  if (e->stopping) {
    e->state = STOPPED;
    fail_pending (e, STATUS_SHUTDOWN);
  }
  else
    keeper_log_loss (e, now);
  keeper_ring (e);
}

/* ---- submitting ---- */

/* Move the inbox to the end of the pending commands, oldest first. */
static void
take_inbox (struct engine *e)
{
  struct command *cmd, *next, *oldest = NULL;

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

static bool
may_issue (struct engine *e)
{
  return !e->broken && e->pending.head != NULL &&
    session_carried (e->session)->len < e->depth &&
    session_carried (e->session)->len < e->window &&
    session_takes_more (e->session);
}

/* Commands that libiscsi has to hold back are better held back here, where
 * a ping can overtake them.
 */
static void
respect_window (struct engine *e)
{
  const size_t carried = session_carried (e->session)->len;
  const size_t waiting = session_window_closed (e->session);

  if (waiting > 0)
    e->window = carried > waiting + 1 ? carried - waiting - 1 : 1;
}

static int
submit_pending (struct engine *e)
{
  const uint64_t now = clock_ms ();
  struct command *cmd;

  while (may_issue (e)) {
    cmd = queue_take (&e->pending);
    cmd->deadline = now +
      (cmd->timeout_ms ? cmd->timeout_ms : e->p.timeout_ms);
    if (session_submit (e->session, cmd) == -1) {
      queue_prepend (&e->pending, cmd);
      return error_set (&e->why, ENOMEM, "cannot submit a command");
    }
  }
  return 0;
}

/* Hand pending commands to libiscsi and send them; again if it was the
 * sending that made room.  -1: the session is to be closed.
 */
static int
issue (struct engine *e)
{
  do {
    if (may_issue (e) && submit_pending (e) == -1)
      return -1;
    if (session_wants_write (e->session) &&
        session_service (e->session, POLLOUT, &e->why) == -1)
      return -1;
  } while (may_issue (e));
  respect_window (e);
  return 0;
}

/* Somebody has to receive: the youngest will lead for the longest time. */
static void
appoint (struct engine *e)
{
  const struct command *youngest =
    e->pending.tail ? e->pending.tail : session_carried (e->session)->tail;

  e->leader = youngest->waiter;
  e->leader->promoted = true;
  wake_later (e, e->leader);
}

/* Decide who leads (I2), and what ‘me’ does next. */
static enum next
choose_leader (struct engine *e, struct waiter *me)
{
  if (e->state != UP || (e->leader == me && me && me->remaining == 0))
    e->leader = NULL;

  if (me && me->remaining == 0) {
    if (e->state == UP && e->leader == NULL && engine_outstanding (e) > 0)
      appoint (e);
    return RETURN;
  }
  if (me && e->state == UP && (e->leader == NULL || e->leader == me)) {
    e->leader = me;
    if (e->keeper_rests) {
      e->keeper_rests = false;
      keeper_ring (e);
    }
    me->fd = session_fd (e->session);
    me->out = e->leader_polls_out = session_wants_write (e->session);
    return LEAD;
  }
  if (e->state == UP && e->leader == NULL && engine_outstanding (e) > 0)
    appoint (e);
  if (me)
    me->sleeps = true;
  return SLEEP;
}

enum next
engine_settle (struct engine *e, struct waiter *me)
{
  enum next next;

  take_inbox (e);
  if (e->state == UP && !e->broken && issue (e) == -1)
    e->broken = true;
  if (e->broken) {
    if (e->leader == NULL || e->leader == me)
      lose_session (e);
    else
      kick (e);
  }
  if (e->state == DOWN)
    fail_pending (e, STATUS_LOST);
  else if (e->state == STOPPED)
    fail_pending (e, STATUS_SHUTDOWN);

  next = choose_leader (e, me);

  /* A send that is stuck must be noticed by the one who polls. */
  if (e->leader && e->leader != me && !e->leader_polls_out &&
      session_wants_write (e->session)) {
    e->leader_polls_out = true;
    kick (e);
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
      next = engine_settle (e, me);
    else
      engine_settle (e, NULL);
  }
}

void
engine_release (struct engine *e)
{
  engine_settle (e, NULL);
  let_go (e, NULL, SLEEP);
}

/* Put commands into the inbox.  cmds[0] is the oldest. */
static void
submit (struct engine *e, struct command *cmds, size_t n, struct waiter *w)
{
  struct command *first;
  size_t i;

  for (i = 0; i < n; ++i) {
    cmds[i].waiter = w;
    cmds[i].issues = 0;
    cmds[i].lost_since = 0;
    cmds[i].given_up = 0;
    cmds[i].answer = (struct answer) { .status = STATUS_NONE };
    cmds[i].next = i > 0 ? &cmds[i-1] : NULL;
  }
  first = atomic_load (&e->inbox);
  do
    cmds[0].next = first;
  while (!atomic_compare_exchange_weak (&e->inbox, &first, &cmds[n-1]));
}

/* ---- waiting ---- */

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
  if (!e->broken && fds[0].revents &&
      session_service (e->session, fds[0].revents, &e->why) == -1)
    e->broken = true;
  return let_go (e, me, engine_settle (e, me));
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
  return let_go (e, me, engine_settle (e, me));
}

void
engine_run (void *ev, struct command *cmds, size_t n)
{
  struct engine *e = ev;
  struct waiter me = { .remaining = n, .sleeps = true };
  enum next next = SLEEP;

  sem_init (&me.sem, 0, 0);
  submit (e, cmds, n, &me);

  /* If the lock is taken, its holder will see the inbox (I1). */
  if (pthread_mutex_trylock (&e->lock) == 0) {
    if (me.remaining > 0 && !me.promoted) {
      me.sleeps = false;
      next = engine_settle (e, &me);
    }
    else
      engine_settle (e, NULL);  /* somebody was quicker: a post is due */
    next = let_go (e, &me, next);
  }

  while (next != RETURN)
    next = next == LEAD ? lead (e, &me) : sleep_until_woken (e, &me);
  sem_destroy (&me.sem);
}

/* ---- from outside ---- */

static void
free_engine (struct engine *e)
{
  if (e->kick_fd >= 0)
    close (e->kick_fd);
  if (e->alarm_fd >= 0)
    close (e->alarm_fd);
  pthread_cond_destroy (&e->sleep_cond);
  pthread_mutex_destroy (&e->sleep_lock);
  pthread_mutex_destroy (&e->lock);
  free (e->name);
  free (e);
}

struct engine *
engine_start (const struct engine_params *p, struct session *session,
              struct error *err)
{
  struct engine *e = calloc (1, sizeof *e);
  pthread_condattr_t attr;
  int r = ENOMEM;

  if (e == NULL)
    goto no_memory;
  e->p = *p;
  e->name = strdup (p->name);
  e->kick_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  e->alarm_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  pthread_mutex_init (&e->lock, NULL);
  pthread_condattr_init (&attr);
  pthread_condattr_setclock (&attr, CLOCK_MONOTONIC);
  pthread_mutex_init (&e->sleep_lock, NULL);
  pthread_cond_init (&e->sleep_cond, &attr);
  pthread_condattr_destroy (&attr);
  e->wake_tail = &e->wake;
  engine_adopt (e, session);

  if (e->name && e->kick_fd >= 0 && e->alarm_fd >= 0 &&
      (r = keeper_start (e)) == 0)
    return e;
  free_engine (e);
 no_memory:
  error_set (err, r, "cannot start the engine: %s", strerror (r));
  session_close (session, NULL);
  return NULL;
}

void
engine_begin_stop (struct engine *e)
{
  pthread_mutex_lock (&e->lock);
  e->stopping = true;
  engine_release (e);
  keeper_ring (e);
}

void
engine_stop (struct engine *e, uint64_t deadline)
{
  engine_begin_stop (e);
  keeper_join (e);

  if (e->session)
    session_logout (e->session, deadline, NULL);
  free_engine (e);
}

void
engine_last_error (struct engine *e, struct error *err)
{
  pthread_mutex_lock (&e->lock);
  if (e->state == UP)
    *err = (struct error) { 0 };
  else
    *err = e->why;
  engine_release (e);
}

bool
engine_is_up (const struct engine *e)
{
  return e->is_up;
}

bool
engine_has_loose_ends (const struct engine *e)
{
  return e->loose_ends;
}

void
engine_get_counters (struct engine *e, struct engine_counters *c)
{
  pthread_mutex_lock (&e->lock);
  *c = e->counters;
  if (e->state != UP && clock_ms () - e->lost_at > c->longest_stall_ms)
    c->longest_stall_ms = clock_ms () - e->lost_at;
  engine_release (e);
}
