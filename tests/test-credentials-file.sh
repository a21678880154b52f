#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# credentials=FILE: each target with its own user and password, mutual CHAP
# too; read again at the next login when it has changed.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

# size_of EXPORT
size_of ()
{
  run_python - "$sock" "$1" <<'END'
import nbd, sys
h = nbd.NBD()
h.set_export_name(sys.argv[2])
h.connect_unix(sys.argv[1])
print(h.get_size())
END
}

set -x
umask 077
start_tgtd
truncate -s 1M "$tmp/1"
truncate -s 2M "$tmp/2"
truncate -s 3M "$tmp/3"
for tid in 1 2 3; do
  add_target $tid
  add_lun 1 "$tmp/$tid"
done
name=${iqn%?}
tid=1 add_account alice the-secret-of-alice
tid=2 add_account bob the-secret-of-bob
tid=2 add_account two the-secret-of-two --outgoing
cat >"$tmp/credentials" <<END
# The secrets of the tests.
${name}1  alice  "the-secret-of-alice"
${name}[24]  bob  the-secret-of-bob  two  the-secret-of-two
END
sed -i 's/$/  \r/' "$tmp/credentials"

# All in one server; the third asks for no CHAP, and what it has in the file
# is not sent.
start_nbdkit iscsi "iscsi://$portal/" "credentials=$tmp/credentials"
equal "the list" "$(nbdinfo --list "$uri" | grep -c '^export=')" 3
equal size "$(size_of "${name}1/1")" 1048576
equal size "$(size_of "${name}2/1")" 2097152
shows_not warning "$nbdkit_log"

# The secret changes.
sleep 3
tgt --mode account --op unbind --tid 1 --user alice
tgt --mode account --op delete --user alice
tid=1 add_account alice another-secret-of-alice
if size_of "${name}1/1"; then fail "the old secret was good"; fi
shows "check line 2 of $tmp/credentials" "$nbdkit_log"
sed -i 's/the-secret-of-alice/another-secret-of-alice/' "$tmp/credentials"
equal size "$(size_of "${name}1/1")" 1048576

# While it is wrong, or gone, what was read before is used, and it is told
# once.
echo "${name}1 alice" >>"$tmp/credentials"
for i in 1 2; do
  # A session goes a second after its last user; the file is read at a login.
  sleep 3
  equal size "$(size_of "${name}1/1")" 1048576
done
shows "credentials: $tmp/credentials: line 4: there is a user without a pass" \
      "$nbdkit_log"
equal "the lines about it" "$(grep -c 'line 4' "$nbdkit_log")" 1
# It is empty while somebody writes it.
cp "$tmp/credentials" "$tmp/whole"
: >"$tmp/credentials"
for i in 1 2; do
  sleep 3
  equal size "$(size_of "${name}1/1")" 1048576
done
equal "the lines about it" \
      "$(grep -c "credentials: $tmp/credentials is empty" "$nbdkit_log")" 1
cat "$tmp/whole" >"$tmp/credentials"
mv "$tmp/credentials" "$tmp/moved"
for i in 1 2; do
  # A session goes a second after its last user; the file is read at a login.
  sleep 3
  equal size "$(size_of "${name}2/1")" 2097152
done
equal "the lines about it" "$(grep -c 'cannot read' "$nbdkit_log")" 1
stop_nbdkit

# At the start both are errors.
refused iscsi "iscsi://$portal/" "credentials=$tmp/credentials"
shows 'cannot read' "$tmp/refused.log"
refused iscsi "iscsi://$portal/" "credentials=$tmp/moved"
shows 'line 4' "$tmp/refused.log"
: >"$tmp/empty"
refused iscsi "iscsi://$portal/" "credentials=$tmp/empty"
shows "$tmp/empty is empty: give it a line for each target" "$tmp/refused.log"

# Others can read it.
sed -i '$d' "$tmp/moved"
chmod 644 "$tmp/moved"
start_nbdkit -v iscsi "iscsi://$portal/${name}2/1" "credentials=$tmp/moved" \
             user=carol password=the-secret-of-carol
equal size "$(size_of "")" 2097152
equal "the warnings" "$(grep -c 'warning: everybody' "$nbdkit_log")" 1
shows_not the-secret-of-bob "$nbdkit_log"
shows_not the-secret-of-two "$nbdkit_log"
stop_nbdkit

# A target without a line has user= and password=.
chmod 600 "$tmp/moved"
sed -i '/\[24\]/d' "$tmp/moved"
start_nbdkit iscsi "iscsi://$portal/${name}2/1" "credentials=$tmp/moved" \
             user=bob password=the-secret-of-bob
equal size "$(size_of "")" 2097152
