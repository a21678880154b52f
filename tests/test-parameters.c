/* SPDX-License-Identifier: BSD-3-Clause */

/* The command line without a server: nbdkit's functions are small
 * look-alikes here, and what is said through them is kept.
 */

#include <config.h>

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nbdkit-plugin.h>

#include "check.h"
#include "parameters.h"

#define SECRET "s3cret-of-the-tests"
#define URL "iscsi://h/iqn.x/1"
#define MAX_PAIRS 24

/* nbdkit-plugin.h says so only to nbdkit's own sources. */
extern void nbdkit_error (const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 1, 2)));
extern void nbdkit_debug (const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 1, 2)));
extern void nbdkit_verror (const char *fs, va_list args)
  __attribute__ ((__format__ (__printf__, 1, 0)));
extern void nbdkit_vdebug (const char *fs, va_list args)
  __attribute__ ((__format__ (__printf__, 1, 0)));

static char last_error[1024], all_debug[4096];
static unsigned nr_errors;

void
nbdkit_error (const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  vsnprintf (last_error, sizeof last_error, fs, args);
  va_end (args);
  nr_errors++;
}

void
nbdkit_debug (const char *fs, ...)
{
  size_t len = strlen (all_debug);
  va_list args;

  va_start (args, fs);
  vsnprintf (all_debug + len, sizeof all_debug - len, fs, args);
  va_end (args);
}

void
nbdkit_verror (const char *fs, va_list args)
{
  vsnprintf (last_error, sizeof last_error, fs, args);
  nr_errors++;
}

void
nbdkit_vdebug (const char *fs, va_list args)
{
  size_t len = strlen (all_debug);

  vsnprintf (all_debug + len, sizeof all_debug - len, fs, args);
}

int
nbdkit_read_password (const char *value, char **password)
{
  static const struct { const char *value, *password; } files[] = {
    { "+file", SECRET },
    { "+file2", SECRET "2" },
    { "+crlf", SECRET "\r" },
    { "+blanks", SECRET " \t \r" },
    { "-3", SECRET "\t" },
    { "+onlyblanks", "  \r" },
    { "+mark", "\xef\xbb\xbf" SECRET },
    { "+onlymark", "\xef\xbb\xbf\r" },
    { "+utf16le", "\xff\xfe" "s" },
    { "+utf16be", "\xfe\xff" },
  };
  size_t i;

  *password = NULL;
  if (strcmp (value, "+missing") == 0) {
    nbdkit_error ("open missing");
    return -1;
  }
  for (i = 0; i < sizeof files / sizeof files[0]; i++)
    if (strcmp (value, files[i].value) == 0)
      value = files[i].password;
  *password = strdup (value);
  return *password ? 0 : -1;
}

char *
nbdkit_absolute_path (const char *path)
{
  return strdup (path);
}

int
nbdkit_parse_bool (const char *str)
{
  if (strcmp (str, "true") == 0)
    return 1;
  if (strcmp (str, "false") == 0)
    return 0;
  nbdkit_error ("not a boolean");
  return -1;
}

int
nbdkit_parse_unsigned (const char *what, const char *str, unsigned *r)
{
  char *end;
  unsigned long n = strtoul (str, &end, 10);

  if (end == str || *end || n > UINT_MAX) {
    nbdkit_error ("%s: not a number", what);
    return -1;
  }
  *r = n;
  return 0;
}

/* One command line.  What a test leaves out is NULL, "" or false. */
struct line {
  const char *args[MAX_PAIRS];  /* "key=value" */
  const char *error;            /* a piece of the sentence */
};

/* As nbdkit splits and sends them.  -1 as soon as one is refused. */
static int
load (struct settings *p, const char *const *args)
{
  char key[64];

  all_debug[0] = last_error[0] = '\0';
  nr_errors = 0;
  parameters_init (p);
  for (; *args; args++) {
    size_t len = strcspn (*args, "=");

    snprintf (key, sizeof key, "%.*s", (int) len, *args);
    if (parameters_set (p, key, *args + len + 1) == -1)
      return -1;
  }
  return parameters_complete (p);
}

static void
check_refused (const struct line *l)
{
  struct settings p;
  size_t len;

  CHECK_INT (load (&p, l->args), -1);
  CHECK_UINT (nr_errors, 1);
  CHECK_CONTAINS (last_error, l->error);
  CHECK_LACKS (last_error, "s3cret");
  CHECK_LACKS (last_error, "\n");
  CHECK_LACKS (all_debug, "s3cret");
  len = strlen (last_error);
  CHECK (len > 0 && last_error[len - 1] != '.');
  parameters_free (&p);
}

