/* SPDX-License-Identifier: BSD-3-Clause */

/* Recognising a target that keeps one session for each initiator name, and ends
 * the older one when another is opened.
 */

#include <config.h>

#include "clock.h"
#include "debug.h"
#include "target-private.h"

/* So many sessions in a row, each lost so soon after another one of ours was
 * opened, and each the one for which the one before was lost, were not lost by
 * chance.
 */
#define EVICTIONS   6
#define EVICTION_MS 500

/* A target may have been told otherwise: more sessions are tried after so long,
 * twice as long each time.
 */
#define SINGLE_MS     600000
#define MAX_SINGLE_MS 86400000

/* The target keeps one session: retire all nexuses but this one. */
static void
keep_one (struct target *t, const struct nexus *one)
{
  struct nexus *n = NULL;

  if (t->singles++ == 0)
    log_notice ("%s: the target ends one session of ours when another is "
                "opened: all of its LUNs are served over one", t->name);
  else
    debug_session ("%s: the target still keeps one session only", t->name);
  t->single = true;
  t->single_until = clock_ms () +
    clock_backoff (t->singles, SINGLE_MS, MAX_SINGLE_MS);
  while ((n = nexus_after (t, n)) != NULL)
    if (n != one)
      n->retired = true;
}

void
eviction_note (struct target *t, const struct nexus *lost, uint64_t now)
{
  const struct nexus *n = NULL, *other = NULL;

  while ((n = nexus_after (t, n)) != NULL)
    if (n != lost && n->logged_in > 0 &&
        (other == NULL || n->logged_in > other->logged_in))
      other = n;
  if (other == NULL)
    return;
  if (lost->logged_in > other->logged_in ||
      now - other->logged_in > EVICTION_MS ||
      lost != t->evictor)
    t->evictions = 0;
  t->evictor = other;
  if (++t->evictions >= EVICTIONS && !t->single)
    keep_one (t, other);
}

void
eviction_doubt (struct target *t)
{
  struct nexus *n = NULL;

  if (!t->single || clock_ms () < t->single_until)
    return;
  debug_session ("%s: does the target still keep one session only?", t->name);
  t->single = false;
  t->evictions = 0;
  while ((n = nexus_after (t, n)) != NULL)
    n->retired = false;
  target_changed (t);
}
