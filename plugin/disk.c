/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "debug.h"
#include "disk.h"
#include "path.h"

/* How long one try to log in again may take. */
#define ATTEMPT_TIMEOUT_MS 5000

/* A target that refused a further session is not asked again for so long. */
#define REFUSED_MS 60000

#define LOGOUT_MS 1000

/* One session slot of a disk. */
struct slot {
  struct disk *disk;
  struct isid isid;
  char *name;                   /* for messages */
  struct path_cursor cursor;    /* which address to try next */
  size_t strangers;             /* addresses in a row with another LUN */
  struct engine *engine;
  unsigned users;               /* handles */
};

struct disk_sessions {
  const struct parameters *p;
  struct session_params params;
  struct path *path;

  pthread_mutex_t lock;         /* protects the rest, and is held briefly */
  struct slot *slots[MAX_SESSIONS];
  unsigned nr_slots;
  unsigned nr_named;            /* slots, those that failed to open as well */
  unsigned opening;             /* slots, without the lock; only one as long
                                   as there is no session */
  uint64_t refused_until;       /* clock_ms */

  pthread_cond_t tried;         /* a try to open a slot has ended */
  unsigned tries;               /* that have */
  struct error failure;         /* of the last one that failed */
};

/* All disks that are in use. */
static pthread_mutex_t disks_lock = PTHREAD_MUTEX_INITIALIZER;
static struct disk *disks;

static bool (*shutting_down) (void);

