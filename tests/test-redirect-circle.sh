#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Two targets that send us to each other for ever are given up.

. "${0%/*}/functions.sh"
requires_tgtd
requires_ipv6

set -x
start_tgtd '[::1]'
add_target
one_portal=$portal one_socket=$tgt_socket
start_tgtd 127.0.0.1
add_target
tgt --mode target --op update --tid 1 -n RedirectAddress -v '[::1]'
tgt --mode target --op update --tid 1 -n RedirectPort -v "${one_portal##*:}"
tgt --mode target --op update --tid 1 -n RedirectReason -v Temporary
tgt_socket=$one_socket
tgt --mode target --op update --tid 1 -n RedirectAddress -v 127.0.0.1
tgt --mode target --op update --tid 1 -n RedirectPort -v "${portal##*:}"
tgt --mode target --op update --tid 1 -n RedirectReason -v Temporary

refused iscsi "iscsi://$portal/$iqn/1"
shows 'redirect' "$tmp/refused.log"

# Not for as long as there is time.
nbdkit -f -v -D iscsi.session=1 -U - iscsi "iscsi://$portal/$iqn/1" \
       --run true >"$tmp/debug.log" 2>&1 || true
equal "redirects that are followed" \
      "$(grep -c ': redirected to ' "$tmp/debug.log")" 5