static void
test_defaults (void)
{
  static const char *const args[] = { "url=" URL, NULL };
  struct settings p;

  CHECK_INT (load (&p, args), 0);
  CHECK (p.url.host != NULL);
  CHECK_STR (p.url.host, "h");
  CHECK_STR (p.url.target, "iqn.x");
  CHECK_INT (p.url.lun, 1);
  CHECK (p.url.user == NULL && p.url.password == NULL);
  CHECK (p.url.target_user == NULL && p.url.target_password == NULL);
  CHECK_INT (p.header_digest, DIGEST_NONE_CRC32C);
  CHECK_INT (p.data_digest, DIGEST_NONE);
  CHECK_UINT (p.nr_portals, 0);
  CHECK (!p.portal_auto);
  CHECK_UINT (p.sessions, 4);
  CHECK_UINT (p.timeout_ms, 30000);
  CHECK_UINT (p.login_timeout_ms, 15000);
  CHECK_UINT (p.recovery_timeout_ms, 120000);
  CHECK_UINT (p.noop_interval_ms, 5000);
  CHECK_UINT (p.noop_timeout_ms, 5000);
  CHECK (p.preflight);
  CHECK_UINT (nr_errors, 0);
  parameters_free (&p);
  CHECK (p.url.host == NULL && p.initiator_name == NULL);
  parameters_free (&p);
}

static void
test_everything (void)
{
  static const char *const args[] = {
    "user=bob", "password=+file", "target-user=tom", "target-password=+file2",
    "url=iser://h:1/iqn.x/7?header_digest=crc32c",
    "initiator-name=iqn.2001-04.com.example:me", "header-digest=none",
    "data-digest=none", "portal=g", "portal=[::1]:3261,1", "portal=auto",
    "sessions=64", "timeout=1m", "login-timeout=2.5", "recovery-timeout=0",
    "noop-interval=0", "noop-timeout=1500ms", "preflight=false", NULL
  };
  struct settings p;

  CHECK_INT (load (&p, args), 0);
  CHECK (p.url.iser);
  CHECK_STR (p.url.host, "h");
  CHECK_STR (p.url.user, "bob");
  CHECK_STR (p.url.password, SECRET);
  CHECK_STR (p.url.target_user, "tom");
  CHECK_STR (p.url.target_password, SECRET "2");
  CHECK_STR (p.initiator_name, "iqn.2001-04.com.example:me");
  CHECK_CONTAINS (all_debug, "iqn.2001-04.com.example:me");
  CHECK_LACKS (all_debug, "s3cret");
  CHECK_INT (p.header_digest, DIGEST_NONE);
  CHECK_INT (p.data_digest, DIGEST_NONE);
  CHECK_UINT (p.nr_portals, 2);
  CHECK_STR (p.portals[0].host, "g");
  CHECK_UINT (p.portals[0].port, 3260);
  CHECK_STR (p.portals[1].host, "::1");
  CHECK_UINT (p.portals[1].port, 3261);
  CHECK (p.portal_auto);
  CHECK_UINT (p.sessions, 64);
  CHECK_UINT (p.timeout_ms, 60000);
  CHECK_UINT (p.login_timeout_ms, 2500);
  CHECK_UINT (p.recovery_timeout_ms, 0);
  CHECK_UINT (p.noop_interval_ms, 0);
  CHECK_UINT (p.noop_timeout_ms, 1500);
  CHECK (!p.preflight);
  parameters_free (&p);
}

