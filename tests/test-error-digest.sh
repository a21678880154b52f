#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A digest that does not exist: one sentence with those that do.

. "${0%/*}/functions.sh"
requires_plugin

set -x
url=iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk/1
for key in header-digest data-digest; do
  for value in crc64 "" none,crc32c "CRC32C,"; do
    refused iscsi "$url" "$key=$value"
    shows "$key.*none.*crc32c" "$tmp/refused.log"
  done
done
