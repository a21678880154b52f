/* SPDX-License-Identifier: BSD-3-Clause */

/* Making and destroying sessions, and waiting for a step of theirs. */

#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "session-private.h"

static enum iscsi_header_digest
libiscsi_digest (enum digest d)
{
  switch (d) {
  case DIGEST_NONE:        return ISCSI_HEADER_DIGEST_NONE;
  case DIGEST_CRC32C:      return ISCSI_HEADER_DIGEST_CRC32C;
  case DIGEST_CRC32C_NONE: return ISCSI_HEADER_DIGEST_CRC32C_NONE;
  case DIGEST_NONE_CRC32C:
  case DIGEST_UNSET:       break;
  }
  return ISCSI_HEADER_DIGEST_NONE_CRC32C;
}

int
isid_random (struct isid *isid, struct error *err)
{
  if (getrandom (isid, sizeof *isid, 0) != sizeof *isid)
    return error_set (err, errno, "getrandom: %s", strerror (errno));
  isid->random &= 0xffffff;
  return 0;
}

static bool
use_iser (struct iscsi_context *ctx)
{
#ifdef HAVE_ISCSI_INIT_TRANSPORT
  return iscsi_init_transport (ctx, ISER_TRANSPORT) == 0;
#else
  (void) ctx;
  return false;
#endif
}

/* The function is there in a libiscsi that was built without RDMA, too. */
bool
session_has_iser (void)
{
  struct iscsi_context *ctx = iscsi_create_context ("iqn.x");
  const bool r = ctx && use_iser (ctx);

  if (ctx)
    iscsi_destroy_context (ctx);
  return r;
}

static int
set_up_context (struct session *s, const struct session_params *p,
                const struct isid *isid, enum iscsi_session_type type,
                struct error *err)
{
  const struct chap *chap = p->chap;
  struct iscsi_context *ctx = s->ctx;

  negotiation_begin (ctx, p);
  if (p->iser && !use_iser (ctx))
    return error_set (err, ENOTSUP, "iser://: the libiscsi that is installed "
                      "was built without iSER (RDMA): use iscsi://");
  /* A reconnect of libiscsi's own would take a new ISID, and the old
   * session's writes could land after newer ones.
   */
  iscsi_set_noautoreconnect (ctx, 1);
  iscsi_set_session_type (ctx, type);
  iscsi_set_isid_random (ctx, isid->random, isid->qualifier);
  iscsi_set_header_digest (ctx, libiscsi_digest (p->header_digest));
#ifdef HAVE_ISCSI_SET_DATA_DIGEST
  iscsi_set_data_digest (ctx, (enum iscsi_data_digest)
                         libiscsi_digest (p->data_digest));
#endif
  if (p->target && iscsi_set_targetname (ctx, p->target) != 0)
    return error_set (err, ENOMEM, "cannot set the target name");
#ifdef HAVE_ISCSI_SET_AUTH
  iscsi_set_auth (ctx, (enum iscsi_chap_auth) p->chap_algorithm);
#endif
  if (chap->user &&
      iscsi_set_initiator_username_pwd (ctx, chap->user, chap->password) != 0)
    return error_set (err, ENOMEM, "cannot set the CHAP user");
  if (chap->target_user &&
      iscsi_set_target_username_pwd (ctx, chap->target_user,
                                     chap->target_password) != 0)
    return error_set (err, ENOMEM, "cannot set the CHAP user of the target");
  return 0;
}

/* libiscsi needs them for the login alone.  It fills the rest of its buffers
 * with zeroes, but not for an empty name, which then says that there is none.
 */
void
session_forget_secrets (struct session *s)
{
  iscsi_set_initiator_username_pwd (s->ctx, "-", "-");
  iscsi_set_initiator_username_pwd (s->ctx, "", "");
  iscsi_set_target_username_pwd (s->ctx, "-", "-");
  iscsi_set_target_username_pwd (s->ctx, "", "");
}

struct session *
session_new (const struct session_params *p, const struct isid *isid,
             enum iscsi_session_type type, struct error *err)
{
  struct session *s;
  int r;

  if (session_guard (err) == -1)
    return NULL;
  s = calloc (1, sizeof *s);
  if (s == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  s->ctx = iscsi_create_context (p->initiator_name);
  if (s->ctx == NULL) {
    error_set (err, ENOMEM, "cannot create an iSCSI context");
    free (s);
    return NULL;
  }
  s->iser = p->iser;
  s->discovery = type == ISCSI_SESSION_DISCOVERY;
  s->logs = true;
  s->max_segment = MIN_RECV_SEGMENT;
  session_enter (s);
  r = set_up_context (s, p, isid, type, err);
  session_leave (s);
  if (r == 0 &&
      getrandom (&s->canary_seed, sizeof s->canary_seed, 0) !=
      sizeof s->canary_seed)
    r = error_set (err, errno, "getrandom: %s", strerror (errno));
  if (r == -1) {
    session_close (s, NULL);
    return NULL;
  }
  return s;
}

void
session_close (struct session *s, struct queue *undone)
{
  session_abandon (s, undone);
  free (s);
}

void
session_step_cb (struct iscsi_context *ctx, int status,
                 void *command_data __attribute__ ((__unused__)),
                 void *private_data)
{
  struct session *s = private_data;

  s->step_over = true;
  s->step_status = status;
  snprintf (s->step_error, sizeof s->step_error, "%s", iscsi_get_error (ctx));
}

int
session_wait_step (struct session *s, uint64_t deadline,
                   const struct stop *stop, struct error *err)
{
  while (!s->step_over) {
    struct pollfd fd = {
      .fd = iscsi_get_fd (s->ctx),
      .events = iscsi_which_events (s->ctx),
    };
    int r;

    if (stop_asked (stop))
      return error_set (err, ESHUTDOWN, "the server is shutting down");
    if (clock_left (deadline) == 0)
      return error_set (err, ETIMEDOUT, "no answer in time");
    if (clock_poll (&fd, 1, stop_slice (deadline)) == -1 && errno != EINTR)
      return error_set (err, errno, "poll: %s", strerror (errno));
    session_enter (s);
    r = iscsi_service (s->ctx, fd.revents);
    session_leave (s);
    if (s->lost || (!s->step_over &&
                    (r != 0 || iscsi_get_fd (s->ctx) < 0))) {
      session_why (s, iscsi_get_error (s->ctx), err);
      return session_lose (s, err->err, err->msg);
    }
  }
  return 0;
}
