#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Try the plugin: install what is missing, build, and copy a LUN.
#
#   ./try.sh                    a small LUN, served by this script on loopback
#   ./try.sh URL [KEY=VALUE...] a LUN of yours; it is only read
#
# URL is iscsi://[user[%password]@]host[:port]/[target-iqn[/lun]]; without a
# LUN it lists those that there are.  KEY=VALUE are further parameters of the
# plugin, such as user= and password=+FILE.

set -eu -o pipefail

cd "$(dirname "$0")"

# tgtd is where only root's PATH looks.
PATH=$PATH:/usr/sbin:/sbin

# Of a LUN that is larger, only this much is copied.
limit=$((4 * 1024 * 1024 * 1024))

tmp=
tgtd_pid=
cleanup ()
{
  if [ -n "$tgtd_pid" ]; then
    # tgtd does not obey SIGTERM while it has targets.
    kill -KILL "$tgtd_pid" 2>/dev/null || :
    wait "$tgtd_pid" 2>/dev/null || :
  fi
  if [ -n "$tmp" ]; then
    rm -rf "$tmp"
  fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say ()
{
  printf '\n== %s\n' "$*"
}

# Show a command, without secrets.
line ()
{
  local word line=

  for word; do
    case $word in
      *password=[!+-]*) word=${word%%password=*}password=... ;;&
      *://*@*) word=${word%%://*}://...@${word##*@} ;;
      *password=...) ;;
      *[\ \"\$\?\&]*) word="'$word'" ;;
    esac
    line+=" $word"
  done
  echo "${line# }"
}

# Show a command, and run it.
run ()
{
  echo "\$ $(line "$@")"
  "$@"
}

# Run a step of the build; what it says is shown only if it fails.
quietly ()
{
  if ! "$@" >"$tmp/log" 2>&1; then
    tail -n 40 "$tmp/log" >&2
    echo "$0: failed: $*" >&2
    exit 1
  fi
}

build ()
{
  cat <<EOF
This script installs the packages that are missing (it names them first, and
it takes about a minute), builds in this directory (half a minute), and
$1.
EOF
  ./install-deps.sh build try
  if [ ! -f Makefile ]; then
    say "Building"
    if [ ! -f configure ]; then
      quietly ./autogen.sh
    fi
    quietly ./configure
  fi
  quietly make -j "$(nproc 2>/dev/null || echo 2)"
}

# The control socket is ours, so that no other tgtd of this machine is meant.
tgt ()
{
  TGT_IPC_SOCKET=$tmp/tgtd tgtadm --lld iscsi "$@"
}

# Start tgtd on a free port of loopback, with $tmp/lun as LUN 1.  Sets $url.
serve_lun ()
{
  local iqn=iqn.2026-01.org.example:try port attempt

  truncate -s 64M "$tmp/lun"
  dd if=/dev/urandom of="$tmp/lun" bs=1M count=16 conv=notrunc status=none
  dd if=/dev/urandom of="$tmp/lun" bs=1M count=8 seek=40 conv=notrunc \
     status=none

  for attempt in 1 2 3 4 5 6 7 8; do
    port=$((20000 + RANDOM % 12000))
    TGT_IPC_SOCKET=$tmp/tgtd tgtd -f --iscsi "portal=127.0.0.1:$port" \
      >"$tmp/tgtd.log" 2>&1 &
    tgtd_pid=$!
    until tgt --mode portal --op show >"$tmp/portals" 2>/dev/null; do
      if ! kill -0 "$tgtd_pid" 2>/dev/null; then
        cat "$tmp/tgtd.log" >&2
        echo "$0: tgtd did not start" >&2
        exit 1
      fi
      sleep 0.1
    done
    # tgtd goes on without a port that is in use.
    if grep -q ":$port" "$tmp/portals"; then
      break
    elif [ "$attempt" = 8 ]; then
      echo "$0: no free port found for tgtd" >&2
      exit 1
    fi
    kill -KILL "$tgtd_pid"
  done

  tgt --mode target --op new --tid 1 -T "$iqn"
  tgt --mode logicalunit --op new --tid 1 --lun 1 -b "$tmp/lun"
  tgt --mode logicalunit --op update --tid 1 --lun 1 \
      --params thin_provisioning=1
  tgt --mode target --op bind --tid 1 -I ALL
  url=iscsi://127.0.0.1:$port/$iqn/1
}

