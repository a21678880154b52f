/* SPDX-License-Identifier: BSD-3-Clause */

/* Shared by the files of the session room:
 *   context.c      making and destroying sessions, waiting for a step
 *   login.c        connecting and logging in, following redirects
 *   negotiation.c  what the target agreed to
 *   open.c         the LUN: ready, reset; logout
 *   session.c      carrying commands
 *   ask.c          asking over a session that no engine has yet
 *   guard.c        looking at PDUs before libiscsi does
 *   canary.c       finding data that are missing where no one looks
 *   explain.c      sentences
 *   discover.c     asking for targets
 *   send-targets.c the question itself
 */

#ifndef ISCSI_SESSION_PRIVATE_H
#define ISCSI_SESSION_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

#include "credentials-file.h"
#include "error.h"
#include "pdu.h"
#include "queue.h"
#include "session.h"

/* MaxRecvDataSegmentLength of a target that does not tell (RFC 7143 section
 * 13.12), and of many that do.
 */
#define MIN_RECV_SEGMENT 8192

struct session {
  struct iscsi_context *ctx;
  bool iser;                    /* not over TCP: nobody looks at PDUs */
  bool discovery;
  bool header_digest, data_digest; /* are used from now on */
  bool lost;                    /* only session_close is left to do */
  struct error why;             /* it was lost */
  bool cancelled;               /* libiscsi has called its commands off */
  bool closing;                 /* callbacks come from the destruction */
  bool logs;                    /* libiscsi logs: see session_enter */
  bool hung_up;                 /* the target closed the connection */
  bool is_ahead;                /* it expects a command that comes later */
  int socket_error;             /* errno of the last call that failed */
  int portal_group;             /* tag; -1: the target did not tell */
  uint64_t last_heard;          /* clock_ms */

  uint32_t max_segment;         /* bytes in one of our PDUs, at most */

  struct queue carried;         /* submitted, not over */
  size_t lingering;             /* of these, answered: see command_cb */
  size_t writes;                /* carried, of more than one PDU */
  size_t unsent;                /* carried, without a tag yet */
  size_t segments;              /* PDUs that the data of these may take, and
                                   those of zombies */
  struct zombie *zombies;       /* tasks of commands that are over */
  size_t nr_zombies, zombie_segments;
  session_done_fn done;
  void *opaque;

  /* The step of opening or logging out that is waited for. */
  bool step_over;
  int step_status;
  uint32_t step_response;       /* to a task management function */
  char step_error[256];         /* libiscsi's text for a failed step, which
                                   it overwrites soon after */

  uint64_t canary_seed;         /* of the next command's canary */

  /* Where libiscsi is in the PDU that it receives and in the one that it
   * sends: see guard.c.
   */
  struct {
    uint8_t bhs[BHS_SIZE];
    size_t got;                 /* bytes of the header and its digest; 0 once
                                   they are all there */
    uint32_t left;              /* bytes behind the header, still to come */
    uint32_t pad;               /* of these, at the end, are to be zeroes */
    unsigned pdus;              /* in this call of libiscsi */
    unsigned answers;           /* that it was made to queue, since its send
                                   queue was empty */
    uint32_t max_cmd_sn;        /* the last CmdSN that the target takes */
  } in;
  struct {
    unsigned opcode;
    uint32_t cmd_sn;            /* CmdSN of the next command */
    uint32_t itt;
    uint32_t data_length;       /* of its data segment */
    bool ends_r2t;              /* the last data that an R2T asked for */
    uint32_t left;              /* bytes of the PDU, still to be sent */
    uint8_t header[BHS_SIZE + 4]; /* that leaves together with its data */
    size_t kept;                /* bytes of it, still to be sent */
    bool held_back;             /* by MSG_MORE */
  } out;
};

/* Around each call of libiscsi that may send, receive or log.  It formats the
 * messages of all contexts in one static buffer, for which there is a lock:
 * only while the session logs in, unless -D iscsi.pdu is given.
 */
extern void session_enter (struct session *s);
extern void session_leave (struct session *s);

/* From now on all that libiscsi receives is looked at.  -1 with a sentence:
 * that cannot be done.
 */
extern int session_guard (struct error *err);

