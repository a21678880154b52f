#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A portal that accepts the connection and says nothing: one sentence within
# login-timeout, which names the portal.

. "${0%/*}/functions.sh"
requires_nbdsh
requires_plugin

set -x
"$PYTHON" -c '
import socket, sys, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
peers = []
while True:
    peers.append(listener.accept())
' >"$tmp/port" &
cleanup_fn end_process $!
wait_until [ -s "$tmp/port" ]
portal=127.0.0.1:$(cat "$tmp/port")
refused iscsi "iscsi://$portal/iqn.2001-04.com.example:disk/1" login-timeout=2
shows "$portal: .*(in time|timeout)" "$tmp/refused.log"
