# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash

# What the tests of the status have in common, on top of functions.sh or
# fault-functions.sh: reading it, and looking a fact up.

status_socket=${tmp:?}/status

requires_status ()
{
  requires curl --version
}

# read_status: into $tmp/facts.
read_status ()
{
  curl -sS --fail --max-time 60 --unix-socket "$status_socket" \
       http://localhost/metrics >"$tmp/facts"
}

# samples NAME [LABEL...]: those that have all of these labels, as the status
# writes them (lun="1").
samples ()
{
  local lines label

  lines=$(grep -E "^nbdkit_iscsi_$1[{ ]" "$tmp/facts" || true)
  shift
  for label; do
    lines=$(grep -F "$label" <<<"$lines" || true)
  done
  if [ -n "$lines" ]; then echo "$lines"; fi
}

# fact NAME [LABEL...]: the value of the only such sample, read now.
fact ()
{
  local found

  read_status
  found=$(samples "$@")
  case $found in
    '') echo "no sample of $*" >&2; return 1 ;;
    *$'\n'*) echo "several samples of $*: $found" >&2; return 1 ;;
  esac
  echo "${found##* }"
}

# fact_is VALUE NAME [LABEL...], fact_above VALUE NAME [LABEL...]: for
# wait_until.
fact_is ()
{
  test "$(fact "${@:2}")" = "$1"
}

fact_above ()
{
  awk -v seen="$(fact "${@:2}")" -v limit="$1" \
      'BEGIN { exit !(seen != "" && seen > limit) }'
}

# await_lun: nbdkit writes its pidfile before the plugin opens the LUN.
await_lun ()
{
  wait_until fact size_bytes
}

# state_of_session N: "up"...
state_of_session ()
{
  read_status
  samples session_info "session=\"$1\"" | sed 's/.*state="\([^"]*\)".*/\1/'
}

# session_is STATE N
session_is ()
{
  test "$(state_of_session "$2")" = "$1"
}
