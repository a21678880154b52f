#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# What the clients of qemu-nbd and of the plugin see of an outage, both at the
# same time: requests served a second, as bench/charts.py draws them.

set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=servers.sh
. "$here/servers.sh"

bench_proxy=${BENCH_PROXY:-$here/../tests/fault-proxy}
plugin=${NBDKIT_ISCSI_PLUGIN:-$here/../plugin/.libs/nbdkit-iscsi-plugin.so}
python=${PYTHON:-python3}
seconds=30
pids=()
scenario=
title=

usage ()
{
  cat <<'END'
usage: outage.sh [OPTIONS] SCENARIO >FILE.tsv
  restart     the target is killed, and is back 5 seconds later
  silent      the connections are reset, and the first login after that gets no
              answer, as from a firewall or a controller that is failing over
  portal      the first portal goes silent for good, the second one is fine;
              qemu-nbd knows one portal only
Options:
  --seconds N              how long (default: 30)
  --plugin FILE            a build of the plugin
  --plugin-options "..."   its parameters
END
}

while [ $# -gt 0 ]; do
  case $1 in
    --help) usage; exit 0 ;;
    --seconds) seconds=$2; shift ;;
    --plugin) plugin=$2; shift ;;
    --plugin-options) read -r -a plugin_options <<<"$2"; shift ;;
    restart)
      scenario=$1
      title="The target is killed, and restarted" ;;
    silent)
      scenario=$1
      title="The connection breaks, and the next login gets no answer" ;;
    portal)
      scenario=$1
      title="The first of two portals goes silent; qemu-nbd knows no other" ;;
    *) usage >&2; exit 1 ;;
  esac
  shift
done
[ -n "$scenario" ] || { usage >&2; exit 1; }
require_programs qemu-nbd "${NBDKIT:-nbdkit}"
"$python" -c 'import nbd' 2>/dev/null ||
  die "$python has no module nbd: set PYTHON to one that has (python3-libnbd)"
[ -r "$plugin" ] || die "$plugin is missing: run ‘make’"

# start_proxy NAME: sets $port.
start_proxy ()
{
  [ -x "$bench_proxy" ] ||
    die "$bench_proxy is missing: run ‘make -C tests fault-proxy’"
  background "$bench_dir/proxy-$1.log" "$bench_proxy" \
    --target "127.0.0.1:$bench_port" --control "$bench_dir/proxy-$1"
  wait_until "$bench_proxy" "$background" \
    grep -q '^port ' "$bench_dir/proxy-$1.log"
  port=$(sed -n 's/^port //p' "$bench_dir/proxy-$1.log")
}

# proxy NAME COMMAND
proxy ()
{
  "$bench_proxy" --control "$bench_dir/proxy-$1" --command "$2" \
    >"$bench_dir/proxy.out" || die "proxy $1: $2"
}

# A LUN for each server, so that neither waits for the other.
add_luns ()
{
  truncate -s 64M "$bench_disk"
  add_lun 1 "$bench_disk"
  add_lun 2 "$bench_disk"
}

# Each server has proxies of its own, which do nothing until they are told to.
start_servers ()
{
  start_target lean
  add_luns
  start_proxy qemu
  lun_url 1 "$port"
  start_qemu_nbd qemu-nbd "$url"
  qemu_uri="nbd+unix:///?socket=$bench_socket"
  start_proxy other
  [ "$scenario" != portal ] || plugin_options+=("portal=127.0.0.1:$port")
  start_proxy plugin
  lun_url 2 "$port"
  start_plugin plugin "$(realpath "$plugin")" "$url"
  plugin_uri="nbd+unix:///?socket=$bench_socket"
}

kill_target ()
{
  kill -9 "$bench_tgt_pid"
  wait "$bench_tgt_pid" 2>/dev/null
}

restart_target ()
{
  background "$bench_dir/tgtd-again.log" env "TGT_IPC_SOCKET=$bench_dir/tgt" \
    tgtd -f -C "$bench_tgt" --iscsi "portal=127.0.0.1:$bench_port"
  bench_tgt_pid=$background
  wait_until tgtd "$bench_tgt_pid" tgt_answers
  tgt --mode target --op new --tid 1 -T "$bench_iqn"
  tgt --mode target --op bind --tid 1 -I ALL
  add_luns
}

# at SECONDS: wait until that long after the start.
at ()
{
  sleep "$(awk -v start="$start" -v now="$EPOCHREALTIME" -v at="$1" '
    BEGIN { t = start + at - now; print (t > 0 ? t : 0) }')"
}

# mark TEXT: it happens now.
mark ()
{
  awk -v start="$start" -v now="$EPOCHREALTIME" -v text="$1" '
    BEGIN { printf "# mark: %.2f %s\n", now - start, text }'
}

run_restart ()
{
  at 5
  kill_target
  mark "target killed"
  at 10
  restart_target
  mark "target back"
}

run_silent ()
{
  at 5
  for p in qemu plugin; do
    proxy "$p" "blackhole 1"
    proxy "$p" reset
  done
  mark "connections reset, next login gets no answer"
}

run_portal ()
{
  at 5
  for p in qemu plugin; do
    proxy "$p" freeze
    proxy "$p" blackhole
  done
  mark "first portal silent"
}

bench_begin $((1 << 17))
PATH=$PATH:/usr/sbin:/sbin
start_servers
describe_machine | sed 's/^/# /'
echo "# made by: bench/outage.sh $scenario"
echo "# title: $title"
printf 'server\tsecond\tserved\tfailed\n'
start=$(awk -v now="$EPOCHREALTIME" 'BEGIN { printf "%.3f", now + 1.5 }')
for name in qemu-nbd plugin; do
  uri=$plugin_uri
  [ $name = plugin ] || uri=$qemu_uri
  "$python" "$here/pulse.py" $name "$uri" "$start" "$seconds" \
    >"$bench_dir/$name.tsv" &
  pids+=($!)
done
case $scenario in
  restart) run_restart ;;
  silent) run_silent ;;
  portal) run_portal ;;
esac
status=0
for pid in "${pids[@]}"; do
  wait "$pid" || status=1
done
cat "$bench_dir/qemu-nbd.tsv" "$bench_dir/plugin.tsv"
exit $status
