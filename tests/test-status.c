/* SPDX-License-Identifier: BSD-3-Clause */

/* The text of the status: the format of Prometheus, names that are hostile
 * included.
 */

#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "status.h"

static char *
text_of (const struct status_report *s)
{
  char *text;
  size_t len;
  FILE *fp = open_memstream (&text, &len);

  status_write (s, "1.2.3", fp);
  fclose (fp);
  CHECK_UINT (strlen (text), len);
  return text;
}

/* Each line is a comment or a sample, and a family is told before its
 * samples, all of them together.
 */
static void
is_well_formed (char *text)
{
  char family[100] = "", *line, *rest = text;
  size_t len;

  while ((line = strsep (&rest, "\n")) != NULL && rest) {
    check_row = line;
    if (sscanf (line, "# HELP %99s", family) == 1)
      continue;
    if (line[0] == '#')
      continue;
    len = strcspn (line, "{ ");
    CHECK (len == strlen (family) && strncmp (line, family, len) == 0);
    CHECK (strspn (strrchr (line, ' ') + 1, "0123456789.") ==
           strlen (strrchr (line, ' ') + 1));
  }
  CHECK_STR (line, "");
  check_row = NULL;
}

static void
nothing (void)
{
  struct status_report s = { .now = 1000 };
  char *text = text_of (&s);

  CHECK_CONTAINS (text, "\nnbdkit_iscsi_build_info{version=\"1.2.3\"} 1\n");
  CHECK_CONTAINS (text, "\nnbdkit_iscsi_sessions_up 0\n");
  CHECK_LACKS (text, "nbdkit_iscsi_session_up{");
  is_well_formed (text);
  free (text);
  status_free (&s);
}

static void
everything (void)
{
  struct status_report s = { .now = UINT64_C (1700000000500) };
  struct status_lun *l = status_lun (&s, "iqn.a", 3);
  struct status_session *n;
  struct status_path *path;
  struct status_portal *portal;
  char *text;

  l->size = UINT64_MAX;
  l->clients = 2;
  l->requests[OP_READ] = 7;
  l->bytes[OP_READ] = 4096;
  l->errors[OP_EXTENTS] = 1;
  l->stall = 1;
  l->longest_stall = 61050;
  CHECK (status_lun (&s, "iqn.a", 3) == l);
  CHECK (status_lun (&s, "iqn.a", 4) != NULL);
  CHECK (status_lun (&s, "iqn.b", 3) != NULL);
  CHECK_UINT (s.luns.n, 3);
  CHECK_UINT (status_lun (&s, "iqn.a", 3)->clients, 2);

  n = status_session (&s, "iqn.a");
  *n = (struct status_session) {
    .target = "iqn.a", .number = 2, .state = "lost", .group = 1,
    .portal = "[::1]:3260", .why = "it said: \"no\"\nand left",
    .age = 1500, .losses = 4,
  };
  n = status_session (&s, "iqn.a");
  n->number = 1;
  n->state = "up";
  n->group = -1;
  n->up = 1;

  path = status_path (&s, "iqn.a");
  path->lun = 3;
  path->port_group = 256;
  path->state = "active/optimized";
  path = status_path (&s, "iqn.a");
  path->lun = 3;
  path->port_group = -1;
  path->state = "not told";
  portal = status_portal (&s, "iqn.a");
  portal->failed = 1;
  strcpy (portal->portal, "10.0.0.1:3260");

  text = text_of (&s);
#define HAS(sample) \
  CHECK_CONTAINS (text, "\nnbdkit_iscsi_" sample "\n")
  HAS ("size_bytes{target=\"iqn.a\",lun=\"3\"} 18446744073709551615");
  HAS ("clients{target=\"iqn.a\",lun=\"3\"} 2");
  HAS ("clients{target=\"iqn.b\",lun=\"3\"} 0");
  HAS ("requests_total{target=\"iqn.a\",lun=\"3\",op=\"read\"} 7");
  HAS ("request_bytes_total{target=\"iqn.a\",lun=\"3\",op=\"read\"} 4096");
  HAS ("request_errors_total{target=\"iqn.a\",lun=\"3\",op=\"extents\"} 1");
  HAS ("stall_seconds{target=\"iqn.a\",lun=\"3\"} 0.001");
  HAS ("longest_stall_seconds{target=\"iqn.a\",lun=\"3\"} 61.050");
  HAS ("session_info{target=\"iqn.a\",session=\"2\",portal=\"[::1]:3260\","
       "portal_group=\"1\",state=\"lost\"} 1");
  HAS ("session_info{target=\"iqn.a\",session=\"1\",portal=\"\","
       "portal_group=\"\",state=\"up\"} 1");
  HAS ("session_state_timestamp_seconds{target=\"iqn.a\",session=\"2\"} "
       "1699999999.000");
  HAS ("session_losses_total{target=\"iqn.a\",session=\"2\"} 4");
  HAS ("sessions_up 1");
  HAS ("path_info{target=\"iqn.a\",lun=\"3\",portal=\"\","
       "target_port_group=\"256\",state=\"active/optimized\"} 1");
  HAS ("path_info{target=\"iqn.a\",lun=\"3\",portal=\"\","
       "target_port_group=\"\",state=\"not told\"} 1");
  HAS ("portal_failed{target=\"iqn.a\",portal=\"10.0.0.1:3260\"} 1");
  CHECK_CONTAINS (text,
                  "\n# session 2: it said: \\\"no\\\"%0Aand left\n");
  is_well_formed (text);
  free (text);
  status_free (&s);
}

/* A target chooses its name. */
static void
hostile_names (void)
{
  static const struct {
    const char *name, *label;
  } rows[] = {
    { "a\"} 1\nevil{x=\"", "a\\\"} 1%0Aevil{x=\\\"" },
    { "a\\", "a\\\\" },
    { "a\\n", "a\\\\n" },
    { "50%", "50%25" },
    { "\xff\xc3\xa4\x7f\t", "%FF%C3%A4%7F%09" },
    { "", "" },
  };
  char long_name[2 * URL_MAX_NAME], expected[300], *text;
  size_t i;

  for (i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
    struct status_report s = { .now = 0 };

    check_row = rows[i].label;
    status_lun (&s, rows[i].name, 0);
    text = text_of (&s);
    snprintf (expected, sizeof expected,
              "\nnbdkit_iscsi_clients{target=\"%s\",lun=\"0\"} 0\n",
              rows[i].label);
    CHECK_CONTAINS (text, expected);
    is_well_formed (text);
    free (text);
    status_free (&s);
  }

  memset (long_name, 'x', sizeof long_name);
  long_name[sizeof long_name - 1] = '\0';
  {
    struct status_report s = { .now = 0 };

    CHECK_UINT (strlen (status_portal (&s, long_name)->target), URL_MAX_NAME);
    status_free (&s);
  }
}

static void
many_rows (void)
{
  struct status_report s = { .now = 0 };
  int i;

  for (i = 0; i < 1000; ++i) {
    status_lun (&s, "iqn.a", i)->size = (uint64_t) i;
    status_session (&s, "iqn.a")->number = (unsigned) i;
  }
  CHECK_UINT (s.luns.n, 1000);
  CHECK_UINT (s.sessions.n, 1000);
  CHECK_UINT (status_lun (&s, "iqn.a", 999)->size, 999);
  CHECK_UINT (status_lun (&s, "iqn.a", 0)->size, 0);
  CHECK (!s.failed);
  status_free (&s);
  CHECK_UINT (s.luns.n, 0);
}

int
main (void)
{
  nothing ();
  everything ();
  hostile_names ();
  many_rows ();
  return check_summary ();
}
