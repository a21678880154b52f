#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Target names that no standard knows: they are %-decoded in a URL, listed as
# they are, and opened by the name that the list has.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

set -x
for name in My_Disk a/b 'c d'; do
  name=iqn.2001-04.com.example:$name
  start_scripted --iqn "$name"

  encoded=${name//\//%2F}
  start_nbdkit -v iscsi "iscsi://$portal,1/${encoded// /%20}/1"
  equal size "$(nbdinfo --size "$uri")" 67108864
  shows "the target name $name is not what RFC 7143" "$nbdkit_log"
  stop_nbdkit

  start_nbdkit iscsi "iscsi://$portal,-1/"
  equal "the list" "$(nbdinfo --list "$uri" | grep '^export=')" \
        "export=\"$name/1\":"
  run_python - "$sock" "$name/1" <<'END'
import nbd, sys
h = nbd.NBD()
h.set_export_name(sys.argv[2])
h.connect_unix(sys.argv[1])
assert h.get_size() == 67108864
END
  stop_nbdkit

  refused iscsi "$url"
  shows 'there is no target' "$tmp/refused.log"
done

# One that a log and NBD cannot stand is not listed.
start_scripted --iqn $'iqn.2001-04.com.example:\xc2\x9b2J'
start_nbdkit iscsi "iscsi://$portal/"
equal "the list" "$(nbdinfo --list "$uri" | grep -c '^export=' || true)" 0
