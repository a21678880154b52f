/* SPDX-License-Identifier: BSD-3-Clause */

/* From the name that an NBD client asks for to the LUN (export-name.h).
 * Nothing is opened but what could be in the list: a disk or a CD that its
 * target lists, of a target that the portal tells, and that export-filter=
 * allows.  Only of a target that tells no list every LUN may be opened, by its
 * number; and the LUN of the URL always may.  Any thread; errors come as a
 * sentence in *err.
 */

#ifndef ISCSI_EXPORTS_H
#define ISCSI_EXPORTS_H

#include "error.h"
#include "handle.h"
#include "settings.h"
#include "stop.h"

/* Get hold of the LUN that ‘name’ means.  One of an id stays where it was
 * found, for all clients, until it is not there any more.  Blocks up to
 * disk_open_limit and, where it has to be looked for, as long as a list does
 * before that.  NULL with a sentence.
 */
extern struct handle *exports_open (const struct settings *p,
                                    const char *name,
                                    const struct stop *stop,
                                    struct error *err);

/* The name that the empty name stands for, allocated: empty if the URL has
 * a LUN, else that of the only disk or CD.  NULL with a sentence: there is
 * none, or more than one, or not all could be asked.
 */
extern char *exports_default (const struct settings *p,
                              const struct stop *stop, struct error *err);

/* For a URL without a LUN: log in to its target, or ask its portal for the
 * targets, and log out again.  Main thread, before the fork.
 */
extern int exports_preflight (const struct settings *p, struct error *err);

/* At the end of the server. */
extern void exports_forget (void);

#endif /* ISCSI_EXPORTS_H */
