# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used by those that source it

# Sourced by bench.sh and jobs.sh: an iSCSI target of their own on loopback,
# NBD servers in front of it on Unix sockets, and the end of them all.

nbdkit_options=()
plugin_options=()
bench_proxy=
bench_nice=()
bench_apart=no
bench_iqn=iqn.2001-04.com.example:bench
bench_dir=
bench_disk=
bench_pids=()
bench_tgt=
bench_port=
bench_tgt_pid=
bench_socket=
bench_pid=
bench_child=
background=

# For malloc to keep what was freed.
lean_tunables=glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1073741824

die ()
{
  echo "$0: $*" >&2
  exit 1
}

require_programs ()
{
  local p
  for p; do
    [ -n "$(type -P "$p")" ] || die "$p is missing: install it"
  done
}

# Makes a scratch directory and a file.  $bench_dir is in memory if there is
# room for $1 KiB: what is compared is the servers, not how fast a disk takes a
# copy.  $bench_disk, the disk of the target, is not: tmpfs finds holes by
# walking over every page, and tgtd looks for all that follow at every GET LBA
# STATUS.
bench_begin ()
{
  local base=${TMPDIR:-/tmp} free=0
  if [ -w /dev/shm ]; then
    free=$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')
  fi
  if [ "$free" -gt "$1" ]; then
    base=/dev/shm
  fi
  trap bench_end EXIT
  bench_dir=$(mktemp -d "$base/bench.XXXXXX") || exit 1
  bench_disk=$(mktemp "${TMPDIR:-/var/tmp}/bench.XXXXXX") || exit 1
  trap 'exit 130' TERM HUP
  # A terminal interrupts the load generator as well, but not the servers: let it
  # print what it has.
  trap '[ -z "$bench_child" ] || wait "$bench_child"; exit 130' INT
}

# background LOG COMMAND...: sets $background.  What a terminal interrupts is only
# what is in the foreground: a process group of its own will do.  A session,
# with which the kernel makes a scheduling group (sched(7), autogroup), is more:
# all that belongs to the measurement shares one, unless that is to be measured.
background ()
{
  local log=$1
  shift
  if [ $bench_apart = yes ]; then
    setsid "${bench_nice[@]}" "$@" </dev/null >"$log" 2>&1 &
  else
    set -m
    "${bench_nice[@]}" "$@" </dev/null >"$log" 2>&1 &
    set +m
  fi
  background=$!
  bench_pids+=("$background")
}

# Runs a command that a signal to this shell ends as well, at once: bash does
# not look at signals while it waits for a command in the foreground.
run_child ()
{
  local status
  "$@" &
  bench_child=$!
  wait "$bench_child"
  status=$?
  bench_child=
  return $status
}