/* user|password|target_user|target_password after all of it. */
static const struct {
  const char *args[8];
  const char *expected;
} credentials[] = {
  { { "url=iscsi://bob%pw@h/" }, "bob|pw|-|-" },
  { { "url=iscsi://bob%pw@h/", "user=tom" }, "tom|pw|-|-" },
  { { "user=tom", "url=iscsi://bob%pw@h/" }, "tom|pw|-|-" },
  { { "url=iscsi://bob%pw@h/", "password=qw" }, "bob|qw|-|-" },
  { { "password=qw", "url=iscsi://bob%pw@h/" }, "bob|qw|-|-" },
  { { "password=qw", "url=iscsi://bob@h/" }, "bob|qw|-|-" },
  { { "url=iscsi://bob@h/", "password=qw" }, "bob|qw|-|-" },
  { { "url=iscsi://bob%pw@h/", "user=tom", "password=+file" },
    "tom|" SECRET "|-|-" },
  { { "user=a", "password=b", "user=c", "password=d", "url=iscsi://h" },
    "c|d|-|-" },
  { { "url=iscsi://bob%pw@h/?target_user=a&target_password=b" },
    "bob|pw|a|b" },
  { { "url=iscsi://bob%pw@h/?target_user=a", "target-password=+file" },
    "bob|pw|a|" SECRET },
  { { "target-password=c", "target-user=d",
      "url=iscsi://bob%pw@h/?target_user=a&target_password=b" },
    "bob|pw|d|c" },
  { { "url=iscsi://bob%pw@h/?target_user=a&target_password=b",
      "target-password=c", "target-user=d" }, "bob|pw|d|c" },
};

static const char *
or_dash (const char *s)
{
  return s ? s : "-";
}

static void
check_credentials_are (const struct url *url, const char *expected)
{
  char got[256];

  snprintf (got, sizeof got, "%s|%s|%s|%s", or_dash (url->user),
            or_dash (url->password), or_dash (url->target_user),
            or_dash (url->target_password));
  CHECK_STR (got, expected);
}

static void
test_credentials (void)
{
  struct settings p;
  size_t i;

  for (i = 0; i < sizeof credentials / sizeof credentials[0]; i++) {
    check_row = credentials[i].expected;
    CHECK_INT (load (&p, credentials[i].args), 0);
    check_credentials_are (&p.url, credentials[i].expected);
    CHECK_LACKS (all_debug, "s3cret");
    parameters_free (&p);
  }
  check_row = NULL;
}

/* What is at the end of a file, and not of a password. */
static void
test_secret_files (void)
{
  static const char *const values[] = { "+crlf", "+blanks", "-3" };
  char arg[64];
  const char *args[] = { "url=iscsi://h", "user=bob", arg, NULL };
  struct settings p;
  size_t i;

  for (i = 0; i < sizeof values / sizeof values[0]; i++) {
    check_row = values[i];
    snprintf (arg, sizeof arg, "password=%s", values[i]);
    CHECK_INT (load (&p, args), 0);
    CHECK_STR (p.url.password, SECRET);
    CHECK_UINT (nr_errors, 1);
    CHECK_CONTAINS (last_error, "warning: password: blanks or a carriage");
    CHECK_LACKS (last_error, "s3cret");
    parameters_free (&p);
  }
  check_row = NULL;

  /* A byte order mark is left out without a word. */
  snprintf (arg, sizeof arg, "password=+mark");
  CHECK_INT (load (&p, args), 0);
  CHECK_STR (p.url.password, SECRET);
  CHECK_UINT (nr_errors, 0);
  parameters_free (&p);

  /* Nothing is left. */
  snprintf (arg, sizeof arg, "password=+onlymark");
  CHECK_INT (load (&p, args), -1);
  CHECK_CONTAINS (last_error, "password must not be empty");
  parameters_free (&p);
  snprintf (arg, sizeof arg, "password=+onlyblanks");
  CHECK_INT (load (&p, args), -1);
  CHECK_CONTAINS (last_error, "password must not be empty");
  parameters_free (&p);

  /* What is in UTF-16 would be cut off at its first zero. */
  for (i = 0; i < 2; i++) {
    snprintf (arg, sizeof arg, "password=+utf16%s", i ? "be" : "le");
    CHECK_INT (load (&p, args), -1);
    CHECK_CONTAINS (last_error, "password: the file is in UTF-16");
    parameters_free (&p);
  }

  /* It is as it was meant in the command line. */
  snprintf (arg, sizeof arg, "password=abc ");
  CHECK_INT (load (&p, args), 0);
  CHECK_STR (p.url.password, "abc ");
  CHECK_UINT (nr_errors, 0);
  parameters_free (&p);
}

/* Short secrets are served, and mentioned. */
static void
test_short_secrets (void)
{
  static const char *const args[][4] = {
    { "url=iscsi://bob%12345678901@h/?target_user=t&"
      "target_password=123456789012" },
    { "url=iscsi://bob%123456789012@h/?target_user=t&"
      "target_password=12345678901" },
  };
  struct settings p;

  CHECK_INT (load (&p, args[0]), 0);
  CHECK_CONTAINS (all_debug, "password is shorter than the 12 bytes");
  CHECK_LACKS (all_debug, "target-password");
  CHECK_LACKS (all_debug, "1234");
  parameters_free (&p);

  CHECK_INT (load (&p, args[1]), 0);
  CHECK_CONTAINS (all_debug, "target-password is shorter than the 12 bytes");
  CHECK_LACKS (all_debug, "1234");
  parameters_free (&p);
}

