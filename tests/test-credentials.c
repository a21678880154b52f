/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "credentials.h"

/* Whatever a table below has for a password. */
#define SECRET "s3cret"

static struct credential_lines *
parse (const char *text, size_t len, struct error *err)
{
  /* On the heap, without a NUL, so that a sanitizer sees what is read beyond
   * it.
   */
  char *copy = malloc (len ? len : 1);
  struct credential_lines *lines;

  if (copy == NULL)
    abort ();
  memcpy (copy, text, len);
  lines = credential_lines_parse (copy, len, "FILE", err);
  free (copy);
  return lines;
}

static const char *
or_dash (const char *s)
{
  return s ? s : "-";
}

static const struct {
  const char *text, *target;
  const char *expected;         /* user|password|...|origin; NULL: no line */
} good[] = {
  { "#", "iqn.x", NULL },
  { "\n\r\n  \n\t\r\n#\r\n", "iqn.x", NULL },
  { "iqn.x bob pw", "iqn.x", "bob|pw|-|-|line 1 of FILE|-" },
  { "iqn.x bob pw\n", "iqn.x", "bob|pw|-|-|line 1 of FILE|-" },
  { "iqn.x bob pw\n", "iqn.xy", NULL },
  { "iqn.x bob pw\n", "iqn.", NULL },
  { "iqn.x bob pw t tp\n", "iqn.x",
    "bob|pw|t|tp|line 1 of FILE|line 1 of FILE" },
  { "iqn.x\n", "iqn.x", "-|-|-|-|-|-" },

  /* Comments are whole lines: a password may have a '#'. */
  { "# iqn.x bob pw\n  #x\niqn.x a #b\n", "iqn.x",
    "a|#b|-|-|line 3 of FILE|-" },

  /* Blanks, CR LF, and the byte order mark. */
  { "  iqn.x\t bob \t pw  \t\n", "iqn.x", "bob|pw|-|-|line 1 of FILE|-" },
  { "iqn.x bob pw \r\n\r\niqn.y a b\r\n", "iqn.x",
    "bob|pw|-|-|line 1 of FILE|-" },
  { "iqn.x bob pw \r\n\r\niqn.y a b\r\n", "iqn.y",
    "a|b|-|-|line 3 of FILE|-" },
  { "iqn.x bob pw\r", "iqn.x", "bob|pw|-|-|line 1 of FILE|-" },
  { "\xef\xbb\xbfiqn.x bob pw", "iqn.x", "bob|pw|-|-|line 1 of FILE|-" },

  /* Quotes. */
  { "iqn.x \"b b\" \"p w \"\n", "iqn.x", "b b|p w |-|-|line 1 of FILE|-" },
  { "\"iqn.x\" bob \"a\\\"b\\\\c\\d#\"\n", "iqn.x",
    "bob|a\"b\\c\\d#|-|-|line 1 of FILE|-" },
  { "iqn.x bob p\"w\\n\n", "iqn.x", "bob|p\"w\\n|-|-|line 1 of FILE|-" },

  /* Patterns: the first that matches. */
  { "iqn.* a b\niqn.x c d\n", "iqn.x", "a|b|-|-|line 1 of FILE|-" },
  { "iqn.y a b\niqn.?\n* c d\n", "iqn.x", "-|-|-|-|-|-" },
  { "iqn.y a b\n* c d\n", "any/thing", "c|d|-|-|line 2 of FILE|-" },
  { "iqn.[a-c] a b\n", "iqn.b", "a|b|-|-|line 1 of FILE|-" },
  { "iqn.X:Disk a b\n", "IQN.x:disk", "a|b|-|-|line 1 of FILE|-" },
  { "portal:* a b\n", "iqn.x", NULL },
  { "portal:* a b\n", "portal:x", NULL },
};

static void
check_found (const struct chap *c, const char *expected)
{
  char got[256];

  CHECK ((c == NULL) == (expected == NULL));
  if (c == NULL || expected == NULL)
    return;
  snprintf (got, sizeof got, "%s|%s|%s|%s|%s|%s", or_dash (c->user),
            or_dash (c->password), or_dash (c->target_user),
            or_dash (c->target_password), or_dash (c->origin),
            or_dash (c->target_origin));
  CHECK_STR (got, expected);
}

static void
test_good (void)
{
  struct credential_lines *lines;
  struct error err = { 0 };
  struct chap copy;
  size_t i;

  for (i = 0; i < sizeof good / sizeof good[0]; i++) {
    const struct chap *c;

    check_row = good[i].text;
    lines = parse (good[i].text, strlen (good[i].text), &err);
    CHECK_STR (err.msg, "");
    if (lines == NULL)
      continue;
    c = credential_lines_target (lines, good[i].target);
    check_found (c, good[i].expected);
    if (c) {
      CHECK_INT (chap_copy (c, &copy, &err), 0);
      credential_lines_free (lines);
      check_found (&copy, good[i].expected);
      chap_free (&copy);
      CHECK (copy.user == NULL && copy.password == NULL);
    }
    else
      credential_lines_free (lines);
  }
  check_row = NULL;
}

