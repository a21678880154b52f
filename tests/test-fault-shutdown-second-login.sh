#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# SIGTERM comes after the first login, while the session that is to serve is
# still being opened: the server has done nothing wrong, and exits with 0.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
scripted rule login skip=1 times=0 swallow
start_nbdkit iscsi "$url" login-timeout=$((120 * slack))
wait_until scripted_has logins -ge 2
before=$(now)
stop_nbdkit
within "exit on SIGTERM during the second login" $(($(now) - before)) "2 s" 20
shows_not 'error: LUN' "$nbdkit_log"
