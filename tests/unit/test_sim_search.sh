#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace-sim search: what it finds is what terrace-sim run does in the steady state, within 5 %; no
# layout that it does not choose is better there; reports, and what is refused.

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

# search OPTION...: standard output goes to $work/out
search()
{
	"$sim" search "$@" >"$work/out" 2>"$work/said"
}

# trace FILE REQUESTS RATE INPUT OUTPUT: equal requests that come evenly
trace()
{
	awk -v n="$2" -v rate="$3" -v input="$4" -v output="$5" 'BEGIN {
		print "arrival_ns,input_toks,output_toks"
		for (i = 0; i < n; i++)
			printf "%.0f,%d,%d\n", i * 1e9 / rate, input, output
	}' >"$1"
}

# served TO LAYOUT REQUESTS OPTION...: serve so many of the trace, and twice as many. The difference
# is the steady state: both begin and end alike
served()
{
	local to=$1 layout=$2 n=$3 tp pp dp

	shift 3
	read -r tp pp dp <<<"$layout"
	"$sim" run --trace "$work/trace.csv" --tp "$tp" --pp "$pp" --dp "$dp" --limit "$n" --json \
		"$@" >"$work/once" 2>>"$work/said" || return 1
	"$sim" run --trace "$work/trace.csv" --tp "$tp" --pp "$pp" --dp "$dp" --limit $((2 * n)) \
		--json "$@" >"$work/twice" 2>>"$work/said" || return 1
	jq -cs 'def d(n): .[1].figures[n].value - .[0].figures[n].value;
		{ tokens_per_second: (d("tokens") / d("duration")),
		  tpot_ms: .[1].figures.tpot_p50.value,
		  joules_per_token: (d("energy") / d("tokens")) }' \
		"$work/once" "$work/twice" >"$to"
}

# agree NAME INPUT OUTPUT BATCH OPTION...: all layouts at that batch, in both; and the best one
agree()
{
	local name=$1 input=$2 output=$3 batch=$4 layout n rate
	local lines="$work/points" all="$work/all" bad=0

	shift 4
	search --input "$input" --output "$output" --max-batch "$batch" --slo-ttft 1000000 \
		--slo-tpot 1000000 --best throughput --all --json "$@"
	result $? "$name: layouts are found"
	cp "$work/out" "$lines"
	: >"$all"
	while read -r layout; do
		# More come than are served, so that the batch is full; not all at once.
		rate=$(jq -r --arg l "$layout" --argjson b "$batch" 'select(.kind == "point" and
			"\(.tp) \(.pp) \(.dp)" == $l and .batch == $b) | 1.1 * .requests_per_second' \
			"$lines")
		n=$(awk -v b="$batch" -v l="$layout" 'BEGIN { split(l, s, " "); print 12 * b * s[3] }')
		trace "$work/trace.csv" $((2 * n)) "$rate" "$input" "$output"
		served "$work/got" "$layout" "$n" --max-batch "$batch" "$@" || bad=1
		jq -c --arg l "$layout" --argjson b "$batch" --slurpfile got "$work/got" \
			'select(.kind == "point" and "\(.tp) \(.pp) \(.dp)" == $l and .batch == $b) |
			{ layout: $l, search: ., run: $got[0] }' "$lines" >>"$all"
	done < <(jq -r 'select(.kind == "point") | "\(.tp) \(.pp) \(.dp)"' "$lines" | sort -u)
	cp "$all" "$work/said"
	jq -es 'length >= 3' "$all" >/dev/null && [ $bad = 0 ]
	result $? "$name: all of them are served"
	for figure in tokens_per_second tpot_ms joules_per_token; do
		jq -r --arg f $figure '"\(.layout): \(.search[$f]) \(.run[$f])"' "$all" >"$work/said"
		jq -es --arg f $figure 'all((.search[$f] / .run[$f] - 1 | fabs) < 0.05)' "$all" \
			>/dev/null
		result $? "$name: $figure is that of a run within 5 %"
	done
	jq -es --slurpfile lines "$lines" '
		($lines[] | select(.kind == "best-throughput") | "\(.tp) \(.pp) \(.dp)") as $best |
		(map(.run.tokens_per_second) | max) as $most |
		map(select(.layout == $best))[0].run.tokens_per_second >= 0.95 * $most' "$all" \
		>"$work/said" 2>&1
	result $? "$name: no layout beats the best one by 5 % in a run"
}

