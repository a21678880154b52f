/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "debug.h"
#include "directory.h"
#include "disk.h"
#include "export-name.h"
#include "exports.h"
#include "filter.h"
#include "lun.h"
#include "question.h"
#include "survey.h"
#include "target.h"

static int
out_of_memory (struct error *err)
{
  return error_set (err, ENOMEM, "out of memory");
}

/* ---- by number ---- */

static int
filtered (const char *name, struct error *err)
{
  return error_set (err, ENOENT, "there is no export %.200s: export-filter "
                    "leaves it out", name);
}

/* What is not there, in the list or at all. */
static int
no_such_lun (const struct settings *p, struct question *q, int lun,
             struct error *err)
{
  error_set (err, ENXIO, "there is no LUN %d in the list of this target", lun);
  /* What export-filter= leaves out is nobody's business. */
  if (p->filter.n == 0)
    lun_name_others (&q->runner, &q->policy, lun, err);
  return -1;
}

static int
compare_numbers (const void *av, const void *bv)
{
  const struct lun_address *a = av, *b = bv;

  return (a->lun > b->lun) - (a->lun < b->lun);
}

/* A LUN that its target has, but does not list to us, is not for clients to
 * choose.  Of one that tells no list at all any may be asked for by number.
 */
static int
check_listed (const struct settings *p, const char *target, int lun,
              uint64_t limit, const struct stop *stop, struct error *err)
{
  const struct lun_address wanted = { .lun = lun };
  struct lun_list list;
  struct question q;
  int r;

  if (question_begin (&q, p, target, 0, 0, limit, 0, stop, err) == -1)
    return -1;
  r = question_report_luns (&q, &list, err);
  if (r == 1)
    debug_session ("%s", err->msg);
  if (r == 0 && bsearch (&wanted, list.luns, list.n, sizeof *list.luns,
                         compare_numbers) == NULL)
    r = no_such_lun (p, &q, lun, err);
  free (list.luns);
  question_end (&q);
  return r == -1 ? -1 : 0;
}

static int
check_target (const struct settings *p, const char *target,
              const struct stop *stop, struct error *err)
{
  if (p->url.target)
    return 0;
  return directory_check (p, target, clock_ms () + p->login_timeout_ms, stop,
                          err);
}

static struct handle *
open_there (const struct settings *p, const char *target, int lun,
            const struct stop *stop, struct error *err)
{
  const uint64_t limit = disk_open_limit (p);
  char name[EXPORT_NAME_LEN];
  struct handle *h;
  int r;

  export_name_print (p->url.target ? NULL : target, lun, name);
  if (!filter_may_allow (&p->filter, name)) {
    filtered (name, err);
    return NULL;
  }
  if (check_target (p, target, stop, err) == -1 ||
      check_listed (p, target, lun, limit, stop, err) == -1)
    return NULL;
  h = disk_open (p, target, lun, limit, stop, err);
  if (h == NULL)
    return NULL;
  r = survey_admits (p, name, &h->runner, &h->retry, lun, err);
  if (r == 1)
    return h;
  disk_close (h);
  if (r == 0)
    filtered (name, err);
  return NULL;
}

/* ---- by what it is ---- */

/* Where LUNs were found by their ids.  One that can be had at several targets
 * must be the same for all clients: only then is no write overtaken by an
 * older one (fence.h).
 */
