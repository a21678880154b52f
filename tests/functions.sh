# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash

# What the tests in shell have in common: a target, a server, a private
# directory, and an end that always cleans up.  A test starts with
#
#   . "${0%/*}/functions.sh"
#
# and fails at the first command that fails.  Everything that it writes goes
# into $tmp.  A log there ($tmp/*.log) is shown if the test fails.  By hand:
# ./test-NAME.sh in the build tree.

# A test that hangs is ended together with all that it started (the process
# group of timeout), before run-test has to, so that the logs are still seen.
if [ "${TEST_ENDED_BY:-}" != "$PPID" ]; then
  limit=$((${TEST_TIMEOUT:-600} / 2))
  if [ "${UNDER_VALGRIND:-}" = 1 ]; then limit=$((limit * 5)); fi
  # exec keeps the process id, and it is timeout's from here.
  TEST_ENDED_BY=$$ exec timeout --kill-after=20 "$limit" "$BASH" "$0" "$@"
fi

set -e -u -E -o pipefail
shopt -s inherit_errexit
export LC_ALL=C

tests_dir=$(cd "${0%/*}" && pwd)
abs_top_builddir=${abs_top_builddir:-${tests_dir%/*}}
case :$PATH: in
  *:"$abs_top_builddir":*) ;;
  *) PATH=$abs_top_builddir:$PATH ;;
esac
PATH=$PATH:/usr/sbin:/sbin
export PATH

# The credentials that libiscsi would take from the environment.
unset LIBISCSI_CHAP_USERNAME LIBISCSI_CHAP_PASSWORD
unset LIBISCSI_CHAP_TARGET_USERNAME LIBISCSI_CHAP_TARGET_PASSWORD

# ---------------------------------------------------------------------
# The end.

# cleanup_fn COMMAND [ARGS...]: run it when the test ends, however it ends.
# The last registered runs first.
cleanup_hooks=0
cleanup_fn ()
{
  local -n _hook=cleanup_hook_$((cleanup_hooks++))
  # shellcheck disable=SC2034 # a reference
  _hook=("$@")
}

waiting_for=                    # what wait_until waits for
end_test ()
{
  local status=$?
  local i log

  trap '' HUP INT QUIT TERM
  trap - EXIT ERR
  set +e +x

  for ((i = cleanup_hooks - 1; i >= 0; i--)); do
    local -n hook=cleanup_hook_$i
    "${hook[@]}"
    case $? in
      0) ;;
      *) echo "$0: cleaning up: ${hook[*]} failed" >&2
         if [ $status = 0 ]; then status=1; fi ;;
    esac
    unset -n hook
  done

  if [ $status != 0 ] && [ $status != 77 ]; then
    if [ -n "$waiting_for" ]; then
      echo "---- it waited until $waiting_for"
    fi
    for log in "$tmp"/*.log; do
      if [ -s "$log" ]; then
        echo "---- the end of ${log##*/}"
        tail -n 100 "$log"
      fi
    done
    echo "---- $0: failed with status $status"
  fi
  if ! rm -rf "$tmp" && [ $status = 0 ]; then status=1; fi
  exit $status
}

failed_at ()
{
  echo "$0:$1: failed: $2" >&2
}