/* LIBISCSI_CHAP_ followed by these; NULL: unset. */
static const char *const variables[] = {
  "USERNAME", "PASSWORD", "TARGET_USERNAME", "TARGET_PASSWORD"
};

static const struct {
  const char *values[4];
  const char *args[4];
  const char *expected;         /* NULL: an error... */
  const char *error;            /* ...this */
} environments[] = {
  { { "eu", "s3cretE", NULL, NULL }, { "url=iscsi://h" }, "eu|s3cretE|-|-",
    NULL },
  { { "eu", "ep", "et", "eq" }, { "url=iscsi://h" }, "eu|ep|et|eq", NULL },
  { { "", "", "", "" }, { "url=iscsi://h" }, "-|-|-|-", NULL },

  /* What was given, beats it. */
  { { "eu", "ep", NULL, NULL }, { "url=iscsi://u%p@h" }, "u|p|-|-", NULL },
  { { "eu", "ep", NULL, NULL }, { "url=iscsi://h", "user=u", "password=p" },
    "u|p|-|-", NULL },
  { { "eu", "ep", "et", "eq" }, { "url=iscsi://u%p@h" }, "u|p|et|eq", NULL },
  { { NULL, NULL, "et", "eq" },
    { "url=iscsi://u%p@h/?target_user=t&target_password=q" }, "u|p|t|q",
    NULL },

  /* The other half of what was given. */
  { { NULL, "ep", NULL, NULL }, { "url=iscsi://u@h" }, "u|ep|-|-", NULL },
  { { "eu", "ep", NULL, NULL }, { "url=iscsi://u@h" }, "u|ep|-|-", NULL },
  { { "eu", NULL, NULL, NULL }, { "url=iscsi://h", "password=p" },
    "eu|p|-|-", NULL },
  { { NULL, NULL, NULL, "eq" }, { "url=iscsi://u%p@h/?target_user=t" },
    "u|p|t|eq", NULL },

  /* Half a pair, or a target's without ours, is nothing. */
  { { "eu", NULL, NULL, NULL }, { "url=iscsi://h" }, "-|-|-|-", NULL },
  { { NULL, "ep", NULL, NULL }, { "url=iscsi://h" }, "-|-|-|-", NULL },
  { { "eu", "", NULL, NULL }, { "url=iscsi://h" }, "-|-|-|-", NULL },
  { { NULL, NULL, "et", "eq" }, { "url=iscsi://h" }, "-|-|-|-", NULL },
  { { NULL, NULL, "et", NULL }, { "url=iscsi://u%p@h" }, "u|p|-|-", NULL },
  { { "eu", NULL, NULL, NULL }, { "url=iscsi://u@h" }, NULL,
    "there is a user without a password" },
};

static void
set_environment (const char *const values[4])
{
  char name[64];
  size_t i;

  for (i = 0; i < 4; i++) {
    snprintf (name, sizeof name, "LIBISCSI_CHAP_%s", variables[i]);
    if (values && values[i])
      setenv (name, values[i], 1);
    else
      unsetenv (name);
  }
}

static void
test_environment (void)
{
  struct settings p;
  char row[32], *big;
  size_t i;
  int r;

  for (i = 0; i < sizeof environments / sizeof environments[0]; i++) {
    snprintf (row, sizeof row, "environments[%zu]", i);
    check_row = row;
    set_environment (environments[i].values);
    r = load (&p, environments[i].args);
    CHECK_INT (r, environments[i].expected ? 0 : -1);
    if (environments[i].expected)
      check_credentials_are (&p.url, environments[i].expected);
    else
      CHECK_CONTAINS (last_error, environments[i].error);
    CHECK_LACKS (all_debug, "s3cret");
    parameters_free (&p);
  }
  check_row = NULL;

  set_environment (environments[0].values);
  CHECK_INT (load (&p, environments[0].args), 0);
  CHECK_CONTAINS (all_debug, "LIBISCSI_CHAP_USERNAME is taken from the env");
  CHECK_CONTAINS (all_debug, "LIBISCSI_CHAP_PASSWORD is taken from the env");
  parameters_free (&p);

  big = calloc (1, 300);
  if (big == NULL)
    abort ();
  memset (big, 'x', 256);
  setenv ("LIBISCSI_CHAP_PASSWORD", big, 1);
  CHECK_INT (load (&p, environments[0].args), -1);
  CHECK_STR (last_error, "LIBISCSI_CHAP_PASSWORD must not be longer than "
             "255 bytes");
  parameters_free (&p);
  free (big);
  set_environment (NULL);
}

