#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The example decoder on real tiers: wherever its weights and its KV cache are, however it is
# charged, and without a device, its text is the reference client's; what it says it read is what
# the model's shapes ask for.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
model=tests/data/clients/stories260K.gguf
expected=tests/data/clients/stories260K.txt
sysfs=/sys/class/misc/terrace/tiers/hbf0
nvme=/dev/nvme0n1
# steps: 5 tokens of the prompt and 160 more, of which the last is only printed
steps=164
# bytes of a step: all tensors, but of the 512 rows of the embedding one
weights=$((1171200 - 512 * 256 + 256))
# K and V of 32 elements in 5 layers, two bytes each
kv=$((2 * 32 * 5 * 2))
scale=1024
running=
# shellcheck source=tests/selftests/flash.sh
. tests/selftests/flash.sh

# shellcheck disable=SC2317
cleanup()
{
	[ -z "$running" ] || kill "$running" 2>/dev/null
	wait
	terrace tier unload >/dev/null 2>&1
	rm -rf "$work"
}
trap cleanup EXIT

# write MODEL [OPTION]...: a text to $work/text, its figures to $work/said
write()
{
	decoder "$1" -p "Once upon a time" -n 160 --ignore-eos --stats "${@:2}" \
		>"$work/text" 2>"$work/said"
}

# same NAME MODEL [OPTION]...: the text is the reference client's
same()
{
	write "${@:2}" && cmp "$work/text" $expected >>"$work/said" 2>&1
	result $? "$1: the text is the same"
}

# says NAME PATTERN: the figures have a line that is all of an extended regular expression
says()
{
	grep -qxE -- "$2" "$work/said"
	result $? "$1"
}

# charged NAME CHARGING RECORDS: every step was, and no record was refused
charged()
{
	says "$1: $steps steps are $2" "charging: $2, $steps steps, $3 records, 0 rejected, .*"
	says "$1: 5 tokens are prefilled" 'prefill: 5 tokens, .* here, .* modelled'
	says "$1: 159 tokens are decoded" 'decode: 159 tokens, .* here, .* modelled'
}

# only NAME TIER CLASS: no other tier has a line for the class
only()
{
	! grep -E "^[a-z0-9]+ $3: " "$work/said" | grep -qv "^$2 "
	result $? "$1: $3 is on $2 alone"
}

# refused NAME STATUS PATTERN ARGUMENT...: one sentence on standard error and nothing else
refused()
{
	decoder "${@:4}" >"$work/text" 2>"$work/said"
	[ $? = "$2" ] && [ ! -s "$work/text" ] && grep -qE -- "$3" "$work/said"
	result $? "$1"
}

load()
{
	terrace tier load "$1" >"$work/said" 2>&1
	result $? "tiers of ${1##*/}"
}

# --- without a device ---

# plain NAME COMMAND...: one line says that memory is plain, and the text is the same
plain()
{
	"${@:2}" decoder $model -p "Once upon a time" -n 160 --ignore-eos \
		>"$work/text" 2>"$work/said"
	cmp -s "$work/text" $expected && [ "$(wc -l <"$work/said")" = 1 ] &&
		grep -qE '^decoder: .*/dev/terrace.*; going on in plain memory$' "$work/said"
	result $? "$1: the text is the same"
}

echo "TAP version 13"
# shellcheck disable=SC2016 # of the other shell
plain "no device" unshare -m bash -c 'mount -t tmpfs none /dev && exec "$@"' bash
plain "no permission" setpriv --reuid 65534 --regid 65534 --clear-groups
same "--plain" $model --plain
[ "$(wc -l <"$work/said")" = 2 ] && ! grep -q modelled "$work/said"
result $? "--plain: nothing is modelled"
refused "a device without tiers is an error" 1 'load a tier file' $model

# --- tiers of memory ---

load tests/data/tiers/hbm-cxl.ini
same "weights on CXL" $model --weights cxl0 --kv hbm0
charged "weights on CXL" declared '[1-9][0-9]*'
only "weights on CXL" cxl0 weights
only "weights on CXL" hbm0 kv
says "weights on CXL: they are read once a step" \
	"cxl0 weights: $((weights * steps * scale)) bytes read, 0 written, modelled"
says "weights on CXL: KV is written once a step" \
	"hbm0 kv: [0-9]+ bytes read, $((kv * steps * scale)) written, modelled"
same "KV on CXL" $model --weights hbm0 --kv cxl0 --extent 4KiB
charged "KV on CXL" declared '[1-9][0-9]*'
only "KV on CXL" cxl0 kv
# position n reads n + 1
rows=$((steps * (steps + 1) / 2))
says "KV on CXL: what was written before is read in each step" \
	"cxl0 kv: $((kv * rows * scale)) bytes read, .*"
same "observed" $model --weights cxl0 --kv hbm0 --observe
charged "observed" observed 0
only "observed" cxl0 weights
same "paced" $model --pace 0.5
charged "paced" declared '[1-9][0-9]*'
refused "an unknown tier" 1 'tier "hbm9" is not online; online are hbm0, cxl0' $model --weights hbm9
same "the placement rule" $model
terrace tier unload >/dev/null
load tests/data/tiers/hbm-cxl-hbf.ini
same "weights on HBF of memory" $model --weights hbf0 --kv hbm0
charged "weights on HBF of memory" declared '[1-9][0-9]*'
only "weights on HBF of memory" hbf0 weights
refused "KV where it must not be" 1 'decoder: .*hbf0|decoder: .*class' $model --kv hbf0