struct place {
  struct place *next;
  char *id;
  char *target;
  int lun;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct place *places;

static void
free_place (struct place *place)
{
  free (place->id);
  free (place->target);
  free (place);
}

/* Under the lock: what points to it, or to NULL. */
static struct place **
find_place (const char *id)
{
  struct place **pp;

  for (pp = &places; *pp != NULL; pp = &(*pp)->next)
    if (designator_same ((*pp)->id, id))
      break;
  return pp;
}

/* *target is allocated.  0: it is not known. */
static int
recall (const char *id, char **target, int *lun, struct error *err)
{
  const struct place *place;
  int r = 0;

  pthread_mutex_lock (&lock);
  place = *find_place (id);
  if (place) {
    *target = strdup (place->target);
    *lun = place->lun;
    r = *target ? 1 : out_of_memory (err);
  }
  pthread_mutex_unlock (&lock);
  return r;
}

/* Unless somebody else was quicker. */
static int
remember (const char *id, const char *target, int lun, struct error *err)
{
  struct place *place = calloc (1, sizeof *place);

  if (place) {
    place->id = strdup (id);
    place->target = strdup (target);
    place->lun = lun;
  }
  if (place == NULL || place->id == NULL || place->target == NULL) {
    if (place)
      free_place (place);
    return out_of_memory (err);
  }
  pthread_mutex_lock (&lock);
  if (*find_place (id) == NULL) {
    place->next = places;
    places = place;
    place = NULL;
  }
  pthread_mutex_unlock (&lock);
  if (place)
    free_place (place);
  return 0;
}

/* It is not there any more. */
static void
forget (const char *id, const char *target, int lun)
{
  struct place **pp, *place;

  pthread_mutex_lock (&lock);
  pp = find_place (id);
  place = *pp;
  if (place && place->lun == lun && strcmp (place->target, target) == 0) {
    *pp = place->next;
    free_place (place);
  }
  pthread_mutex_unlock (&lock);
}

void
exports_forget (void)
{
  struct place *place;

  while ((place = places) != NULL) {
    places = place->next;
    free_place (place);
  }
  directory_forget ();
}

/* What a survey has found. */
struct summary {
  size_t found, failed;
  const struct survey_target *targets[2]; /* of the first two that it found */
  const struct survey_lun *luns[2];
  const char *place;            /* of the first that failed */
  struct error why;             /* of that */
};

static void
sum_up_failure (struct summary *sum, const char *place,
                const struct error *why)
{
  if (sum->failed++ > 0)
    return;
  sum->place = place;
  if (why)
    sum->why = *why;
  else
    out_of_memory (&sum->why);
}

static void
sum_up_lun (struct summary *sum, const struct survey_target *t,
            const struct survey_lun *l)
{
  if (l->outcome == SURVEY_FAILED)
    sum_up_failure (sum, t->name, l->why);
  if (l->outcome != SURVEY_FOUND)
    return;
  if (sum->found < 2) {
    sum->targets[sum->found] = t;
    sum->luns[sum->found] = l;
  }
  sum->found++;
}

static struct summary
sum_up (const struct survey *s)
{
  struct summary sum = { .found = 0 };
  struct error why;
  size_t i, j;

  for (i = 0; i < s->n; ++i) {
    const struct survey_target *t = &s->targets[i];

    if (t->why.err)
      sum_up_failure (&sum, t->name, &t->why);
    for (j = 0; j < t->n; ++j)
      sum_up_lun (&sum, t, &t->luns[j]);
    if (t->unusable > 0) {
      error_set (&why, EOVERFLOW, "it has LUNs whose addresses cannot be "
                 "used here");
      sum_up_failure (&sum, t->name, &why);
    }
  }
  if (s->nameless > 0) {
    error_set (&why, EINVAL, "its name cannot be that of a target");
    sum_up_failure (&sum, "one that the portal tells", &why);
  }
  return sum;
}

static int
choose_by_id (const struct summary *sum, const char *id, char **target,
              int *lun, struct error *err)
{
  if (sum->found == 0 && sum->failed > 0)
    return error_set (err, ENOENT, "no LUN with the id %.100s was found, but "
                      "not all could be asked: %s: %s", id, sum->place,
                      sum->why.msg);
  if (sum->found == 0)
    return error_set (err, ENOENT, "there is no LUN with the id %.100s here: "
                      "\"nbdinfo --list\" shows those that there are", id);
  if (sum->found > 1 &&
      (!designator_is_unique (id) || sum->targets[0] == sum->targets[1]))
    return error_set (err, ENOTUNIQ, "more than one LUN has the id %.64s: "
                      "%.80s/%d and %.80s/%d: ask for one of them by target "
                      "and LUN", id,
                      sum->targets[0]->name, sum->luns[0]->lun,
                      sum->targets[1]->name, sum->luns[1]->lun);
  if (sum->failed > 0 && !designator_is_unique (id))
    return error_set (err, ENOENT, "it cannot be told whether one LUN alone "
                      "has the id %.100s: %s: %s", id, sum->place,
                      sum->why.msg);
  *lun = sum->luns[0]->lun;
  *target = strdup (sum->targets[0]->name);
  return *target ? 0 : out_of_memory (err);
}

/* Where an id is unique the first will do, and who does not answer is not
 * waited for any longer than survey.c has to.
 */
static int
look_for (const struct settings *p, const char *id, const struct stop *stop,
          struct error *err)
{
  const struct survey_query query = {
    .id = id,
    .enough = designator_is_unique (id) ? 1 : 0,
  };
  struct summary sum;
  struct survey s;
  char *target;
  int lun = -1, r;

  if (survey_run (p, &query, stop, &s, err) == -1)
    return -1;
  sum = sum_up (&s);
  r = choose_by_id (&sum, id, &target, &lun, err);
  if (r == 0) {
    r = remember (id, target, lun, err);
    free (target);
  }
  survey_free (&s);
  return r;
}

/* Is it (still) the LUN at that place?  NULL, with *moved: it is not. */
static struct handle *
open_place (const struct settings *p, const char *id, const char *target,
            int lun, const struct stop *stop, bool *moved, struct error *err)
{
  struct handle *h = open_there (p, target, lun, stop, err);
  int r;

  if (h == NULL) {
    *moved = err->err == ENXIO || err->err == ENODEV || err->err == ENOENT;
    return NULL;
  }
  r = lun_has_designator (&h->runner, &h->retry, lun, id, err);
  if (r == 1)
    return h;
  disk_close (h);
  *moved = r == 0;
  if (r == 0)
    error_set (err, ENOENT, "%s/%d does not have the id %.100s any more",
               target, lun, id);
  return NULL;
}

static struct handle *
open_id (const struct settings *p, const char *id, const struct stop *stop,
         struct error *err)
{
  struct handle *h = NULL;
  unsigned tries;
  bool moved = true;
  char *target;
  int lun = -1, r;

