#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The main job: two models on a slice of a real request trace over three sets of tiers, of which one
# backs HBF by the guest's NVMe device. Prints one table and sentences that its figures make.

set -euo pipefail
usage="usage: tests/vm/run user/examples/demo.sh [REQUESTS]
Replays REQUESTS (6) requests of the conversation trace and compares the tiers."

case ${1-6} in
*[!0-9]* | '' | 0) echo "$usage" >&2; exit 2 ;;
esac
requests=${1-6}
flash=/dev/nvme0n1
[ -d /run/terrace-vm ] ||
	{ echo "demo.sh formats $flash and runs in the test guest only: $usage" >&2; exit 2; }
data=$(dirname "$0")/../../tests/data
trace=$data/traces/conversation-120.jsonl
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# replay MODEL TIERS POLICY: one run, its report in $out/MODEL-TIERS.json
replay()
{
	echo "replaying $requests requests on $1, tiers $2, policy $3 ..." >&2
	terrace replay --trace "$trace" --model "user/models/$1.json" \
		--tiers "$data/tiers/$2.ini" --policy "$3" --limit "$requests" --json \
		>"$out/$1-$2.json"
}

# An earlier run in the same guest has formatted it: its wear goes on.
said=$(terrace tier format $flash 2>&1) || grep -q 'a format of Terrace' <<<"$said" ||
	{ echo "$said" >&2; exit 1; }
for model in llama-3.1-8b qwen3-30b-a3b; do
	replay $model hbm static
	replay $model hbm-cxl lru
	replay $model hbm-cxl-nvme class
done

# figure MODEL TIERS FILTER
figure()
{
	jq -r "$3" "$out/$1-$2.json"
}

# row MODEL TIERS: a line of the table
row()
{
	# shellcheck disable=SC2016 # $f is a variable of jq
	figure "$1" "$2" '.figures as $f | [.policy, $f.tokens_per_second.value,
		1000 * $f.ttft_p50.value, 1000 * $f.tpot_p50.value, 100 * $f.rank0_share.value,
		$f.migrations.value, $f.memory_energy_per_token.value,
		$f.total_energy_per_token.value, .requests.kv_blocks * 512 / 1000] | @tsv' |
	while read -r policy tps ttft tpot share moves memory total room; do
		printf '%-14s %-12s %-7s %9.1f %9.1f %9.2f %7.1f %6d %8.3f %8.3f %9.0f\n' \
			"$1" "$2" "$policy" "$tps" "$ttft" "$tpot" "$share" "$moves" "$memory" \
			"$total" "$room"
	done
}

echo
echo "modelled by the tiers' profiles, reads and writes declared by access records, every byte checked"
printf '%-14s %-12s %-7s %9s %9s %9s %7s %6s %8s %8s %9s\n' \
	model tiers policy tokens/s 'TTFT ms' 'TPOT ms' 'rank0 %' moves 'mem J/t' 'all J/t' 'KV ktok'
for model in llama-3.1-8b qwen3-30b-a3b; do
	for tiers in hbm hbm-cxl hbm-cxl-nvme; do
		row $model $tiers
	done
done
echo "TTFT, TPOT: p50. rank0: share of bytes served by the fastest tier. J/t: joules per token, of"
echo "the memory and of all. KV ktok: thousand tokens of KV that fit beside the weights."

# ratio A B
ratio()
{
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

tps='.figures.tokens_per_second.value'
joules='.figures.memory_energy_per_token.value'
room='.requests.kv_blocks'
q=qwen3-30b-a3b
l=llama-3.1-8b
echo
echo "CXL behind HBM holds $(ratio "$(figure $q hbm-cxl $room)" "$(figure $q hbm $room)") times the KV of" \
	"$q at $(ratio "$(figure $q hbm-cxl $tps)" "$(figure $q hbm $tps)") times the tokens per second:" \
	"lru keeps what is used in HBM."
echo "Weights on HBF leave HBM to the KV but stream from one stack: tokens per second are" \
	"$(ratio "$(figure $l hbm-cxl-nvme $tps)" "$(figure $l hbm $tps)") (dense $l) and" \
	"$(ratio "$(figure $q hbm-cxl-nvme $tps)" "$(figure $q hbm $tps)") (sparse $q) times those of HBM alone."
echo "They cost $(ratio "$(figure $l hbm-cxl-nvme $joules)" "$(figure $l hbm $joules)") and" \
	"$(ratio "$(figure $q hbm-cxl-nvme $joules)" "$(figure $q hbm $joules)") times the memory energy per" \
	"token."

# hbf MODEL FIGURE: of the tier on flash
hbf()
{
	figure "$1" hbm-cxl-nvme ".tier[] | select(.name == \"hbf0\").figures.$2.value"
}

# programmed MODEL: what its sealed weights cost the flash
programmed()
{
	local sealed written

	sealed=$(hbf "$1" flash_sealed_bytes)
	written=$(hbf "$1" flash_programmed_bytes)
	[ "$written" -le "$sealed" ] ||
		{ echo "$1: flash was written more than once for a sealed byte" >&2; exit 1; }
	echo "$written of the $sealed bytes"
}

dense=$(programmed $l)
sparse=$(programmed $q)
echo "The NVMe device that stands for HBF was programmed at most once for each sealed byte: $dense of" \
	"$l and $sparse of $q."
echo "$(jq -s 'map(.figures.checked_bytes.value) | add' "$out"/*.json) bytes were read and checked, none" \
	"was wrong."
