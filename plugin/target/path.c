/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "debug.h"
#include "path.h"
#include "resolve.h"

#define MAX_PATHS (4 * MAX_ADDRESSES)

struct addresses {
  struct address list[MAX_PATHS];
  size_t n;
};

struct path {
  const struct settings *p;

  pthread_mutex_t lock;
  struct addresses addresses;   /* never empty */
  size_t preferred;             /* answered last */
};

struct session_params
path_params (const struct settings *p, const char *target, int lun)
{
  return (struct session_params) {
    .initiator_name = p->initiator_name,
    .target = target,
    .lun = lun,
    .iser = p->url.iser,
    .user = p->url.user,
    .password = p->url.password,
    .target_user = p->url.target_user,
    .target_password = p->url.target_password,
    .header_digest = p->header_digest,
    .data_digest = p->data_digest,
  };
}

static void
add_address (struct addresses *a, const struct address *address)
{
  size_t i;

  for (i = 0; i < a->n; ++i)
    if (strcmp (a->list[i].text, address->text) == 0)
      return;
  if (a->n < MAX_PATHS)
    a->list[a->n++] = *address;
}

static void
add_host (struct addresses *a, const char *host, uint16_t port,
          uint64_t deadline, const struct stop *stop, struct error *err)
{
  struct address found[MAX_ADDRESSES];
  int i, n = resolve (host, port, deadline, stop, found, err);

  if (n == -1)
    debug_session ("%s", err->msg);
  for (i = 0; i < n; ++i)
    add_address (a, &found[i]);
}

/* The portals that the command line names. */
static int
look_up (const struct settings *p, uint64_t deadline,
         const struct stop *stop, struct addresses *a, struct error *err)
{
  size_t i;

  add_host (a, p->url.host, p->url.port,
            clock_share (deadline, 1 + p->nr_portals), stop, err);
  for (i = 0; i < p->nr_portals; ++i)
    add_host (a, p->portals[i].host, p->portals[i].port,
              clock_share (deadline, p->nr_portals - i), stop, err);
  return a->n > 0 ? 0 : -1;
}

static void
add_discovered (struct addresses *a, const struct discovered *d,
                uint64_t deadline, const struct stop *stop)
{
  struct error err;
  uint16_t port;
  size_t i;
  char *host;

  for (i = 0; i < d->nr_portals; ++i) {
    if (url_parse_portal (d->portals[i], &host, &port, &err) == -1) {
      debug_session ("portal %s: %s", d->portals[i], err.msg);
      continue;
    }
    add_host (a, host, port, clock_share (deadline, d->nr_portals - i), stop,
              &err);
    free (host);
  }
}

/* portal=auto: a target that cannot be asked is served by what we have. */
static void
discover_portals (struct path *path, const char *target, uint64_t deadline,
                  const struct stop *stop)
{
  struct discovered *list;
  struct error err;
  size_t i, n;

  if (path_discover (path, deadline, stop, &list, &n, &err) == -1)
    return;
  for (i = 0; i < n; ++i)
    if (strcmp (list[i].target, target) == 0)
      add_discovered (&path->addresses, &list[i], deadline, stop);
  discovered_free (list, n);
}

struct path *
path_new (const struct settings *p, const char *target, uint64_t deadline,
          const struct stop *stop, struct error *err)
{
  struct path *path = calloc (1, sizeof *path);

  if (path == NULL) {
    error_set (err, ENOMEM, "out of memory");
    return NULL;
  }
  path->p = p;
  pthread_mutex_init (&path->lock, NULL);
  if (look_up (p, deadline, stop, &path->addresses, err) == -1) {
    path_free (path);
    return NULL;
  }
  if (p->portal_auto && target)
    discover_portals (path, target, clock_share (deadline, 2), stop);
  return path;
}

void
path_free (struct path *path)
{
  if (path == NULL)
    return;
  pthread_mutex_destroy (&path->lock);
  free (path);
}

size_t
path_count (struct path *path)
{
  size_t n;

  pthread_mutex_lock (&path->lock);
  n = path->addresses.n;
  pthread_mutex_unlock (&path->lock);
  return n;
}

static size_t
preferred (struct path *path)
{
  size_t r;

  pthread_mutex_lock (&path->lock);
  r = path->preferred;
  pthread_mutex_unlock (&path->lock);
  return r;
}

static struct address
pick (struct path *path, size_t i)
{
  struct address r;

  pthread_mutex_lock (&path->lock);
  r = path->addresses.list[i % path->addresses.n];
  pthread_mutex_unlock (&path->lock);
  return r;
}

