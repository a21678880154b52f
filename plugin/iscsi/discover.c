/* SPDX-License-Identifier: BSD-3-Clause */

/* SendTargets discovery (RFC 7143 appendix C).
 *
 * A portal is not a target: it may want no CHAP, or another user, it does not
 * prove itself, and has no use for digests.  What the user demands of the
 * target is not demanded here.
 */

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "debug.h"
#include "secret.h"
#include "session-private.h"
#include "text.h"
#include "url.h"

/* libiscsi's list is gone when the callback returns: it is copied there. */
struct answer_copy {
  struct discovered *last;      /* of ‘list’, or NULL */
  struct session *session;
  struct discovered *list;
  size_t n;
  bool no_memory, too_many;
};

void
discovered_free (struct discovered *list, size_t n)
{
  size_t i, j;

  for (i = 0; i < n; ++i) {
    for (j = 0; j < list[i].nr_portals; ++j)
      free (list[i].portals[j]);
    free (list[i].portals);
    free (list[i].target);
  }
  free (list);
}

/* The entry of a target, which a portal may tell more than once. */
static struct discovered *
entry (struct answer_copy *copy, const char *target)
{
  struct discovered *list;
  size_t i;

  for (i = 0; i < copy->n; ++i)
    if (strcmp (copy->list[i].target, target) == 0)
      return &copy->list[i];

  if (copy->n == MAX_DISCOVERED) {
    copy->too_many = true;
    return NULL;
  }
  list = realloc (copy->list, (copy->n + 1) * sizeof *list);
  if (list == NULL)
    return NULL;
  copy->list = list;
  list[copy->n] = (struct discovered) { .target = strdup (target) };
  if (list[copy->n].target == NULL)
    return NULL;
  return &list[copy->n++];
}

static bool
add_portal (struct discovered *d, const char *portal)
{
  char **portals = realloc (d->portals,
                            (d->nr_portals + 1) * sizeof *portals);

  if (portals == NULL)
    return false;
  d->portals = portals;
  portals[d->nr_portals] = strdup (portal);
  if (portals[d->nr_portals] == NULL)
    return false;
  d->nr_portals++;
  return true;
}

static bool
take_portal (struct answer_copy *copy, struct discovered *d,
             const char *portal)
{
  copy->too_many = d->nr_portals == MAX_DISCOVERED_PORTALS;
  return !copy->too_many && add_portal (d, portal);
}

static bool
copy_target (struct answer_copy *copy, const struct iscsi_discovery_address *a)
{
  const struct iscsi_target_portal *portal;
  struct discovered *d = entry (copy, a->target_name);

  if (d == NULL)
    return false;
  for (portal = a->portals; portal != NULL; portal = portal->next)
    if (!take_portal (copy, d, portal->portal))
      return false;
  return true;
}

static void
discovery_cb (struct iscsi_context *ctx __attribute__ ((__unused__)),
              int status, void *command_data, void *private_data)
{
  struct answer_copy *copy = private_data;
  const struct iscsi_discovery_address *a;

  copy->session->step_over = true;
  copy->session->step_status = status;
  if (status != SCSI_STATUS_GOOD)
    return;
  for (a = command_data; a != NULL; a = a->next)
    if (!copy_target (copy, a)) {
      copy->no_memory = !copy->too_many;
      return;
    }
}

/* Where the question is libiscsi's: its answer must fit into one PDU. */
static int
ask_libiscsi (struct session *s, struct answer_copy *copy,
              uint64_t deadline, const struct stop *stop, struct error *err)
{
  struct error why = { 0 };
  int r;

  copy->session = s;
  s->step_over = false;
  session_enter (s);
  r = iscsi_discovery_async (s->ctx, discovery_cb, copy);
  session_leave (s);
  if (r != 0)
    return error_set (err, ENOMEM, "discovery: out of memory");
  if (session_wait_step (s, deadline, stop, &why) == -1)
    return error_set (err, why.err, "discovery: %s", why.msg);
  if (s->step_status != SCSI_STATUS_GOOD) {
    session_why (s, iscsi_get_error (s->ctx), &why);
    return error_set (err, why.err, "discovery: %s", why.msg);
  }
  return 0;
}

/* For text_each: a target, or a portal of the last one. */
static bool
take_key (void *cv, const char *key, const char *value)
{
  struct answer_copy *copy = cv;
  bool ok = true;

  if (strcmp (key, "TargetName") == 0) {
    copy->last = entry (copy, value);
    ok = copy->last != NULL;
  }
  else if (strcmp (key, "TargetAddress") == 0 && copy->last != NULL)
    ok = take_portal (copy, copy->last, value);
  copy->no_memory = !ok && !copy->too_many;
  return ok;
}

static int
ask (struct session *s, struct answer_copy *copy,
     uint64_t deadline, const struct stop *stop, struct error *err)
{
  struct text text;

  if (s->iser || s->header_digest)
    return ask_libiscsi (s, copy, deadline, stop, err);
  if (session_send_targets (s, deadline, stop, &text, err) == -1)
    return -1;
  text_each (text.data, text.len, take_key, copy);
  free (text.data);
  return 0;
}

