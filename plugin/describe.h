/* SPDX-License-Identifier: BSD-3-Clause */

/* What is told of a LUN in a list: "ACME VIRTUAL-DISK, 64 MiB, read-only,
 * id:naa.60014050..., iqn.2004-01.com.example:disks/1".  Pure.
 */

#ifndef ISCSI_DESCRIBE_H
#define ISCSI_DESCRIBE_H

#include "export-name.h"
#include "lun.h"

#define DESCRIPTION_LEN (64 + EXPORT_NAME_ID_LEN + EXPORT_NAME_LEN)

/* Returns buf. */
extern const char *describe_lun (const struct lun_facts *facts,
                                 const char *target, int lun,
                                 char buf[DESCRIPTION_LEN]);

#endif /* ISCSI_DESCRIBE_H */
