/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "debug.h"

extern int iscsi_debug_session, iscsi_debug_scsi, iscsi_debug_pdu;

static char debugged[256], errors[256], logged[256];

/* nbdkit's, and the C library's. */
extern void nbdkit_debug (const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 1, 2)));
extern void nbdkit_vdebug (const char *fs, va_list args)
  __attribute__ ((__format__ (__printf__, 1, 0)));
extern void nbdkit_verror (const char *fs, va_list args)
  __attribute__ ((__format__ (__printf__, 1, 0)));
extern void syslog (int priority, const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 2, 3)));
extern void __syslog_chk (int priority, int flag, const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 3, 4)));

#define TELL(to) \
  do { \
    va_list args; \
    va_start (args, fs); \
    vsnprintf (to, sizeof to, fs, args); \
    va_end (args); \
  } while (0)

void
nbdkit_debug (const char *fs, ...)
{
  TELL (debugged);
}

void
nbdkit_vdebug (const char *fs, va_list args)
{
  vsnprintf (debugged, sizeof debugged, fs, args);
}

void
nbdkit_verror (const char *fs, va_list args)
{
  vsnprintf (errors, sizeof errors, fs, args);
}

void
syslog (int priority __attribute__ ((__unused__)), const char *fs, ...)
{
  TELL (logged);
}

void
__syslog_chk (int priority __attribute__ ((__unused__)),
              int flag __attribute__ ((__unused__)), const char *fs, ...)
{
  TELL (logged);
}

static void
test_flags (void)
{
  debug_session ("session %d", 1);
  debug_scsi ("scsi %d", 1);
  CHECK (!debug_scsi_enabled ());
  CHECK_INT (debug_pdu_level (), 0);
  CHECK_STR (debugged, "");
  iscsi_debug_session = iscsi_debug_scsi = 1;
  iscsi_debug_pdu = 9;
  debug_session ("session %d", 2);
  CHECK_STR (debugged, "session 2");
  debug_scsi ("scsi %d", 3);
  CHECK_STR (debugged, "scsi 3");
  CHECK (debug_scsi_enabled ());
  CHECK_INT (debug_pdu_level (), 9);
  debug_verbose ("verbose %d", 4);
  CHECK_STR (debugged, "verbose 4");
}

/* What a weak password could be guessed from is not shown. */
static void
test_pdu (void)
{
  debug_pdu (2, "TargetLogin: CHAP_A=5");
  CHECK_STR (debugged, "libiscsi[2]: TargetLogin: CHAP_A=5");
  debug_pdu (2, "got CHAP_C=0x1234");
  CHECK_STR (debugged, "libiscsi[2]: got CHAP_C=(hidden)");
  debug_pdu (2, "sent CHAP_R=0x5678");
  CHECK_STR (debugged, "libiscsi[2]: sent CHAP_R=(hidden)");
}

/* A target makes no line of its own, and tells a terminal nothing. */
static void
test_clean (void)
{
  static const char evil[] = "a\nnbdkit: error: b\r\x1b[31m\x9b\xc2\x9b\x7f~ ";
  static const char shown[] = "a?nbdkit: error: b??[31m????~ ";
  char expected[64];

  debug_pdu (1, evil);
  snprintf (expected, sizeof expected, "libiscsi[1]: %s", shown);
  CHECK_STR (debugged, expected);
  debug_session ("%s", evil);
  CHECK_STR (debugged, shown);
  debug_scsi ("%s", evil);
  CHECK_STR (debugged, shown);
}

/* What is written to standard error while it is ‘fd’. */
static void
notice (int fd)
{
  const int saved = dup (STDERR_FILENO);

  logged[0] = '\0';
  dup2 (fd, STDERR_FILENO);
  log_notice ("back after %d s", 5);
  dup2 (saved, STDERR_FILENO);
  close (saved);
}

static void
test_notice (void)
{
  const int null = open ("/dev/null", O_WRONLY);
  char line[128] = "";
  int fds[2];

  CHECK_INT (pipe (fds), 0);
  notice (fds[1]);
  CHECK (read (fds[0], line, sizeof line - 1) > 0);
  CHECK_STR (line, "nbdkit: iscsi: back after 5 s\n");
  CHECK_STR (logged, "");

  /* A server in the background. */
  notice (null);
  CHECK_STR (logged, "iscsi: back after 5 s");
  close (fds[0]);
  close (fds[1]);
  close (null);

  CHECK_STR (errors, "");
  log_event ("lost %d", 6);
  CHECK_STR (errors, "lost 6");
}

int
main (void)
{
  test_flags ();
  test_pdu ();
  test_clean ();
  test_notice ();
  return check_summary ();
}