# what others see of it while it runs
decoder $model -n 100000 --ignore-eos --pace 1000 --weights cxl0 >/dev/null 2>"$work/said" &
running=$!
for _ in {1..600}; do
	terrace buffers --json >"$work/buffers"
	[ "$(jq length "$work/buffers")" != 3 ] || break
	kill -0 $running 2>/dev/null || break
	sleep 0.1
done
jq -e 'map(.name) == ["decoder weights", "decoder activation", "decoder kv"] and
	map(.class) == ["weights", "activation", "kv"]' "$work/buffers" >/dev/null
result $? "it has a buffer of each class"
jq -e '.[0] | .sealed_bytes == .bytes and .tier_bytes == {"cxl0": .bytes}' "$work/buffers" \
	>/dev/null
result $? "its weights are sealed"
kill $running
wait $running 2>/dev/null
running=
jq -n -e "$(terrace buffers --json) == []" >/dev/null
result $? "a decoder that was killed leaves nothing"
terrace tier unload >/dev/null

# --- flash ---

# load_flash LANDING_BYTES
load_flash()
{
	sed "s/^landing_bytes = .*/landing_bytes = $1/" tests/data/tiers/hbm-cxl-nvme.ini \
		>"$work/flash.ini"
	load "$work/flash.ini"
}

# filled: extents read from the device, asked for or ahead
filled()
{
	echo $(($(cat $sysfs/major_faults) + $(cat $sysfs/readaheads)))
}

# an earlier test may have used it
dd if=/dev/zero of=$nvme bs=4096 count=1 conv=notrunc status=none
terrace tier format $nvme >"$work/said" 2>&1
result $? "the NVMe device is formatted"
load_flash 58720256
for charging in declare observe; do
	same "weights on NVMe, ${charging}d" $model --weights hbf0 --extent 4KiB --$charging
	only "weights on NVMe, ${charging}d" hbf0 weights
done
says "weights on NVMe: steps are observed" "charging: observed, $steps steps, 0 records, 0 rejected.*"
terrace tier unload >/dev/null

# A tier that is named is meant, also where the rule would move its bytes to faster ones.
cat >"$work/named.ini" <<-END
	[device]
	scale = 1
	[tier fast]
	profile = ddr5
	capacity_bytes = 67108864
	backing = mem:0
	rank = 0
	classes = weights kv context activation
	[tier flash]
	profile = nvme-tlc
	capacity_bytes = 134217728
	backing = blk:$nvme
	landing_bytes = 8388608
	rank = 1
	classes = weights
END
load "$work/named.ini"
same "a slower tier" $model --weights flash --extent 4KiB
only "a slower tier" flash weights
terrace tier unload >/dev/null

# --- experts ---

# The same text from 256 copies of each network, of which a token reads 4.
if [ -x build/clients/make_moe ]; then
	build/clients/make_moe $model "$work/moe.gguf" >"$work/said" 2>&1
	result $? "the model as a mixture of experts"
	# 162 MiB behind 16 MiB
	load_flash 16777216
	for charging in declare observe; do
		before=$(filled)
		same "experts on NVMe, ${charging}d" "$work/moe.gguf" --weights hbf0 --$charging
		only "experts on NVMe, ${charging}d" hbf0 weights
		[ $(($(filled) - before)) -gt 0 ]
		result $? "experts on NVMe, ${charging}d: they come from the device"
		says "experts on NVMe, ${charging}d: those of $steps steps are counted" \
			"experts: [1-9][0-9]* of $((4 * 5 * steps)) were guessed .*"
	done
	[ "$(cat $sysfs/readaheads)" -gt 0 ]
	result $? "experts on NVMe: some were fetched because they were guessed"
	terrace tier unload >/dev/null
else
	number=$((number + 1))
	echo "ok $number - experts on NVMe # SKIP build/clients/make_moe is not built"
fi

# --- what it refuses ---

refused "no model" 2 'a MODEL is missing'
refused "a missing file" 2 'cannot open .*/none.gguf: No such file' "$work/none.gguf"
refused "a folder" 2 'is no regular file' "$work"
refused "any other file" 2 'does not begin with "GGUF"' README.md
head -c 1000000 $model >"$work/short.gguf"
refused "a model that is cut off" 2 'is not within the file.*get the whole file' "$work/short.gguf"
refused "tokens of a model that has its own" 2 'leave --tokenizer out' $model --tokenizer README.md
refused "-n 0" 2 'give a number from 1 to' $model -n 0
refused "--extent of no power of two" 2 'give a power of two from 4KiB to 2MiB' $model --extent 5000
refused "--pace of no number" 2 'give a number from 0 to 1000' $model --pace nan
! decoder $model --plain >/dev/full 2>"$work/said" && grep -q 'cannot write the text' "$work/said"
result $? "a full disk is an error"
echo "1..$number"