/* canary.c: a random value in the buffers of a read over iSER, put there before
 * it and looked for after it: what is intact was not sent.
 */
extern void canary_set (struct session *s, struct command *cmd);
extern bool canary_is_there (const struct command *cmd);

/* Of struct session_params: the numbers of CHAP_A, as IANA has them. */
enum { CHAP_MD5 = 5, CHAP_SHA1 = 6, CHAP_SHA256 = 7, CHAP_SHA3_256 = 8 };
#ifdef HAVE_ISCSI_SET_AUTH
#define CHAP_NAMES "MD5, SHA-1, SHA-256 and SHA3-256"
#else
#define CHAP_NAMES "MD5"
#endif

/* ‘p’ has ‘chap’ and its algorithm set here, and in what follows.
 *
 * A context with everything set that is the same for all kinds of session:
 * initiator name, ISID, CHAP, digests, no automatic reconnect, log.  NULL
 * with a sentence.
 */
extern struct session *session_new (const struct session_params *p,
                                    const struct isid *isid,
                                    enum iscsi_session_type type,
                                    struct error *err);

/* Connect and log in, following redirects; no SCSI command yet. */
extern struct session *session_log_in (const struct session_params *p,
                                       const struct address *where,
                                       const struct isid *isid,
                                       enum iscsi_session_type type,
                                       uint64_t deadline,
                                       const struct stop *stop,
                                       struct error *err);

/* negotiation.c: from begin on what the target agrees to is taken down, for
 * this thread; end, after the login, holds it to what ‘p’ demands.  -1 with a
 * sentence.  ‘target’, NULL for discovery, must live until then.
 */
extern void negotiation_begin (struct iscsi_context *ctx,
                               const struct session_params *p);
extern int negotiation_end (struct session *s, const struct session_params *p,
                            struct error *err);

/* Of a login of this thread that failed: what the keys of the target tell of
 * the reason (-1 with a sentence; 0: nothing), and whether it asked for the
 * password at all.
 */
extern int negotiation_explain (const struct session_params *p,
                                struct error *err);
extern bool negotiation_challenged (void);

/* The session is lost, unless it was before.  Returns -1. */
extern int session_lose (struct session *s, int errnum, const char *why);

/* Wipe the CHAP users and secrets of the context, within session_enter. */
extern void session_forget_secrets (struct session *s);

/* Serve the socket until session->step_over.  -1 on the deadline, on a loss
 * or when asked to stop, with errno in err->err and a sentence.
 */
extern int session_wait_step (struct session *s, uint64_t deadline,
                              const struct stop *stop, struct error *err);

/* The callback for a step; its private data are the session. */
extern void session_step_cb (struct iscsi_context *ctx, int status,
                             void *command_data, void *private_data);

/* Destroy the context, and hand over the commands that are not over, as
 * session_close says.  The session is lost.
 */
extern void session_abandon (struct session *s, struct queue *undone);

/* Did the login end with the address of another portal, which
 * iscsi_get_target_address tells?
 */
extern bool session_moved (struct session *s);

/* Each refusal of a login: what the target said, and what to do about it. */
extern int explain_login (struct session *s, const struct session_params *p,
                          struct error *err);

/* Why there is no connection to ‘where’. */
extern int explain_connect (const char *where, const struct error *cause,
                            struct error *err);

/* What went wrong after a redirect is not the URL's fault.  The address is
 * the target's: it is cut, and put without what a log cannot stand.
 */
extern void explain_redirect (const char *text, struct error *err);

/* Why libiscsi gave up, in words: its error text with the noise removed,
 * and what the socket tells.
 */
extern void session_why (struct session *s, const char *text,
                         struct error *err);

/* The answer to SendTargets=All, KEY=VALUE with a NUL after each (text.h). */
struct text {
  char *data;                   /* allocated */
  size_t len;
  unsigned pdus;                /* that it took */
};

/* Ask over a discovery session that has just been logged in, over TCP, and
 * without header digests: *text is the caller's.  Blocks and fails as
 * session_open; the session may then be lost.
 */
extern int session_send_targets (struct session *s, uint64_t deadline,
                                 const struct stop *stop, struct text *text,
                                 struct error *err);

#endif /* ISCSI_SESSION_PRIVATE_H */