# Ends what was started, the servers before their target.  tgtd ignores SIGTERM
# while it has targets.
stop_all ()
{
  local i
  for ((i = ${#bench_pids[@]} - 1; i >= 0; i--)); do
    kill -9 "${bench_pids[i]}"
    wait "${bench_pids[i]}"
  done 2>/dev/null
  bench_pids=()
  rm -f "$bench_dir"/*.sock
}

bench_end ()
{
  if [ -n "$bench_child" ]; then
    kill "$bench_child" && wait "$bench_child"
  fi 2>/dev/null
  stop_all
  rm -rf "$bench_dir" "$bench_disk"
}

# wait_until WHAT PID COMMAND...: until COMMAND succeeds, while PID lives.
wait_until ()
{
  local what=$1 pid=$2 i
  shift 2
  for ((i = 0; i < 200; i++)); do
    "$@" 2>/dev/null && return
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
  done
  cat "$bench_dir"/*.log >&2
  die "$what does not start"
}

port_answers ()
{
  (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Sets $free_port, below those that the kernel gives to clients.  Another
# process may take it first: whoever listens on it then fails, and says so.
find_port ()
{
  free_port=$((20000 + RANDOM % 12000))
  while port_answers "$free_port"; do
    free_port=$((20000 + RANDOM % 12000))
  done
}

tgt ()
{
  TGT_IPC_SOCKET=$bench_dir/tgt "$bench_tgtadm" -C "$bench_tgt" \
    --lld iscsi "$@"
}

tgt_answers ()
{
  tgt --mode target --op show >/dev/null
}

# start_target lean|stock: sets $bench_port and $bench_tgt_pid.  tgtd takes a
# buffer for each command from malloc, which by default gives large ones back
# to the kernel: a 1 MiB request then pays for 512 page faults, several
# milliseconds in some virtual machines, which has nothing to do with the
# servers that are compared.  A lean target keeps its memory.
start_target ()
{
  local PATH=$PATH:/usr/sbin:/sbin
  local tunables=${GLIBC_TUNABLES:-}
  require_programs tgtd tgtadm
  if [ "$1" = lean ]; then
    tunables=$lean_tunables
  fi
  bench_tgtadm=$(type -P tgtadm)
  find_port
  bench_port=$free_port
  bench_tgt=$((bench_port % 1000))
  background "$bench_dir/tgtd.log" \
    env "GLIBC_TUNABLES=$tunables" "TGT_IPC_SOCKET=$bench_dir/tgt" \
    tgtd -f -C "$bench_tgt" --iscsi "portal=127.0.0.1:$bench_port"
  bench_tgt_pid=$background
  wait_until tgtd "$bench_tgt_pid" tgt_answers
  tgt --mode target --op new --tid 1 -T "$bench_iqn"
  tgt --mode target --op bind --tid 1 -I ALL
}

# add_lun LUN FILE [OPTION...]
add_lun ()
{
  local lun=$1 file=$2
  shift 2
  tgt --mode logicalunit --op new --tid 1 --lun "$lun" -b "$file" "$@"
}

# Sets $url for LUN $1, through port $2 if it is given.
lun_url ()
{
  url=iscsi://127.0.0.1:${2:-$bench_port}/$bench_iqn/$1
}

# start_delay MS: sets $port, where a proxy listens that leads to the target
# with MS milliseconds each way.
start_delay ()
{
  local us
  us=$(awk -v ms="$1" 'BEGIN { print int (ms * 1000 + 0.5) }')
  [ -x "$bench_proxy" ] ||
    die "$bench_proxy is missing: run ‘make -C tests fault-proxy’"
  background "$bench_dir/proxy.log" "$bench_proxy" \
    --target "127.0.0.1:$bench_port" --delay "$us" \
    --control "$bench_dir/proxy.sock"
  wait_until "$bench_proxy" "$background" \
    grep -q '^port ' "$bench_dir/proxy.log"
  port=$(sed -n 's/^port //p' "$bench_dir/proxy.log")
}

# start_server NAME COMMAND...: COMMAND must stay in the foreground and serve
# on the Unix socket that the word @SOCKET@ stands for.  Sets $bench_socket
# and $bench_pid.
start_server ()
{
  local name=$1
  shift
  bench_socket=$bench_dir/$name-${#bench_pids[@]}.sock
  background "$bench_dir/$name.log" "${@//@SOCKET@/$bench_socket}"
  bench_pid=$background
  wait_until "$name" "$bench_pid" test -S "$bench_socket"
}

start_qemu_nbd ()
{
  start_server "$1" qemu-nbd --persistent --shared=16 --cache=none \
    --format=raw --socket=@SOCKET@ "$2"
}

# start_plugin NAME PLUGIN URL: with what the user asked for in the arrays
# nbdkit_options and plugin_options, by default nothing.
start_plugin ()
{
  start_server "$1" "${NBDKIT:-nbdkit}" --foreground --unix @SOCKET@ \
    "${nbdkit_options[@]}" "$2" "$3" "${plugin_options[@]}"
}

# What the results were measured with.
describe_machine ()
{
  echo "date: $(date -u '+%F %T') UTC"
  echo "kernel: $(uname -sr), $(nproc) cores," \
    "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)"
  echo "tree: $(git -C "$(dirname "${BASH_SOURCE[0]}")" \
    describe --always --dirty 2>/dev/null || echo unknown)"
  echo "load before: $(cut -d ' ' -f 1-3 /proc/loadavg)"
  echo "nbdkit: $("${NBDKIT:-nbdkit}" --version | head -n 1)"
  echo "qemu: $(qemu-nbd --version | head -n 1)"
  echo "libnbd: $(nbdcopy --version 2>/dev/null | tail -n 1)"
  echo "libiscsi: $(pkg-config --modversion libiscsi 2>/dev/null ||
    echo unknown)"
  echo "tgtd: $(PATH=$PATH:/usr/sbin tgtd --version 2>/dev/null)"
}
