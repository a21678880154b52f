/* SPDX-License-Identifier: BSD-3-Clause */

/* A disk in memory (fake-lun.h) whose every request is also done to a plain
 * buffer, the shadow, with which the whole disk is compared afterwards.
 */

#ifndef TESTS_SHADOW_H
#define TESTS_SHADOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "block.h"
#include "error.h"
#include "fake-lun.h"

extern struct fake_disk d;
extern struct error err;
extern uint8_t *shadow, *buf;   /* of ‘size’ bytes, as the LUN's memory */
extern uint64_t size;

extern uint32_t next_random (void);
extern void fill_random (uint8_t *p, size_t n);

/* Set up a LUN: thick, or thin and able to do all. */
extern void open_disk (uint32_t block_len, uint64_t blocks);
extern void open_thin (uint32_t block_len, uint64_t blocks);

/* Attach the LUN that the test has opened and set up, with random data. */
extern void attach (void);
extern void detach (void);

/* Answer ‘op’ with this sense; or refuse it for ever, with 5/2000. */
extern void rule (unsigned op, unsigned times, uint8_t key, uint16_t asc);
extern void refuse (unsigned op);

/* How many commands of that name were executed. */
extern unsigned count (unsigned op);

/* Requests that must succeed, each done twice. */
extern void do_read (uint64_t offset, uint32_t n);
extern void do_write (uint64_t offset, uint32_t n, bool fua);
extern void do_zero (uint64_t offset, uint32_t n, bool may_trim);
extern void do_trim (uint64_t offset, uint32_t n);
extern void same_as_shadow (void);

/* Only done. */
extern int flush (void);

#endif /* TESTS_SHADOW_H */
