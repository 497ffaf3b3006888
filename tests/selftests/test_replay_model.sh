#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The same trace, model, tiers and seed through terrace replay on the device and through terrace-sim
# run --replay by the model alone: the same requests and hits, bytes by tier and class, energy, wear
# and times, to the last digit. With dense models and mixtures, with and without shared prefixes,
# with all policies, with KV on flash, worn flash and a write budget that is used up.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
nvme=/dev/nvme0n1
data=tests/data

# shellcheck disable=SC2317
cleanup()
{
	terrace tier unload >/dev/null 2>&1
	rm -rf "$work"
}
trap cleanup EXIT

# Projections of a report. What is measured on this host, only the device can have; what does not
# exist, as the life of memory that nothing was written to, is "none".
modelled='del(.simulated) | walk(if type == "object"
	then with_entries(select(.value | (type == "object" and .basis == "measured") | not))
	else . // "none" end)'
hits='.requests, [.figures | .prefix_cached_share, .rank0_share | .value]'
bytes='[.tier[] | [.name, .figures.served_bytes.value, .figures.load_bytes.value, [.class[] |
	[.class, (.figures | .read_bytes, .write_bytes, .moved_in_bytes, .moved_out_bytes |
		.value)]]]]'
energy='[.figures.memory_energy.value, .figures.total_energy.value, [.tier[] | [.name,
	.figures.idle_energy.value, .figures.migration_energy.value,
	[.class[] | [.class, .figures.access_energy.value]]]]]'
