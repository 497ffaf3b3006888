#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace-sim run: defaults, figures that belong together, and what it refuses.

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
trace=tests/data/traces/conversation-120.jsonl
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

# run OPTION...: serve the trace with the small model; standard output goes to $work/out
run()
{
	"$sim" run --trace $trace --model llama-3.1-8b "$@" >"$work/out" 2>"$work/said"
}

# run_json FILE OPTION...
run_json()
{
	local to=$1

	shift
	run --json "$@" && cp "$work/out" "$to"
}

# holds FILE FILTER NAME: the filter, with v(NAME) for a figure and sum(NAME) over tiers, is true
holds()
{
	jq -e "def v(n): .figures[n].value; def sum(n): [.tier[].figures[n].value // 0] | add;
		def near(a; b): (a - b | fabs) <= 1e-9 * (b | fabs); $2" "$1" >"$work/said" 2>&1
	result $? "$3"
}

# refused STATUS TEXT NAME OPTION...: the last command failed so, and said so
refused()
{
	local status=$1 text=$2 name=$3 got

	shift 3
	run "$@"
	got=$?
	[ $got = "$status" ] && grep -qE -- "$text" "$work/said" && [ ! -s "$work/out" ]
	result $? "$name"
}

run
result $? "defaults alone run"
grep -q '^devices  *1 (default)$' "$work/out" && grep -q '^tiers  *hbm4-hbf (default)$' "$work/out"
result $? "defaults are stated"
cp "$work/out" "$work/first"
run && cmp "$work/out" "$work/first" >"$work/said"
result $? "the same command gives the same bytes"
[ ! -s "$work/said" ]
result $? "without a terminal there is no progress"
run --progress && cmp "$work/out" "$work/first" >"$work/said"
result $? "progress is not in the output"

load=(--requests 50 --input 100 --output 20 --rate 3.5 --input-spread 300)
"$sim" run --json --model llama-3.1-8b "${load[@]}" >"$work/load" 2>"$work/said"
holds "$work/load" 'v("requests_served") == 50 and v("tokens") == 1000 and .settings.seed.default
	and .settings.rate.value == "3.500 a second, Poisson" and (.settings | has("trace") | not)' \
	"a load needs no trace, and is stated"
"$sim" run --json --model llama-3.1-8b "${load[@]}" --seed 1 >"$work/again" 2>"$work/said"
"$sim" run --json --model llama-3.1-8b "${load[@]}" --seed 2 >"$work/other" 2>>"$work/said"
[ "$(jq -c .figures "$work/load")" = "$(jq -c .figures "$work/again")" ] &&
	[ "$(jq -c .figures "$work/load")" != "$(jq -c .figures "$work/other")" ]
result $? "the seed decides what is drawn"
"$sim" run --model llama-3.1-8b >"$work/out" 2>"$work/said"
[ $? = 2 ] && grep -q "trace is needed, or --requests" "$work/said"
result $? "neither a trace nor a load is refused"
refused 2 "--input is of a load" "both are refused" --input 5
run_json "$work/eight" --devices 8
result $? "JSON is written"
outputs=$(jq -s 'map(.output_length) | add' $trace)
holds "$work/eight" ".basis == \"modelled\" and v(\"requests_served\") == 120" "all are served"
holds "$work/eight" "v(\"tokens\") == $outputs" "tokens are those of the answers"
holds "$work/eight" 'v("useful_tokens") + v("late_first_tokens") + v("slow_tokens") == v("tokens")' \
	"each token is useful or breaks one rule"
holds "$work/eight" 'near(v("tokens_per_second") * v("duration"); v("tokens"))' \
	"rates are of the duration"
holds "$work/eight" 'near(v("energy"); v("energy_accelerators_computing") +
	v("energy_accelerators_waiting") + sum("energy_moving") + sum("energy_idle"))' \
	"energy is that of its parts"
holds "$work/eight" 'near(v("cost"); v("cost_time") + v("cost_wear") + v("cost_energy"))' \
	"cost is that of its parts"
