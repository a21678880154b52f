/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "debug.h"
#include "path.h"
#include "slots.h"

/* How long one try to log in again may take. */
#define ATTEMPT_TIMEOUT_MS 5000

/* A target that refused a further session is not asked again for so long. */
#define REFUSED_MS 60000

struct slot {
  struct slots *slots;
  struct isid isid;
  char *name;                   /* for messages */
  struct path_cursor cursor;    /* which address to try next */
  size_t strangers;             /* addresses in a row with another LUN */
  int portal_group;             /* of the last session; -1: not told */
  struct engine *engine;
  unsigned number;              /* in slots->open */
  unsigned users;               /* those that count */
};

_Static_assert (MAX_SESSIONS <= 64, "slot_user.owed has a bit for each");

struct slots {
  /* Constant, but for the path, which whoever opens the first slot finds. */
  const struct settings *p;
  const char *target;           /* iSCSI name */
  int lun;
  struct lun_facts *facts;      /* set by the first session */
  struct session_params params;
  struct path *path;

  pthread_mutex_t lock;         /* protects the rest, and is held briefly */
  struct slot *open[MAX_SESSIONS];
  unsigned nr_open;
  unsigned nr_named;            /* those that failed to open as well */
  unsigned opening;             /* slots, without the lock; only one as long
                                   as there is no session */
  uint64_t refused_until;       /* clock_ms */

  pthread_cond_t tried;         /* a try to open a slot has ended */
  unsigned tries;               /* that have */
  struct error failure;         /* of the last one that failed */
};

static bool (*shutting_down) (void);

void
slots_set_shutting_down (bool (*fn) (void))
{
  shutting_down = fn;
}

/* The same random part for all sessions of this process, another qualifier
 * for each: two sessions with one ISID would evict each other (RFC 7143
 * section 6.3.5).
 */
static int
next_isid (struct isid *isid, struct error *err)
{
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static struct isid next;
  static bool begun;
  int r = 0;

  pthread_mutex_lock (&lock);
  if (!begun)
    r = isid_random (&next, err);
  if (r == 0) {
    begun = true;
    next.qualifier++;
    *isid = next;
  }
  pthread_mutex_unlock (&lock);
  return r;
}

/* ---- asking a LUN over a session that no engine has yet ---- */

static int
probe (struct session *s, int lun, uint64_t deadline,
       const struct stop *stop, struct lun_facts *facts, struct error *err)
{
  struct session_asker asker;

  session_ask (&asker, s, deadline, stop);
  return lun_probe (&asker.runner, &asker.policy, lun, facts, err);
}

static int
verify (struct session *s, const struct slots *slots, uint64_t deadline,
        const struct stop *stop, struct error *err)
{
  struct session_asker asker;

  session_ask (&asker, s, deadline, stop);
  return lun_verify (&asker.runner, &asker.policy, slots->lun, slots->facts,
                     err);
}

/* The way that the preflight found, for the LUN that is opened next. */
static struct path *known_path;
static pthread_mutex_t known_path_lock = PTHREAD_MUTEX_INITIALIZER;

static struct path *
take_known_path (void)
{
  struct path *path;

  pthread_mutex_lock (&known_path_lock);
  path = known_path;
  known_path = NULL;
  pthread_mutex_unlock (&known_path_lock);
  return path;
}

void
slots_forget_preflight (void)
{
  path_free (take_known_path ());
}

int
slots_preflight (const struct settings *p, const char *target, int lun,
                 struct error *err)
{
  const struct session_params params = path_params (p, target, lun);
  const uint64_t deadline = clock_ms () + p->login_timeout_ms;
  struct lun_facts facts;
  struct session *s;
  struct path *path;
  struct isid isid;
  int r;

  if (next_isid (&isid, err) == -1)
    return -1;
  path = path_new (p, target, deadline, NULL, err);
  if (path == NULL)
    return -1;
  s = path_open (path, &params, &isid, deadline, NULL, err);
  if (s == NULL) {
    path_free (path);
    return -1;
  }
  r = probe (s, lun, deadline, NULL, &facts, err);
  session_logout (s, clock_ms () + LOGOUT_MS, NULL);
  known_path = path;
  return r;
}

/* ---- slots ---- */

/* Make sure that nothing which the session before was sent is executed any
 * more.  The login has done so, unless it went to another portal group, where
 * it made a session beside the old one.  Then it takes a reset of the LUN, but
 * only writes are worth that: all who use the LUN feel it.  It may take longer
 * than a login, and is not to be begun again and again.
 */
