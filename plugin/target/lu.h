/* SPDX-License-Identifier: BSD-3-Clause */

/* Making sure, before commands are sent to a LUN over a path, that it is the
 * same LUN there.
 */

#ifndef ISCSI_LU_H
#define ISCSI_LU_H

#include <stdbool.h>

#include "error.h"
#include "lun.h"
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
 * something; others who want the same wait.  Where it has ALUA states they are
 * asked for first.  *err says what is wrong.  Past user->limit nothing is asked
 * any more: LU_LOST.  Any thread, without the lock; blocks.
 */
extern enum lu_verdict lu_verify (const struct lu_user *user,
                                  struct lu_path *path, struct error *err);

/* It may be another LUN: make sure of it again on every path, before more is
 * sent to it.  Any thread, without the lock.
 */
extern void lu_doubt (struct lu *lu);

/* From lun_probe: what the LUN is from now on (lu->known), unless that is
 * known.  False: somebody was quicker by another form of its address, and
 * lu_get has to be asked again, which knows it now.  Any thread, without the
 * lock.
 */
extern bool lu_set_facts (struct lu *lu, const struct lun_facts *facts);

#endif /* ISCSI_LU_H */
