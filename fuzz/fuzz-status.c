/* SPDX-License-Identifier: BSD-3-Clause */

/* status_write: whatever the names, a monitor can read the text. */

#include <config.h>

#include "fuzz.h"
#include "status.h"

/* A piece of the input, which ends as a name does: at its first zero. */
static void
take_name (struct input *in, char *name, size_t size)
{
  size_t i;
  char c;

  for (i = 0; i + 1 < size && in->size > 0; ++i) {
    c = (char) input_number (in, 1);
    name[i] = c;
    if (c == '\0')
      break;
  }
  name[i] = '\0';
}

static void
fill (struct input *in, struct status_report *s)
{
  char target[URL_MAX_NAME + 1];
  struct status_lun *lun;
  struct status_session *session;
  struct status_path *path;
  struct status_portal *portal;

  take_name (in, target, sizeof target);
  lun = status_lun (s, target, (int) input_number (in, 2));
  session = status_session (s, target);
  path = status_path (s, target);
  portal = status_portal (s, target);
  REQUIRE (lun && session && path && portal);
  lun->stall = input_number (in, 8);
  session->state = path->state = "active";
  session->group = path->port_group = (int) input_number (in, 2) - 1;
  session->up = input_number (in, 1);
  session->age = input_number (in, 8);
  take_name (in, session->portal, sizeof session->portal);
  take_name (in, session->why, sizeof session->why);
  take_name (in, path->portal, sizeof path->portal);
  take_name (in, portal->portal, sizeof portal->portal);
}

/* Behind a ‘"’: the value of a label, to the next one that is not escaped. */
static const char *
skip_value (const char *p)
{
  for (; *p != '"'; ++p) {
    REQUIRE (*p != '\0' && *p != '\n');
    if (*p == '\\') {
      ++p;
      REQUIRE (*p == '\\' || *p == '"' || *p == 'n');
    }
  }
  return p + 1;
}

/* NAME{LABEL="VALUE",...} NUMBER, or NAME NUMBER. */
static const char *
skip_sample (const char *p)
{
  const char *const word = "abcdefghijklmnopqrstuvwxyz_";
  size_t n = strspn (p, word);

  REQUIRE (n > 0);
  p += n;
  if (*p == '{')
    do {
      n = strspn (++p, word);
      REQUIRE (n > 0 && p[n] == '=' && p[n + 1] == '"');
      p = skip_value (p + n + 2);
    } while (*p == ',');
  if (*p == '}')
    ++p;
  REQUIRE (*p == ' ');
  n = strspn (++p, "0123456789.");
  REQUIRE (n > 0 && p[n] == '\n');
  return p + n + 1;
}

static const char *
skip_comment (const char *p)
{
  for (; *p != '\n'; ++p)
    REQUIRE (*p >= ' ' && *p <= '~');
  return p + 1;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input in = { data, size };
  struct status_report s = { .now = 1000 };
  unsigned rows = 0;
  size_t len;
  const char *p;
  char *text;
  FILE *fp;

  while (in.size > 0 && rows++ < 16)
    fill (&in, &s);
  fp = open_memstream (&text, &len);
  REQUIRE (fp != NULL);
  status_write (&s, "1.0", fp);
  REQUIRE (fclose (fp) == 0 && strlen (text) == len);
  for (p = text; *p != '\0'; )
    p = *p == '#' ? skip_comment (p) : skip_sample (p);
  free (text);
  status_free (&s);
  return 0;
}
