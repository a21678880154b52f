/* SPDX-License-Identifier: BSD-3-Clause */

/* Waiting until the LUN of a new session is ready; resetting it; logging
 * out.
 */

#include <config.h>

#include <errno.h>
#include <string.h>

#include "cdb.h"
#include "debug.h"
#include "retry.h"
#include "sense.h"
#include "session-private.h"

/* Eat the UNIT ATTENTIONs that follow a login (SAM-5 section 5.14), and wait
 * for a LUN that is becoming ready.  What else is wrong is left for
 * lun_probe to explain.
 */
static int
wait_ready (struct session *s, int lun, uint64_t deadline,
            const struct stop *stop, struct error *err)
{
  struct session_asker asker;
  struct command cmd = { .direction = DATA_NONE };
  char text[SENSE_TEXT_LEN];
  struct decision d;

  cmd.cdb_len = cdb_test_unit_ready (cmd.cdb);
  session_ask (&asker, s, deadline, stop);
  retry_run (&asker.runner, &asker.policy, &cmd, 1);
  d = sense_decide (&cmd.answer);

  switch (cmd.answer.status) {
  case STATUS_SHUTDOWN:
    return error_set (err, ESHUTDOWN, "the server is shutting down");
  case STATUS_TIMEOUT:
    return error_set (err, ETIMEDOUT, "LUN %d did not answer in time after "
                      "the login", lun);
  case STATUS_DROPPED:
    return error_set (err, ECONNRESET, "the connection was lost after the "
                      "login");
  }
  if (cmd.answer.have_sense && cmd.answer.key == SENSE_ILLEGAL_REQUEST &&
      cmd.answer.asc >> 8 == 0x25)
    return error_set (err, ENODEV, "there is no LUN %d in this target: check "
                      "the LUN at the end of the URL", lun);
  if (cmd.answer.have_sense && cmd.answer.key == SENSE_NOT_READY &&
      cmd.answer.asc >> 8 == 0x3a)
    return error_set (err, ENOMEDIUM, "LUN %d has no medium: insert one, or "
                      "bring it online on the target", lun);
  if (d.verdict == VERDICT_RETRY_LATER || d.verdict == VERDICT_RETRY_NOW)
    return error_set (err, EBUSY, "LUN %d is not ready: %s", lun,
                      sense_text (&cmd.answer, text));
  return 0;
}

struct session *
session_open (const struct session_params *p, const struct address *where,
              const struct isid *isid, uint64_t deadline,
              const struct stop *stop, struct error *err)
{
  struct session *s = session_log_in (p, where, isid, ISCSI_SESSION_NORMAL,
                                      deadline, stop, err);

  if (s && !p->any_lun &&
      wait_ready (s, p->lun, deadline, stop, err) == -1) {
    session_close (s, NULL);
    s = NULL;
  }
  return s;
}

int
session_portal_group (const struct session *s)
{
  return s->portal_group;
}

static void
reset_cb (struct iscsi_context *ctx, int status, void *command_data,
          void *private_data)
{
  struct session *s = private_data;

  if (status == SCSI_STATUS_GOOD)
    s->step_response = *(uint32_t *) command_data;
  session_step_cb (ctx, status, command_data, private_data);
}

/* LOGICAL UNIT RESET, RFC 7143 section 11.5.1. */
static int
reset_lun (struct session *s)
{
  int r;

  s->step_over = false;
  session_enter (s);
  r = iscsi_task_mgmt_async (s->ctx, s->lun, ISCSI_TM_LUN_RESET, 0xffffffff,
                             0, reset_cb, s);
  session_leave (s);
  return r;
}

int
session_reset_lun (struct session *s, int lun, uint64_t deadline,
                   const struct stop *stop, struct error *err)
{
  struct error cause = { 0 };

  if (s->lost)
    return error_set (err, s->why.err, "LUN %d was not reset: %s", lun,
                      s->why.msg);
  if (reset_lun (s) == -1)
    return error_set (err, ENOMEM, "cannot reset LUN %d", lun);
  if (session_wait_step (s, deadline, stop, &cause) == -1)
    return error_set (err, cause.err, "LUN %d was not reset: %s", lun,
                      cause.msg);
  if (s->step_status != SCSI_STATUS_GOOD)
    return error_set (err, ECONNRESET, "LUN %d was not reset: the connection "
                      "was lost", lun);
  if (s->step_response != 0)
    return error_set (err, EIO, "LUN %d was not reset: the target says no "
                      "(response %u)", lun, s->step_response);
  return wait_ready (s, lun, deadline, stop, err);
}

static int
log_out (struct session *s)
{
  int r;

  s->step_over = false;
  session_enter (s);
  r = iscsi_logout_async (s->ctx, session_step_cb, s);
  session_leave (s);
  return r;
}

void
session_logout (struct session *s, uint64_t deadline, const struct stop *stop)
{
  struct error err = { 0 };

  if (!s->lost && log_out (s) == 0 &&
      session_wait_step (s, deadline, stop, &err) == -1)
    debug_session ("logout: %s", err.msg);
  session_close (s, NULL);
}
