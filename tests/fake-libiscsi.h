/* SPDX-License-Identifier: BSD-3-Clause */

/* A libiscsi that does what a test says, for one session of one thread. */

#ifndef TESTS_FAKE_LIBISCSI_H
#define TESTS_FAKE_LIBISCSI_H

#include <stdbool.h>
#include <stdint.h>

#include <iscsi/iscsi.h>

struct fake_libiscsi {
  /* What iscsi_service does, and returns; what iscsi_get_error says. */
  void (*act) (void);
  int result;
  const char *text;

  void (*act_at_end) (void);    /* what iscsi_destroy_context does; or NULL */

  int fd;                       /* its socket, if it has one */
  bool has_socket, logged_in, submit_fails;
  int events;                   /* that it polls for */
  int queued;                   /* PDUs that it has not sent */
  iscsi_command_cb callback;    /* of the last command */

  /* Has the session been entered?  Nothing may be called outside of it. */
  bool entered;

  unsigned calls;               /* of what would use the connection */
  unsigned tasks;               /* that are not freed */
  unsigned contexts;            /* that were destroyed */
};

extern struct fake_libiscsi libiscsi;

#endif /* TESTS_FAKE_LIBISCSI_H */
