/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "url.h"

#define IQN "iqn.2001-04.com.example:disk"

/* Whatever a table below has for a password or a part of one. */
#define SECRET "s3cret"

static void
check_empty (const struct url *url)
{
  CHECK (url->user == NULL);
  CHECK (url->password == NULL);
  CHECK (url->host == NULL);
  CHECK (url->target == NULL);
  CHECK_INT (url->lun, -1);
  CHECK (url->target_user == NULL);
  CHECK (url->target_password == NULL);
  CHECK_INT (url->header_digest, DIGEST_UNSET);
}

/* What every error must be. */
static void
check_error (const struct error *err)
{
  size_t len = strlen (err->msg);

  CHECK_INT (err->err, EINVAL);
  CHECK (len > 10);
  CHECK (len < sizeof err->msg - 1); /* it was not cut */
  CHECK (islower ((unsigned char) err->msg[0]));
  CHECK (err->msg[len - 1] != '.');
  CHECK_LACKS (err->msg, "\n");
  CHECK_LACKS (err->msg, SECRET);
}

static const char *
or_dash (const char *s)
{
  return s ? s : "-";
}

static void
check_good (const char *str, const char *expected)
{
  struct url url;
  struct error err = { 0 };
  char got[4096];

  check_row = str;
  if (url_parse (str, &url, &err) == -1) {
    CHECK_STR (err.msg, "no error");
    return;
  }
  snprintf (got, sizeof got, "%s|%s|%s|%s|%u|%s|%d|%s|%s|%s",
            url.iser ? "iser" : "iscsi",
            or_dash (url.user), or_dash (url.password),
            or_dash (url.host), url.port, or_dash (url.target), url.lun,
            or_dash (url.target_user), or_dash (url.target_password),
            digest_name (url.header_digest));
  CHECK_STR (got, expected);
  url_free (&url);
  check_empty (&url);
  check_row = NULL;
}

static void
check_bad (const char *str, const char *sentence)
{
  struct url url;
  struct error err = { 0 };

  memset (&url, 0xee, sizeof url);
  check_row = str;
  CHECK_INT (url_parse (str, &url, &err), -1);
  CHECK_CONTAINS (err.msg, sentence);
  check_error (&err);
  check_empty (&url);
  url_free (&url);
  check_row = NULL;
}

/* scheme|user|password|host|port|target|lun|target_user|target_password|
 * header_digest
 */
