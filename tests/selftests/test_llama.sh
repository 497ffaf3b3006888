#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# llama.cpp, unmodified, with a mixture of experts whose weights are on a tier of flash: what it
# computes is what it computes without Terrace, to the bit.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
flash=/dev/mapper/llama
export DM_DISABLE_UDEV=1	# there is none in the guest
# shellcheck source=tests/selftests/flash.sh
. tests/selftests/flash.sh
# shellcheck source=tests/selftests/llama.sh
. tests/selftests/llama.sh

# shellcheck disable=SC2317
cleanup()
{
	terrace tier unload >/dev/null 2>&1
	dmsetup remove llama 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT

# said PATTERN: how many lines of the last run match
said()
{
	grep -cE "$1" "$work/said"
}

# charged TIER CLASS: modelled bytes read in the last run
charged()
{
	report "[.ledger[] | select(.tier == \"$1\" and .class == \"$2\") | .model_read_bytes] | add // 0"
}

# run_on NAME [OPTION...]: logits with weights on hbf0
run_on()
{
	local name=$1
	shift
	logits with terrace run --weights hbf0 --report "$work/report" "$@" --
	same without with "$name: the logits are the same"
}

echo "TAP version 13"
cp build/clients/moe.gguf "$model"
logits without env
result $? "the client runs without Terrace"
text plain 60 env
result $? "and tells a story"
tokens=384	# of the story, in whole contexts

load_tiers mem:1
result $? "a tier of flash in memory"
run_on "in memory, every step observed" --sample 1
steps=$(report '.prefill.steps + .decode.steps')
[ "$steps" = $tokens ]
result $? "a step for each of the $tokens ubatches ($steps)"
[ "$(report .charging)" = '"observed"' ] && [ "$(charged hbf0 weights)" -gt 0 ] &&
	[ "$(charged hbm0 weights)" = 0 ] && [ "$(charged hbm0 kv)" -gt 0 ]
result $? "weights are charged to flash, the KV cache to the fast tier"
touched=$(charged hbf0 weights)
# a page of the modelled flash has 1 MiB, and an extent lies in one
[ "$touched" -lt $((tokens * expert_bytes)) ] && [ "$touched" -gt $((tokens * 20 * 1048576)) ]
result $? "fewer than all experts, $((touched / tokens / 1048576)) MiB of flash pages a token"
[ "$(report '.decode.flops + .prefill.flops')" -gt $((tokens * 2 * 260000)) ]
result $? "with the FLOPs of more than the dense model"
run_on "in memory, sampled"
[ "$(report .charging)" = '"sampled"' ]
result $? "as its report says"
run_on "in large extents" --extent 2MiB
for mode in none mmap mlock mmap+mlock dio; do
	options=(-lm "$mode")
	text told 60 terrace run --weights hbf0 --report "$work/report" --
	same plain told "load mode $mode: the story is the same"
	[ "$(charged hbf0 weights)" -gt 0 ]
	result $? "load mode $mode: from the tier"
done
options=()
terrace tier unload >/dev/null

# a part of the device, so that it is known where weights can be; an earlier test may have used it
echo "0 $((400 << 11)) linear /dev/nvme0n1 0" | dmsetup create llama
dd if=/dev/zero of=$flash bs=4096 count=1 conv=notrunc status=none
terrace tier format $flash >"$work/said" 2>&1 && load_tiers blk:$flash
result $? "a tier of flash on an NVMe device, with a landing pool smaller than the model"
run_on "on NVMe"
programmed=$(cat /sys/class/misc/terrace/tiers/hbf0/flash_programmed_bytes)
[ "$programmed" -ge $expert_bytes ] && [ "$programmed" -lt $((expert_bytes + 1048576)) ]
result $? "every weight was programmed once, and no zeroes were"
[ "$(($(cat /sys/class/misc/terrace/tiers/hbf0/major_faults) +
	$(cat /sys/class/misc/terrace/tiers/hbf0/readaheads)))" -gt 1000 ]
result $? "and weights were read back"

# killed in the middle, and again
logits killed terrace run --weights hbf0 -- &
until_computing
pkill -KILL -f bin/llama-perplexity
wait
for ((n = 0; n < 100; n++)); do
	[ "$(terrace buffers --json | jq length)" != 0 ] || break
	sleep 0.1
done
[ "$(terrace buffers --json | jq length)" = 0 ]
result $? "killed in the middle, it leaves no buffer"
run_on "and again"

# from now on a bit is wrong in every block
logits broken terrace run --weights hbf0 -- &
until_computing
pkill -STOP -f bin/llama-perplexity
perl -e 'open(F, "+<", $ARGV[0]) or die; binmode F;
	for ($at = (8 << 20) + 4321; $at < (400 << 20); $at += 65536) {
		sysseek(F, $at, 0); sysread(F, $byte, 1); sysseek(F, $at, 0);
		syswrite(F, chr(ord($byte) ^ 16)) or die; }' $flash
result $? "bits are flipped on the device"
sync $flash
pkill -CONT -f bin/llama-perplexity
wait $!
status=$?
size=$(stat -c %s "$work/broken")
[ $status != 0 ] && [ "$size" -lt "$(stat -c %s "$work/without")" ] &&
	cmp -s -n "$size" "$work/without" "$work/broken"
result $? "a flipped bit on flash ends in an error, never in other logits (status $status)"
terrace tier unload >/dev/null
echo "1..$number"
