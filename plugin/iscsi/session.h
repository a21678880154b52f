/* SPDX-License-Identifier: BSD-3-Clause */

/* One iSCSI session: one libiscsi context from TCP connect to logout.  The
 * only room that calls libiscsi.  It has no lock and no thread: whoever
 * holds a session calls its functions one at a time.
 *
 * What libiscsi would do by itself and must not is switched off here: it
 * never reconnects (that takes a new ISID), never times out, never cancels
 * a command (that leaves a hole in CmdSN).  A session that goes wrong is
 * closed, and another one is opened with the same ISID.
 */

#ifndef ISCSI_SESSION_H
#define ISCSI_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "error.h"
#include "queue.h"
#include "resolve.h"
#include "retry.h"
#include "stop.h"
#include "url.h"

struct session;

/* ISID of type "random" (RFC 7143 section 11.12.5): fixed for the life of
 * a nexus, so that a new login reinstates it (section 6.3.5).
 */
struct isid {
  uint32_t random;              /* 24 bits */
  uint16_t qualifier;
};

/* One that nobody else has.  -1 with a sentence. */
extern int isid_random (struct isid *isid, struct error *err);

/* How long a logout is worth waiting for. */
#define LOGOUT_MS 1000

struct credentials;             /* see credentials-file.h */

struct session_params {
  const char *initiator_name;
  const char *target;           /* iSCSI name */
  bool iser;
  struct credentials *credentials; /* asked at each login */
  const char *portal;           /* what the user calls it, for credentials of
                                   discovery; may be NULL */
  const struct chap *chap;      /* what came of them: the session room's */
  int chap_algorithm;           /* CHAP_A: the session room's, too */
  enum digest header_digest, data_digest;
  unsigned connect_ms;          /* of the time for all, how much may be spent
                                   on the connection; 0: all of it */
};

/* Does libiscsi have iSER (RDMA)? */
extern bool session_has_iser (void);

/* Connect to one address and log in (following redirects).  No SCSI command
 * is sent.  Blocks until ‘deadline’ (clock_ms) at most.  NULL with a sentence
 * on failure; err->err tells the kind:
 *   ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH...  the path
 *   EACCES   authentication, or the target's ACL
 *   ENOENT   no such target
 *   EBUSY    the target has no room for this session (and has none with
 *            this name and ISID, which it would have reinstated)
 *   EPROTO   anything else that it said
 *   ESHUTDOWN  asked to stop
 */
extern struct session *session_open (const struct session_params *p,
                                     const struct address *where,
                                     const struct isid *isid,
                                     uint64_t deadline,
                                     const struct stop *stop,
                                     struct error *err);

/* The tag of the portal group that the session is in; -1: the target did not
 * tell.  A login reinstates a session of the same group only (RFC 7143
 * sections 4.4.3, 6.3.5).
 */
extern int session_portal_group (const struct session *s);

/* Where can a connection be made?  To all ‘n’ addresses at once; each is closed
 * again, without a word.  Blocks for ‘ms’ at most, and once there is one for a
 * third of that at most.
 */
#define PROBE_MAX 64
extern void session_probe (const struct address *where, size_t n, unsigned ms,
                           bool *made);

/* LOGICAL UNIT RESET: end the commands of all who use the LUN (SAM-5 section
 * 6.3.3).  ‘lun’ is as on the wire.  Blocks and fails as session_open; EIO: the
 * target said no, and the session is as good as before.
 */
extern int session_reset_lun (struct session *s, uint16_t lun,
                              uint64_t deadline, const struct stop *stop,
                              struct error *err);

/* A session can be lost at any moment: inside each function below, and
 * together with the last answer that it gave.  From then on it is safe to
 * call them and of no use: session_fd may be -1, session_wants_write is true,
 * session_submit, session_ping, session_reset_lun and session_service fail,
 * the latter with the reason.  So whoever gets a session finds out the first
 * time that it is served, and who has just asked something by ‘session_ask’
 * is told by the answers: all of them say STATUS_DROPPED.
 */
extern bool session_is_lost (const struct session *s);

