#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The target asks for a logout and is silent from then on: the keep-alive
# notices, though the logout holds up everything that is to be sent.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" noop-interval=1 \
             noop-timeout=1 timeout=300
run_nbdsh -u "$uri" -c 'h.pread (512, 0)'
proxy stall up
logins=$(scripted_fact logins)
scripted async 1
before=$(now)
wait_until scripted_has logins -gt "$logins"
within "a silent target noticed after" $(($(now) - before)) "2 s" 20
run_nbdsh -u "$uri" -c 'h.pread (512, 0)'
