# SPDX-License-Identifier: BSD-3-Clause

# The blocks of a page in Markdown that begin with ```sh: what can be run.

/^```sh$/ { inside = 1; next }
/^```/ { inside = 0; next }
inside { print }
