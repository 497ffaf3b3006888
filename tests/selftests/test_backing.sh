#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# blk:UUID in tier files: the device is found whatever it is called, and only when there is one.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
# shellcheck source=tests/selftests/flash.sh
. tests/selftests/flash.sh
daemon=
backing=/sys/class/misc/terrace/tiers/hbf0/backing
nobody=0d4e8a3c-5f0b-4a53-9a37-3f2b8c1d7e60
modprobe -q loop
# shellcheck disable=SC2317
cleanup()
{
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null
	wait
	terrace tier unload >/dev/null 2>&1
	dmsetup remove backing 2>/dev/null
	losetup -D
	rm -rf "$work"
}
trap cleanup EXIT

# attach FILE: a loop device of it
attach()
{
	losetup -f --show "$1" || echo "Bail out! no loop device"
}

# tier_file BACKING: HBM, an expander, and HBF on that backing
tier_file()
{
	sed "s|^backing = blk:.*|backing = $1|; s/^landing_bytes = .*/landing_bytes = 67108864/" \
		tests/data/tiers/hbm-cxl-nvme.ini >"$work/tiers.ini"
	echo "$work/tiers.ini"
}

# found_on DEVICE: whether the tier that is online is on that device
found_on()
{
	cat "$backing" >>"$work/said"
	[ "$(cat "$backing")" = "blk:${1#/dev/}" ]
}

# comes_up NAME UUID DEVICE: the tier file comes online on DEVICE; and goes down
comes_up()
{
	terrace tier load "$(tier_file "blk:$2")" >"$work/said" 2>&1 && found_on "$3"
	result $? "$1"
	terrace tier unload >/dev/null
}

# refused NAME UUID PATTERN: one sentence with the pattern, and no tier is left
refused()
{
	! terrace tier load "$(tier_file "blk:$2")" >"$work/said" 2>&1 &&
		[ "$(wc -l <"$work/said")" = 1 ] && grep -qE "$3" "$work/said" &&
		[ -z "$(ls /sys/class/misc/terrace/tiers)" ]
	result $? "$1"
}

# uuid_of DEVICE: format it
uuid_of()
{
	terrace tier format "$1" | sed -n 's/.*UUID //p'
}

echo "TAP version 13"
# neither large enough for a format nor for a page
truncate -s 512 "$work/sector"
attach "$work/sector" >/dev/null
truncate -s 600M "$work/one" "$work/two"
one=$(attach "$work/one")
two=$(attach "$work/two")
first=$(uuid_of "$one")
second=$(uuid_of "$two")
[ -n "$first" ] && [ -n "$second" ] && [ "$first" != "$second" ]
result $? "two devices have two UUIDs"
comes_up "the first is found" "$first" "$one"
comes_up "the second is found" "$second" "$two"
comes_up "in capitals as well" "${second^^}" "$two"

# the other way round, as after a boot that found them in another order
losetup -d "$one"
losetup -d "$two"
exchanged=$(attach "$work/two")
[ "$exchanged" = "$one" ] || echo "# the devices did not change places: $exchanged"
one_again=$(attach "$work/one")
comes_up "the first under another name" "$first" "$one_again"
comes_up "the second under another name" "$second" "$exchanged"

refused "a UUID of no device" $nobody \
	"tier hbf0 .*of [0-9]+ block devices has the UUID $nobody: attach .*'terrace tier format'.*blk:PATH"
refused "no UUID" nvme0n1 "tiers.ini:[0-9]+: backing is 'blk:nvme0n1'.*blk:UUID"

cp --sparse=always "$work/one" "$work/clone"
clone=$(attach "$work/clone")
refused "a cloned disk" "$first" \
	"UUID $first is on ($one_again and $clone|$clone and $one_again): detach the copies.*blk:PATH"
comes_up "the other is not concerned" "$second" "$exchanged"
terrace tier load "$(tier_file "blk:$clone")" >"$work/said" 2>&1 && found_on "$clone"
result $? "a path says which of them is meant"
terrace tier unload >/dev/null
# a clone with a byte changed has no superblock that counts
printf x | dd of="$clone" bs=1 seek=60 conv=notrunc status=none
sync "$clone"
comes_up "a broken superblock is none" "$first" "$one_again"
losetup -d "$clone"
comes_up "the clone detached" "$first" "$one_again"

modprobe -q dm-mod
sectors=$(blockdev --getsz "$one_again")
if dmsetup create backing --table "0 $sectors linear $one_again 0" 2>"$work/said"; then
	mapped=/dev/$(dmsetup info -c --noheadings -o blkdevname backing)
	comes_up "the holder of a device, not the device" "$first" "$mapped"
	dmsetup remove backing
	dmsetup create backing --table "0 131072 error" 2>"$work/said"
	comes_up "beside a device that cannot be read" "$first" "$one_again"
	refused "what could not be read is said" $nobody "1 could not be read: Input/output error"
	dmsetup remove backing
else
	for name in "the holder of a device, not the device" \
		"beside a device that cannot be read" "what could not be read is said"; do
		number=$((number + 1))
		echo "ok $number - $name # SKIP $(head -n 1 "$work/said")"
	done
fi

terrace replay --trace tests/data/traces/conversation-120.jsonl \
	--model user/models/llama-3.1-8b.json --tiers "$(tier_file "blk:$second")" \
	--policy class --limit 1 --json >"$work/report" 2>"$work/said" &&
	[ "$(jq .requests.finished "$work/report")" = 1 ]
result $? "terrace replay finds it too"

terraced --tiers "$(tier_file "blk:$second")" >"$work/said" 2>&1 &
daemon=$!
while kill -0 $daemon 2>/dev/null && [ ! -e "$backing" ]; do
	sleep 0.2
done
found_on "$exchanged"
result $? "terraced finds it too"
kill $daemon
wait $daemon
daemon=
terrace tier unload >/dev/null
terraced --tiers "$(tier_file blk:$nobody)" >"$work/said" 2>&1
[ $? = 1 ] && grep -q "has the UUID $nobody" "$work/said"
result $? "terraced says what it did not find"
echo "1..$number"
