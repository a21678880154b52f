/* SPDX-License-Identifier: BSD-3-Clause */

/* Asking all LUNs that the URL leads to, of its target or of all targets of
 * its portal: many LUNs side by side over one session for each target, and
 * several targets side by side.  The sessions are those that the targets are
 * used over, if there are any.  What export-filter= leaves out is not asked.
 */

#ifndef ISCSI_SURVEY_H
#define ISCSI_SURVEY_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "lun.h"
#include "settings.h"
#include "stop.h"

enum survey_outcome {
  SURVEY_UNASKED,               /* enough was found before */
  SURVEY_NONE,                  /* it is not what is looked for */
  SURVEY_FOUND,
  SURVEY_FAILED,                /* it could not be asked, or cannot be served */
};

struct survey_lun {
  int lun;
  uint16_t wire;                /* its address, as the target tells it */
  enum survey_outcome outcome;
  struct lun_facts *facts;      /* as lun_glance; NULL unless it was found, and
                                   where an id is looked for */
  struct error *why;            /* of one that failed, or that is none and was
                                   listed all the same; may be NULL */
};

struct survey_target {
  char *name;
  struct error why;             /* err 0: it told its LUNs */
  struct survey_lun *luns;      /* in order, each once */
  size_t n;
  size_t unusable;              /* further ones, whose addresses are none that
                                   can be used */
};

struct survey {
  struct survey_target *targets; /* in order, without those of which
                                    export-filter= leaves out all LUNs */
  size_t n;
  size_t nameless;              /* further ones, which cannot be asked for by
                                   the names that the portal tells */
};

/* What is looked for. */
struct survey_query {
  const char *id;               /* LUNs with this designator; NULL: all disks
                                   and CDs */
  unsigned enough;              /* stop when so many were found or, where all
                                   are looked for, failed; 0: go on */
};

/* Ends after login-timeout, or a quarter later where the last questions are not
 * answered; later still, by ‘timeout’, only if the session is taken by a
 * client's command that is not answered.  Those who do not answer are given up
 * early enough for the others to be asked; what was not asked has failed.  -1
 * with a sentence if the portal does not tell its targets.  *out is to be given
 * to survey_free.  Any thread.
 */
extern int survey_run (const struct settings *p,
                       const struct survey_query *query,
                       const struct stop *stop,
                       struct survey *out, struct error *err);
extern void survey_free (struct survey *s);

/* Does export-filter= allow a LUN, by ‘name’, which is that in the list, and by
 * each of its designators?  It is asked for them if there is a pattern for
 * them.  1, 0; -1 with a sentence.
 */
extern int survey_admits (const struct settings *p, const char *name,
                          const struct runner *r,
                          const struct retry_policy *policy, int lun,
                          struct error *err);

#endif /* ISCSI_SURVEY_H */
