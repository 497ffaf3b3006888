#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace replay with weights on a block device behind a landing pool smaller than they are: every
# byte comes back from flash as it was, and flash is written once for each sealed byte.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
sysfs=/sys/class/misc/terrace/tiers/hbf0
nvme=/dev/nvme0n1
# shellcheck source=tests/selftests/flash.sh
. tests/selftests/flash.sh
# Extents read from the device, asked for or ahead.
filled()
{
	echo $(($(cat $sysfs/major_faults) + $(cat $sysfs/readaheads)))
}

# shellcheck disable=SC2317
cleanup()
{
	terrace tier unload >/dev/null 2>&1
	rm -rf "$work"
}
trap cleanup EXIT

# is VALUE EXPECTED NAME
is()
{
	[ "$1" = "$2" ]
	result $? "$3"
	[ "$1" = "$2" ] || echo "# it is $1, not $2"
}

# load LANDING_BYTES: the tiers come online
load()
{
	sed "s/^landing_bytes = .*/landing_bytes = $1/" tests/data/tiers/hbm-cxl-nvme.ini \
		>"$work/tiers.ini"
	terrace tier load "$work/tiers.ini" >"$work/said" 2>&1
	result $? "tiers with a landing pool of $(($1 >> 20)) MiB"
}

# replay MODEL [OPTION]: to $work/report
replay()
{
	terrace replay --trace "$work/short.jsonl" --model "user/models/$1.json" \
		--tiers "$work/tiers.ini" --policy class "${@:2}" >"$work/report" 2>"$work/said"
	result $? "$1: no byte is wrong"
}

# flash FIGURE: of tier hbf0 in the report
flash()
{
	jq ".tier[] | select(.name == \"hbf0\").figures.$1.value" "$work/report"
}

echo "TAP version 13"
echo '{"timestamp": 0, "input_length": 600, "output_length": 4, "hash_ids": [1, 2]}' \
	>"$work/short.jsonl"
# an earlier test may have used it
dd if=/dev/zero of=$nvme bs=4096 count=1 conv=notrunc status=none
terrace tier format $nvme >"$work/said" 2>&1
result $? "the NVMe device is formatted"

load 8388608
# parameters as published, in BF16 and at scale 1024
for run in llama-3.1-8b:8030261248 qwen3-30b-a3b:30532122624; do
	model=${run%:*}
	weights=$((${run#*:} * 2 / 1024))
	before=$(cat $sysfs/flash_programmed_bytes)
	reads=$(filled)
	replay "$model" --json
	sealed=$(flash flash_sealed_bytes)
	programmed=$(flash flash_programmed_bytes)
	# what the layout adds: parts begin at cache lines, and the last extent is whole
	[ "$sealed" -ge $weights ] && [ "$sealed" -lt $((weights + weights / 100 + 65536)) ] &&
		[ $((sealed % 65536)) = 0 ]
	result $? "$model: $sealed bytes are sealed, for $weights bytes of weights"
	is "$programmed" "$sealed" "$model: each of them was programmed once"
	jq -e '.tier[] | select(.name == "hbf0").figures.flash_writes_per_sealed_byte |
		.value == 1 and .basis == "measured"' "$work/report" >/dev/null
	result $? "$model: as the report says"
	is $(($(cat $sysfs/flash_programmed_bytes) - before)) "$programmed" \
		"$model: the device counted the same"
	[ $(($(filled) - reads)) -ge $((sealed / 65536)) ]
	result $? "$model: they were read back from it"
	jq -e ".figures.checked_bytes | .value >= $weights and .basis == \"measured\"" \
		"$work/report" >/dev/null
	result $? "$model: and all of them were checked"
done
replay llama-3.1-8b
grep -qE '^  flash writes per sealed byte +1 1 ' "$work/report"
result $? "the report for people says it too"
terrace tier unload >/dev/null

# what fits into the landing pool may wait there, but is never written twice
load 67108864
replay llama-3.1-8b --json
[ "$(flash flash_programmed_bytes)" -le "$(flash flash_sealed_bytes)" ]
result $? "with room for all weights none is programmed twice"
jq -e 'all(.tier[] | select(.name != "hbf0"); .figures | has("flash_programmed_bytes") | not)' \
	"$work/report" >/dev/null
result $? "tiers of memory have no such figures"
terrace tier unload >/dev/null
echo "1..$number"
