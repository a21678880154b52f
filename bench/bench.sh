#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Measures the plugin against qemu-nbd's iscsi driver on the same LUN, both in
# one run.  BENCHMARKS.md says how to read what comes out.

set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=servers.sh
. "$here/servers.sh"

bench=${BENCH_PROGRAM:-$here/bench-nbd}
bench_proxy=${BENCH_PROXY:-$here/../tests/fault-proxy}
plugin=${NBDKIT_ISCSI_PLUGIN:-$here/../plugin/.libs/nbdkit-iscsi-plugin.so}
results=
mode=quick
stores=()
target=lean
delay=0
with_qemu=yes
against_itself=no
parts=no
plugins=()
commands=()
bench_options=()
status=0

usage ()
{
  cat <<'END'
usage: bench.sh [OPTIONS] [-- OPTIONS OF THE LOAD GENERATOR]
What is measured:
  --quick                  the whole matrix, briefly (default; under 1 minute)
  --full                   the matrix on both stores and with a delay, a busy
                           host, idle servers, memory, whole jobs
  --single                 one matrix, as the options after -- say
  --store null|file        where the target keeps the data (default: null)
  --target lean|stock      lean: tgtd keeps its memory (default); stock: tgtd
                           as it comes
  --delay MS               each way between the servers and the target
What is compared, the first being the base of all ratios:
  --no-qemu                leave qemu-nbd out
  --against-itself         qemu-nbd with a second qemu-nbd: shows the noise
  --plugin [NAME=]FILE     a build of the plugin; may be repeated
  --parts                  what the plugin is made of: nbdkit with a plugin that
                           does nothing, the same with one that waits, and
                           libiscsi without nbdkit
  --nbdkit-options "..."   options for nbdkit, such as "-t 4"
  --plugin-options "..."   parameters of the plugin, such as "sessions=1"
  --server NAME="COMMAND"  any NBD server in the foreground; @SOCKET@ and @URL@
                           are replaced; may be repeated
  --apart                  each server, and the target, in a session of its own:
                           the kernel shares out the cores between them, and not
                           between all threads
On a machine that others use:
  --nice N                 run all that takes part with this niceness; negative
                           values need root and shut out some of the noise
Where it goes:
  --results DIR            (default: results/DATE-MODE beside this script)
For what may follow --, see `bench-nbd --help'.
END
}

while [ $# -gt 0 ]; do
  case $1 in
    --help) usage; exit 0 ;;
    --quick|--full|--single) mode=${1#--} ;;
    --store) stores+=("$2"); shift ;;
    --target) target=$2; shift ;;
    --delay) delay=$2; shift ;;
    --no-qemu) with_qemu=no ;;
    --against-itself) against_itself=yes ;;
    --plugin) plugins+=("$2"); shift ;;
    --parts) parts=yes ;;
    --apart) bench_apart=yes ;;
    --nbdkit-options) read -r -a nbdkit_options <<<"$2"; shift ;;
    --plugin-options) read -r -a plugin_options <<<"$2"; shift ;;
    --server) commands+=("$2"); shift ;;
    --nice) bench_nice=(nice -n "$2"); shift ;;
    --results) results=$2; shift ;;
    --) shift; bench_options=("$@"); break ;;
    *) usage >&2; exit 1 ;;
  esac
  shift
done

if [ ${#stores[@]} -eq 0 ]; then
  stores=(null)
fi
if [ ${#plugins[@]} -eq 0 ] && [ ${#commands[@]} -eq 0 ] &&
     [ $against_itself = no ]; then
  plugins=("$plugin")
fi
results=${results:-${BENCH_RESULTS:-$here/results}/$(date +%Y%m%d-%H%M%S)-$mode}

[ -x "$bench" ] || die "$bench is missing: run ‘make -C bench bench-nbd’"
[ $with_qemu = no ] || require_programs qemu-nbd
[ ${#plugins[@]} -eq 0 ] || require_programs "${NBDKIT:-nbdkit}"
if [ $parts = yes ] || [ "$mode" = full ]; then
  require_programs "${NBDKIT:-nbdkit}" iscsi-perf chrt
fi
for p in "${plugins[@]}"; do
  [ -r "${p#*=}" ] || die "${p#*=} is missing: run ‘make’"
done

# A new target with one LUN of the given store.  Null answers from nowhere and
# costs nothing; the file is written in full so that no read meets a hole.
start_store ()
{
  stop_all
  start_target "$2"
  case $1 in
    null) add_lun 1 "$bench_dir" --bstype null ;;
    file)
      yes 'not zeroes' | head -c 1G >"$bench_disk"
      add_lun 1 "$bench_disk"
      ;;
    *) die "unknown store: $1" ;;
  esac
}

add_server ()
{
  servers+=("$1,nbd+unix:///?socket=$bench_socket,$bench_pid")
}

# start_servers STORE TARGET DELAY
start_servers ()
{
  local p c name command
  servers=()
  start_store "$1" "$2"
  port=$bench_port
  [ "$3" = 0 ] || start_delay "$3"
  lun_url 1 "$port"
  if [ $with_qemu = yes ]; then
    start_qemu_nbd qemu-nbd "$url"
    add_server qemu-nbd
  fi
  if [ $against_itself = yes ]; then
    start_qemu_nbd again "$url"
    add_server again
  fi
  for p in "${plugins[@]}"; do
    case $p in
      *=*) name=${p%%=*} ;;
      *) name=iscsi ;;
    esac
    start_plugin "$name" "$(realpath "${p#*=}")" "$url"
    add_server "$name"
  done
  for c in "${commands[@]}"; do
    read -r -a command <<<"${c#*=}"
    start_server "${c%%=*}" "${command[@]//@URL@/$url}"
    add_server "${c%%=*}"
  done
  [ $parts = no ] || start_parts
}

# nbdkit with nothing to do, and with threads that wait as they do for a target:
# by a timer, a millisecond each.  In the plugin's scheduling class.
start_parts ()
{
  local bare=(chrt --batch 0 "${NBDKIT:-nbdkit}" --foreground
              --unix @SOCKET@ "${nbdkit_options[@]}")
  start_server nbdkit-null "${bare[@]}" null 1G
  add_server nbdkit-null
  start_server nbdkit-waits "${bare[@]}" --filter=delay null 1G \
    rdelay=1ms wdelay=1ms
  add_server nbdkit-waits
}

# load NAME OPTION...: runs the load generator on $servers; its tables go to
# results under NAME.  What fails decides the status at the end.
load ()
{
  local name=$1
  shift
  echo
  echo "== $name"
  run_child "${bench_nice[@]}" "$bench" --target-pid "$bench_tgt_pid" \
    "$@" "${bench_options[@]}" "${servers[@]}" || status=$?
}

matrix ()
{
  load "$@" --tsv "$results/$1.tsv" --slices "$results/$1-slices.tsv"
  means "$1"
}

# means NAME: the matrix in a few lines, for charts.py: geometric means of the
# cells of each kind and size of requests and number of connections, of each
# server but the base.
means ()
{
  describe_machine | sed 's/^/# /' >"$results/$1-means.tsv"
  awk -F '\t' -v OFS='\t' '
    NR == 1 { print "requests", "connections", "server", "rate", "cpu", "cells"
              for (i = 1; i <= NF; i++) at[$i] = i
              next }
    NR == 2 { base = $at["server"] }
    $at["server"] == base { next }
    { size = $at["block"] >= 1048576 ? $at["block"] / 1048576 "m" : \
             $at["block"] / 1024 "k"
      kind = size ($at["op"] ~ /read/ ? " reads" : " writes")
      key = kind OFS $at["connections"] OFS $at["server"]
      if (!(key in cells)) keys[++n] = key
      cells[key]++
      rate[key] += log ($at["ratio"])
      cpu[key] += log ($at["cpu_ratio"]) }
    END { for (i = 1; i <= n; i++) {
            k = keys[i]
            printf "%s\t%.2f\t%.2f\t%d\n", k, exp (rate[k] / cells[k]),
              exp (cpu[k] / cells[k]), cells[k] } }' \
    "$results/$1.tsv" >>"$results/$1-means.tsv"
}

# libiscsi_once SIZE DEPTH: one line of libiscsi_alone.  iscsi-perf returns 0
# when it has lost its target: what it printed last tells.  What fails decides
# the status at the end.
libiscsi_once ()
{
  local out=$bench_dir/iscsi-perf.log TIMEFORMAT='%U %S' seconds=3 rate
  { time run_child "${bench_nice[@]}" timeout 30 iscsi-perf -r -m "$2" \
      -b $(($1 / 512)) -t "$seconds" "$url" >"$out" 2>&1; } \
    2>"$bench_dir/time"
  rate=$(tr '\r' '\n' <"$out" |
    sed -n 's/^iops average \([1-9][0-9]*\) .*/\1/p' | tail -n 1)
  if [ -z "$rate" ]; then
    echo "iscsi-perf: $(tail -n 1 "$out")" >&2
    status=1
    return
  fi
  awk -v OFS='\t' -v size="$1" -v qd="$2" -v rate="$rate" -v s="$seconds" '
    { printf "%d\t%d\t%d\t%.1f\n", size, qd, rate,
        ($1 + $2) * 1e6 / (rate * s) }' "$bench_dir/time" \
    >>"$results/libiscsi.tsv"
}

# libiscsi alone: random reads by one thread straight from the target, no NBD in
# between.  Not in pairs: believe the CPU more than the rate.
libiscsi_alone ()
{
  local qd size
  printf 'block\tdepth\trate\tcpu_us\n' >"$results/libiscsi.tsv"
  for size in 4096 65536 1048576; do
    for qd in 1 4 16; do
      libiscsi_once "$size" "$qd"
    done
  done
  echo
  echo "== libiscsi alone (iscsi-perf, random reads)"
  awk 'NR > 1 { printf "%8d QD%-2d %8d requests/s  CPU %6.1f us/req\n",
    $1, $2, $3, $4 }' "$results/libiscsi.tsv"
}

run_quick ()
{
  start_servers "${stores[0]}" "$target" "$delay"
  matrix "${stores[0]}" --rounds 1000 --seconds 45
  [ $parts = no ] || libiscsi_alone
}

run_single ()
{
  local store
  for store in "${stores[@]}"; do
    start_servers "$store" "$target" "$delay"
    matrix "$store"
  done
  [ $parts = no ] || libiscsi_alone
}

# With the first build of the plugin, as it was given.
jobs ()
{
  [ ${#plugins[@]} -gt 0 ] && [ $with_qemu = yes ] || return
  # They print nothing before the end, and do not hear of an interrupt: what
  # runs in the background ignores it.
  trap 'exit 130' INT
  run_child "$here/jobs.sh" --results "$results" --plugin "${plugins[0]#*=}" \
    --nbdkit-options "${nbdkit_options[*]}" \
    --plugin-options "${plugin_options[*]}" "$@" || status=$?
}

# Asked for or not, the parts, and servers apart, have a section of their own.
run_full ()
{
  local asked_apart=$bench_apart
  parts=no
  start_servers null lean 0
  matrix null --rounds 1000 --seconds 300
  parts=yes
  start_servers null lean 0
  matrix parts --rounds 1000 --seconds 120
  libiscsi_alone
  parts=no
  bench_apart=yes
  start_servers null lean 0
  matrix apart --rounds 1000 --seconds 120
  bench_apart=$asked_apart
  start_servers null lean 0
  load idle --idle 30
  start_servers null lean 0
  load memory --memory 20 --bs 64k --qd 16 --connections 4
  matrix busy-host --hogs 2 --rounds 1000 --seconds 60 --slice 100 \
    --op randread,randwrite --bs 4k,64k --qd 1,16
  start_servers file stock 0
  matrix file --rounds 1000 --seconds 120
  start_servers null lean 0.5
  matrix delay --rounds 1000 --seconds 120
  stop_all
  jobs --target lean
  jobs --target stock --repeat 5
}

mkdir -p "$results" || exit 1
bench_begin $((1 << 20))
# Not a pipeline: what is started in one is unknown to the shell that ends it.
exec 3>&1 > >(tee -i "$results/report.txt")
tee=$!
describe_machine
for p in "${plugins[@]}"; do
  echo "${p#*=}: $(sha256sum <"${p#*=}" | cut -c 1-16)"
done
"run_$mode"
exec >&3
wait "$tee"
echo
echo "results are in $results"
[ "$status" = 0 ]
