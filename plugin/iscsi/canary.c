/* SPDX-License-Identifier: BSD-3-Clause */

/* Data that are missing from a read, where nobody counts what comes: over
 * iSER the target writes into memory.
 */

#include <config.h>

#include <string.h>

#include "session-private.h"

/* A random value is put at both ends of the data, and into each piece that may
 * be a PDU, before the command and looked for after it.
 */
#define CANARY_SIZE (sizeof (uint64_t)) /* of cmd->canary */

/* Where the data are to come that are ‘at’ bytes from their beginning, which
 * may be in any of the buffers, and how many bytes of it follow there.
 */
static uint8_t *
place_of (const struct command *cmd, size_t at, size_t *room)
{
  const struct iovec *iov = cmd->iov;

  for (; at >= iov->iov_len; ++iov)
    at -= iov->iov_len;
  *room = iov->iov_len - at;
  return (uint8_t *) iov->iov_base + at;
}

/* Buffers may be shorter than a canary: what lies around the client's in its
 * first and last block, and the client's too.
 */
static void
put_canary (const struct command *cmd, size_t at)
{
  const uint8_t *canary = (const uint8_t *) &cmd->canary;
  size_t i, n;
  uint8_t *p;

  for (i = 0; i < CANARY_SIZE; i += n) {
    p = place_of (cmd, at + i, &n);
    if (n > CANARY_SIZE - i)
      n = CANARY_SIZE - i;
    memcpy (p, canary + i, n);
  }
}

/* Are its bytes from ‘skip’ on still there? */
static bool
has_canary (const struct command *cmd, size_t at, size_t skip)
{
  const uint8_t *canary = (const uint8_t *) &cmd->canary;
  const uint8_t *p;
  size_t i, n;

  for (i = skip; i < CANARY_SIZE; i += n) {
    p = place_of (cmd, at + i, &n);
    if (n > CANARY_SIZE - i)
      n = CANARY_SIZE - i;
    if (memcmp (p, canary + i, n) != 0)
      return false;
  }
  return true;
}

/* splitmix64: a canary that no one guesses from those before. */
static uint64_t
next_canary (struct session *s)
{
  uint64_t z = s->canary_seed += UINT64_C (0x9e3779b97f4a7c15);

  z = (z ^ z >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C (0x94d049bb133111eb);
  return z ^ z >> 31;
}

void
canary_set (struct session *s, struct command *cmd)
{
  size_t at;

  cmd->canary = next_canary (s);
  for (at = 0; at + CANARY_SIZE <= cmd->len; at += MIN_RECV_SEGMENT)
    put_canary (cmd, at);
  put_canary (cmd, cmd->len - CANARY_SIZE);
}

/* The last two bytes are enough to arouse suspicion, since data may be
 * missing from anywhere in the canary on.  It is unfounded once in 65536
 * reads, which are then read again with another canary (sense_decide).
 */
#define SUSPICIOUS 2

bool
canary_is_there (const struct command *cmd)
{
  size_t at;

  for (at = 0; at + CANARY_SIZE <= cmd->len; at += MIN_RECV_SEGMENT)
    if (has_canary (cmd, at, 0))
      return true;
  return has_canary (cmd, cmd->len - CANARY_SIZE, CANARY_SIZE - SUSPICIOUS);
}
