/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

#define PREFIX "nbdkit_iscsi_"

/* ---- tables ---- */

/* A new row.  It begins with the name of a target. */
static void *
add_row (struct status_report *s, struct status_table *t, size_t size,
         const char *target)
{
  const size_t room = t->n < t->room ? t->room : 2 * t->room + 8;
  char *rows = t->rows, *row;

  if (room != t->room) {
    rows = realloc (rows, room * size);
    if (rows == NULL) {
      s->failed = true;
      return NULL;
    }
    t->rows = rows;
    t->room = room;
  }
  row = rows + t->n++ * size;
  memset (row, 0, size);
  snprintf (row, URL_MAX_NAME + 1, "%s", target);
  return row;
}

struct status_lun *
status_lun (struct status_report *s, const char *target, int lun)
{
  struct status_lun *rows = s->luns.rows, *row;
  size_t i;

  for (i = 0; i < s->luns.n; ++i)
    if (rows[i].lun == lun && strcmp (rows[i].target, target) == 0)
      return &rows[i];
  row = add_row (s, &s->luns, sizeof *row, target);
  if (row)
    row->lun = lun;
  return row;
}

struct status_session *
status_session (struct status_report *s, const char *target)
{
  return add_row (s, &s->sessions, sizeof (struct status_session), target);
}

struct status_path *
status_path (struct status_report *s, const char *target)
{
  return add_row (s, &s->paths, sizeof (struct status_path), target);
}

struct status_portal *
status_portal (struct status_report *s, const char *target)
{
  return add_row (s, &s->portals, sizeof (struct status_portal), target);
}

void
status_free (struct status_report *s)
{
  free (s->luns.rows);
  free (s->sessions.rows);
  free (s->paths.rows);
  free (s->portals.rows);
  *s = (struct status_report) { .now = 0 };
}

/* ---- text ---- */

static void
write_escaped (FILE *fp, const char *str)
{
  for (; *str; ++str) {
    const unsigned char c = (unsigned char) *str;

    if (c == '"' || c == '\\')
      fprintf (fp, "\\%c", c);
    else if (c < ' ' || c > '~' || c == '%')
      fprintf (fp, "%%%02X", c);
    else
      fputc (c, fp);
  }
}

static void
write_label (FILE *fp, const char *name, const char *value)
{
  fprintf (fp, "%s=\"", name);
  write_escaped (fp, value);
  fputc ('"', fp);
}

/* A label that is empty is one that is not there. */
static void
write_group (FILE *fp, const char *name, int group)
{
  if (group == -1)
    fprintf (fp, "%s=\"\"", name);
  else
    fprintf (fp, "%s=\"%d\"", name, group);
}

static void
write_seconds (FILE *fp, uint64_t ms)
{
  fprintf (fp, "%" PRIu64 ".%03u", ms / 1000, (unsigned) (ms % 1000));
}

static void
write_family (FILE *fp, const char *name, const char *type, const char *help)
{
  fprintf (fp, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help,
           name, type);
}

/* One family of samples: a member of each row. */
enum unit { COUNT, SECONDS, SINCE };

struct column {
  const char *name, *type;
  size_t offset;                /* of a uint64_t; with per_op of NR_OPS */
  enum unit unit;
  bool per_op;
  const char *help;
};

static const char *const op_names[NR_OPS] = {
  [OP_READ] = "read",
  [OP_WRITE] = "write",
  [OP_FLUSH] = "flush",
  [OP_TRIM] = "trim",
  [OP_ZERO] = "zero",
  [OP_CACHE] = "cache",
  [OP_EXTENTS] = "extents",
};

static void
write_samples (FILE *fp, const struct status_report *s, const struct column *c,
               const char *row, void (*labels) (FILE *, const void *))
{
  const uint64_t *value = (const uint64_t *) (const void *) (row + c->offset);
  unsigned op;

  for (op = 0; op < (c->per_op ? NR_OPS : 1); ++op) {
    fprintf (fp, PREFIX "%s{", c->name);
    labels (fp, row);
    if (c->per_op)
      fprintf (fp, ",op=\"%s\"", op_names[op]);
    fputs ("} ", fp);
    switch (c->unit) {
    case COUNT:   fprintf (fp, "%" PRIu64, value[op]); break;
    case SECONDS: write_seconds (fp, value[op]); break;
    case SINCE:   write_seconds (fp, s->now - value[op]); break;
    }
    fputc ('\n', fp);
  }
}

static void
write_columns (FILE *fp, const struct status_report *s, const struct column *c,
               size_t nr_columns, const struct status_table *t, size_t size,
               void (*labels) (FILE *, const void *))
{
  const char *rows = t->rows;
  size_t i;

  for (; nr_columns > 0; ++c, --nr_columns) {
    write_family (fp, c->name, c->type, c->help);
    for (i = 0; i < t->n; ++i)
      write_samples (fp, s, c, rows + i * size, labels);
  }
}

/* ---- LUNs ---- */

#define LUN(name, type, member, ...) \
  { name, type, offsetof (struct status_lun, member), __VA_ARGS__ }

