#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdkit iscsi --dump-plugin tells what was built in and the defaults.

. "${0%/*}/functions.sh"
requires_plugin

set -x
nbdkit iscsi --dump-plugin >"$tmp/dump"
cat "$tmp/dump"
shows '^name=iscsi$' "$tmp/dump"
shows '^thread_model=parallel$' "$tmp/dump"
shows '^magic_config_key=url$' "$tmp/dump"
# All of ours, so that none is forgotten here.
sed -n '/^iscsi_/ { s/=\(yes\|no\)$/=yes|no/; p }' "$tmp/dump" >"$tmp/ours"
diff "$tmp/ours" - <<'END'
iscsi_iser=yes|no
iscsi_data_digest=yes|no
iscsi_chap_sha=yes|no
iscsi_max_lun=16383
iscsi_max_portals=16
iscsi_max_sessions=64
iscsi_default_port=3260
iscsi_default_sessions=4
iscsi_default_timeout=30
iscsi_default_login_timeout=15
iscsi_default_recovery_timeout=120
iscsi_default_noop_interval=5
iscsi_default_noop_timeout=5
END
if grep -Ev '^[a-z_]+=' "$tmp/dump"; then
  fail "not all lines are key=value"
fi
# With parameters it does the same, and connects nowhere.
nbdkit iscsi iscsi://name.invalid/iqn.2001-04.com.example:disk/1 --dump-plugin
