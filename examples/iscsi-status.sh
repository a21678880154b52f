#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The status of a server for an agent that reads files, such as the textfile
# collector of Prometheus' node_exporter.
#
#   iscsi-status.sh SOCKET FILE.prom
#
# SOCKET is what the server has as status-socket=.  The file is replaced as a
# whole.  Each fact gets the label server, the name of the file, since several
# servers may have the same target.  nbdkit_iscsi_server_up is 1 if the server
# answered within TIMEOUT seconds (default 10), else 0, and the rest is missing.

set -eu -o pipefail
export LC_ALL=C

if [ $# != 2 ]; then
  sed -n '/^# The status/,/^$/s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
socket=$1
file=$2
server=$(basename "$file" .prom)
case $server in
  *[!A-Za-z0-9_.:-]*) echo "$0: $server is no name for a label" >&2; exit 2 ;;
esac

# The collector does not take it for one of its files.
part=$(mktemp "$file.XXXXXX")
trap 'rm -f "$part"' EXIT

up=1
text=$(curl -sS --fail --max-time "${TIMEOUT:-10}" --unix-socket "$socket" \
            http://localhost/metrics) || { up=0; text=; }
{
  echo '# HELP nbdkit_iscsi_server_up 1: the server answers.'
  echo '# TYPE nbdkit_iscsi_server_up gauge'
  echo "nbdkit_iscsi_server_up{server=\"$server\"} $up"
  if [ $up = 1 ]; then
    sed -E -e "s/^(nbdkit_iscsi_[a-z_]+)\{/\1{server=\"$server\",/" \
        -e "s/^(nbdkit_iscsi_[a-z_]+) /\1{server=\"$server\"} /" <<<"$text"
  fi
} >"$part"
chmod 0644 "$part"
mv "$part" "$file"
