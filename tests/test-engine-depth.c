/* SPDX-License-Identifier: BSD-3-Clause */

/* How many commands a session is given at a time, and what does not count: the
 * questions that make sure of a LUN, and those among them that have no answer
 * and that nobody waits for any more.  The session and the clock are made up.
 */

#include <config.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "check.h"
#include "clock.h"
#include "debug.h"
#include "engine-private.h"
#include "fake-clock.h"

#define TIMEOUT_MS 1000

/* Not wanted here. */
void debug_session (const char *fs __attribute__ ((__unused__)), ...) { }

/* ---- a session ---- */

struct session {
  int fd;
  struct queue carried;
  session_done_fn done;
  void *opaque;
  /* Set by the test, before it makes ‘fd’ readable. */
  atomic_size_t answers;        /* to so many of the oldest */
  atomic_bool ends;
  size_t window;                /* commands that the target takes at a time;
                                   0: any */
  bool is_full;
};

int
session_submit (struct session *s, struct command *cmd)
{
  queue_append (&s->carried, cmd);
  return 0;
}

int
session_service (struct session *s, int revents, struct error *err)
{
  struct command *cmd;
  uint64_t n;

  if (!(revents & POLLIN) || read (s->fd, &n, sizeof n) != sizeof n)
    return 0;
  if (s->ends)
    return error_set (err, ECONNRESET, "it has ended");
  while (s->answers > 0 && (cmd = queue_take (&s->carried)) != NULL) {
    s->answers--;
    cmd->answer = (struct answer) { .status = STATUS_GOOD };
    s->done (s->opaque, cmd);
  }
  return 0;
}

void
session_close (struct session *s, struct queue *undone)
{
  if (undone)
    *undone = s->carried;
  close (s->fd);
  free (s);
}

void
session_set_done (struct session *s, session_done_fn fn, void *opaque)
{
  s->done = fn;
  s->opaque = opaque;
}

const struct queue *
session_carried (const struct session *s)
{
  return &s->carried;
}

unsigned
session_window (const struct session *s)
{
  return s->window > 0 ? (unsigned) (s->window - s->carried.len) : UINT_MAX;
}

unsigned
session_window_closed (const struct session *s __attribute__ ((__unused__)))
{
  return 0;
}

int
session_fd (const struct session *s)
{
  return s->fd;
}

int
session_portal_group (const struct session *s __attribute__ ((__unused__)))
{
  return 1;
}

/* The target is alive, always. */
uint64_t
session_last_heard (const struct session *s __attribute__ ((__unused__)))
{
  return clock_ms ();
}

bool
session_takes_more (const struct session *s)
{
  return !s->is_full;
}

bool
session_wants_write (const struct session *s __attribute__ ((__unused__)))
{
  return false;
}

int
session_ping (struct session *s __attribute__ ((__unused__)))
{
  return 0;
}

/* ---- threads with a command each ---- */

static struct engine *engine;
static struct session *session;
static struct fence fence;
static struct itl itl = { .lun = 1, .fence = &fence };
static struct itl other = { .lun = 2, .fence = &fence };
static pthread_t threads[64];
static size_t nr_threads;

static void *
command_thread (void *opaque __attribute__ ((__unused__)))
{
  struct command cmd = { .direction = DATA_IN, .itl = &itl };

  engine_run (engine, &cmd, 1);
  return NULL;
}

static void *
other_thread (void *opaque __attribute__ ((__unused__)))
{
  struct command cmd = { .direction = DATA_IN, .itl = &other };

  engine_run (engine, &cmd, 1);
  return NULL;
}

static void *
question_thread (void *opaque __attribute__ ((__unused__)))
{
  struct command *cmd = calloc (1, sizeof *cmd);

  if (cmd == NULL)
    abort ();
  cmd->lun = 2;
  if (engine_ask (engine, cmd))
    free (cmd);
  return NULL;
}

static size_t
carried (void)
{
  size_t n;

  pthread_mutex_lock (&engine->lock);
  n = engine->session ? session->carried.len : 0;
  pthread_mutex_unlock (&engine->lock);
  return n;
}

static void
begin (unsigned n, void *(*thread) (void *))
{
  for (; n > 0; --n) {
    if (pthread_create (&threads[nr_threads++], NULL, thread, NULL) != 0)
      abort ();
    fake_clock_settle ();
  }
}

static void
end_all (void)
{
  while (nr_threads > 0)
    pthread_join (threads[--nr_threads], NULL);
}

