/* SPDX-License-Identifier: BSD-3-Clause */

/* Connecting and logging in, following redirects. */

#include <config.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "debug.h"
#include "session-private.h"

#define MAX_REDIRECTS 4

static int
connect_tcp (struct session *s, const char *where, uint64_t deadline,
             const struct stop *stop, struct error *err)
{
  struct error cause = { 0 };
  int r;

  s->step_over = false;
  session_enter (s);
  r = iscsi_connect_async (s->ctx, where, session_step_cb, s);
  session_leave (s);
  if (r != 0) {
    session_why (s, iscsi_get_error (s->ctx), &cause);
    return explain_connect (where, &cause, err);
  }
  if (session_wait_step (s, deadline, stop, &cause) == -1)
    return explain_connect (where, &cause, err);
  if (s->step_status != SCSI_STATUS_GOOD) {
    session_why (s, s->step_error, &cause);
    return explain_connect (where, &cause, err);
  }
  return 0;
}

static uint64_t
connect_deadline (const struct session_params *p, uint64_t deadline)
{
  const uint64_t own = clock_ms () + p->connect_ms;

  return p->connect_ms > 0 && own < deadline ? own : deadline;
}

/* Returns 1 when the target moved: iscsi_get_target_address says where. */
static int
log_in (struct session *s, const struct session_params *p,
        const char *where, uint64_t deadline, const struct stop *stop,
        struct error *err)
{
  struct error cause = { 0 };
  int r;

  s->step_over = false;
  session_enter (s);
  r = iscsi_login_async (s->ctx, session_step_cb, s);
  session_leave (s);
  if (r != 0)
    return error_set (err, ENOMEM, "cannot start the login: out of memory");
  if (session_wait_step (s, deadline, stop, &cause) == -1) {
    if (cause.err == ETIMEDOUT)
      return error_set (err, ETIMEDOUT, "%s: connected, but the target did "
                        "not answer the login in time: is this an iSCSI "
                        "portal", where);
    if (cause.err == ESHUTDOWN) {
      *err = cause;
      return -1;
    }
    return error_set (err, cause.err, "%s: the login was cut off: %s", where,
                      cause.msg);
  }
  if (s->step_status == SCSI_STATUS_GOOD)
    return negotiation_end (s, p, err);
  if (session_moved (s))
    return 1;
  return explain_login (s, p, err);
}

/* Resolve the address that a redirect names. */
static int
redirected (const char *text, uint64_t deadline, const struct stop *stop,
            struct address *where, struct error *err)
{
  struct address found[MAX_ADDRESSES];
  uint16_t port;
  char *host;
  int r;

  if (url_parse_portal (text, &host, &port, err) == -1)
    return -1;
  r = resolve (host, port, deadline, stop, found, err);
  free (host);
  if (r == -1) {
    /* Not "check the host in the URL": it is not from there. */
    if (err->err == EHOSTUNREACH)
      error_set (err, EHOSTUNREACH, "cannot find this host");
    return -1;
  }
  *where = found[0];
  return 0;
}

static struct session *
follow (const struct session_params *p, const struct address *where,
        const struct isid *isid, enum iscsi_session_type type,
        uint64_t deadline, const struct stop *stop, struct error *err)
{
  struct address at = *where;
  char moved[256] = "";         /* as the target wrote it */
  struct session *s;
  int i, r = 1;

  for (i = 0; r == 1 && i <= MAX_REDIRECTS; ++i) {
    s = session_new (p, isid, type, err);
    if (s == NULL)
      return NULL;
    r = connect_tcp (s, at.text, connect_deadline (p, deadline), stop, err);
    if (r == 0)
      r = log_in (s, p, at.text, deadline, stop, err);
    if (r == 0) {
      s->last_heard = clock_ms ();
      debug_session ("logged in at %s", at.text);
      return s;
    }
    if (r == 1) {
      snprintf (moved, sizeof moved, "%s", iscsi_get_target_address (s->ctx));
      debug_session ("redirected to %s", moved);
      if (redirected (moved, deadline, stop, &at, err) == -1)
        r = -1;
    }
    session_close (s, NULL);
    if (r == -1 && moved[0] != '\0')
      explain_redirect (moved, err);
  }
  if (r == 1)
    error_set (err, EPROTO, "%s: the target redirects in circles",
               where->text);
  return NULL;
}

/* libiscsi offers one algorithm in a login: the best first. */
static const int algorithms[] = {
#ifdef HAVE_ISCSI_SET_AUTH
  CHAP_SHA3_256, CHAP_SHA256, CHAP_SHA1,
#endif
  CHAP_MD5
};

/* A target that does not know an algorithm refuses before it asks for the
 * password.  But 7 was SHA-1 before it was SHA-256, and some (tgt) have it so:
 * then only MD5 is left to be tried, and a wrong password is sent twice at
 * most.
 */
static bool
is_worth_another (const struct error *err)
{
  return err->err == EACCES || err->err == EPROTO || err->err == ECONNRESET;
}

struct session *
session_log_in (const struct session_params *p, const struct address *where,
                const struct isid *isid, enum iscsi_session_type type,
                uint64_t deadline, const struct stop *stop,
                struct error *err)
{
  static atomic_int known;      /* what worked last, 0: nothing yet */
  struct session_params params = *p;
  const size_t n = sizeof algorithms / sizeof *algorithms;
  struct session *s = NULL;
  struct error why = { 0 };
  bool asked = false;
  size_t i;

  params.chap_algorithm = known ? known : algorithms[0];
  if (p->chap->user == NULL)
    params.chap_algorithm = CHAP_MD5;
  s = follow (&params, where, isid, type, deadline, stop, &why);
  *err = why;
  for (i = 0; s == NULL && i < n && p->chap->user && is_worth_another (&why);
       ++i) {
    const int tried = params.chap_algorithm;

    asked |= negotiation_challenged ();
    if (asked && tried == CHAP_MD5)
      break;
    if (algorithms[i] == tried || (asked && algorithms[i] != CHAP_MD5))
      continue;
    params.chap_algorithm = algorithms[i];
    s = follow (&params, where, isid, type, deadline, stop, &why);
    /* What the target said to the password tells more than that it does not
     * know another algorithm.
     */
    if (s == NULL && (!asked || negotiation_challenged ()))
      *err = why;
  }
  if (s && p->chap->user)
    known = params.chap_algorithm;
  return s;
}
