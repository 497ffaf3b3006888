#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Benchmarks with llama.cpp, unmodified, and a mixture of experts: against the page cache where
# memory is short, and against itself where it is not. Medians of runs in turns, in one guest.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
nvme=/dev/nvme0n1
runs=${TERRACE_BENCH_RUNS:-3}
export DM_DISABLE_UDEV=1	# there is none in the guest
group=/sys/fs/cgroup/terrace-bench
# shellcheck source=tests/selftests/llama.sh
. tests/selftests/llama.sh

# shellcheck disable=SC2317
cleanup()
{
	terrace tier unload >/dev/null 2>&1
	umount "$work/files" 2>/dev/null
	for device in files flash; do
		dmsetup remove $device 2>/dev/null
	done
	rmdir $group 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT

fail()
{
	echo "${0##*/}: $*" >&2
	tail -n 3 "$work/said" >&2
	exit 1
}

# speed COMMAND...: tokens per second of the client that COMMAND runs
speed()
{
	text told "$tokens" "$@" || fail "the client failed under: $*"
	cmp -s "$work/told" "$work/right" || fail "the story is wrong under: $*"
	sed -n 's/.* eval time = .*, *\([0-9.]*\) tokens per second.*/\1/p' "$work/said" |
		tail -n 1
}

median()
{
	sort -n "$1" | sed -n "$(($(wc -l <"$1") / 2 + 1))p"
}

# figure NAME CONDITIONS: of the runs in $work/ours and $work/peer
figure()
{
	jq -cn --arg name "$1" --arg conditions "$2" --argjson ours "$(median "$work/ours")" \
		--argjson peer "$(median "$work/peer")" '{name: $name, ours: $ours, peer: $peer,
		ratio: ($ours / $peer * 1000 | round / 1000), unit: "tokens/s",
		conditions: $conditions}'
	rm "$work/ours" "$work/peer"
}

# Two devices of one: files for the page cache, and a tier.
split_device()
{
	echo "0 2097152 linear $nvme 0" | dmsetup create files &&
		echo "0 2097152 linear $nvme 2097152" | dmsetup create flash &&
		dd if=/dev/zero of=/dev/mapper/flash bs=4096 count=1 conv=notrunc status=none &&
		terrace tier format /dev/mapper/flash && mkfs.ext4 -q /dev/mapper/files &&
		mkdir "$work/files" && mount /dev/mapper/files "$work/files" &&
		echo +memory >/sys/fs/cgroup/cgroup.subtree_control && mkdir -p $group
}

# vs_page_cache NAME TOKENS OPTION...: the model, on the device, with memory for half of it; the
# client itself needs a part of that, at most 24 MiB
vs_page_cache()
{
	local name=$1 tokens=$2 bytes run
	shift 2

	bytes=$(stat -c %s "$model")
	landing=$(((bytes / 2 - (24 << 20)) >> 21 << 21))
	load_tiers blk:/dev/mapper/flash || fail "no tiers"
	echo $((bytes / 2)) >$group/memory.max || fail "there is no memory controller"
	text right "$tokens" env || fail "the client does not run"
	for ((run = 0; run < runs; run++)); do
		echo 3 >/proc/sys/vm/drop_caches
		(echo 0 >$group/cgroup.procs && speed terrace run --weights hbf0 "$@" --) \
			>>"$work/ours" || exit 1
		echo 3 >/proc/sys/vm/drop_caches
		(echo 0 >$group/cgroup.procs && speed env) >>"$work/peer" || exit 1
	done
	figure "$name" "model of $((bytes >> 20)) MiB, memory.max half of it, of that $((landing >> 20)) MiB of landing pool, device of ${TERRACE_VM_FLASH_BPS:-0} B/s, $tokens tokens, median of $runs"
	terrace tier unload >/dev/null
}

overhead()
{
	local tokens=200 run

	model=$work/moe.gguf
	cp build/clients/moe.gguf "$model"
	text right $tokens env || fail "the client does not run"
	cat >"$work/tiers.ini" <<-END
		[device]
		scale = 1
		[tier hbm0]
		profile = hbm4
		capacity_bytes = 268435456
		backing = mem:0
		rank = 0
		classes = weights kv context activation
	END
	terrace tier load "$work/tiers.ini" >"$work/said" 2>&1 || fail "no tier"
	for ((run = 0; run < runs; run++)); do
		speed terrace run -- >>"$work/ours"
		speed env >>"$work/peer"
	done
	figure llama_overhead "MoE of 162 MiB, all in rank 0, $tokens tokens, median of $runs"
}

split_device >"$work/said" 2>&1 || fail "the device cannot be split"
model=$work/files/moe.gguf
# 4 of 256 experts, as the tests have it: half of the model holds most of what is read
cp build/clients/moe.gguf "$model"
vs_page_cache llama_vs_page_cache_4_of_256 100
# 8, as DeepSeek-V3 and Qwen3 have it, and 32, for which half of the model is not enough
for experts in 8 32; do
	build/clients/make_moe tests/data/clients/stories260K.gguf "$model" 256 $experts
	vs_page_cache llama_vs_page_cache_${experts}_of_256 $((experts == 8 ? 100 : 30))
done
overhead
