/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>

#include "debug.h"

/* Set by nbdkit -D iscsi.session=1 and so on, which finds them by name. */
NBDKIT_DLL_PUBLIC int iscsi_debug_session = 0;
NBDKIT_DLL_PUBLIC int iscsi_debug_scsi = 0;
NBDKIT_DLL_PUBLIC int iscsi_debug_pdu = 0;

void
debug_session (const char *fs, ...)
{
  va_list args;

  if (!iscsi_debug_session)
    return;
  va_start (args, fs);
  nbdkit_vdebug (fs, args);
  va_end (args);
}

bool
debug_scsi_enabled (void)
{
  return iscsi_debug_scsi != 0;
}

void
debug_scsi (const char *fs, ...)
{
  va_list args;

  if (!iscsi_debug_scsi)
    return;
  va_start (args, fs);
  nbdkit_vdebug (fs, args);
  va_end (args);
}

int
debug_pdu_level (void)
{
  return iscsi_debug_pdu;
}

/* From a challenge and its answer a weak secret can be guessed. */
void
debug_pdu (int level, const char *message)
{
  const char *p;

  if ((p = strstr (message, "CHAP_C=")) || (p = strstr (message, "CHAP_R=")))
    nbdkit_debug ("libiscsi[%d]: %.*s(hidden)", level,
                  (int) (p - message) + 7, message);
  else
    nbdkit_debug ("libiscsi[%d]: %s", level, message);
}

void
debug_verbose (const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  nbdkit_vdebug (fs, args);
  va_end (args);
}

/* nbdkit has errors and debug lines and nothing between them; a debug line
 * would be lost on a server that is not verbose.
 */
void
log_event (const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  nbdkit_verror (fs, args);
  va_end (args);
}