agree "dense" 1000 200 64 --model llama-3.1-8b --devices 4
agree "mixture" 500 200 32 --model qwen3-30b-a3b --devices 4
agree "long prompts in pieces" 12000 300 64 --model llama-3.1-8b --devices 4

# What so many requests make, searched and served.
search --model llama-3.1-8b --devices 2 --dp 2 --input 1000 --output 200 --rate 20 \
	--best throughput --json
result $? "a rate is searched for"
grep best-throughput "$work/out" >"$work/point"
trace "$work/trace.csv" 3000 20 1000 200
"$sim" run --trace "$work/trace.csv" --model llama-3.1-8b --devices 2 --dp 2 --json >"$work/got" \
	2>"$work/said"
jq -es '.[0].batch == .[1].figures.peak_batch.value' "$work/point" "$work/got" >"$work/said"
result $? "a rate makes the batch that it makes in a run"
jq -es '(.[0].tpot_ms / .[1].figures.tpot_mean.value - 1 | fabs) < 0.05 and
	(.[0].joules_per_token / .[1].figures.energy_per_token.value - 1 | fabs) < 0.05' \
	"$work/point" "$work/got" >"$work/said"
result $? "a rate has the TPOT and the energy of a run within 5 %"
search --model llama-3.1-8b --devices 2 --dp 2 --trace "$work/trace.csv" --best throughput --json
grep best-throughput "$work/out" | cmp - "$work/point" >"$work/said"
result $? "a trace means its lengths and its rate"

big="--model llama-3.1-405b --devices 64 --input 2000 --output 500"
# shellcheck disable=SC2086
search $big --all --json
result $? "a 405B model on 64 devices is searched"
jq -es '.[0].kind == "settings" and .[0].basis == "modelled" and .[0].layouts == 28 and
	([.[] | select(.kind == "point") | [.tp, .pp, .dp]] | unique | length) == 28' \
	"$work/out" >"$work/said"
result $? "all 28 layouts of 64 devices are there"
jq -es '([.[] | select(.kind == "point" and .useful == "yes")] | max_by(.tokens_per_second)) as $most |
	([.[] | select(.kind == "point" and .useful == "yes")] | min_by(.usd_per_million_tokens)) as $cheap |
	([.[] | select(.kind == "best-throughput")][0].tokens_per_second == $most.tokens_per_second) and
	([.[] | select(.kind == "best-cost")][0].usd_per_million_tokens ==
	 $cheap.usd_per_million_tokens)' "$work/out" >"$work/said"
result $? "the best are the best of all points"
jq -es '[.[] | select(.kind == "point")] as $p | [.[] | select(.kind == "front")] |
	length > 3 and all(. as $f | [$p[] | select(.tokens_per_second > $f.tokens_per_second and
	.tpot_ms <= $f.tpot_ms or .tokens_per_second >= $f.tokens_per_second and
	.tpot_ms < $f.tpot_ms)] | length == 0)' "$work/out" >"$work/said"
result $? "no point beats one of the front"
jq -es '[.[] | select(.kind == "best-throughput")][0].tpot_ms as $t | $t <= 200 and
	[.[] | select(.limit == "slo-tpot")] != [] and
	([.[] | select(.limit == "slo-tpot") | .tpot_ms] | all(. <= 200 and . > 190))' \
	"$work/out" >"$work/said"
result $? "batches go up to the promised TPOT"
cp "$work/out" "$work/whole"
# shellcheck disable=SC2086
search $big --all --json && cmp "$work/out" "$work/whole" >"$work/said"
result $? "the same command gives the same bytes"
# shellcheck disable=SC2086
search $big --split --all --json
result $? "pools are searched"
jq -es '[.[] | select(.kind == "point" and .prefill_devices)] | length > 100 and
	all(.prefill_devices + .devices == 64 and .busy <= 1.0001 and .prefill_busy <= 1.0001 and
	.transfer_ms > 0)' "$work/out" >"$work/said"
result $? "two pools are all devices, and none does more than it can"
jq -es '[.[] | select(.kind == "point" and .prefill_devices) | .prefill_devices] as $pools |
	[1, 2, 4, 8, 16, 32, 48, 56, 60, 62, 63] - $pools == []' "$work/out" >"$work/said"
result $? "pools are powers of two, and all but so many"

