/* SPDX-License-Identifier: BSD-3-Clause */

/* What tells a LUN from all others, as text:
 *
 *   naa.60014050...       NAA, of VPD page 83h (SPC-5 section 7.7.6)
 *   eui.0025385b...       EUI-64
 *   t10.ACME    0001      T10 vendor ID
 *   iqn.2001-04.com...    SCSI name string, which has a prefix of its own
 *   serial.0001           VPD page 80h
 *
 * Binary ones are in small hexadecimal digits.  Of the others what is no
 * printable ASCII, and '%', is %XX; spaces and NULs at the end are left out.
 * Pure.
 */

#ifndef ISCSI_DESIGNATOR_H
#define ISCSI_DESIGNATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parse.h"

/* Prefix, 255 bytes of %XX, NUL. */
#define DESIGNATOR_LEN 776

/* Returns ‘buf’, which is empty if the LUN has no identity. */
extern const char *designator_text (const struct identity *id,
                                    char buf[DESIGNATOR_LEN]);

/* The VPD page that has designators of the kind of ‘text’: 83h or 80h; 0: it
 * is none.
 */
extern uint8_t designator_page (const char *text);

/* Is that kind unique in the world?  Serial numbers and T10 vendor IDs are so
 * only among the LUNs of one maker, and where that one was careful.
 */
extern bool designator_is_unique (const char *text);

/* Do both texts say the same?  Capitals do not matter where digits or iSCSI
 * names are meant.
 */
extern bool designator_same (const char *a, const char *b);

/* The designators of a VPD page, 83h or 80h, one after the other; ‘*at’ is 0
 * before the first.  False: there is no further one.
 */
extern bool designator_next (uint8_t page, const uint8_t *data, size_t len,
                             size_t *at, char buf[DESIGNATOR_LEN]);

/* Does a VPD page, 83h or 80h, have the LUN's designator ‘text’, be it the
 * strongest or not?
 */
extern bool designator_in_page (const uint8_t *data, size_t len,
                                const char *text);

#endif /* ISCSI_DESIGNATOR_H */
