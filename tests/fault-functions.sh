# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash

# What the fault tests have in common, on top of functions.sh: the fault
# proxy, the scripted target, the model-checked load, and times.
#
# Times are measured and printed, each with what is required of it:
#
#   measured: test-fault-frozen: longest stall: 10.2 s, required 11 s
#
# To miss what is required is no failure, since the machine may be busy with
# other things.  A test fails on wrong data, on errors where there must be
# none, and on a hang.  What counts as a hang is the bound that ‘within’
# checks: at least four times what is required, and longer still under a
# sanitizer or valgrind.

# shellcheck source=functions.sh
. "${0%/*}/functions.sh"

slack=1
if [ "${SANITIZER:-none}" != none ]; then slack=4; fi
if [ "${UNDER_VALGRIND:-}" = 1 ]; then slack=20; fi

# A stall this long is a hang.
stall_limit=$((90 * slack))

fault_proxy=$abs_top_builddir/tests/fault-proxy
workload=$abs_top_builddir/tests/workload
scripted_target=${abs_top_srcdir:-$tests_dir/..}/tests/scripted-target.py

requires_fault_tools ()
{
  requires_plugin
  if [ ! -x "$fault_proxy" ]; then fail "fault-proxy is not built"; fi
  requires test -x "$workload"
}

requires_scripted_target ()
{
  requires_fault_tools
  requires_nbdsh
  export PYTHONPATH=$tests_dir${PYTHONPATH:+:$PYTHONPATH}
  # The modules beside it leave nothing behind, by hand either.
  export PYTHONDONTWRITEBYTECODE=1
}

# ---------------------------------------------------------------------
# Time.

# now: in milliseconds.
now ()
{
  local t=${EPOCHREALTIME/./}

  echo "${t%???}"
}

# seconds MS: "1.234"
seconds ()
{
  printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
}

