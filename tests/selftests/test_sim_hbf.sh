#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The simulator agrees with the studies of HBF within the limits, as Documentation/models/hbf.md says.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/selftests/flash.sh
. tests/selftests/flash.sh

echo "TAP version 13"
terrace-sim validate tests/data/validation >"$work/said" 2>&1
[ "$(grep -c '^pass  [1-4] ' "$work/said")" = 5 ]
result $? "all checks of HBF pass"
! grep -q '^FAIL  [1-4] ' "$work/said"
result $? "none fails"
user/examples/hbf-checks.sh >"$work/table" 2>"$work/said"
result $? "the table is made"
sed -n '/^<!-- hbf-checks.sh -->$/,/^<!-- end -->$/ { /^<!--/d; p }' Documentation/models/hbf.md \
	>"$work/document"
[ -s "$work/document" ] && diff "$work/document" "$work/table" >"$work/said"
result $? "the document has it"

# A published batch that HBM4 cannot hold: more than what fits is below the limits.
mkdir "$work/tables"
sed 's/\(HBM4,4,tpot<=0.1s,max_batch_per_gpu,\)[0-9.]*/\1999/' \
	tests/data/validation/hbf_published_son2026.csv >"$work/tables/son.csv"
terrace-sim validate "$work/tables" >"$work/said" 2>&1
[ $? = 1 ] && grep -q '^FAIL  3 ' "$work/said"
result $? "a batch that does not fit fails"
user/examples/hbf-checks.sh two folders >"$work/said" 2>&1
[ $? = 2 ] && grep -q '^usage: ' "$work/said"
result $? "it takes one folder at most"
echo "1..$number"
