/* SPDX-License-Identifier: BSD-3-Clause */

/* The session slots of a LUN: how many there are, who uses which, and what
 * happens to commands whose slot is down.  A slot is one ISID, one engine and
 * at most one session at a time.
 */

#ifndef ISCSI_SLOTS_H
#define ISCSI_SLOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "engine.h"
#include "error.h"
#include "lun.h"
#include "settings.h"
#include "stop.h"

struct slots;
struct slot;

/* Log in to a LUN, ask it everything and log out again: the preflight.  The
 * way that it found is the first one that a slot tries.  Main thread, before
 * the fork.
 */
extern int slots_preflight (const struct settings *p,
                            const char *target, int lun, struct error *err);

/* No slot is opened yet.  The first one that is fills ‘facts’, which is
 * constant from then on; ‘p’, ‘target’ and ‘facts’ must outlive the slots.
 * NULL with a sentence.
 */
extern struct slots *slots_new (const struct settings *p,
                                const char *target, int lun,
                                struct lun_facts *facts, struct error *err);

/* One who uses a slot.  Private to slots.c. */
struct slot_user {
  struct slot *slot;
  bool counts;                  /* when slots are compared by their users */

  /* The slots, a bit for each, where a write of this user that was moved there
   * failed, and may still be executed.  Set and cleared under the lock.
   */
  _Atomic uint64_t owed;
};

/* A slot for one more user, who is set up: one of its own up to p->sessions,
 * then the one that is used least.  A target that refuses a further session is
 * served over those that there are.  Any thread; blocks up to the login
 * timeout.  0, or -1 with a sentence.
 */
extern int slots_take (struct slots *slots, struct slot_user *user,
                       bool counts, const struct stop *stop,
                       struct error *err);

/* The slot stays open.  Any thread. */
extern void slots_give_back (struct slot_user *user);

/* For engine_last_error and engine_sleep.  It lives as long as the slots. */
extern struct engine *slot_engine (const struct slot_user *user);

/* A runner (command.h) whose handle is a user: engine_run of its slot, or of
 * another if that is down and the commands were never sent.  They are all
 * writes or none is.
 */
extern void slot_run (void *user, struct command *cmds, size_t n);

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
