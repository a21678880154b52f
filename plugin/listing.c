/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "debug.h"
#include "describe.h"
#include "export-name.h"
#include "listing.h"
#include "survey.h"

/* nbdkit refuses lists that are longer. */
#define MAX_EXPORTS 10000

/* A target can have thousands of LUNs that all fail, and a client can ask for
 * list after list: so many lines are logged of each.
 */
#define MAX_LINES 100

struct listing {
  const struct settings *p;
  listing_fn fn;
  void *opaque;
  size_t told;                  /* exports */
  size_t left_out;              /* lines in the log, and more */
  size_t missing;               /* of these, what may be an export */
  struct error first;           /* of those */
};

/* It may be an export. */
static void
miss (struct listing *l, const char *what, const struct error *why)
{
  if (l->missing++ == 0)
    error_set (&l->first, why->err, "%s: %s", what, why->msg);
}

/* Something is not in the list: nobody is to think that it is not there. */
static void
leave_out (struct listing *l, const char *what, const struct error *why)
{
  if (++l->left_out <= MAX_LINES)
    log_event ("%s is left out of the list: %s", what, why->msg);
}

static void
leave_out_and_miss (struct listing *l, const char *what,
                    const struct error *why)
{
  leave_out (l, what, why);
  miss (l, what, why);
}

/* Each was told when the portal was asked. */
static void
miss_nameless (struct listing *l, size_t n)
{
  struct error why;

  error_set (&why, EINVAL, "%zu of its targets have names that cannot be those "
             "of targets", n);
  miss (l, l->p->url.host, &why);
}

static void
leave_out_unusable (struct listing *l, const struct survey_target *t)
{
  struct error why;
  char what[EXPORT_NAME_LEN + 32];

  snprintf (what, sizeof what, "%s: each of %zu LUNs", t->name, t->unusable);
  error_set (&why, EOVERFLOW, "its address has a form that cannot be used "
             "here, or a number over %d", URL_MAX_LUN);
  leave_out_and_miss (l, what, &why);
}

/* One that has said what it is, and that is no export now, is not missed. */
static void
leave_out_lun (struct listing *l, const struct survey_target *t,
               const struct survey_lun *lun)
{
  static const struct error no_memory = { ENOMEM, "out of memory" };
  const struct error *why = lun->why ? lun->why : &no_memory;
  char what[EXPORT_NAME_LEN];

  snprintf (what, sizeof what, "%s/%d", t->name, lun->lun);
  if (lun->outcome == SURVEY_NONE || why->err == ENOMEDIUM ||
      why->err == ENODEV || why->err == EINVAL)
    leave_out (l, what, why);
  else
    leave_out_and_miss (l, what, why);
}

static int
tell_lun (struct listing *l, const struct survey_target *t,
          const struct survey_lun *lun, struct error *err)
{
  const char *target = l->p->url.target ? NULL : t->name;
  char name[EXPORT_NAME_LEN], description[DESCRIPTION_LEN];
  struct error why;

  if (lun->outcome == SURVEY_NONE && lun->why == NULL)
    return 0;
  if (lun->outcome != SURVEY_FOUND || lun->facts == NULL) {
    leave_out_lun (l, t, lun);
    return 0;
  }
  export_name_print (target, lun->lun, name);
  if (l->told == MAX_EXPORTS) {
    error_set (&why, E2BIG, "a list can have %d exports at most: choose with "
               "export-filter=", MAX_EXPORTS);
    leave_out_and_miss (l, name, &why);
    return 0;
  }
  l->told++;
  describe_lun (lun->facts, t->name, lun->lun, description);
  return l->fn (l->opaque, name, description, err);
}

static int
tell_target (struct listing *l, const struct survey_target *t,
             struct error *err)
{
  size_t i;
  int r = 0;

  if (t->why.err) {
    leave_out_and_miss (l, t->name, &t->why);
    return 0;
  }
  for (i = 0; i < t->n && r == 0; ++i)
    r = tell_lun (l, t, &t->luns[i], err);
  if (t->unusable > 0)
    leave_out_unusable (l, t);
  return r;
}

static int
check (const struct listing *l, struct error *err)
{
  const size_t more = l->left_out > MAX_LINES ? l->left_out - MAX_LINES : 0;

  if (more > 0)
    log_event ("%zu more are left out of the list", more);
  if (l->missing > 0 && l->p->list_strict)
    return error_set (err, l->first.err, "the list is not complete, as "
                      "list=strict wants it: %s", l->first.msg);
  return 0;
}

int
listing_tell (const struct settings *p, const struct stop *stop,
              listing_fn fn, void *opaque, struct error *err)
{
  static const struct survey_query all = { .id = NULL };
  struct listing l = { .p = p, .fn = fn, .opaque = opaque };
  struct survey s;
  size_t i;
  int r = 0;

  if (survey_run (p, &all, stop, &s, err) == -1)
    return -1;
  if (p->url.target && s.n > 0 && s.targets[0].why.err) {
    *err = s.targets[0].why;    /* there is no other */
    r = -1;
  }
  for (i = 0; i < s.n && r == 0; ++i)
    r = tell_target (&l, &s.targets[i], err);
  if (s.nameless > 0)
    miss_nameless (&l, s.nameless);
  if (r == 0)
    r = check (&l, err);
  survey_free (&s);
  return r;
}
