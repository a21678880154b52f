# SPDX-License-Identifier: BSD-3-Clause

# What every directory compiles with.

AM_CPPFLAGS = -I$(top_builddir)
AM_CFLAGS = \
	$(STD_CFLAGS) \
	$(WARNINGS_CFLAGS) \
	$(HARDENING_CFLAGS) \
	$(SANITIZER_CFLAGS) \
	$(FUZZING_CFLAGS) \
	$(COVERAGE_CFLAGS)
AM_LDFLAGS = \
	$(HARDENING_LDFLAGS) \
	$(SANITIZER_LDFLAGS) \
	$(COVERAGE_LDFLAGS)
