/* SPDX-License-Identifier: BSD-3-Clause */

/* A LUN that is in use: its facts, what was learnt about it by trying, and
 * its sessions, all shared by the NBD connections that use it.
 */

#ifndef ISCSI_DISK_H
#define ISCSI_DISK_H

#include "error.h"
#include "handle.h"
#include "settings.h"
#include "status.h"
#include "stop.h"
#include "tally.h"

/* Until when an open that begins now may take (clock_ms). */
extern uint64_t disk_open_limit (const struct settings *p);

/* Get hold of a LUN, and ask it everything.  Any thread; blocks up to the login
 * timeout, when a session is lost meanwhile up to recovery-timeout, and never
 * beyond ‘limit’, as all that is asked over the handle before
 * disk_lift_limit.  NULL with a sentence.
 */
extern struct handle *disk_open (const struct settings *p,
                                 const char *target, int lun, uint64_t limit,
                                 const struct stop *stop, struct error *err);
extern void disk_lift_limit (struct handle *h);

/* The same for a handle over which nothing is read or written: it only
 * keeps the LUN's sessions open.
 */
extern struct handle *disk_hold (const struct settings *p,
                                 const char *target, int lun, uint64_t limit,
                                 const struct stop *stop, struct error *err);

/* The iSCSI name of the target.  It lives as long as the handle. */
extern const char *disk_target (const struct handle *h);

/* Where the requests of the handle are counted; as long as it lives. */
extern struct tally *disk_tally (struct handle *h);

/* Add what there is to know of all LUNs and targets in use to ‘out’.  No lock
 * is held afterwards.  Any thread; not at the time of disk_close_all.
 */
extern void disk_report_all (struct status_report *out);

/* The last handle of a LUN logs out of it, and waits for that up to
 * LOGOUT_MS.  Any thread, when no request of the handle is under way.
 */
extern void disk_close (struct handle *h);

/* Log out of everything, and close what handles are left: nbdkit closes
 * none when it is told to quit.  Main thread, when no request is under way.
 */
extern void disk_close_all (void);

#endif /* ISCSI_DISK_H */
