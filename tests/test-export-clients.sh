#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# 50 clients open and close exports at random, by every kind of name, and ask
# for lists: each gets what it asked for.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
start_tgtd
for tid in 1 2 3; do
  add_target $tid
  for lun in 1 2 3 4; do
    truncate -s $tid${lun}M "$tmp/$tid$lun"
    add_lun $lun "$tmp/$tid$lun"
    set_lun $lun "scsi_sn=of $tid/$lun"
  done
done
start_nbdkit iscsi "iscsi://$portal/"
run_python - "$sock" "${iqn%?}" <<'END'
import nbd, random, sys, threading
sock, prefix = sys.argv[1:]
wrong = []

def connect(name):
    h = nbd.NBD()
    h.set_export_name(name)
    h.connect_unix(sock)
    return h

def names():
    found = []
    h = nbd.NBD()
    h.set_opt_mode(True)
    h.connect_unix(sock)
    h.opt_list(lambda name, text: found.append((name, text)) or 0)
    h.opt_abort()
    return found

def client(seed):
    try:
        dice = random.Random(seed)
        for _ in range(8):
            if dice.random() < 0.1:
                assert len(names()) == 12
            tid, lun = dice.randint(1, 3), dice.randint(1, 4)
            name = dice.choice([f"{prefix}{tid}/{lun}",
                                f"id:serial.of {tid}/{lun}",
                                ids[tid, lun]])
            h = connect(name)
            size = h.get_size()
            assert size == (tid * 10 + lun) << 20, (name, size)
            h.pread(512, dice.randrange(size // 512) * 512)
            if dice.random() < 0.8:
                h.shutdown()
    except Exception as e:
        wrong.append(f"{seed}: {e!r}")

ids = {}
for name, text in names():
    tid, lun = map(int, name.removeprefix(prefix).split("/"))
    ids[tid, lun] = [p for p in text.split(", ") if p.startswith("id:")][0]
assert len(set(ids.values())) == 12
clients = [threading.Thread(target=client, args=(i,)) for i in range(50)]
for c in clients:
    c.start()
for c in clients:
    c.join()
assert not wrong, wrong
END
