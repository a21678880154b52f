/* SPDX-License-Identifier: BSD-3-Clause */

/* Run SCSI commands until each has an answer that is not worth another
 * try: UNIT ATTENTION at once, BUSY, TASK SET FULL, ABORTED COMMAND,
 * "becoming ready" after growing, jittered delays, inside a deadline.
 */

#ifndef ISCSI_RETRY_H
#define ISCSI_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"

struct retry_policy {
  unsigned timeout_ms;          /* from the first try to the last */

  /* Sleep for ‘ms’; false when the server is going away, and the commands
   * are to be given up.
   */
  bool (*sleep) (void *opaque, unsigned ms);
  void *opaque;

  _Atomic uint64_t *retries;    /* counts commands that are sent again; NULL */
};

/* Run them all; each command's answer is its last one.  Blocks; any
 * thread that the runner allows.
 */
extern void retry_run (const struct runner *r, const struct retry_policy *p,
                       struct command *cmds, size_t n);

#endif /* ISCSI_RETRY_H */
