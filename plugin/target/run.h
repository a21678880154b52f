/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands on their way to a LUN, whatever fails: over the best path, and
 * again over another one or after the next login, as the fence allows.
 */

#ifndef ISCSI_RUN_H
#define ISCSI_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "command.h"
#include "error.h"

/* A runner (command.h) whose handle is a struct lu_user.  A lost session is
 * not seen here, unless there is no path in time (STATUS_LOST).  Before the
 * LUN is known (lu_set_facts) only questions may be asked.  The commands are
 * all writes (or ‘to_be_written’) or none is, and are worth nothing without
 * each other: when one is given up, so are those that had to wait with it.
 * Any thread; parallel.
 */
extern void lu_run (void *user, struct command *cmds, size_t n);

/* target_sleep, with a struct lu_user that may be empty until it is called. */
extern bool lu_sleep (void *user, unsigned ms);

/* Why there is no answer, for messages; "" when nothing is wrong.  false: the
 * target cannot be reached at the moment.
 */
extern bool lu_last_error (void *user, struct error *err);

/* The loss of an earlier write (sense_lost_write), if the answer to a question,
 * of ours or of a client, told of one since this was asked last: the next flush
 * is to fail with it.  0: none.
 */
extern unsigned lu_lost_write (void *user);

#endif /* ISCSI_RUN_H */