# The path of a unix socket may have 107 bytes.
tmp=$(mktemp -d "${TMPDIR:-/tmp}/nbdkit-iscsi.XXXXXX")
if [ ${#tmp} -gt 80 ]; then
  rmdir "$tmp"
  tmp=$(mktemp -d /tmp/nbdkit-iscsi.XXXXXX)
fi
trap end_test EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 131' QUIT
trap 'exit 143' TERM
trap 'failed_at "$LINENO" "$BASH_COMMAND"' ERR

fail ()
{
  echo "$0: $*" >&2
  exit 1
}

skip ()
{
  echo "$0: skipped: $*"
  exit 77
}

# requires COMMAND [ARGS...]: skip the test if the command does not work.
requires ()
{
  ( trap - ERR; "$@" ) </dev/null >/dev/null 2>&1 ||
    skip "‘$*’ does not work here"
}

# is_ours PID: was it started by this test, and does it run?  When it has ended
# its number may be another's.
is_ours ()
{
  grep -qsx "PPid:[[:blank:]]*$$" "/proc/$1/status"
}

# end_process PID: at once, if it runs.
end_process ()
{
  if is_ours "$1"; then kill -KILL "$1" 2>/dev/null || true; fi
  wait "$1" 2>/dev/null || true
}

# wait_until COMMAND [ARGS...]: until it succeeds; it is for the limit of the
# whole test to say how long.
wait_until ()
{
  waiting_for=$*
  # In a subshell: a test that is ended meanwhile still has its own output.
  until ( "$@" ) >/dev/null 2>&1; do sleep 0.05; done
  waiting_for=
}

# exports_listed: the names of the exports, a blank behind each.  nbdinfo would
# open each of them, and some the default too.
exports_listed ()
{
  run_nbdsh -c "h.set_opt_mode(True)" -c "h.connect_unix('$sock')" \
            -c "h.opt_list(lambda name, _: print(name, end=' ') or 0)"
}

# shows PATTERN FILE: the extended regular expression is in the file.
shows ()
{
  grep -Eq -e "$1" "$2" || {
    echo "$0: no ‘$1’ in:" >&2
    cat "$2" >&2
    return 1
  }
}

# shows_not STRING FILE: the fixed string is not in the file.
shows_not ()
{
  if grep -Fq -e "$1" "$2"; then
    echo "$0: ‘$1’ should not be in:" >&2
    cat "$2" >&2
    return 1
  fi
}

# said_by_plugin FILE: what is in the log of a server, without the warning of
# an old nbdkit (test-client-killed.sh).
said_by_plugin ()
{
  sed '/error: this nbdkit is older than 1\.34: /d' "$1"
}

# equal WHAT SEEN EXPECTED
equal ()
{
  [ "$2" = "$3" ] || fail "$1 is ‘$2’, not ‘$3’"
}

# ---------------------------------------------------------------------
# The plugin and its clients.

# A test of the plugin fails where there is none.
requires_plugin ()
{
  local built=$abs_top_builddir/plugin/.libs/nbdkit-iscsi-plugin.so

  [ -f "${NBDKIT_ISCSI_PLUGIN:-$built}" ] || fail "the plugin is not built"
  requires command -v nbdkit
}

requires_filter ()
{
  requires "${NBDKIT_PROGRAM:-nbdkit}" "--filter=$1" null --version
}

# A python3 that has libnbd's bindings need not be the one that nbdsh finds.
requires_nbdsh ()
{
  if [ "${PYTHON:-no}" = no ]; then
    for PYTHON in python3 /usr/bin/python3; do
      if "$PYTHON" -c 'import nbd' 2>/dev/null; then break; fi
    done
    export PYTHON
  fi
  requires "$PYTHON" -c 'import nbd'
}

# libnbd is not to refuse by itself what is not aligned to the block size
# that was advertised, or larger: that is for the server.  Not in the
# background with &, where a kill would end a shell that waits for python.
run_nbdsh ()
{
  "$PYTHON" -m nbd -c 'import errno' \
            -c 'not_strict = nbd.STRICT_ALIGN | getattr(nbd, "STRICT_PAYLOAD", 0)' \
            -c 'h.set_strict_mode(h.get_strict_mode() & ~not_strict)' \
            "$@"
}

run_python ()
{
  "$PYTHON" "$@"
}

# qemu's own iSCSI driver, for a second opinion.
requires_qemu_iscsi ()
{
  requires qemu-io --version
  # It names the driver that it lacks, or says that nobody listens there.
  if qemu-img info iscsi://127.0.0.1:1/iqn.none/0 2>&1 |
     grep -iq 'unknown \(protocol\|driver\)'; then
    skip "qemu has no iSCSI driver"
  fi
}

# start_nbdkit ARGS...: a server on a unix socket; sets $nbdkit_pid, $sock,
# $uri and $nbdkit_log.  Fails the test if the server does not start.  It is
# ended with the test at the latest, and must end well.
nbdkits=0
start_nbdkit ()
{
  local n=$((nbdkits++))
  local pidfile=$tmp/nbdkit$n.pid

  sock=$tmp/nbd$n.sock
  # shellcheck disable=SC2034 # for the tests
  uri="nbd+unix:///?socket=$sock"
  nbdkit_log=$tmp/nbdkit$n.log
  nbdkit --foreground --unix "$sock" --pidfile "$pidfile" "$@" \
         </dev/null >"$nbdkit_log" 2>&1 &
  nbdkit_pid=$!
  nbdkit_socks[$nbdkit_pid]=$sock
  cleanup_fn stop_nbdkit $nbdkit_pid
  until [ -s "$pidfile" ]; do
    kill -0 $nbdkit_pid 2>/dev/null || {
      cat "$nbdkit_log" >&2
      fail "nbdkit $* did not start"
    }
    sleep 0.05
  done
}

# A connection that nbdkit finds closed only after SIGTERM is not closed in
# the plugin, and leaked by nbdkit.  Wait until it has found all
# that clients have left behind; those that stay are not waited for.
wait_until_closed ()
{
  local i

  for ((i = 0; i < 20; i++)); do
    # State 03, connected: the server's end has the name.
    if ! grep -q " 03 .* $1\$" /proc/net/unix; then break; fi
    sleep 0.1
  done
}

# stop_nbdkit [PID]: end a server, which must exit with 0.  The last one that
# was started, if no PID is given.
declare -A nbdkit_stopped=() nbdkit_socks=()
stop_nbdkit ()
{
  local pid=${1:-$nbdkit_pid}
  local i status=0

  if [ -n "${nbdkit_stopped[$pid]:-}" ]; then return 0; fi
  nbdkit_stopped[$pid]=1
  wait_until_closed "${nbdkit_socks[$pid]}"
  if is_ours "$pid"; then kill -TERM "$pid" 2>/dev/null || true; fi
  for ((i = 0; i < 600; i++)); do
    if ! is_ours "$pid"; then break; fi
    sleep 0.1
  done
  if [ $i = 600 ]; then
    echo "$0: nbdkit $pid did not end on SIGTERM" >&2
    kill -KILL "$pid"
    return 1
  fi
  wait "$pid" || status=$?
  if [ $status != 0 ]; then
    echo "$0: nbdkit $pid ended with status $status" >&2
    return 1
  fi
}

# end_daemon PIDFILE: end a server in the background, if one has written its pid
# there, and wait until it has.  Nobody may have asked for its status: a zombie has
# no command line.
end_daemon ()
{
  local i pid

  if ! [ -s "$1" ]; then return 0; fi
  pid=$(cat "$1")
  rm -f "$1"
  kill "$pid" || return 1
  for ((i = 0; i < 600; i++)); do
    if ! grep -q . "/proc/$pid/cmdline" 2>/dev/null; then return 0; fi
    sleep 0.1
  done
  echo "$0: nbdkit $pid did not end on SIGTERM" >&2
  kill -KILL "$pid"
  return 1
}

# server_rss: resident memory in KiB.
server_rss ()
{
  awk '/^VmRSS/ { print $2 }' "/proc/$nbdkit_pid/status"
}

# refused ARGS...: ‘nbdkit ARGS’ must not start.  What it said is in
# $tmp/refused.log, and it said it in one line.
refused ()
{
  local status=0

  nbdkit --foreground --unix "$tmp/refused.sock" "$@" \
         --run 'echo it started; exit 0' \
         </dev/null >"$tmp/refused.log" 2>&1 || status=$?
  cat "$tmp/refused.log"
  if grep -q '^it started$' "$tmp/refused.log"; then
    fail "nbdkit $* was not refused"
  fi
  equal "the exit status of nbdkit" $status 1
  equal "the number of lines of the error" \
        "$(wc -l <"$tmp/refused.log")" 1
}

# refused_with PATTERN ARGS...: the same, and that is what it says at the end of
# login-timeout.  On a busy machine it may not get that far so soon, and say
# another thing.
refused_with ()
{
  local limit

  for limit in 2 10 60; do
    refused "${@:2}" login-timeout=$limit
    if grep -Eq -e "$1" "$tmp/refused.log"; then return; fi
  done
  shows "$1" "$tmp/refused.log"
}

# ---------------------------------------------------------------------
# The target: tgtd, in user space, with its own control socket.

requires_tgtd ()
{
  requires_plugin
  requires command -v tgtd
  requires command -v tgtadm
}

# tgt ARGS...: tgtadm, of the tgtd that was started last.
tgt ()
{
  TGT_IPC_SOCKET=$tgt_socket tgtadm -C 0 --lld iscsi "$@"
}

# tgt_command ARGS...: the same as a line for a shell, for clients that change
# the target under their own feet.
tgt_command ()
{
  echo "env TGT_IPC_SOCKET='$tgt_socket' tgtadm -C 0 --lld iscsi $*"
}

# Sets $portal; the port is below those that the kernel gives to clients.
try_portal ()
{
  portal=$1:$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
}

# start_tgtd [HOST]: sets $portal and $tgtd_pid.  A port that is in use is
# not tested for beforehand: tgtd goes on without it, and is given another.
tgtds=0
start_tgtd ()
{
  local host=${1:-127.0.0.1}
  local n=$((tgtds++))

  tgt_socket=$tmp/tgt$n
  try_portal "$host"
  TGT_IPC_SOCKET=$tgt_socket \
    tgtd -f -C 0 --iscsi "portal=$portal" </dev/null >"$tmp/tgtd$n.log" 2>&1 &
  tgtd_pid=$!
  # It has no end but this one while it has targets.
  cleanup_fn end_process $tgtd_pid
  until tgt --mode portal --op show >"$tmp/portals" 2>/dev/null; do
    kill -0 $tgtd_pid || fail "tgtd did not start"
    sleep 0.05
  done
  if ! grep -Fq "$portal" "$tmp/portals"; then
    add_portal "$host"
  fi
}

# add_portal [HOST]: one more address of the same tgtd; sets $portal.
add_portal ()
{
  local host=${1:-127.0.0.1}

  try_portal "$host"
  until tgt --mode portal --op new --param "portal=$portal" 2>/dev/null; do
    try_portal "$host"
  done
}

# add_target [TID [ACL]]: sets $iqn.  ACL is "ALL" unless given; empty: none.
add_target ()
{
  local tid=${1:-1}

  iqn=iqn.2001-04.com.example:disk$tid
  tgt --mode target --op new --tid "$tid" -T "$iqn"
  if [ -n "${2-ALL}" ]; then
    tgt --mode target --op bind --tid "$tid" -I "${2-ALL}"
  fi
}

# add_lun LUN FILE [OPTIONS...]: in target $tid, which is 1.
tid=1
add_lun ()
{
  local lun=$1 file=$2

  shift 2
  tgt --mode logicalunit --op new --tid "$tid" --lun "$lun" -b "$file" "$@"
}

# set_lun LUN NAME=VALUE[,...]
set_lun ()
{
  tgt --mode logicalunit --op update --tid "$tid" --lun "$1" --params "$2"
}

# add_account USER PASSWORD [--outgoing]
add_account ()
{
  tgt --mode account --op new --user "$1" --password "$2"
  tgt --mode account --op bind --tid "$tid" --user "$1" "${@:3}"
}

# tgtd's aio store, which has fewer commands than the others, needs O_DIRECT
# where the file is.
requires_aio_store ()
{
  requires dd if=/dev/zero of="$tmp/direct" bs=4096 count=1 oflag=direct
}

requires_strace ()
{
  requires strace -o "$tmp/strace.out" true
}

# trace_tgtd: from now on every sync of tgtd is in $tmp/strace.out.
trace_tgtd ()
{
  : >"$tmp/strace.out"
  strace -f -p "$tgtd_pid" -e trace=fdatasync,fsync -o "$tmp/strace.out" \
         </dev/null >"$tmp/strace.log" 2>&1 &
  cleanup_fn end_process $!
  wait_until grep attached "$tmp/strace.log"
}

requires_ipv6 ()
{
  grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null ||
    skip "there is no ::1 here"
}

# disk_of SIZE [OPTIONS...]: the usual: a target with one LUN, 1, on
# $disk, a sparse file of its own; sets $url too.
disk_of ()
{
  disk=$tmp/disk
  truncate -s "$1" "$disk"
  start_tgtd
  add_target
  add_lun 1 "$disk" "${@:2}"
  # shellcheck disable=SC2034 # for the tests
  url=iscsi://$portal/$iqn/1
}

# data_in FILE: how many bytes of it are data, and not in holes.  Its number of
# blocks would be more: what the file system needs to find them counts there.
data_in ()
{
  run_python - "$1" <<'END'
import errno, os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
total = end = 0
try:
    while True:
        start = os.lseek(fd, end, os.SEEK_DATA)
        end = os.lseek(fd, start, os.SEEK_HOLE)
        total += end - start
except OSError as e:
    if e.errno != errno.ENXIO:
        raise
print(total)
END
}

# random_data BYTES FILE: never twice the same, nor compressible.
random_data ()
{
  head -c "$1" /dev/urandom >"$2"
}

# ---------------------------------------------------------------------
# Facts about an export.

# check_ends SIZE BLOCK FILE: $uri has this size; what is written to its
# first and last block is in the first and last block of the file, and can be
# read again.
check_ends ()
{
  local size=$1 block=$2 file=$3

  equal size "$(nbdinfo --size "$uri")" "$size"
  random_data "$block" "$tmp/first"
  random_data "$block" "$tmp/last"
  run_nbdsh -u "$uri" -c - <<EOF
first = open("$tmp/first", "rb").read()
last = open("$tmp/last", "rb").read()
h.pwrite(first, 0)
h.pwrite(last, $size - $block)
h.flush()
assert h.pread($block, 0) == first
assert h.pread($block, $size - $block) == last
EOF
  head -c "$block" "$file" | cmp - "$tmp/first"
  tail -c "$block" "$file" | cmp - "$tmp/last"
}