# measured WHAT MS REQUIRED: for the record.
measured ()
{
  local name=${0##*/}

  echo "measured: ${name%.sh}: $1: $(seconds "$2") s, required $3"
}

# within WHAT MS REQUIRED BOUND-SECONDS: the same, and fail if it is more
# than the bound, four times REQUIRED or longer.
within ()
{
  measured "$1" "$2" "$3"
  [ "$2" -le $(($4 * 1000 * slack)) ] ||
    fail "$1: $(seconds "$2") s is more than $(($4 * slack)) s"
}

# ---------------------------------------------------------------------
# The proxy.

# start_proxy [HOST:PORT]: before this portal (of the target that was
# started last); sets $proxy_portal, and $proxy for ‘proxy’.
proxies=0
start_proxy ()
{
  local n=$((proxies++))

  proxy=$tmp/proxy$n
  "$fault_proxy" --target "${1:-$portal}" --control "$proxy" \
                 </dev/null >"$tmp/proxy$n.log" 2>&1 &
  cleanup_fn end_process $!
  wait_until grep -q ^port "$tmp/proxy$n.log"
  # shellcheck disable=SC2034 # for the tests
  proxy_portal=127.0.0.1:$(awk '/^port/ { print $2 }' "$tmp/proxy$n.log")
}

# start_two_proxies: two portals of one target; sets $first and $second, for
# ‘use’, $first_portal and $second_portal.
# shellcheck disable=SC2034 # for the tests
start_two_proxies ()
{
  start_proxy
  first=$proxy
  first_portal=$proxy_portal
  start_proxy
  second=$proxy
  second_portal=$proxy_portal
}

# use PROXY COMMAND...: of one of several.
use ()
{
  proxy=$1
  proxy "${@:2}"
}

# used PROXY CONDITION...: for wait_until.
used ()
{
  proxy=$1
  proxied "${@:2}"
}

# proxy COMMAND...: of the proxy that was started last.
proxy ()
{
  "$fault_proxy" --control "$proxy" --command "$*" >"$tmp/proxy.out"
}

# proxy_fact KEY: of its status.
proxy_fact ()
{
  proxy status
  tr ' ' '\n' <"$tmp/proxy.out" | sed -n "s/^$1=//p"
}

# proxied CONDITION...: "connections -ge 1", for wait_until.
proxied ()
{
  test "$(proxy_fact "$1")" "$2" "$3"
}

# ---------------------------------------------------------------------
# The scripted target.

# start_scripted [OPTIONS...]: sets $portal, $iqn, $url and $disk, its
# backing file, and $scripted, which scripted_client.py wants to know.
scripted_targets=0
start_scripted ()
{
  local n=$((scripted_targets++))

  export scripted=$tmp/scripted$n
  disk=$tmp/scripted-disk$n
  if [ ! -e "$disk" ]; then truncate -s 64M "$disk"; fi
  iqn=iqn.2001-04.com.example:scripted
  "$PYTHON" "$scripted_target" --control "$scripted" --file "$disk" "$@" \
            </dev/null >"$tmp/scripted$n.log" 2>&1 &
  scripted_pid=$!
  cleanup_fn end_process $scripted_pid
  until grep -q '^port ' "$tmp/scripted$n.log"; do
    kill -0 $scripted_pid || fail "the scripted target did not start"
    sleep 0.05
  done
  portal=127.0.0.1:$(awk '/^port / { print $2 }' "$tmp/scripted$n.log")
  # shellcheck disable=SC2034 # for the tests
  url=iscsi://$portal/$iqn/1
}

# scripted_portal N: where the Nth of several listens (--portals).
scripted_portal ()
{
  awk -v n="$1" '$1 == "portal" && $2 == n { print "127.0.0.1:" $3 }' \
      "$scripted.log"
}

# scripted COMMAND...: of the one that was started last.  fault-proxy is the
# quicker client; they speak the same.
scripted ()
{
  "$fault_proxy" --control "$scripted" --command "$*" >"$tmp/scripted.out"
}

# scripted_fact KEY: of its status; 0 for what never happened.
scripted_fact ()
{
  scripted status
  tr ' ' '\n' <"$tmp/scripted.out" |
    awk -F= -v key="$1" '$1 == key { n = $2 } END { print n + 0 }'
}

# scripted_has CONDITION...: "held -ge 1", for wait_until.
scripted_has ()
{
  test "$(scripted_fact "$1")" "$2" "$3"
}

# The scripted target drops all connections between two writes.
write_across_a_loss ()
{
  run_nbdsh -u "$uri" -c - <<END
from scripted_client import tell
h.pwrite(b"1" * 4096, 0)
tell("drop")
h.pwrite(b"2" * 4096, 0)
assert h.pread(4096, 0) == b"2" * 4096
END
}

# ---------------------------------------------------------------------
# tgtd that comes and goes.

# A core file or a signal handler would be a kindness.
kill_tgtd ()
{
  end_process "$tgtd_pid"
}

# The same target on the same port, with the same disk, as disk_of left it.
restart_tgtd ()
{
  TGT_IPC_SOCKET=$tgt_socket \
    tgtd -f -C 0 --iscsi "portal=$portal" </dev/null \
    >>"$tmp/tgtd-again.log" 2>&1 &
  tgtd_pid=$!
  cleanup_fn end_process $tgtd_pid
  wait_until tgt --mode portal --op show
  add_target
  add_lun 1 "$disk" "$@"
}

# ---------------------------------------------------------------------
# The load.

# load OPTIONS... URI: until it ends; fails if anything is wrong.
load ()
{
  start_load "$@"
  finish_load
}

# start_load OPTIONS... URI: in the background; returns when it is under way.
start_load ()
{
  rm -f "$tmp/load.log"
  "$workload" --stall-limit "$stall_limit" --histogram 250 "$@" \
              </dev/null >"$tmp/load.out" 2>"$tmp/load.log" &
  load_pid=$!
  cleanup_fn end_process $load_pid
  wait_until test -e "$tmp/load.log"
  until grep -q '^histogram: .* ops=[1-9]' "$tmp/load.log"; do
    # It failed, or it was short: finish_load tells.
    kill -0 $load_pid 2>/dev/null || break
    sleep 0.02
  done
}

# load_goes_on: wait until the load works, without an error.
load_goes_on ()
{
  local seen

  seen=$(wc -l <"$tmp/load.log")
  until awk -v seen="$seen" \
            'NR > seen && / ops=[1-9][0-9]* errors=0 / { good = 1 }
             END { exit !good }' "$tmp/load.log"; do
    kill -0 "$load_pid" 2>/dev/null || fail "the load has ended"
    sleep 0.1
  done
}

# end_load: of a load that would go on for long; then as finish_load.
end_load ()
{
  kill -TERM "$load_pid"
  finish_load
}

finish_load ()
{
  local status=0

  wait "$load_pid" || status=$?
  cat "$tmp/load.out"
  grep -v ^histogram "$tmp/load.log" || true
  [ $status = 0 ] || fail "the load ended with status $status"
}

# loaded KEY: a figure of the summary of the load; times in ms.
loaded ()
{
  tr ' ' '\n' <"$tmp/load.out" | sed -n "s/^$1=//p" |
    sed 's/^\([0-9.]*\)ms$/\1/; t; s/^\([0-9.-]*\)s$/\1 1000/' |
    awk '{ printf "%d", $1 * ($2 ? $2 : 1) + 0.5 }'
}

# ---------------------------------------------------------------------
# The server.

# server_fds: how many files nbdkit has open.
server_fds ()
{
  find "/proc/$nbdkit_pid/fd" -mindepth 1 | wc -l
}

server_threads ()
{
  awk '/^Threads/ { print $2 }' "/proc/$nbdkit_pid/status"
}

# server_cpu: CPU time in ms.
server_cpu ()
{
  awk -v hz="$(getconf CLK_TCK)" '{ print int (($14 + $15) * 1000 / hz) }' \
      "/proc/$nbdkit_pid/stat"
}

# ends_within SIGNAL REQUIRED BOUND: the server, which must end well.
ends_within ()
{
  local start

  start=$(now)
  kill -s "$1" "$nbdkit_pid"
  stop_nbdkit "$nbdkit_pid"
  within "exit on SIG$1" $(($(now) - start)) "$2" "$3"
}

# said COUNT PATTERN: so many lines of the server's log match.
said ()
{
  equal "number of lines with ‘$2’" \
        "$(grep -Ec -e "$2" "$nbdkit_log" || true)" "$1"
}
