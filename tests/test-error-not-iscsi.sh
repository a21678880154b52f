#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A portal that closes every connection, and one that talks something else: one
# sentence.

. "${0%/*}/functions.sh"
requires_nbdsh
requires_plugin

set -x
long='HTTP/1.1 400 Bad Request and more of it, to fill a header of 48 bytes'
for answer in "" "$long"; do
  "$PYTHON" -c '
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    peer = listener.accept()[0]
    peer.send(sys.argv[1].encode())
    peer.close()
' "$answer" >"$tmp/port" &
  cleanup_fn end_process $!
  wait_until [ -s "$tmp/port" ]
  portal=127.0.0.1:$(cat "$tmp/port")
  : >"$tmp/port"
  refused iscsi "iscsi://$portal/iqn.2001-04.com.example:disk/1" \
          login-timeout=20
  shows "$portal" "$tmp/refused.log"
done
