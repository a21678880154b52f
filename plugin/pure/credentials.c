/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credentials.h"
#include "filter.h"
#include "secret.h"
#include "url.h"

#define PORTAL "portal:"

/* Of a line: target, user, password, target user, target password. */
#define MAX_FIELDS 5

struct line {
  char *pattern;
  struct chap chap;             /* owns its origins */
};

/* Patterns, users and passwords are where they stood in the file. */
struct credential_lines {
  char *text;
  struct line *lines;
  size_t n;
};

/* Where the parser is.  ‘end’ is that of the line, without CR LF. */
struct cursor {
  char *p, *end;
  const char *name;             /* of the file */
  unsigned number;              /* of the line, from 1 */
};

static int
out_of_memory (struct error *err)
{
  return error_set (err, ENOMEM, "out of memory");
}

static bool
copy_string (const char *from, char **to)
{
  *to = from ? strdup (from) : NULL;
  return from == NULL || *to != NULL;
}

static bool
copy_secret (const char *from, char **to)
{
  *to = from ? secret_copy (from, strlen (from)) : NULL;
  return from == NULL || *to != NULL;
}

int
chap_copy (const struct chap *from, struct chap *to, struct error *err)
{
  *to = (struct chap) { 0 };
  if (copy_secret (from->user, &to->user) &&
      copy_secret (from->password, &to->password) &&
      copy_secret (from->target_user, &to->target_user) &&
      copy_secret (from->target_password, &to->target_password) &&
      copy_string (from->origin, &to->origin) &&
      copy_string (from->target_origin, &to->target_origin))
    return 0;
  chap_free (to);
  return out_of_memory (err);
}

void
chap_free (struct chap *chap)
{
  secret_free (chap->user);
  secret_free (chap->password);
  secret_free (chap->target_user);
  secret_free (chap->target_password);
  free (chap->origin);
  free (chap->target_origin);
  *chap = (struct chap) { 0 };
}

static bool
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

static void
skip_blanks (struct cursor *at)
{
  while (at->p < at->end && is_blank (*at->p))
    at->p++;
}

static int
line_error (const struct cursor *at, const char *what, struct error *err)
{
  return error_set (err, EINVAL, "%s: line %u: %s", at->name, at->number,
                    what);
}

/* Where it stands; the NUL takes the place of what ends it. */
static int
read_field (struct cursor *at, char **field, struct error *err)
{
  const bool quoted = *at->p == '"';
  size_t n = 0;
  bool closed = false;
  char *out = at->p;

  *field = out;
  for (at->p += quoted; at->p < at->end && !closed; at->p++) {
    if (quoted ? *at->p == '"' : is_blank (*at->p)) {
      closed = true;
      continue;
    }
    if (quoted && *at->p == '\\' && at->end - at->p > 1 &&
        (at->p[1] == '"' || at->p[1] == '\\'))
      at->p++;
    out[n++] = *at->p;
  }
  out[n] = '\0';

  if (quoted && !closed)
    return line_error (at, "there is a '\"' that no other one ends", err);
  if (quoted && at->p < at->end && !is_blank (*at->p))
    return line_error (at, "after the '\"' that ends a field a blank must "
                       "follow: a '\"' in it is written \\\"", err);
  if (n == 0)
    return line_error (at, "a field is empty", err);
  if (n > URL_MAX_CHAP)
    return line_error (at, "a field is longer than 255 bytes", err);
  return 0;
}

static int
check_line (const struct cursor *at, char *const fields[MAX_FIELDS],
            size_t n, struct error *err)
{
  if (n == 2)
    return line_error (at, "there is a user without a password", err);
  if (n == 4)
    return line_error (at, "there is a target user without a target password",
                       err);
  if (n == 5 && strcmp (fields[2], fields[4]) == 0)
    return line_error (at, "the target's password must not be that of the "
                       "user, or whoever asks for the one could answer with "
                       "it for the other", err);
  return 0;
}

