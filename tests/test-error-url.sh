#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A URL with a part that is missing or wrong: one sentence that names the part,
# before anything is connected to.

. "${0%/*}/functions.sh"
requires_plugin

set -x
target=iqn.2001-04.com.example:disk
while IFS='|' read -r url part; do
  refused iscsi "$url"
  shows "$part" "$tmp/refused.log"
done <<EOF
http://127.0.0.1:1/$target/1|iscsi://
127.0.0.1:1/$target/1|iscsi://
iscsi:/127.0.0.1:1/$target/1|iscsi://
iscsi:///$target/1|host
iscsi://:3260/$target/1|host
iscsi://127.0.0.1:/$target/1|port
iscsi://127.0.0.1:0/$target/1|port
iscsi://127.0.0.1:65536/$target/1|port
iscsi://127.0.0.1:x/$target/1|port
iscsi://127.0.0.1:1//1|target
iscsi://127.0.0.1:1/1|target
iscsi://127.0.0.1:1/$target/16384|LUN
iscsi://127.0.0.1:1/$target/one|LUN
iscsi://127.0.0.1:1/$target/1/2|LUN
iscsi://127.0.0.1:1/$target%zz/1|%
iscsi://127.0.0.1:1/$target/1?|argument
iscsi://127.0.0.1:1/$target/1?foo=1|argument
iscsi://127.0.0.1:1/$target/1?header_digest|header_digest
iscsi://127.0.0.1:1/$target/1?header_digest=crc64|header_digest
iscsi://::1/$target/1|IPv6
iscsi://[::1/$target/1|IPv6
iscsi://[::1]x/$target/1|port
iscsi://[zz]/$target/1|IPv6
iscsi://bob%secret@/$target/1|host
EOF
