/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "name.h"

/* One character of UTF-8, and how many bytes it has.  0: it is not well
 * formed: cut, longer than need be, a surrogate, or beyond U+10FFFF.
 */
static size_t
utf8_char (const unsigned char *s, uint32_t *c)
{
  static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
  const size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2
    : s[0] < 0xf0 ? 3 : s[0] < 0xf8 ? 4 : 0;
  size_t i;

  if (len == 0)
    return 0;
  *c = len == 1 ? s[0] : s[0] & (0x7f >> len);
  for (i = 1; i < len; i++) {
    if ((s[i] & 0xc0) != 0x80)  /* the NUL at the end too */
      return 0;
    *c = *c << 6 | (s[i] & 0x3f);
  }
  if (*c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
    return 0;
  return len;
}

/* The same, of one that is clean. */
static size_t
clean_char (const unsigned char *s)
{
  uint32_t c;
  const size_t n = utf8_char (s, &c);

  return n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) ? 0 : n;
}

bool
text_is_clean (const char *str)
{
  const unsigned char *s = (const unsigned char *) str;
  size_t n;

  for (; *s; s += n) {
    n = clean_char (s);
    if (n == 0)
      return false;
  }
  return true;
}

const char *
text_clean (const char *str, char *out, size_t len)
{
  const unsigned char *s = (const unsigned char *) str;
  size_t n, at = 0;

  for (; *s; s += n) {
    const size_t good = clean_char (s);

    n = good ? good : 1;
    if (at + n >= len)
      break;
    if (good)
      memcpy (out + at, s, n);
    else
      out[at] = '?';
    at += n;
  }
  out[at] = '\0';
  return out;
}

bool
name_has_type (const char *name)
{
  return (strncasecmp (name, "iqn.", 4) == 0 ||
          strncasecmp (name, "eui.", 4) == 0 ||
          strncasecmp (name, "naa.", 4) == 0) && name[4] != '\0';
}

static bool
all_ascii_of (const char *s, const char *allowed)
{
  for (; *s; s++)
    if ((unsigned char) *s < 0x80 && strchr (allowed, *s) == NULL)
      return false;
  return true;
}

bool
name_is_proper (const char *name)
{
  if (!name_has_type (name))
    return false;
  if (strncmp (name, "iqn.", 4) == 0)
    return all_ascii_of (name, "abcdefghijklmnopqrstuvwxyz0123456789-.:");
  return (strncmp (name, "eui.", 4) == 0 || strncmp (name, "naa.", 4) == 0) &&
    strspn (name + 4, "0123456789abcdefABCDEF") == strlen (name + 4);
}
