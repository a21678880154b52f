/* SPDX-License-Identifier: BSD-3-Clause */

/* Passwords in memory. */

#ifndef ISCSI_SECRET_H
#define ISCSI_SECRET_H

#include <stdlib.h>
#include <string.h>

/* Free a string, NULL too, and leave nothing of it behind. */
static inline void
secret_free (char *s)
{
  if (s)
    explicit_bzero (s, strlen (s));
  free (s);
}

#endif /* ISCSI_SECRET_H */