static int
end_old_tasks (const struct slot *slot, struct session *s, bool unsettled,
               const struct stop *stop, struct error *err)
{
  const struct slots *slots = slot->slots;
  const int group = session_portal_group (s);

  if (group == slot->portal_group || !unsettled)
    return 0;
  if (session_reset_lun (s, slots->lun, clock_ms () + slots->p->timeout_ms,
                         stop, err) == -1) {
    /* That the LUN is missing now says nothing about which one it was. */
    if (err->err == ENODEV)
      err->err = ENXIO;
    return -1;
  }
  log_event ("%s: came back in portal group %d instead of %d, where writes may "
             "have been left: reset the LUN", slot->name, group,
             slot->portal_group);
  return 0;
}

/* For the engine: one try, at the next address in turn.  That the LUN is
 * missing may pass, since a target that starts is seen before its LUNs are;
 * another LUN in its place is final (ENODEV) when every address leads to one.
 */
static struct session *
reconnect (void *slotv, const struct isid *isid, bool unsettled,
           uint64_t deadline, const struct stop *stop, struct error *err)
{
  struct slot *slot = slotv;
  struct slots *slots = slot->slots;
  struct session *s;

  s = path_try (slots->path, &slot->cursor, &slots->params, isid, deadline,
                stop, err);
  if (s && verify (s, slots, deadline, stop, err) == 0 &&
      end_old_tasks (slot, s, unsettled, stop, err) == 0) {
    path_worked (slots->path, &slot->cursor);
    slot->portal_group = session_portal_group (s);
    slot->strangers = 0;
    return s;
  }

  if (s == NULL || err->err != ENODEV || slot->cursor.turn == 0)
    slot->strangers = 0;
  if (s && err->err == ENODEV)
    slot->strangers++;
  if (err->err == ENODEV && slot->strangers < path_count (slots->path))
    err->err = ENXIO;
  if (s) {
    session_close (s, NULL);
    path_failed (&slot->cursor);
  }
  return NULL;
}

static void
free_slot (struct slot *slot)
{
  free (slot->name);
  free (slot);
}

