/* SPDX-License-Identifier: BSD-3-Clause */

/* A million commands to three LUNs of a target that loses sessions with
 * commands in flight, holds writes and executes them late, rejects some and
 * executes them all the same, has portals that go silent, refuse, take
 * connections and say nothing, or take long for a login, carries out logins
 * that nobody waits for any more, answers BUSY and TASK SET FULL, moves a LUN
 * from one controller to the other, and has LUNs that hang or of which nobody
 * can make sure.  No write is executed by it after a newer one of the same
 * block was sent, or after it was acknowledged; each read returns what it may;
 * each command is answered once; and all is well again when the target is.
 *
 * The choices follow from the seed, which is printed and may be given; in what
 * order threads come to them does not.
 */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "alua.h"
#include "check.h"
#include "clock.h"
#include "fake-clock.h"
#include "fake-target.h"

#define COMMANDS  1000000
#define MAX_S     60            /* under valgrind it is fewer commands */
#define THREADS   8
#define OWN       4             /* blocks that only this thread writes */
#define LUNS      3
#define ALUA_LUN  2
#define USERS     3             /* of each LUN, shared by the threads */

static struct settings settings;
static struct lu_user users[LUNS][USERS];
static bool rough;               /* the target is rarely well */
static atomic_bool over;
static atomic_uint commands, failed, wrong;
static uint32_t values[LUNS][THREADS * OWN]; /* written last, by its thread */

struct client {
  pthread_t thread;
  unsigned number, seed;
};

static unsigned
up_to (unsigned *seed, unsigned n)
{
  return (unsigned) rand_r (seed) % n;
}

static bool
one_in (unsigned *seed, unsigned n)
{
  return up_to (seed, n) == 0;
}

/* ---- what happens to the clients ---- */

static void
change_portal (unsigned *seed)
{
  struct fake_portal *p = &fake.portals[up_to (seed, fake.nr_portals)];
  const unsigned what = up_to (seed, 12);

  pthread_mutex_lock (&fake.lock);
  if (what < 2)
    p->state = FAKE_SILENT;
  else if (what < 4)
    p->state = FAKE_REFUSES;
  else if (what < 6)
    p->state = FAKE_FROZEN;
  else
    p->state = FAKE_ANSWERS;
  p->login_ms = one_in (seed, 3) ? up_to (seed, 12000) : 0;
  p->holds_writes = one_in (seed, 3);
  p->rejects_writes = one_in (seed, 10);
  p->holds_reads = one_in (seed, 10);
  p->holds_questions = one_in (seed, 20);
  pthread_mutex_unlock (&fake.lock);
}

/* One controller has the LUN, or is about to. */
static void
move_lun (unsigned *seed)
{
  static const uint8_t states[] = {
    ALUA_OPTIMIZED, ALUA_OPTIMIZED, ALUA_NON_OPTIMIZED, ALUA_STANDBY,
    ALUA_TRANSITIONING,
  };
  unsigned i;

  pthread_mutex_lock (&fake.lock);
  for (i = 0; i < fake.nr_portals; ++i)
    fake.luns[ALUA_LUN].states[i] = states[up_to (seed, sizeof states)];
  pthread_mutex_unlock (&fake.lock);
  if (one_in (seed, 2))
    fake_attention (ALUA_LUN, 0x2a06);
}

static void
trouble_lun (unsigned *seed)
{
  struct fake_disk_lun *lun = &fake.luns[up_to (seed, LUNS)];

  pthread_mutex_lock (&fake.lock);
  lun->unsteady = one_in (seed, 2);
  lun->hangs = !lun->unsteady && one_in (seed, 4);
  pthread_mutex_unlock (&fake.lock);
}

static void
calm_down (void)
{
  unsigned i;

  pthread_mutex_lock (&fake.lock);
  for (i = 0; i < fake.nr_portals; ++i) {
    fake.luns[ALUA_LUN].states[i] = ALUA_OPTIMIZED;
    fake.portals[i].state = FAKE_ANSWERS;
    fake.portals[i].login_ms = 0;
    fake.portals[i].holds_writes = fake.portals[i].holds_reads =
      fake.portals[i].holds_questions = fake.portals[i].rejects_writes = false;
  }
  for (i = 0; i < LUNS; ++i)
    fake.luns[i].unsteady = fake.luns[i].hangs = false;
  fake.refuses_reset = fake.mute_reset = fake.drops_reset = false;
  pthread_mutex_unlock (&fake.lock);
}

/* A portal is gone, with all that it has not executed. */
static void
lose_portal (unsigned *seed)
{
  const unsigned portal = up_to (seed, fake.nr_portals);

  pthread_mutex_lock (&fake.lock);
  fake.portals[portal].state = FAKE_REFUSES;
  pthread_mutex_unlock (&fake.lock);
  fake_cut (portal);
}