#define NOT_A_TIME -1
#define TOO_LONG   -2

static const struct {
  const char *value;
  int64_t ms;                   /* or one of these */
} delays[] = {
  { "30", 30000 }, { "30s", 30000 }, { "1", 1000 }, { "030", 30000 },
  { "9", 9000 }, { "19.9", 19900 },
  { "0.5", 500 }, { "0.5s", 500 }, { "1.25", 1250 }, { "0.001", 1 },
  { "0.0001", 1 }, { "0.00000000000001", 1 }, { "1.0000000000001", 1001 },
  { "1.0", 1000 }, { "1.000000000000", 1000 }, { "0.999999999", 1000 },
  { "500ms", 500 }, { "1ms", 1 }, { "0.5ms", 1 }, { "1.5ms", 2 },
  { "2m", 120000 }, { "0.5m", 30000 }, { "0.1m", 6000 },
  { "1440m", 86400000 }, { "86400", 86400000 }, { "86400000ms", 86400000 },
  { "1h", 3600000 }, { "24h", 86400000 }, { "0.5h", 1800000 },
  { "24.0h", 86400000 }, { "86400.000", 86400000 }, { "0.00000000000000000000000000001m", 1 },

  { "1440.1m", TOO_LONG }, { "86400.001", TOO_LONG },
  { "86400001ms", TOO_LONG }, { "86400000.5ms", TOO_LONG },
  { "1441m", TOO_LONG }, { "25h", TOO_LONG }, { "24.0000001h", TOO_LONG },
  { "99999999999999999999h", TOO_LONG }, { "86401", TOO_LONG }, { "4294967296ms", TOO_LONG },
  { "4294967.296", TOO_LONG }, { "18446744073709551616", TOO_LONG },
  { "99999999999999999999999999999999999999", TOO_LONG },

  { "", NOT_A_TIME },
  { " ", NOT_A_TIME }, { "s", NOT_A_TIME }, { "ms", NOT_A_TIME },
  { ".", NOT_A_TIME }, { ".5", NOT_A_TIME }, { "5.", NOT_A_TIME },
  { "5.s", NOT_A_TIME }, { "-1", NOT_A_TIME }, { "+1", NOT_A_TIME },
  { " 1", NOT_A_TIME }, { "1 ", NOT_A_TIME }, { "1 s", NOT_A_TIME },
  { "1S", NOT_A_TIME }, { "1M", NOT_A_TIME }, { "1MS", NOT_A_TIME },
  { "1H", NOT_A_TIME }, { "1hm", NOT_A_TIME },
  { "1d", NOT_A_TIME }, { "1sec", NOT_A_TIME }, { "1mss", NOT_A_TIME },
  { "1sm", NOT_A_TIME }, { "0x10", NOT_A_TIME }, { "1e3", NOT_A_TIME },
  { "1,5", NOT_A_TIME }, { "1.5.5", NOT_A_TIME }, { "inf", NOT_A_TIME },
  { "nan", NOT_A_TIME }, { "1\n", NOT_A_TIME },
};

static const struct {
  const char *key;
  bool zero_allowed;
} delay_keys[] = {
  { "timeout", false }, { "login-timeout", false },
  { "recovery-timeout", true }, { "noop-interval", true },
  { "noop-timeout", true },
};

static unsigned
delay_of (const struct settings *p, size_t key)
{
  const unsigned all[] = {
    p->timeout_ms, p->login_timeout_ms, p->recovery_timeout_ms,
    p->noop_interval_ms, p->noop_timeout_ms
  };

  return all[key];
}

