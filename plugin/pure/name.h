/* SPDX-License-Identifier: BSD-3-Clause */

/* iSCSI names, and other text that is not ours.  Pure. */

#ifndef ISCSI_NAME_H
#define ISCSI_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Is ‘s’ well-formed UTF-8 (RFC 3629) without control characters, those of C1
 * (U+0080 to U+009F) among them?  Then a log, a terminal and NBD can stand
 * it.
 */
extern bool text_is_clean (const char *s);

/* Make it so: of what is not clean each byte becomes a '?'.  Cut to ‘len’
 * bytes, the NUL included.  Returns ‘out’.
 */
extern const char *text_clean (const char *s, char *out, size_t len);

/* Does ‘name’ start as an iSCSI name has to: iqn., eui. or naa., and
 * something after it, in either case of letters?
 */
extern bool name_has_type (const char *name);

/* Is ‘name’ as RFC 7143 section 4.2.7 and RFC 3722 want it?  Targets take
 * others too, so that is worth a remark and no more.  Only ASCII is judged.
 */
extern bool name_is_proper (const char *name);

#endif /* ISCSI_NAME_H */
