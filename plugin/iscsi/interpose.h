/* SPDX-License-Identifier: BSD-3-Clause */

/* libiscsi reads PDUs until the socket is empty, and acts on each at once.  It
 * has no call to look at one first, and a socket has none that lets it have
 * just one.  So its calls of recv, readv, send and writev, and those of malloc,
 * are led to functions of ours: in the tables of libiscsi's own shared object
 * that the dynamic linker has filled in (ELF, relocations of the kinds
 * JUMP_SLOT and GLOB_DAT).
 * Nobody else's calls are touched.
 */

#ifndef ISCSI_INTERPOSE_H
#define ISCSI_INTERPOSE_H

#include <stdbool.h>
#include <stddef.h>

struct interposed {
  const char *name;             /* of the function that is called */
  void *function;               /* that is called instead */
  bool optional;                /* it need not be called at all */
  bool found;                   /* the answer */
};

/* Lead calls from the object that holds ‘address’ to the functions of the list.
 * False: one was not found, and perhaps others have been led away.
 */
extern bool interpose (const void *address, struct interposed *list, size_t n);

#endif /* ISCSI_INTERPOSE_H */