static const struct column lun_columns[] = {
  LUN ("size_bytes", "gauge", size, COUNT, false,
       "Size of the LUN when it was opened."),
  LUN ("clients", "gauge", clients, COUNT, false,
       "NBD connections that use the LUN."),
  LUN ("requests_total", "counter", requests, COUNT, true,
       "Requests of clients that are over."),
  LUN ("request_bytes_total", "counter", bytes, COUNT, true,
       "Bytes that these requests were for, if they succeeded."),
  LUN ("request_errors_total", "counter", errors, COUNT, true,
       "Requests that failed."),
  LUN ("requests_in_flight", "gauge", in_flight, COUNT, false,
       "Requests under way."),
  LUN ("retries_total", "counter", retries, COUNT, false,
       "SCSI commands that were sent again."),
  LUN ("stall_seconds", "gauge", stall, SECONDS, false,
       "Time in which no request of a client was over, while there are any."),
  LUN ("longest_stall_seconds", "gauge", longest_stall, SECONDS, false,
       "The longest such time so far."),
  LUN ("writes_held", "gauge", writes_held, COUNT, false,
       "1: writes wait for the end of those that a lost session has left."),
};

static void
write_lun_labels (FILE *fp, const void *row)
{
  const struct status_lun *l = row;

  write_label (fp, "target", l->target);
  fprintf (fp, ",lun=\"%d\"", l->lun);
}

/* ---- sessions ---- */

#define SESSION(name, type, member, unit, help) \
  { name, type, offsetof (struct status_session, member), unit, false, help }

static const struct column session_columns[] = {
  SESSION ("session_up", "gauge", up, COUNT, "1: it is logged in."),
  SESSION ("session_state_timestamp_seconds", "gauge", age, SINCE,
           "Since when it is up, or is not."),
  SESSION ("session_clients", "gauge", clients, COUNT,
           "NBD connections that use it."),
  SESSION ("session_commands_total", "counter", commands, COUNT,
           "SCSI commands that are over."),
  SESSION ("session_bytes_total", "counter", bytes, COUNT,
           "Bytes of their data."),
  SESSION ("session_losses_total", "counter", losses, COUNT,
           "How often it was lost."),
  SESSION ("session_unanswered_total", "counter", unanswered, COUNT,
           "Commands that were under way then."),
  SESSION ("session_stall_seconds", "gauge", stall, SECONDS,
           "For how long it has been lost."),
  SESSION ("session_longest_stall_seconds", "gauge", longest_stall, SECONDS,
           "For how long it was lost at most."),
};

static void
write_session_labels (FILE *fp, const void *row)
{
  const struct status_session *n = row;

  write_label (fp, "target", n->target);
  fprintf (fp, ",session=\"%u\"", n->number);
}

/* Why it is not up is for people: a label with it would be another series
 * each time.
 */
static void
write_sessions (FILE *fp, const struct status_report *s)
{
  const struct status_session *n = s->sessions.rows;
  uint64_t up = 0;
  size_t i;

  write_family (fp, "session_info", "gauge", "Where each session is.");
  for (i = 0; i < s->sessions.n; ++i, ++n) {
    up += n->up;
    if (n->why[0]) {
      fprintf (fp, "# session %u: ", n->number);
      write_escaped (fp, n->why);
      fputc ('\n', fp);
    }
    fputs (PREFIX "session_info{", fp);
    write_session_labels (fp, n);
    fputc (',', fp);
    write_label (fp, "portal", n->portal);
    fputc (',', fp);
    write_group (fp, "portal_group", n->group);
    fprintf (fp, ",state=\"%s\"} 1\n", n->state);
  }
  write_family (fp, "sessions_up", "gauge", "Sessions that are logged in.");
  fprintf (fp, PREFIX "sessions_up %" PRIu64 "\n", up);
}

/* ---- paths and portals ---- */

static void
write_paths (FILE *fp, const struct status_report *s)
{
  const struct status_path *p = s->paths.rows;
  size_t i;

  write_family (fp, "path_info", "gauge",
                "What state each portal has for the LUN.");
  for (i = 0; i < s->paths.n; ++i, ++p) {
    fputs (PREFIX "path_info{", fp);
    write_label (fp, "target", p->target);
    fprintf (fp, ",lun=\"%d\",", p->lun);
    write_label (fp, "portal", p->portal);
    fputc (',', fp);
    write_group (fp, "target_port_group", p->port_group);
    fprintf (fp, ",state=\"%s\"} 1\n", p->state);
  }
}

#define PORTAL(name, member, help) \
  { name, "gauge", offsetof (struct status_portal, member), COUNT, false, help }

static const struct column portal_columns[] = {
  PORTAL ("portal_sessions", sessions, "Sessions that are up there."),
  PORTAL ("portal_failed", failed,
          "1: it failed, and was not seen to work again."),
};

static void
write_portal_labels (FILE *fp, const void *row)
{
  const struct status_portal *p = row;

  write_label (fp, "target", p->target);
  fputc (',', fp);
  write_label (fp, "portal", p->portal);
}

void
status_write (const struct status_report *s, const char *version, FILE *fp)
{
  write_family (fp, "build_info", "gauge", "The version of the plugin.");
  fprintf (fp, PREFIX "build_info{version=\"%s\"} 1\n", version);
  write_columns (fp, s, lun_columns,
                 sizeof lun_columns / sizeof lun_columns[0],
                 &s->luns, sizeof (struct status_lun), write_lun_labels);
  write_sessions (fp, s);
  write_columns (fp, s, session_columns,
                 sizeof session_columns / sizeof session_columns[0],
                 &s->sessions, sizeof (struct status_session),
                 write_session_labels);
  write_paths (fp, s);
  write_columns (fp, s, portal_columns,
                 sizeof portal_columns / sizeof portal_columns[0],
                 &s->portals, sizeof (struct status_portal),
                 write_portal_labels);
}
