/* SPDX-License-Identifier: BSD-3-Clause */

/* The list of exports, for a URL without a LUN. */

#ifndef ISCSI_LISTING_H
#define ISCSI_LISTING_H

#include "error.h"
#include "settings.h"
#include "stop.h"

/* Called for each export, in order, on the caller's thread.  -1 ends the
 * listing (*err is the callee's).
 */
typedef int (*listing_fn) (void *opaque, const char *name,
                           const char *description, struct error *err);

/* Tell all LUNs that are disks or CDs.  For what cannot be asked or served
 * there is a line in the log; with list=strict it is an error, unless it has
 * answered that it cannot be served.  Takes as long as survey_run.  Any
 * thread; -1 with a sentence.
 */
extern int listing_tell (const struct settings *p, const struct stop *stop,
                         listing_fn fn, void *opaque, struct error *err);

#endif /* ISCSI_LISTING_H */
