/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <nbdkit-plugin.h>

#include "credentials.h"
#include "credentials-file.h"
#include "name.h"
#include "nearest.h"
#include "parameters.h"
#include "secret.h"

#define MAX_DELAY_MS (24 * 60 * 60 * 1000)

/* RFC 7143 section 9.2.1 wants secrets of 96 bits at least. */
#define GOOD_SECRET_LEN 12

#define NAME_AUTHORITY "iqn.2026-11.org.nbdkit.iscsi:"

const char parameters_help[] =
  "[url=]<URL>     (required) iscsi://[user[%password]@]host[:port]/\n"
  "                           [target[/lun]][?argument[&argument...]]\n"
  "user=<USER>                The user to log in as (CHAP).\n"
  "password=<PASSWORD>        The password (CHAP): -, -FD or +FILE reads it.\n"
  "target-user=<USER>         The target must log in as this user too.\n"
  "target-password=<PASSWORD> The password that the target must know.\n"
  "credentials=<FILE>         Users and passwords for each target.\n"
  "initiator-name=<NAME>      Our iSCSI name: iqn.*, eui.* or naa.*\n"
  "                           (default: one of this host).\n"
  "header-digest=<DIGEST>     none, crc32c, crc32c-none or none-crc32c\n"
  "                           (default none-crc32c).\n"
  "data-digest=<DIGEST>       The same for data (default none).\n"
  "portal=<HOST[:PORT]>|auto  Another portal of the target; repeatable.\n"
  "alua=<HOW>                 implicit, explicit or off: see the manual\n"
  "                           (default implicit).\n"
  "sessions=<N>               At most N iSCSI sessions per target: 1 to 64\n"
  "                           (default 4).\n"
  "timeout=<TIME>             For one SCSI command (default 30s).\n"
  "login-timeout=<TIME>       To connect and log in (default 15s).\n"
  "recovery-timeout=<TIME>    To hold requests while the session is lost\n"
  "                           (default 120s, 0 for ever).\n"
  "noop-interval=<TIME>       Between pings (default 5s, 0 off).\n"
  "noop-timeout=<TIME>        To answer a ping (default 5s, 0 off).\n"
  "export-filter=<GLOB>       Which exports there are (!GLOB: are not);\n"
  "                           repeatable (default all).\n"
  "list=<MODE>                partial or strict: fail if a list is not\n"
  "                           complete (default partial).\n"
  "status-socket=<FILE>       A Unix socket on which status can be read.\n"
  "preflight=<BOOL>           Log in once at the start (default true).\n"
  "sched-batch=<BOOL>         Choose the scheduling class of threads\n"
  "                           (default true).\n"
  "TIME is 30 (seconds), 0.5, 500ms, 30s, 2m or 1h: 24h at most.\n"
  "BOOL is true or false.";

void
parameters_init (struct settings *p)
{
  *p = (struct settings) {
    .url = { .lun = -1 },
    .header_digest = DIGEST_UNSET,
    .data_digest = DIGEST_NONE,
    .sessions = 4,
    .timeout_ms = 30000,
    .login_timeout_ms = 15000,
    .recovery_timeout_ms = 120000,
    .noop_interval_ms = 5000,
    .noop_timeout_ms = 5000,
    .preflight = true,
    .sched_batch = true,
  };
}

/* Put a user or a password, which is owned from now on, where another one may
 * have been.
 */
static void
replace (char **field, char *str)
{
  secret_free (*field);
  *field = str;
}

/* A user or a password. */
static char *
duplicate (const char *str)
{
  char *copy = secret_copy (str, strlen (str));

  if (copy == NULL)
    nbdkit_error ("out of memory");
  return copy;
}

static int
check_credential (const char *what, const char *str)
{
  if (str[0] == '\0') {
    nbdkit_error ("%s must not be empty", what);
    return -1;
  }
  if (strlen (str) > URL_MAX_CHAP) {
    nbdkit_error ("%s must not be longer than %d bytes", what, URL_MAX_CHAP);
    return -1;
  }
  return 0;
}

static int
set_user (const char *key, const char *value, char **field)
{
  char *str;

  if (check_credential (key, value) == -1)
    return -1;
  str = duplicate (value);
  if (str == NULL)
    return -1;
  replace (field, str);
  return 0;
}

/* What an editor or another system left at the end of a file is not part of
 * the password.  nbdkit takes away the newline.
 */
