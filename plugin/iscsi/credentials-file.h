/* SPDX-License-Identifier: BSD-3-Clause */

/* Which CHAP settings a login has: those that the credentials file has for
 * its target, else those of the command line.  The file is read again when it
 * has changed, so that a secret can be changed while the server runs.  Any
 * thread.
 */

#ifndef ISCSI_CREDENTIALS_FILE_H
#define ISCSI_CREDENTIALS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "credentials.h"
#include "error.h"

struct credentials;

/* ‘file’: an absolute path, or NULL.  ‘others’: what a target has that is not
 * in it; copied.  NULL with a sentence: out of memory, or the file cannot be
 * read or parsed.
 */
extern struct credentials *credentials_new (const char *file,
                                            const struct chap *others,
                                            struct error *err);
extern void credentials_free (struct credentials *c);

/* What to log in to a target with; *out is the caller's, for chap_free.  A file
 * that cannot be read any more, or has an error now, is told once (log_event),
 * and what was read before is used.  -1 with a sentence: out of memory.
 */
extern int credentials_find (struct credentials *c, const char *target_name,
                             struct chap *out, struct error *err);

/* The same for a portal that is asked for its targets, "192.0.2.1:3260", or
 * by what else it is called; names that are NULL do not count.  *own: it has
 * a line of its own, and *out is not what targets have.
 */
extern int credentials_find_portal (struct credentials *c,
                                    const char *const names[], size_t n,
                                    struct chap *out, bool *own,
                                    struct error *err);

/* A warning (log_event) if others than its user and group may read or write a
 * file that has passwords.
 */
extern void credentials_judge_permissions (const char *file,
                                           const struct stat *st);

#endif /* ISCSI_CREDENTIALS_FILE_H */
