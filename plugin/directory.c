/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "debug.h"
#include "directory.h"
#include "export-name.h"
#include "name.h"
#include "portals.h"
#include "session.h"
#include "target.h"

/* What the portal told last is taken for true for so long, since clients come
 * in crowds; and for longer while it does not answer.
 */
#define FRESH_MS 1000
#define DEAF_MS  10000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char **known;
static size_t nr_known;
static uint64_t fresh_until;    /* clock_ms */

/* Who asks on behalf of those that wait for it. */
static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;

void
directory_free (char **names, size_t n)
{
  size_t i;

  for (i = 0; i < n; ++i)
    free (names[i]);
  free (names);
}

void
directory_forget (void)
{
  directory_free (known, nr_known);
  known = NULL;
  nr_known = 0;
}

static int
compare_names (const void *av, const void *bv)
{
  return strcmp (*(char *const *) av, *(char *const *) bv);
}

static int
copy_names (char *const *from, size_t n, char ***to, struct error *err)
{
  size_t i;

  *to = calloc (n + 1, sizeof **to);
  for (i = 0; *to != NULL && i < n; ++i) {
    (*to)[i] = strdup (from[i]);
    if ((*to)[i] == NULL) {
      directory_free (*to, i);
      *to = NULL;
    }
  }
  return *to ? 0 : error_set (err, ENOMEM, "out of memory");
}

static bool
is_usable (const char *target)
{
  char name[EXPORT_NAME_LEN];

  return export_name_print (target, 0, name);
}

/* Portals have told of thousands. */
#define MAX_LINES 100

static void
leave_out (const char *target, size_t before)
{
  char text[EXPORT_NAME_LEN];

  if (before < MAX_LINES)
    log_event ("%s is left out of the list: this cannot be the name of a "
               "target", text_clean (target, text, sizeof text));
}

/* Could it be one whose LUNs are exports, if it had a name? */
static bool
may_be_missed (const struct settings *p, const char *target)
{
  char prefix[2 * EXPORT_NAME_LEN];

  return snprintf (prefix, sizeof prefix, "%s/", target) >=
    (int) sizeof prefix ||
    filter_may_allow_numbers (&p->filter, prefix, URL_MAX_LUN);
}

/* The strings stay those of ‘list’.  ‘tells’: what is left out is logged. */
static size_t
usable_names (const struct settings *p, const struct discovered *list,
              size_t n, bool tells, char **names, size_t *nameless)
{
  size_t i, out = 0;

  *nameless = 0;
  for (i = 0; i < n; ++i)
    if (is_usable (list[i].target))
      names[out++] = list[i].target;
    else if (may_be_missed (p, list[i].target)) {
      if (tells)
        leave_out (list[i].target, *nameless);
      ++*nameless;
    }
  if (tells && *nameless > MAX_LINES)
    log_event ("%zu more are left out of the list", *nameless - MAX_LINES);
  qsort (names, out, sizeof *names, compare_names);
  return out;
}

static int
discover (const struct settings *p, uint64_t deadline,
          const struct stop *stop, struct discovered **list, size_t *n,
          struct error *err)
{
  struct portals portals;

  if (portals_look_up (&portals, p, NULL, clock_share (deadline, 2), stop,
                       err) == -1)
    return -1;
  return portals_discover (&portals, p, clock_share (deadline, 2), stop,
                           list, n, err);
}

static void
remember (char *const *names, size_t n)
{
  struct error err;
  char **copy;

  if (copy_names (names, n, &copy, &err) == -1)
    return;
  pthread_mutex_lock (&lock);
  directory_forget ();
  known = copy;
  nr_known = n;
  fresh_until = clock_ms () + FRESH_MS;
  pthread_mutex_unlock (&lock);
}

static int
ask (const struct settings *p, bool tells, uint64_t deadline,
     const struct stop *stop, char ***names, size_t *n, size_t *nameless,
     struct error *err)
{
  struct discovered *list;
  size_t nr_listed;
  char **usable;
  int r = -1;

  if (discover (p, deadline, stop, &list, &nr_listed, err) == -1)
    return -1;
  usable = calloc (nr_listed + 1, sizeof *usable);
  if (usable == NULL)
    error_set (err, ENOMEM, "out of memory");
  else {
    *n = usable_names (p, list, nr_listed, tells, usable, nameless);
    remember (usable, *n);
    r = copy_names (usable, *n, names, err);
  }
  free (usable);
  discovered_free (list, nr_listed);
  return r;
}

int
directory_ask (const struct settings *p, uint64_t deadline,
               const struct stop *stop, char ***names, size_t *n,
               size_t *nameless, struct error *err)
{
  return ask (p, true, deadline, stop, names, n, nameless, err);
}

static bool
is_known (const char *target)
{
  bool r;

  pthread_mutex_lock (&lock);
  r = known != NULL && bsearch (&target, known, nr_known, sizeof *known,
                                compare_names) != NULL;
  pthread_mutex_unlock (&lock);
  return r;
}

static bool
is_fresh (void)
{
  bool r;

  pthread_mutex_lock (&lock);
  r = clock_ms () < fresh_until;
  pthread_mutex_unlock (&lock);
  return r;
}

/* A target that was withdrawn is not to be opened any more; one that has a
 * session with us can be asked itself, for its LUNs.  One thread asks;
 * the others have what it is told.  A portal that does not answer is no reason
 * not to open what it has told before.
 */
static void
look_again (const struct settings *p, uint64_t deadline,
            const struct stop *stop)
{
  size_t n, nameless;
  struct error err;
  char **names;

  pthread_mutex_lock (&asking);
  if (!is_fresh ()) {
    if (ask (p, false, deadline, stop, &names, &n, &nameless, &err) == 0)
      directory_free (names, n);
    else {
      debug_session ("what the portal told before is used: %s", err.msg);
      pthread_mutex_lock (&lock);
      fresh_until = clock_ms () + DEAF_MS;
      pthread_mutex_unlock (&lock);
    }
  }
  pthread_mutex_unlock (&asking);
}

/* As many as fit into a sentence.  What export-filter= leaves out is nobody's
 * business, and newer servers pass this on to the client.
 */
static int
no_such_target (const struct settings *p, const char *target,
                char *const *names, size_t n, struct error *err)
{
  char text[sizeof err->msg / 2] = "";
  size_t i, at = 0;

  if (p->filter.n > 0)
    return error_set (err, ENOENT, "the portal has no target %.100s", target);
  for (i = 0; i < n; ++i) {
    const size_t left = sizeof text - at, len = strlen (names[i]);

    if (len + sizeof ", ..." > left) {
      strcpy (text + at, i > 0 ? ", ..." : "others");
      break;
    }
    at += (size_t) sprintf (text + at, "%s%s", i > 0 ? ", " : "", names[i]);
  }
  return error_set (err, ENOENT, "the portal has no target %.100s: it has %s",
                    target, n > 0 ? text : "none for this initiator");
}

int
directory_check (const struct settings *p, const char *target,
                 uint64_t deadline, const struct stop *stop,
                 struct error *err)
{
  size_t n, nameless;
  char **names;

  if (is_known (target) && !is_fresh () && !target_has_session (target))
    look_again (p, clock_share (deadline, 4), stop);
  if (is_known (target))
    return 0;
  if (ask (p, false, deadline, stop, &names, &n, &nameless, err) == -1)
    return -1;
  if (!is_known (target))
    no_such_target (p, target, names, n, err);
  else
    *err = (struct error) { 0 };
  directory_free (names, n);
  return err->err ? -1 : 0;
}