static void
do_harm (unsigned *seed)
{
  static const uint16_t attentions[] = { 0x2900, 0x2901, 0x3f0e, 0x2a01 };

  switch (up_to (seed, 24)) {
  case 0: case 1:
    fake_cut_one (up_to (seed, 4));
    break;
  case 2:
    lose_portal (seed);
    break;
  case 3: case 4:
    change_portal (seed);
    break;
  case 5:
    move_lun (seed);
    break;
  case 6:
    fake_attention (up_to (seed, LUNS), attentions[up_to (seed, 4)]);
    break;
  case 7: case 8:
    if (!rough || one_in (seed, 10))
      calm_down ();
    break;
  case 9:
    trouble_lun (seed);
    break;
  case 10:
    pthread_mutex_lock (&fake.lock);
    fake.refuses_reset = one_in (seed, 4);
    fake.mute_reset = one_in (seed, 8);
    fake.drops_reset = one_in (seed, 8);
    pthread_mutex_unlock (&fake.lock);
    break;
  case 11:
    fake_late_login ();
    break;
  default:
    fake_release_one (up_to (seed, 16));
  }
  fake_clock_turn (up_to (seed, one_in (seed, rough ? 10 : 20) ? 6000 : 60));
}

/* ---- the clients ---- */

static struct fake_block
look (unsigned lun, unsigned block)
{
  struct fake_block b;

  pthread_mutex_lock (&fake.lock);
  b = fake.luns[lun].blocks[block];
  pthread_mutex_unlock (&fake.lock);
  return b;
}

/* Who fails fast does not take all of the time from those who log in. */
static void
note_failure (void)
{
  atomic_fetch_add (&failed, 1);
  fake_clock_rest ();
}

static void
read_one (struct lu_user *user, unsigned lun, unsigned block)
{
  const uint32_t least = look (lun, block).acked;
  uint32_t value = 0, most;

  if (fake_read (user, block, &value) != STATUS_GOOD) {
    note_failure ();
    return;
  }
  most = look (lun, block).newest;
  if (value < least || value > most) {
    fprintf (stderr, "LUN %u block %u: read %u, not %u to %u\n", lun, block,
             value, least, most);
    atomic_fetch_add (&wrong, 1);
  }
}

static void
do_one (struct client *c, struct lu_user *user, unsigned lun)
{
  const unsigned own = c->number * OWN + up_to (&c->seed, OWN);

  if (one_in (&c->seed, 2))
    read_one (user, lun, up_to (&c->seed, THREADS * OWN));
  else {
    if (fake_write (user, own, ++values[lun][own]) != STATUS_GOOD)
      note_failure ();
    read_one (user, lun, own);
  }
  atomic_fetch_add (&commands, 2);
}

/* Connections come and go. */
static void
come_and_go (struct client *c, unsigned lun)
{
  struct lu_user own;
  struct error err;
  unsigned i;

  if (fake_open (&settings, (int) lun, &own, &err) == -1)
    return;
  for (i = up_to (&c->seed, 8); i > 0; --i)
    do_one (c, &own, lun);
  lu_put (&own);
}

static void *
client_thread (void *cv)
{
  struct client *c = cv;
  unsigned lun;

  while (!over) {
    lun = up_to (&c->seed, LUNS);
    if (one_in (&c->seed, 8))
      do_harm (&c->seed);
    if (one_in (&c->seed, 50))
      come_and_go (c, lun);
    else
      do_one (c, &users[lun][up_to (&c->seed, USERS)], lun);
  }
  return NULL;
}

/* ---- the run ---- */

static void
open_all (void)
{
  struct error err;
  unsigned i, j;

  for (i = 0; i < LUNS; ++i)
    for (j = 0; j < USERS; ++j)
      if (fake_open (&settings, (int) i, &users[i][j], &err) == -1) {
        fprintf (stderr, "%s\n", err.msg);
        abort ();
      }
}

static void
close_all (void)
{
  unsigned i, j;

  for (i = 0; i < LUNS; ++i)
    for (j = 0; j < USERS; ++j)
      lu_put (&users[i][j]);
  target_close_all ();
}

/* Nobody turns the clock while they open: the target does nothing yet that a
 * client would have to wait after.
 */