static void
cut_end (const char *key, char *str)
{
  size_t len = strlen (str), n = len;

  if (n > 0 && str[n - 1] == '\r')
    n--;
  while (n > 0 && (str[n - 1] == ' ' || str[n - 1] == '\t'))
    n--;
  if (n == len)
    return;
  str[n] = '\0';
  nbdkit_error ("warning: %s: blanks or a carriage return at its end were "
                "left out: one that ends in a blank can stand in the "
                "credentials file", key);
}

/* As some shells and editors of Windows write it: nbdkit's line ends at its
 * first zero.
 */
static int
refuse_utf16 (const char *key, const char *str)
{
  if (strncmp (str, "\xff\xfe", 2) != 0 && strncmp (str, "\xfe\xff", 2) != 0)
    return 0;
  nbdkit_error ("%s: the file is in UTF-16: save it as UTF-8", key);
  return -1;
}

/* The buffer of standard input stays for as long as the server runs. */
static int
read_password (const char *value, char **str)
{
  if (strcmp (value, "-") == 0)
    setvbuf (stdin, NULL, _IONBF, 0);
  return nbdkit_read_password (value, str);
}

/* No pipe: others cannot open that of a shell's "<(...)". */
static void
judge_permissions (const char *file)
{
  struct stat st;

  if (stat (file, &st) == 0 && S_ISREG (st.st_mode))
    credentials_judge_permissions (file, &st);
}

static int
set_password (const char *key, const char *value, char **field)
{
  char *str, *copy = NULL;
  const char *secret;
  int r = 0;

  if (read_password (value, &str) == -1)
    return -1;
  if (value[0] == '+')
    judge_permissions (value + 1);
  secret = str;
  if (value[0] == '-' || value[0] == '+') {
    r = refuse_utf16 (key, str);
    cut_end (key, str);
    secret = credentials_skip_mark (str);
  }
  if (r == 0 && check_credential (key, secret) == 0)
    copy = duplicate (secret);
  secret_free_string (str);
  if (copy == NULL)
    return -1;
  replace (field, copy);
  return 0;
}

/* What user= and its like have set stays: they beat the URL, whichever
 * comes first.
 */
static void
keep (char **set, char **from_url)
{
  if (*set)
    replace (from_url, *set);
  *set = NULL;
}

/* nbdkit changes its directory later. */
static int
set_path (const char *value, char **field)
{
  char *file = nbdkit_absolute_path (value);

  if (file == NULL)
    return -1;
  free (*field);
  *field = file;
  return 0;
}

static int
set_status_socket (struct settings *p, const char *value)
{
  const size_t max = sizeof ((struct sockaddr_un *) NULL)->sun_path - 1;

  if (set_path (value, &p->status_socket) == -1)
    return -1;
  if (strlen (p->status_socket) > max) {
    nbdkit_error ("status-socket: the absolute path %s is longer than the %zu "
                  "bytes that the name of a socket may have",
                  p->status_socket, max);
    return -1;
  }
  return 0;
}

static int
set_url (struct settings *p, const char *value)
{
  struct url url;
  struct error err;

  if (p->url.host) {
    nbdkit_error ("the url parameter was given twice");
    return -1;
  }
  if (url_parse (value, &url, &err) == -1) {
    nbdkit_error ("url: %s", err.msg);
    return -1;
  }
  keep (&p->url.user, &url.user);
  keep (&p->url.password, &url.password);
  keep (&p->url.target_user, &url.target_user);
  keep (&p->url.target_password, &url.target_password);
  p->url = url;
  return 0;
}

/* What targets have in their access lists is not always what RFC 3722 has
 * in mind: judge_name says so, and no more.
 */
static int
set_initiator_name (struct settings *p, const char *value)
{
  char *str;

  if (value[0] == '\0' || strchr (value, ' ') || !text_is_clean (value)) {
    nbdkit_error ("initiator-name must be a name without spaces and control "
                  "characters, as in iqn.2001-04.com.example:host");
    return -1;
  }
  if (strlen (value) > URL_MAX_NAME) {
    nbdkit_error ("initiator-name must not be longer than %d bytes",
                  URL_MAX_NAME);
    return -1;
  }
  str = strdup (value);
  if (str == NULL) {
    nbdkit_error ("out of memory");
    return -1;
  }
  free (p->initiator_name);
  p->initiator_name = str;
  return 0;
}

