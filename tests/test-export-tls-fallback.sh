#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# With the filter tls-fallback clients without TLS get a message and no disk of
# ours; those with TLS get the export that they ask for by name.

. "${0%/*}/functions.sh"
requires_tgtd
requires_filter tls-fallback
requires certtool --version
requires_nbdsh
requires "$PYTHON" -c 'import nbd; assert nbd.NBD().supports_tls()'
if ! nbdkit --dump-config | grep '^tls=yes'; then skip "nbdkit has no TLS"; fi

set -x
start_tgtd
add_target
for lun in 1 2; do
  truncate -s ${lun}M "$tmp/$lun"
  add_lun $lun "$tmp/$lun"
done

mkdir "$tmp/pki"
printf 'cn = nobody\nca\ncert_signing_key\n' >"$tmp/pki/ca.info"
printf 'cn = localhost\ntls_www_server\nencryption_key\nsigning_key\n' \
       >"$tmp/pki/server.info"
for name in ca server; do
  certtool --generate-privkey --key-type=ecdsa \
           --outfile "$tmp/pki/$name-key.pem"
done
certtool --generate-self-signed --load-privkey "$tmp/pki/ca-key.pem" \
         --template "$tmp/pki/ca.info" --outfile "$tmp/pki/ca-cert.pem"
certtool --generate-certificate --load-privkey "$tmp/pki/server-key.pem" \
         --load-ca-certificate "$tmp/pki/ca-cert.pem" \
         --load-ca-privkey "$tmp/pki/ca-key.pem" \
         --template "$tmp/pki/server.info" \
         --outfile "$tmp/pki/server-cert.pem"

start_nbdkit --tls=on --tls-certificates="$tmp/pki" --filter=tls-fallback \
             iscsi "iscsi://$portal/$iqn" tlsreadme=none-without-tls
run_nbdsh -c - <<END
h.connect_unix("$sock")
assert b"none-without-tls" in h.pread(h.get_size(), 0)
for lun in 1, 2:
    h = nbd.NBD()
    h.set_tls(nbd.TLS_REQUIRE)
    h.set_tls_certificates("$tmp/pki")
    h.set_tls_verify_peer(False)
    h.set_export_name(str(lun))
    h.connect_unix("$sock")
    assert h.get_size() == lun << 20
END