static const struct { const char *pattern, *portal; bool found; } portals[] = {
  { "portal:*", "192.0.2.1:3260", true },
  { "portal:192.0.2.1:3260", "192.0.2.1:3260", true },
  { "portal:192.0.2.1:3260", "192.0.2.1:3261", false },
  { "portal:192.0.2.*", "192.0.2.1:3260", true },
  { "portal:[2001:db8::1]:3260", "[2001:db8::1]:3260", true },
  { "portal:[2001:DB8::1]:3260", "[2001:db8::1]:3260", true },
  { "portal:storage.example.com", "Storage.example.com", true },
  { "192.0.2.1:3260", "192.0.2.1:3260", false },
  { "*", "192.0.2.1:3260", false },
};

static void
test_portals (void)
{
  struct credential_lines *lines;
  struct error err;
  char text[64];
  size_t i;

  for (i = 0; i < sizeof portals / sizeof portals[0]; i++) {
    check_row = portals[i].pattern;
    snprintf (text, sizeof text, "%s a b\n", portals[i].pattern);
    lines = parse (text, strlen (text), &err);
    CHECK_INT (credential_lines_portal (lines, portals[i].portal) != NULL,
               portals[i].found);
    credential_lines_free (lines);
  }
  check_row = NULL;
}

static const struct { const char *text, *sentence; } bad[] = {
  { "", "FILE is empty" },
  { "\xef\xbb\xbf", "FILE is empty" },
  { "\n\r\n  \n\t\r\n", "FILE is empty" },
  { "iqn.x bob\n", "FILE: line 1: there is a user without a password" },
  { "iqn.x bob " SECRET " t\n",
    "FILE: line 1: there is a target user without a target password" },
  { "\n#\r\niqn.x a b c d " SECRET "\n", "FILE: line 3: there are more than "
    "five fields" },
  { "iqn.x bob \"" SECRET "\n", "FILE: line 1: there is a '\"' that no other" },
  { "iqn.x bob \"" SECRET "\\\"\n", "FILE: line 1: there is a '\"' that no " },
  { "iqn.x bob \"" SECRET "\"x\n", "FILE: line 1: after the '\"' that ends" },
  { "iqn.x bob \"\"\n", "FILE: line 1: a field is empty" },
  { "iqn.x bob \"", "FILE: line 1: there is a '\"' that no other" },
  { "iqn.y a b\niqn.x bob " SECRET " t " SECRET "\n",
    "FILE: line 2: the target's password must not be that of the user" },
};

static void
check_bad (const char *text, size_t len, const char *sentence)
{
  struct error err = { 0 };

  CHECK (parse (text, len, &err) == NULL);
  CHECK_INT (err.err, EINVAL);
  CHECK_CONTAINS (err.msg, sentence);
  CHECK_LACKS (err.msg, SECRET);
}

static void
test_bad (void)
{
  char text[300];
  size_t i;

  for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    check_row = bad[i].text;
    check_bad (bad[i].text, strlen (bad[i].text), bad[i].sentence);
  }
  check_row = NULL;

  check_bad ("x\niqn.x bob p\0w\n", 16, "FILE: line 2: there is a NUL");

  memset (text, 'x', sizeof text);
  check_bad (text, 256, "FILE: line 1: a field is longer than 255 bytes");
  credential_lines_free (parse (text, 255, &(struct error) { 0 }));
}

/* Cut and changed at every place: parsed or refused, and nothing is read or
 * leaked beyond it.
 */
static void
test_damage (void)
{
  static const char whole[] =
    "# c\r\niqn.x \"a \\\"b\" p\\w t \"u v\" \r\nportal:[::1] a b\n";
  static const char changes[] = "\"\\ \t\r\n#\0x";
  size_t i, j, parsed = 0, refused = 0;

  for (i = 0; i < sizeof whole - 1; i++)
    for (j = 0; j < sizeof changes; j++) {
      char text[sizeof whole];
      struct error err = { 0 };
      struct credential_lines *lines;

      memcpy (text, whole, sizeof whole);
      text[i] = changes[j];
      lines = parse (text, j == 0 ? i : sizeof whole - 1, &err);
      if (lines) {
        parsed++;
        credential_lines_target (lines, "iqn.x");
        credential_lines_portal (lines, "[::1]");
      }
      else {
        refused++;
        CHECK_INT (err.err, EINVAL);
      }
      credential_lines_free (lines);
    }
  CHECK (parsed > 50);
  CHECK (refused > 50);
  credential_lines_free (NULL);
}

int
main (void)
{
  test_good ();
  test_portals ();
  test_bad ();
  test_damage ();
  return check_summary ();
}
