#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The LUN is deleted, then the target: EIO, over an NBD connection that stays
# up, and the disk is back when they are.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd
requires_nbdsh

disk_of 64M
start_nbdkit iscsi "$url" recovery-timeout=2 timeout=5

cat >"$tmp/client.py" <<'END'
import errno
import os
import sys
import time
import nbd

h = nbd.NBD()
h.connect_uri(os.environ["uri"])
h.pwrite(b"x" * 4096, 0)

def step(name):
    """Let the shell do something."""
    print(name, flush=True)
    sys.stdin.readline()

def fails(what, call, *args):
    before = time.monotonic()
    try:
        call(*args)
    except nbd.Error as e:
        assert e.errnum == errno.EIO, e
        print(f"{what}: EIO after {time.monotonic() - before:.1f} s",
              file=sys.stderr)
        return
    raise AssertionError(f"{what} worked")

def comes_back():
    before = time.monotonic()
    while True:
        try:
            assert h.pread(4096, 0) == b"x" * 4096
            break
        except nbd.Error as e:
            assert e.errnum == errno.EIO, e
            time.sleep(0.1)
    print(f"back after {time.monotonic() - before:.1f} s", file=sys.stderr)

step("delete the lun")
fails("read of a deleted LUN", h.pread, 4096, 0)
fails("write to a deleted LUN", h.pwrite, b"y" * 4096, 4096)
step("add the lun")
comes_back()
step("delete the target")
fails("read, target deleted", h.pread, 4096, 0)
step("add the target")
comes_back()
h.shutdown()
step("done")
END

export uri
coproc client { run_python "$tmp/client.py" 2>"$tmp/client.log"; }
# shellcheck disable=SC2154 # of coproc
while read -r line <&"${client[0]}"; do
  echo "$line"
  case $line in
    "delete the lun")
      tgt --mode logicalunit --op delete --tid 1 --lun 1 ;;
    "add the lun")
      add_lun 1 "$disk" ;;
    "delete the target")
      tgt --mode target --op delete --force --tid 1 ;;
    "add the target")
      add_target
      add_lun 1 "$disk" ;;
    done)
      ended=1
      echo >&"${client[1]}"
      break ;;
  esac
  echo >&"${client[1]}"
done
cat "$tmp/client.log"
[ "${ended:-}" = 1 ] || fail "the client failed"