static int
set_digest (const char *key, const char *value, enum digest *field)
{
  enum digest d = digest_parse (value);

  if (d == DIGEST_UNSET) {
    nbdkit_error ("%s must be none, crc32c, crc32c-none or none-crc32c",
                  key);
    return -1;
  }
  *field = d;
  return 0;
}

static int
set_data_digest (struct settings *p, const char *value)
{
  enum digest d;

  if (set_digest ("data-digest", value, &d) == -1)
    return -1;
#ifndef HAVE_ISCSI_SET_DATA_DIGEST
  if (d != DIGEST_NONE) {
    nbdkit_error ("data-digest=%s: the libiscsi that this plugin was built "
                  "with has no data digests (1.20.1 and later have): only "
                  "none is possible", value);
    return -1;
  }
#endif
  p->data_digest = d;
  return 0;
}

static int
set_portal (struct settings *p, const char *value)
{
  struct portal *portal = &p->portals[p->nr_portals];
  struct error err;

  if (strcmp (value, "auto") == 0) {
    p->portal_auto = true;
    return 0;
  }
  if (p->nr_portals == MAX_PORTALS) {
    nbdkit_error ("portal was given more than %d times", MAX_PORTALS);
    return -1;
  }
  if (url_parse_portal (value, &portal->host, &portal->port, &err) == -1) {
    nbdkit_error ("portal: %s", err.msg);
    return -1;
  }
  p->nr_portals++;
  return 0;
}

static int
set_sessions (struct settings *p, const char *value)
{
  unsigned n;

  if (nbdkit_parse_unsigned ("sessions", value, &n) == -1)
    return -1;
  if (n < 1 || n > MAX_SESSIONS) {
    nbdkit_error ("sessions must be a number from 1 to %d", MAX_SESSIONS);
    return -1;
  }
  p->sessions = n;
  return 0;
}

static int
set_bool (const char *value, bool *flag)
{
  int r = nbdkit_parse_bool (value);

  if (r == -1)
    return -1;
  *flag = r;
  return 0;
}

/* Read decimal digits, one at least, up to where they would exceed
 * MAX_DELAY_MS: what is larger is too large in any unit.
 */
static bool
read_digits (const char **str, uint64_t *n)
{
  const char *s = *str;

  if (*s < '0' || *s > '9')
    return false;
  for (*n = 0; *s >= '0' && *s <= '9'; s++)
    if (*n <= MAX_DELAY_MS)
      *n = *n * 10 + (*s - '0');
  *str = s;
  return true;
}

/* The digits after the point, in millionths.  Rounded up: what is not 0
 * must not become 0, which has another meaning.
 */
static bool
read_fraction (const char **str, unsigned *millionths)
{
  unsigned weight = 100000, sum = 0;
  bool more = false;
  const char *s = *str;

  if (*s < '0' || *s > '9')
    return false;
  for (; *s >= '0' && *s <= '9'; s++, weight /= 10) {
    sum += weight * (*s - '0');
    more |= weight == 0 && *s != '0';
  }
  *millionths = sum + more;
  *str = s;
  return true;
}

/* "30", "0.5", "500ms", "30s", "2m" or "1h" to milliseconds.  False: it is
 * none of these.  More than MAX_DELAY_MS comes out as some number above it.
 */
static bool
parse_delay (const char *str, uint64_t *ms)
{
  uint64_t whole, unit_ms;
  unsigned millionths = 0;

  if (!read_digits (&str, &whole))
    return false;
  if (*str == '.') {
    str++;
    if (!read_fraction (&str, &millionths))
      return false;
  }
  if (strcmp (str, "ms") == 0)
    unit_ms = 1;
  else if (strcmp (str, "") == 0 || strcmp (str, "s") == 0)
    unit_ms = 1000;
  else if (strcmp (str, "m") == 0)
    unit_ms = 60000;
  else if (strcmp (str, "h") == 0)
    unit_ms = 3600000;
  else
    return false;

  *ms = whole * unit_ms + (millionths * unit_ms + 999999) / 1000000;
  return true;
}

static int
set_delay (const char *key, const char *value, bool zero_allowed,
           unsigned *field)
{
  uint64_t ms;

  if (!parse_delay (value, &ms)) {
    nbdkit_error ("%s must be a time in seconds, as in 30 or 0.5, or with a "
                  "unit, as in 500ms, 30s, 2m or 1h", key);
    return -1;
  }
  if (ms == 0 && !zero_allowed) {
    nbdkit_error ("%s must not be 0", key);
    return -1;
  }
  if (ms > MAX_DELAY_MS) {
    nbdkit_error ("%s must not be more than 24 hours (24h)", key);
    return -1;
  }
  *field = ms;
  return 0;
}

