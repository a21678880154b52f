/* SPDX-License-Identifier: BSD-3-Clause */

/* Which LUNs can be had, and what NBD clients call them:
 *
 *   the URL has            an export's name is
 *   a target and a LUN     anything: it is that LUN
 *   a target               the LUN's number
 *   only a portal          target/LUN
 *
 * Listing asks over sessions of its own, with an ISID of their own, which
 * it logs out of again.  All of a call is bounded by the login timeout.
 * Any thread; errors come as a sentence in *err.
 */

#ifndef ISCSI_EXPORTS_H
#define ISCSI_EXPORTS_H

#include "error.h"
#include "lun.h"
#include "settings.h"
#include "stop.h"

/* Which LUN the client means; *target is allocated.  Takes no time, unless
 * the name is empty and has to be looked up as exports_default does.
 */
extern int exports_find (const struct settings *p, const char *name,
                         const struct stop *stop,
                         char **target, int *lun, struct error *err);

/* The name that the empty name stands for, allocated: empty if the URL has
 * a LUN, else the lowest LUN that is a disk or a CD.  NULL with a sentence:
 * there is none, or more than one target to choose from.
 */
extern char *exports_default (const struct settings *p,
                              const struct stop *stop, struct error *err);

/* For a URL without a LUN: log in to its target, or ask its portal for the
 * targets, and log out again.  Main thread, before the fork.
 */
extern int exports_preflight (const struct settings *p, struct error *err);

/* Called for each LUN that is a disk or a CD, in order.  -1 ends the
 * listing (*err is the callee's).
 */
typedef int (*exports_fn) (void *opaque, const char *name,
                           const char *description, struct error *err);

/* Tell all LUNs.  What cannot be reached or served is left out. */
extern int exports_list (const struct settings *p, const struct stop *stop,
                         exports_fn fn, void *opaque, struct error *err);

/* Write "ACME VIRTUAL-DISK, 64 MiB, iqn.2004-01.com.example:disks/1".
 * Returns buf.
 */
#define DESCRIPTION_LEN 320
extern const char *exports_describe (const struct lun_facts *facts,
                                     const char *target, int lun,
                                     char buf[DESCRIPTION_LEN]);

#endif /* ISCSI_EXPORTS_H */
