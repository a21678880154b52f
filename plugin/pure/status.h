/* SPDX-License-Identifier: BSD-3-Clause */

/* What a monitor is told: tables, filled by the rooms that know, and their
 * text in the exposition format of Prometheus (version 0.0.4).  No lock: a
 * status belongs to whoever made it.
 */

#ifndef ISCSI_STATUS_H
#define ISCSI_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "url.h"

/* What a client asks for. */
enum op {
  OP_READ, OP_WRITE, OP_FLUSH, OP_TRIM, OP_ZERO, OP_CACHE, OP_EXTENTS,
  NR_OPS
};

/* Times are in milliseconds; the text has seconds. */

/* A LUN that is in use. */
struct status_lun {
  char target[URL_MAX_NAME + 1];
  int lun;
  uint64_t size;                /* bytes; 0: only its paths are known */
  uint64_t clients;             /* NBD connections */
  uint64_t in_flight;           /* requests */
  uint64_t requests[NR_OPS], bytes[NR_OPS], errors[NR_OPS];
  uint64_t retries;             /* SCSI commands that were sent again */
  uint64_t stall, longest_stall; /* while there were requests none was over */
  uint64_t writes_held;         /* 1: the fence is closed */
};

/* A session, or the nexus that tries to get one. */
struct status_session {
  char target[URL_MAX_NAME + 1];
  unsigned number;              /* as in messages, from 1 */
  const char *state;            /* a literal */
  char portal[64];              /* where it is, or tries to be */
  int group;                    /* portal group tag, -1: not told */
  char why[320];                /* it is not up; "": nothing is wrong */
  uint64_t up;                  /* 1: it is up */
  uint64_t age;                 /* of that state */
  uint64_t clients;             /* NBD connections that use it */
  uint64_t commands, bytes;     /* answered */
  uint64_t losses, unanswered;  /* commands that losses have left */
  uint64_t stall, longest_stall; /* without a session */
};

/* A LUN over one portal. */
struct status_path {
  char target[URL_MAX_NAME + 1];
  int lun;
  char portal[64];
  int port_group;               /* ALUA target port group, -1: not told */
  const char *state;            /* a literal */
};

struct status_portal {
  char target[URL_MAX_NAME + 1];
  char portal[64];
  uint64_t failed;              /* 1: the last login or connection there did */
  uint64_t sessions;            /* that are up */
};

struct status_table {
  void *rows;
  size_t n, room;
};

struct status_report {
  uint64_t now;                 /* Unix time */
  struct status_table luns, sessions, paths, portals;
  bool failed;                  /* there was no memory for all */
};

/* status_lun: the row of the LUN, or a new one if there is none.  The others:
 * a new row.  A new row is zero but for the target (and the LUN), and is
 * valid until the next one of its table is asked for.  NULL: no memory, and
 * s->failed.
 */
extern struct status_lun *status_lun (struct status_report *s,
                                      const char *target, int lun);
extern struct status_session *status_session (struct status_report *s,
                                              const char *target);
extern struct status_path *status_path (struct status_report *s,
                                        const char *target);
extern struct status_portal *status_portal (struct status_report *s,
                                            const char *target);

/* All tables as text.  Of names only printable ASCII is written as it is; the
 * rest, and "%", as in URLs: the whole text would be refused if they were not
 * UTF-8.
 */
extern void status_write (const struct status_report *s, const char *version,
                          FILE *fp);

extern void status_free (struct status_report *s);

#endif /* ISCSI_STATUS_H */