static const struct { const char *str, *expected; } good[] = {
  /* Parts that are there or not. */
  { "iscsi://h", "iscsi|-|-|h|3260|-|-1|-|-|unset" },
  { "iscsi://h/", "iscsi|-|-|h|3260|-|-1|-|-|unset" },
  { "iscsi://h:1", "iscsi|-|-|h|1|-|-1|-|-|unset" },
  { "iscsi://h:1/", "iscsi|-|-|h|1|-|-1|-|-|unset" },
  { "iscsi://h/" IQN, "iscsi|-|-|h|3260|" IQN "|-1|-|-|unset" },
  { "iscsi://h/" IQN "/", "iscsi|-|-|h|3260|" IQN "|-1|-|-|unset" },
  { "iscsi://h/" IQN "/0", "iscsi|-|-|h|3260|" IQN "|0|-|-|unset" },
  { "iscsi://h/" IQN "/1", "iscsi|-|-|h|3260|" IQN "|1|-|-|unset" },
  { "iscsi://h:3261/" IQN "/1", "iscsi|-|-|h|3261|" IQN "|1|-|-|unset" },
  { "iscsi://bob@h", "iscsi|bob|-|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob@h/" IQN "/1", "iscsi|bob|-|h|3260|" IQN "|1|-|-|unset" },
  { "iscsi://bob%pw@h", "iscsi|bob|pw|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%pw@h:7/", "iscsi|bob|pw|h|7|-|-1|-|-|unset" },
  { "iscsi://bob%pw@h:7/" IQN, "iscsi|bob|pw|h|7|" IQN "|-1|-|-|unset" },
  { "iscsi://bob%pw@h/" IQN "/1", "iscsi|bob|pw|h|3260|" IQN "|1|-|-|unset" },
  { "iscsi://bob:pw@h/" IQN "/1", "iscsi|bob|pw|h|3260|" IQN "|1|-|-|unset" },

  /* The scheme, in either case (RFC 3986 section 3.1). */
  { "iser://h/" IQN "/1", "iser|-|-|h|3260|" IQN "|1|-|-|unset" },
  { "iser://bob%pw@h:7", "iser|bob|pw|h|7|-|-1|-|-|unset" },
  { "ISCSI://h", "iscsi|-|-|h|3260|-|-1|-|-|unset" },
  { "IsCsI://h", "iscsi|-|-|h|3260|-|-1|-|-|unset" },
  { "ISER://h", "iser|-|-|h|3260|-|-1|-|-|unset" },

  /* Hosts. */
  { "iscsi://127.0.0.1", "iscsi|-|-|127.0.0.1|3260|-|-1|-|-|unset" },
  { "iscsi://san-1.example.com.:3260",
    "iscsi|-|-|san-1.example.com.|3260|-|-1|-|-|unset" },
  { "iscsi://my_host", "iscsi|-|-|my_host|3260|-|-1|-|-|unset" },
  { "iscsi://H0ST", "iscsi|-|-|H0ST|3260|-|-1|-|-|unset" },
  { "iscsi://[::1]", "iscsi|-|-|::1|3260|-|-1|-|-|unset" },
  { "iscsi://[::1]/", "iscsi|-|-|::1|3260|-|-1|-|-|unset" },
  { "iscsi://[::1]?header_digest=none",
    "iscsi|-|-|::1|3260|-|-1|-|-|none" },
  { "iscsi://[::1]:3261", "iscsi|-|-|::1|3261|-|-1|-|-|unset" },
  { "iscsi://[2001:db8::1]:1/" IQN "/0",
    "iscsi|-|-|2001:db8::1|1|" IQN "|0|-|-|unset" },
  { "iscsi://[1:2:3:4:5:6:7:8]/",
    "iscsi|-|-|1:2:3:4:5:6:7:8|3260|-|-1|-|-|unset" },
  { "iscsi://[FE80::ABCD]", "iscsi|-|-|FE80::ABCD|3260|-|-1|-|-|unset" },
  { "iscsi://[::]", "iscsi|-|-|::|3260|-|-1|-|-|unset" },
  { "iscsi://[::ffff:10.0.0.1]:2",
    "iscsi|-|-|::ffff:10.0.0.1|2|-|-1|-|-|unset" },
  { "iscsi://[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]",
    "iscsi|-|-|ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255|3260|-|-1|"
    "-|-|unset" },
  { "iscsi://[fe80::1%eth0]", "iscsi|-|-|fe80::1%eth0|3260|-|-1|-|-|unset" },
  { "iscsi://[fe80::1%25eth0]:1",
    "iscsi|-|-|fe80::1%eth0|1|-|-1|-|-|unset" },
  { "iscsi://[fe80::1%2]", "iscsi|-|-|fe80::1%2|3260|-|-1|-|-|unset" },
  { "iscsi://[fe80::1%25]", "iscsi|-|-|fe80::1%25|3260|-|-1|-|-|unset" },
  { "iscsi://[fe80::1%br-1.100_x]",
    "iscsi|-|-|fe80::1%br-1.100_x|3260|-|-1|-|-|unset" },
  { "iscsi://[fe80::1%abcdefghijklmno]",
    "iscsi|-|-|fe80::1%abcdefghijklmno|3260|-|-1|-|-|unset" },
  { "iscsi://bob%pw@[::1]:5/" IQN "/2",
    "iscsi|bob|pw|::1|5|" IQN "|2|-|-|unset" },
  { "iscsi://bob@[fe80::1%eth0]:5/" IQN "/2",
    "iscsi|bob|-|fe80::1%eth0|5|" IQN "|2|-|-|unset" },

  /* Ports and LUNs with leading zeros are decimal. */
  { "iscsi://h:03260", "iscsi|-|-|h|3260|-|-1|-|-|unset" },
  { "iscsi://h:010", "iscsi|-|-|h|10|-|-1|-|-|unset" },
  { "iscsi://h:00000000000000000000001", "iscsi|-|-|h|1|-|-1|-|-|unset" },
  { "iscsi://h:65535", "iscsi|-|-|h|65535|-|-1|-|-|unset" },
  { "iscsi://h/" IQN "/00", "iscsi|-|-|h|3260|" IQN "|0|-|-|unset" },
  { "iscsi://h/" IQN "/010", "iscsi|-|-|h|3260|" IQN "|10|-|-|unset" },
  { "iscsi://h/" IQN "/0000000000000000016383",
    "iscsi|-|-|h|3260|" IQN "|16383|-|-|unset" },

  /* As iscsi-ls prints it. */
  { "iscsi://10.0.0.1:3260,1/" IQN "/0",
    "iscsi|-|-|10.0.0.1|3260|" IQN "|0|-|-|unset" },
  { "iscsi://[::1]:3261,1/" IQN "/0",
    "iscsi|-|-|::1|3261|" IQN "|0|-|-|unset" },
  { "iscsi://h:1,0", "iscsi|-|-|h|1|-|-1|-|-|unset" },
  { "iscsi://h:1,65535/", "iscsi|-|-|h|1|-|-1|-|-|unset" },
  { "iscsi://h:1,2?iser", "iser|-|-|h|1|-|-1|-|-|unset" },
  { "iscsi://h,1", "iscsi|-|-|h|3260|-|-1|-|-|unset" },
  { "iscsi://10.0.0.1,1/" IQN "/0",
    "iscsi|-|-|10.0.0.1|3260|" IQN "|0|-|-|unset" },
  { "iscsi://[::1],1/", "iscsi|-|-|::1|3260|-|-1|-|-|unset" },
  { "iscsi://bob%pw@h,1/", "iscsi|bob|pw|h|3260|-|-1|-|-|unset" },
  /* As iscsiadm has it where it does not know. */
  { "iscsi://h:1,-1", "iscsi|-|-|h|1|-|-1|-|-|unset" },
  { "iscsi://h,-1/", "iscsi|-|-|h|3260|-|-1|-|-|unset" },

  /* user%password@ is literal. */
  { "iscsi://bob%p:w@h/", "iscsi|bob|p:w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%p%w@h/", "iscsi|bob|p%w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%p%40w@h/", "iscsi|bob|p%40w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%%@h/", "iscsi|bob|%|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%%00@h/", "iscsi|bob|%00|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%%zz@h/", "iscsi|bob|%zz|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%:@h/", "iscsi|bob|:|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%p@w@h/", "iscsi|bob|p@w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%@@h/", "iscsi|bob|@|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%@@@h/", "iscsi|bob|@@|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%p?w@h/", "iscsi|bob|p?w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%p?w&x=y@h/?iser", "iser|bob|p?w&x=y|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%p#w[]@h/", "iscsi|bob|p#w[]|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%p w@h/", "iscsi|bob|p w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%p\xc3\xa4@h/", "iscsi|bob|p\xc3\xa4|h|3260|-|-1|-|-|unset" },
  { "iscsi://b@b%pw@h/", "iscsi|b@b|pw|h|3260|-|-1|-|-|unset" },
  { "iscsi://b?b%pw@h/", "iscsi|b?b|pw|h|3260|-|-1|-|-|unset" },
  { "iscsi://b&b@h/", "iscsi|b&b|-|h|3260|-|-1|-|-|unset" },
  { "iscsi://b@b@h/", "iscsi|b@b|-|h|3260|-|-1|-|-|unset" },
  { "iscsi://iqn.x-y@h/", "iscsi|iqn.x-y|-|h|3260|-|-1|-|-|unset" },

  /* user:password@ is %-decoded. */
  { "iscsi://bob:p%3Aw@h/", "iscsi|bob|p:w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:p:w@h/", "iscsi|bob|p:w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob::@h/", "iscsi|bob|:|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:p%2Fw@h/", "iscsi|bob|p/w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:p%2fw@h/", "iscsi|bob|p/w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:p%40w@h/", "iscsi|bob|p@w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:p@w@h/", "iscsi|bob|p@w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:p%25w@h/", "iscsi|bob|p%w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:%2541@h/", "iscsi|bob|%41|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:p%3fw@h/", "iscsi|bob|p?w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:p?w@h/", "iscsi|bob|p?w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:p+w@h/", "iscsi|bob|p+w|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:%20@h/", "iscsi|bob| |h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:%01@h/", "iscsi|bob|\001|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:%ff@h/", "iscsi|bob|\xff|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob:12@h:13/", "iscsi|bob|12|h|13|-|-1|-|-|unset" },

  /* The user is decoded only where ':' comes before any '%'. */
  { "iscsi://b%41b:pw@h/", "iscsi|b|41b:pw|h|3260|-|-1|-|-|unset" },
  /* But for an iSCSI name. */
  { "iscsi://iqn.2001-04.com.example%3Adisk:pw@h/",
    "iscsi|" IQN "|pw|h|3260|-|-1|-|-|unset" },
  { "iscsi://iqn.2001-04.com.example%3Adisk:p%25w%3A@h/",
    "iscsi|" IQN "|p%w:|h|3260|-|-1|-|-|unset" },
  /* An iSCSI name: user%password@. */
  { "iscsi://" IQN "%pw@h/", "iscsi|" IQN "|pw|h|3260|-|-1|-|-|unset" },
  { "iscsi://" IQN "%41:w@h/", "iscsi|" IQN "|41:w|h|3260|-|-1|-|-|unset" },
  { "iscsi://" IQN "%p%40w@h/" IQN "/1",
    "iscsi|" IQN "|p%40w|h|3260|" IQN "|1|-|-|unset" },
  { "iscsi://" IQN "%%@h/", "iscsi|" IQN "|%|h|3260|-|-1|-|-|unset" },
  { "iscsi://" IQN ":a:b%p:w@h/",
    "iscsi|" IQN ":a:b|p:w|h|3260|-|-1|-|-|unset" },
  { "iscsi://IQN.x:y%p@h/", "iscsi|IQN.x:y|p|h|3260|-|-1|-|-|unset" },
  { "iscsi://eui.0123456789abcdef%p:w@h/",
    "iscsi|eui.0123456789abcdef|p:w|h|3260|-|-1|-|-|unset" },
  { "iscsi://naa.01:x%pw@h/", "iscsi|naa.01:x|pw|h|3260|-|-1|-|-|unset" },
  { "iscsi://iqn.x%zz:pw@h/", "iscsi|iqn.x|zz:pw|h|3260|-|-1|-|-|unset" },
  { "iscsi://iqn.x%3Ay%z:pw@h/",
    "iscsi|iqn.x|3Ay%z:pw|h|3260|-|-1|-|-|unset" },
  /* Only the one or the other. */
  { "iscsi://iqn.x%3Ay@h/", "iscsi|iqn.x|3Ay|h|3260|-|-1|-|-|unset" },
  { "iscsi://" IQN "@h/",
    "iscsi|iqn.2001-04.com.example|disk|h|3260|-|-1|-|-|unset" },
  /* Neither rule: the first of them. */
  { "iscsi://bob%4:pw@h/", "iscsi|bob|4:pw|h|3260|-|-1|-|-|unset" },
  { "iscsi://bob%41%:pw@h/", "iscsi|bob|41%:pw|h|3260|-|-1|-|-|unset" },
  { "iscsi://iqn:a%41@h/", "iscsi|iqn|aA|h|3260|-|-1|-|-|unset" },

  /* Targets: decoded, and liberal. */
  { "iscsi://h/iqn.2001-04.com.example%3Adisk/1",
    "iscsi|-|-|h|3260|" IQN "|1|-|-|unset" },
  { "iscsi://h/%69qn.x/1", "iscsi|-|-|h|3260|iqn.x|1|-|-|unset" },
  { "iscsi://h/a%40b/1", "iscsi|-|-|h|3260|a@b|1|-|-|unset" },
  { "iscsi://h/a%3Fb/1", "iscsi|-|-|h|3260|a?b|1|-|-|unset" },
  { "iscsi://h/a%25b/1", "iscsi|-|-|h|3260|a%b|1|-|-|unset" },
  { "iscsi://h/a&b=c/1", "iscsi|-|-|h|3260|a&b=c|1|-|-|unset" },
  { "iscsi://h/eui.02004567A425678D/1",
    "iscsi|-|-|h|3260|eui.02004567A425678D|1|-|-|unset" },
  { "iscsi://h/naa.52004567BA64678D",
    "iscsi|-|-|h|3260|naa.52004567BA64678D|-1|-|-|unset" },
  { "iscsi://h/disk1/1", "iscsi|-|-|h|3260|disk1|1|-|-|unset" },
  { "iscsi://h/d\xc3\xa4/1", "iscsi|-|-|h|3260|d\xc3\xa4|1|-|-|unset" },
  { "iscsi://h/d%C3%A4/1", "iscsi|-|-|h|3260|d\xc3\xa4|1|-|-|unset" },
  { "iscsi://h/a%20b/1", "iscsi|-|-|h|3260|a b|1|-|-|unset" },
  { "iscsi://h/a%2Fb/1", "iscsi|-|-|h|3260|a/b|1|-|-|unset" },
  { "iscsi://h/1%2F2/3", "iscsi|-|-|h|3260|1/2|3|-|-|unset" },

  /* Arguments. */
  { "iscsi://h?header_digest=crc32c", "iscsi|-|-|h|3260|-|-1|-|-|crc32c" },
  { "iscsi://h/?header_digest=none", "iscsi|-|-|h|3260|-|-1|-|-|none" },
  { "iscsi://h:5?header_digest=none", "iscsi|-|-|h|5|-|-1|-|-|none" },
  { "iscsi://h/" IQN "?header_digest=none-crc32c",
    "iscsi|-|-|h|3260|" IQN "|-1|-|-|none-crc32c" },
  { "iscsi://h/" IQN "/?header_digest=crc32c-none",
    "iscsi|-|-|h|3260|" IQN "|-1|-|-|crc32c-none" },
  { "iscsi://h/" IQN "/3?header_digest=crc32c",
    "iscsi|-|-|h|3260|" IQN "|3|-|-|crc32c" },
  { "iscsi://h/" IQN "/1?target_user=a",
    "iscsi|-|-|h|3260|" IQN "|1|a|-|unset" },
  { "iscsi://h/" IQN "/1?target_password=a",
    "iscsi|-|-|h|3260|" IQN "|1|-|a|unset" },
  { "iscsi://h/" IQN "/1?target_user=a&target_password=b",
    "iscsi|-|-|h|3260|" IQN "|1|a|b|unset" },
  { "iscsi://h/" IQN "/1?target_password=b&header_digest=none&target_user=a",
    "iscsi|-|-|h|3260|" IQN "|1|a|b|none" },
  { "iscsi://bob%pw@h/" IQN "/1?target_user=a&target_password=b",
    "iscsi|bob|pw|h|3260|" IQN "|1|a|b|unset" },
  { "iscsi://h/t/1?target_user=%61%26%3d%25&target_password=%40%2F",
    "iscsi|-|-|h|3260|t|1|a&=%|@/|unset" },
  { "iscsi://h/t/1?target_password=a=b", "iscsi|-|-|h|3260|t|1|-|a=b|unset" },
  { "iscsi://h/t/1?target_password=a?b", "iscsi|-|-|h|3260|t|1|-|a?b|unset" },
  { "iscsi://h/t/1?target_password=a@b", "iscsi|-|-|h|3260|t|1|-|a@b|unset" },
  { "iscsi://h/t/1?target_password=a/b", "iscsi|-|-|h|3260|t|1|-|a/b|unset" },
  { "iscsi://h/t/1?target_password=a+b", "iscsi|-|-|h|3260|t|1|-|a+b|unset" },
  { "iscsi://h/?target_password=a@b", "iscsi|-|-|h|3260|-|-1|-|a@b|unset" },
  { "iscsi://h?target_user=a", "iscsi|-|-|h|3260|-|-1|a|-|unset" },
  { "iscsi://h/t/1?iser", "iser|-|-|h|3260|t|1|-|-|unset" },
  { "iscsi://h/t/1?iser&target_user=a", "iser|-|-|h|3260|t|1|a|-|unset" },
  { "iser://h/t/1?iser", "iser|-|-|h|3260|t|1|-|-|unset" },
};

