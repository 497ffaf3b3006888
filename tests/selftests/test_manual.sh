#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The examples of libterrace(3) and of Documentation/uapi compile and run; the library's header is C++
# as well.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'terrace tier unload >/dev/null 2>&1; rm -rf "$work"' EXIT
status=0
number=0

# try NAME COMMAND...
try()
{
	local name=$1

	shift
	number=$((number + 1))
	if "$@" >"$work/out" 2>&1; then
		echo "ok $number - $name"
	else
		sed 's/^/# /' "$work/out"
		echo "not ok $number - $name"
		status=1
	fi
}

echo "1..8"
sed -n '/^\.Bd -literal$/,/^\.Ed$/ { /^\.[BE]d/d; s/\\e/\\/g; p }' Documentation/man/libterrace.3 \
	>"$work/example.c"
try "the manual has an example" grep -q '^int main' "$work/example.c"
try "it compiles" gcc -Wall -Wextra -Werror -Iinclude -Iinclude/uapi -o "$work/example" \
	"$work/example.c" -Lbuild/lib -lterrace -Wl,-rpath,"$PWD/build/lib"
if command -v g++ >/dev/null; then
	try "the header is C++ as well" \
		g++ -Wall -Wextra -Werror -Iinclude -Iinclude/uapi -fsyntax-only -x c++ - \
		<<<'#include <terrace/terrace.h>'
else
	number=$((number + 1))
	echo "ok $number - the header is C++ as well # SKIP g++ is missing"
fi

# shellcheck disable=SC2317
fails_without_tiers()
{
	! "$work/example" >"$work/said" 2>&1 && grep 'terrace tier load' "$work/said"
}
try "without tiers it says what to do" fails_without_tiers
try "tiers come up" terrace tier load tests/data/tiers/hbm-cxl-hbf.ini
# shellcheck disable=SC2317
runs()
{
	"$work/example" | grep -E '^[1-9][0-9]* ns modelled$'
}
try "it runs" runs

# the same for the example of the kernel interface, which needs no library
sed -n '/^## A complete program$/,/^## Errors/ { s/^    //p }' Documentation/uapi/terrace.md \
	>"$work/raw.c"
try "the kernel interface's example compiles" gcc -Wall -Wextra -Werror -Iinclude/uapi \
	-o "$work/raw" "$work/raw.c"
# shellcheck disable=SC2317
raw_runs()
{
	"$work/raw" | grep -E '^[1-9][0-9]* ns modelled, 1 record$'
}
try "it runs too" raw_runs
exit $status
