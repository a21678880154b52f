/* SPDX-License-Identifier: BSD-3-Clause */

/* Shared by the files of the target in memory:
 *   fake-target.c   its portals and LUNs, and the tasks that it holds
 *   fake-execute.c  carrying out a command, and judging it
 *   fake-portal.c   the session room in front of it
 *   fake-client.c   a client
 *
 * All of it under fake.lock.
 */

#ifndef TESTS_FAKE_TARGET_PRIVATE_H
#define TESTS_FAKE_TARGET_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "fake-target.h"
#include "queue.h"
#include "session.h"

#define BLOCK_LEN      512
#define MAX_ATTENTIONS 4

/* A command that has arrived.  Its session may be gone: its nexus is not. */
struct task {
  struct task *next;
  struct isid isid;
  int group;
  struct session *session;      /* NULL: lost, and nobody is told */
  struct command *cmd;
  unsigned lun;
  uint8_t cdb[CDB_SIZE];
  uint32_t value;               /* of a write */
};

struct session {
  struct session *next;
  struct isid isid;
  unsigned portal;
  int group;
  bool ended;                   /* by the target */
  int socket_error;             /* or so; an errno, 0: none */
  bool looked[FAKE_LUNS];       /* at the identity */
  uint16_t attentions[FAKE_LUNS][MAX_ATTENTIONS]; /* 0: none */
  uint64_t heard;

  struct queue carried;
  struct letter *letters;
  struct reply *replies;
  int fd;
  session_done_fn done;
  void *opaque;
};

/* Not sent yet. */
struct letter {
  struct letter *next;
  struct command *cmd;
};

/* Executed, not delivered yet. */
struct reply {
  struct reply *next;
  struct command *cmd;
  struct answer answer;
};

extern struct session *fake_sessions_list;

/* ---- fake-target.c ---- */

/* Zeroes.  There is no test of a test that has no memory: it aborts. */
extern void *fake_allocate (size_t n);

/* The session has sent a command: it is executed, or held. */
extern void fake_arrive (struct session *s, struct command *cmd);

/* Tasks that are ended are never heard of again. */
extern void fake_end_tasks (bool (*which) (const struct task *, const void *),
                            const void *opaque);

/* Nobody is told any more of the tasks of a session. */
extern void fake_forget_session (const struct session *s);

extern void fake_end_session (struct session *s);
extern void fake_add_attention (struct session *s, unsigned lun, uint16_t asc);
extern bool fake_one_in (unsigned n);

static inline bool
fake_is_silent (unsigned portal)
{
  return fake.portals[portal].state == FAKE_SILENT ||
    fake.portals[portal].state == FAKE_FROZEN;
}

/* ---- fake-execute.c ---- */

extern struct answer fake_execute (const struct task *t);

#endif /* TESTS_FAKE_TARGET_PRIVATE_H */