static int
set_list (const char *value, bool *strict)
{
  *strict = strcmp (value, "strict") == 0;
  if (*strict || strcmp (value, "partial") == 0)
    return 0;
  nbdkit_error ("list=%s: it is partial or strict", value);
  return -1;
}

static int
set_export_filter (const char *value, struct filter *filter)
{
  struct error err;

  if (filter_add (filter, value, &err) == 0)
    return 0;
  nbdkit_error ("export-filter=%s: %s", value, err.msg);
  return -1;
}

static int
refuse_key (const char *key)
{
  size_t len;
  const char *nearest = nearest_key (parameters_help, key, &len);

  if (nearest)
    nbdkit_error ("unknown parameter '%s': did you mean %.*s=?", key,
                  (int) len, nearest);
  else
    nbdkit_error ("unknown parameter '%s': nbdkit iscsi --help lists those "
                  "that there are", key);
  return -1;
}

static int
set_alua (const char *value, enum alua_use *use)
{
  if (strcmp (value, "implicit") == 0)
    *use = ALUA_USE;
  else if (strcmp (value, "explicit") == 0)
    *use = ALUA_TELL;
  else if (strcmp (value, "off") == 0)
    *use = ALUA_IGNORE;
  else {
    nbdkit_error ("alua=%s: it is implicit, explicit or off", value);
    return -1;
  }
  return 0;
}

int
parameters_set (struct settings *p, const char *key, const char *value)
{
  if (strcmp (key, "url") == 0)
    return set_url (p, value);
  if (strcmp (key, "user") == 0) {
    p->given.user = true;
    return set_user (key, value, &p->url.user);
  }
  if (strcmp (key, "password") == 0) {
    p->given.password = true;
    return set_password (key, value, &p->url.password);
  }
  if (strcmp (key, "target-user") == 0) {
    p->given.target_user = true;
    return set_user (key, value, &p->url.target_user);
  }
  if (strcmp (key, "target-password") == 0) {
    p->given.target_password = true;
    return set_password (key, value, &p->url.target_password);
  }
  if (strcmp (key, "credentials") == 0)
    return set_path (value, &p->credentials_file);
  if (strcmp (key, "initiator-name") == 0)
    return set_initiator_name (p, value);
  if (strcmp (key, "header-digest") == 0)
    return set_digest (key, value, &p->header_digest);
  if (strcmp (key, "data-digest") == 0)
    return set_data_digest (p, value);
  if (strcmp (key, "portal") == 0)
    return set_portal (p, value);
  if (strcmp (key, "alua") == 0)
    return set_alua (value, &p->alua);
  if (strcmp (key, "sessions") == 0)
    return set_sessions (p, value);
  if (strcmp (key, "timeout") == 0)
    return set_delay (key, value, false, &p->timeout_ms);
  if (strcmp (key, "login-timeout") == 0)
    return set_delay (key, value, false, &p->login_timeout_ms);
  if (strcmp (key, "recovery-timeout") == 0)
    return set_delay (key, value, true, &p->recovery_timeout_ms);
  if (strcmp (key, "noop-interval") == 0)
    return set_delay (key, value, true, &p->noop_interval_ms);
  if (strcmp (key, "noop-timeout") == 0)
    return set_delay (key, value, true, &p->noop_timeout_ms);
  if (strcmp (key, "export-filter") == 0)
    return set_export_filter (value, &p->filter);
  if (strcmp (key, "list") == 0)
    return set_list (value, &p->list_strict);
  if (strcmp (key, "status-socket") == 0)
    return set_status_socket (p, value);
  if (strcmp (key, "preflight") == 0)
    return set_bool (value, &p->preflight);
  if (strcmp (key, "sched-batch") == 0)
    return set_bool (value, &p->sched_batch);

  return refuse_key (key);
}

#define PASSWORD_VARIABLE        "LIBISCSI_CHAP_PASSWORD"
#define TARGET_PASSWORD_VARIABLE "LIBISCSI_CHAP_TARGET_PASSWORD"

