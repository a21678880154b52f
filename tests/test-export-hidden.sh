#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Nothing is opened but what could be listed: a target that the portal does not
# tell is not, though it would let us in, and the error names those that it
# tells.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

open_both ()
{
  run_nbdsh -c - <<EOF
for name in "$iqn", "iqn.2001-04.com.example:other":
    h = nbd.NBD()
    h.set_export_name(name + "/1")
    try:
        h.connect_unix("$sock")
        print("opened", name)
    except nbd.Error:
        print("refused", name)
EOF
}

set -x
start_scripted --set names=iqn.2001-04.com.example:other --set hide=1
start_nbdkit iscsi "iscsi://$portal/"
open_both >"$tmp/out"
diff -u - "$tmp/out" <<EOF
opened $iqn
refused iqn.2001-04.com.example:other
EOF
shows "the portal has no target iqn.2001-04.com.example:other: it has $iqn" \
      "$nbdkit_log"

# It is told from now on.
scripted set hide=0
open_both >"$tmp/out"
equal "what was opened" "$(grep -c opened "$tmp/out")" 2
# It is not told any more: when it has been logged out of it is not opened
# either.
logged_out ()
{
  wait_until eval '[ "$(scripted_fact sessions)" = 0 ]'
}
scripted set hide=1
logged_out
open_both >"$tmp/out"
diff -u - "$tmp/out" <<EOF
opened $iqn
refused iqn.2001-04.com.example:other
EOF
scripted set hide=0
open_both >"$tmp/out"
equal "what was opened" "$(grep -c opened "$tmp/out")" 2
# And stays known when the portal tells nothing.
logged_out
scripted rule text times=0 swallow
open_both >"$tmp/out"
equal "what was opened" "$(grep -c opened "$tmp/out")" 2
