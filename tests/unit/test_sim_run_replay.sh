#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace-sim run --replay: the report of terrace replay by the model alone, and what it refuses.
# That the two agree is shown where there is a device: tests/selftests/test_replay_model.sh.

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
data=tests/data
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

# replay OPTION...: of two requests; standard output goes to $work/out
replay()
{
	"$sim" run --replay --trace $data/traces/conversation-120.jsonl --limit 2 \
		--tiers $data/tiers/hbm-cxl-hbf.ini "$@" >"$work/out" 2>"$work/said"
}

# replay_json FILE OPTION...
replay_json()
{
	local to=$1

	shift
	replay --json "$@" && cp "$work/out" "$to"
}

# holds FILE FILTER NAME: the filter is true
holds()
{
	jq -e "$2" "$1" >"$work/said" 2>&1
	result $? "$3"
}

# refused STATUS TEXT NAME OPTION...: the command failed so, said so and printed nothing else
refused()
{
	local status=$1 text=$2 name=$3 got

	shift 3
	"$sim" run "$@" >"$work/out" 2>"$work/said"
	got=$?
	[ $got = "$status" ] && grep -qE -- "$text" "$work/said" && [ ! -s "$work/out" ]
	result $? "$name"
}

replay_json "$work/dense" --model user/models/llama-3.1-8b.json --policy class
result $? "a dense model"
holds "$work/dense" '.simulated and .policy == "class" and .scale == 1024 and
	.model == "user/models/llama-3.1-8b.json"' "what it was is said"
holds "$work/dense" '.requests | .finished == 2 and .produced_tokens == 990 and .steps == 500' \
	"tokens are those of the trace"
# in every step all weights but the embedding, of which a row a token is read
holds "$work/dense" '[.tier[].class[] | select(.class == "weights").figures.read_bytes.value] | add
	| . > 500 * (8030261248 - 128256 * 4096) * 2 and . < 500 * 8030261248 * 2' \
	"weights are read once a step"
holds "$work/dense" '.tier[2].figures | .load_bytes.value > 16e9 and .load_bytes.value < 16.2e9 and
	.written_bytes.value == 0' "weights are written once, before"
holds "$work/dense" '[.figures.wall_time, .figures.checked_bytes | .value] == [null, null]' \
	"nothing is measured"
replay_json "$work/named" --model llama-3.1-8b --policy class
diff <(jq 'del(.model)' "$work/dense") <(jq 'del(.model)' "$work/named") >"$work/said"
result $? "a model goes by its name too"

replay_json "$work/seed1" --model qwen3-30b-a3b
result $? "a mixture of experts"
replay_json "$work/again" --model qwen3-30b-a3b --seed 1
cmp "$work/seed1" "$work/again" >"$work/said" 2>&1
result $? "the same seed gives the same bytes, and 1 is the default"
replay_json "$work/seed2" --model qwen3-30b-a3b --seed 2
! cmp "$work/seed1" "$work/seed2" >"$work/said" 2>&1
result $? "another one does not"
replay_json "$work/fp8" --model llama-3.1-8b --dtype fp8 --scale 2048
jq -es '.[1].scale == 2048 and (.[0].tier[2].figures.load_bytes.value /
	.[1].tier[2].figures.load_bytes.value - 2 | fabs) < 0.03' "$work/dense" "$work/fp8" \
	>"$work/said"
result $? "FP8 halves the weights"

replay --model llama-3.1-8b --report "$work/report" && grep -q ' scale 1024, simulated$' "$work/out" &&
	cmp "$work/out" "$work/report/report.txt" >"$work/said" 2>&1
result $? "a report for people, in a file as well"
holds "$work/report/report.json" '.simulated' "and one for programs"

common=(--trace "$data/traces/conversation-120.jsonl" --model llama-3.1-8b)
refused 2 "--tiers is needed" "without tiers it is refused" --replay "${common[@]}"
common+=(--tiers "$data/tiers/hbm.ini")
for option in --tp=2 --devices=8 --network=h100_dgx --prices=2026-11 --csv --max-batch=8 --slo-ttft=9; do
	name=${option%%=*}
	refused 2 "$name does not go with --replay" "$name is not a replay's" --replay \
		"${common[@]}" "$option"
done
for option in --policy=lru --scale=2 --strict --routing=none; do
	name=${option%%=*}
	refused 2 "$name is for replays" "$name is a replay's alone" "${common[@]}" "$option"
done
refused 2 '--policy is "fifo"' "a policy that is none" --replay "${common[@]}" --policy fifo
refused 2 "no experts" "routing of a model without experts" --replay "${common[@]}" --routing none
refused 1 'short by [0-9]+ modelled bytes' "a model that does not fit" --replay "${common[@]}" \
	--model llama-3.1-405b
refused 2 "no 'none' among the systems" "tiers that are not there" --replay "${common[@]}" \
	--tiers none
{ head -1 $data/traces/conversation-120.jsonl; echo '{"timestamp": -1}'; } >"$work/bad.jsonl"
refused 2 'bad.jsonl:2: ' "a malformed line, strictly" --replay "${common[@]}" \
	--trace "$work/bad.jsonl" --strict
"$sim" run --replay "${common[@]}" --trace "$work/bad.jsonl" >"$work/out" 2>"$work/said" &&
	grep -q 'terrace-sim: .*bad.jsonl:2: ' "$work/said" && grep -q '1 malformed' "$work/out"
result $? "is left out and named otherwise"
echo "1..$number"