/* The variable stands in for a value that nobody gave.  Empty is unset. */
static int
read_environment (const char *variable, char **out)
{
  const char *value = getenv (variable);

  *out = NULL;
  if (value == NULL || value[0] == '\0')
    return 0;
  if (check_credential (variable, value) == -1)
    return -1;
  *out = duplicate (value);
  return *out ? 0 : -1;
}

static void
use_environment (const char *variable, char **field, char **value,
                 const char **origin)
{
  if (*field == NULL && *value) {
    nbdkit_debug ("%s is taken from the environment", variable);
    *field = *value;
    *value = NULL;
    *origin = variable;
  }
}

/* Where the halves of a pair are from. */
struct origins {
  const char *user, *password;
};

/* libiscsi's variables are defaults for what makes a pair of user and
 * password complete, as they are there; half a pair from them alone is
 * nothing.
 */
static int
default_pair (char **user, const char *user_variable,
              char **password, const char *password_variable,
              struct origins *from)
{
  char *u = NULL, *pw = NULL;
  int r = -1;

  if (*user && *password)
    return 0;
  if (read_environment (user_variable, &u) == 0 &&
      read_environment (password_variable, &pw) == 0) {
    if ((*user || u) && (*password || pw)) {
      use_environment (user_variable, user, &u, &from->user);
      use_environment (password_variable, password, &pw, &from->password);
    }
    r = 0;
  }
  secret_free (u);
  secret_free (pw);
  return r;
}

static int
default_credentials (struct url *url, struct origins *ours,
                     struct origins *target)
{
  if (default_pair (&url->user, "LIBISCSI_CHAP_USERNAME",
                    &url->password, PASSWORD_VARIABLE, ours) == -1)
    return -1;
  if (url->user == NULL || url->password == NULL)
    return 0;
  return default_pair (&url->target_user, "LIBISCSI_CHAP_TARGET_USERNAME",
                       &url->target_password, TARGET_PASSWORD_VARIABLE,
                       target);
}

static void
wipe_variable (const char *variable)
{
  char *value = getenv (variable);

  if (value)
    explicit_bzero (value, strlen (value));
}

void
parameters_forget_environment (void)
{
  wipe_variable (PASSWORD_VARIABLE);
  wipe_variable (TARGET_PASSWORD_VARIABLE);
}

static void
judge_secret (const char *what, const char *secret)
{
  if (secret && strlen (secret) < GOOD_SECRET_LEN)
    nbdkit_debug ("%s is shorter than the %d bytes that RFC 7143 asks for",
                  what, GOOD_SECRET_LEN);
}

static int
check_credentials (const struct url *url)
{
  if (url->user && !url->password) {
    nbdkit_error ("there is a user without a password: give password=-, "
                  "password=+FILE or user%%password@ in the URL");
    return -1;
  }
  if (url->password && !url->user) {
    nbdkit_error ("there is a password without a user: give user= or "
                  "user%%password@ in the URL");
    return -1;
  }
  if (url->target_user && !url->target_password) {
    nbdkit_error ("there is a target user without a target password: give "
                  "target-password=-, target-password=+FILE or "
                  "target_password= in the URL");
    return -1;
  }
  if (url->target_password && !url->target_user) {
    nbdkit_error ("there is a target password without a target user: give "
                  "target-user=, or target_user= in the URL");
    return -1;
  }
  if (url->target_user && !url->user) {
    nbdkit_error ("there is a target user but no user: a target proves "
                  "itself only to an initiator that logs in with user= and "
                  "password=");
    return -1;
  }
  if (url->target_user && strcmp (url->password, url->target_password) == 0) {
    nbdkit_error ("password and target-password must differ (RFC 7143 section "
                  "9.2.1): whoever asks for the one could answer with it for "
                  "the other");
    return -1;
  }
  judge_secret ("password", url->password);
  judge_secret ("target-password", url->target_password);
  return 0;
}

/* "user= and LIBISCSI_CHAP_PASSWORD (of the environment)". */
static char *
origin_text (const struct origins *from)
{
  const bool env = strncmp (from->user, "LIBISCSI_", 9) == 0 ||
    strncmp (from->password, "LIBISCSI_", 9) == 0;
  char *text;

  if (asprintf (&text, "%s and %s%s", from->user, from->password,
                env ? " (of the environment)" : "") == -1)
    return NULL;
  return text;
}

