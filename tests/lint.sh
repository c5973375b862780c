#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Holds the measurable part of the house style and of the walls.
# usage: lint.sh SOURCES BUILD
#
# Every finding is "file:line: text"; the last line is "N checks, N findings".

set -u
LC_ALL=C
export LC_ALL
sources=$1
build=$(cd "$2" && pwd) || exit 2
cd "$sources" || exit 2

scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
found=$scratch/found
: >"$found"
checks=0

# check WHAT: counts a check.  Findings go to standard output, into $found.
check() {
	checks=$((checks + 1))
}

programs=$(sed -n 's/^\([a-z]*\/[a-z-]*\): \$(.*) \$(LIB)$/\1/p' Makefile.in)
folders='master smtpd queue remote local lookup keys resolver control'

# files PATTERN...: those that match, without the "./" of find(1).
files() {
	for pattern in "$@"; do
		find . -name '.?*' ! -name .ci -prune -o \
		    -type f -path "./$pattern" -print
	done | sed 's/^\.\///' | sort -u
}
c_files=$(files '*.c' '*.h' '*.def' | grep -vx config.h)

# A program without a suffix is told by its first line.
of_language() {
	files '*.sh' '*.py' configure 'tests/*' 'demo/*' .ci/run |
	while read -r file; do
		if head -n 1 "$file" | grep -qE "^#!.*$1( |\$)"; then
			echo "$file"
		fi
	done
}
scripts=$(of_language '(sh|bash)')
pythons=$( (files '*.py' && of_language 'python3?') | sort -u)
pages=$(files '*/*.[1578]')

# ---- form of every source ---------------------------------------------------

# Octets 80-BF continue a character of UTF-8 and take no column.
for file in $c_files $scripts $pythons; do
	check columns
	tr -d '\200-\277' <"$file" | expand | awk -v file="$file" '
		length > 80 { print file ":" NR ": " length " columns" }
		/[ \t]$/ { print file ":" NR ": blank at the end of the line" }
		END {
			if (NR > 600)
				print file ":" NR ": more than 600 lines"
		}' >>"$found"
done

# Comments and literals are blanked, so that only code is looked at.
strip() {
	awk '
	{
		out = ""
		for (i = 1; i <= length($0); i++) {
			c = substr($0, i, 1)
			two = substr($0, i, 2)
			if (comment) {
				if (two == "*/") { comment = 0; i++ }
			} else if (quote != "") {
				if (c == "\\") i++
				else if (c == quote) { quote = ""; out = out c }
			} else if (two == "/*") { comment = 1; i++ }
			else {
				if (c == "\"" || c == "\047") quote = c
				out = out c
			}
		}
		quote = ""
		print out
	}' "$1"
}

# What OpenSSL calls has as many parameters as it says.
called_by_openssl='on_protocols|on_ticket|signature_sign'

