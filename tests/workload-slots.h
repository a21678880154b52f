/* SPDX-License-Identifier: BSD-3-Clause */

/* The slots of the disk under load, each with what it may hold
 * (workload-model.h): which are in use, and whether their data are right.
 */

#ifndef TESTS_WORKLOAD_SLOTS_H
#define TESTS_WORKLOAD_SLOTS_H

#include <stdint.h>

#include <libnbd.h>

#include "workload-model.h"

/* opt.slots of them, whose data are this run's. */
extern void slots_init (void);
extern void slots_free (void);

/* A slot that nobody uses, at random: it is busy from then on.  There must
 * be more slots than operations in flight.
 */
extern uint32_t slot_take (void);

extern struct slot *slot_at (uint32_t index);
extern uint64_t slot_offset (uint32_t index);

/* The data of the next write to it; returns its sequence number. */
extern uint32_t slot_fill (uint32_t index, uint8_t *buf);

/* Report it if these data are not what the slot may hold. */
extern void slot_check (uint32_t index, const uint8_t *buf,
                        const char *where);

/* Check every slot, over this connection (NULL: there is none); in the
 * backing file.  ‘buf’ has room for one.
 */
extern void slots_read_back (struct nbd_handle *nbd, uint8_t *buf);
extern void slots_check_backing (uint8_t *buf);

#endif /* TESTS_WORKLOAD_SLOTS_H */
