#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What the targets of the Makefile leave behind, in a build in a directory of
# its own; in the end nothing is left of that build.
# usage: targets.sh BUILD MAKE

set -u
make=$2
cd "$1" || exit 1
here=$(pwd)
passed=0 failed=0
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
unset MAKEFLAGS MFLAGS MAKELEVEL

# claim TEXT COMMAND...: that it succeeds; what it says is shown otherwise.
claim() {
	text=$1
	shift
	if "$@" >"$scratch/said" 2>&1; then
		passed=$((passed + 1))
		echo "ok   $text"
	else
		failed=$((failed + 1))
		echo "FAIL $text"
		tail -n 20 "$scratch/said"
	fi
}

# is_empty COMMAND...: it succeeds and says nothing.
is_empty() {
	"$@" >"$scratch/list" || return 1
	cat "$scratch/list"
	test ! -s "$scratch/list"
}

installed() {
	test -x "$1/opt/relais/sbin/relais-master" &&
	    test -x "$1/opt/relais/libexec/relais/agent" &&
	    test -f "$1/opt/relais/share/man/man8/relais.8" &&
	    test -f "$1/etc/relais/relais.conf"
}

does_nothing() {
	touch "$scratch/now" && "$make" all &&
	    is_empty find . -type f -newer "$scratch/now"
}

# The packed sources, built where they were unpacked.
unpacked() (
	cd "$scratch" && tar -xzf "$here"/relais-*.tar.gz &&
	    cd relais-*/ && ./configure && "$make" -j2 all &&
	    "$make" distclean && is_empty find . -name '*.[oa]'
)

tree=$scratch/tree
claim "$make all does nothing twice" does_nothing
claim "$make check" "$make" check
claim "$make install, into DESTDIR" "$make" install DESTDIR="$tree"
claim "it is all there" installed "$tree"
claim "nothing is set-id" is_empty find "$tree" -perm /6000
echo '# ours' >>"$tree/etc/relais/relais.conf"
claim "$make install again" "$make" install DESTDIR="$tree"
claim "a configuration is kept" grep -qx '# ours' \
    "$tree/etc/relais/relais.conf"
claim "$make uninstall" "$make" uninstall DESTDIR="$tree"
claim "that alone is left" is_empty find "$tree" ! -type d \
    ! -path "$tree/etc/relais/relais.conf"
claim "$make dist" "$make" dist
claim "what is packed can be built" unpacked
rm -f relais-*.tar.gz
claim "$make clean" "$make" clean
claim "no object and no program is left" is_empty find . -type f \
    ! -name Makefile ! -name 'config.*' ! -path './tree/*'
claim "$make distclean" "$make" distclean
claim "nothing is left" is_empty find . ! -name . ! -path './tree*'
echo "$passed passed, $failed failed"
test $failed -eq 0
