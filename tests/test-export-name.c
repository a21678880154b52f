/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <errno.h>
#include <string.h>

#include "check.h"
#include "export-name.h"

#define T "iqn.2001-04.com.example:disk"

static const struct {
  const char *name;
  bool have_target;
  int r;
  const char *target;
  int lun;
  const char *id;
} rows[] = {
  { "", true, 0, NULL, -1, NULL },
  { "", false, 0, NULL, -1, NULL },
  { "0", true, 0, NULL, 0, NULL },
  { "16383", true, 0, NULL, 16383, NULL },
  { T "/0", false, 0, T, 0, NULL },
  { T "/a/7", false, 0, T "/a", 7, NULL },
  { "id:naa.6001405", true, 0, NULL, -1, "naa.6001405" },
  { "id:naa.6001405", false, 0, NULL, -1, "naa.6001405" },
  { "id:eui.00", false, 0, NULL, -1, "eui.00" },
  { "id:t10.ACME  1/2", false, 0, NULL, -1, "t10.ACME  1/2" },
  { "id:serial.1", true, 0, NULL, -1, "serial.1" },
  { "id:iqn.x,L,1", true, 0, NULL, -1, "iqn.x,L,1" },

#define BAD(name, have_target) { name, have_target, -1, NULL, -1, NULL }
  BAD ("16384", true), BAD ("-1", true), BAD ("1x", true),
  BAD ("x", true), BAD (" 1", true), BAD (T "/1", true),
  BAD (T "/16384", false), BAD (T "/", false), BAD (T, false),
  BAD ("1", false), BAD ("/1", false),
  BAD ("id:", true), BAD ("id:naa.", true), BAD ("id:x", false),
  BAD ("id:6001405", false), BAD ("id:x/1", false),
  BAD (T "\n/1", false), BAD (T "\xff/1", false),
  BAD ("id:naa.\033", true), BAD ("id:naa.\xc2\x9b", true),
};

static void
test_parse (void)
{
  struct export_name name;
  struct error err;
  size_t i;

  for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    check_row = rows[i].name;
    err = (struct error) { 0 };
    CHECK_INT (export_name_parse (rows[i].name, rows[i].have_target, &name,
                                  &err), rows[i].r);
    if (rows[i].r == 0) {
      CHECK_STR (name.target ? name.target : "-",
                 rows[i].target ? rows[i].target : "-");
      CHECK_INT (name.lun, rows[i].lun);
      CHECK_STR (name.id ? name.id : "-", rows[i].id ? rows[i].id : "-");
    }
    else {
      CHECK_INT (err.err, EINVAL);
      CHECK (name.target == NULL && name.id == NULL && name.lun == -1);
    }
    export_name_free (&name);
  }
  check_row = NULL;
}

static void
test_length (void)
{
  static char text[EXPORT_NAME_MAX + 2] = "id:serial.";
  struct export_name name;
  struct error err;

  memset (text + strlen (text), 'x', EXPORT_NAME_MAX - strlen (text));
  CHECK_INT (export_name_parse (text, true, &name, &err), 0);
  export_name_free (&name);
  text[EXPORT_NAME_MAX] = 'x';
  CHECK_INT (export_name_parse (text, true, &name, &err), -1);
  CHECK_CONTAINS (err.msg, "longer than 4096 bytes");
}

/* What a portal makes up is not listed if it could not be opened. */
static void
test_print (void)
{
  char buf[EXPORT_NAME_LEN], longest[URL_MAX_NAME + 2] = "iqn.";

  CHECK (export_name_print (NULL, 16383, buf));
  CHECK_STR (buf, "16383");
  CHECK (export_name_print (T, 2, buf));
  CHECK_STR (buf, T "/2");
  CHECK (export_name_print ("a/b", 2, buf));
  CHECK_STR (buf, "a/b/2");

  CHECK (!export_name_print ("id:naa.6", 2, buf));
  CHECK (!export_name_print ("", 2, buf));
  CHECK (!export_name_print ("12", 2, buf));
  CHECK (!export_name_print (T "\n", 2, buf));
  CHECK (!export_name_print (T "\x80", 2, buf));
  CHECK (!export_name_print (T, 16384, buf));

  memset (longest + 4, 'x', URL_MAX_NAME - 4);
  CHECK (export_name_print (longest, 16383, buf));
  CHECK_UINT (strlen (buf), EXPORT_NAME_LEN - 1);
  longest[URL_MAX_NAME] = 'x';
  CHECK (!export_name_print (longest, 1, buf));
}

static void
test_id (void)
{
  char buf[EXPORT_NAME_ID_LEN];

  CHECK_STR (export_name_print_id ("naa.6001", buf), "id:naa.6001");
  CHECK_STR (export_name_print_id ("", buf), "");
}

int
main (void)
{
  test_parse ();
  test_length ();
  test_print ();
  test_id ();
  return check_summary ();
}