static struct slot *
new_slot (struct slots *slots, unsigned number, struct error *err)
{
  struct slot *slot = calloc (1, sizeof *slot);

  if (slot == NULL ||
      asprintf (&slot->name, "%s/%d session %u", slots->target, slots->lun,
                number) == -1) {
    free (slot);
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  slot->slots = slots;
  if (next_isid (&slot->isid, err) == -1) {
    free_slot (slot);
    return NULL;
  }
  return slot;
}

static int
start_engine (struct slot *slot, struct session *s, struct error *err)
{
  const struct settings *p = slot->slots->p;
  const struct engine_params params = {
    .name = slot->name,
    .timeout_ms = p->timeout_ms,
    .attempt_timeout_ms = ATTEMPT_TIMEOUT_MS,
    .recovery_timeout_ms = p->recovery_timeout_ms,
    .noop_interval_ms = p->noop_interval_ms,
    .noop_timeout_ms = p->noop_timeout_ms,
    .isid = slot->isid,
    .connect = reconnect,
    .opaque = slot,
    .shutting_down = shutting_down,
  };

  slot->engine = engine_start (&params, s, err);
  return slot->engine ? 0 : -1;
}

/* Open one more session.  The first one asks the LUN everything, the others
 * make sure that they have reached the same.
 */
static struct slot *
open_slot (struct slots *slots, unsigned number, bool first, uint64_t deadline,
           const struct stop *stop, struct error *err)
{
  struct slot *slot = new_slot (slots, number, err);
  struct session *s;
  int r;

  if (slot == NULL)
    return NULL;
  s = path_open (slots->path, &slots->params, &slot->isid, deadline, stop,
                 err);
  if (s == NULL)
    goto failed;
  if (first)
    r = probe (s, slots->lun, deadline, stop, slots->facts, err);
  else
    r = verify (s, slots, deadline, stop, err);
  if (r == -1) {
    session_logout (s, clock_ms () + LOGOUT_MS, NULL);
    goto failed;
  }
  slot->portal_group = session_portal_group (s);
  if (start_engine (slot, s, err) == -1)
    goto failed;

  debug_session ("%s: open", slot->name);
  return slot;

 failed:
  free_slot (slot);
  return NULL;
}

/* Names are looked up when they are needed first, on the thread of the client
 * that needs them.
 */
static int
find_path (struct slots *slots, uint64_t deadline, const struct stop *stop,
           struct error *err)
{
  if (slots->path == NULL)
    slots->path = take_known_path ();
  if (slots->path == NULL)
    slots->path = path_new (slots->p, slots->target, deadline, stop, err);
  return slots->path ? 0 : -1;
}

/* A further session is not worth as long a wait as the first one. */
static uint64_t
open_deadline (const struct slots *slots, bool first)
{
  const unsigned ms = slots->p->login_timeout_ms;

  return clock_ms () +
    (first || ms < ATTEMPT_TIMEOUT_MS ? ms : ATTEMPT_TIMEOUT_MS);
}

/* Under the lock, which is let go of meanwhile: the slot, or NULL. */
static struct slot *
add_slot (struct slots *slots, const struct stop *stop, struct error *err)
{
  const bool first = slots->nr_open == 0;
  const uint64_t deadline = open_deadline (slots, first);
  const unsigned number = ++slots->nr_named;
  struct slot *slot = NULL;

  slots->opening++;
  pthread_mutex_unlock (&slots->lock);
  if (find_path (slots, deadline, stop, err) == 0)
    slot = open_slot (slots, number, first, deadline, stop, err);
  pthread_mutex_lock (&slots->lock);

  slots->opening--;
  slots->tries++;
  if (slot) {
    slot->number = slots->nr_open;
    slots->open[slots->nr_open++] = slot;
  }
  else
    slots->failure = *err;
  pthread_cond_broadcast (&slots->tried);
  return slot;
}

/* Under the lock: somebody else opens the first session.  If that fails, it
 * does for all who wait, or they would fail one after the other.
 */
static int
await_first (struct slots *slots, struct error *err)
{
  const unsigned tries = slots->tries;

  while (slots->tries == tries)
    pthread_cond_wait (&slots->tried, &slots->lock);
  if (slots->nr_open > 0)
    return 0;
  *err = slots->failure;
  return -1;
}

/* The slot that is used least; one that is up before one that is not. */
static struct slot *
least_used (struct slots *slots)
{
  struct slot *best = NULL;
  bool up, best_up = false;
  unsigned i;

  for (i = 0; i < slots->nr_open; ++i) {
    struct slot *slot = slots->open[i];

    up = engine_is_up (slot->engine);
    if (best == NULL || up > best_up ||
        (up == best_up && slot->users < best->users)) {
      best = slot;
      best_up = up;
    }
  }
  return best;
}

static bool
worth_another (const struct slots *slots, const struct slot *best)
{
  return best == NULL ||
    (best->users > 0 && slots->nr_open + slots->opening < slots->p->sessions &&
     clock_ms () >= slots->refused_until);
}

/* Under the lock: the slot for one more user. */
static struct slot *
choose_slot (struct slots *slots, const struct stop *stop, struct error *err)
{
  struct slot *best, *added;

  if (slots->nr_open == 0 && slots->opening > 0 &&
      await_first (slots, err) == -1)
    return NULL;
  best = least_used (slots);
  if (!worth_another (slots, best))
    return best;
  added = add_slot (slots, stop, err);
  if (added)
    return added;
  if (best) {
    debug_session ("no further session: %s: sharing %s", err->msg,
                   best->name);
    slots->refused_until = clock_ms () + REFUSED_MS;
  }
  return best;
}

/* ---- running commands ---- */

/* A slot that is up, for one that is not; NULL: there is none. */
static struct slot *
substitute (struct slots *slots, const struct slot *slot)
{
  struct slot *best;

  pthread_mutex_lock (&slots->lock);
  best = least_used (slots);
  pthread_mutex_unlock (&slots->lock);
  return best && best != slot && engine_is_up (best->engine) ? best : NULL;
}

/* Could a write that was moved to another slot, and failed there, still come
 * after a newer one?
 */
static bool
is_owed (struct slot_user *user)
{
  struct slots *slots = user->slot->slots;
  unsigned i;
  bool r;

  if (user->owed == 0)
    return false;
  pthread_mutex_lock (&slots->lock);
  for (i = 0; i < slots->nr_open; ++i)
    if (!engine_has_loose_ends (slots->open[i]->engine))
      user->owed &= ~(UINT64_C (1) << i);
  r = user->owed != 0;
  pthread_mutex_unlock (&slots->lock);
  return r;
}

static bool
is_unanswered_write (const struct command *cmd)
{
  return cmd->direction == DATA_OUT && cmd->issues > 0 &&
    (cmd->answer.status == STATUS_LOST ||
     cmd->answer.status == STATUS_TIMEOUT);
}

/* After another slot has carried them out. */
static void
note_owed (struct slot_user *user, const struct slot *other,
           const struct command *cmds, size_t n)
{
  pthread_mutex_t *lock = &user->slot->slots->lock;
  size_t i;

  for (i = 0; i < n && !is_unanswered_write (&cmds[i]); ++i)
    ;
  if (i == n)
    return;
  pthread_mutex_lock (lock);
  user->owed |= UINT64_C (1) << other->number;
  pthread_mutex_unlock (lock);
}

/* May another slot carry it out?  What was sent may not, since its task may
 * live; nor may a write, while an older one could still come after it.
 */
static bool
may_move (struct slot_user *user, const struct command *cmd)
{
  return cmd->answer.status == STATUS_LOST && cmd->issues == 0 &&
    (cmd->direction != DATA_OUT ||
     !(engine_has_loose_ends (user->slot->engine) || is_owed (user)));
}

static void
run_moved (struct slot_user *user, struct command *cmds, size_t n)
{
  struct slot *other = substitute (user->slot->slots, user->slot);

  if (other == NULL)
    return;
  engine_run (other->engine, cmds, n);
  note_owed (user, other, cmds, n);
}

void
slot_run (void *userv, struct command *cmds, size_t n)
{
  struct slot_user *user = userv;
  size_t i, k;

  if (cmds[0].direction == DATA_OUT && is_owed (user)) {
    for (i = 0; i < n; ++i)
      cmds[i].answer = (struct answer) { .status = STATUS_LOST };
    return;
  }
  engine_run (user->slot->engine, cmds, n);
  for (i = 0; i < n; i += k) {
    for (k = 0; i + k < n && may_move (user, &cmds[i + k]); ++k)
      ;
    if (k > 0)
      run_moved (user, &cmds[i], k);
    else
      k = 1;
  }
}

struct engine *
slot_engine (const struct slot_user *user)
{
  return user->slot->engine;
}

/* ---- all of them ---- */

struct slots *
slots_new (const struct settings *p, const char *target, int lun,
           struct lun_facts *facts, struct error *err)
{
  struct slots *slots = calloc (1, sizeof *slots);

  if (slots == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  slots->p = p;
  slots->target = target;
  slots->lun = lun;
  slots->facts = facts;
  slots->params = path_params (p, target, lun);
  pthread_mutex_init (&slots->lock, NULL);
  pthread_cond_init (&slots->tried, NULL);
  return slots;
}

int
slots_take (struct slots *slots, struct slot_user *user, bool counts,
            const struct stop *stop, struct error *err)
{
  struct slot *slot;

  pthread_mutex_lock (&slots->lock);
  slot = choose_slot (slots, stop, err);
  if (slot && counts)
    slot->users++;
  pthread_mutex_unlock (&slots->lock);
  if (slot == NULL)
    return -1;
  user->slot = slot;
  user->counts = counts;
  user->owed = 0;
  return 0;
}

void
slots_give_back (struct slot_user *user)
{
  pthread_mutex_t *lock = &user->slot->slots->lock;

  pthread_mutex_lock (lock);
  user->slot->users -= user->counts;
  pthread_mutex_unlock (lock);
}

static void
report_counters (const struct slot *slot)
{
  struct engine_counters c;

  engine_get_counters (slot->engine, &c);
  debug_verbose ("%s: %" PRIu64 " commands, %" PRIu64 " bytes, %" PRIu64
                 " issued again, %" PRIu64 " losses, longest stall %" PRIu64
                 " ms", slot->name, c.commands, c.bytes, c.retries, c.losses,
                 c.longest_stall_ms);
}

void
slots_begin_stop (struct slots *slots)
{
  unsigned i;

  for (i = 0; i < slots->nr_open; ++i)
    engine_begin_stop (slots->open[i]->engine);
}

void
slots_free (struct slots *slots, uint64_t deadline)
{
  unsigned i;

  /* All are told before the first one is waited for. */
  slots_begin_stop (slots);
  for (i = 0; i < slots->nr_open; ++i) {
    report_counters (slots->open[i]);
    engine_stop (slots->open[i]->engine, deadline);
    free_slot (slots->open[i]);
  }
  path_free (slots->path);
  pthread_cond_destroy (&slots->tried);
  pthread_mutex_destroy (&slots->lock);
  free (slots);
}
