/* SPDX-License-Identifier: BSD-3-Clause */

/* Unknown keys, and which of a help text they are taken for. */

#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "nearest.h"

static const char help[] =
  "[url=]<URL>  (required) not=this\n"
  "user=<USER>  a user\n"
  "             continued=not\n"
  "password=<PASSWORD>\n"
  "target-user=<USER>\n"
  "target-password=<PASSWORD>\n"
  "initiator-name=<NAME>\n"
  "portal=<HOST[:PORT]>|auto\n"
  "sessions=<N>\n"
  "timeout=<TIME>\n"
  "login-timeout=<TIME>\n"
  "noop-interval=<TIME>\n"
  "noop-timeout=<TIME>\n"
  "TIME is a time.\n"
  "last=";

static const struct {
  const char *word;
  const char *nearest;          /* NULL: none */
} rows[] = {
  /* One letter wrong, too many, too few, or two swapped. */
  { "uri", "url" }, { "ur", "url" }, { "urll", "url" }, { "ulr", "url" },
  { "usr", "user" }, { "sessoin", "sessions" }, { "session", "sessions" },
  { "timeouts", "timeout" }, { "lats", "last" },
  /* Two, in a long key. */
  { "passwd", "password" }, { "lgin-timeot", "login-timeout" },
  /* Another convention. */
  { "URL", "url" }, { "target_user", "target-user" },
  { "Login_Timeout", "login-timeout" }, { "loginTimeout", "login-timeout" },
  /* An abbreviation, or something behind it. */
  { "pass", "password" }, { "initiator", "initiator-name" },
  { "port", "portal" }, { "login", "login-timeout" },
  { "time", "timeout" }, { "username", "user" },
  { "password-file", "password" },
  /* Too far away, or of two the one as near as the other. */
  { "", NULL }, { "x", NULL }, { "lun", NULL }, { "foo", NULL },
  { "us", NULL }, { "host", NULL }, { "target", NULL }, { "noop", NULL },
  { "digest", NULL }, { "not", NULL }, { "[url", "url" },
  { "continued", NULL }, { "\xff\xfe", NULL }, { "-", NULL },
  { "passwordpasswordpasswordpassword", "password" },
  { "passwordpasswordpasswordpasswordp", NULL }, /* 33 letters */
};

int
main (void)
{
  size_t i;

  for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t len = 0;
    const char *key = nearest_key (help, rows[i].word, &len);
    char *found = key ? strndup (key, len) : strdup ("none");

    check_row = rows[i].word;
    CHECK_STR (found, rows[i].nearest ? rows[i].nearest : "none");
    free (found);
  }
  check_row = NULL;
  return check_summary ();
}
