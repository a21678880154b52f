# SPDX-License-Identifier: BSD-3-Clause

# ‘make check TESTS=...’ names tests of another folder, too: leave those alone.
override TESTS := $(filter fuzz-%,$(TESTS))