static void
test_delays (void)
{
  static const char *const zeros[] = { "0", "0.0", "0ms", "0s", "0m", "0h",
                                        "00" };
  struct settings p;
  size_t i, k;

  for (k = 0; k < sizeof delay_keys / sizeof delay_keys[0]; k++) {
    const char *key = delay_keys[k].key;

    parameters_init (&p);
    for (i = 0; i < sizeof delays / sizeof delays[0]; i++) {
      const unsigned before = delay_of (&p, k);
      const int64_t ms = delays[i].ms;

      check_row = delays[i].value;
      strcpy (last_error, "no error");
      CHECK_INT (parameters_set (&p, key, delays[i].value), ms < 0 ? -1 : 0);
      CHECK_UINT (delay_of (&p, k), ms < 0 ? before : (uint64_t) ms);
      if (ms < 0)
        CHECK_CONTAINS (last_error, key);
      CHECK_CONTAINS (last_error,
                      ms == NOT_A_TIME ? "must be a time in seconds"
                      : ms == TOO_LONG ? "must not be more than 24 hours"
                      : "no error");
    }
    for (i = 0; i < sizeof zeros / sizeof zeros[0]; i++) {
      check_row = zeros[i];
      CHECK_INT (parameters_set (&p, key, zeros[i]),
                 delay_keys[k].zero_allowed ? 0 : -1);
      if (delay_keys[k].zero_allowed)
        CHECK_UINT (delay_of (&p, k), 0);
      else
        CHECK_CONTAINS (last_error, "must not be 0");
    }
    parameters_free (&p);
  }
  check_row = NULL;
}

static const struct line refused[] = {
  { { NULL }, "you must supply the url=<URL> parameter after the plugin name "
    "on the command line" },
  { { "user=bob", "password=x" }, "you must supply the url=<URL> parameter" },
  { { "url=" URL, "url=" URL }, "the url parameter was given twice" },
  { { "url=iscsi://bob:s3cret%zz@h/" }, "url: the password has a '%'" },
  { { "url=iscsi://h:0/" }, "url: the port must be" },

  { { "foo=1" }, "unknown parameter 'foo': nbdkit iscsi --help lists" },
  { { "target_user=a" },
    "unknown parameter 'target_user': did you mean target-user=?" },
  { { "target_password=s3cret" }, "did you mean target-password=?" },
  { { "login_timeout=1" }, "did you mean login-timeout=?" },
  { { "URL=" URL }, "unknown parameter 'URL': did you mean url=?" },
  { { "=x" }, "unknown parameter '': nbdkit iscsi --help lists" },

  { { "user=" }, "user must not be empty" },
  { { "password=" }, "password must not be empty" },
  { { "target-user=" }, "target-user must not be empty" },
  { { "target-password=" }, "target-password must not be empty" },
  { { "password=+missing" }, "open missing" },
  { { "credentials=/no/such/file", "url=" URL },
    "credentials: cannot read /no/such/file" },
  { { "credentials=/", "url=" URL }, "credentials: / is not a file" },
  { { "url=iscsi://u%s3cret@h/?target_user=a&target_password=s3cret" },
    "password and target-password must differ" },
  { { "target-password=+missing" }, "open missing" },

  { { "url=" URL, "user=bob" }, "there is a user without a password" },
  { { "url=iscsi://bob@h" }, "there is a user without a password" },
  { { "url=" URL, "password=s3cret" },
    "there is a password without a user" },
  { { "url=iscsi://u%s3cret@h/?target_user=a" },
    "there is a target user without a target password" },
  { { "url=" URL "?target_user=a" },
    "there is a target user without a target password" },
  { { "url=iscsi://u%s3cret@h/?target_password=s3cret" },
    "there is a target password without a target user" },
  { { "url=iscsi://h/", "target-user=a", "target-password=s3cret" },
    "there is a target user but no user" },
  { { "url=iscsi://h/?target_user=a&target_password=s3cret" },
    "there is a target user but no user" },

  { { "initiator-name=" }, "initiator-name must be a name without" },
  { { "initiator-name= " }, "initiator-name must be a name without" },
  { { "initiator-name=iqn.a b" }, "initiator-name must be a name without" },
  { { "initiator-name=iqn.a\n" }, "initiator-name must be a name without" },
  { { "initiator-name=iqn.\xc2\x9b" }, "initiator-name must be a name " },
  { { "initiator-name=iqn.\xe4" }, "initiator-name must be a name without" },

  { { "header-digest=" }, "header-digest must be none, crc32c" },
  { { "header-digest=CRC32C" }, "header-digest must be none, crc32c" },
  { { "header-digest=unset" }, "header-digest must be none, crc32c" },
  { { "data-digest=" }, "data-digest must be none, crc32c" },
  { { "data-digest=yes" }, "data-digest must be none, crc32c" },
#ifndef HAVE_ISCSI_SET_DATA_DIGEST
  { { "data-digest=crc32c" }, "data-digest=crc32c: the libiscsi that" },
  { { "data-digest=none-crc32c" }, "only none is possible" },
#endif

  { { "portal=" }, "portal: the host is missing" },
  { { "portal=h:0" }, "portal: the port must be" },
  { { "portal=AUTO:x" }, "portal: the port must be" },
  { { "portal=iscsi://h" }, "portal: the port must be" },

  { { "sessions=0" }, "sessions must be a number from 1 to 64" },
  { { "sessions=65" }, "sessions must be a number from 1 to 64" },
  { { "sessions=x" }, "sessions: not a number" },
  { { "preflight=maybe" }, "not a boolean" },
};

