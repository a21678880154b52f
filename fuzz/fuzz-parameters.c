/* SPDX-License-Identifier: BSD-3-Clause */

/* A command line, one key=value each line.  The first line that is refused
 * ends it, as in nbdkit.
 */

#include <config.h>

#include <limits.h>
#include <stdarg.h>

#include <nbdkit-plugin.h>

#include "fuzz.h"
#include "parameters.h"

/* nbdkit-plugin.h says so only to nbdkit's own sources. */
extern void nbdkit_verror (const char *fs, va_list args)
  __attribute__ ((__format__ (__printf__, 1, 0)));
extern void nbdkit_vdebug (const char *fs, va_list args)
  __attribute__ ((__format__ (__printf__, 1, 0)));
extern char *nbdkit_absolute_path (const char *path);
extern void nbdkit_error (const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 1, 2)));
extern void nbdkit_debug (const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 1, 2)));

static unsigned errors;
static char message[4096];      /* the last one */

static void format (const char *fs, va_list args)
  __attribute__ ((__format__ (__printf__, 1, 0)));

static void
format (const char *fs, va_list args)
{
  REQUIRE (vsnprintf (message, sizeof message, fs, args) > 0);
}

void
nbdkit_error (const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  format (fs, args);
  va_end (args);
  errors += strncmp (message, "warning: ", 9) != 0;
}

void
nbdkit_debug (const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  format (fs, args);
  va_end (args);
}

void
nbdkit_verror (const char *fs, va_list args)
{
  format (fs, args);
}

void
nbdkit_vdebug (const char *fs, va_list args)
{
  format (fs, args);
}

/* No file of the machine is read. */
char *
nbdkit_absolute_path (const char *path)
{
  (void) path;
  return strdup ("/nowhere/credentials");
}

/* Never from a file here. */
int
nbdkit_read_password (const char *value, char **password)
{
  *password = strdup (value);
  return *password ? 0 : -1;
}

int
nbdkit_parse_bool (const char *str)
{
  if (strcmp (str, "true") == 0 || strcmp (str, "false") == 0)
    return *str == 't';
  nbdkit_error ("not a boolean");
  return -1;
}

int
nbdkit_parse_unsigned (const char *what, const char *str, unsigned *r)
{
  char *end;
  unsigned long n = strtoul (str, &end, 10);

  if (end == str || *end || n > UINT_MAX) {
    nbdkit_error ("%s: not a number", what);
    return -1;
  }
  *r = (unsigned) n;
  return 0;
}

static int
set_all (struct settings *p, char *lines)
{
  char *line, *value;

  while ((line = strsep (&lines, "\n")) != NULL) {
    value = strchr (line, '=');
    if (value == NULL)
      continue;
    *value++ = '\0';
    if (parameters_set (p, line, value) == -1)
      return -1;
  }
  return parameters_complete (p);
}

static void
require_settings (const struct settings *p)
{
  REQUIRE (p->url.host != NULL && p->initiator_name != NULL);
  REQUIRE (strlen (p->initiator_name) <= URL_MAX_NAME);
  require_line (p->initiator_name);
  REQUIRE (p->header_digest != DIGEST_UNSET);
  REQUIRE (p->data_digest != DIGEST_UNSET);
  REQUIRE (p->nr_portals <= MAX_PORTALS);
  REQUIRE (p->sessions >= 1 && p->sessions <= MAX_SESSIONS);
  REQUIRE (p->timeout_ms > 0 && p->login_timeout_ms > 0);
  REQUIRE (p->timeout_ms <= 24 * 60 * 60 * 1000);
  REQUIRE (!p->url.password || p->url.user);
  REQUIRE (!p->url.target_password || p->url.target_user);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char *lines = input_string (&(struct input) { data, size });
  struct settings p;

  errors = 0;
  parameters_init (&p);
  if (set_all (&p, lines) == -1)
    REQUIRE (errors == 1);
  else {
    REQUIRE (errors == 0);
    require_settings (&p);
  }
  parameters_free (&p);
  free (lines);
  return 0;
}
