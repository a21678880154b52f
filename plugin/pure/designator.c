/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "designator.h"

/* The first byte of a struct identity. */
static const struct kind {
  uint8_t type;
  const char *prefix;
  uint8_t page;
  bool binary, unique;
} kinds[] = {
  { 0x3, "naa.", VPD_DESIGNATORS, true, true },
  { 0x2, "eui.", VPD_DESIGNATORS, true, true },
  { 0x1, "t10.", VPD_DESIGNATORS, false, false },
  { 0x80, "serial.", VPD_SERIAL, false, false },
  /* A SCSI name string begins as an iSCSI name does. */
  { 0x8, "iqn.", VPD_DESIGNATORS, false, true },
};

#define NR_KINDS (sizeof kinds / sizeof kinds[0])

static const struct kind *
kind_of_text (const char *text)
{
  size_t i, len;

  for (i = 0; i < NR_KINDS; ++i) {
    len = strlen (kinds[i].prefix);
    if (strncasecmp (text, kinds[i].prefix, len) == 0 && text[len] != '\0')
      return &kinds[i];
  }
  return NULL;
}

static const struct kind *
kind_of_type (uint8_t type)
{
  size_t i;

  for (i = 0; i < NR_KINDS; ++i)
    if (kinds[i].type == type)
      return &kinds[i];
  return NULL;
}

static void
print_hex (char *out, const uint8_t *bytes, size_t n)
{
  size_t i;

  for (i = 0; i < n; ++i)
    out += sprintf (out, "%02x", bytes[i]);
}

static void
print_text (char *out, const uint8_t *bytes, size_t n)
{
  size_t i;

  while (n > 0 && (bytes[n - 1] == ' ' || bytes[n - 1] == '\0'))
    n--;
  *out = '\0';
  for (i = 0; i < n; ++i)
    if (bytes[i] >= ' ' && bytes[i] < 0x7f && bytes[i] != '%')
      out += sprintf (out, "%c", bytes[i]);
    else
      out += sprintf (out, "%%%02x", bytes[i]);
}

const char *
designator_text (const struct identity *id, char buf[DESIGNATOR_LEN])
{
  const struct kind *kind = id->len > 1 ? kind_of_type (id->bytes[0]) : NULL;
  char *out = buf;

  *buf = '\0';
  if (kind == NULL)
    return buf;
  if (kind->type != 0x8)
    out = stpcpy (buf, kind->prefix);
  if (kind->binary)
    print_hex (out, &id->bytes[1], id->len - 1);
  else
    print_text (out, &id->bytes[1], id->len - 1);
  /* Nothing after the prefix, or a name string without one. */
  if (kind_of_text (buf) == NULL)
    *buf = '\0';
  return buf;
}

uint8_t
designator_page (const char *text)
{
  const struct kind *kind = kind_of_text (text);

  return kind ? kind->page : 0;
}

bool
designator_is_unique (const char *text)
{
  const struct kind *kind = kind_of_text (text);

  return kind && kind->unique;
}

bool
designator_same (const char *a, const char *b)
{
  const struct kind *kind = kind_of_text (a);

  if (kind == NULL || kind != kind_of_text (b))
    return false;
  if (kind->unique)
    return strcasecmp (a, b) == 0;
  a += strlen (kind->prefix);
  b += strlen (kind->prefix);
  return strcmp (a, b) == 0;
}

bool
designator_next (uint8_t page, const uint8_t *data, size_t len, size_t *at,
                 char buf[DESIGNATOR_LEN])
{
  struct identity id;

  if (page == VPD_SERIAL)
    return (*at)++ == 0 && parse_vpd_80 (data, len, &id) == 0 &&
      *designator_text (&id, buf) != '\0';
  while (parse_vpd_83_next (data, len, at, &id))
    if (*designator_text (&id, buf) != '\0')
      return true;
  return false;
}

bool
designator_in_page (const uint8_t *data, size_t len, const char *text)
{
  char buf[DESIGNATOR_LEN];
  size_t at = 0;

  while (designator_next (designator_page (text), data, len, &at, buf))
    if (designator_same (buf, text))
      return true;
  return false;
}