functions='
function finding(line, text) { print file ":" line ": " text }
# A definition is told by the brace in the first column behind it.
/^{/ {
	open = NR
	if (head !~ /^[A-Za-z_][A-Za-z0-9_#]*\(/)
		finding(headline, "the return type wants its own line")
	inner = head
	sub(/^[^(]*\(/, "", inner)
	while (sub(/\([^()]*\)/, "", inner))
		;
	sub(/\).*/, "", inner)
	if (gsub(/,/, "", inner) > 4 && head !~ "^(" callbacks ")\\(")
		finding(headline, "more than 5 parameters")
}
/^[A-Za-z_]/ && /\(/ { head = $0; headline = NR }
/^[ \t]/ && !open { head = head $0 }
# What goes on from the line before is no deeper for that.
open && /^\t\t\t\t\t/ && before ~ /([;{}):]|else)$/ {
	finding(NR, "nested deeper than 3")
}
NF { before = $0; sub(/[ \t]+$/, "", before) }
/^}/ && open {
	if (NR - open + 1 > 60)
		finding(headline, "function of " (NR - open + 1) " lines")
	open = 0
}
/^typedef[ \t]+struct/ { finding(NR, "typedef struct") }
/^extern[ \t]/ && !/\(/ { finding(NR, "extern variable") }
/return \(.*\);$/ && !/\).*\(/ { finding(NR, "return needs no parentheses") }
'

forbidden='strcpy|strcat|strncpy|strncat|stpcpy|sprintf|vsprintf|strtok|gets'
forbidden="$forbidden|atoi|atol|atoll|atof|system|popen|alloca|tmpnam|mktemp"
forbidden="$forbidden|tempnam|rand|srand|random|execlp|execvp|execvpe"

for file in $c_files; do
	folder=${file%%/*}
	strip "$file" >"$scratch/code"
	check form
	case $file in
	*.c)	awk -v file="$file" -v callbacks="$called_by_openssl" \
		"$functions" "$scratch/code" >>"$found" ;;
	esac
	check forbidden-calls
	grep -nE "(^|[^A-Za-z0-9_])($forbidden)[ 	]*\(" "$scratch/code" |
	    awk -v file="$file" -F: '{ print file ":" $1 ": forbidden call" }' \
	    >>"$found"
	check set-id
	grep -nE 'S_ISUID|S_ISGID' "$scratch/code" |
	    awk -v file="$file" -F: '{ print file ":" $1 ": set-id bit" }' \
	    >>"$found"
	check spdx
	head -n 1 "$file" | grep -qxF '/* SPDX-License-Identifier: ISC */' ||
	    echo "$file:1: no SPDX line" >>"$found"
	check includes
	grep -nE '^#[ 	]*include[ 	]*"' "$file" |
	awk -v file="$file" -v folder="$folder" '{
		line = $0; sub(/:.*/, "", line)
		path = $0; sub(/^[^"]*"/, "", path); sub(/".*/, "", path)
		where = path; sub(/\/.*/, "", where)
		if (path ~ /\.c$/)
			print file ":" line ": includes a source"
		else if (path == "config.h" || where == "shared" ||
		    where == folder || folder == "tests")
			next
		else
			print file ":" line ": includes \"" path "\""
	}' >>"$found"
	case $file in
	*.h)
		check guard
		guard=$(echo "${file%.h}" | tr 'a-z/-' 'A-Z__')_H
		if ! grep -qxF "#ifndef $guard" "$file" ||
		    ! grep -qxF "#define $guard" "$file"; then
			echo "$file:2: no include guard $guard" >>"$found"
		fi ;;
	esac
done

# ---- the tree ---------------------------------------------------------------

# A source that no list in Makefile.in names is built by nobody.
for file in $c_files; do
	case $file in
	tests/walls/* | *.h | *.def)	continue ;;
	esac
	check listed
	grep -qE "[ 	]${file%.c}\.o([ 	]|\$)" Makefile.in ||
	    echo "$file:1: in no list of Makefile.in" >>"$found"
done
for folder in $folders shared tests etc; do
	check readme
	test -f "$folder/README.md" ||
	    echo "$folder:1: no README.md" >>"$found"
done
check set-id
grep -nE -e '-m *[2-7][0-7]{3}|chmod +([2-7][0-7]{3}|[ug]\+s)' \
    Makefile.in configure tests/run tests/setup | grep -v ' 1777 ' |
    sed -E 's/^([^:]*:[0-9]*:).*/\1 set-id installation/' >>"$found"

# ---- sentences and their tests ----------------------------------------------

check requirements
tests/requirements/check . >>"$found"

# Does that see a gap?  One of each kind is planted.
check planted-gaps
cat >"$scratch/planted" <<'END'
1 A sentence with a test
	tests/lint.sh: planted
2 A sentence without one
3 A test that is not there
	tests/none.smtp
4 A test that says something else
	tests/README.md: no such text is in there
5 No test at all
	shared/limits.h
1 A sentence with a test
	tests/lint.sh
6 The last one, without a test
END
planted=$(tests/requirements/check . "$scratch/planted" |
    sed 's/^[^:]*:\([0-9]*\):.*/\1/' | tr '\n' ' ')
test "$planted" = "3 5 7 9 10 12 " ||
    echo "tests/requirements/check:1: sees gaps in $planted" >>"$found"

# The name of a dialogue and its first line agree: rfc5321-4.1.4-claim.smtp.
for file in $(files 'tests/dialog/*.smtp'); do
	check dialogue
	number=${file##*/rfc}
	test "$number" != "$file" || continue
	number=${number%%-*}
	section=${file#*/rfc"$number"-}
	section=${section%%-*}
	head -n 1 "$file" | grep -qE "^# RFC $number section ${section}[:, ]" ||
	    echo "$file:1: does not begin with its RFC and section"
done >>"$found"

if command -v mandoc >/dev/null 2>&1; then
	for page in $pages; do
		check mandoc
		mandoc -Tlint -Wwarning "$page" 2>&1 |
		    sed 's/^mandoc: //' >>"$found"
	done
fi
if command -v shellcheck >/dev/null 2>&1; then
	for script in $scripts; do
		check shellcheck
		shellcheck -S warning -f gcc "$script" >>"$found"
	done
fi

# ---- what was built ---------------------------------------------------------

# Pointers that are constant but for their relocation stand in .data.rel.ro.
# clang makes several of one struct: NAME.0, NAME.1 ...
symbols='
NF >= 7 {
	gsub(/ /, "")
	section = $7
	sub(/\.[0-9]+$/, "", $1)
	if ($1 == "main" && section ~ /^\.text/)
		has_main = 1
	if (section ~ /^(\.bss|\.data|\.tbss|\.tdata|\*COM\*)/ &&
	    section !~ /^\.data\.rel\.ro/ && $4 !~ /SECTION/ &&
	    $1 !~ /^\./ && !seen[$1]++)
		names[++n] = $1
}
END {
	for (i = 1 + has_main; i <= n; i++)
		print file ":1: mutable global " names[i]
}'
for file in $c_files; do
	case $file in
	# Whatever fails must be able to say so: see log.h.
	shared/log.c | tests/* | *.h | *.def)	continue ;;
	esac
	object=$build/${file%.c}.o
	test -f "$object" || continue
	check globals
	nm --format=sysv "$object" | awk -F'|' -v file="$file" "$symbols" \
	    >>"$found"
done
for program in $programs; do
	test -f "$build/$program" || continue
	check calls
	nm -u "$build/$program" | awk -v file="$program" '
		{ sub(/@.*/, "", $2) }
		$2 ~ /^(system|popen|execlp|execvp|execvpe|posix_spawnp)$/ {
			print file ":1: calls " $2
		}' >>"$found"
	check set-id
	test ! -u "$build/$program" && test ! -g "$build/$program" ||
	    echo "$program:1: set-id bit" >>"$found"
done

sort -t: -k1,1 -k2,2n "$found"
findings=$(wc -l <"$found")
echo "$checks checks, $((findings)) findings"
test "$findings" -eq 0
