/* SPDX-License-Identifier: BSD-3-Clause */

/* An error on its way home: an errno and a sentence, set where it
 * happens and reported in one place (plugin.c).
 */

#ifndef ISCSI_ERROR_H
#define ISCSI_ERROR_H

struct error {
  int err;                      /* an errno, 0 while nothing is wrong */
  char msg[320];                /* lower case, no full stop, no newline */
};

/* Set ‘e’ to an errno and a printf-formatted sentence.  A sentence that is
 * too long is cut.  Secrets must not be among the arguments.  Always
 * returns -1, so that "return error_set (...)" reads well.  Any thread.
 */
extern int error_set (struct error *e, int err, const char *fs, ...)
  __attribute__ ((__format__ (__printf__, 3, 4)));

#endif /* ISCSI_ERROR_H */
