/* SPDX-License-Identifier: BSD-3-Clause */

/* What the user asked for: filled in by parameters.c, constant from then on.
 * Every room reads its part of it.
 */

#ifndef ISCSI_SETTINGS_H
#define ISCSI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filter.h"
#include "url.h"

#define MAX_PORTALS  16         /* portal= may be given this often */
#define MAX_SESSIONS 64

struct credentials;             /* see credentials-file.h */

struct portal {
  char *host;
  uint16_t port;
};

/* What is done about ALUA states (alua.h). */
enum alua_use {
  ALUA_USE,                     /* asked for, never changed */
  ALUA_TELL,                    /* a target that only changes them when it is
                                   told to is told, when no path is active */
  ALUA_IGNORE,                  /* not asked for */
};

struct settings {
  struct url url;               /* user, password... merged from user= etc.;
                                   without a host while there is none */
  struct {                      /* by user= and so on, not by the URL */
    bool user, password, target_user, target_password;
  } given;
  char *credentials_file;       /* absolute path, NULL: none */
  struct credentials *credentials; /* its lines, else user= and so on */
  char *initiator_name;
  enum digest header_digest;    /* merged from the URL, never DIGEST_UNSET */
  enum digest data_digest;      /* never DIGEST_UNSET */
  struct portal portals[MAX_PORTALS]; /* those of portal=, not the URL's */
  size_t nr_portals;
  bool portal_auto;             /* portal=auto: ask discovery for more */
  enum alua_use alua;
  unsigned sessions;            /* at most this many for each target */
  unsigned timeout_ms;          /* one SCSI command */
  unsigned login_timeout_ms;    /* resolve, connect, log in */
  unsigned recovery_timeout_ms; /* 0: for ever */
  unsigned noop_interval_ms;    /* 0: no keep-alive */
  unsigned noop_timeout_ms;     /* 0: no keep-alive */
  char *status_socket;          /* absolute path, NULL: none */
  bool preflight;
  bool list_strict;             /* list=strict */
  struct filter filter;         /* export-filter= */
  bool sched_batch;             /* NBD connections' threads: SCHED_BATCH */
};

#endif /* ISCSI_SETTINGS_H */
