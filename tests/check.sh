#!/bin/sh
# SPDX-License-Identifier: ISC
#
# make check: the unit tests, then the dialogues, then one line of both sums.
# usage: check.sh SOURCES "UNIT-PROGRAMS" [MAKE]

set -u
sources=$1 unit=$2
MAKE=${3:-make}
export MAKE
said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT
trap 'exit 1' HUP INT TERM

# Word splitting is wanted: a list of programs.
# shellcheck disable=SC2086
{
	sh "$sources/tests/run-unit.sh" $unit ||
	    echo "(unit tests failed)"
	python3 "$sources/tests/dialog.py" --build . ||
	    echo "(dialogues failed)"
} 2>&1 | tee "$said"
awk '/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
		passed += $1; failed += $3; skipped += $5; sums++
	}
	END {
		failed += 2 - sums
		printf "%d passed, %d failed, %d skipped\n",
		    passed, failed, skipped
		exit failed != 0
	}' "$said"