search --model llama-3.1-70b --devices 4 --input 500 --output 200 --place search --all --json \
	--tiers tests/data/tiers/hbm-cxl-hbf.ini
jq -es '[.[] | select(.kind == "point") | .weights] | unique | length == 6' "$work/out" >"$work/said"
result $? "weights are tried in each order of three tiers"
search --model llama-3.1-8b --devices 4 --input 500 --output 200 --all --csv
awk -F, 'NR == 1 { n = NF; good = $1 == "kind" } NF != n { good = 0 } $1 == "point" { points++ }
	END { exit !(good && points > 10) }' "$work/out"
result $? "CSV has as many columns in all lines"
search --model llama-3.1-8b --devices 4 --input 500 --output 200 --best tpot,life --front cost,ttft
grep -q '^tpot ' "$work/out" && grep -q '^life ' "$work/out" && ! grep -q '^carbon ' "$work/out" &&
	grep -q '^Front of cost and ttft$' "$work/out" && grep -q '^max-batch .*(default)$' "$work/out"
result $? "text has what was asked for, and states defaults"
search --model llama-3.1-8b --devices 64 --input 500 --output 200 --all
grep -q '^TP64 PP1 DP1 EP1: 32 heads are not divisible by TP 64$' "$work/out"
result $? "a layout that cannot be is there with its reason"

search --model llama-3.1-70b --devices 4 --input 500 --output 200 --all --json \
	--tiers tests/data/tiers/hbm.ini
jq -es '[.[] | select(.kind == "no-room")] | length > 0 and all(.lack_bytes > 0 and
	(.lack_bytes as $l | .reason | contains("lack \($l) bytes") or contains("lacks \($l) bytes")))' \
	"$work/out" >"$work/said"
result $? "a layout without room is there with the bytes it lacks"

# refused STATUS TEXT NAME OPTION...
refused()
{
	local status=$1 text=$2 name=$3 got

	shift 3
	search "$@"
	got=$?
	[ $got = "$status" ] && grep -qE -- "$text" "$work/said" && [ ! -s "$work/out" ]
	result $? "$name"
}

small="--model llama-3.1-8b --input 500 --output 200"
# shellcheck disable=SC2086
{
refused 1 "the nearest lacks [0-9]+ bytes a device: llama-3.1-405b on TP 2" \
	"a model that has no room is refused with the bytes" \
	--model llama-3.1-405b --devices 2 --input 9 --output 9 --tiers tests/data/tiers/hbm.ini
refused 1 "the nearest lacks [0-9]+ bytes a device: .* for KV of one request" \
	"requests that have no room are refused with the bytes" \
	--model llama-3.1-8b --input 16000000 --output 9
refused 1 "no layout keeps .*serves [0-9.]+ requests/s" "a rate that nothing serves is refused" \
	$small --rate 1000000
refused 1 "no layout keeps .*a TPOT of [0-9.]+ ms" "an SLO that nothing keeps is refused" \
	$small --slo-tpot 1
refused 2 "cannot be laid out as asked: TP 7 .*32 heads are not divisible by TP 7" \
	"heads that cannot be divided are refused" $small --devices 7 --tp 7
refused 2 "cannot be laid out as asked: --tp x --pp x --dp" "another number of devices is refused" \
	$small --devices 8 --tp 3
refused 2 "leave --input and --output" "two loads are refused" $small --trace "$work/trace.csv"
refused 2 "--trace, or --input and --output, is needed" "half a load is refused" \
	--model llama-3.1-8b --input 5
refused 2 "--model is needed" "no model is refused" --input 5 --output 5
refused 2 "\"0\" is no length" "an empty prompt is refused" $small --input 0
refused 2 "--rate is \"fast\"" "a rate that is none is refused" $small --rate fast
refused 2 "did you mean 'energy'" "a misspelt metric is refused" $small --best energie
refused 2 "name two metrics" "a front of one metric is refused" $small --front tpot
refused 2 "give file or search" "a place that is none is refused" $small --place anywhere
refused 2 "--split needs answers of two tokens" "a split without further tokens is refused" \
	--model llama-3.1-8b --devices 2 --input 5 --output 1 --split
refused 2 "--split needs two devices" "a split of one device is refused" $small --split
refused 2 "no 'none' among the systems" "unknown tiers are refused" $small --tiers none
}
echo "1..$number"