static void
test_refused (void)
{
  size_t i;

  for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    check_row = refused[i].error;
    check_refused (&refused[i]);
  }
  check_row = NULL;
}

/* A value as long as it may be, and one byte more. */
static void
check_longest (const char *key, const char *start, size_t max)
{
  struct settings p;
  char *value = calloc (1, max + 2);

  if (value == NULL)
    abort ();
  memset (value, 'x', max);
  memcpy (value, start, strlen (start));
  check_row = key;
  parameters_init (&p);
  CHECK_INT (parameters_set (&p, key, value), 0);
  value[max] = 'x';
  CHECK_INT (parameters_set (&p, key, value), -1);
  CHECK_CONTAINS (last_error, "must not be longer than");
  CHECK_LACKS (last_error, "xxx");
  parameters_free (&p);
  free (value);
  check_row = NULL;
}

static void
test_lengths (void)
{
  check_longest ("user", "", 255);
  check_longest ("password", "", 255);
  check_longest ("target-user", "", 255);
  check_longest ("target-password", "", 255);
  check_longest ("initiator-name", "iqn.", 223);
}

static void
test_portals (void)
{
  struct settings p;
  char value[32];
  unsigned i;

  parameters_init (&p);
  for (i = 0; i < MAX_PORTALS; i++) {
    snprintf (value, sizeof value, "host%u:%u", i, i + 1);
    CHECK_INT (parameters_set (&p, "portal", value), 0);
  }
  CHECK_INT (parameters_set (&p, "portal", "auto"), 0);
  CHECK_INT (parameters_set (&p, "portal", "onemore"), -1);
  CHECK_STR (last_error, "portal was given more than 16 times");
  CHECK_UINT (p.nr_portals, MAX_PORTALS);
  for (i = 0; i < MAX_PORTALS; i++) {
    snprintf (value, sizeof value, "host%u", i);
    CHECK_STR (p.portals[i].host, value);
    CHECK_UINT (p.portals[i].port, i + 1);
  }
  parameters_free (&p);
}

static void
test_sessions (void)
{
  static const char *const args[] = { "url=" URL, "sessions=1", NULL };
  struct settings p;

  CHECK_INT (load (&p, args), 0);
  CHECK_UINT (p.sessions, 1);
  parameters_free (&p);
}

static void
test_digests (void)
{
  static const struct { const char *args[4]; enum digest expected; } rows[] = {
    { { "url=iscsi://h/?header_digest=crc32c" }, DIGEST_CRC32C },
    { { "url=iscsi://h/?header_digest=crc32c", "header-digest=none" },
      DIGEST_NONE },
    { { "header-digest=none", "url=iscsi://h/?header_digest=crc32c" },
      DIGEST_NONE },
    { { "header-digest=crc32c-none", "url=iscsi://h/" }, DIGEST_CRC32C_NONE },
    { { "header-digest=none", "header-digest=crc32c", "url=iscsi://h/" },
      DIGEST_CRC32C },
  };
  struct settings p;
  size_t i;

  for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_INT (load (&p, rows[i].args), 0);
    CHECK_INT (p.header_digest, rows[i].expected);
    parameters_free (&p);
  }

#ifdef HAVE_ISCSI_SET_DATA_DIGEST
  parameters_init (&p);
  CHECK_INT (parameters_set (&p, "data-digest", "crc32c"), 0);
  CHECK_INT (p.data_digest, DIGEST_CRC32C);
  parameters_free (&p);
#endif
}

