/* SPDX-License-Identifier: BSD-3-Clause */

/* Text requests and responses (RFC 7143 sections 11.10, 11.11).  Pure. */

#ifndef ISCSI_TEXT_H
#define ISCSI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pdu.h"

/* An immediate one of ‘len’ bytes: CmdSN stays as it is.  ‘ttt’: NO_TAG in the
 * first, then that of the answer, to get more of it.
 */
extern void text_request (uint8_t bhs[BHS_SIZE], uint32_t ttt,
                          uint32_t cmd_sn, uint32_t exp_stat_sn,
                          uint32_t len);

/* What the header of an answer says.  False: it contradicts itself. */
struct text_answer {
  bool final;                   /* else there is more */
  uint32_t ttt, stat_sn;
};
extern bool text_answer (const uint8_t bhs[BHS_SIZE],
                         struct text_answer *out);

/* Call fn for each KEY=VALUE of an answer that is complete (section 6.1), until
 * it returns false.  What has no '=' is passed over.  The strings live as long
 * as ‘data’, which is changed.
 */
typedef bool (*text_fn) (void *opaque, const char *key, const char *value);
extern void text_each (char *data, size_t len, text_fn fn, void *opaque);

#endif /* ISCSI_TEXT_H */
