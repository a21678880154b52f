/* SPDX-License-Identifier: BSD-3-Clause */

/* How rooms tell their story: debug lines behind the -D iscsi.* flags, and
 * the events that an operator must hear of.  Any thread.  Secrets must not
 * be among the arguments.
 */

#ifndef ISCSI_DEBUG_H
#define ISCSI_DEBUG_H

#include <stdbool.h>

/* -D iscsi.session=1 (and -v): connects, logins, losses, recoveries. */
extern void debug_session (const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 1, 2)));

/* -D iscsi.scsi=1: is a line wanted for each SCSI command?  Ask first: the
 * line costs more than the command.
 */
extern bool debug_scsi_enabled (void);
extern void debug_scsi (const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 1, 2)));

/* -D iscsi.pdu=N: the log level to set in libiscsi, 0: none.  debug_pdu
 * prints what libiscsi then says, but for CHAP challenges and their answers.
 */
extern int debug_pdu_level (void);
extern void debug_pdu (int level, const char *message);

/* One line that is printed when the server is verbose (-v). */
extern void debug_verbose (const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 1, 2)));

/* One line that is printed whether or not the server is verbose: a session
 * was lost.
 */
extern void log_event (const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 1, 2)));

/* The same for what is no error: a session is back. */
extern void log_notice (const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 1, 2)));

#endif /* ISCSI_DEBUG_H */
