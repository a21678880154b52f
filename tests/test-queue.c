/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <stdio.h>

#include "check.h"
#include "queue.h"

static struct command cmds[6];

/* Which of them are in the queue, forwards, and the same backwards. */
static const char *
order (const struct queue *q)
{
  static char text[16];
  const struct command *cmd, *last = NULL;
  size_t n = 0;

  for (cmd = q->head; cmd; last = cmd, cmd = cmd->next) {
    CHECK (cmd->prev == last);
    text[n++] = (char) ('0' + (cmd - cmds));
  }
  CHECK (q->tail == last);
  CHECK_UINT (q->len, n);
  text[n] = '\0';
  return text;
}

static void
test_one_by_one (void)
{
  struct queue q = { 0 };

  queue_prepend (&q, &cmds[1]);
  CHECK_STR (order (&q), "1");
  queue_prepend (&q, &cmds[0]);
  queue_append (&q, &cmds[2]);
  queue_append (&q, &cmds[3]);
  CHECK_STR (order (&q), "0123");
  queue_remove (&q, &cmds[1]);
  CHECK_STR (order (&q), "023");
  queue_remove (&q, &cmds[3]);
  CHECK_STR (order (&q), "02");
  CHECK (queue_take (&q) == &cmds[0]);
  CHECK (queue_take (&q) == &cmds[2]);
  CHECK (queue_take (&q) == NULL);
  CHECK_STR (order (&q), "");
}

int
main (void)
{
  test_one_by_one ();
  return check_summary ();
}
