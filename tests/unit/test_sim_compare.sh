#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace-sim compare: what it prints of runs is what the runs say.

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

# scenario FILE LINE...
scenario()
{
	local to=$work/$1.ini

	shift
	printf '%s\n' "$@" >"$to"
}

# compare OPTION...: standard output goes to $work/out
compare()
{
	"$sim" compare "$@" >"$work/out" 2>"$work/said"
}

# refused STATUS TEXT NAME OPTION...
refused()
{
	local status=$1 text=$2 name=$3 got

	shift 3
	compare "$@"
	got=$?
	[ $got = "$status" ] && grep -qE -- "$text" "$work/said" && [ ! -s "$work/out" ]
	result $? "$name"
}

scenario a "model = llama-3.1-8b" "requests = 100" "rate = 5" "devices = 1"
scenario b "model = llama-3.1-8b" "requests = 100" "rate = 10" "devices = 2" "tp = 2" \
	"tiers = tests/data/tiers/hbm.ini"
scenario c "model = llama-3.1-8b" "requests = 100" "rate = 5" "devices = 1" \
	"note = the same again"
a=$work/a.ini b=$work/b.ini c=$work/c.ini

for each in a b; do
	"$sim" run --json --scenario "$work/$each.ini" >"$work/$each.json" 2>"$work/said"
done
compare --json "$a" "$b"
result $? "two scenarios are compared"
cp "$work/out" "$work/two"
jq -ne --slurpfile t "$work/two" --slurpfile a "$work/a.json" --slurpfile b "$work/b.json" '
	$t[0].figures as $f | [$f | to_entries[] | select(.key | contains(".") | not)] |
	length > 40 and all(.value.values == [$a[0].figures[.key].value,
					      $b[0].figures[.key].value] and
		.value.unit == $a[0].figures[.key].unit)' >"$work/said"
result $? "values and units are those of the runs"
jq -e '[.figures[] | select(.values[0] != null and .values[1] != null)] | length > 40 and
	all((.differences[0] - (.values[1] - .values[0]) | fabs) <=
		1e-9 * (.values[0] | fabs) and
	    if .values[0] == 0 then .ratios[0] == null
	    else (.ratios[0] * .values[0] - .values[1] | fabs) <= 1e-9 * (.values[1] | fabs) end)' \
	"$work/two" >"$work/said"
result $? "differences and ratios are to the first"
jq -e '.settings | .rate == ["5.000 a second, Poisson", "10.000 a second, Poisson"] and
	.devices == ["1", "2"] and (has("model") or has("requests") | not)' "$work/two" >"$work/said"
result $? "settings are those that differ"
jq -e '.figures["hbf0.busy"] | .values[0] != null and .values[1] == null and
	.differences == [null] and .ratios == [null]' "$work/two" >"$work/said"
result $? "a tier that one of them lacks has no value there"
compare --json "$a" "$b" && cmp "$work/two" "$work/out" >>"$work/said"
result $? "the same command gives the same bytes"

compare "$a" "$c" "$b"
cp "$work/out" "$work/text"
grep -q "^figure  *A  *B  *B - A  *B / A  *C  *C - A  *C / A  unit$" "$work/text" &&
	grep -qE "^tokens +12800 +12800 +0 +1 +12800 +0 +1  tokens$" "$work/text"
result $? "three scenarios have a table"
grep -qE "^note +A  -$" "$work/text" && grep -qE "^ +B  the same again$" "$work/text"
result $? "a note is a setting"
grep -qE "^hbm0.capacity_per_device +384 +384 +0 +1 .* GB$" "$work/text"
result $? "bytes have a unit that is right for them"

compare --csv "$a" "$b"
head -n 1 "$work/out" | grep -qx "figure,unit,$a,$b,$b - $a,$b / $a" &&
	awk -F, 'NF != 6 { exit 1 }' "$work/out" && [ "$(wc -l <"$work/out")" -gt 60 ]
result $? "CSV has a line for each figure"
awk -F, '$1 == "energy" { right = $5 == $4 - $3 && $6 == $4 / $3 } END { exit !right }' "$work/out"
result $? "its numbers belong together"

compare --csv "$a" "$b" --figures tpot_p50,duration
cut -d, -f1 "$work/out" | tr '\n' ' ' | grep -qx "figure tpot_p50 duration "
result $? "figures can be chosen, in their order"
refused 2 "no figure 'tpot_p5'; did you mean 'tpot_p50'" "a figure that does not exist is refused" \
	"$a" "$b" --figures duration,tpot_p5
refused 2 "two scenarios or more" "a single scenario is refused" "$a"
refused 2 "cannot open .*none.ini" "a scenario that is not there is refused" "$a" "$work/none.ini"
refused 2 "there is no 'none' among the scenarios" "so is an unknown name" "$a" none
scenario wrong "model = llama-3.1-8b" "request = 5"
refused 2 "wrong.ini:2: .*did you mean 'requests'" "a misspelt key is refused, with its line" \
	"$a" "$work/wrong.ini"
scenario empty "requests = 5"
refused 2 "empty.ini lacks a model" "a scenario without a model is refused" "$a" "$work/empty.ini"
scenario idle "model = llama-3.1-8b"
refused 2 "idle.ini lacks requests" "a scenario without requests is refused" "$work/idle.ini" "$a"
scenario large "model = llama-3.1-405b" "requests = 5" "tiers = tests/data/tiers/hbm.ini"
refused 1 "large.ini: .*lack [0-9]+ bytes" "one that does not fit fails, and is named" \
	"$a" "$work/large.ini"
echo "1..$number"
