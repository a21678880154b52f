/* SPDX-License-Identifier: BSD-3-Clause */

/* The ways to a target: the addresses of all its portals, the one that
 * answered last first.  Thread-safe.
 */

#ifndef ISCSI_PATH_H
#define ISCSI_PATH_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "settings.h"
#include "session.h"
#include "stop.h"

struct path;

/* What every session to a target has in common.  Points into ‘p’ and
 * ‘target’.
 */
extern struct session_params path_params (const struct settings *p,
                                          const char *target, int lun);

/* Look up the portals: the URL's, those of portal=, and with portal=auto
 * those that discovery tells.  A name that cannot be looked up is no error
 * as long as another one can.  Blocks until ‘deadline’ (clock_ms) at most.
 * NULL with a sentence.  ‘p’ must outlive it; ‘target’ is only used for
 * portal=auto, and may be NULL.
 */
extern struct path *path_new (const struct settings *p, const char *target,
                              uint64_t deadline, const struct stop *stop,
                              struct error *err);
extern void path_free (struct path *path);

/* Open a session at the first address that answers, each getting an equal
 * share of the time that is left.  Blocks and fails as session_open, with
 * the error of the attempt that got furthest.
 */
extern struct session *path_open (struct path *path,
                                  const struct session_params *params,
                                  const struct isid *isid,
                                  uint64_t deadline, const struct stop *stop,
                                  struct error *err);

/* A caller's place in the list of addresses, all zeroes at first. */
struct path_cursor {
  size_t first;                 /* where its round began */
  size_t turn;                  /* addresses that failed since */
};

/* One try at one address.  The cursor moves on if the try fails, and begins
 * anew, with the address that answered somebody else, when there is one.
 * Names are looked up again after each round of failures.
 */
extern struct session *path_try (struct path *path,
                                 struct path_cursor *cursor,
                                 const struct session_params *params,
                                 const struct isid *isid,
                                 uint64_t deadline, const struct stop *stop,
                                 struct error *err);

/* What came of a session that path_try opened: it is of use, and its address
 * is the first one to be tried from now on; or it is not, and the next one
 * is tried.
 */
extern void path_worked (struct path *path, struct path_cursor *cursor);
extern void path_failed (struct path_cursor *cursor);

/* How many addresses there are. */
extern size_t path_count (struct path *path);

/* session_discover at the first address that answers. */
extern int path_discover (struct path *path, uint64_t deadline,
                          const struct stop *stop,
                          struct discovered **list, size_t *n,
                          struct error *err);

#endif /* ISCSI_PATH_H */