/* Close the connection and free everything, without a logout.  Commands
 * that were submitted and are not over are not called back: they are put into
 * ‘undone’, which is empty, in the order of their submission, and their
 * buffers are free from now on.  NULL: nobody asks for them.
 */
extern void session_close (struct session *s, struct queue *undone);

/* Log out, waiting for the answer until ‘deadline’ at most, then close.
 * No command may be under way.
 */
extern void session_logout (struct session *s, uint64_t deadline,
                            const struct stop *stop);

/* Called for each command that is over, from inside session_submit or
 * session_service, with its answer filled in; nobody is, before this is set.
 */
typedef void (*session_done_fn) (void *opaque, struct command *cmd);
extern void session_set_done (struct session *s,
                              session_done_fn fn, void *opaque);

/* Queue a command; nothing is sent before session_service.  cmd->lun
 * is the caller's to set.  -1: no memory or the session is broken, and the
 * command is not taken.
 */
extern int session_submit (struct session *s, struct command *cmd);

/* The commands that are carried (submitted, not over), oldest first. */
extern const struct queue *session_carried (const struct session *s);

/* False while libiscsi's send queue is to be emptied, of what is left of a
 * failed write or of many that are over, or while the writes may be cut into so
 * many pieces that the queue is too slow for more: no further command may be
 * submitted until session_service has sent it all, or enough writes are over.
 */
extern bool session_takes_more (const struct session *s);

/* The socket, and what to poll it for. */
extern int session_fd (const struct session *s);
extern bool session_wants_write (const struct session *s);

/* Serve the socket, without blocking.  ‘revents’ is what poll(2) said, or
 * what is worth a try (POLLOUT).  -1: the session is lost, *err says why.
 */
extern int session_service (struct session *s, int revents,
                            struct error *err);

/* How many more commands the target takes (RFC 7143 section 4.2.2.1), a ping
 * being one.  UINT_MAX: over iSER nobody knows.
 */
extern unsigned session_window (const struct session *s);

/* How many commands wait because it takes no more; a ping would wait behind
 * them.
 */
extern unsigned session_window_closed (const struct session *s);

/* Send a NOP-Out with a ping that the target must answer.  -1 as
 * session_submit.
 */
extern int session_ping (struct session *s);

/* When something last came from the target (clock_ms). */
extern uint64_t session_last_heard (const struct session *s);

/* How a bare session, before an engine has it, is asked until ‘deadline’
 * (clock_ms).  Where the session is lost, or the deadline is past, all
 * answers of that run say so, also those that had come: nobody takes such a
 * session for one that works.  Set up by session_ask; not to be copied, since
 * the runner points into it.
 */
struct session_asker {
  struct runner runner;
  struct retry_policy policy;

  struct session *session;
  uint16_t lun;                 /* as on the wire; 0, may be set */
  uint64_t deadline;
  const struct stop *stop;
  struct error loss;            /* why it was lost; err 0: it was not */
};
extern void session_ask (struct session_asker *asker, struct session *s,
                         uint64_t deadline, const struct stop *stop);

/* A portal may tell of so many targets, with so many portals each: what comes
 * of each is a login or a lookup.  All of them take 40 MiB while they are
 * asked for: 18 MiB of text, in pieces of 256 KiB at most, and the list.  Over
 * iSER, or with header digests, there is one piece.
 */
#define MAX_DISCOVERED         4096
#define MAX_DISCOVERED_PORTALS 64

/* A target that a portal knows, and where it is: "192.0.2.1:3260". */
struct discovered {
  char *target;                 /* iSCSI name */
  char **portals;
  size_t nr_portals;
};

/* Log in to a portal for discovery, ask for all its targets (SendTargets=All,
 * RFC 7143 appendix C) and log out.  One entry per target.  The target
 * and the digests of ‘p’ are not used.  On success *list is the
 * caller's to give to discovered_free; an empty one is a success.  Blocks
 * and fails as session_open.
 */
extern int session_discover (const struct session_params *p,
                             const struct address *where,
                             uint64_t deadline, const struct stop *stop,
                             struct discovered **list, size_t *n,
                             struct error *err);
extern void discovered_free (struct discovered *list, size_t n);

#endif /* ISCSI_SESSION_H */