static void
tell (void)
{
  const uint64_t one = 1;

  if (write (session->fd, &one, sizeof one) != sizeof one)
    abort ();
  fake_clock_settle ();
}

static void
answer (size_t n)
{
  session->answers = n;
  tell ();
}

static void
new_session (size_t window)
{
  session = calloc (1, sizeof *session);
  if (session == NULL)
    abort ();
  session->fd = eventfd (0, EFD_NONBLOCK);
  session->window = window;
  engine_adopt (engine, session);
  itl.verified = other.verified = engine_epoch (engine);
}

static void
lose_session (void)
{
  session->ends = true;
  tell ();
  end_all ();
  CHECK_UINT (engine_epoch (engine), 0);
}

static void
set_up (size_t window)
{
  static const struct engine_params params = {
    .name = "test", .timeout_ms = TIMEOUT_MS,
  };
  struct error err;

  engine = engine_new (&params, &err);
  if (engine == NULL)
    abort ();
  itl = (struct itl) { .lun = 1, .fence = &fence };
  other = (struct itl) { .lun = 2, .fence = &fence };
  new_session (window);
}

/* A session that ends with fewer commands than it has answered has ended for
 * another reason than their number.
 */
static void
test_loss (void)
{
  check_row = "questions that a lost session has left are not commands";
  set_up (0);
  begin (3, command_thread);
  answer (3);
  end_all ();
  begin (2, command_thread);
  begin (4, question_thread);
  CHECK_UINT (carried (), 6);
  lose_session ();
  CHECK_UINT (engine->depth, MAX_DEPTH);

  new_session (0);
  begin (3, command_thread);
  answer (1);
  lose_session ();
  CHECK_UINT (engine->depth, 1);
  engine_free (engine);
}

/* Of those that the target has, nothing is heard any more. */
static void
test_window (void)
{
  unsigned i;
  int fd;

  check_row = "questions left behind take room in the target's window";
  set_up (8);
  begin (4, question_thread);
  engine_watch (engine, true, &fd);
  for (i = 0; i < 8; ++i) {
    fake_clock_turn (TIMEOUT_MS);
    engine_watch (engine, true, &fd);
  }
  end_all ();
  CHECK_UINT (carried (), 4);
  begin (12, command_thread);
  CHECK_UINT (carried (), 7);
  lose_session ();
  engine_free (engine);
}

static void
test_room_for_ping (void)
{
  check_row = "the last command of the target's window is left to a ping";
  set_up (4);
  begin (4, command_thread);
  CHECK_UINT (carried (), 3);
  answer (3);
  CHECK_UINT (carried (), 1);
  answer (1);
  end_all ();

  check_row = "a target that takes one command at a time gets one";
  session->window = 1;
  begin (2, command_thread);
  CHECK_UINT (carried (), 1);
  answer (1);
  CHECK_UINT (carried (), 1);
  lose_session ();
  engine_free (engine);
}

static void
test_room_for_others (void)
{
  check_row = "a LUN that hangs leaves a part of the window to others";
  set_up (16);
  begin (16, command_thread);
  CHECK_UINT (carried (), 12);
  begin (4, other_thread);
  CHECK_UINT (carried (), 15);
  lose_session ();
  engine_free (engine);
}

/* They hang; what is left of the writes before them is not taken either. */
static void
test_blocked (void)
{
  unsigned i;
  int fd;

  check_row = "what waits to be sent has a limit beside questions left behind";
  set_up (0);
  begin (1, question_thread);
  for (i = 0; i < 2; ++i) {
    engine_watch (engine, true, &fd);
    fake_clock_turn (TIMEOUT_MS);
  }
  engine_watch (engine, true, &fd);
  CHECK_UINT (carried (), 1);
  session->is_full = true;
  begin (1, command_thread);
  for (i = 0; i < 4 && engine_epoch (engine) != 0; ++i) {
    engine_watch (engine, true, &fd);
    fake_clock_turn (TIMEOUT_MS);
    fake_clock_settle ();
  }
  CHECK_UINT (engine_epoch (engine), 0);
  if (engine_epoch (engine) != 0)
    exit (check_summary ());
  end_all ();
  engine_free (engine);
}

int
main (void)
{
  alarm (60);
  test_loss ();
  test_window ();
  test_room_for_ping ();
  test_room_for_others ();
  test_blocked ();
  return check_summary ();
}