/* Under the lock: the first one if it is not in the list any more. */
static void
set_preferred (struct path *path, const char *text)
{
  size_t i;

  path->preferred = 0;
  for (i = 0; i < path->addresses.n; ++i)
    if (strcmp (path->addresses.list[i].text, text) == 0)
      path->preferred = i;
}

static void
prefer (struct path *path, const struct address *address)
{
  pthread_mutex_lock (&path->lock);
  set_preferred (path, address->text);
  pthread_mutex_unlock (&path->lock);
}

/* How far an attempt got: what a target said is worth more to the user than
 * that another address did not answer.
 */
static unsigned
how_far (const struct error *err)
{
  switch (err->err) {
  case ECONNREFUSED:
  case EHOSTUNREACH:
  case ENETUNREACH: return 1;
  case ETIMEDOUT:   return 2;
  case ECONNRESET:  return 3;
  }
  return 4;
}

/* Each address in turn; the error is that of the attempt that got furthest. */
static struct session *
open_one (struct path *path, const struct session_params *params,
          const struct isid *isid, uint64_t deadline,
          const struct stop *stop, struct error *err)
{
  const size_t n = path_count (path);
  const size_t first = preferred (path);
  struct session *s = NULL;
  struct address at;
  struct error why;
  size_t i;

  for (i = 0; i < n && s == NULL; ++i) {
    at = pick (path, first + i);
    s = session_open (params, &at, isid, clock_share (deadline, n - i), stop,
                      &why);
    if (s)
      prefer (path, &at);
    else {
      debug_session ("%s", why.msg);
      if (i == 0 || how_far (&why) > how_far (err))
        *err = why;
    }
  }
  return s;
}

/* A target that drops the connection while it logs us in may just be
 * starting, or tidying up after a stall: that is worth a second round.
 */
struct session *
path_open (struct path *path, const struct session_params *params,
           const struct isid *isid, uint64_t deadline,
           const struct stop *stop, struct error *err)
{
  struct session *s;

  s = open_one (path, params, isid, deadline, stop, err);
  if (s == NULL && err->err == ECONNRESET && clock_left (deadline) > 0)
    s = open_one (path, params, isid, deadline, stop, err);
  return s;
}

/* The hosts may have moved.  What was found by discovery is kept. */
static void
look_up_again (struct path *path, uint64_t deadline, const struct stop *stop)
{
  struct addresses fresh = { .n = 0 };
  struct address before;
  struct error err;
  size_t i;

  if (look_up (path->p, deadline, stop, &fresh, &err) == -1)
    return;
  pthread_mutex_lock (&path->lock);
  if (path->p->portal_auto)
    for (i = 0; i < path->addresses.n; ++i)
      add_address (&fresh, &path->addresses.list[i]);
  before = path->addresses.list[path->preferred];
  path->addresses = fresh;
  set_preferred (path, before.text);
  pthread_mutex_unlock (&path->lock);
}

struct session *
path_try (struct path *path, struct path_cursor *cursor,
          const struct session_params *params, const struct isid *isid,
          uint64_t deadline, const struct stop *stop, struct error *err)
{
  struct address at;
  struct session *s;

  if (cursor->turn > 0 && cursor->turn % path_count (path) == 0)
    look_up_again (path, clock_share (deadline, 2), stop);
  if (cursor->turn == 0 || cursor->first != preferred (path))
    *cursor = (struct path_cursor) { .first = preferred (path) };

  at = pick (path, cursor->first + cursor->turn);
  s = session_open (params, &at, isid, deadline, stop, err);
  if (s == NULL)
    path_failed (cursor);
  return s;
}

void
path_worked (struct path *path, struct path_cursor *cursor)
{
  const struct address at = pick (path, cursor->first + cursor->turn);

  prefer (path, &at);
  cursor->turn = 0;
}

void
path_failed (struct path_cursor *cursor)
{
  cursor->turn++;
}

int
path_discover (struct path *path, uint64_t deadline, const struct stop *stop,
               struct discovered **list, size_t *n, struct error *err)
{
  const struct session_params params = path_params (path->p, NULL, 0);
  const size_t nr = path_count (path);
  const size_t first = preferred (path);
  struct address at;
  size_t i;

  for (i = 0; i < nr; ++i) {
    at = pick (path, first + i);
    if (session_discover (&params, &at, clock_share (deadline, nr - i), stop,
                          list, n, err) == 0)
      return 0;
    debug_session ("discovery at %s: %s", at.text, err->msg);
  }
  return -1;
}
