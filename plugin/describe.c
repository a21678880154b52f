/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include "describe.h"

static void
print_size (uint64_t size, char *buf, size_t len)
{
  static const char *units[] = {
    "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"
  };
  unsigned unit = 0;

  while (size >> (10 * unit) >= 1024)
    unit++;
  if (size & ((UINT64_C (1) << (10 * unit)) - 1))
    snprintf (buf, len, "%.1f %s",
              (double) size / (double) (UINT64_C (1) << (10 * unit)),
              units[unit]);
  else
    snprintf (buf, len, "%" PRIu64 " %s", size >> (10 * unit), units[unit]);
}

const char *
describe_lun (const struct lun_facts *facts, const char *target, int lun,
              char buf[DESCRIPTION_LEN])
{
  const struct inquiry *inq = &facts->inquiry;
  char size[32], designator[DESIGNATOR_LEN], id[EXPORT_NAME_ID_LEN];

  print_size (facts->size, size, sizeof size);
  export_name_print_id (designator_text (&facts->identity, designator), id);
  snprintf (buf, DESCRIPTION_LEN, "%s%s%s%s%s%s%s%s, %s/%d",
            inq->vendor, *inq->vendor && *inq->product ? " " : "",
            inq->product, *inq->vendor || *inq->product ? ", " : "",
            size, facts->read_only ? ", read-only" : "",
            *id ? ", " : "", id, target, lun);
  return buf;
}
