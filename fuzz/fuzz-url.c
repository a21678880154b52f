/* SPDX-License-Identifier: BSD-3-Clause */

/* url_parse, url_redacted */

#include <config.h>

#include <errno.h>

#include "fuzz.h"
#include "secret.h"
#include "url.h"

static void
require_empty (const struct url *url)
{
  REQUIRE (!url->user && !url->password && !url->host && !url->target);
  REQUIRE (!url->target_user && !url->target_password && url->lun == -1);
}

static void
require_credential (const char *str)
{
  REQUIRE (str == NULL || (*str != '\0' && strlen (str) <= URL_MAX_CHAP));
}

static void
require_url (const struct url *url)
{
  REQUIRE (url->host != NULL && *url->host != '\0' && url->port != 0);
  REQUIRE (url->lun >= -1 && url->lun <= URL_MAX_LUN);
  REQUIRE (url->target || url->lun == -1);
  REQUIRE (!url->target || strlen (url->target) <= URL_MAX_NAME);
  REQUIRE (!url->password || url->user);
  require_credential (url->user);
  require_credential (url->password);
  require_credential (url->target_user);
  require_credential (url->target_password);
}

static void
other_password (char **password)
{
  if (*password) {
    secret_free (*password);
    *password = secret_copy ("another", 7);
  }
}

/* What is shown is the same whatever the passwords are. */
static void
require_no_secret (struct url *url)
{
  char *shown = url_redacted (url), *again;

  other_password (&url->password);
  other_password (&url->target_password);
  again = url_redacted (url);
  REQUIRE (shown && again && strcmp (shown, again) == 0);
  require_line (shown);
  free (shown);
  free (again);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char *str = input_string (&(struct input) { data, size });
  struct error err = { 0 };
  struct url url;

  if (url_parse (str, &url, &err) == -1) {
    require_error (&err);
    REQUIRE (err.err == EINVAL);
  }
  else {
    require_url (&url);
    require_no_secret (&url);
    url_free (&url);
  }
  require_empty (&url);
  free (str);
  return 0;
}
