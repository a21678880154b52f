#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Copy a LUN to a file:
#
#   backup-lun.sh URL FILE [PARAMETER=VALUE...]
#
# The parameters are those of nbdkit-iscsi-plugin(1), such as user=bob and
# password=+/root/secret.  FILE is replaced only when the copy is complete and
# on stable storage; FILE.sha256 is its checksum.  In the environment:
#
#   RATE=800M     not faster than this many bits a second (800M: 100 MB/s)
#   VERIFY=yes    read the LUN a second time, and compare

set -euo pipefail

if [ $# -lt 2 ]; then
  sed -n '/^# Copy/,/^$/s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
url=$1
file=$2
shift 2

# -r: the LUN is not written to, whatever happens.  -U -: a socket that only
# this user can reach, and that is gone afterwards.
serve=(nbdkit -r -U -)
if [ -n "${RATE:-}" ]; then
  serve+=(--filter=rate)
  set -- "$@" "rate=$RATE"
fi
serve+=(iscsi "$url" "$@")

progress=
if [ -t 2 ]; then
  progress=-p
fi

# What --run runs is another shell, which gets these from the environment.
export progress part=$file.part
trap 'rm -f "$part"' EXIT

# shellcheck disable=SC2016 # $uri is nbdkit's
"${serve[@]}" --run 'nbdcopy $progress "$uri" "$part"'
if [ "${VERIFY:-no}" = yes ]; then
  # shellcheck disable=SC2016
  "${serve[@]}" --run 'nbdcopy "$uri" - | cmp - "$part"'
fi

sync "$part"
checksum=$(sha256sum <"$part")
mv "$part" "$file"
echo "${checksum%% *}  ${file##*/}" >"$file.sha256"
sync "$file.sha256" "$(dirname "$file")"