void
disk_set_shutting_down (bool (*fn) (void))
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
  int r = 0;

  pthread_mutex_lock (&lock);
  if (next.qualifier == 0 &&
      getrandom (&next.random, sizeof next.random, 0) != sizeof next.random)
    r = error_set (err, errno, "getrandom: %s", strerror (errno));
  else {
    next.random &= 0xffffff;
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
verify (struct session *s, const struct disk *d, uint64_t deadline,
        const struct stop *stop, struct error *err)
{
  struct session_asker asker;

  session_ask (&asker, s, deadline, stop);
  return lun_verify (&asker.runner, &asker.policy, d->lun, &d->facts, err);
}

/* The way that the preflight found, for the disk that is opened next. */
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

int
disk_preflight (const struct parameters *p, const char *target, int lun,
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

/* For the engine: one try, at the next address in turn.  That the LUN is
 * missing may pass, since a target that starts is seen before its LUNs are;
 * another LUN in its place is final (ENODEV) when every address leads to one.
 */
static struct session *
reconnect (void *slotv, const struct isid *isid, uint64_t deadline,
           const struct stop *stop, struct error *err)
{
  struct slot *slot = slotv;
  struct disk_sessions *ds = slot->disk->sessions;
  struct session *s;

  s = path_try (ds->path, &slot->cursor, &ds->params, isid, deadline, stop,
                err);
  if (s && verify (s, slot->disk, deadline, stop, err) == 0) {
    path_worked (ds->path, &slot->cursor);
    slot->strangers = 0;
    return s;
  }

  if (s == NULL || err->err != ENODEV || slot->cursor.turn == 0)
    slot->strangers = 0;
  if (s && err->err == ENODEV)
    slot->strangers++;
  if (err->err == ENODEV && slot->strangers < path_count (ds->path))
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
new_slot (struct disk *d, unsigned number, struct error *err)
{
  struct slot *slot = calloc (1, sizeof *slot);

  if (slot == NULL ||
      asprintf (&slot->name, "%s/%d session %u", d->target, d->lun,
                number) == -1) {
    free (slot);
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  slot->disk = d;
  if (next_isid (&slot->isid, err) == -1) {
    free_slot (slot);
    return NULL;
  }
  return slot;
}

static int
start_engine (struct slot *slot, struct session *s, struct error *err)
{
  const struct parameters *p = slot->disk->sessions->p;
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
open_slot (struct disk *d, unsigned number, bool first, uint64_t deadline,
           const struct stop *stop, struct error *err)
{
  struct disk_sessions *ds = d->sessions;
  struct slot *slot = new_slot (d, number, err);
  struct session *s;
  int r;

  if (slot == NULL)
    return NULL;
  s = path_open (ds->path, &ds->params, &slot->isid, deadline, stop, err);
  if (s == NULL)
    goto failed;
  if (first)
    r = probe (s, d->lun, deadline, stop, &d->facts, err);
  else
    r = verify (s, d, deadline, stop, err);
  if (r == -1) {
    session_logout (s, clock_ms () + LOGOUT_MS, NULL);
    goto failed;
  }
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
find_path (struct disk *d, uint64_t deadline, const struct stop *stop,
           struct error *err)
{
  struct disk_sessions *ds = d->sessions;

  if (ds->path == NULL)
    ds->path = take_known_path ();
  if (ds->path == NULL)
    ds->path = path_new (ds->p, d->target, deadline, stop, err);
  return ds->path ? 0 : -1;
}

/* A further session is not worth as long a wait as the first one. */
static uint64_t
open_deadline (const struct disk_sessions *ds, bool first)
{
  const unsigned ms = ds->p->login_timeout_ms;

  return clock_ms () +
    (first || ms < ATTEMPT_TIMEOUT_MS ? ms : ATTEMPT_TIMEOUT_MS);
}

/* Under the lock, which is let go of meanwhile: the slot, or NULL. */
static struct slot *
add_slot (struct disk *d, const struct stop *stop, struct error *err)
{
  struct disk_sessions *ds = d->sessions;
  const bool first = ds->nr_slots == 0;
  const uint64_t deadline = open_deadline (ds, first);
  const unsigned number = ++ds->nr_named;
  struct slot *slot = NULL;

  ds->opening++;
  pthread_mutex_unlock (&ds->lock);
  if (find_path (d, deadline, stop, err) == 0)
    slot = open_slot (d, number, first, deadline, stop, err);
  pthread_mutex_lock (&ds->lock);

  ds->opening--;
  ds->tries++;
  if (slot)
    ds->slots[ds->nr_slots++] = slot;
  else
    ds->failure = *err;
  pthread_cond_broadcast (&ds->tried);
  return slot;
}

/* Under the lock: somebody else opens the first session.  If that fails, it
 * does for all who wait, or they would fail one after the other.
 */
static int
await_first (struct disk_sessions *ds, struct error *err)
{
  const unsigned tries = ds->tries;

  while (ds->tries == tries)
    pthread_cond_wait (&ds->tried, &ds->lock);
  if (ds->nr_slots > 0)
    return 0;
  *err = ds->failure;
  return -1;
}

/* The slot that is used least; one that is up before one that is not. */
static struct slot *
least_used (struct disk_sessions *ds)
{
  struct slot *best = NULL;
  bool up, best_up = false;
  unsigned i;

  for (i = 0; i < ds->nr_slots; ++i) {
    struct slot *slot = ds->slots[i];

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
worth_another (const struct disk_sessions *ds, const struct slot *best)
{
  return best == NULL ||
    (best->users > 0 && ds->nr_slots + ds->opening < ds->p->sessions &&
     clock_ms () >= ds->refused_until);
}

/* Under the sessions' lock: the slot for one more handle. */
static struct slot *
choose_slot (struct disk *d, const struct stop *stop, struct error *err)
{
  struct disk_sessions *ds = d->sessions;
  struct slot *best, *added;

  if (ds->nr_slots == 0 && ds->opening > 0 && await_first (ds, err) == -1)
    return NULL;
  best = least_used (ds);
  if (!worth_another (ds, best))
    return best;
  added = add_slot (d, stop, err);
  if (added)
    return added;
  if (best) {
    debug_session ("no further session: %s: sharing %s", err->msg,
                   best->name);
    ds->refused_until = clock_ms () + REFUSED_MS;
  }
  return best;
}

/* ---- running commands ---- */

/* A slot that is up, for one that is not; NULL: there is none. */
static struct slot *
substitute (struct disk_sessions *ds, const struct slot *slot)
{
  struct slot *best;

  pthread_mutex_lock (&ds->lock);
  best = least_used (ds);
  pthread_mutex_unlock (&ds->lock);
  return best && best != slot && engine_is_up (best->engine) ? best : NULL;
}

/* May another slot carry it out?  What was sent may not, since its task may
 * live; nor may a write, while an older one could still come after it.
 */
static bool
may_move (struct handle *h, const struct command *cmd)
{
  return cmd->answer.status == STATUS_LOST && cmd->issues == 0 &&
    (cmd->direction != DATA_OUT || !engine_has_loose_ends (h->engine));
}

/* The runner of a handle: its slot, and when that is down, another. */
static void
run_on_slots (void *hv, struct command *cmds, size_t n)
{
  struct handle *h = hv;
  struct slot *other;
  size_t i, k;

  engine_run (h->engine, cmds, n);
  for (i = 0; i < n; i += k) {
    for (k = 0; i + k < n && may_move (h, &cmds[i + k]); ++k)
      ;
    other = k > 0 ? substitute (h->disk->sessions, h->slot) : NULL;
    if (other)
      engine_run (other->engine, &cmds[i], k);
    if (k == 0)
      k = 1;
  }
}

/* ---- disks ---- */

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

/* All are told before the first one is waited for. */
static void
begin_stop (struct disk_sessions *ds)
{
  unsigned i;

  for (i = 0; i < ds->nr_slots; ++i)
    engine_begin_stop (ds->slots[i]->engine);
}

static void
free_sessions (struct disk_sessions *ds, uint64_t deadline)
{
  unsigned i;

  begin_stop (ds);
  for (i = 0; i < ds->nr_slots; ++i) {
    report_counters (ds->slots[i]);
    engine_stop (ds->slots[i]->engine, deadline);
    free_slot (ds->slots[i]);
  }
  path_free (ds->path);
  pthread_cond_destroy (&ds->tried);
  pthread_mutex_destroy (&ds->lock);
  free (ds);
}

static void
free_disk (struct disk *d, uint64_t deadline)
{
  struct handle *h;

  while ((h = d->handles) != NULL) {
    d->handles = h->next;
    free (h);
  }
  if (d->sessions)
    free_sessions (d->sessions, deadline);
  rangelock_destroy (&d->writes);
  free (d->target);
  free (d);
}

static struct disk *
new_disk (const struct parameters *p, const char *target, int lun,
          struct error *err)
{
  struct disk *d = calloc (1, sizeof *d);

  if (d == NULL)
    goto no_memory;
  rangelock_init (&d->writes);
  d->lun = lun;
  d->target = strdup (target);
  d->sessions = calloc (1, sizeof *d->sessions);
  if (d->target == NULL || d->sessions == NULL) {
    free_disk (d, 0);
    goto no_memory;
  }
  pthread_mutex_init (&d->sessions->lock, NULL);
  pthread_cond_init (&d->sessions->tried, NULL);
  d->sessions->p = p;
  d->sessions->params = path_params (p, d->target, lun);
  return d;

 no_memory:
  error_set (err, ENOMEM, "out of memory");
  return NULL;
}

/* The disk for one more handle. */
static struct disk *
get_disk (const struct parameters *p, const char *target, int lun,
          struct handle *h, struct error *err)
{
  struct disk *d;

  pthread_mutex_lock (&disks_lock);
  for (d = disks; d != NULL; d = d->next)
    if (d->lun == lun && strcmp (d->target, target) == 0)
      break;
  if (d == NULL) {
    d = new_disk (p, target, lun, err);
    if (d) {
      d->next = disks;
      disks = d;
    }
  }
  if (d) {
    d->users++;
    h->next = d->handles;
    d->handles = h;
  }
  pthread_mutex_unlock (&disks_lock);
  return d;
}

/* The last one logs out, without holding up those who open other disks. */
static void
put_disk (struct disk *d, struct handle *h)
{
  struct disk **p;
  struct handle **hp;

  pthread_mutex_lock (&disks_lock);
  for (hp = &d->handles; *hp != h; hp = &(*hp)->next)
    ;
  *hp = h->next;
  if (--d->users > 0)
    d = NULL;
  else {
    for (p = &disks; *p != d; p = &(*p)->next)
      ;
    *p = d->next;
  }
  pthread_mutex_unlock (&disks_lock);
  if (d)
    free_disk (d, clock_ms () + LOGOUT_MS);
}

void
disk_close_all (void)
{
  const uint64_t deadline = clock_ms () + LOGOUT_MS;
  struct disk *d;

  for (d = disks; d != NULL; d = d->next)
    begin_stop (d->sessions);
  while ((d = disks) != NULL) {
    disks = d->next;
    free_disk (d, deadline);
  }
  path_free (take_known_path ());
}

static struct slot *
get_slot (struct disk *d, bool counts, const struct stop *stop,
          struct error *err)
{
  struct disk_sessions *ds = d->sessions;
  struct slot *slot;

  pthread_mutex_lock (&ds->lock);
  slot = choose_slot (d, stop, err);
  if (slot && counts)
    slot->users++;
  pthread_mutex_unlock (&ds->lock);
  return slot;
}

static void
put_slot (struct slot *slot)
{
  pthread_mutex_lock (&slot->disk->sessions->lock);
  slot->users--;
  pthread_mutex_unlock (&slot->disk->sessions->lock);
}

/* The facts of this open: the LUN may have grown, shrunk or become write
 * protected since.
 */
static int
read_facts (struct handle *h, struct error *err)
{
  struct lun_facts *f = &h->facts;

  *f = h->disk->facts;
  if (lun_mode (&h->runner, &h->retry, h->disk->lun, &f->mode, err) == -1)
    return -1;
  f->read_only = f->cd || f->mode.wp;
  if (lun_capacity (&h->runner, &h->retry, h->disk->lun, &f->capacity,
                    &f->size, err) == -1)
    return -1;
  if (f->capacity.block_len != h->disk->facts.capacity.block_len)
    return error_set (err, EIO, "LUN %d changed its block length from %u to "
                      "%u: restart the server", h->disk->lun,
                      h->disk->facts.capacity.block_len,
                      f->capacity.block_len);
  return 0;
}

static struct handle *
get_handle (const struct parameters *p, const char *target, int lun,
            bool counts, const struct stop *stop, struct error *err)
{
  struct handle *h = calloc (1, sizeof *h);

  if (h == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  h->disk = get_disk (p, target, lun, h, err);
  if (h->disk == NULL)
    goto no_disk;
  h->slot = get_slot (h->disk, counts, stop, err);
  if (h->slot == NULL)
    goto no_slot;

  h->counts = counts;
  h->engine = h->slot->engine;
  h->last_error = engine_last_error;
  h->runner = (struct runner) { .run = run_on_slots, .handle = h };
  h->retry = (struct retry_policy) {
    .timeout_ms = p->timeout_ms,
    .sleep = engine_sleep,
    .opaque = h->engine,
  };
  if (read_facts (h, err) == 0)
    return h;
  disk_close (h);
  return NULL;

 no_slot:
  put_disk (h->disk, h);
 no_disk:
  free (h);
  return NULL;
}

struct handle *
disk_open (const struct parameters *p, const char *target, int lun,
           const struct stop *stop, struct error *err)
{
  return get_handle (p, target, lun, true, stop, err);
}

struct handle *
disk_hold (const struct parameters *p, const char *target, int lun,
           const struct stop *stop, struct error *err)
{
  return get_handle (p, target, lun, false, stop, err);
}

void
disk_close (struct handle *h)
{
  if (h->counts)
    put_slot (h->slot);
  put_disk (h->disk, h);
  free (h);
}
