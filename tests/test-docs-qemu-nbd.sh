#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# What docs/from-qemu-nbd.md says: its commands work, also beside the qemu-nbd
# that they replace, and what the page gives for an option of qemu-nbd does
# what that option does.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh
requires_qemu_iscsi
requires nbdinfo --version
requires qemu-nbd --version
for filter in exitlast limit fua cow offset; do
  requires_filter $filter
done

page=${abs_top_srcdir:-$tests_dir/..}/docs/from-qemu-nbd.md
size=$((16 * 1024 * 1024))

disk_of 16M
set_lun 1 thin_provisioning=1
random_data $size "$disk"

# on_page OPTION WORDS [N]: the row of the option has these words for us; they
# are $words then, with N, if there is one, filled in.
on_page ()
{
  grep -q -e "^|[^|]*$1[^|]*|.*\`$2\`" "$page" ||
    fail "the page does not say ‘$2’ about $1"
  read -r -a words <<<"${2//N/${3:-}}"
}

# commands PATTERN: of the blocks that can be run.
commands ()
{
  echo 'set -e -u -o pipefail -x'
  awk -f "$tests_dir/doc-blocks.awk" "$page" |
    sed -e "s|^U=.*|U=$url|" -e "s|/run/lun\.sock|$tmp/lun.sock|" \
        -e "s|^nbdkit -U $tmp|nbdkit -P $tmp/lun.pid -U $tmp|" \
        -e "s| disk\.qcow2| $tmp/disk.qcow2|"
}

cleanup_fn end_daemon "$tmp/lun.pid"

set -x
commands >"$tmp/page.sh"
equal "the number of commands" "$(grep -c '^nbdkit ' "$tmp/page.sh")" 3
shows '^nbdkit -P ' "$tmp/page.sh"
bash "$tmp/page.sh" >"$tmp/page.out" 2>"$tmp/page.log" </dev/null
shows 'initiator name: iqn\.' "$tmp/page.out"
wait_until test -s "$tmp/lun.pid"
qemu-img compare -f raw "$disk" -F qcow2 "$tmp/disk.qcow2"
ours="nbd+unix:///?socket=$tmp/lun.sock"

# The command of the page that is replaced, beside it.
read -r -a words < <(grep -m1 '^qemu-nbd ' "$page")
words=("${words[@]//\/run\/lun.sock/$tmp/qemu.sock}")
U=$url
"${words[@]//\$U/$U}" </dev/null >"$tmp/qemu.log" 2>&1 &
qemu=$!
end_qemu ()
{
  kill $qemu 2>/dev/null || true
  wait $qemu || true
}
cleanup_fn end_qemu
theirs="nbd+unix:///?socket=$tmp/qemu.sock"
until nbdinfo --size "$theirs" 2>/dev/null; do
  kill -0 $qemu || fail "qemu-nbd did not start"
  sleep 0.05
done
equal "the size" "$(nbdinfo --size "$ours")" "$(nbdinfo --size "$theirs")"
qemu-img compare -f raw "$ours" -F raw "$theirs"
run_nbdsh -u "$ours" -c 'h.pwrite(b"n" * 4096, 8192)'
run_nbdsh -u "$theirs" \
          -c 'assert h.pread(4096, 8192) == b"n" * 4096' \
          -c 'h.pwrite(b"q" * 4096, 8192)'
run_nbdsh -u "$ours" -c 'assert h.pread(4096, 8192) == b"q" * 4096'

# --discard: a trim reaches the LUN.
before=$(data_in "$disk")
run_nbdsh -u "$ours" -c 'h.trim(1024 * 1024, 4 * 1024 * 1024)'
equal "what is left after a trim" "$(data_in "$disk")" \
      $((before - 1024 * 1024))

# --shared
on_page --shared '--filter=limit limit=N' 1
start_nbdkit "${words[0]}" iscsi "$url" "${words[@]:1}"
run_nbdsh -u "$uri" -c "
try:
    nbd.NBD().connect_uri('$uri')
except nbd.Error:
    pass
else:
    raise Exception('a second client is let in')"

# --persistent
on_page --persistent '--filter=exitlast'
start_nbdkit "${words[@]}" iscsi "$url"
nbdinfo --size "$uri"
wait $nbdkit_pid
nbdkit_stopped[$nbdkit_pid]=1

# --read-only
on_page --read-only '-r'
start_nbdkit "${words[@]}" iscsi "$url"
nbdinfo --is readonly "$uri"

# --cache=writethrough, --cache=unsafe
on_page --cache=writethrough '--filter=fua fuamode=force'
start_nbdkit -v "${words[0]}" iscsi "$url" "${words[@]:1}"
run_nbdsh -u "$uri" -c 'h.pwrite(b"f" * 4096, 0)'
shows 'iscsi: pwrite count=4096 offset=0 fua=1' "$nbdkit_log"
on_page --cache=unsafe '--filter=fua fuamode=discard'
start_nbdkit -v "${words[0]}" iscsi "$url" "${words[@]:1}"
run_nbdsh -u "$uri" -c 'h.pwrite(b"d" * 4096, 0)' -c 'h.flush()'
shows 'iscsi: pwrite count=4096 offset=0 fua=0' "$nbdkit_log"
shows_not 'iscsi: flush' "$nbdkit_log"

# --snapshot
cp "$disk" "$tmp/original"
on_page --snapshot '--filter=cow'
start_nbdkit "${words[@]}" iscsi "$url"
run_nbdsh -u "$uri" -c 'h.pwrite(b"s" * 65536, 0)' \
          -c 'assert h.pread(65536, 0) == b"s" * 65536'
cmp "$disk" "$tmp/original"

# --offset
on_page --offset '--filter=offset offset=N' 8192
start_nbdkit "${words[0]}" iscsi "$url" "${words[@]:1}"
equal "the size behind the offset" "$(nbdinfo --size "$uri")" $((size - 8192))
run_nbdsh -u "$uri" -c 'assert h.pread(4096, 0) == b"q" * 4096'

# --export-name
nbdinfo "nbd+unix:///whatever?socket=$sock"
