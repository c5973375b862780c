#!/bin/sh
# SPDX-License-Identifier: ISC
#
# make dist: packs the sources.  usage: dist.sh SOURCES NAME

set -eu
sources=$1 name=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$scratch/$name"

# What git knows or would not ignore; elsewhere, all that no build made.
if test -e "$sources/.git"; then
	(cd "$sources" && git ls-files -co --exclude-standard) |
	while read -r file; do
		test ! -e "$sources/$file" || echo "$file"
	done
else
	(cd "$sources" && find . -type f ! -name '*.[oad]' \
	    ! -name 'config.*' ! -name Makefile ! -name '*.tar.gz' \
	    ! -name '*.gcda' ! -name '*.gcno' ! -perm -u+x)
	(cd "$sources" && find . -type f -perm -u+x | while read -r file; do
		# Programs that a build made are no scripts.
		if head -c 2 "$file" | grep -qF '#!'; then
			echo "$file"
		fi
	done)
fi | sort >"$scratch/files"
tar -cf - -C "$sources" -T "$scratch/files" | tar -xf - -C "$scratch/$name"
tar -czf "$name.tar.gz" -C "$scratch" "$name"
echo "$name.tar.gz"