  *err = (struct error) { 0 };
  for (tries = 0; h == NULL && moved && tries < 2; ++tries) {
    r = recall (id, &target, &lun, err);
    if (r == 0 && look_for (p, id, stop, err) == 0)
      r = recall (id, &target, &lun, err);
    if (r != 1)
      break;                    /* told, or it was at once forgotten again */
    moved = false;
    h = open_place (p, id, target, lun, stop, &moved, err);
    if (moved)
      forget (id, target, lun);
    free (target);
  }
  if (h == NULL && err->err == 0)
    error_set (err, EAGAIN, "the LUN with the id %.100s is being moved", id);
  return h;
}

/* ---- the only one ---- */

static const char *
name_of (const struct settings *p, const struct summary *sum, size_t i,
         char name[EXPORT_NAME_LEN])
{
  export_name_print (p->url.target ? NULL : sum->targets[i]->name,
                     sum->luns[i]->lun, name);
  return name;
}

/* Never a guess: tomorrow it would be another disk. */
static char *
choose_default (const struct settings *p, const struct summary *sum,
                struct error *err)
{
  char first[EXPORT_NAME_LEN], second[EXPORT_NAME_LEN], *name;

  if (sum->found > 1)
    error_set (err, ENOENT, "there is more than one disk or CD here: ask for "
               "an export by name, as in %.70s or %.70s (\"nbdinfo --list\" "
               "shows all)", name_of (p, sum, 0, first),
               name_of (p, sum, 1, second));
  else if (sum->found == 1 && sum->failed > 0)
    error_set (err, ENOENT, "it cannot be told whether %.70s is the only disk "
               "here: ask for it by name: %.70s: %s",
               name_of (p, sum, 0, first), sum->place, sum->why.msg);
  else if (sum->failed > 0 && p->url.target == NULL)
    error_set (err, sum->why.err, "it cannot be told which is the only disk "
               "here: ask for it by name (\"nbdinfo --list\" shows those that "
               "can be asked): %s: %s", sum->place, sum->why.msg);
  else if (sum->failed > 0)
    *err = sum->why;
  else if (sum->found == 0)
    error_set (err, ENOENT, "%s: no LUN that is a disk or a CD can be reached "
               "here: check what the target lets the initiator %s see, or "
               "run nbdkit with -v -D iscsi.session=1 to see why",
               p->url.target ? p->url.target : p->url.host,
               p->initiator_name);
  else {
    name = strdup (name_of (p, sum, 0, first));
    if (name == NULL)
      out_of_memory (err);
    return name;
  }
  return NULL;
}

char *
exports_default (const struct settings *p, const struct stop *stop,
                 struct error *err)
{
  static const struct survey_query two = { .enough = 2 };
  struct summary sum;
  struct survey s;
  char *name;

  if (p->url.lun >= 0) {
    name = strdup ("");
    if (name == NULL)
      out_of_memory (err);
    return name;
  }
  if (survey_run (p, &two, stop, &s, err) == -1)
    return NULL;
  sum = sum_up (&s);
  name = choose_default (p, &sum, err);
  survey_free (&s);
  return name;
}

/* ---- all of them ---- */

static struct handle *
open_named (const struct settings *p, const char *text,
            const struct stop *stop, struct error *err)
{
  struct export_name name;
  struct handle *h;

  if (export_name_parse (text, p->url.target != NULL, &name, err) == -1)
    return NULL;
  h = name.id ? open_id (p, name.id, stop, err) :
    open_there (p, name.target ? name.target : p->url.target, name.lun, stop,
                err);
  export_name_free (&name);
  return h;
}

static struct handle *
open_any (const struct settings *p, const char *name,
          const struct stop *stop, struct error *err)
{
  struct handle *h;
  char *only;

  if (p->url.lun >= 0)
    return disk_open (p, p->url.target, p->url.lun, disk_open_limit (p), stop,
                      err);
  if (*name != '\0')
    return open_named (p, name, stop, err);

  /* The server asks for the default by itself, but for a connection that a
   * filter opens.
   */
  only = exports_default (p, stop, err);
  h = only ? open_named (p, only, stop, err) : NULL;
  free (only);
  return h;
}

struct handle *
exports_open (const struct settings *p, const char *name,
              const struct stop *stop, struct error *err)
{
  struct handle *h = open_any (p, name, stop, err);

  if (h)
    disk_lift_limit (h);
  return h;
}

/* A portal and a target can be wrong even where no LUN is asked for yet. */
int
exports_preflight (const struct settings *p, struct error *err)
{
  size_t n, nameless;
  char **names;

  if (p->url.target)
    return target_preflight (p, p->url.target, -1, err);
  if (directory_ask (p, clock_ms () + p->login_timeout_ms, NULL, &names, &n,
                     &nameless, err) == -1)
    return -1;
  directory_free (names, n);
  return 0;
}