holds "$work/eight" 'sum("kv_written") == (v("prompt_tokens") - v("cached_tokens") +
	v("recomputed_tokens") + v("tokens") - v("requests_served")) * 131072' \
	"KV of each token is written once"
holds "$work/eight" 'v("step_mean") <= v("step_mean_serial") and v("ttft_p50") <= v("ttft_p99")' \
	"what overlaps is not slower"
holds "$work/eight" '[.tier[].figures.busy.value, v("groups_busy")] | all(. >= 0 and . <= 100.001)' \
	"nobody works more than all the time"
run --csv --devices 8
awk -F, 'NR == 1 { good = $0 == "tier,figure,value,unit" } NF != 4 { good = 0 }
	$2 == "tokens" { found = 1 } END { exit !(good && found) }' "$work/out"
result $? "CSV has four columns"

for devices in 1 2 4 16; do
	run_json "$work/$devices" --devices $devices --network low_latency_64
done
holds "$work/1" "v(\"requests_served\") == 120" "one device serves"
for pair in 1:2 2:4 4:16; do
	slower=$work/${pair%:*} faster=$work/${pair#*:}
	jq -es '.[1].figures.duration.value <= .[0].figures.duration.value and
		.[1].figures.ttft_mean.value <= .[0].figures.ttft_mean.value' \
		"$slower" "$faster" >"$work/said"
	result $? "${pair#*:} devices are not slower than ${pair%:*}"
done
run_json "$work/strict" --devices 8 --slo-ttft 1 --slo-tpot 1
holds "$work/strict" 'v("useful_tokens") == 0 and v("energy_per_useful_token") == null' \
	"nothing is useful when nothing is in time"
run_json "$work/fp8" --dtype fp8
jq -es '.[1].tier[1].figures.weights_per_device.value * 2 ==
	.[0].tier[1].figures.weights_per_device.value' "$work/1" "$work/fp8" >"$work/said"
result $? "FP8 halves the weights"
run_json "$work/dp" --devices 4 --dp 4
holds "$work/dp" '.settings.dp == {"value": "4", "default": false} and .settings.tp.value == "1"' \
	"what is asked for is not chosen"

printf 'devices = 8\nslo-ttft = 1\nslo-tpot = 1\n' >"$work/scenario.ini"
run_json "$work/file" --scenario "$work/scenario.ini" && cmp "$work/file" "$work/strict"
result $? "a scenario file means the same as its options"
run_json "$work/file" --scenario "$work/scenario.ini" --devices 4
holds "$work/file" '.settings.devices.value == "4" and .settings["slo-ttft"].value == "1 ms"' \
	"options replace those of the scenario before them"

# refused_scenario TEXT NAME LINE...
refused_scenario()
{
	local text=$1 name=$2

	shift 2
	printf '%s\n' "$@" >"$work/bad.ini"
	refused 2 "$text" "$name" --scenario "$work/bad.ini"
}
refused_scenario "bad.ini:2: .*did you mean 'devices'" "a misspelt key of a scenario is refused" \
	"tp = 1" "device = 4"
refused_scenario "bad.ini:[12]: .*leave .run. out" "a section in a scenario is refused" \
	"[run]" "tp = 1"
refused_scenario "bad.ini:1: devices is .-1" "a bad number in a scenario is refused" "devices = -1"
refused_scenario "bad.ini:1: dtype is .int4" "a bad type in a scenario is refused" "dtype = int4"
refused 2 "none.jsonl: No such file" "a missing trace is refused" --trace none.jsonl
refused 2 "no model 'llama-9'" "an unknown model is refused" --model llama-9
refused 2 "no 'none' among the systems" "unknown tiers are refused" --tiers none
refused 1 "lack [0-9]+ bytes for [0-9]+ bytes of weights" "a model that does not fit is refused" \
	--model deepseek-v3 --tiers tests/data/tiers/hbm.ini
refused 2 "cannot be laid out" "another number of devices is refused" --devices 8 --tp 3
refused 2 "--ep is 3" "experts elsewhere are refused" --devices 8 --ep 3
refused 2 "--devices is \"0\"" "no devices are refused" --devices 0
refused 2 "unrecognized option" "a bad option is refused" --device-count 8
echo "1..$number"
