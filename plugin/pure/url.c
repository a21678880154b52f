/* SPDX-License-Identifier: BSD-3-Clause */

/* Nothing of what the user wrote is ever put into an error message: a part
 * that is wrong may well be a piece of a password that strayed there (a
 * forgotten '@', a '/' that was not written as %2F).  Each sentence names
 * the part and shows what a right one looks like.
 */

#include <config.h>

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>

#include "name.h"
#include "secret.h"
#include "url.h"

#define MAX_HOST 253            /* RFC 1035 section 2.3.4, without the root */
#define MAX_ZONE 15             /* IFNAMSIZ, see RFC 4007 section 11 */

/* A piece of the string that is being parsed. */
struct piece {
  const char *s;
  size_t len;
};

static struct piece
piece_of (const char *s)
{
  return (struct piece) { .s = s, .len = strlen (s) };
}

static bool
piece_has (struct piece piece, char c)
{
  return piece.len > 0 && memchr (piece.s, c, piece.len) != NULL;
}

static bool
piece_is (struct piece piece, const char *s)
{
  return piece.len == strlen (s) && memcmp (piece.s, s, piece.len) == 0;
}

static void
piece_advance (struct piece *rest, size_t n)
{
  rest->s += n;
  rest->len -= n;
}

/* Take from ‘rest’ what comes before the first of ‘stops’, or all of it.
 * The stop itself stays.
 */
static struct piece
piece_take (struct piece *rest, const char *stops)
{
  struct piece taken = { .s = rest->s, .len = 0 };

  while (taken.len < rest->len && !strchr (stops, rest->s[taken.len]))
    taken.len++;
  piece_advance (rest, taken.len);
  return taken;
}

/* Skip one character, if it is next. */
static bool
piece_skip (struct piece *rest, char c)
{
  if (rest->len == 0 || rest->s[0] != c)
    return false;
  piece_advance (rest, 1);
  return true;
}

/* A decimal number and nothing else, no sign either, from 0 to max. */
static bool
piece_number (struct piece piece, unsigned max, unsigned *out)
{
  unsigned n = 0;
  size_t i;

  for (i = 0; i < piece.len; i++) {
    if (piece.s[i] < '0' || piece.s[i] > '9')
      return false;
    n = n * 10 + (piece.s[i] - '0');
    if (n > max)
      return false;
  }
  *out = n;
  return piece.len > 0;
}

static bool
all_of (struct piece piece, bool (*wanted) (unsigned char c))
{
  size_t i;

  for (i = 0; i < piece.len; i++)
    if (!wanted (piece.s[i]))
      return false;
  return true;
}

static bool
is_host_char (unsigned char c)
{
  /* The underscore is no host name's (RFC 952), but is in use. */
  return c < 0x80 && (isalnum (c) || strchr ("-._", c));
}

