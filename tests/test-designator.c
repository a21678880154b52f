/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <string.h>

#include "check.h"
#include "designator.h"

static const struct {
  const char *bytes;            /* the kind, and what follows it */
  size_t len;
  const char *text;
} rows[] = {
#define ROW(bytes, text) { bytes, sizeof bytes - 1, text }
  ROW ("\x03\x60\x01\x40\x50\x00\x00\x00\x0a", "naa.600140500000000a"),
  ROW ("\x02\x00\x25\x38\x5b\xff\xff\x00\x01", "eui.0025385bffff0001"),
  ROW ("\x01" "ACME    disk 1", "t10.ACME    disk 1"),
  ROW ("\x01" "ACME    1\0\0\0\0", "t10.ACME    1"),
  ROW ("\x01" "ACME  \x80%\n/", "t10.ACME  %80%25%0a/"),
  ROW ("\x80" "SN 12", "serial.SN 12"),
  ROW ("\x08" "naa.600140500000000a", "naa.600140500000000a"),
  ROW ("\x08" "iqn.2001-04.com.example:a,L,0x0001",
       "iqn.2001-04.com.example:a,L,0x0001"),
  ROW ("\x80" "\xc3\xa4", "serial.%c3%a4"),

  /* None, or nothing in it, or of a kind that is none. */
  ROW ("", ""), ROW ("\x03", ""), ROW ("\x01\0\0", ""), ROW ("\x80  ", ""),
  ROW ("\x08" "something", ""), ROW ("\x08" "naa.", ""),
  ROW ("\x04\0\0\0\1", ""), ROW ("\xff" "abc", ""),
};

static void
test_text (void)
{
  char buf[DESIGNATOR_LEN];
  struct identity id;
  size_t i;

  for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    check_row = rows[i].text;
    memset (&id, 0xee, sizeof id);
    id.len = rows[i].len;
    memcpy (id.bytes, rows[i].bytes, rows[i].len);
    CHECK_STR (designator_text (&id, buf), rows[i].text);
    CHECK_INT (designator_page (buf),
               *buf == '\0' ? 0 : strncmp (buf, "serial.", 7) ? 0x83 : 0x80);
  }
  check_row = NULL;

  /* The longest. */
  memset (&id, 0xff, sizeof id);
  id.len = IDENTITY_MAX;
  id.bytes[0] = 0x80;
  designator_text (&id, buf);
  CHECK_UINT (strlen (buf), 7 + 3 * 255);
}

static const struct {
  const char *a, *b;
  bool same;
} pairs[] = {
  { "naa.6001405a", "naa.6001405a", true },
  { "naa.6001405a", "NAA.6001405A", true },
  { "naa.6001405a", "naa.6001405b", false },
  { "naa.6001405a", "naa.6001405a0", false },
  { "naa.6001405a", "eui.6001405a", false },
  { "iqn.x:a", "iqn.x:A", true },
  { "t10.ACME a", "T10.ACME a", true },
  { "t10.ACME a", "t10.ACME A", false },
  { "serial.1", "serial.1", true },
  { "serial.1", "t10.1", false },
  { "", "", false }, { "naa.", "naa.", false }, { "x", "x", false },
};

static void
test_same (void)
{
  size_t i;

  for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    check_row = pairs[i].a;
    CHECK_INT (designator_same (pairs[i].a, pairs[i].b), pairs[i].same);
    CHECK_INT (designator_same (pairs[i].b, pairs[i].a), pairs[i].same);
  }
  check_row = NULL;
  CHECK (designator_is_unique ("naa.6"));
  CHECK (designator_is_unique ("EUI.6"));
  CHECK (designator_is_unique ("iqn.x"));
  CHECK (!designator_is_unique ("t10.x"));
  CHECK (!designator_is_unique ("serial.x"));
  CHECK (!designator_is_unique ("x"));
}

/* A page of a port's designator, and three of the LUN. */
static const uint8_t page_83[] =
  "\0\x83\0\x25"
  "\x01\x93\0\x08" "\x50\0\0\0\0\0\0\1"
  "\x02\x01\0\x05" "ACME1"
  "\x01\x03\0\x08" "\x60\0\0\0\0\0\0\2"
  "\x02\x00\0\x01" "v";

static void
test_page (void)
{
  const uint8_t page_80[] = "\0\x80\0\4SN 1";
  const size_t len = sizeof page_83 - 1;

  CHECK (designator_in_page (page_83, len, "naa.6000000000000002"));
  CHECK (designator_in_page (page_83, len, "t10.ACME1"));
  CHECK (!designator_in_page (page_83, len, "naa.5000000000000001"));
  CHECK (!designator_in_page (page_83, len, "t10.ACME"));
  CHECK (!designator_in_page (page_83, len, "serial.ACME1"));
  CHECK (!designator_in_page (page_83, len, ""));
  /* Cut off. */
  CHECK (!designator_in_page (page_83, 32, "naa.6000000000000002"));
  CHECK (designator_in_page (page_83, 37, "naa.6000000000000002"));

  CHECK (designator_in_page (page_80, sizeof page_80 - 1, "serial.SN 1"));
  CHECK (!designator_in_page (page_80, sizeof page_80 - 1, "serial.SN"));
  CHECK (!designator_in_page (page_80, sizeof page_80 - 1, "t10.SN 1"));
  CHECK (!designator_in_page (page_80, 0, "serial.SN 1"));
}

int
main (void)
{
  test_text ();
  test_same ();
  test_page ();
  return check_summary ();
}
