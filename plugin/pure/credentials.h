/* SPDX-License-Identifier: BSD-3-Clause */

/* A file of CHAP users and passwords, one line for each target:
 *
 *   TARGET                                  log in without CHAP
 *   TARGET USER PASSWORD                    the target wants that
 *   TARGET USER PASSWORD TUSER TPASSWORD    and has to prove itself, too
 *
 * TARGET is a pattern of fnmatch(3) for the names of targets, in either case
 * of letters; with "portal:" before it, for portals (HOST or HOST:PORT), which
 * are asked for their targets.  The first line that matches is the one.
 * Fields are separated by blanks.  In a field between '"' a blank stands for
 * itself, and after a '\' so do '"' and '\'.  A line that starts with '#' is a
 * comment.  Lines may end with CR LF; blanks at the end are nothing.
 *
 * Pure: the file was read by somebody else (credentials-file.c).
 */

#ifndef ISCSI_CREDENTIALS_H
#define ISCSI_CREDENTIALS_H

#include <stddef.h>

#include "error.h"

/* What one login proves itself with. */
struct chap {
  char *user, *password;        /* NULL: no CHAP */
  char *target_user, *target_password; /* NULL: not mutual */

  /* Where each pair is from, for "check ..."; NULL where there is none. */
  char *origin, *target_origin;
};

/* *to owns its strings, users and passwords as secret.h has it, and is empty if
 * memory runs out (-1).
 */
extern int chap_copy (const struct chap *from, struct chap *to,
                      struct error *err);

/* Free the strings; nothing of users and passwords is left behind.  *chap is
 * empty afterwards.
 */
extern void chap_free (struct chap *chap);

/* Where the text of a file with secrets begins: behind the byte order mark that
 * editors of Windows put before it.
 */
extern const char *credentials_skip_mark (const char *text);

struct credential_lines;

/* Parse a whole file.  ‘name’ is what it is called in messages and origins.
 * NULL with a sentence that has the number of the faulty line, and nothing
 * that is in it.  One that has nothing in it, not even a comment, is faulty: it
 * is just being written.
 */
extern struct credential_lines *credential_lines_parse (const char *text,
                                                        size_t len,
                                                        const char *name,
                                                        struct error *err);

/* The first line for a target, or for a portal; NULL if there is none.  Lives
 * as long as the lines.
 */
extern const struct chap *
credential_lines_target (const struct credential_lines *lines,
                         const char *target);
extern const struct chap *
credential_lines_portal (const struct credential_lines *lines,
                         const char *portal);

/* NULL too.  Nothing of users and passwords is left behind. */
extern void credential_lines_free (struct credential_lines *lines);

#endif /* ISCSI_CREDENTIALS_H */
