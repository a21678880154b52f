/* SPDX-License-Identifier: BSD-3-Clause */

/* iSCSI URLs, parsed strictly.  Pure: no I/O, no environment, no nbdkit.
 *
 *   iscsi://[user[%password]@]host[:port]/[target[/lun]][?args]
 *
 * The user part ends at the last '@' before the first '/'.  In the form
 * user%password@ (libiscsi's) everything is taken literally; in the form
 * user:password@ (RFC 3986) user and password are %-decoded, as the target
 * always is.  With both '%' and ':' it is what the first of them says; but if
 * it starts with "iqn.", "eui." or "naa.", which stand before a ':' of their
 * own, it is
 *
 * 1. user:password@, if there is a '%' before the first ':', and each of
 *    those has two hexadecimal digits after it: iqn.2001-04.com.x%3Ahost:pw@
 * 2. else user%password@: iqn.2001-04.com.x:host%pw@
 *
 * Arguments are target_user, target_password (%-decoded), header_digest and
 * iser (which has no value).  A portal group tag after the portal
 * (host:3260,1; host,1; host:3260,-1), as discovery and tools print it, is
 * ignored.
 */

#ifndef ISCSI_URL_H
#define ISCSI_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* The header or data digest to offer, in order of preference
 * (RFC 7143 section 13.1).
 */
enum digest {
  DIGEST_UNSET,
  DIGEST_NONE,
  DIGEST_CRC32C,
  DIGEST_CRC32C_NONE,
  DIGEST_NONE_CRC32C,
};

#define URL_DEFAULT_PORT 3260
#define URL_MAX_LUN      16383  /* flat space addressing, SAM-5 4.7.7.3 */
#define URL_MAX_CHAP     255    /* bytes of a user or a password: libiscsi's */
#define URL_MAX_NAME     223    /* of an iSCSI name, RFC 7143 4.2.7.1 */

struct url {
  bool iser;                    /* scheme iser:// */
  char *user, *password;        /* NULL when absent; see secret.h */
  char *host;                   /* name or address, without brackets */
  uint16_t port;
  char *target;                 /* iSCSI name, NULL when absent */
  int lun;                      /* -1 when absent */
  char *target_user, *target_password; /* NULL when absent */
  enum digest header_digest;
};

/* Parse a whole URL.  On success *url owns its strings: call url_free.
 * On failure returns -1 with *err set to EINVAL and a sentence that names
 * the faulty part and never contains a secret, and *url is empty.
 */
extern int url_parse (const char *str, struct url *url, struct error *err);

/* Parse "HOST[:PORT][,TAG]" (IPv6 in brackets) as the portal= parameter,
 * discovery and redirects have it.  *host is allocated.  Errors as url_parse.
 */
extern int url_parse_portal (const char *str, char **host, uint16_t *port,
                             struct error *err);

/* Parse an export name that picks a LUN: "LUN" when ‘target’ is known
 * (have_target), else "target/LUN", the target as it is, not %-encoded; it is
 * what comes before the last '/'.  *target is allocated, or left NULL when
 * have_target.  Errors as url_parse.
 */
extern int url_parse_export (const char *name, bool have_target,
                             char **target, int *lun, struct error *err);

/* Parse "none", "crc32c", "crc32c-none" or "none-crc32c".  Returns
 * DIGEST_UNSET when it is none of them.
 */
extern enum digest digest_parse (const char *str);
extern const char *digest_name (enum digest d);

/* The URL without any secret, for messages: allocated, NULL when out of
 * memory.  It can be parsed again, unless it has a user (of a parameter) that
 * no URL can have.
 */
extern char *url_redacted (const struct url *url);

/* Wipe the secrets and free the strings.  *url is empty afterwards. */
extern void url_free (struct url *url);

#endif /* ISCSI_URL_H */