/* The second kind is remarked upon. */
static void
test_initiator_names (void)
{
  static const struct { const char *name; bool proper; } good[] = {
    { "iqn.x", true },
    { "iqn.2001-04.com.example:storage.disk2.sys1.xyz", true },
    { "eui.02004567A425678D", true },
    { "naa.52004567BA64678D", true },
    { "iqn.1991-05.com.microsoft:HOST", false },
    { "iqn.1993-08.org.debian:01:my_host", false },
    { "IQN.1993-08.org.debian:01:x", false },
    { "iqn.a/b", false },
    { "iqn.\xc3\xa4", true },
    { "iqn.", false },
    { "me", false },
  };
  const char *args[] = { "url=" URL, NULL, NULL };
  char arg[128];
  struct settings p;
  size_t i;

  for (i = 0; i < sizeof good / sizeof good[0]; i++) {
    check_row = good[i].name;
    snprintf (arg, sizeof arg, "initiator-name=%s", good[i].name);
    args[1] = arg;
    CHECK_INT (load (&p, args), 0);
    CHECK_STR (p.initiator_name, good[i].name);
    CHECK_INT (strstr (all_debug, "initiator-name") == NULL, good[i].proper);
    parameters_free (&p);
  }
  check_row = NULL;

  args[0] = "url=iscsi://h/Disk_1/1";
  args[1] = NULL;
  CHECK_INT (load (&p, args), 0);
  CHECK_CONTAINS (all_debug, "the target name Disk_1 is not what RFC 7143");
  parameters_free (&p);
}

/* What the name of this host must be: computed another way than the plugin
 * does it, by shifts (the FNV prime is 2^40 + 2^8 + 0xb3).
 */
static uint64_t
expected_hash (const char *s)
{
  uint64_t h = UINT64_C (14695981039346656037);

  for (; *s; s++) {
    h ^= (unsigned char) *s;
    h = (h << 40) + (h << 8) + h * 0xb3;
  }
  return h;
}

static void
test_default_initiator_name (void)
{
  static const char *const args[] = { "url=" URL, NULL };
  struct settings p;
  char salted[256] = "nbdkit-iscsi-plugin:", expected[64];
  char *id = salted + strlen (salted);
  bool has_id;
  char *first;
  FILE *fp;

  fp = fopen ("/etc/machine-id", "r");
  has_id = fp && fscanf (fp, "%32[0-9a-f]", id) == 1 && strlen (id) == 32;
  if (!has_id)
    gethostname (id, sizeof salted - strlen ("nbdkit-iscsi-plugin:") - 1);
  if (fp)
    fclose (fp);
  snprintf (expected, sizeof expected,
            "iqn.2026-11.org.nbdkit.iscsi:%016" PRIx64,
            expected_hash (salted));

  CHECK_INT (load (&p, args), 0);
  CHECK_STR (p.initiator_name, expected);
  if (has_id)                   /* a host may be called ‘iscsi’ */
    CHECK_LACKS (p.initiator_name, id);
  first = strdup (p.initiator_name);
  if (first == NULL)
    abort ();
  parameters_free (&p);

  CHECK_INT (load (&p, args), 0); /* it stays */
  CHECK_STR (p.initiator_name, first);
  CHECK_CONTAINS (all_debug, first);

  /* What we choose, a user may give. */
  CHECK_INT (parameters_set (&p, "initiator-name", first), 0);
  parameters_free (&p);
  free (first);
}

/* Every key is in the help, and nothing in it is too wide. */
static void
test_help (void)
{
  static const char *const keys[] = {
    "[url=]<URL>", "user=<", "\npassword=<", "target-user=<",
    "target-password=<", "credentials=<", "initiator-name=<", "header-digest=<",
    "data-digest=<", "portal=<", "sessions=<", "timeout=<", "login-timeout=<",
    "recovery-timeout=<", "noop-interval=<", "noop-timeout=<", "preflight=",
  };
  const char *s = parameters_help;
  size_t i;

  for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
    CHECK_CONTAINS (parameters_help, keys[i]);
  for (; *s; s += strcspn (s, "\n"), s += *s == '\n')
    CHECK (strcspn (s, "\n") < 80);
  CHECK (parameters_help[strlen (parameters_help) - 1] != '\n');
}

int
main (void)
{
  set_environment (NULL);
  test_defaults ();
  test_everything ();
  test_credentials ();
  test_secret_files ();
  test_short_secrets ();
  test_environment ();
  test_delays ();
  test_refused ();
  test_lengths ();
  test_portals ();
  test_sessions ();
  test_digests ();
  test_initiator_names ();
  test_default_initiator_name ();
  test_help ();
  return check_summary ();
}
