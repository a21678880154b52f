#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Whole jobs: copies a half-empty thin LUN to a file, through qemu-nbd and
# through the plugin with nbdcopy at its defaults, and with qemu-img straight
# from iscsi://.  Each repetition runs every job once, in changing order.

set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=servers.sh
. "$here/servers.sh"

plugin=${NBDKIT_ISCSI_PLUGIN:-$here/../plugin/.libs/nbdkit-iscsi-plugin.so}
results=
repeat=7
size_mib=2048
extent_mib=16
target=lean

usage ()
{
  cat <<'END'
usage: jobs.sh [OPTIONS]
  --repeat N              how often each job is run (default: 7)
  --size MIB              of the LUN, of which half is data (default: 2048)
  --extent MIB            length of each stretch of data, and of the hole that
                          follows it (default: 16)
  --target lean|stock     lean: tgtd keeps its memory (default); stock: tgtd as
                          it comes
  --plugin FILE           a build of the plugin
  --nbdkit-options "..."  options for nbdkit, such as "-t 4"
  --plugin-options "..."  parameters of the plugin, such as "sessions=1"
  --results DIR           write jobs-lean.tsv or jobs-stock.tsv there
END
}

while [ $# -gt 0 ]; do
  case $1 in
    --help) usage; exit 0 ;;
    --repeat) repeat=$2 ;;
    --size) size_mib=$2 ;;
    --extent) extent_mib=$2 ;;
    --target) target=$2 ;;
    --plugin) plugin=$2 ;;
    --nbdkit-options) read -r -a nbdkit_options <<<"$2" ;;
    --plugin-options) read -r -a plugin_options <<<"$2" ;;
    --results) results=$2 ;;
    *) usage >&2; exit 1 ;;
  esac
  shift 2
done

require_programs qemu-nbd qemu-img nbdcopy "${NBDKIT:-nbdkit}"
[ -r "$plugin" ] || die "$plugin is missing: run ‘make’"

# Data that neither compresses nor repeats, then a hole, and again.
make_image ()
{
  local i
  truncate -s "${size_mib}M" "$bench_disk"
  for ((i = 0; i < size_mib; i += 2 * extent_mib)); do
    dd if=/dev/urandom of="$bench_disk" bs=1M count="$extent_mib" seek="$i" \
      conv=notrunc status=none
  done
  sync "$bench_disk"
}

# User and system time of process $1 in milliseconds.
cpu_ms ()
{
  local stat ticks
  stat=$(<"/proc/$1/stat")
  read -r -a stat <<<"${stat##*) }"
  ticks=$((stat[11] + stat[12]))
  echo $((ticks * 1000 / clock_ticks))
}

job_qemu_nbd ()
{
  nbdcopy "nbd+unix:///?socket=$qemu_socket" "$copy"
}

job_plugin ()
{
  nbdcopy "nbd+unix:///?socket=$plugin_socket" "$copy"
}

# nbdcopy takes a buffer for each request.  This one keeps them, where the other
# may give them back to the kernel, and pay for each page again.
job_qemu_nbd_lean ()
{
  GLIBC_TUNABLES=$lean_tunables job_qemu_nbd
}

job_plugin_lean ()
{
  GLIBC_TUNABLES=$lean_tunables job_plugin
}

job_qemu_img ()
{
  qemu-img convert -f raw -O raw "$url" "$copy"
}

# What an expert would type.
job_qemu_img_tuned ()
{
  truncate -s "${size_mib}M" "$copy"
  qemu-img convert -n -T none --target-is-zero -f raw -O raw "$url" "$copy"
}

jobs=(qemu_nbd plugin qemu_img qemu_nbd_lean plugin_lean qemu_img_tuned)
declare -A title=(
  [qemu_nbd]="qemu-nbd, nbdcopy"
  [plugin]="plugin, nbdcopy"
  [qemu_nbd_lean]="qemu-nbd, nbdcopy that keeps its memory"
  [plugin_lean]="plugin, nbdcopy that keeps its memory"
  [qemu_img]="qemu-img convert"
  [qemu_img_tuned]="qemu-img convert -T none --target-is-zero"
)
declare -A server

# A virtual machine may have given back the memory that nobody used for a
# while, and each page of it is dear when it is used again.  Use it before the
# clock runs.
warm_memory ()
{
  dd if=/dev/zero of="$copy" bs=1M count="$size_mib" status=none
  rm -f "$copy"
}

