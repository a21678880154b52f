#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# One portal takes connections and says nothing, and the other one takes 8 s for
# a login: the server starts and serves, and comes back after a loss.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set login-ms=8000
start_proxy "$(scripted_portal 1)"
use "$proxy" blackhole
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" \
             "portal=$(scripted_portal 1)" \
             recovery-timeout=$((60 * slack)) login-timeout=$((15 * slack))
write_across_a_loss
