/* SPDX-License-Identifier: BSD-3-Clause */

/* Commands in order: a doubly linked list through the commands themselves.
 * A command is in one queue at a time.  Not thread-safe.
 */

#ifndef ISCSI_QUEUE_H
#define ISCSI_QUEUE_H

#include <stddef.h>

#include "command.h"

struct queue {
  struct command *head, *tail;
  size_t len;
};

static inline void
queue_append (struct queue *q, struct command *cmd)
{
  cmd->next = NULL;
  cmd->prev = q->tail;
  if (q->tail)
    q->tail->next = cmd;
  else
    q->head = cmd;
  q->tail = cmd;
  q->len++;
}

static inline void
queue_prepend (struct queue *q, struct command *cmd)
{
  cmd->prev = NULL;
  cmd->next = q->head;
  if (q->head)
    q->head->prev = cmd;
  else
    q->tail = cmd;
  q->head = cmd;
  q->len++;
}

static inline void
queue_remove (struct queue *q, struct command *cmd)
{
  if (cmd->prev)
    cmd->prev->next = cmd->next;
  else
    q->head = cmd->next;
  if (cmd->next)
    cmd->next->prev = cmd->prev;
  else
    q->tail = cmd->prev;
  q->len--;
}

/* The first command, removed; NULL when there is none. */
static inline struct command *
queue_take (struct queue *q)
{
  struct command *cmd = q->head;

  if (cmd)
    queue_remove (q, cmd);
  return cmd;
}

#endif /* ISCSI_QUEUE_H */
