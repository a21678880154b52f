/* SPDX-License-Identifier: BSD-3-Clause */

/* A range of blocks on its way to the target: cut into commands, which are
 * run side by side, and done again another way where the LUN refuses one.
 * How, is told by a struct kind.
 */

#ifndef ISCSI_WORK_H
#define ISCSI_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "handle.h"
#include "error.h"
#include "pace.h"

/* Commands of one request that are under way at the same time. */
#define WORK_ROUND 32

/* What the client asked for, for messages: "read of 512 bytes at offset 0". */
struct request {
  const char *verb;
  uint32_t count;
  uint64_t offset;
};

struct work;

struct kind {
  /* Make the ‘nth’ command of a round for blocks from lba + done on, as
   * many as it can take; of the slow kinds no more than w->most, if that is
   * possible.  Returns how many; 0 when there is no command left that the
   * LUN knows.
   */
  uint32_t (*fill) (struct work *w, uint64_t done, struct command *cmd,
                    unsigned nth);

  /* A command for so many blocks failed: remember why, and say whether
   * ‘fill’ is to be asked once more for the same ones.
   */
  bool (*refused) (struct work *w, const struct command *cmd,
                   uint32_t blocks);

  /* For the slow kinds, which are optional: which one it is now.  They are
   * given up, that is ‘refused’, when they went unanswered ‘tries’ times.  A
   * hint, without which nothing is lost, has half of the time.
   */
  enum slow (*slow) (const struct work *w);
  unsigned tries;
  bool is_hint;

  /* The residual does not tell what was done.  Some targets set it on
   * commands that move no block data.
   */
  bool ignore_residual;

  unsigned also_good;           /* another status that is success; 0: none */
};

struct work {
  struct handle *h;
  const struct request *rq;
  const struct kind *kind;
  uint64_t lba, blocks;
  void *opaque;                 /* the kind's own */

  uint64_t most;                /* blocks of a slow command, at most */
  unsigned unanswered;          /* tries, so far */
};

/* On the thread of the request, which it blocks, as all that follows.
 * 0: all of it was done; 1: there is no command for it that the LUN knows,
 * and part of it may be done; -1: an error.
 */
extern int work_carry_out (struct work *w, struct error *err);

/* A finished command that failed as an error.  ‘what’ begins the sentence:
 * "read of 4096 bytes at offset 0".  Always returns -1.
 */
extern int work_error (struct handle *h, const struct command *cmd,
                       const char *what, struct error *err);

/* Make a command of ‘len’ bytes, without buffers and CDB yet. */
extern void work_prepare (struct command *cmd, enum direction direction,
                          uint32_t len);
extern void work_add_iov (struct command *cmd, void *base, size_t len);

/* The target does not know the command, or not this way of it. */
extern bool work_is_unsupported (const struct command *cmd);
/* It does not know the command at all. */
extern bool work_is_unknown (const struct command *cmd);
/* It will not carry out the command, now or later: unsupported, or 5/25xx or
 * no answer in time from a LUN that is there.  May ask the LUN.
 */
extern bool work_is_refused (struct handle *h, const struct command *cmd);

/* Does a CDB of 10 bytes, with its LBA of 32 bits, reach these blocks? */
static inline bool
fits_cdb10 (uint64_t lba, uint64_t blocks)
{
  return lba + blocks <= UINT64_C (1) << 32;
}

/* The most blocks of a command that is for more than a buffer holds.  It is
 * what a CDB of 10 bytes can say; and there are targets that keep 16 bits of
 * the count in those of 16 bytes too, and take 65536 for 0: of a WRITE SAME
 * "to the end of the medium" (SBC-4 5.53).
 */
#define SAFE_BLOCKS UINT16_MAX

static inline uint64_t
min_blocks (uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

#endif /* ISCSI_WORK_H */
