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

# With two pools, whose figures are there only then.
"$sim" run --json --trace tests/data/traces/conversation-120.jsonl --model llama-3.1-8b --devices 2 \
	--prefill-devices 1 >"$work/run" 2>"$work/said"
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

# Whatever looks like a name in a formula is a figure or an input of it.
jq -r '.figures, .tier[].figures | keys[]' "$work/run" | sort -u | while read -r name; do
	"$sim" explain --json "$name" | jq -r '.figures[0] as $f |
		$f.formula | [scan("(?<![0-9a-z])[a-z*][a-z0-9*]*(?:[_-][a-z0-9*]+)+|[A-Z]+_[A-Z_]+")] | .[] |
		select(contains("*") | not) |
		select(. as $w | [$f.made_of[], $f.inputs[].name] | index($w) | not) |
		"\($f.name): \(.)"'
done >"$work/said" 2>&1
[ ! -s "$work/said" ]
result $? "names in formulas are figures or inputs"

# made NAME PART...: a figure's explanation goes on with these figures' own
made()
{
	local name=$1 part

	"$sim" explain "$name" >"$work/out" 2>"$work/said" || return
	shift
	for part in "$@"; do
		grep -q "^$part (" "$work/out" || return
	done
}

made cost cost_time cost_wear cost_energy energy flash_life_used energy_idle &&
	made co2e_per_million_tokens co2e tokens co2e_operational co2e_embodied &&
	made energy_per_useful_token energy useful_tokens energy_memory_moving energy_moving
result $? "figures are explained with what they are made of"
[ "$(grep -c '^energy_moving (' "$work/out")" = 1 ]
result $? "each of these once"
grep -q '^  tier hbf0 read_fj_per_bit = 5800$' "$work/out" &&
	grep -q '^  accelerator active_watts = 700$' "$work/out" &&
	grep -A 1 '^  default slo-ttft = 2000$' "$work/out" | grep -q 'published: MLPerf'
result $? "inputs of these have values and sources"
"$sim" explain flash_life | grep -A 1 '^  constant YEAR = 31557600$' | grep -q 'published: '
result $? "constants have sources"

"$sim" explain --json cost >"$work/json" 2>"$work/said" &&
	jq -e '.figures[0] == {"name": "cost", "unit": "USD", "inputs": [],
	       "formula": "cost_time + cost_wear + cost_energy",
	       "made_of": ["cost_time", "cost_wear", "cost_energy"]} and
	       ([.figures[].inputs[] | select(.name == "idle_uw" and .of == "tier hbm0") |
		 [.value, .profile_value, .basis]] == [[48000000, 6000000, "assumed"]])' \
		"$work/json" >"$work/said"
result $? "JSON has figures and inputs"
"$sim" explain --json >"$work/json" 2>"$work/said" &&
	[ "$(jq '.figures | length' "$work/json")" = "$(wc -l <"$work/all")" ]
result $? "JSON lists all"

# A file is read when something of it is needed, and only then.
"$sim" explain -n "$work/none" -t "$work/none" -p "$work/none" tokens_per_second \
	>"$work/out" 2>"$work/said" &&
	"$sim" explain -n "$work/none" cost >"$work/out" 2>"$work/said"
result $? "files that are not needed are not read"
for option in n:step_network t:energy_idle p:cost_energy; do
	! "$sim" explain "-${option%%:*}" "$work/none" "${option#*:}" >"$work/out" 2>"$work/said" &&
		grep -q "$work/none" "$work/said" && [ ! -s "$work/out" ]
	result $? "a file that is missing is refused for ${option#*:}"
done

"$sim" explain cost_waer >"$work/out" 2>"$work/said"
[ $? = 2 ] && grep -q "did you mean 'cost_wear'" "$work/said" && [ ! -s "$work/out" ]
result $? "an unknown figure is refused with the nearest name"
"$sim" explain cost energy >"$work/out" 2>"$work/said"
[ $? = 2 ]
result $? "two figures are refused"
echo "1..$number"
