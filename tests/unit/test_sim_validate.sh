#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace-sim validate: every check with the tables in tests/data, and that a check can fail.

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
tables=tests/data/validation
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

# validate DIR: with the tables of DIR; the JSON goes to $work/json
validate()
{
	"$sim" validate --json --traces tests/data/traces "$1" >"$work/json" 2>"$work/said"
}

# Each check is a result of its own; one without rows would be none.
each_check()
{
	local verdict check

	while IFS=$'\t' read -r verdict check; do
		echo "$check: $verdict" >"$work/said"
		[[ $verdict = pass || $verdict = told ]]
		result $? "$check"
	done < <(jq -r '.[] | [.verdict, "\(.check): \(.rows) rows, worst \(.worst) \(.unit)"] | @tsv' \
		"$work/json")
}

# fails TABLE COLUMN CHECK: when the numbers of a column are twice as large; no quoted field may
# stand before it
fails()
{
	rm -rf "$work/tables"
	cp -r $tables "$work/tables"
	awk -F, -v OFS=, -v column="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i }
		NR > 1 && $at + 0 != 0 { $at *= 2 }
		{ print }' "$tables/$1" >"$work/tables/$1"
	validate "$work/tables"
	[ $? = 1 ] && jq -e --arg check "$3" \
		'any(.[]; (.check | startswith($check)) and .verdict == "FAIL")' "$work/json" >/dev/null
	result $? "check $3 fails where $2 is doubled"
}

validate $tables
result $? "nothing fails"
each_check

fails genz_totals.csv latency_ms "7 "
fails measured_vidur_collectives.csv median_ms "8 "
fails mooncake_trace_hit_rates.csv prefix_block_hit_ratio "9 "
fails measured_vllm_requests.csv tpot_ms "10 "

mkdir "$work/odd"
printf 'colour,taste\nred,sweet\n' >"$work/odd/odd.csv"
validate "$work/odd"
result $? "a folder without known tables fails nothing"
grep -q 'odd.csv has the columns of no known table' "$work/said"
result $? "an unknown table is named"
printf 'model,"hardware\n' >"$work/odd/broken.csv"
! validate "$work/odd" && grep -q 'broken.csv:1: a quote that is not closed' "$work/said"
result $? "a malformed table is refused"
! validate "$work/none" && grep -q "$work/none: No such file" "$work/said"
result $? "a folder that is not there is refused"
"$sim" validate $tables --traces tests/data/traces 2>&1 | tail -n 1 >"$work/said"
grep -qE '^[0-9]+ passed, 0 failed, [0-9]+ rows skipped$' "$work/said"
result $? "the last line counts"
echo "1..$number"
