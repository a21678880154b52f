/* SPDX-License-Identifier: BSD-3-Clause */

/* Read-modify-writes beside writes of whole blocks and beside each other:
 * none brings back bytes that are older than an acknowledged write.
 */

#include <config.h>

#include <pthread.h>
#include <unistd.h>

#include "block.h"
#include "check.h"
#include "fake-lun.h"
#include "now.h"

#define BLOCK_LEN 512
#define ROUNDS    3000

/* Each round gives the processor away several times.  Who else wants it may
 * keep it for so long that there is no time for all rounds.
 */
#define ENOUGH_S  30

/* The bytes that one thread writes.  Nobody else does, but for ‘shared’
 * bytes from ‘shared_at’ on, which it therefore does not look at.
 */
struct lane {
  uint64_t offset;
  uint32_t count;
  uint32_t shared_at, shared;
  pthread_t thread;
  struct handle *h;
  unsigned wrong, failed;
};

static struct lane lanes[] = {
  /* Inside a block, across its end, around others: all with bytes of
   * others before or behind them.
   */
  { .offset = 0,    .count = 100 },
  { .offset = 100,  .count = 300 },
  { .offset = 400,  .count = 112 + 1 },
  { .offset = 513,  .count = 511 + 512 + 1 },
  { .offset = 1537, .count = 511 },

  /* Whole blocks, with a part of one of them also written by itself. */
  { .offset = 2048, .count = 1024, .shared_at = 700, .shared = 50 },
  { .offset = 2748, .count = 50, .shared = 50 },
};
#define NR_LANES (sizeof lanes / sizeof lanes[0])

static bool
same (const struct lane *l, const uint8_t *a, const uint8_t *b)
{
  const uint32_t behind = l->shared_at + l->shared;

  return memcmp (a, b, l->shared_at) == 0 &&
    memcmp (a + behind, b + behind, l->count - behind) == 0;
}

/* Now by a write, now by zeroing, and look at once: nothing is in flight
 * for these bytes, so what was written last must be there.
 */
static void *
run (void *arg)
{
  struct lane *l = arg;
  uint8_t out[1024], in[1024];
  const uint64_t end = now_ns () + ENOUGH_S * UINT64_C (1000000000);
  struct error err;
  unsigned i;
  int r;

  for (i = 0; i < ROUNDS && now_ns () < end; ++i) {
    memset (out, i % 4 == 3 ? 0 : i, l->count);
    r = i % 4 == 3 ?
      block_zero (l->h, l->count, l->offset, true, false, false, &err) :
      block_write (l->h, out, l->count, l->offset, false, &err);
    if (r == -1 || block_read (l->h, in, l->count, l->offset, &err) == -1)
      l->failed++;
    else
      l->wrong += !same (l, in, out);
  }
  return NULL;
}

int
main (void)
{
  static struct fake_disk d;
  size_t i;

  alarm (500);
  fake_open (&d.lun, BLOCK_LEN, 16);
  d.lun.yield = true;
  d.lun.keep_no_log = true;
  fake_attach (&d);

  for (i = 0; i < NR_LANES; ++i) {
    lanes[i].h = &d.h;
    if (pthread_create (&lanes[i].thread, NULL, run, &lanes[i]) != 0)
      abort ();
  }
  for (i = 0; i < NR_LANES; ++i) {
    pthread_join (lanes[i].thread, NULL);
    CHECK_UINT (lanes[i].wrong, 0);
    CHECK_UINT (lanes[i].failed, 0);
  }

  CHECK_UINT (d.lun.broken, 0);
  CHECK_UINT (d.writes.waiting, 0);
  fake_detach (&d);
  return check_summary ();
}
