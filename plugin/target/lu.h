/* SPDX-License-Identifier: BSD-3-Clause */

/* What is asked of a LUN before commands are sent to it over a path: is it the
 * same LUN, and in what ALUA state is the path.
 */

#ifndef ISCSI_LU_H
#define ISCSI_LU_H

#include <stdbool.h>

#include "answer.h"
#include "error.h"
#include "target.h"

enum lu_verdict {
  LU_READY,                     /* commands may be sent over this path */
  LU_ELSEWHERE,                 /* not over this path, or not now: choose
                                   anew */
  LU_MISSING,                   /* the target has no such LUN at the moment */
  LU_LOST,                      /* the session ended meanwhile, or the LUN may
                                   have changed again */
  LU_SILENT,                    /* it did not answer in time; the session may
                                   be all right */
};

/* Make sure of the LUN over a path, on the thread that wants to send
 * something; others who want the same wait.  *err says what is wrong.  Past
 * user->limit nothing is asked any more, here and in what follows: LU_LOST.
 * Any thread, without the lock.
 */
extern enum lu_verdict lu_verify (const struct lu_user *user,
                                  struct lu_path *path, struct error *err);

/* Is the answer about the path, so that the command was not carried out, and
 * is to be sent over another one or once more (2/040B, 2/040C; for a LUN with
 * ALUA states 2/040A, 6/2A06, 6/2A07)?
 */
extern bool lu_is_about_path (const struct lu *lu, const struct answer *a);

/* After such an answer: ask for the states of all paths. */
extern void lu_ask_states (const struct lu_user *user, struct lu_path *path,
                           const struct answer *a);

/* Ask again, where a worse path is used and that was some time ago. */
extern void lu_look_for_better (const struct lu_user *user,
                                struct lu_path *path);

/* It may be another LUN: make sure of it again on every path, before more is
 * sent to it.
 */
extern void lu_doubt (struct lu *lu);

/* From lun_probe: what the LUN is from now on (lu->known), unless that is
 * known.  False: somebody was quicker by another form of its address, and
 * lu_get has to be asked again, which knows it now.
 */
extern bool lu_set_facts (struct lu *lu, const struct lun_facts *facts);

#endif /* ISCSI_LU_H */
