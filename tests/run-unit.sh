#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Runs the unit test programs it is given; each prints Check's summary.
# The last line is "N passed, N failed, N skipped".

set -u
# These end what hangs; on a busy machine a test may take its time.
CK_DEFAULT_TIMEOUT=30
export CK_DEFAULT_TIMEOUT
passed=0 failed=0
said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT
trap 'exit 1' HUP INT TERM

for program in "$@"; do
	timeout 180 "$program" >"$said" 2>&1
	status=$?
	# 87%: Checks: 8, Failures: 1, Errors: 0
	summary=$(tr -d ',' <"$said" | awk '
		/^[0-9]+%: Checks: / { checks += $3; bad += $5 + $7 }
		END { print checks + 0, bad + 0 }')
	checks=${summary% *} bad=${summary#* }
	# A program that says nothing, or dies behind its summary, has failed.
	if test "$checks" -eq 0 || { test $status -ne 0 && test "$bad" -eq 0; }
	then
		bad=$((bad + 1)) checks=$((checks + 1))
	fi
	passed=$((passed + checks - bad)) failed=$((failed + bad))
	if test "$bad" -eq 0; then
		echo "ok ${program##*/} ($checks)"
	else
		echo "FAILED ${program##*/} ($bad of $checks, status $status)"
		sed 's/^/	/' "$said"
	fi
done
echo "$passed passed, $failed failed, 0 skipped"
test $failed -eq 0
