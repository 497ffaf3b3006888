#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Benchmarks with llama.cpp, unmodified, and a mixture of experts: against the page cache where
# memory is short, and against itself where it is not. Medians of runs in turns, in one guest.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
nvme=/dev/nvme0n1
runs=${TERRACE_BENCH_RUNS:-3}
tokens=${TERRACE_BENCH_TOKENS:-100}
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
		mkfs.ext4 -q /dev/mapper/files && mkdir "$work/files" &&
		mount /dev/mapper/files "$work/files" && cp build/clients/moe.gguf "$work/files/"
}

vs_page_cache()
{
	local run

	split_device >"$work/said" 2>&1 || fail "the device cannot be split"
	dd if=/dev/zero of=/dev/mapper/flash bs=4096 count=1 conv=notrunc status=none
	terrace tier format /dev/mapper/flash >"$work/said" 2>&1 || fail "the device is not formatted"
	landing=$((expert_bytes / 4 / 65536 * 65536)) load_tiers blk:/dev/mapper/flash ||
		fail "no tiers"
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir -p $group
	echo $((expert_bytes / 2)) >$group/memory.max || fail "there is no memory controller"
	model=$work/files/moe.gguf
	for ((run = 0; run < runs; run++)); do
		echo 3 >/proc/sys/vm/drop_caches
		(echo 0 >$group/cgroup.procs && speed terrace run --weights hbf0 --) \
			>>"$work/ours" || exit 1
		echo 3 >/proc/sys/vm/drop_caches
		(echo 0 >$group/cgroup.procs && speed env) >>"$work/peer" || exit 1
	done
	figure llama_vs_page_cache "MoE of 162 MiB, memory.max 81 MiB, ${TERRACE_VM_FLASH_BPS:-0} B/s device, landing pool of 40 MiB charged to it, $tokens tokens, median of $runs"
	terrace tier unload >/dev/null
}

overhead()
{
	local run

	model=$work/moe.gguf
	cp build/clients/moe.gguf "$model"
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

model=build/clients/moe.gguf
text right "$tokens" env || fail "the client does not run"
vs_page_cache
overhead