static void
set_up (unsigned seed)
{
  bool evicts, stranger;

  fake_target_init (3);
  fake.seed = seed;
  fake.portals[1].group = 1;    /* two groups */
  fake.luns[ALUA_LUN].tpgs = TPGS_IMPLICIT;
  fake_settings (&settings);
  settings.sessions = 1 + up_to (&seed, 4);
  if (one_in (&seed, 2))        /* so that some fail, and are superseded */
    settings.recovery_timeout_ms = 2000;
  if (one_in (&seed, 2))
    settings.timeout_ms = 3000;
  fake.tells_group = !one_in (&seed, 4);
  fake.max_sessions = one_in (&seed, 4) ? 1 + up_to (&seed, 2) : 0;
  rough = one_in (&seed, 2);
  evicts = one_in (&seed, 8);
  stranger = one_in (&seed, 3);
  if (stranger)
    fake.portals[2].state = FAKE_REFUSES;
  open_all ();
  pthread_mutex_lock (&fake.lock);
  if (stranger) {
    fake.portals[2].state = FAKE_ANSWERS;
    fake.portals[2].shift = 1;  /* other LUNs are there */
  }
  fake.evicts = evicts;
  fake.busy_in = fake.full_in = 500;
  fake.drops_in = 3000;
  pthread_mutex_unlock (&fake.lock);
}

/* The target is well again. */
static void
let_pass (unsigned ms)
{
  calm_down ();
  fake_release_all ();
  fake_clock_turn (ms);
  fake_clock_rest ();
}

/* Nothing is unsettled, and there is a session. */
static bool
is_well (void)
{
  struct target *t = users[0][0].lu->target;
  bool r;

  pthread_mutex_lock (&t->lock);
  r = target_is_up (t) && !target_has_unsettled (t);
  pthread_mutex_unlock (&t->lock);
  return r;
}

static bool
works (unsigned lun, struct lu_user *user)
{
  uint32_t value = 0;
  const unsigned status = fake_write (user, 0, ++values[lun][0]);

  if (status == STATUS_GOOD &&
      fake_read (user, 0, &value) == STATUS_GOOD && value == values[lun][0])
    return true;
  fprintf (stderr, "LUN %u: status %x, value %u of %u\n", lun, status, value,
           values[lun][0]);
  return false;
}

/* Whatever has happened, everybody can write and read again at once. */
static void *
work_thread (void *broken)
{
  unsigned i, j;

  for (i = 0; i < LUNS; ++i)
    for (j = 0; j < USERS; ++j)
      *(unsigned *) broken += !works (i, &users[i][j]);
  return NULL;
}

/* Everybody comes to an end when nothing happens any more, and the target is
 * well within a minute.  The time goes slowly then, so that who is not given
 * the processor is not late.
 */
static void
finish (struct client *clients)
{
  unsigned i, broken = 0;
  pthread_t thread;

  over = true;
  for (i = 0; i < THREADS; ++i)
    while (pthread_tryjoin_np (clients[i].thread, NULL) == EBUSY)
      let_pass (10);
  for (i = 0; i < 60000 && !is_well (); ++i)
    let_pass (1);
  CHECK (is_well ());
  if (pthread_create (&thread, NULL, work_thread, &broken) != 0)
    abort ();
  while (pthread_tryjoin_np (thread, NULL) == EBUSY)
    let_pass (1);
  CHECK_UINT (broken, 0);
}

int
main (int argc, char *argv[])
{
  unsigned seed = argc > 1 ? (unsigned) atoi (argv[1]) : (unsigned) getpid ();
  const unsigned wanted = argc > 2 ? (unsigned) atoi (argv[2]) : COMMANDS;
  const time_t end = time (NULL) + MAX_S;
  struct client clients[THREADS];
  unsigned i;

  alarm (5 * MAX_S);
  printf ("seed %u\n", seed);
  fflush (stdout);
  set_up (seed);
  for (i = 0; i < THREADS; ++i) {
    clients[i] = (struct client) { .number = i, .seed = seed + 1 + i };
    if (pthread_create (&clients[i].thread, NULL, client_thread,
                        &clients[i]) != 0)
      abort ();
  }
  while (commands < wanted && time (NULL) < end) {
    do_harm (&seed);
    fake_clock_rest ();
  }
  finish (clients);
  close_all ();

  printf ("%u commands, of which %u failed, %u logins, %u late ones, %u "
          "resets, %u s of the clock\n", commands, failed, fake.logins,
          fake.late_logins, fake.resets,
          (unsigned) ((clock_ms () - 1000000) / 1000));
  CHECK_UINT (wrong, 0);
  CHECK_UINT (fake.verdicts.overtaken, 0);
  CHECK_UINT (fake.verdicts.late, 0);
  CHECK_UINT (fake.verdicts.unverified, 0);
  CHECK_UINT (fake.verdicts.wrong_lun, 0);
  CHECK (commands > 0);
  CHECK (fake.logins > 0);
  return check_summary ();
}
