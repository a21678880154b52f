/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "debug.h"
#include "portals.h"

struct session_params
portals_params (const struct settings *p, const char *target)
{
  return (struct session_params) {
    .initiator_name = p->initiator_name,
    .target = target,
    .iser = p->url.iser,
    .credentials = p->credentials,
    .portal = p->url.host,
    .header_digest = p->header_digest,
    .data_digest = p->data_digest,
  };
}

static void
add_address (struct portals *ps, const struct address *at)
{
  size_t i;

  for (i = 0; i < ps->n; ++i)
    if (strcmp (ps->list[i].at.text, at->text) == 0)
      return;
  if (ps->n < PORTALS_MAX)
    ps->list[ps->n++] = (struct portal_state) {
      .at = *at,
      .group = -1,
      .port_group = -1,
    };
}

void
portals_merge (struct portals *ps, const struct portals *more)
{
  size_t i;

  for (i = 0; i < more->n; ++i)
    add_address (ps, &more->list[i].at);
}

static void
add_host (struct portals *ps, const char *host, uint16_t port,
          uint64_t deadline, const struct stop *stop, struct error *err)
{
  struct address found[MAX_ADDRESSES];
  int i, n = resolve (host, port, deadline, stop, found, err);

  if (n == -1)
    debug_session ("%s", err->msg);
  for (i = 0; i < n; ++i)
    add_address (ps, &found[i]);
}

static void
add_discovered (struct portals *ps, const struct discovered *d,
                uint64_t deadline, const struct stop *stop)
{
  struct error err;
  uint16_t port;
  size_t i;
  char *host;

  for (i = 0; i < d->nr_portals && ps->n < PORTALS_MAX; ++i) {
    if (url_parse_portal (d->portals[i], &host, &port, &err) == -1) {
      debug_session ("portal %s: %s", d->portals[i], err.msg);
      continue;
    }
    add_host (ps, host, port, clock_share (deadline, d->nr_portals - i), stop,
              &err);
    free (host);
  }
}

/* portal=auto: a target that cannot be asked is served by what we have. */
static void
add_automatic (struct portals *ps, const struct settings *p,
               const char *target, uint64_t deadline, const struct stop *stop)
{
  struct discovered *list;
  struct error err;
  size_t i, n;

  if (portals_discover (ps, p, deadline, stop, &list, &n, &err) == -1)
    return;
  for (i = 0; i < n; ++i)
    /* Names are the same in either case of letters (RFC 3722, RFC 7143
     * section 4.2.7.1), and the user's is as he wrote it.
     */
    if (strcasecmp (list[i].target, target) == 0)
      add_discovered (ps, &list[i], deadline, stop);
  discovered_free (list, n);
}

int
portals_look_up (struct portals *ps, const struct settings *p,
                 const char *target, uint64_t deadline,
                 const struct stop *stop, struct error *err)
{
  size_t i;

  ps->n = 0;
  add_host (ps, p->url.host, p->url.port,
            clock_share (deadline, 1 + p->nr_portals), stop, err);
  for (i = 0; i < p->nr_portals; ++i)
    add_host (ps, p->portals[i].host, p->portals[i].port,
              clock_share (deadline, p->nr_portals - i), stop, err);
  if (ps->n == 0)
    return -1;
  if (p->portal_auto && target)
    add_automatic (ps, p, target, clock_share (deadline, 2), stop);
  return 0;
}

/* What a target said is worth more to the user than that another address did
 * not answer.
 */
static unsigned
how_far (const struct error *err)
{
  switch (err->err) {
  case 0:            return 0;
  case ECONNREFUSED:
  case EHOSTUNREACH:
  case ENETUNREACH:  return 1;
  case ETIMEDOUT:    return 2;
  case ECONNRESET:   return 3;
  case EBUSY:        return 5;  /* all else was right, and it may pass */
  }
  return 4;
}

bool
portals_got_further (const struct error *a, const struct error *b)
{
  return how_far (a) > how_far (b);
}

int
portals_discover (const struct portals *ps, const struct settings *p,
                  uint64_t deadline, const struct stop *stop,
                  struct discovered **list, size_t *n, struct error *err)
{
  const struct session_params params = portals_params (p, NULL);
  size_t i;

  for (i = 0; i < ps->n; ++i) {
    if (session_discover (&params, &ps->list[i].at,
                          clock_share (deadline, ps->n - i), stop,
                          list, n, err) == 0)
      return 0;
    debug_session ("discovery at %s: %s", ps->list[i].at.text, err->msg);
  }
  return -1;
}
