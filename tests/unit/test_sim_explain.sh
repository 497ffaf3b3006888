#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace-sim explain: every figure of a run is explained, with the run's unit.

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

"$sim" run --json --trace tests/data/traces/conversation-120.jsonl --model llama-3.1-8b \
	>"$work/run" 2>"$work/said"
result $? "a run has figures"
jq -r '.figures, .tier[].figures | to_entries[] | "\(.key) (\(.value.unit))"' "$work/run" |
	sort -u >"$work/figures"
[ "$(wc -l <"$work/figures")" -gt 50 ]
result $? "they are many"

: >"$work/explained"
while read -r name _; do
	"$sim" explain "$name" 2>&1 | head -n 1 >>"$work/explained"
done <"$work/figures"
diff "$work/figures" "$work/explained" >"$work/said"
result $? "each is explained, with its unit"

"$sim" explain >"$work/all" 2>"$work/said"
result $? "all are listed"
cut -d ' ' -f 1 "$work/all" | sort >"$work/listed"
cut -d ' ' -f 1 "$work/figures" | sort | diff - "$work/listed" >"$work/said"
result $? "none is listed that a run does not have"
"$sim" explain >"$work/again" && cmp "$work/all" "$work/again" >"$work/said"
result $? "the same command gives the same bytes"

"$sim" explain cost_waer >"$work/out" 2>"$work/said"
[ $? = 2 ] && grep -q "did you mean 'cost_wear'" "$work/said" && [ ! -s "$work/out" ]
result $? "an unknown figure is refused with the nearest name"
"$sim" explain cost energy >"$work/out" 2>"$work/said"
[ $? = 2 ]
result $? "two figures are refused"
echo "1..$number"
