#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdkit iscsi --help names every parameter, and --version the version.

. "${0%/*}/functions.sh"
requires_plugin

set -x
nbdkit iscsi --help >"$tmp/help"
cat "$tmp/help"
for key in url user password target-user target-password initiator-name \
           header-digest data-digest portal sessions timeout login-timeout \
           recovery-timeout noop-interval noop-timeout preflight; do
  shows "(^|[[ ])$key\\]?=" "$tmp/help"
done
equal "the number of lines that are too long" \
      "$(grep -Ec '.{81}' "$tmp/help" || true)" 0
nbdkit iscsi --version
