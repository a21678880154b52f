/* SPDX-License-Identifier: BSD-3-Clause */

/* Many threads, one session at a time: submit and wait.  See "The engine" in
 * ARCHITECTURE.md for its state machine.
 *
 * An engine belongs to a nexus, which gives it one session after the other.
 * It never sends a command again: when a session is lost every command that
 * is under way is over with STATUS_DROPPED, and a write that the target may
 * still execute has its mark in the fence.  What becomes of it is decided
 * above (run.h).
 */

#ifndef ISCSI_ENGINE_H
#define ISCSI_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "error.h"
#include "fence.h"
#include "session.h"

struct engine;

/* A LUN over one nexus: the I_T_L nexus of SAM-5 section 4.8.  Whoever makes
 * one keeps it until no command of it is under way.
 */
struct itl {
  uint16_t lun;                 /* as on the wire: see lun_wire */
  struct fence *fence;          /* of the LUN */

  /* The engine_epoch of the session over which somebody made sure that this
   * is the LUN; 0: none.  Commands are only sent over that session.  The
   * engine clears it when the target says that the LUN may have changed.
   */
  atomic_uint verified;

  /* Private to engine.c. */
  unsigned doubts;              /* how often it was cleared */
  unsigned epoch;               /* of what follows */
  size_t carried;               /* commands that the session has */
  size_t depth;                 /* no more than this: see adapt_depth */
  size_t successes;             /* since it was changed */
};

struct engine_params {
  const char *name;             /* for messages: "target, session 1" */
  unsigned number;              /* of the nexus, for fences */
  unsigned timeout_ms;          /* of one command */
  unsigned noop_interval_ms, noop_timeout_ms; /* 0: no keep-alive */
};

struct engine_counters {
  uint64_t commands, bytes;
  uint64_t losses;              /* which numbers them, for fences */
  uint64_t unanswered;          /* commands that losses have left */
};

/* An engine without a session.  NULL with a sentence.  ‘p->name’ must outlive
 * it.
 */
extern struct engine *engine_new (const struct engine_params *p,
                                  struct error *err);

/* It must have no session, and no command may be under way. */
extern void engine_free (struct engine *e);

/* Carry out commands, each with one answer; each has its ‘itl’ or, as a
 * question, its ‘lun’.  Without a session they are over at once
 * (STATUS_DROPPED).  Any thread; parallel.
 */
extern void engine_run (struct engine *e, struct command *cmds, size_t n);

/* The same for one question, without which the session goes on when its time
 * is over: false.  Then ‘cmd’, which must be allocated together with its
 * buffers, belongs to the engine.
 */
extern bool engine_ask (struct engine *e, struct command *cmd);

/* Is there a session?  Its number, counted from 1; 0: there is none.  Any
 * thread.
 */
extern unsigned engine_epoch (const struct engine *e);

/* If the session has commands or questions of this LUN, close it as soon as
 * nobody polls it: they are not going to be answered, since the LUN was reset.
 * Any thread.
 */
extern void engine_break_itl (struct engine *e, const struct itl *itl,
                              const char *why);

/* The answer to a question says that the LUN may have changed: that counts as
 * in the answer to a command.  Where it is ‘expected’, as from the first
 * question after a login, it does not disturb who is making sure of the LUN.
 */
extern void engine_doubt_itl (struct engine *e, struct itl *itl,
                              const struct answer *a, bool expected);

/* It may be another LUN for a reason of the caller's. */
extern void engine_doubt (struct engine *e, struct itl *itl);

/* Making sure of a LUN: the doubts before it, and the end of it, which sets
 * itl->verified.  False: the session has ended, or there was a doubt meanwhile.
 */
extern unsigned engine_doubts (struct engine *e, const struct itl *itl);
extern bool engine_set_verified (struct engine *e, struct itl *itl,
                                 unsigned epoch, unsigned doubts);

/* Close the session, and fail all commands, those under way and those to
 * come.  Any thread.
 */
extern void engine_shut_down (struct engine *e, const char *why);

extern void engine_get_counters (struct engine *e, struct engine_counters *c);

/* ---- for the thread of the nexus alone ---- */

/* A new session carries the commands from now on; the engine owns it. */
extern void engine_adopt (struct engine *e, struct session *session);

/* The session, taken away to be logged out of; NULL if there is none, or
 * commands are under way.
 */
extern struct session *engine_take_session (struct engine *e);

/* What became of the last session. */
struct engine_loss {
  enum loss_cause {
    LOSS_LEFT,                  /* we logged out of it, or shut down */
    LOSS_RESET,                 /* we closed it: the LUN was reset */
    LOSS_SILENT,                /* a command, a ping or TCP had no answer in
                                   time, or nothing was heard before a reset */
    LOSS_BROKEN,                /* what else ends a connection */
  } cause;
  struct error why;             /* for messages */
  uint64_t at;                  /* clock_ms */
  size_t unanswered;            /* commands that were under way */
  unsigned fruitless;           /* sessions in a row that were of no use */
};
extern void engine_last_loss (struct engine *e, struct engine_loss *loss);

/* Look after the session (watch.c): deadlines, keep-alive, and the socket
 * while nobody leads.  ‘attentive’: threads wait for something that no
 * command of this session will tell them.  Returns when to look again
 * (clock_ms), and in *fd what to poll meanwhile, -1: nothing.
 */
extern uint64_t engine_watch (struct engine *e, bool attentive, int *fd);

/* Is there a sign that the target is alive, since ‘when’ (clock_ms)?  Asks
 * for one otherwise.
 */
extern bool engine_answers_since (struct engine *e, uint64_t when);

/* Sleep until ‘when’, until there is something to read at ‘fd’ (-1: none), or
 * until engine_ring.
 */
extern void engine_sleep (struct engine *e, uint64_t when, int fd);

/* Any thread. */
extern void engine_ring (struct engine *e);

/* Is anything under way?  Any thread. */
extern bool engine_is_busy (struct engine *e);

#endif /* ISCSI_ENGINE_H */