wear='[.tier[] | select(.figures | has("pe_cycles")) | [.name, (.figures | .written_bytes.value,
	.media_bytes.value, .pe_cycles.value, (.write_amplification.value // "none"),
	((.lifetime // .lifetime_extrapolated).value // "none"))]]'

# same PROJECTION NAME: both reports have all of it, and the same
same()
{
	jq -S "$1" "$work/device" >"$work/one" && jq -S "$1" "$work/model" >"$work/other" &&
		jq -se '[.. | scalars] | length > 0 and (index(null) | not)' "$work/one" \
			>"$work/said" &&
		diff "$work/one" "$work/other" >"$work/said"
	result $? "$2"
}

# has FILTER NAME: it is true for the device's report, so that there was something to compare
has()
{
	jq -e "$1" "$work/device" >"$work/said" 2>&1
	result $? "$2"
}

# both NAME TRACE MODEL TIERS [OPTION...]: run them and compare what does not wear
both()
{
	local name=$1
	local common=(--trace "$2" --model "user/models/$3.json" --tiers "$4" --json "${@:5}")

	terrace replay "${common[@]}" >"$work/device" 2>"$work/said"
	result $? "$name: on the device"
	terrace-sim run --replay "${common[@]}" >"$work/model" 2>"$work/said"
	result $? "$name: by the model"
	same "$hits" "$name: same requests and hits"
	same "$bytes" "$name: same bytes by tier and class"
	same "$energy" "$name: same energy"
}

# all NAME TRACE MODEL TIERS [OPTION...]: both, and everything else that is modelled
all()
{
	both "$@"
	same "$modelled" "$1: and so is all that is modelled"
}

# worn NAME TRACE MODEL TIERS [OPTION...]: all, with a tier that wears
worn()
{
	all "$@"
	same "$wear" "$1: same wear"
}

# tiers FILE HBM_BYTES HBF_BYTES [LINE...]: HBM and HBF of memory, both for KV too; lines are HBF's
tiers()
{
	cat - <(printf '%s\n' "${@:4}") >"$work/$1" <<-EOT
		[device]
		scale = 1024
		[accelerator]
		peak_flops = 989e12
		efficiency_permille = 500
		idle_watts = 70
		active_watts = 700
		[tier hbm0]
		profile = hbm4
		backing = mem:0
		rank = 0
		classes = weights kv context activation
		capacity_bytes = $2
		[tier hbf0]
		profile = hbf-ma-patterson
		backing = mem:1
		rank = 1
		classes = weights kv context
		capacity_bytes = $3
	EOT
}

echo "TAP version 13"
# Prompts that begin alike, some at the same time and some after the others' answers; the last one a
# day later, when retention is over and the life of flash can be told.
cat >"$work/shared.jsonl" <<'EOT'
{"timestamp": 0, "input_length": 2048, "output_length": 6, "hash_ids": [1, 2, 3, 4]}
{"timestamp": 0, "input_length": 2500, "output_length": 9, "hash_ids": [1, 2, 5, 6, 7]}
{"timestamp": 0, "input_length": 3000, "output_length": 5, "hash_ids": [1, 2, 3, 8, 9, 10]}
{"timestamp": 5, "input_length": 1900, "output_length": 7, "hash_ids": [11, 12, 13, 14]}
{"timestamp": 6000, "input_length": 4096, "output_length": 6, "hash_ids": [1, 2, 3, 4, 15, 16, 17, 18]}
{"timestamp": 6000, "input_length": 1500, "output_length": 8, "hash_ids": [11, 12, 19]}
{"timestamp": 6300, "input_length": 2560, "output_length": 4, "hash_ids": [1, 2, 5, 6, 20]}
{"timestamp": 6400, "input_length": 3584, "output_length": 6, "hash_ids": [21, 22, 23, 24, 25, 26, 27]}
{"timestamp": 90000000, "input_length": 2048, "output_length": 5, "hash_ids": [1, 2, 3, 28]}
EOT

all "dense, HBM" "$work/shared.jsonl" llama-3.1-8b $data/tiers/hbm.ini
has '.requests.cached_tokens > 0' "prefixes were shared"
worn "mixture, by class over HBM, CXL and HBF" "$work/shared.jsonl" qwen3-30b-a3b \
	$data/tiers/hbm-cxl-hbf.ini --policy class
has '[.tier[] | select(.class | length > 0)] | length > 1' "several tiers were used"
all "mixture, another seed" $data/traces/azure2023-conv-100.csv qwen3-30b-a3b \
	$data/tiers/hbm-cxl.ini --policy lru --limit 1 --seed 7 --dtype fp8 --scale 4096
has '.requests.cached_tokens == 0' "no prefix was shared"

# KV in 15 extents of HBM, the rest of it beside the weights on HBF.
tiers spill.ini 1.1e9 18.5e9
for policy in static lru class; do
	worn "dense, KV spills to HBF, $policy" "$work/shared.jsonl" llama-3.1-8b \
		"$work/spill.ini" --policy $policy
	has '.tier[1] | .figures.written_bytes.value > 0 and .figures.lifetime.value > 0 and
		any(.class[]; .class == "kv" and .figures.write_bytes.value > 0)' \
		"KV has worn HBF out"
done
has '.figures.migrated_bytes.value > 0' "extents moved"

# Of two cycles the load takes one, after which two more sensings are needed. And half a GB of a class
# may be written there a day, which less than what would move takes up.
tiers worn.ini 1.1e9 64e9 'endurance_cycles = 2' 'waf_permille = 2000' 'lifetime_s = 3.7e6'
for policy in lru class; do
	worn "mixture, worn HBF and a write budget, $policy" "$work/shared.jsonl" qwen3-30b-a3b \
		"$work/worn.ini" --policy $policy
	has '.tier[1].figures.write_amplification.value == 2' "HBF was written twice over"
	[ $policy = class ] || kept=$(jq .figures.migrations.value "$work/device")
done
tiers worn.ini 1.1e9 64e9 'endurance_cycles = 2' 'waf_permille = 2000' 'lifetime_s = 0'
terrace-sim run --replay --json --trace "$work/shared.jsonl" --model qwen3-30b-a3b \
	--tiers "$work/worn.ini" --policy lru >"$work/device" 2>"$work/said"
has ".figures.migrations.value > $kept and $kept > 0" "without the budget more would have moved"

# On a block device wear is what was programmed, and when that happens is the landing pool's affair.
dd if=/dev/zero of=$nvme bs=4096 count=1 conv=notrunc status=none
terrace tier format $nvme >"$work/said" 2>&1
result $? "the NVMe device is formatted"
both "dense, HBF on a block device" "$work/shared.jsonl" llama-3.1-8b \
	$data/tiers/hbm-cxl-nvme.ini
same '[.figures | .time, .busy_time, .busy_time_serial, .compute_time, .load_time, .ttft_p50,
	.tpot_p99 | .value]' "dense, HBF on a block device: same times"
echo "1..$number"
