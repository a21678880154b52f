#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# istgt: the way to one of its portals falls silent under load.  All goes on in
# the other portal group, after the LUN was reset there, and no client sees an
# error.

. "${0%/*}/istgt-functions.sh"
requires_istgt

start_istgt 128MB
start_proxy "$portal"
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/0" "portal=$second_portal" \
             sessions=1 noop-interval=1 noop-timeout=1
start_load --connections 2 --seconds 120 --backing "$tmp/lun0" --read-back \
           "$uri"
sleep 1
proxy freeze
wait_until grep -q 'session back' "$nbdkit_log"
load_goes_on
end_load
shows 'came back in another portal group .* reset LUN 0' "$nbdkit_log"
within "longest stall" "$(loaded stall)" "3 s" 12