/* Pieces of the sentences, one for each fault. */
#define NO_SCHEME   "the URL must start with iscsi:// or iser://"
#define NO_USER     "the user name is empty"
#define NO_USER_AT  "the user name before '@' is empty"
#define NO_PASSWORD "the password is empty"
#define BAD_ESCAPE  "has a '%' without two hexadecimal digits after it"
#define BAD_NUL     "must not have a %00"
#define NO_HOST     "the host is missing"
#define BAD_HOST    "the host may only have letters"
#define HOST_ESCAPE "the host has a '%'"
#define HOST_COLONS "the host and port have more than one ':'"
#define NO_BRACKET  "the host has a '[' without a ']'"
#define BAD_IPV6    "the host is not an IPv6 address between"
#define BAD_ZONE    "the zone of the IPv6 address"
#define BAD_BRACKET "after the ']' of the host"
#define NO_PORT     "the port is missing after ':'"
#define BAD_PORT    "the port must be a number from 1 to 65535"
#define BAD_TAG     "the portal group tag after ','"
#define LATE_AT     "there is an '@' after the first '/'"
#define BOTH        "a URL that has both '?' and '@'"
#define EMPTY_TARGET "the target between '/' and '/' is empty"
#define NO_TARGET   "the target is missing before the LUN"
#define RAW_SPACE   "the target name has a space: if it belongs there it is " \
                    "written %20"
#define BAD_TARGET  "the target name must be UTF-8 without control characters"
#define BAD_LUN     "the LUN must be a number from 0 to 16383"
#define NO_ARGUMENT "an argument is missing after '?' or '&'"
#define UNKNOWN     "there is an unknown argument after '?': the known ones " \
                    "are target_user=, target_password=, header_digest= and " \
                    "iser"
