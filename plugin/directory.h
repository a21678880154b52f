/* SPDX-License-Identifier: BSD-3-Clause */

/* Which targets the URL's portal has.  Only for a URL without a target.  Any
 * thread; blocks until ‘deadline’ (clock_ms) at most.
 */

#ifndef ISCSI_DIRECTORY_H
#define ISCSI_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "settings.h"
#include "stop.h"

/* Ask the portal: *names is allocated, in order and each once, for
 * directory_free.  What cannot be the name of a target is left out and told,
 * and *nameless counts it.  Half of the time is left to the caller.  -1 with a
 * sentence.
 */
extern int directory_ask (const struct settings *p, uint64_t deadline,
                          const struct stop *stop,
                          char ***names, size_t *n, size_t *nameless,
                          struct error *err);
extern void directory_free (char **names, size_t n);

/* Is that target there?  What the portal has told is true for a second, or 10 s
 * if it cannot be asked then, and as long as the target has a session with us:
 * else it is asked again.  -1 with a sentence; ENOENT: it names those that
 * there are.
 */
extern int directory_check (const struct settings *p, const char *target,
                            uint64_t deadline, const struct stop *stop,
                            struct error *err);

/* At the end of the server. */
extern void directory_forget (void);

#endif /* ISCSI_DIRECTORY_H */
