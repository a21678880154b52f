#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Write a file that backup-lun.sh has made to a LUN of at least its size, and
# read it back to compare:
#
#   restore-lun.sh FILE URL [PARAMETER=VALUE...]
#
# Everything on the LUN is overwritten.  What lies behind the end of FILE is
# left as it is.

set -euo pipefail

if [ $# -lt 2 ]; then
  sed -n '/^# Write/,/^$/s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
file=$1
url=$2
shift 2

if [ -e "$file.sha256" ]; then
  read -r expected _ <"$file.sha256"
  read -r found _ < <(sha256sum <"$file")
  if [ "$expected" != "$found" ]; then
    echo "$0: $file is not what it was when it was made: see $file.sha256" >&2
    exit 1
  fi
fi

export file
size=$(stat -c %s "$file")
# shellcheck disable=SC2016 # $uri is nbdkit's
lun_size=$(nbdkit -r -U - iscsi "$url" "$@" --run 'nbdinfo --size "$uri"')
if [ "$lun_size" -lt "$size" ]; then
  echo "$0: the LUN has $lun_size bytes, and $file $size" >&2
  exit 1
fi

# --flush: when this is over the data are on stable storage.
# shellcheck disable=SC2016
nbdkit -U - iscsi "$url" "$@" --run 'nbdcopy --flush "$file" "$uri"'

# The LUN may be larger than the file.
# shellcheck disable=SC2016
nbdkit -r -U - --filter=truncate iscsi "$url" "$@" "truncate=$size" \
  --run 'nbdcopy "$uri" - | cmp - "$file"'