#define TWICE(x)    "the argument " x " is there twice"
#define VALUE(x)    "the argument " x " needs '=' and a value"
#define EMPTY(x)    "the argument " x " is empty"
#define BAD_DIGEST  "the argument header_digest must be none, crc32c"

static const struct { const char *str, *sentence; } bad[] = {
  /* Scheme. */
  { "", NO_SCHEME },
  { "h", NO_SCHEME },
  { "iscsi", NO_SCHEME },
  { "iscsi:", NO_SCHEME },
  { "iscsi:/", NO_SCHEME },
  { "iscsi:/h", NO_SCHEME },
  { "iscsi:h", NO_SCHEME },
  { "://h", NO_SCHEME },
  { "//h", NO_SCHEME },
  { " iscsi://h", NO_SCHEME },
  { "iser:/h", NO_SCHEME },
  { "iscsis://h", NO_SCHEME },
  { "http://bob:" SECRET "@h/", NO_SCHEME },
  { "bob%" SECRET "@h/" IQN "/1", NO_SCHEME },
  { "Target:" IQN " Portal:10.0.0.1:3260,1", NO_SCHEME },

  /* User and password. */
  { "iscsi://@h/", NO_USER_AT },
  { "iscsi://@", NO_USER_AT },
  { "iscsi://%" SECRET "@h/", NO_USER },
  { "iscsi://:" SECRET "@h/", NO_USER },
  { "iscsi://%@h/", NO_USER },
  { "iscsi://:@h/", NO_USER },
  { "iscsi://bob%@h/", NO_PASSWORD },
  { "iscsi://bob:@h/", NO_PASSWORD },
  { "iscsi://bob:" SECRET "%@h/", "the password " BAD_ESCAPE },
  { "iscsi://bob:" SECRET "%2@h/", "the password " BAD_ESCAPE },
  { "iscsi://bob:" SECRET "%zz@h/", "the password " BAD_ESCAPE },
  { "iscsi://bob:" SECRET "%0@h/", "the password " BAD_ESCAPE },
  { "iscsi://bob:%g0" SECRET "@h/", "the password " BAD_ESCAPE },
  { "iscsi://bob:%0g" SECRET "@h/", "the password " BAD_ESCAPE },
  { "iscsi://bob:%%41" SECRET "@h/", "the password " BAD_ESCAPE },
  { "iscsi://bob:% 1" SECRET "@h/", "the password " BAD_ESCAPE },
  { "iscsi://bob:%+1" SECRET "@h/", "the password " BAD_ESCAPE },
  { "iscsi://bob:%0x1" SECRET "@h/", "the password " BAD_ESCAPE },
  { "iscsi://bob:" SECRET "%00@h/", "the password " BAD_NUL },
  { "iscsi://bob:%00" SECRET "@h/", "the password " BAD_NUL },
  { "iscsi://" IQN "%@h/", NO_PASSWORD },
  { "iscsi://iqn.x%3Ay:@h/", NO_PASSWORD },
  { "iscsi://iqn.x%3Ay:" SECRET "%00@h/", "the password " BAD_NUL },

  /* A '/' where it cuts the user part, and a forgotten host: the message
   * must not show what is then taken for something else.
   */
  { "iscsi://bob%" SECRET "/x@h/" IQN "/1", HOST_ESCAPE },
  { "iscsi://bob%x/" SECRET "@h/" IQN "/1", HOST_ESCAPE },
  { "iscsi://bob:" SECRET "/x@h/" IQN "/1", BAD_PORT },
  { "iscsi://bob:12/" SECRET "@h/" IQN "/1", LATE_AT },
  { "iscsi://bob/" SECRET "@h", LATE_AT },
  { "iscsi://bob:12/a/" SECRET "@h/1", LATE_AT },
  { "iscsi://bob:12/a?" SECRET "@h/1", UNKNOWN },
  { "iscsi://bob:12/a?target_password=1&" SECRET "/x", UNKNOWN },
  { "iscsi://bob%" SECRET, HOST_ESCAPE },
  { "iscsi://bob%" SECRET "/" IQN "/1", HOST_ESCAPE },
  { "iscsi://bob:" SECRET "/" IQN "/1", BAD_PORT },
  { "iscsi://h?target_password=" SECRET "@x", BOTH },
  { "iscsi://h?target_password=a@" SECRET, BOTH },
  { "iscsi://h:1?target_password=a%40b@" SECRET, BOTH },
  { "iscsi://bob%p?w@h", BOTH },

  /* Host. */
  { "iscsi://", NO_HOST },
  { "iscsi:///", NO_HOST },
  { "iscsi:///" IQN "/1", NO_HOST },
  { "iscsi://:3260", NO_HOST },
  { "iscsi://:3260/" IQN "/1", NO_HOST },
  { "iscsi://?header_digest=none", NO_HOST },
  { "iscsi://bob%" SECRET "@", NO_HOST },
  { "iscsi://bob%" SECRET "@/" IQN "/1", NO_HOST },
  { "iscsi://bob%" SECRET "@:1/" IQN "/1", NO_HOST },
  { "iscsi:// h", BAD_HOST },
  { "iscsi://h ", BAD_HOST },
  { "iscsi://h h/", BAD_HOST },
  { "iscsi://h#x", BAD_HOST },
  { "iscsi://h\n", BAD_HOST },
  { "iscsi://h]", BAD_HOST },
  { "iscsi://h\\t", BAD_HOST },
  { "iscsi://h\xc3\xa4", BAD_HOST },
  { "iscsi://h%41", HOST_ESCAPE },
  { "iscsi://::1", HOST_COLONS },
  { "iscsi://2001:db8::1/" IQN "/1", HOST_COLONS },
  { "iscsi://h:1:2", HOST_COLONS },
  { "iscsi://h::", HOST_COLONS },
  { "iscsi://[", NO_BRACKET },
  { "iscsi://[::1", NO_BRACKET },
  { "iscsi://[::1/" IQN "/1", NO_BRACKET },
  { "iscsi://[]", BAD_IPV6 },
  { "iscsi://[:]", BAD_IPV6 },
  { "iscsi://[h]", BAD_IPV6 },
  { "iscsi://[10.0.0.1]", BAD_IPV6 },
  { "iscsi://[::1::]", BAD_IPV6 },
  { "iscsi://[::g]", BAD_IPV6 },
  { "iscsi://[[::1]]", BAD_IPV6 },
  { "iscsi://[1:2:3:4:5:6:7:8:9]", BAD_IPV6 },
  { "iscsi://[::1 ]", BAD_IPV6 },
  { "iscsi://[%eth0]", BAD_IPV6 },
  { "iscsi://[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc]",
    BAD_IPV6 },
  { "iscsi://[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2551]", BAD_IPV6 },
  { "iscsi://[fe80::1%]", BAD_ZONE },
  { "iscsi://[fe80::1%eth 0]", BAD_ZONE },
  { "iscsi://[fe80::1%a%b]", BAD_ZONE },
  { "iscsi://[fe80::1%abcdefghijklmnop]", BAD_ZONE },
  { "iscsi://[::1]x", BAD_BRACKET },
  { "iscsi://[::1]3260", BAD_BRACKET },
  { "iscsi://[::1]]", BAD_BRACKET },
  { "iscsi://[::1];1", BAD_BRACKET },

  /* Port. */
  { "iscsi://h:", NO_PORT },
  { "iscsi://h:/" IQN "/1", NO_PORT },
  { "iscsi://[::1]:", NO_PORT },
  { "iscsi://h:,1", NO_PORT },
  { "iscsi://h:0", BAD_PORT },
  { "iscsi://h:00", BAD_PORT },
  { "iscsi://h:65536", BAD_PORT },
  { "iscsi://h:-1", BAD_PORT },
  { "iscsi://h:+1", BAD_PORT },
  { "iscsi://h: 1", BAD_PORT },
  { "iscsi://h:1 ", BAD_PORT },
  { "iscsi://h:0x1", BAD_PORT },
  { "iscsi://h:1.5", BAD_PORT },
  { "iscsi://h:iscsi-target", BAD_PORT },
  { "iscsi://h:4294967297", BAD_PORT },
  { "iscsi://h:18446744073709551617", BAD_PORT },
  { "iscsi://[::1]:65536", BAD_PORT },
  { "iscsi://[::1]::1", BAD_PORT },
  { "iscsi://h:1,", BAD_TAG },
  { "iscsi://h:1,x", BAD_TAG },
  { "iscsi://h:1,1,1", BAD_TAG },
  { "iscsi://h:1,-2", BAD_TAG },
  { "iscsi://h:1,--1", BAD_TAG },
  { "iscsi://h:1,65536/", BAD_TAG },
  { "iscsi://h,", BAD_TAG },
  { "iscsi://h,1:3260", BAD_TAG },
  { "iscsi://,1", NO_HOST },

  /* Target. */
  { "iscsi://h//", EMPTY_TARGET },
  { "iscsi://h//0", EMPTY_TARGET },
  { "iscsi://h///", EMPTY_TARGET },
  { "iscsi://h/0", NO_TARGET },
  { "iscsi://h/12/", NO_TARGET },
  { "iscsi://h/0/0", NO_TARGET },
  { "iscsi://h/ /0", RAW_SPACE },
  { "iscsi://h/a b/0", RAW_SPACE },
  { "iscsi://h/a%0Ab/0", BAD_TARGET },
  { "iscsi://h/a\nb/0", BAD_TARGET },
  { "iscsi://h/a%7Fb/0", BAD_TARGET },
  { "iscsi://h/a%1bb", BAD_TARGET },
  { "iscsi://h/a%C2%9Bb", BAD_TARGET },
  { "iscsi://h/a%E4b", BAD_TARGET },
  { "iscsi://h/a\xff", BAD_TARGET },
  { "iscsi://h/a%00b/0", "the target name " BAD_NUL },
  { "iscsi://h/a%/0", "the target name " BAD_ESCAPE },
  { "iscsi://h/a%4/0", "the target name " BAD_ESCAPE },
  { "iscsi://h/a%4?iser", "the target name " BAD_ESCAPE },
  { "iscsi://h/a%4", "the target name " BAD_ESCAPE },
  { "iscsi://h/a%", "the target name " BAD_ESCAPE },
  { "iscsi://h/a%xy/0", "the target name " BAD_ESCAPE },
  { "iscsi://h/a@b/0", LATE_AT },
  { "iscsi://h/t/0@", LATE_AT },

  /* LUN. */
  { "iscsi://h/t/16384", BAD_LUN },
  { "iscsi://h/t/65536", BAD_LUN },
  { "iscsi://h/t/4294967296", BAD_LUN },
  { "iscsi://h/t/18446744073709551616", BAD_LUN },
  { "iscsi://h/t/99999999999999999999999999999999999", BAD_LUN },
  { "iscsi://h/t/-1", BAD_LUN },
  { "iscsi://h/t/+1", BAD_LUN },
  { "iscsi://h/t/ 1", BAD_LUN },
  { "iscsi://h/t/1 ", BAD_LUN },
  { "iscsi://h/t/1\n", BAD_LUN },
  { "iscsi://h/t/0x1", BAD_LUN },
  { "iscsi://h/t/1a", BAD_LUN },
  { "iscsi://h/t/a", BAD_LUN },
  { "iscsi://h/t/1.0", BAD_LUN },
  { "iscsi://h/t/%30", BAD_LUN },
  { "iscsi://h/t/1/", BAD_LUN },
  { "iscsi://h/t//", BAD_LUN },
  { "iscsi://h/t//1", BAD_LUN },
  { "iscsi://h/t/1/1", BAD_LUN },
  { "iscsi://h/t/1#x", BAD_LUN },
  { "iscsi://h/t/1&target_user=a", BAD_LUN },

  /* Arguments. */
  { "iscsi://h?", NO_ARGUMENT },
  { "iscsi://h/t/1?", NO_ARGUMENT },
  { "iscsi://h/t/1?&", NO_ARGUMENT },
  { "iscsi://h/t/1?iser&", NO_ARGUMENT },
  { "iscsi://h/t/1?&iser", NO_ARGUMENT },
  { "iscsi://h/t/1?iser&&target_user=a", NO_ARGUMENT },
  { "iscsi://h/t/1?foo", UNKNOWN },
  { "iscsi://h/t/1?foo=1", UNKNOWN },
  { "iscsi://h/t/1?=", UNKNOWN },
  { "iscsi://h/t/1?=none", UNKNOWN },
  { "iscsi://h/t/1?iser=1", UNKNOWN },
  { "iscsi://h/t/1?iser=", UNKNOWN },
  { "iscsi://h/t/1?ISER", UNKNOWN },
  { "iscsi://h/t/1??iser", UNKNOWN },
  { "iscsi://h/t/1?iser?iser", UNKNOWN },
  { "iscsi://h/t/1?target_use=a", UNKNOWN },
  { "iscsi://h/t/1?target_user2=a", UNKNOWN },
  { "iscsi://h/t/1?Target_user=a", UNKNOWN },
  { "iscsi://h/t/1?target-user=a", UNKNOWN },
  { "iscsi://h/t/1?user=bob&password=" SECRET, UNKNOWN },
  { "iscsi://h/t/1?target_password=x&" SECRET, UNKNOWN },
  { "iscsi://h/t/1?target_password=x&" SECRET "=", UNKNOWN },
  { "iscsi://h/t/1?target_password" SECRET, UNKNOWN },
  { "iscsi://h/t/1?header_digest", VALUE ("header_digest") },
  { "iscsi://h/t/1?header_digest&iser", VALUE ("header_digest") },
  { "iscsi://h/t/1?target_user", VALUE ("target_user") },
  { "iscsi://h/t/1?target_password", VALUE ("target_password") },
  { "iscsi://h/t/1?target_user=", EMPTY ("target_user") },
  { "iscsi://h/t/1?target_user=&target_password=" SECRET,
    EMPTY ("target_user") },
  { "iscsi://h/t/1?target_password=", EMPTY ("target_password") },
  { "iscsi://h/t/1?header_digest=", BAD_DIGEST },
  { "iscsi://h/t/1?header_digest=CRC32C", BAD_DIGEST },
  { "iscsi://h/t/1?header_digest=crc32", BAD_DIGEST },
  { "iscsi://h/t/1?header_digest=crc32c,none", BAD_DIGEST },
  { "iscsi://h/t/1?header_digest=unset", BAD_DIGEST },
  { "iscsi://h/t/1?header_digest=non%65", BAD_DIGEST },
  { "iscsi://h/t/1?header_digest=" SECRET, BAD_DIGEST },
  { "iscsi://h/t/1?header_digest=none&header_digest=none",
    TWICE ("header_digest") },
  { "iscsi://h/t/1?header_digest=none&iser&header_digest",
    VALUE ("header_digest") },
  { "iscsi://h/t/1?target_user=a&target_user=a", TWICE ("target_user") },
  { "iscsi://h/t/1?target_password=" SECRET "&target_password=" SECRET,
    TWICE ("target_password") },
  { "iscsi://h/t/1?target_password=" SECRET "%zz",
    "the argument target_password " BAD_ESCAPE },
  { "iscsi://h/t/1?target_password=" SECRET "%4",
    "the argument target_password " BAD_ESCAPE },
  { "iscsi://h/t/1?target_password=" SECRET "%4&iser",
    "the argument target_password " BAD_ESCAPE },
  { "iscsi://h/t/1?target_password=" SECRET "%00",
    "the argument target_password " BAD_NUL },
  { "iscsi://h/t/1?target_user=%", "the argument target_user " BAD_ESCAPE },
  { "iscsi://h/t/1?target_user=%00", "the argument target_user " BAD_NUL },
};

