#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that asks for a logout, answers it, and leaves the connection open:
# the session is over all the same.  No ping is there to find that out.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set hang-up=0
start_nbdkit iscsi "$url" noop-interval=0 timeout=60
start_load --seconds 3 --slots 256 --backing "$disk" --read-back "$uri"
scripted async 1
wait_until scripted_has logouts -ge 1
finish_load
within "longest stall after the logout" "$(loaded stall)" "2 s" 20
shows 'session lost: the target asked for a logout' "$nbdkit_log"
