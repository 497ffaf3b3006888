#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace replay, end to end: real requests on real tiers, its report, and what it says to bad input.

cd "$(dirname "$0")/../.." || exit 1
data=tests/data
trace=$data/traces/conversation-120.jsonl
llama=user/models/llama-3.1-8b.json
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
n=0

# result NAME STATUS: one TAP line
result()
{
	n=$((n + 1))
	[ "$2" = 0 ] && echo "ok $n - $1" || echo "not ok $n - $1"
}

# says NAME PATTERN ARGUMENTS...: the replay fails with status 1 and such a sentence
says()
{
	local name=$1 pattern=$2
	shift 2
	terrace replay "$@" >/dev/null 2>"$out/error"
	[ $? = 1 ] && grep -qE "$pattern" "$out/error"
	result "$name" $?
	sed 's/^/# /' "$out/error" | head -2
}

# holds NAME FILTER FILE: the filter is true for the report
holds()
{
	jq -e "$2" "$3" >/dev/null
	result "$1" $?
}

echo "TAP version 13"
for run in hbm:static hbm-cxl:lru hbm-cxl-hbf:class; do
	tiers=${run%:*}
	for model in llama-3.1-8b qwen3-30b-a3b; do
		terrace replay --trace $trace --model "user/models/$model.json" \
			--tiers "$data/tiers/$tiers.ini" --policy "${run#*:}" --limit 2 --json \
			>"$out/$model-$tiers"
		result "$model on $tiers with ${run#*:}" $?
		holds "both requests finish" '.requests.finished == 2' "$out/$model-$tiers"
		holds "tokens are those of the trace" '.requests.produced_tokens == 990' \
			"$out/$model-$tiers"
		holds "bytes are declared, times modelled" '.figures.tpot_p50 |
			.charging == "declared" and .basis == "modelled" and .value > 0' \
			"$out/$model-$tiers"
		holds "nothing saturates" '.figures.saturations.value == 0' "$out/$model-$tiers"
	done
done
holds "all bytes come from HBM alone" '.figures.rank0_share.value == 1' "$out/llama-3.1-8b-hbm"
holds "HBF serves the weights" '.figures.rank0_share.value < 0.5' "$out/llama-3.1-8b-hbm-cxl-hbf"
holds "HBF is not written after the load" '.figures.flash_bytes_written.value == 0' \
	"$out/llama-3.1-8b-hbm-cxl-hbf"
terrace replay --trace $trace --model $llama --tiers $data/tiers/hbm.ini --limit 2 --json >"$out/again"
same='walk(if type == "object" then with_entries(select(.key | test("wall") | not)) else . end)'
cmp -s <(jq "$same" "$out/again") <(jq "$same" "$out/llama-3.1-8b-hbm")
result "a replay gives the same figures again" $?

terrace replay --trace $trace --model $llama --tiers $data/tiers/hbm.ini --limit 1 \
	--report "$out/report" >/dev/null && [ -s "$out/report/report.txt" ] &&
	jq -e .figures "$out/report/report.json" >/dev/null
result "reports are written" $?

{ head -1 $trace; echo '{"timestamp": -1}'; } >"$out/bad.jsonl"
terrace replay --trace "$out/bad.jsonl" --model $llama --tiers $data/tiers/hbm.ini --json \
	>"$out/bad" 2>"$out/error"
result "a malformed line is left out" $?
grep -q 'bad.jsonl:2: ' "$out/error"
result "and named with file and line" $?
holds "and counted" '.requests.malformed_lines == 1' "$out/bad"
says "strict: a malformed line is fatal" 'bad.jsonl:2: ' --trace "$out/bad.jsonl" --model $llama \
	--tiers $data/tiers/hbm.ini --strict
says "a model that does not fit" 'short by [0-9]+' --trace $trace \
	--model user/models/llama-3.1-405b.json --tiers $data/tiers/hbm.ini
sed 's/^rank/rnak/' $data/tiers/hbm.ini >"$out/typo.ini"
says "an unknown key names the nearest" "nearest one is 'rank'" --trace $trace --model $llama \
	--tiers "$out/typo.ini"
says "a trace that is not there" 'No such file' --trace /nowhere --model $llama \
	--tiers $data/tiers/hbm.ini
[ -z "$(ls /sys/class/misc/terrace/tiers)" ]
result "no tier is left behind" $?
echo "1..$n"