static void
test_tables (void)
{
  size_t i;

  for (i = 0; i < sizeof good / sizeof good[0]; i++)
    check_good (good[i].str, good[i].expected);
  for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
    check_bad (bad[i].str, bad[i].sentence);
}

static void
test_every_port (void)
{
  char str[64], expected[64];
  unsigned port;

  for (port = 0; port <= 66000; port++) {
    snprintf (str, sizeof str, "iscsi://h:%u/", port);
    snprintf (expected, sizeof expected, "iscsi|-|-|h|%u|-|-1|-|-|unset",
              port);
    if (port >= 1 && port <= 65535)
      check_good (str, expected);
    else
      check_bad (str, BAD_PORT);
  }
}

static void
test_every_lun (void)
{
  char str[64], expected[64];
  int lun;

  for (lun = 0; lun <= 17000; lun++) {
    snprintf (str, sizeof str, "iscsi://h/t/%d", lun);
    snprintf (expected, sizeof expected, "iscsi|-|-|h|3260|t|%d|-|-|unset",
              lun);
    if (lun <= 16383)
      check_good (str, expected);
    else
      check_bad (str, BAD_LUN);
  }
}

/* Every byte, in every part that can have it as it is. */
static void
test_every_byte (void)
{
  char str[64], expected[64];
  unsigned c;

  for (c = 1; c < 256; c++) {
    if (c != '/') {
      snprintf (str, sizeof str, "iscsi://u%%a%cb@h/", c);
      snprintf (expected, sizeof expected,
                "iscsi|u|a%cb|h|3260|-|-1|-|-|unset", c);
      check_good (str, expected);
    }
    if (c != '/' && c != '%') {
      snprintf (str, sizeof str, "iscsi://u:a%cb@h/", c);
      snprintf (expected, sizeof expected,
                "iscsi|u|a%cb|h|3260|-|-1|-|-|unset", c);
      check_good (str, expected);
    }
    if (c != '&' && c != '%') {
      snprintf (str, sizeof str, "iscsi://h/?target_user=a%cb", c);
      snprintf (expected, sizeof expected,
                "iscsi|-|-|h|3260|-|-1|a%cb|-|unset", c);
      check_good (str, expected);
    }
    if (!strchr ("@/?:,%", c)) {
      snprintf (str, sizeof str, "iscsi://h%ch/", c);
      snprintf (expected, sizeof expected,
                "iscsi|-|-|h%ch|3260|-|-1|-|-|unset", c);
      if ((c < 0x80 && isalnum (c)) || strchr ("-._", c))
        check_good (str, expected);
      else
        check_bad (str, BAD_HOST);
    }
    if (!strchr ("@/?%", c)) {
      snprintf (str, sizeof str, "iscsi://h/t%ct/0", c);
      snprintf (expected, sizeof expected,
                "iscsi|-|-|h|3260|t%ct|0|-|-|unset", c);
      if (c > ' ' && c < 0x7f)
        check_good (str, expected);
      else
        check_bad (str, c == ' ' ? RAW_SPACE : BAD_TARGET);
    }
  }
}

