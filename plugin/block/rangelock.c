/* SPDX-License-Identifier: BSD-3-Clause */

/* Each list holds few ranges (at most one per nbdkit thread), so they are
 * searched from end to end.
 */

#include <config.h>

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rangelock.h"

static bool
overlaps (const struct range *a, const struct range *b)
{
  return a->lba < b->lba + b->blocks && b->lba < a->lba + a->blocks;
}

static bool
conflicts (const struct range *a, const struct range *b)
{
  return (a->alone || b->alone) && overlaps (a, b);
}

/* Does ‘r’ conflict with a range of the list, up to but not including
 * ‘end’?
 */
static bool
conflicts_with_any (const struct range *r, const struct range *list,
                    const struct range *end)
{
  for (; list != end; list = list->next) {
    if (conflicts (r, list))
      return true;
  }
  return false;
}

/* Those that hold their range, and those that came earlier: else a stream
 * of whole-block writes would keep a read-modify-write waiting for ever.
 */
static bool
must_wait (const struct rangelock *l, const struct range *r,
           const struct range *queue_end)
{
  return conflicts_with_any (r, l->alone, NULL) ||
    (r->alone && conflicts_with_any (r, l->shared, NULL)) ||
    conflicts_with_any (r, l->queue, queue_end);
}

static void
list_insert (struct range **head, struct range *r)
{
  r->next = *head;
  r->pprev = head;
  if (r->next)
    r->next->pprev = &r->next;
  *head = r;
}

static void
list_remove (struct range *r)
{
  *r->pprev = r->next;
  if (r->next)
    r->next->pprev = r->pprev;
}

static void
waiters_append (struct rangelock *l, struct range *r)
{
  r->next = NULL;
  r->pprev = l->queue_tail;
  *l->queue_tail = r;
  l->queue_tail = &r->next;
  l->waiting++;
}

static void
waiters_remove (struct rangelock *l, struct range *r)
{
  if (r->next == NULL)
    l->queue_tail = r->pprev;
  list_remove (r);
  l->waiting--;
}

void
rangelock_init (struct rangelock *l)
{
  pthread_mutex_init (&l->lock, NULL);
  pthread_cond_init (&l->cond, NULL);
  l->shared = l->alone = l->queue = NULL;
  l->queue_tail = &l->queue;
  l->waiting = 0;
}

void
rangelock_destroy (struct rangelock *l)
{
  pthread_cond_destroy (&l->cond);
  pthread_mutex_destroy (&l->lock);
}

void
rangelock_acquire (struct rangelock *l, struct range *r,
                   uint64_t lba, uint64_t blocks, bool alone)
{
  r->lba = lba;
  r->blocks = blocks;
  r->alone = alone;

  pthread_mutex_lock (&l->lock);
  if (must_wait (l, r, NULL)) {
    waiters_append (l, r);
    do
      pthread_cond_wait (&l->cond, &l->lock);
    while (must_wait (l, r, r));
    waiters_remove (l, r);
  }
  list_insert (alone ? &l->alone : &l->shared, r);
  pthread_mutex_unlock (&l->lock);
}

/* Those that wait look again by themselves.  One that gets its range goes
 * on being in the way of those behind it, so it has nobody to wake.
 */
void
rangelock_release (struct rangelock *l, struct range *r)
{
  bool wake;

  pthread_mutex_lock (&l->lock);
  list_remove (r);
  wake = l->waiting > 0;
  pthread_mutex_unlock (&l->lock);

  if (wake)
    pthread_cond_broadcast (&l->cond);
}
