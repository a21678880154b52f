/* SPDX-License-Identifier: BSD-3-Clause */

/* A client of the target in memory, and what is told of it. */

#include <config.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdb.h"
#include "clock.h"
#include "debug.h"
#include "fake-target-private.h"
#include "lu.h"
#include "lun.h"
#include "retry.h"
#include "run.h"

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
fake_open_until (const struct settings *p, int lun, uint64_t limit,
                 struct lu_user *user, struct error *err)
{
  const struct runner runner = { .run = lu_run, .handle = user };
  const struct retry_policy policy = {
    .timeout_ms = p->timeout_ms,
    .sleep = lu_sleep,
    .opaque = user,
  };
  struct lun_facts facts;

  *user = (struct lu_user) { .counts = true, .limit = limit };
  if (lu_get (p, FAKE_TARGET, lun, (uint16_t) lun, user, NULL, err) == -1)
    return -1;
  if (lun_probe (&runner, &policy, lun, 0, &facts, err) == -1) {
    lu_put (user);
    return -1;
  }
  lu_set_facts (user->lu, &facts);
  user->limit = 0;
  return 0;
}

int
fake_open (const struct settings *p, int lun, struct lu_user *user,
           struct error *err)
{
  return fake_open_until (p, lun, 0, user, err);
}
