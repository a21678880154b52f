/* SPDX-License-Identifier: BSD-3-Clause */

/* What NBD clients call an export:
 *
 *   the URL has         LUN            any of
 *   a target            2              id:naa.60014050...
 *   only a portal       TARGET/2       id:eui..., id:t10..., id:serial....
 *
 * and nothing, for the only one that there is.  Pure.
 */

#ifndef ISCSI_EXPORT_NAME_H
#define ISCSI_EXPORT_NAME_H

#include <stdbool.h>

#include "designator.h"
#include "error.h"
#include "url.h"

/* Bytes, as NBD has it. */
#define EXPORT_NAME_MAX 4096

/* Room for what export_name_print and export_name_print_id print. */
#define EXPORT_NAME_LEN    (URL_MAX_NAME + 1 + 5 + 1)
#define EXPORT_NAME_ID_LEN (3 + DESIGNATOR_LEN)

struct export_name {
  char *target;                 /* NULL: the URL's, or any */
  int lun;                      /* -1: none */
  char *id;                     /* as designator.h has it; NULL: none */
};

/* What ‘name’ means, which a client has sent: an empty one has neither a LUN
 * nor an id.  *out is to be given to export_name_free.  -1 with a sentence
 * (EINVAL): it cannot be one, and *out is empty.
 */
extern int export_name_parse (const char *name, bool have_target,
                              struct export_name *out, struct error *err);
extern void export_name_free (struct export_name *name);

/* The name of a LUN in the list; ‘target’ is NULL where the URL has it.
 * False: it has none that would be taken for the same LUN again, as a portal
 * can make up names of targets.
 */
extern bool export_name_print (const char *target, int lun,
                               char buf[EXPORT_NAME_LEN]);

/* Returns "id:" and the designator (designator.h), or "" if it is empty. */
extern const char *export_name_print_id (const char *designator,
                                         char buf[EXPORT_NAME_ID_LEN]);

#endif /* ISCSI_EXPORT_NAME_H */
