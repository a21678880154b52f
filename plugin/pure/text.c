/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"
#include "text.h"

#define IMMEDIATE    0x40
#define TEXT_REQUEST 0x04

/* Byte 1. */
#define FINAL    0x80
#define CONTINUE 0x40

/* The only one of its session. */
#define TASK_TAG 1

void
text_request (uint8_t bhs[BHS_SIZE], uint32_t ttt, uint32_t cmd_sn,
              uint32_t exp_stat_sn, uint32_t len)
{
  memset (bhs, 0, BHS_SIZE);
  put_be32 (&bhs[4], len);      /* TotalAHSLength is 0 */
  bhs[0] = IMMEDIATE | TEXT_REQUEST;
  bhs[1] = FINAL;
  put_be32 (&bhs[16], TASK_TAG);
  put_be32 (&bhs[20], ttt);
  put_be32 (&bhs[24], cmd_sn);
  put_be32 (&bhs[28], exp_stat_sn);
}

/* Sections 11.11.1, 11.11.4: an answer that is final has no tag, another one
 * has; C only in the latter.
 */
bool
text_answer (const uint8_t bhs[BHS_SIZE], struct text_answer *out)
{
  *out = (struct text_answer) {
    .final = bhs[1] & FINAL,
    .ttt = get_be32 (&bhs[20]),
    .stat_sn = get_be32 (&bhs[24]),
  };
  return get_be32 (&bhs[16]) == TASK_TAG &&
    (out->final ? !(bhs[1] & CONTINUE) : out->ttt != NO_TAG);
}

void
text_each (char *data, size_t len, text_fn fn, void *opaque)
{
  char *end, *equals;

  for (; len > 0; len -= (size_t) (end + 1 - data), data = end + 1) {
    end = memchr (data, '\0', len);
    if (end == NULL)
      return;                   /* cut off */
    equals = strchr (data, '=');
    if (equals == NULL)
      continue;
    *equals = '\0';
    if (!fn (opaque, data, equals + 1))
      return;
  }
}