static int
send_targets (struct session *s, struct answer_copy *copy,
              uint64_t deadline, const struct stop *stop, struct error *err)
{
  if (ask (s, copy, deadline, stop, err) == -1)
    return -1;
  if (copy->too_many)
    return error_set (err, EPROTO, "discovery: the portal tells of more than "
                      "%d targets, or of one with more than %d portals: name "
                      "the target and its portals", MAX_DISCOVERED,
                      MAX_DISCOVERED_PORTALS);
  if (copy->no_memory)
    return error_set (err, ENOMEM, "out of memory");
  return 0;
}

static int
discover (const struct session_params *p, const struct address *where,
          uint64_t deadline, const struct stop *stop,
          struct discovered **list, size_t *n, struct error *err)
{
  struct answer_copy copy = { 0 };
  struct session *s;
  struct isid isid;
  int r;

  /* Nobody else's (RFC 7143 section 6.3.5). */
  if (isid_random (&isid, err) == -1)
    return -1;
  s = session_log_in (p, where, &isid, ISCSI_SESSION_DISCOVERY,
                      deadline, stop, err);
  if (s == NULL)
    return -1;
  r = send_targets (s, &copy, deadline, stop, err);
  session_logout (s, clock_ms () + LOGOUT_MS, stop);
  if (r == -1) {
    discovered_free (copy.list, copy.n);
    return -1;
  }
  *list = copy.list;
  *n = copy.n;
  return 0;
}

/* What is offered to a portal, one after the other until it agrees.  There are
 * some that hang up on a digest, or on CHAP, and some that insist.
 */
static const struct offer {
  bool chap;
  enum digest digest;
} offers[] = {
  { true,  DIGEST_NONE },
  { false, DIGEST_NONE },
  { true,  DIGEST_NONE_CRC32C },
  { false, DIGEST_NONE_CRC32C },
};

static bool
may_agree_to_less (const struct error *err)
{
  return err->err == EACCES || err->err == EPROTO || err->err == ECONNRESET;
}

/* The error is that of the first offer, which is what the user has set. */
static int
offer_all (struct session_params *p, const struct chap *chap, bool own,
           const struct address *where, uint64_t deadline,
           const struct stop *stop, struct discovered **list, size_t *n,
           struct error *err)
{
  static const struct chap none;
  const struct offer *offer;
  struct error why = { 0 };
  bool secret_refused = false;

  for (offer = offers; offer < offers + sizeof offers / sizeof *offers;
       ++offer) {
    if (offer->chap ? secret_refused : own || chap->user == NULL)
      continue;
    p->header_digest = offer->digest;
    p->chap = offer->chap ? chap : &none;
    if (discover (p, where, deadline, stop, list, n, &why) == 0)
      return 0;
    debug_session ("discovery at %s, header digest %s, %s: %s", where->text,
                   digest_name (offer->digest),
                   offer->chap && chap->user ? "CHAP" : "no CHAP", why.msg);
    if (offer == offers)
      *err = why;
    if (!may_agree_to_less (&why))
      break;
    secret_refused |= offer->chap && why.err == EACCES;
  }
  return -1;
}

/* "192.0.2.1" of "192.0.2.1:3260", empty with another port. */
static void
without_port (const struct address *where, struct address *out)
{
  static const char port[] = ":3260";
  const size_t len = strlen (where->text), cut = sizeof port - 1;

  *out = (struct address) { "" };
  if (len > cut && strcmp (where->text + len - cut, port) == 0)
    memcpy (out->text, where->text, len - cut);
}

/* Of a host name that can be looked up (RFC 1123 section 2.1). */
#define MAX_HOST 255

/* "storage.example.com:3260", with the port that it has in any case. */
static void
with_port (const char *host, const struct address *where, char *buf,
           size_t len)
{
  const char *port = strrchr (where->text, ':');

  snprintf (buf, len, "%s%s", host ? host : "", port ? port : "");
}

int
session_discover (const struct session_params *p, const struct address *where,
                  uint64_t deadline, const struct stop *stop,
                  struct discovered **list, size_t *n, struct error *err)
{
  struct session_params params = *p;
  struct address host;
  char named[MAX_HOST + sizeof ":65535"];
  const char *const names[] = { where->text, host.text, named, p->portal };
  struct chap chap;
  bool own;
  int r;

  params.target = NULL;
  params.data_digest = DIGEST_NONE;
  without_port (where, &host);
  with_port (p->portal, where, named, sizeof named);
  if (credentials_find_portal (p->credentials, names,
                               sizeof names / sizeof *names, &chap, &own,
                               err) == -1)
    return -1;
  if (!own) {
    /* It is for the targets to prove themselves. */
    secret_free (chap.target_user);
    chap.target_user = NULL;
  }
  r = offer_all (&params, &chap, own, where, deadline, stop, list, n, err);
  chap_free (&chap);
  return r;
}
