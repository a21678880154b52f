#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# What docs/containers.md promises: the plugin serves a LUN to a user without
# any capability and without a way to get one, with nothing in its environment
# and no machine-id, and it does so on a file system that is read-only.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires nbdcopy --version
requires test "$(id -u)" = 0
requires setpriv --version
mkdir -m 0777 "$tmp/run"
# Only there can something be written.
# shellcheck disable=SC2016 # for the inner shell
apart=(unshare --mount --propagation slave bash -e -c '
  if [ -e /etc/machine-id ]; then
    mount -o bind,ro /dev/null /etc/machine-id
  fi
  mount -o bind "$0" "$0"
  mount -o remount,bind,ro /
  cd /
  exec "$@"' "$tmp/run")
# Not every container may do this.
requires "${apart[@]}" true
if [ "${SANITIZER:-none}" != none ] || [ "${UNDER_VALGRIND:-}" = 1 ]; then
  skip "a sanitizer, or valgrind, wants to write where it likes"
fi

nbdkit_program=$(sed -n 's/^nbdkit=\${NBDKIT_PROGRAM:-\(.*\)}$/\1/p' \
                     "$(type -P nbdkit)")

# What the user may reach: the plugin, and a place for the socket.
cp "${NBDKIT_ISCSI_PLUGIN:-$abs_top_builddir/plugin/.libs/nbdkit-iscsi-plugin.so}" \
   "$tmp/plugin.so"
chmod 0755 "$tmp"

set -x
disk_of 8M
random_data $((8 * 1024 * 1024)) "$disk"
"${apart[@]}" \
  setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs \
          --inh-caps=-all --bounding-set=-all env -i \
          "$nbdkit_program" -f -v -U "$tmp/run/lun.sock" "$tmp/plugin.so" "$url" \
  >"$tmp/server.log" 2>&1 &
server=$!
cleanup_fn end_server
end_server ()
{
  kill -TERM $server 2>/dev/null || true
  wait $server 2>/dev/null || true
}
until [ -S "$tmp/run/lun.sock" ]; do
  kill -0 $server || fail "the server did not start"
  sleep 0.05
done

shows '^Uid:.65534.65534' "/proc/$server/status"
shows '^CapBnd:.0000000000000000' "/proc/$server/status"
shows '^NoNewPrivs:.1' "/proc/$server/status"
nbdcopy "nbd+unix:///?socket=$tmp/run/lun.sock" "$tmp/copy"
cmp "$disk" "$tmp/copy"
# Without a machine-id, from the host name: the same each time.
shows 'initiator name: iqn\.' "$tmp/server.log"
kill -TERM $server
wait $server