/* Every pair of characters after a '%', in the three parts that are
 * decoded.
 */
static void
test_every_escape (void)
{
  static const char digits[] = "0123456789abcdef";
  char str[64], expected[64];
  unsigned high, low;

  for (high = 1; high < 128; high++)
    for (low = 1; low < 128; low++) {
      const bool ok = isxdigit (high) && isxdigit (low);
      unsigned c = 0;

      if (strchr ("@/?&", high) || strchr ("@/?&", low))
        continue;
      if (ok)
        c = (strchr (digits, tolower (high)) - digits) * 16 +
          (strchr (digits, tolower (low)) - digits);

      snprintf (str, sizeof str, "iscsi://u:a%%%c%c@h/", high, low);
      snprintf (expected, sizeof expected,
                "iscsi|u|a%c|h|3260|-|-1|-|-|unset", c);
      if (ok && c != 0)
        check_good (str, expected);
      else
        check_bad (str, ok ? "the password " BAD_NUL
                   : "the password " BAD_ESCAPE);

      snprintf (str, sizeof str, "iscsi://h/t%%%c%c/1", high, low);
      snprintf (expected, sizeof expected,
                "iscsi|-|-|h|3260|t%c|1|-|-|unset", c);
      if (ok && c >= ' ' && c < 0x7f)
        check_good (str, expected);
      else
        check_bad (str, !ok ? "the target name " BAD_ESCAPE
                   : c == 0 ? "the target name " BAD_NUL : BAD_TARGET);

      snprintf (str, sizeof str, "iscsi://h/?target_password=%%%c%c",
                high, low);
      snprintf (expected, sizeof expected,
                "iscsi|-|-|h|3260|-|-1|-|%c|unset", c);
      if (ok && c != 0)
        check_good (str, expected);
      else
        check_bad (str, ok ? "the argument target_password " BAD_NUL
                   : "the argument target_password " BAD_ESCAPE);
    }
}

/* ‘before’, then ‘unit’ n times, then ‘after’. */
static char *
repeated (const char *before, const char *unit, size_t n, const char *after)
{
  char *str = malloc (strlen (before) + strlen (unit) * n +
                      strlen (after) + 1);
  char *p;

  if (str == NULL)
    abort ();
  p = stpcpy (str, before);
  while (n-- > 0)
    p = stpcpy (p, unit);
  strcpy (p, after);
  return str;
}

/* Up to ‘max’ units are right, more are not. */
static void
check_longest (const char *before, const char *unit, size_t max,
               const char *after, const char *sentence)
{
  const size_t lens[] = { 1, max - 1, max, max + 1, 2 * max, 1000000 };
  size_t i;

  for (i = 0; i < sizeof lens / sizeof lens[0]; i++) {
    char *str = repeated (before, unit, lens[i], after);
    struct url url;
    struct error err;

    if (lens[i] <= max) {
      check_row = str;
      CHECK_INT (url_parse (str, &url, &err), 0);
      url_free (&url);
    }
    else
      check_bad (str, sentence);
    check_row = NULL;
    free (str);
  }
}

