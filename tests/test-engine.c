/* SPDX-License-Identifier: BSD-3-Clause */

/* A million commands from threads that come and go, to a target that answers
 * in any order, with delays, and ends connections: each gets its own answer,
 * once, and none is stranded.  Nobody watches the engine in this test, so
 * nothing comes to the rescue of one that is: the test would hang, and end by
 * its alarm.
 */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "clock.h"
#include "debug.h"
#include "engine.h"
#include "fake-session.h"

#define COMMANDS    1000000
#define MAX_CLIENTS 12
#define MAX_BATCH   8
#define MAX_MS      100000      /* under valgrind it is fewer commands */

struct client {
  pthread_t thread;
  struct engine *engine;
  unsigned seed, rounds;
  uint64_t commands, wrong, full, dropped;
};

/* What the commands are for: two LUNs, so that each has its own depth. */
static struct fence fences[2];
static struct itl itls[2] = {
  { .lun = 1, .fence = &fences[0] },
  { .lun = 2, .fence = &fences[1] },
};


static const struct fake_habits habits = {
  .ends_after = 5000,
  .full_after = 1000,
};
static atomic_uint next_seed;

/* The engine's unlocks, with a pause before some of them: long enough for
 * others to submit and find the lock taken, after its holder has looked at the
 * inbox for the last time (-Wl,--wrap).
 */
extern int __real_pthread_mutex_unlock (pthread_mutex_t *lock);
extern int __wrap_pthread_mutex_unlock (pthread_mutex_t *lock);

int
__wrap_pthread_mutex_unlock (pthread_mutex_t *lock)
{
  static atomic_uint unlocks;
  const struct timespec ts = { .tv_nsec = 300000 };

  if (atomic_fetch_add (&unlocks, 1) % 64 == 0)
    nanosleep (&ts, NULL);
  return __real_pthread_mutex_unlock (lock);
}

/* The story is not wanted. */
void debug_session (const char *fs __attribute__ ((__unused__)), ...) { }
void log_event (const char *fs __attribute__ ((__unused__)), ...) { }
void log_notice (const char *fs __attribute__ ((__unused__)), ...) { }

/* What a nexus does: a new session for each that is lost. */
static atomic_bool over;

static void *
nexus_thread (void *ev)
{
  struct engine *e = ev;
  struct session *s;

  while (!over) {
    if (engine_epoch (e) == 0) {
      s = fake_session_new (&habits, atomic_fetch_add (&next_seed, 1));
      if (s)
        engine_adopt (e, s);
    }
    engine_sleep (e, clock_ms () + 10, -1);
  }
  return NULL;
}

static void
pause_at_random (struct client *c)
{
  const struct timespec ts = { .tv_nsec = rand_r (&c->seed) % 200000 };

  if (rand_r (&c->seed) % 16 == 0)
    nanosleep (&ts, NULL);
}

/* Until each has been answered: what was dropped, or was not sent because the
 * LUN was not made sure of, is sent again.
 */
static void
run_all (struct client *c, struct command *cmds, unsigned n)
{
  unsigned i;

  engine_run (c->engine, cmds, n);
  for (i = 0; i < n; ++i)
    while (cmds[i].answer.status == STATUS_DROPPED ||
           cmds[i].answer.status == STATUS_UNVERIFIED) {
      c->dropped += cmds[i].answer.status == STATUS_DROPPED;
      sched_yield ();
      atomic_store (&cmds[i].itl->verified, engine_epoch (c->engine));
      engine_run (c->engine, &cmds[i], 1);
    }
}

static void
run_batch (struct client *c)
{
  struct command cmds[MAX_BATCH];
  uint32_t tokens[MAX_BATCH];
  const unsigned n = 1 + (unsigned) rand_r (&c->seed) % MAX_BATCH;
  unsigned i;

  memset (cmds, 0, sizeof cmds);
  for (i = 0; i < n; ++i) {
    tokens[i] = (uint32_t) rand_r (&c->seed);
    cmds[i].len = 1;
    cmds[i].itl = &itls[tokens[i] % 2];
    fake_token_set (&cmds[i], tokens[i]);
  }
  run_all (c, cmds, n);
  for (i = 0; i < n; ++i) {
    c->commands++;
    if (cmds[i].answer.status == STATUS_TASK_SET_FULL)
      c->full++;
    if (cmds[i].answer.residual_count != fake_token_answer (tokens[i]))
      c->wrong++;
  }
}

static void *
client_thread (void *cv)
{
  struct client *c = cv;

  while (c->rounds-- > 0) {
    run_batch (c);
    pause_at_random (c);
  }
  return NULL;
}

/* Some clients at once, for some rounds each; often for few, since it is the
 * last command of all that nobody else comes to rescue.  Returns the commands.
 */
static uint64_t
run_clients (struct engine *e, unsigned *seed)
{
  struct client clients[MAX_CLIENTS];
  const unsigned n = 1 + (unsigned) rand_r (seed) % MAX_CLIENTS;
  const unsigned most = rand_r (seed) % 4 ? 2 : 2000;
  uint64_t commands = 0;
  unsigned i;

  for (i = 0; i < n; ++i) {
    clients[i] = (struct client) {
      .engine = e,
      .seed = (unsigned) rand_r (seed),
      .rounds = 1 + (unsigned) rand_r (seed) % most,
    };
    if (pthread_create (&clients[i].thread, NULL, client_thread,
                        &clients[i]) != 0)
      abort ();
  }
  for (i = 0; i < n; ++i) {
    pthread_join (clients[i].thread, NULL);
    CHECK_UINT (clients[i].wrong, 0);
    commands += clients[i].commands;
  }
  return commands;
}

int
main (int argc, char *argv[])
{
  const struct engine_params params = {
    .name = "test",
    .timeout_ms = 3600000,
  };
  const uint64_t end = clock_ms () + MAX_MS;
  unsigned seed = argc > 1 ? (unsigned) atoi (argv[1]) : (unsigned) getpid ();
  struct engine_counters counters;
  uint64_t commands = 0;
  struct engine *e;
  struct error err;
  pthread_t nexus;

  alarm (500);
  printf ("seed %u\n", seed);
  atomic_store (&next_seed, seed);
  e = engine_new (&params, &err);
  if (e == NULL || pthread_create (&nexus, NULL, nexus_thread, e) != 0)
    abort ();
  while (commands < COMMANDS && clock_ms () < end)
    commands += run_clients (e, &seed);
  over = true;
  pthread_join (nexus, NULL);
  engine_shut_down (e, "the end");

  engine_get_counters (e, &counters);
  printf ("%" PRIu64 " commands, %" PRIu64 " unanswered, %" PRIu64
          " losses\n", commands, counters.unanswered, counters.losses);
  CHECK (counters.commands >= commands);
  CHECK (counters.losses > 0);
  CHECK (counters.unanswered > 0);
  engine_free (e);
  return check_summary ();
}
