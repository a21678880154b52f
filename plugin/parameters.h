/* SPDX-License-Identifier: BSD-3-Clause */

/* The command line: key=value pairs to struct settings, which is constant once
 * parameters_complete has returned.
 */

#ifndef ISCSI_PARAMETERS_H
#define ISCSI_PARAMETERS_H

#include "settings.h"

/* The help text for nbdkit --help. */
extern const char parameters_help[];

/* Set every default.  Main thread, from .load. */
extern void parameters_init (struct settings *p);

/* One key=value from the command line.  Reports its own errors with
 * nbdkit_error (the terminal is still there) and returns -1.  Main thread,
 * from .config.
 */
extern int parameters_set (struct settings *p,
                           const char *key, const char *value);

/* Merge user=, password=, target-user=... into url (they beat it), fill in
 * the initiator name, check what contradicts itself.  Errors as above.
 * Main thread, from .config_complete.
 */
extern int parameters_complete (struct settings *p);

/* Wipe the passwords in the environment, which /proc/PID/environ shows and a
 * core dump has, in this process.  While there are no other threads.
 */
extern void parameters_forget_environment (void);

/* Wipe the secrets, free everything. */
extern void parameters_free (struct settings *p);

#endif /* ISCSI_PARAMETERS_H */
