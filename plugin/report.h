/* SPDX-License-Identifier: BSD-3-Clause */

/* Errors of requests to nbdkit's log: a few in each period, and then how many
 * there were more.  Clients that go on asking while the target is away would
 * only hide what happened first.
 */

#ifndef ISCSI_REPORT_H
#define ISCSI_REPORT_H

/* On the thread whose request failed, after the fork. */
extern void report_some (const char *msg);

/* Tell how many were not told, if any.  From .cleanup; nothing is reported
 * after it.
 */
extern void report_end (void);

#endif /* ISCSI_REPORT_H */
