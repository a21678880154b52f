/* SPDX-License-Identifier: BSD-3-Clause */

/* Recognising a target that keeps one session for each initiator name, and ends
 * the older one when another is opened.
 */

#include <config.h>

#include "debug.h"
#include "target-private.h"

/* So many sessions in a row, each lost so soon after another one of ours was
 * opened, and each the one for which the one before was lost, were not lost by
 * chance.
 */
#define EVICTIONS   6
#define EVICTION_MS 500

/* Does the target keep one session for each initiator name, and end the older
 * one when another is opened?
 */
void
eviction_note (struct target *t, const struct nexus *lost, uint64_t now)
{
  const struct nexus *other = NULL;
  size_t i;

  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i] && t->nexuses[i] != lost && t->nexuses[i]->up &&
        (other == NULL || t->nexuses[i]->since > other->since))
      other = t->nexuses[i];
  if (other == NULL)
    return;
  if (lost->since > other->since || now - other->since > EVICTION_MS ||
      lost != t->evictor)
    t->evictions = 0;
  t->evictor = other;
  if (++t->evictions < EVICTIONS || t->single)
    return;
  t->single = true;
  log_notice ("%s: the target ends one session of ours when another is opened: "
              "all of its LUNs are served over one", t->name);
  for (i = 0; i < MAX_SESSIONS; ++i)
    if (t->nexuses[i] && t->nexuses[i] != other)
      t->nexuses[i]->retired = true;
}
