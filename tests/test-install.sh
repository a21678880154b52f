#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# ‘make install’ installs the plugin, which loads, and the manual, both under
# nbdkit's own prefix; ‘make uninstall’ leaves nothing of them.

. "${0%/*}/functions.sh"
requires_plugin

make_in_tree ()
{
  # Nothing of the make that runs this test.
  env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u DESTDIR \
      "${MAKE:-make}" -s -C "$abs_top_builddir" "$@" "DESTDIR=$tmp/root" \
      >"$tmp/make.log" 2>&1
}

installed ()
{
  (cd "$tmp/root" && find . ! -type d | sed 's/^\.//' | sort)
}

set -x
make_in_tree install
installed | tee "$tmp/installed"

plugin=$(grep '/nbdkit-iscsi-plugin\.so$' "$tmp/installed")
manual=$(grep '/man1/nbdkit-iscsi-plugin\.1$' "$tmp/installed")
messages=$(grep '/man7/nbdkit-iscsi-messages\.7$' "$tmp/installed")
# libtool's own, which ‘make uninstall’ needs.
equal "what else is installed" \
      "$(grep -vxF -e "$plugin" -e "$manual" -e "$messages" \
              "$tmp/installed")" \
      "${plugin%.so}.la"

# With a sanitizer ./nbdkit knows what to load first.
NBDKIT_ISCSI_PLUGIN=$tmp/root$plugin nbdkit iscsi --dump-plugin \
  >"$tmp/dump"
shows "^path=$tmp/root$plugin\$" "$tmp/dump"
shows 'recovery.timeout' "$tmp/root$manual"
shows 'unknown parameter' "$tmp/root$messages"

# Both go to where the server and its manual are, unless told otherwise.
"$abs_top_builddir/config.status" --config >"$tmp/options"
if ! grep -q -e '--prefix\|--with-plugindir\|--libdir\|--mandir' \
          "$tmp/options"; then
  equal "the plugin's directory" "${plugin%/*}" \
        "$(pkg-config --variable=plugindir nbdkit)"
  equal "the manual's directory" "${manual%/*}" \
        "$(pkg-config --variable=prefix nbdkit)/share/man/man1"
fi

make_in_tree uninstall
equal "what ‘make uninstall’ left" "$(installed)" ""