try_embedded ()
{
  say "A LUN of 64 MiB, 24 MiB of it random data, on loopback"
  serve_lun
  echo "$url"

  say "What is it?"
  # shellcheck disable=SC2016 # $uri is nbdkit's
  run ./nbdkit -U - iscsi "$url" --run 'nbdinfo "$uri"'

  say "Which parts of it are allocated?"
  # shellcheck disable=SC2016
  run ./nbdkit -U - iscsi "$url" --run 'nbdinfo --map --totals "$uri"'

  say "Copy it to a file"
  # shellcheck disable=SC2016
  run ./nbdkit -U - iscsi "$url" --run "nbdcopy \"\$uri\" $tmp/copy"

  say "Is the copy what the LUN's backing file holds?"
  run cmp "$tmp/lun" "$tmp/copy"
  echo "It is, byte for byte."

  say "Go on with a LUN of yours (it is only read)"
  echo "./try.sh iscsi://HOST/TARGET-IQN/LUN"
  echo "./nbdkit -r -U - iscsi iscsi://HOST/TARGET-IQN/LUN --run 'nbdinfo \"\$uri\"'"
}

# Whether a URL says which LUN: a slash behind the one that ends the portal,
# and something after it.
names_lun ()
{
  local url=${1#url=}

  url=${url%%\?*}
  [[ ${url#*://} = */*/?* ]]
}

# $2... are further parameters.
try_list ()
{
  local url=${1#url=} arguments='' portal
  local luns lun

  say "Which LUNs are there?"
  # shellcheck disable=SC2016 # $uri is nbdkit's
  run ./nbdkit -r -U - iscsi "$@" --run 'nbdinfo --list "$uri"' |
    tee "$tmp/list"

  mapfile -t luns < <(sed -n 's/^export="\(.*\)":$/\1/p' "$tmp/list")
  if [ ${#luns[@]} = 0 ]; then
    echo "None that this initiator may see.  Does the target want a user and"
    echo "a password, or another name of the initiator (user=, password=,"
    echo "initiator-name=)?"
    return
  fi
  say "Go on with one of them (it is only read)"
  if [[ $url = *\?* ]]; then arguments=\?${url#*\?}; fi
  portal=${url%%\?*}
  portal=${portal%/}
  for lun in "${luns[@]}"; do
    line ./try.sh "$portal/$lun$arguments" "${@:2}"
  done
}

try_url ()
{
  local options=(-r -U -) size room

  say "What is it?"
  # shellcheck disable=SC2016 # $uri is nbdkit's
  run ./nbdkit "${options[@]}" iscsi "$@" --run 'nbdinfo "$uri"'

  # shellcheck disable=SC2016
  size=$(./nbdkit "${options[@]}" iscsi "$@" --run 'nbdinfo --size "$uri"')
  if [ "$size" -gt $limit ]; then
    say "It is large: going on with its first $((limit >> 30)) GiB"
    options+=(--filter=truncate)
    set -- "$@" truncate=$limit
    size=$limit
  fi

  room=$(df --output=avail -B1 "$tmp" | tail -n 1)
  if [ "$room" -lt $((size + size / 10)) ]; then
    say "Read it all (there is no room for a copy in ${tmp%/*})"
    # shellcheck disable=SC2016
    run ./nbdkit "${options[@]}" iscsi "$@" --run 'nbdcopy "$uri" null:'
  else
    say "Copy it to a file"
    # shellcheck disable=SC2016
    run ./nbdkit "${options[@]}" iscsi "$@" \
      --run "nbdcopy \"\$uri\" $tmp/copy"

    say "Read it once more: is it what the copy holds?"
    # shellcheck disable=SC2016
    run ./nbdkit "${options[@]}" iscsi "$@" \
      --run "nbdcopy \"\$uri\" - | cmp - $tmp/copy"
    echo "It is, byte for byte."
  fi

  say "Go on with (-r: only reading)"
  echo "./nbdkit -r -U ./lun.sock iscsi URL  an NBD server on a Unix socket"
  echo "man ./man/nbdkit-iscsi-plugin.1      the manual"
}

case ${1:-} in
  -*)
    sed -n '/^# Try/,/^$/s/^# \{0,1\}//p' "$0"
    exit 1
    ;;
esac

tmp=$(mktemp -d "${TMPDIR:-/var/tmp}/try-iscsi.XXXXXX")
if [ $# = 0 ]; then
  build "serves, shows and copies a LUN of 64 MiB on loopback (seconds)"
  try_embedded
elif names_lun "$1"; then
  build "shows your LUN and copies it, 4 GiB of it at most"
  try_url "$@"
else
  build "lists the LUNs there"
  try_list "$@"
fi
