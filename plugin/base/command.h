/* SPDX-License-Identifier: BSD-3-Clause */

/* One SCSI command: what is asked, and the answer.  Made by the block
 * layers, carried by a session, filled in when it is over.
 */

#ifndef ISCSI_COMMAND_H
#define ISCSI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "answer.h"

/* The longest CDB. */
#define CDB_SIZE 16

enum direction { DATA_NONE, DATA_IN, DATA_OUT };

/* Head bounce, client's buffer, tail bounce. */
#define COMMAND_MAX_IOV 3

struct itl;
struct session;
struct waiter;
struct scsi_task;

struct command {
  /* Set by whoever asks. */
  uint8_t cdb[CDB_SIZE];
  unsigned cdb_len;
  enum direction direction;

  /* Bulk data: block data that are moved straight from or to these buffers,
   * which must stay valid until the command is over.  All of ‘len’ bytes
   * must be transferred, or the answer is an error (answer.residual).
   */
  struct iovec iov[COMMAND_MAX_IOV];
  int niov;

  /* Parameter data in (direction DATA_IN, niov 0): copied to ‘param’,
   * answer.received bytes, at most ‘len’.
   */
  uint8_t *param;

  uint32_t len;                 /* bytes to transfer, both kinds */

  /* Of an optional command: how long it may take, after which it is given up
   * and not issued again.  0: as long as any.
   */
  unsigned timeout_ms;

  /* A read: what comes is going to be written, and so it is not sent before a
   * write would be.
   */
  bool to_be_written;

  struct answer answer;

  /* Where it goes, set by the runner.  Without an ‘itl’ it is sent to the LUN
   * whatever that is: a question, never a write.
   */
  uint16_t lun;                 /* as on the wire: see lun_wire */
  struct itl *itl;              /* see target/engine.h */

  /* The rest belongs to the session and the engine that carry it. */
  struct command *next, *prev;  /* struct queue */
  struct waiter *waiter;        /* who waits for the answer */
  struct session *session;      /* who carries it */
  struct scsi_task *task;       /* libiscsi's, while it is carried */
  bool answered;                /* but not over: see session.c */
  uint64_t serial;              /* of this issue; see target/engine.c */
  bool *left_behind;            /* of engine_ask; NULL: by engine_run */
  bool overdue;                 /* the session was given up because of it */
  bool alone;                   /* nothing else was under way when the session
                                   was lost */
  uint32_t itt;                 /* its tag; NO_TAG: nothing of it is sent */
  uint32_t moved;               /* bytes that came, or were asked for */
  uint32_t sent;                /* bytes of a write that the kernel took */
  unsigned r2ts;                /* whose data are not all sent yet */
  bool holes;                   /* some before them did not come; of a write:
                                   some were not sent when it was answered */
  bool failed;                  /* no status, but an iSCSI response */
  uint8_t status;               /* as it came; libiscsi tells less */
  uint64_t canary;              /* see canary.c */
};

/* How a set of commands is carried out: each once, all at the same time,
 * returning when every answer is there: by a bare session (session_ask) or by
 * a LUN in use, over whatever path there is (lu_run).
 */
struct runner {
  void (*run) (void *handle, struct command *cmds, size_t n);
  void *handle;
};

#endif /* ISCSI_COMMAND_H */
