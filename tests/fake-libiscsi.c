/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdint.h>
#include <stdlib.h>

#include <iscsi/scsi-lowlevel.h>

#include "check.h"
#include "fake-libiscsi.h"

struct fake_libiscsi libiscsi;

static void
called (void)
{
  CHECK (libiscsi.entered);
  libiscsi.calls++;
}

int
iscsi_service (struct iscsi_context *ctx __attribute__ ((unused)),
               int revents __attribute__ ((unused)))
{
  called ();
  if (libiscsi.act)
    libiscsi.act ();
  return libiscsi.result;
}

int
iscsi_scsi_command_async (struct iscsi_context *ctx __attribute__ ((unused)),
                          int lun __attribute__ ((unused)),
                          struct scsi_task *task __attribute__ ((unused)),
                          iscsi_command_cb cb,
                          struct iscsi_data *data __attribute__ ((unused)),
                          void *private_data __attribute__ ((unused)))
{
  called ();
  libiscsi.callback = cb;
  return libiscsi.submit_fails ? -1 : 0;
}

int
iscsi_nop_out_async (struct iscsi_context *ctx __attribute__ ((unused)),
                     iscsi_command_cb cb __attribute__ ((unused)),
                     unsigned char *data __attribute__ ((unused)),
                     int len __attribute__ ((unused)),
                     void *private_data __attribute__ ((unused)))
{
  called ();
  return 0;
}

int
iscsi_get_fd (struct iscsi_context *ctx __attribute__ ((unused)))
{
  return libiscsi.has_socket ? libiscsi.fd : -1;
}

int
iscsi_which_events (struct iscsi_context *ctx __attribute__ ((unused)))
{
  return libiscsi.events;
}

int
iscsi_out_queue_length (struct iscsi_context *ctx __attribute__ ((unused)))
{
  return libiscsi.queued;
}

int
iscsi_is_logged_in (struct iscsi_context *ctx __attribute__ ((unused)))
{
  return libiscsi.logged_in;
}

const char *
iscsi_get_error (struct iscsi_context *ctx __attribute__ ((unused)))
{
  return libiscsi.text;
}

int
iscsi_set_initiator_username_pwd (struct iscsi_context *ctx
                                  __attribute__ ((unused)),
                                  const char *user __attribute__ ((unused)),
                                  const char *password
                                  __attribute__ ((unused)))
{
  return 0;
}

int
iscsi_set_target_username_pwd (struct iscsi_context *ctx
                               __attribute__ ((unused)),
                               const char *user __attribute__ ((unused)),
                               const char *password
                               __attribute__ ((unused)))
{
  return 0;
}

int
iscsi_destroy_context (struct iscsi_context *ctx __attribute__ ((unused)))
{
  CHECK (libiscsi.entered);
  libiscsi.contexts++;
  if (libiscsi.act_at_end)
    libiscsi.act_at_end ();
  return 0;
}

struct scsi_task *
scsi_create_task (int cdb_size __attribute__ ((unused)),
                  unsigned char *cdb __attribute__ ((unused)),
                  int xfer_dir __attribute__ ((unused)),
                  int expxferlen __attribute__ ((unused)))
{
  libiscsi.tasks++;
  return calloc (1, sizeof (struct scsi_task));
}

void
scsi_free_scsi_task (struct scsi_task *task)
{
  libiscsi.tasks--;
  free (task->datain.data);
  free (task);
}

void
scsi_task_set_iov_in (struct scsi_task *task __attribute__ ((unused)),
                      struct scsi_iovec *iov __attribute__ ((unused)),
                      int niov __attribute__ ((unused)))
{
}

void
scsi_task_set_iov_out (struct scsi_task *task __attribute__ ((unused)),
                       struct scsi_iovec *iov __attribute__ ((unused)),
                       int niov __attribute__ ((unused)))
{
}