# run_job NAME REPETITION: one line to the raw results.  The first copy of
# each is compared with the disk, byte by byte.
run_job ()
{
  local name=$1 server_pid=${server[$1]:-} TIMEFORMAT='%R %U %S'
  local before=0 after=0 target_before
  copy=$bench_dir/copy
  rm -f "$copy"
  warm_memory
  [ -z "$server_pid" ] || before=$(cpu_ms "$server_pid")
  target_before=$(cpu_ms "$bench_tgt_pid")
  { time "job_$name" 2>"$bench_dir/$name.log"; } 2>"$bench_dir/time" || {
    cat "$bench_dir/$name.log" >&2
    die "${title[$name]} failed"
  }
  [ -z "$server_pid" ] || after=$(cpu_ms "$server_pid")
  awk -v OFS='\t' -v job="$name" -v n="$2" -v server=$((after - before)) \
    -v target=$(($(cpu_ms "$bench_tgt_pid") - target_before)) \
    '{ print job, n, $1, $2 + $3, server / 1000, target / 1000 }' \
    "$bench_dir/time" >>"$bench_dir/jobs.tsv"
  if [ "$2" = 0 ]; then
    cmp "$bench_disk" "$copy" || die "${title[$name]}: a wrong copy"
  fi
}

# column JOB N: the values of column N of a job, sorted.
column ()
{
  awk -F '\t' -v job="$1" -v n="$2" '$1 == job { print $n }' \
    "$bench_dir/jobs.tsv" | sort -g
}

median ()
{
  awk '{ v[NR] = $1 }
    END { printf "%.2f", (v[int ((NR + 1) / 2)] + v[int (NR / 2 + 1)]) / 2 }'
}

# The median of the ratios to the first job of the same repetition.
ratio ()
{
  awk -F '\t' -v job="$1" -v base="${jobs[0]}" '
    $1 == base { b[$2] = $3 }
    $1 == job { j[$2] = $3 }
    END { for (i in j) print j[i] / b[i] }' "$bench_dir/jobs.tsv" |
    sort -g | median
}

print_jobs ()
{
  local name
  printf '%-42s %8s %14s %6s %8s %8s %8s\n' "$size_mib MiB, half empty" \
    "wall s" "min..max" "ratio" "client" "server" "target"
  for name in "${jobs[@]}"; do
    printf '%-42s %8s %14s %6s %8s %8s %8s\n' "${title[$name]}" \
      "$(column "$name" 3 | median)" \
      "$(column "$name" 3 | sed -n '1p;$p' | paste -s -d ' ' |
         sed 's/ /../')" \
      "$(ratio "$name")" \
      "$(column "$name" 4 | median)" "$(column "$name" 5 | median)" \
      "$(column "$name" 6 | median)"
  done
  echo "client, server, target: CPU seconds of each; ratio: of wall times"
}

clock_ticks=$(getconf CLK_TCK)
bench_begin $((size_mib * 1024))
make_image
start_target "$target"
add_lun 1 "$bench_disk"
tgt --mode logicalunit --op update --tid 1 --lun 1 \
  --params thin_provisioning=1
lun_url 1
start_qemu_nbd qemu-nbd "$url"
qemu_socket=$bench_socket
server[qemu_nbd]=$bench_pid
server[qemu_nbd_lean]=$bench_pid
start_plugin plugin "$(realpath "$plugin")" "$url"
plugin_socket=$bench_socket
server[plugin]=$bench_pid
server[plugin_lean]=$bench_pid

# Another one begins each time, and the order is turned round.
for ((r = 0; r < repeat; r++)); do
  for ((i = 0; i < ${#jobs[@]}; i++)); do
    ((next = r % 2 ? r + ${#jobs[@]} - i : r + i))
    run_job "${jobs[next % ${#jobs[@]}]}" "$r"
  done
done
echo
echo "== jobs, $target target"
print_jobs
if [ -n "$results" ]; then
  {
    printf 'job\trepetition\twall_s\tclient_cpu_s\tserver_cpu_s\t'
    printf 'target_cpu_s\n'
    cat "$bench_dir/jobs.tsv"
  } >"$results/jobs-$target.tsv"
fi
