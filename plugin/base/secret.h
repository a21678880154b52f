/* SPDX-License-Identifier: BSD-3-Clause */

/* Users and passwords in memory: on pages of their own, which are in no core
 * dump (MADV_DONTDUMP).  A secret takes a page at least.  No function leaves
 * anything of one in the registers of the thread.  Any thread.
 */

#ifndef ISCSI_SECRET_H
#define ISCSI_SECRET_H

#include <stddef.h>

/* Room for ‘size’ bytes, all 0.  NULL: out of memory.  For secret_free. */
extern char *secret_alloc (size_t size);

/* The first ‘len’ bytes of ‘s’, and a NUL. */
extern char *secret_copy (const char *s, size_t len);

/* NULL too.  Nothing of it is left behind. */
extern void secret_free (char *s);

/* A string of malloc, NULL too: wipe and free it. */
extern void secret_free_string (char *s);

#endif /* ISCSI_SECRET_H */
