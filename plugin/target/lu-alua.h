/* SPDX-License-Identifier: BSD-3-Clause */

/* The ALUA states of a LUN's paths (SPC-5 5.18): asking for them, which sets
 * the rank of each portal (lu->ranks), and having the target make one active.
 */

#ifndef ISCSI_LU_ALUA_H
#define ISCSI_LU_ALUA_H

#include <stdbool.h>

#include "answer.h"
#include "lu-ask.h"
#include "target.h"

/* Does a LUN that is known tell states, and are they wanted?  Any thread, with
 * or without the lock.
 */
extern bool lu_has_states (const struct lu *lu);

/* Is the answer about the path, so that the command was not carried out, and
 * is to be sent over another one or once more (2/040B, 2/040C; for a LUN with
 * ALUA states 2/040A, 6/2A06, 6/2A07)?  Any thread, with or without the lock.
 */
extern bool lu_is_about_path (const struct lu *lu, const struct answer *a);

/* Ask for the states of all paths, over one of them: after such an answer, or
 * without one (NULL).  Where they are not told, the answer is the state of this
 * path.  While another thread asks it is waited for, for a second at most, and
 * nothing is asked.  Another LUN at this portal is noted
 * (target_note_stranger).  Any thread, without the lock; blocks.
 */
extern void lu_ask_states (struct lu_asker *a, const struct answer *answer);

/* The same where a worse path is used, or none carries I/O, and the states were
 * last asked for some time ago.  Where they are not told, all portals are to be
 * tried again.  Any thread, without the lock; blocks.
 */
extern void lu_look_for_better (const struct lu_user *user,
                                struct lu_path *path);

#endif /* ISCSI_LU_ALUA_H */
