/* SPDX-License-Identifier: BSD-3-Clause */

/* The session room (session.h) without iSCSI: commands go over a socket to a
 * thread that answers them in any order, with delays, refuses some, and now
 * and then ends the connection instead.  What it takes to shake the engine.
 */

#ifndef TESTS_FAKE_SESSION_H
#define TESTS_FAKE_SESSION_H

#include <stdint.h>

#include "session.h"

/* How often, in commands; 0: never. */
struct fake_habits {
  unsigned ends_after;          /* about so many commands */
  unsigned full_after;          /* TASK SET FULL, the same */
};

/* A session with a target thread of its own.  NULL: no socket or thread. */
extern struct session *fake_session_new (const struct fake_habits *habits,
                                         uint64_t seed);

/* The answer to a command with this token in its CDB, which fake_token_set
 * puts there, is in answer.residual_count.
 */
extern void fake_token_set (struct command *cmd, uint32_t token);
extern uint32_t fake_token_answer (uint32_t token);

#endif /* TESTS_FAKE_SESSION_H */