static void
test_lengths (void)
{
  static const char user[] = "the user name is longer than 255 bytes";
  static const char password[] = "the password is longer than 255 bytes";
  static const char target[] = "the target name is longer than 223 bytes";
  static const char host[] = "the host is longer than 253 bytes";

  check_longest ("iscsi://", "u", 255, "%p@h/", user);
  check_longest ("iscsi://", "u", 255, ":p@h/", user);
  check_longest ("iscsi://", "u", 255, "@h/",
                 "the user name before '@' is longer than 255 bytes");
  check_longest ("iscsi://u%", "p", 255, "@h/", password);
  check_longest ("iscsi://u%", "%", 255, "@h/", password);
  check_longest ("iscsi://u:", "p", 255, "@h/", password);
  check_longest ("iscsi://u:", "%41", 255, "@h/", password);
  check_longest ("iscsi://h/t?target_user=", "u", 255, "",
                 "the argument target_user is longer than 255 bytes");
  check_longest ("iscsi://h/t?target_password=", "%ff", 255, "&iser",
                 "the argument target_password is longer than 255 bytes");
  check_longest ("iscsi://", "h", 253, "", host);
  check_longest ("iscsi://", "h", 253, ":3260/t/0", host);
  check_longest ("iscsi://h/", "t", 223, "", target);
  check_longest ("iscsi://h/", "t", 223, "/0", target);
  check_longest ("iscsi://h/", "%74", 223, "/0", target);
}

static void
test_long_numbers (void)
{
  char *str = repeated ("iscsi://h:", "9", 100000, "/t/0");

  check_bad (str, BAD_PORT);
  free (str);
  str = repeated ("iscsi://h/t/", "9", 100000, "");
  check_bad (str, BAD_LUN);
  free (str);
  str = repeated ("iscsi://[", "1:", 100000, "]/t/0");
  check_bad (str, BAD_IPV6);
  free (str);
  str = repeated ("iscsi://h/t/0?", "iser&", 100000, "iser");
  check_good (str, "iser|-|-|h|3260|t|0|-|-|unset");
  free (str);
}

/* A URL with everything in it, cut and changed at every place: it is
 * parsed or refused, properly, and nothing is read or leaked beyond it.
 */
static void
test_damage (void)
{
  static const char whole[] =
    "iscsi://bob:p%40w@[fe80::1%25eth0]:3261,1/iqn.x%3Ay/12"
    "?target_user=a%26&target_password=b&header_digest=none-crc32c&iser";
  static const char changes[] = "/?@:%&=[],0 \xff";
  size_t i, j, parsed = 0, refused = 0;

  check_good (whole, "iser|bob|p@w|fe80::1%eth0|3261|iqn.x:y|12|a&|b|"
              "none-crc32c");

  for (i = 0; i < sizeof whole; i++)
    for (j = 0; j < sizeof changes + 1; j++) {
      /* On the heap, so that a sanitizer sees what is read beyond it. */
      char *str = strdup (whole);
      struct url url;
      struct error err = { 0 };

      if (str == NULL)
        abort ();
      if (j < sizeof changes) /* the last one is the NUL, a cut */
        str[i] = i < sizeof whole - 1 ? changes[j] : '\0';
      else if (i < sizeof whole - 1)
        memmove (str + i, str + i + 1, sizeof whole - i - 1);

      check_row = str;
      if (url_parse (str, &url, &err) == 0) {
        parsed++;
        CHECK (url.host != NULL && url.host[0] != '\0');
        CHECK (url.port != 0);
        CHECK (url.lun >= -1 && url.lun <= URL_MAX_LUN);
        CHECK (url.lun == -1 || url.target != NULL);
        CHECK (url.password == NULL || url.user != NULL);
      }
      else {
        refused++;
        check_error (&err);
        check_empty (&url);
      }
      url_free (&url);
      check_row = NULL;
      free (str);
    }
  CHECK (parsed > 100);
  CHECK (refused > 100);
}

static const struct {
  const char *str, *host;
  uint16_t port;
} good_portals[] = {
  { "h", "h", 3260 },
  { "h:3261", "h", 3261 },
  { "10.0.0.1:1", "10.0.0.1", 1 },
  { "10.0.0.1:3260,1", "10.0.0.1", 3260 },
  { "[::1]", "::1", 3260 },
  { "[::1]:65535", "::1", 65535 },
  { "[fe80::1%eth0]:3260,12", "fe80::1%eth0", 3260 },
  { "h,1", "h", 3260 },
  { "10.0.0.1,65535", "10.0.0.1", 3260 },
  { "[::1],0", "::1", 3260 },
  { "h:1,-1", "h", 1 },
  { "h:00001", "h", 1 },
};

static const struct { const char *str, *sentence; } bad_portals[] = {
  { "", NO_HOST },
  { ":3260", NO_HOST },
  { "h:", NO_PORT },
  { "h:0", BAD_PORT },
  { "h:65536", BAD_PORT },
  { "h:x", BAD_PORT },
  { "h:1/", BAD_PORT },
  { "h:1?", BAD_PORT },
  { "h:1,", BAD_TAG },
  { "h:1,x", BAD_TAG },
  { "::1", HOST_COLONS },
  { "[::1", NO_BRACKET },
  { "[::x]", BAD_IPV6 },
  { "[::1]1", BAD_BRACKET },
  { "h/", BAD_HOST },
  { "h?", BAD_HOST },
  { "h h", BAD_HOST },
  { "h,g", BAD_TAG },
  { ",1", NO_HOST },
  { "bob@h", BAD_HOST },
  { "bob%" SECRET "@h", HOST_ESCAPE },
  { "bob:" SECRET "@h", BAD_PORT },
  { "iscsi://h", BAD_PORT },
};

static void
test_portals (void)
{
  struct error err;
  char *host;
  uint16_t port;
  size_t i;

  for (i = 0; i < sizeof good_portals / sizeof good_portals[0]; i++) {
    check_row = good_portals[i].str;
    CHECK_INT (url_parse_portal (good_portals[i].str, &host, &port, &err), 0);
    CHECK_STR (host, good_portals[i].host);
    CHECK_UINT (port, good_portals[i].port);
    free (host);
  }
  for (i = 0; i < sizeof bad_portals / sizeof bad_portals[0]; i++) {
    check_row = bad_portals[i].str;
    CHECK_INT (url_parse_portal (bad_portals[i].str, &host, &port, &err), -1);
    CHECK_CONTAINS (err.msg, bad_portals[i].sentence);
    check_error (&err);
    CHECK (host == NULL);
  }
  check_row = NULL;
}

#define BAD_EXPORT  "the export name must be target/lun"
#define BAD_EXPORT_LUN "the export name must be the number of a LUN, from 0 " \
                    "to 16383"

static const struct {
  const char *name;
  bool have_target;
  const char *target;           /* NULL: none, or an error */
  int lun;
  const char *sentence;
} exports[] = {
  { "0", true, NULL, 0, NULL },
  { "1", true, NULL, 1, NULL },
  { "16383", true, NULL, 16383, NULL },
  { "007", true, NULL, 7, NULL },
  { "", true, NULL, 0, BAD_EXPORT_LUN },
  { "16384", true, NULL, 0, BAD_EXPORT_LUN },
  { "-1", true, NULL, 0, BAD_EXPORT_LUN },
  { "1 ", true, NULL, 0, BAD_EXPORT_LUN },
  { "/1", true, NULL, 0, BAD_EXPORT_LUN },
  { "default", true, NULL, 0, BAD_EXPORT_LUN },
  { IQN "/1", true, NULL, 0, BAD_EXPORT_LUN },
  { IQN "/1", false, IQN, 1, NULL },
  { IQN "/0", false, IQN, 0, NULL },
  { IQN "/16383", false, IQN, 16383, NULL },
  { "t/1", false, "t", 1, NULL },
  { "a%41@b?c/1", false, "a%41@b?c", 1, NULL }, /* not a URL */
  { "", false, NULL, 0, BAD_EXPORT },
  { "/", false, NULL, 0, BAD_EXPORT },
  { "/1", false, NULL, 0, BAD_EXPORT },
  { "1", false, NULL, 0, BAD_EXPORT },
  { IQN, false, NULL, 0, BAD_EXPORT },
  { "a b/1", false, "a b", 1, NULL },
  { "a/b/1", false, "a/b", 1, NULL },
  { "1/1/1", false, "1/1", 1, NULL },
  { "d\xc3\xa4/1", false, "d\xc3\xa4", 1, NULL },
  { IQN "/", false, NULL, 0, BAD_LUN },
  { IQN "/x", false, NULL, 0, BAD_LUN },
  { IQN "/16384", false, NULL, 0, BAD_LUN },
  { IQN "/1/", false, NULL, 0, BAD_LUN },
  { "//", false, NULL, 0, BAD_LUN },
  { "a\xc2\x9b/1", false, NULL, 0, BAD_TARGET },
  { "a\xe4/1", false, NULL, 0, BAD_TARGET },
  { "a\nb/1", false, NULL, 0, BAD_TARGET },
  { "1/1", false, NULL, 0, NO_TARGET },
};

