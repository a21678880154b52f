#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that takes 6 s for a login: it is used, and comes back after a loss.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

for portals in 1 2; do
  start_scripted --portals $portals --set login-ms=6000
  start_nbdkit iscsi "$url" "portal=$(scripted_portal $portals)" \
               recovery-timeout=$((60 * slack)) login-timeout=$((15 * slack))
  write_across_a_loss
  stop_nbdkit
done