static int
hex_digit (char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

static int
out_of_memory (struct error *err)
{
  return error_set (err, ENOMEM, "out of memory");
}

static int
piece_dup (struct piece piece, char **out, struct error *err)
{
  *out = strndup (piece.s, piece.len);
  return *out ? 0 : out_of_memory (err);
}

/* Decode %XX (RFC 3986 section 2.1).  ‘part’ is the name for messages. */
static int
piece_decode (struct piece piece, const char *part, char **out,
              struct error *err)
{
  char *str = calloc (1, piece.len + 1);
  size_t i, n;

  if (str == NULL)
    return out_of_memory (err);

  for (i = n = 0; i < piece.len; i++, n++) {
    int high, low;

    str[n] = piece.s[i];
    if (piece.s[i] != '%')
      continue;
    high = i + 1 < piece.len ? hex_digit (piece.s[i + 1]) : -1;
    low = i + 2 < piece.len ? hex_digit (piece.s[i + 2]) : -1;
    if (high == -1 || low == -1) {
      error_set (err, EINVAL, "%s has a '%%' without two hexadecimal "
                 "digits after it: a '%%' itself is written %%25", part);
      goto fail;
    }
    str[n] = high << 4 | low;
    if (str[n] == '\0') {
      error_set (err, EINVAL, "%s must not have a %%00", part);
      goto fail;
    }
    i += 2;
  }
  *out = str;
  return 0;

 fail:
  explicit_bzero (str, piece.len);
  free (str);
  return -1;
}

/* A user or a password. */
static int
credential_parse (struct piece piece, bool literal, const char *part,
                  char **out, struct error *err)
{
  char *str;
  int r = 0;

  if (piece.len == 0)
    return error_set (err, EINVAL, "%s is empty", part);
  if ((literal ? piece_dup (piece, &str, err)
       : piece_decode (piece, part, &str, err)) == -1)
    return -1;
  if (strlen (str) > URL_MAX_CHAP)
    r = error_set (err, EINVAL, "%s is longer than %d bytes",
                   part, URL_MAX_CHAP);
  else {
    *out = secret_copy (str, strlen (str));
    if (*out == NULL)
      r = out_of_memory (err);
  }
  secret_free_string (str);
  return r;
}

static int
scheme_parse (struct piece *rest, bool *iser, struct error *err)
{
  if (strncasecmp (rest->s, "iscsi://", 8) == 0) {
    *iser = false;
    piece_advance (rest, 8);
  }
  else if (strncasecmp (rest->s, "iser://", 7) == 0) {
    *iser = true;
    piece_advance (rest, 7);
  }
  else
    return error_set (err, EINVAL, "the URL must start with iscsi:// or "
                      "iser://, as in iscsi://host:3260/target/lun");
  return 0;
}

/* Whether every '%' of the piece, and there is one, starts an escape. */
static bool
has_escapes (struct piece piece)
{
  size_t i, n = 0;

  for (i = 0; i < piece.len; i++)
    if (piece.s[i] == '%') {
      if (i + 2 >= piece.len ||
          hex_digit (piece.s[i + 1]) == -1 || hex_digit (piece.s[i + 2]) == -1)
        return false;
      n++;
    }
  return n > 0;
}

/* Whether it is libiscsi's user%password@, and not user:password@: what comes
 * first decides.  But an iSCSI name, which initiators often are known by, has
 * a ':' itself.  In user:password@ that is an escape.
 */
static bool
is_percent_form (struct piece part)
{
  struct piece after_percent = part, after_colon = part;
  const struct piece before_percent = piece_take (&after_percent, "%");
  const struct piece before_colon = piece_take (&after_colon, ":");

  if (after_percent.len > 0 && name_has_type (part.s))
    return !has_escapes (before_colon) || after_colon.len == 0;
  return before_percent.len < before_colon.len;
}

/* Take what comes before the last '@' before the first '/', if it is
 * there, and parse it.
 */
static int
user_part_parse (struct piece *rest, struct url *url, struct error *err)
{
  struct piece user, password, after = *rest;
  size_t len = piece_take (&after, "/").len;
  bool literal;

  while (len > 0 && rest->s[len - 1] != '@')
    len--;
  if (len == 0)
    return 0;
  password = (struct piece) { .s = rest->s, .len = len - 1 };
  piece_advance (rest, len);

  /* "host?target_password=a@b": the rule would take the host for a user,
   * and send half of the secret to a name server.
   */
  if (after.len == 0 && piece_has (password, '?'))
    return error_set (err, EINVAL, "a URL that has both '?' and '@' needs "
                      "a '/' after the host, as in iscsi://host/?argument");

  literal = is_percent_form (password);
  user = piece_take (&password, literal ? "%" : ":");
  if (password.len == 0)
    return credential_parse (user, true, "the user name before '@'",
                             &url->user, err);
  piece_advance (&password, 1);
  if (credential_parse (user, literal, "the user name",
                        &url->user, err) == -1 ||
      credential_parse (password, literal, "the password",
                        &url->password, err) == -1)
    return -1;
  return 0;
}

/* "[ADDRESS]" or "[ADDRESS%ZONE]", where the '%' may be written %25
 * (RFC 6874).
 */
static int
ipv6_parse (struct piece *rest, char **host, struct error *err)
{
  struct piece inside, address, zone;
  char text[INET6_ADDRSTRLEN + 1 + MAX_ZONE];
  struct in6_addr in6;

  piece_skip (rest, '[');
  inside = piece_take (rest, "]");
  if (!piece_skip (rest, ']'))
    return error_set (err, EINVAL, "the host has a '[' without a ']': an "
                      "IPv6 address is written as in [2001:db8::1]:3260");

  zone = inside;
  address = piece_take (&zone, "%");
  snprintf (text, INET6_ADDRSTRLEN, "%.*s", (int) address.len, address.s);
  if (address.len >= INET6_ADDRSTRLEN ||
      inet_pton (AF_INET6, text, &in6) != 1)
    return error_set (err, EINVAL, "the host is not an IPv6 address between "
                      "'[' and ']', as in [2001:db8::1]:3260");

  if (piece_skip (&zone, '%')) {
    if (zone.len > 2 && memcmp (zone.s, "25", 2) == 0)
      piece_advance (&zone, 2);
    if (zone.len == 0 || zone.len > MAX_ZONE || !all_of (zone, is_host_char))
      return error_set (err, EINVAL, "the zone of the IPv6 address must be "
                        "an interface, as in [fe80::1%%eth0]");
    snprintf (text + address.len, sizeof text - address.len, "%%%.*s",
              (int) zone.len, zone.s);
  }
  if (rest->len > 0 && rest->s[0] != ':' && rest->s[0] != ',')
    return error_set (err, EINVAL, "after the ']' of the host only ':' and "
                      "the port can follow, as in [2001:db8::1]:3260");
  return piece_dup (piece_of (text), host, err);
}

static int
host_parse (struct piece *rest, char **host, struct error *err)
{
  struct piece name, after;

  if (rest->len > 0 && rest->s[0] == '[')
    return ipv6_parse (rest, host, err);

  name = piece_take (rest, ":,");
  if (piece_has (name, '%'))
    return error_set (err, EINVAL, "the host has a '%%': after a password "
                      "an '@' and the host are needed, as in "
                      "user%%password@host, and a '/' in a password is "
                      "written as %%2F in user:password@host");
  after = *rest;
  if (piece_skip (&after, ':') && piece_has (after, ':'))
    return error_set (err, EINVAL, "the host and port have more than one "
                      "':': an IPv6 address must be in brackets, as in "
                      "[2001:db8::1]:3260");
  if (name.len == 0)
    return error_set (err, EINVAL, "the host is missing, as in "
                      "iscsi://host:3260/target/lun");
  if (name.len > MAX_HOST)
    return error_set (err, EINVAL, "the host is longer than %d bytes",
                      MAX_HOST);
  if (!all_of (name, is_host_char))
    return error_set (err, EINVAL, "the host may only have letters, digits, "
                      "'-', '_' and '.', or be an IPv6 address in brackets");
  return piece_dup (name, host, err);
}

/* A portal group tag, or the -1 of tools that do not know it. */
static bool
is_tag (struct piece piece)
{
  unsigned n;

  return piece_is (piece, "-1") || piece_number (piece, UINT16_MAX, &n);
}

/* HOST[:PORT][,TAG]: SendTargets and a redirect have the portal group tag
 * there (RFC 7143 appendix C and section 13.8), and so have iscsi-ls and
 * iscsiadm.  It is of no use to us.
 */
static int
portal_parse (struct piece rest, char **host, uint16_t *port,
              struct error *err)
{
  struct piece number;
  unsigned n;

  if (host_parse (&rest, host, err) == -1)
    return -1;

  *port = URL_DEFAULT_PORT;
  if (piece_skip (&rest, ':')) {
    number = piece_take (&rest, ",");
    if (number.len == 0)
      return error_set (err, EINVAL, "the port is missing after ':', as in "
                        "host:3260");
    if (!piece_number (number, UINT16_MAX, &n) || n == 0)
      return error_set (err, EINVAL, "the port must be a number from 1 to "
                        "65535, as in host:3260");
    *port = n;
  }
  if (piece_skip (&rest, ',') && !is_tag (rest))
    return error_set (err, EINVAL, "the portal group tag after ',' must be "
                      "a number from 0 to 65535, or -1, as in host:3260,1");
  return 0;
}

/* RFC 3722 allows much less; what a name must look like beyond what we, NBD
 * and the log can stand is the target's business.
 */
static int
target_check (const char *target, struct error *err)
{
  size_t len = strlen (target);

  if (len > URL_MAX_NAME)
    return error_set (err, EINVAL, "the target name is longer than %d bytes",
                      URL_MAX_NAME);
  if (!text_is_clean (target))
    return error_set (err, EINVAL, "the target name must be UTF-8 without "
                      "control characters");
  if (strspn (target, "0123456789") == len)
    return error_set (err, EINVAL, "the target is missing before the LUN, "
                      "as in iscsi://host/iqn.2001-04.com.example:disk/0");
  return 0;
}

static int
lun_parse (struct piece piece, int *lun, struct error *err)
{
  unsigned n;

  if (!piece_number (piece, URL_MAX_LUN, &n))
    return error_set (err, EINVAL, "the LUN must be a number from 0 to %d, "
                      "with nothing after it", URL_MAX_LUN);
  *lun = n;
  return 0;
}

/* "", "/", "/TARGET", "/TARGET/" or "/TARGET/LUN" */
static int
path_parse (struct piece rest, struct url *url, struct error *err)
{
  struct piece target;

  if (piece_has (rest, '@'))
    return error_set (err, EINVAL, "there is an '@' after the first '/': "
                      "write a '/' in a user name or password as %%2F in "
                      "user:password@host, and an '@' in a target name as "
                      "%%40");
  if (!piece_skip (&rest, '/') || rest.len == 0)
    return 0;

  target = piece_take (&rest, "/");
  if (target.len == 0)
    return error_set (err, EINVAL, "the target between '/' and '/' is "
                      "empty, as in iscsi://host/target/lun");
  if (piece_decode (target, "the target name", &url->target, err) == -1 ||
      target_check (url->target, err) == -1)
    return -1;
  if (piece_has (target, ' '))
    return error_set (err, EINVAL, "the target name has a space: if it "
                      "belongs there it is written %%20");

  if (!piece_skip (&rest, '/') || rest.len == 0)
    return 0;
  return lun_parse (rest, &url->lun, err);
}

static const char *const digest_names[] = {
  [DIGEST_UNSET]       = "unset",
  [DIGEST_NONE]        = "none",
  [DIGEST_CRC32C]      = "crc32c",
  [DIGEST_CRC32C_NONE] = "crc32c-none",
  [DIGEST_NONE_CRC32C] = "none-crc32c",
};

static enum digest
digest_of (struct piece piece)
{
  enum digest d;

  for (d = DIGEST_NONE; d <= DIGEST_NONE_CRC32C; d++)
    if (piece_is (piece, digest_names[d]))
      return d;
  return DIGEST_UNSET;
}

static int
argument_twice (const char *name, struct error *err)
{
  return error_set (err, EINVAL, "the argument %s is there twice", name);
}

static int
argument_credential (struct piece value, const char *name, char **out,
                     struct error *err)
{
  char part[64];

  if (*out)
    return argument_twice (name, err);
  snprintf (part, sizeof part, "the argument %s", name);
  return credential_parse (value, false, part, out, err);
}

static int
argument_digest (struct piece value, enum digest *out, struct error *err)
{
  if (*out != DIGEST_UNSET)
    return argument_twice ("header_digest", err);
  *out = digest_of (value);
  if (*out == DIGEST_UNSET)
    return error_set (err, EINVAL, "the argument header_digest must be none, "
                      "crc32c, crc32c-none or none-crc32c");
  return 0;
}

static int
argument_parse (struct piece arg, struct url *url, struct error *err)
{
  static const char *const names[] = {
    "target_user", "target_password", "header_digest"
  };
  struct piece name = piece_take (&arg, "=");
  size_t i;

  /* The one that libiscsi has without a value. */
  if (piece_is (name, "iser") && arg.len == 0) {
    url->iser = true;
    return 0;
  }

  for (i = 0; i < sizeof names / sizeof names[0]; i++)
    if (piece_is (name, names[i]))
      break;
  if (i == sizeof names / sizeof names[0])
    return error_set (err, EINVAL, "there is an unknown argument after '?': "
                      "the known ones are target_user=, target_password=, "
                      "header_digest= and iser, and a '&' in a value is "
                      "written %%26");
  if (!piece_skip (&arg, '='))
    return error_set (err, EINVAL, "the argument %s needs '=' and a value",
                      names[i]);
  if (i == 0)
    return argument_credential (arg, names[i], &url->target_user, err);
  if (i == 1)
    return argument_credential (arg, names[i], &url->target_password, err);
  return argument_digest (arg, &url->header_digest, err);
}

static int
arguments_parse (struct piece rest, struct url *url, struct error *err)
{
  if (!piece_skip (&rest, '?'))
    return 0;
  do {
    struct piece arg = piece_take (&rest, "&");

    if (arg.len == 0)
      return error_set (err, EINVAL, "an argument is missing after '?' or "
                        "'&'");
    if (argument_parse (arg, url, err) == -1)
      return -1;
  } while (piece_skip (&rest, '&'));
  return 0;
}

int
url_parse (const char *str, struct url *url, struct error *err)
{
  struct piece rest = piece_of (str), portal, path;

  *url = (struct url) { .lun = -1 };

  if (scheme_parse (&rest, &url->iser, err) == -1 ||
      user_part_parse (&rest, url, err) == -1)
    goto fail;
  portal = piece_take (&rest, "/?");
  path = piece_take (&rest, "?");
  if (portal_parse (portal, &url->host, &url->port, err) == -1 ||
      path_parse (path, url, err) == -1 ||
      arguments_parse (rest, url, err) == -1)
    goto fail;
  return 0;

 fail:
  url_free (url);
  return -1;
}

int
url_parse_portal (const char *str, char **host, uint16_t *port,
                  struct error *err)
{
  *host = NULL;
  if (portal_parse (piece_of (str), host, port, err) == -1) {
    free (*host);
    *host = NULL;
    return -1;
  }
  return 0;
}

int
url_parse_export (const char *name, bool have_target,
                  char **target, int *lun, struct error *err)
{
  struct piece rest = piece_of (name), first = rest;

  *target = NULL;
  if (have_target) {
    if (lun_parse (rest, lun, err) == -1)
      return error_set (err, EINVAL, "the export name must be the number of "
                        "a LUN, from 0 to %d", URL_MAX_LUN);
    return 0;
  }

  /* At the last '/': a target name may have some itself. */
  while (first.len > 0 && first.s[first.len - 1] != '/')
    first.len--;
  if (first.len < 2)
    return error_set (err, EINVAL, "the export name must be target/lun, as "
                      "in iqn.2001-04.com.example:disk/0");
  piece_advance (&rest, first.len);
  first.len--;
  if (piece_dup (first, target, err) == -1 ||
      target_check (*target, err) == -1 ||
      lun_parse (rest, lun, err) == -1) {
    free (*target);
    *target = NULL;
    return -1;
  }
  return 0;
}

enum digest
digest_parse (const char *str)
{
  return digest_of (piece_of (str));
}

const char *
digest_name (enum digest d)
{
  return digest_names[d];
}

/* RFC 3986 section 2.3. */
static bool
is_unreserved (unsigned char c)
{
  return c < 0x80 && (isalnum (c) || strchr ("-._~", c));
}

/* Print ‘str’ %-encoded, but for unreserved characters and those of ‘keep’. */
static void
print_encoded (FILE *fp, const char *str, const char *keep)
{
  for (; *str; str++) {
    unsigned char c = *str;

    if (is_unreserved (c) || strchr (keep, c))
      putc (c, fp);
    else
      fprintf (fp, "%%%02X", c);
  }
}

/* In which form it can be read again: before the ':' escapes are read as such
 * in an iSCSI name only (is_percent_form), and before the '%' a user that has
 * one of "%:/" cannot stand.
 */
static bool
is_literal_user (const char *user)
{
  return !all_of (piece_of (user), is_unreserved) && !name_has_type (user) &&
    user[strcspn (user, "%:/")] == '\0' && text_is_clean (user);
}

static void
print_user (FILE *fp, const struct url *url)
{
  if (is_literal_user (url->user))
    fprintf (fp, "%s%s@", url->user, url->password ? "%***" : "");
  else {
    print_encoded (fp, url->user, "");
    fprintf (fp, "%s@", url->password ? ":***" : "");
  }
}

static void
print_authority (FILE *fp, const struct url *url)
{
  if (url->user)
    print_user (fp, url);
  if (strchr (url->host, ':')) {
    putc ('[', fp);
    print_encoded (fp, url->host, ":");
    putc (']', fp);
  }
  else
    print_encoded (fp, url->host, "");
  if (url->port != URL_DEFAULT_PORT)
    fprintf (fp, ":%u", url->port);
}

static void
print_arguments (FILE *fp, const struct url *url)
{
  const char *sep = "?";

  if (url->target_user) {
    fprintf (fp, "%starget_user=", sep);
    print_encoded (fp, url->target_user, "");
    sep = "&";
  }
  if (url->target_password) {
    fprintf (fp, "%starget_password=***", sep);
    sep = "&";
  }
  if (url->header_digest != DIGEST_UNSET)
    fprintf (fp, "%sheader_digest=%s", sep, digest_name (url->header_digest));
}

char *
url_redacted (const struct url *url)
{
  char *str = NULL;
  size_t len;
  FILE *fp = open_memstream (&str, &len);

  if (fp == NULL)
    return NULL;
  fputs (url->iser ? "iser://" : "iscsi://", fp);
  if (url->host)
    print_authority (fp, url);
  putc ('/', fp);
  if (url->target)
    print_encoded (fp, url->target, ":");
  if (url->lun >= 0)
    fprintf (fp, "/%d", url->lun);
  print_arguments (fp, url);
  if (fclose (fp) == EOF) {
    free (str);
    return NULL;
  }
  return str;
}

void
url_free (struct url *url)
{
  secret_free (url->user);
  secret_free (url->password);
  free (url->host);
  free (url->target);
  secret_free (url->target_user);
  secret_free (url->target_password);
  *url = (struct url) { .lun = -1 };
}
