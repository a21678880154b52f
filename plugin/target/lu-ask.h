/* SPDX-License-Identifier: BSD-3-Clause */

/* Asking a LUN over one path: for how long, and what an answer tells beside
 * what was asked.
 */

#ifndef ISCSI_LU_ASK_H
#define ISCSI_LU_ASK_H

#include <stdbool.h>

#include "command.h"
#include "retry.h"
#include "target.h"

/* Is user->limit over?  Any thread, with or without the lock. */
extern bool lu_is_late (const struct lu_user *user);

/* Let a command of this user take no longer than until user->limit.  Any
 * thread.
 */
extern void lu_limit_time (const struct lu_user *user, struct command *cmd);

/* Keep it for lu_lost_write (run.h) if an earlier write was lost, and this is a
 * question: what moves block data, and a flush, fail by themselves.  Any
 * thread, with or without the lock.
 */
extern void lu_note_lost_write (struct lu *lu, const struct command *cmd);

/* A runner over one path, for questions: none is sent again elsewhere.  A
 * command has one buffer at most.  STATUS_TIMEOUT: it was not answered in time,
 * and the session goes on; or user->limit is over, or there is no memory for
 * it.  An answer that says that the LUN has changed takes its verification
 * away.  For one thread, without the lock; blocks.  Set up by lu_ask; not to
 * be copied, since the runner points into it.
 */
struct lu_asker {
  struct runner runner;
  struct retry_policy policy;

  const struct lu_user *user;   /* who asks */
  struct lu *lu;
  struct lu_path *path;
  bool silent;                  /* a question was not answered in time: no
                                   others are asked */
};
extern void lu_ask (struct lu_asker *a, const struct lu_user *user,
                    struct lu_path *path);

#endif /* ISCSI_LU_ASK_H */