static void
test_exports (void)
{
  struct error err;
  char *target, *name;
  int lun;
  size_t i;

  for (i = 0; i < sizeof exports / sizeof exports[0]; i++) {
    check_row = exports[i].name;
    lun = -2;
    CHECK_INT (url_parse_export (exports[i].name, exports[i].have_target,
                                 &target, &lun, &err),
               exports[i].sentence ? -1 : 0);
    CHECK_STR (target, exports[i].target);
    if (exports[i].sentence) {
      CHECK_CONTAINS (err.msg, exports[i].sentence);
      check_error (&err);
    }
    else
      CHECK_INT (lun, exports[i].lun);
    free (target);
  }

  /* As long as an export name can be in NBD. */
  check_row = "4096 bytes";
  name = repeated ("", "t", 4094, "/1");
  CHECK_INT (url_parse_export (name, false, &target, &lun, &err), -1);
  CHECK_CONTAINS (err.msg, "the target name is longer than 223 bytes");
  free (name);
  name = repeated ("", "t", 223, "/1");
  CHECK_INT (url_parse_export (name, false, &target, &lun, &err), 0);
  CHECK_INT (strlen (target), 223);
  free (target);
  free (name);
  check_row = NULL;
}

static void
test_digests (void)
{
  static const enum digest all[] = {
    DIGEST_NONE, DIGEST_CRC32C, DIGEST_CRC32C_NONE, DIGEST_NONE_CRC32C
  };
  static const char *const none[] = {
    "", "None", "crc", "crc32c-", "none-", "crc32c,none", "unset", " none",
    "none "
  };
  size_t i;

  for (i = 0; i < sizeof all / sizeof all[0]; i++)
    CHECK_INT (digest_parse (digest_name (all[i])), all[i]);
  CHECK_STR (digest_name (DIGEST_NONE), "none");
  CHECK_STR (digest_name (DIGEST_CRC32C), "crc32c");
  CHECK_STR (digest_name (DIGEST_CRC32C_NONE), "crc32c-none");
  CHECK_STR (digest_name (DIGEST_NONE_CRC32C), "none-crc32c");
  for (i = 0; i < sizeof none / sizeof none[0]; i++)
    CHECK_INT (digest_parse (none[i]), DIGEST_UNSET);
}

static const struct { const char *str, *redacted; } redactions[] = {
  { "iscsi://h", "iscsi://h/" },
  { "iser://h/", "iser://h/" },
  { "iscsi://h:3260/t/0", "iscsi://h/t/0" },
  { "iscsi://h:3261/t", "iscsi://h:3261/t" },
  { "iscsi://[::1]:3261,1/" IQN "/12", "iscsi://[::1]:3261/" IQN "/12" },
  { "iscsi://[fe80::1%eth0]/t", "iscsi://[fe80::1%25eth0]/t" },
  { "iscsi://bob@h/t/1", "iscsi://bob@h/t/1" },
  { "iscsi://bob%" SECRET "@h/t/1", "iscsi://bob:***@h/t/1" },
  { "iscsi://bob:" SECRET "@h/t/1", "iscsi://bob:***@h/t/1" },
  { "iscsi://b@b:" SECRET "@h/t/1", "iscsi://b@b%***@h/t/1" },
  { "iscsi://b b%" SECRET "@h", "iscsi://b b%***@h/" },
  { "iscsi://b?b%" SECRET "@h/", "iscsi://b?b%***@h/" },
  { "iscsi://b&b@h/", "iscsi://b&b@h/" },
  { "iscsi://" IQN "%" SECRET "@h/",
    "iscsi://iqn.2001-04.com.example%3Adisk:***@h/" },
  { "iscsi://iqn.x%3Ay%25z:" SECRET "@h/", "iscsi://iqn.x%3Ay%25z:***@h/" },
  { "iscsi://iqn.x:" SECRET "@h/", "iscsi://iqn.x:***@h/" },
  { "iscsi://h/a%2Fb%20c/1", "iscsi://h/a%2Fb%20c/1" },
  { "iscsi://h,1/t/1", "iscsi://h/t/1" },
  { "iscsi://h/%C3%A4%3F:/1", "iscsi://h/%C3%A4%3F:/1" },
  { "iscsi://h/?target_user=a%26b", "iscsi://h/?target_user=a%26b" },
  { "iscsi://h/?target_password=" SECRET,
    "iscsi://h/?target_password=***" },
  { "iscsi://h/?header_digest=none", "iscsi://h/?header_digest=none" },
  { "iscsi://bob%" SECRET "@h:1/t/2?header_digest=crc32c&target_user=a"
    "&target_password=" SECRET "&iser",
    "iser://bob:***@h:1/t/2?target_user=a&target_password=***"
    "&header_digest=crc32c" },
};

static void
test_redacted (void)
{
  const struct url empty = { .lun = -1 };
  struct url url, again;
  struct error err;
  char *str, *twice;
  size_t i;

  for (i = 0; i < sizeof redactions / sizeof redactions[0]; i++) {
    check_row = redactions[i].str;
    CHECK_INT (url_parse (redactions[i].str, &url, &err), 0);
    str = url_redacted (&url);
    CHECK_STR (str, redactions[i].redacted);
    CHECK_LACKS (str, SECRET);

    /* It is a URL, of the same place and user. */
    CHECK_INT (url_parse (str, &again, &err), 0);
    CHECK_STR (again.host, url.host);
    CHECK_STR (again.target, url.target);
    CHECK_STR (again.user, url.user);
    CHECK_STR (again.password, url.password ? "***" : NULL);
    CHECK_STR (again.target_user, url.target_user);
    twice = url_redacted (&again);
    CHECK_STR (twice, str);
    free (twice);
    free (str);
    url_free (&again);
    url_free (&url);
  }
  check_row = NULL;

  str = url_redacted (&empty);
  CHECK_STR (str, "iscsi:///");
  free (str);

  /* What only user= can have. */
  CHECK_INT (url_parse ("iscsi://b\n:" SECRET "@h/", &url, &err), 0);
  str = url_redacted (&url);
  CHECK_STR (str, "iscsi://b%0A:***@h/");
  free (str);
  url_free (&url);
}

int
main (void)
{
  test_tables ();
  test_every_port ();
  test_every_lun ();
  test_every_byte ();
  test_every_escape ();
  test_lengths ();
  test_long_numbers ();
  test_damage ();
  test_portals ();
  test_exports ();
  test_digests ();
  test_redacted ();
  return check_summary ();
}
