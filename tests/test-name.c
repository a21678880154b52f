/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "name.h"

static const struct { const char *text; bool clean; } texts[] = {
  { "", true }, { "a b", true }, { "iqn.x:y/z", true }, { "~", true },
  { "\xc3\xa4", true }, { "\xe2\x82\xac", true }, { "\xf0\x9f\x92\xbe", true },
  { "\xc2\xa0", true }, { "\xef\xbf\xbd", true }, { "\xf4\x8f\xbf\xbf", true },

  /* C0, DEL, C1. */
  { "\001", false }, { "a\n", false }, { "\033[2J", false },
  { "\x7f", false }, { "\xc2\x80", false }, { "\xc2\x9b", false },
  { "\xc2\x9f", false },

  /* Not well formed: a byte alone, cut, too long, surrogate, too large. */
  { "\x80", false }, { "\xe4", false }, { "a\xc3", false },
  { "\xc3z", false }, { "\xe2\x82", false }, { "\xf0\x9f\x92", false },
  { "\xc0\xaf", false }, { "\xc1\xbf", false }, { "\xe0\x80\xaf", false },
  { "\xf0\x80\x80\xaf", false }, { "\xed\xa0\x80", false },
  { "\xf4\x90\x80\x80", false }, { "\xf8\x88\x80\x80\x80", false },
  { "\xff", false },
};

static const struct { const char *name; bool type, proper; } names[] = {
  { "iqn.2001-04.com.example:storage.disk2", true, true },
  { "iqn.x", true, true },
  { "iqn.\xc3\xa4", true, true },
  { "eui.02004567A425678D", true, true },
  { "naa.52004567ba64678d", true, true },
  { "iqn.1993-08.org.debian:01:my_host", true, false },
  { "iqn.1991-05.com.microsoft:HOST", true, false },
  { "IQN.x", true, false },
  { "iqn.x/y", true, false },
  { "naa.x", true, false },
  { "eui.", false, false },
  { "iqn", false, false },
  { "disk1", false, false },
  { "", false, false },
};

/* Every character that UTF-8 can have comes back as one that is clean or is
 * a control character.
 */
static void
test_every_char (void)
{
  uint32_t c;
  char s[5];

  for (c = 1; c <= 0x10ffff; c++) {
    const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    const bool surrogate = c >= 0xd800 && c <= 0xdfff;
    size_t n = 0;

    if (c < 0x80)
      s[n++] = (char) c;
    else if (c < 0x800)
      s[n++] = (char) (0xc0 | c >> 6);
    else if (c < 0x10000) {
      s[n++] = (char) (0xe0 | c >> 12);
      s[n++] = (char) (0x80 | (c >> 6 & 0x3f));
    }
    else {
      s[n++] = (char) (0xf0 | c >> 18);
      s[n++] = (char) (0x80 | (c >> 12 & 0x3f));
      s[n++] = (char) (0x80 | (c >> 6 & 0x3f));
    }
    if (c >= 0x80)
      s[n++] = (char) (0x80 | (c & 0x3f));
    s[n] = '\0';
    if (text_is_clean (s) != (!control && !surrogate)) {
      printf ("U+%04X\n", (unsigned) c);
      CHECK (false);
    }
  }
}

static void
test_clean (void)
{
  char out[8];

  CHECK_STR (text_clean ("", out, sizeof out), "");
  CHECK_STR (text_clean ("a\xc3\xa4", out, sizeof out), "a\xc3\xa4");
  CHECK_STR (text_clean ("\033[J\n", out, sizeof out), "?[J?");
  CHECK_STR (text_clean ("\xc2\x9b\xff", out, sizeof out), "???");
  /* Cut, but not in the middle of a character. */
  CHECK_STR (text_clean ("12345678", out, sizeof out), "1234567");
  CHECK_STR (text_clean ("123456\xc3\xa4", out, sizeof out), "123456");
}

int
main (void)
{
  size_t i;

  for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    check_row = texts[i].text;
    CHECK_INT (text_is_clean (texts[i].text), texts[i].clean);
  }
  for (i = 0; i < sizeof names / sizeof names[0]; i++) {
    check_row = names[i].name;
    CHECK_INT (name_has_type (names[i].name), names[i].type);
    CHECK_INT (name_is_proper (names[i].name), names[i].proper);
  }
  check_row = NULL;
  test_every_char ();
  test_clean ();
  return check_summary ();
}