static int
merge_credentials (struct settings *p)
{
  struct url *url = &p->url;
  struct origins ours = {
    p->given.user ? "user=" : "the URL's user",
    p->given.password ? "password=" : "the URL's password",
  };
  struct origins target = {
    p->given.target_user ? "target-user=" : "the URL's target_user",
    p->given.target_password ? "target-password="
      : "the URL's target_password",
  };
  struct chap chap;
  struct error err;

  if (default_credentials (url, &ours, &target) == -1 ||
      check_credentials (url) == -1)
    return -1;

  chap = (struct chap) {
    .user = url->user,
    .password = url->password,
    .target_user = url->target_user,
    .target_password = url->target_password,
    .origin = origin_text (&ours),
    .target_origin = origin_text (&target),
  };
  p->credentials = credentials_new (p->credentials_file, &chap, &err);
  free (chap.origin);
  free (chap.target_origin);
  if (p->credentials == NULL) {
    nbdkit_error ("credentials: %s", err.msg);
    return -1;
  }
  return 0;
}

static void
judge_name (const char *what, const char *name)
{
  if (name && !name_is_proper (name))
    nbdkit_debug ("%s %s is not what RFC 7143 calls an iSCSI name (iqn. and "
                  "lower case letters, digits, '-', '.', ':'): it is sent as "
                  "it is, but not every target takes it", what, name);
}

/* 64-bit FNV-1a. */
static uint64_t
hash (uint64_t h, const char *str)
{
  for (; *str; str++)
    h = (h ^ (unsigned char) *str) * UINT64_C (0x100000001b3);
  return h;
}

static bool
read_machine_id (char id[33])
{
  FILE *fp = fopen ("/etc/machine-id", "re");
  size_t n;

  if (fp == NULL)
    return false;
  n = fread (id, 1, 32, fp);
  fclose (fp);
  id[n] = '\0';
  return n == 32 && strspn (id, "0123456789abcdef") == 32;
}

/* A name that is the host's own and stays, so that it can be put into a
 * target's ACL.  Not the one of /etc/iscsi, which the kernel's initiator
 * may be using: two with one name reinstate each other's sessions (RFC
 * 7143 section 6.3.5).  machine-id(5) is not to be shown to others,
 * therefore the hash.
 */
static int
default_initiator_name (struct settings *p)
{
  char id[HOST_NAME_MAX + 1];
  uint64_t h = hash (UINT64_C (0xcbf29ce484222325), "nbdkit-iscsi-plugin:");

  if (!read_machine_id (id)) {
    if (gethostname (id, sizeof id) == -1) {
      nbdkit_error ("gethostname: %m: give initiator-name=");
      return -1;
    }
    id[sizeof id - 1] = '\0';
  }
  if (asprintf (&p->initiator_name, NAME_AUTHORITY "%016" PRIx64,
                hash (h, id)) == -1) {
    p->initiator_name = NULL;
    nbdkit_error ("asprintf: %m");
    return -1;
  }
  return 0;
}

/* What came of the URL and the parameters, for -v. */
static void
show_url (const struct url *url)
{
  char *text = url_redacted (url);

  nbdkit_debug ("URL: %s", text ? text : "out of memory");
  free (text);
}

int
parameters_complete (struct settings *p)
{
  if (p->url.host == NULL) {
    nbdkit_error ("you must supply the url=<URL> parameter after the plugin "
                  "name on the command line");
    return -1;
  }
  if (p->url.lun >= 0 && p->filter.n > 0) {
    nbdkit_error ("export-filter is for a URL without a LUN: this one has one "
                  "export, whatever its name");
    return -1;
  }
  if (merge_credentials (p) == -1)
    return -1;

  if (p->header_digest == DIGEST_UNSET)
    p->header_digest = p->url.header_digest;
  if (p->header_digest == DIGEST_UNSET)
    p->header_digest = DIGEST_NONE_CRC32C;

  if (p->initiator_name == NULL && default_initiator_name (p) == -1)
    return -1;
  show_url (&p->url);
  nbdkit_debug ("initiator name: %s", p->initiator_name);
  judge_name ("initiator-name", p->initiator_name);
  judge_name ("the target name", p->url.target);
  return 0;
}

void
parameters_free (struct settings *p)
{
  size_t i;

  url_free (&p->url);
  credentials_free (p->credentials);
  free (p->credentials_file);
  free (p->initiator_name);
  filter_free (&p->filter);
  free (p->status_socket);
  for (i = 0; i < p->nr_portals; i++)
    free (p->portals[i].host);
  parameters_init (p);
}
