#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# How a target writes an address, in SendTargets (portal=auto) and where it
# redirects to: without a port, and with a portal group tag of -1 or none.  The
# name that it tells may have other capitals than the one in the URL.

. "${0%/*}/fault-functions.sh"
# shellcheck source=status-functions.sh
. "${0%/*}/status-functions.sh"
requires_scripted_target
requires_status

# Nobody listens there, or one of ours, on the port that is not written.
host=127.77.$((RANDOM % 250 + 1)).$((RANDOM % 250 + 1))
requires "$PYTHON" -c "
import socket
socket.create_server(('$host', 3260)).close()"

# portal=auto.
start_scripted --portals 2 --iqn IQN.2001-04.com.Example:SCRIPTED \
               --set "names=iqn.2001-04.com.example:scripted" --set hide=1
second=$(scripted_portal 2)
scripted set "addresses=$portal,1;$second,-1;$host,1;$host:3261;$host:3262,-1"
start_nbdkit iscsi "$url" portal=auto sessions=2 \
             status-socket="$status_socket"
run_nbdsh -c '
import os
from scripted_client import tell
import time

hs = [nbd.NBD(), nbd.NBD()]
for h in hs:
    h.connect_uri("'"$uri"'")
    h.pread(512, 0)
# The second session is at the other portal.
while "sessions@2=1" not in tell("status").split():
    time.sleep(0.02)
'
read_status
samples portal_sessions | sed 's/.*portal="\([^"]*\)".*/\1/' | sort >"$tmp/seen"
printf '%s\n' "$portal" "$second" "$host:3260" "$host:3261" "$host:3262" |
  sort >"$tmp/wanted"
diff -u "$tmp/wanted" "$tmp/seen"
stop_nbdkit

# A redirect.
start_scripted --address "$host" --port 3260
there=$scripted
start_scripted
here=$scripted
for address in "$host,1" "$host:3260,-1" "$host:3260" "$host,-1"; do
  scripted=$here
  scripted rules clear
  scripted rule login times=0 redirect "$address"
  scripted=$there
  logins=$(scripted_fact logins)
  start_nbdkit iscsi "$url"
  run_nbdsh -u "$uri" -c 'h.pread(512, 0)'
  test "$(scripted_fact logins)" -gt "$logins"
  stop_nbdkit
done
