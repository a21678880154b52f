#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Can this LUN be read, now?  For a monitoring agent: one line, and the exit
# status that Nagios and its kin expect (0 OK, 2 CRITICAL).
#
#   check-lun.sh iscsi://HOST/TARGET/LUN [PARAMETER=VALUE...]
#   check-lun.sh nbd+unix:///?socket=/run/iscsi-lun/disk1.sock
#
# The first logs in to the target by itself.  The second asks a server that
# runs.  Either reads the first megabyte, and gives up after TIMEOUT seconds
# (default 20).

set -u

if [ $# -lt 1 ]; then
  sed -n '/^# Can/,/^$/s/^# \{0,1\}//p' "$0" >&2
  exit 3
fi
case $1 in
  iscsi:*|iser:*) plugin=iscsi ;;
  *) plugin=nbd ;;
esac

# shellcheck disable=SC2016 # $uri is nbdkit's
if said=$(timeout --kill-after=5 "${TIMEOUT:-20}" \
            nbdkit -r -U - --filter=truncate "$plugin" "$@" truncate=1M \
            --run 'nbdcopy "$uri" null:' 2>&1)
then
  echo "OK: the LUN can be read"
else
  status=$?
  # The first line that is no warning says why; the rest follows from it.
  said=$(grep -v ': warning: ' <<<"$said")
  said=${said%%$'\n'*}
  if [ $status = 124 ] || [ $status = 137 ]; then
    said="no answer within ${TIMEOUT:-20} s"
  fi
  echo "CRITICAL: ${said#nbdkit: *error: }"
  exit 2
fi
