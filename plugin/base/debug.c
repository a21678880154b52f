/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>

#include "debug.h"

/* Set by nbdkit -D iscsi.session=1 and so on, which finds them by name. */
NBDKIT_DLL_PUBLIC int iscsi_debug_session = 0;
NBDKIT_DLL_PUBLIC int iscsi_debug_scsi = 0;
NBDKIT_DLL_PUBLIC int iscsi_debug_pdu = 0;

static void debug_line (const char *fs, va_list args)
  __attribute__ ((__format__ (__printf__, 1, 0)));

/* Much of it is as a target has written it: it is to make no line of its own,
 * nor anything that a terminal obeys.
 */
static void
debug_line (const char *fs, va_list args)
{
  char line[2048];
  char *p;

  vsnprintf (line, sizeof line, fs, args);
  for (p = line; *p; ++p)
    if (*p < ' ' || *p > '~')
      *p = '?';
  nbdkit_debug ("%s", line);
}

void
debug_session (const char *fs, ...)
{
  va_list args;

  if (!iscsi_debug_session)
    return;
  va_start (args, fs);
  debug_line (fs, args);
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
  debug_line (fs, args);
  va_end (args);
}

int
debug_pdu_level (void)
{
  return iscsi_debug_pdu;
}

static void debug_pdu_line (const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 1, 2)));

static void
debug_pdu_line (const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  debug_line (fs, args);
  va_end (args);
}

/* From a challenge and its answer a weak secret can be guessed. */
void
debug_pdu (int level, const char *message)
{
  const char *p;

  if ((p = strstr (message, "CHAP_C=")) || (p = strstr (message, "CHAP_R=")))
    debug_pdu_line ("libiscsi[%d]: %.*s(hidden)", level,
                    (int) (p - message) + 7, message);
  else
    debug_pdu_line ("libiscsi[%d]: %s", level, message);
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

/* Where nbdkit has its log, which it tells no plugin: a server in the
 * background has /dev/null for stderr, and its log in syslog.
 */
static bool
in_background (void)
{
  struct stat st;

  return fstat (STDERR_FILENO, &st) == -1 ||
    (S_ISCHR (st.st_mode) && st.st_rdev == makedev (1, 3));
}

/* nbdkit would call it an error. */
void
log_notice (const char *fs, ...)
{
  char line[512];
  va_list args;

  va_start (args, fs);
  vsnprintf (line, sizeof line, fs, args);
  va_end (args);
  if (in_background ())
    syslog (LOG_NOTICE, "iscsi: %s", line);
  else
    dprintf (STDERR_FILENO, "nbdkit: iscsi: %s\n", line);
}
