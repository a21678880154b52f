/* SPDX-License-Identifier: BSD-3-Clause */

/* The session slots of a LUN: how many there are, who uses which, and what
 * happens to commands whose slot is down.  A slot is one ISID, one engine and
 * at most one session at a time.
 */

#ifndef ISCSI_SLOTS_H
#define ISCSI_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "engine.h"
#include "error.h"
#include "lun.h"
#include "parameters.h"
#include "stop.h"

struct slots;
struct slot;

/* Log in to a LUN, ask it everything and log out again: the preflight.  The
 * way that it found is the first one that a slot tries.  Main thread, before
 * the fork.
 */
extern int slots_preflight (const struct parameters *p,
                            const char *target, int lun, struct error *err);

/* No slot is opened yet.  The first one that is fills ‘facts’, which is
 * constant from then on; ‘p’, ‘target’ and ‘facts’ must outlive the slots.
 * NULL with a sentence.
 */
extern struct slots *slots_new (const struct parameters *p,
                                const char *target, int lun,
                                struct lun_facts *facts, struct error *err);

/* A slot for one more user: one of its own up to p->sessions, then the one
 * that is used least.  A target that refuses a further session is served
 * over those that there are.  ‘counts’ says if the user is counted.  Any
 * thread; blocks up to the login timeout.  NULL with a sentence.
 */
extern struct slot *slots_take (struct slots *slots, bool counts,
                                const struct stop *stop, struct error *err);

/* For a user that was counted.  The slot stays open.  Any thread. */
extern void slots_give_back (struct slot *slot);

/* For engine_last_error and engine_sleep.  It lives as long as the slots. */
extern struct engine *slot_engine (const struct slot *slot);

/* A runner (command.h) whose handle is a slot: engine_run, by another slot if
 * this one is down and the commands were never sent.  They are all writes or
 * none is.
 */
extern void slot_run (void *slot, struct command *cmds, size_t n);

/* Tell all engines to end, without waiting. */
extern void slots_begin_stop (struct slots *slots);

/* Log out of all, until ‘deadline’ (clock_ms) at most, and free everything.
 * Any thread, when nobody uses the slots any more.
 */
extern void slots_free (struct slots *slots, uint64_t deadline);

/* Forget what the preflight found, if no slot was ever opened. */
extern void slots_forget_preflight (void);

/* From outside, for the engines' threads: is the server going away? */
extern void slots_set_shutting_down (bool (*fn) (void));

#endif /* ISCSI_SLOTS_H */