static int
add_line (struct credential_lines *lines, const struct cursor *at,
          char *const fields[MAX_FIELDS], struct error *err)
{
  struct line *more = realloc (lines->lines,
                               (lines->n + 1) * sizeof *more);
  struct line *line;
  char origin[256];

  if (more == NULL)
    return out_of_memory (err);
  lines->lines = more;
  line = &more[lines->n];
  *line = (struct line) { .pattern = fields[0] };
  snprintf (origin, sizeof origin, "line %u of %s", at->number, at->name);
  if (!copy_string (fields[1] ? origin : NULL, &line->chap.origin) ||
      !copy_string (fields[3] ? origin : NULL, &line->chap.target_origin)) {
    free (line->chap.origin);
    return out_of_memory (err);
  }
  line->chap.user = fields[1];
  line->chap.password = fields[2];
  line->chap.target_user = fields[3];
  line->chap.target_password = fields[4];
  lines->n++;
  return 0;
}

static int
parse_line (struct credential_lines *lines, struct cursor *at,
            struct error *err)
{
  char *fields[MAX_FIELDS] = { NULL };
  size_t n = 0;
  int r = 0;

  for (skip_blanks (at); r == 0 && at->p < at->end; skip_blanks (at)) {
    if (n == 0 && *at->p == '#')
      return 0;
    if (n == MAX_FIELDS)
      r = line_error (at, "there are more than five fields: one that has a "
                      "blank stands between '\"'", err);
    else
      r = read_field (at, &fields[n++], err);
  }
  if (r == 0 && n > 0)
    r = check_line (at, fields, n, err);
  if (r == 0 && n > 0)
    r = add_line (lines, at, fields, err);
  return r;
}

/* An empty file is one that is just being written.  One that has comments alone
 * was meant so.
 */
static bool
is_empty (const char *text, size_t len)
{
  size_t i;

  for (i = 0; i < len; i++)
    if (!is_blank (text[i]) && text[i] != '\r' && text[i] != '\n')
      return false;
  return true;
}

const char *
credentials_skip_mark (const char *text)
{
  static const char mark[] = "\xef\xbb\xbf";
  const size_t len = sizeof mark - 1;

  return strncmp (text, mark, len) == 0 ? text + len : text;
}

static int
parse_all (struct credential_lines *lines, size_t len, const char *name,
           struct error *err)
{
  struct cursor at = { .name = name };
  char *const text = lines->text;
  const char *newline;
  size_t i = (size_t) (credentials_skip_mark (text) - text), n, next;

  if (is_empty (text + i, len - i))
    return error_set (err, EINVAL, "%s is empty: give it a line for each "
                      "target", name);
  for (; i < len; i = next) {
    newline = memchr (text + i, '\n', len - i);
    n = newline ? (size_t) (newline - text) - i : len - i;
    next = i + n + 1;
    if (n > 0 && text[i + n - 1] == '\r')
      n--;
    at.number++;
    at.p = text + i;
    at.end = text + i + n;
    if (memchr (at.p, '\0', n))
      return line_error (&at, "there is a NUL: is this a text file", err);
    if (parse_line (lines, &at, err) == -1)
      return -1;
  }
  return 0;
}

struct credential_lines *
credential_lines_parse (const char *text, size_t len, const char *name,
                        struct error *err)
{
  struct credential_lines *lines = calloc (1, sizeof *lines);

  if (lines)
    lines->text = secret_copy (text, len);
  if (lines == NULL || lines->text == NULL) {
    free (lines);
    out_of_memory (err);
    return NULL;
  }
  if (parse_all (lines, len, name, err) == -1) {
    credential_lines_free (lines);
    return NULL;
  }
  return lines;
}

static const struct chap *
find (const struct credential_lines *lines, bool portal, const char *name)
{
  const size_t prefix = strlen (PORTAL);
  const char *pattern;
  bool is_portal;
  size_t i;

  for (i = 0; i < lines->n; i++) {
    pattern = lines->lines[i].pattern;
    is_portal = strncmp (pattern, PORTAL, prefix) == 0;
    if (is_portal == portal &&
        pattern_matches (is_portal ? pattern + prefix : pattern, name))
      return &lines->lines[i].chap;
  }
  return NULL;
}

const struct chap *
credential_lines_target (const struct credential_lines *lines,
                         const char *target)
{
  return find (lines, false, target);
}

const struct chap *
credential_lines_portal (const struct credential_lines *lines,
                         const char *portal)
{
  return find (lines, true, portal);
}

void
credential_lines_free (struct credential_lines *lines)
{
  size_t i;

  if (lines == NULL)
    return;
  for (i = 0; i < lines->n; i++) {
    free (lines->lines[i].chap.origin);
    free (lines->lines[i].chap.target_origin);
  }
  secret_free (lines->text);
  free (lines->lines);
  free (lines);
}
