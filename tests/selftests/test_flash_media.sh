#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Flash media as hostile input, and wear that outlasts tiers, module and crashes.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
# shellcheck source=tests/selftests/flash.sh
. tests/selftests/flash.sh
modprobe -q loop
sysfs=/sys/class/misc/terrace/tiers/flash
truncate -s 256M "$work/disk"
disk=$(losetup -f --show "$work/disk") || { echo "Bail out! no loop device"; exit 1; }
# shellcheck disable=SC2317
cleanup()
{
	terrace tier unload >/dev/null 2>&1
	losetup -D
	rm -rf "$work"
}
trap cleanup EXIT

# comes_up NAME [DEVICE]
comes_up()
{
	terrace tier load "$(tier_file "${2-$disk}")" >"$work/said" 2>&1
	result $? "$1"
}

# refused NAME PATTERN [DEVICE]
refused()
{
	refuses_to_load "$(tier_file "${3-$disk}")" "$1" "$2"
}

down()
{
	terrace tier unload >"$work/said" 2>&1
	result $? "$1"
}

# is FILE VALUE NAME: what sysfs says of the flash tier
is()
{
	cat "$sysfs/$1" >"$work/said"
	[ "$(cat "$work/said")" = "$2" ]
	result $? "$3"
}

# spoil OFFSET: change a byte of the disk
spoil()
{
	local byte

	byte=$(od -An -tu1 -j "$1" -N 1 "$disk")
	printf '%b' "\\x$(printf %x $((byte ^ 1)))" |
		dd of="$disk" bs=1 seek="$1" conv=notrunc status=none
	blockdev --flushbufs "$disk"
}

echo "TAP version 13"
refused "never formatted" "was never formatted; see 'terrace tier format"
terrace tier format "$disk" >/dev/null
comes_up "formatted"
is flash_programmed_bytes 0 "it was never programmed"
is flash_uncertain_bytes 0 "nothing is uncertain"
refused_busy=$(terrace tier format "$disk" --overwrite "$disk" 2>&1)
grep -q "in use" <<<"$refused_busy"
result $? "an online tier's device is not formatted"
cp --sparse=always "$work/disk" "$work/crashed"
down "and goes down"

spoil 100
refused "a byte of the superblock flipped" "broken; restore it, or format it"
spoil 100
comes_up "flipped back"
down "and down"

# the copies of the wear table: 256 MiB have 127 segments, so each takes 2 pages
spoil $((4096 + 4100))
comes_up "one copy of the wear table broken"
down "and down"
spoil $((4096 + 4100))
spoil $((4096 * 3 + 4100))
refused "both copies broken" "broken; restore it, or format it"

crashed=$(losetup -f --show "$work/crashed")
comes_up "after a crash" "$crashed"
is flash_uncertain_bytes 134217728 "what may be missing is said"
down "and down"
truncate -s 300M "$work/crashed"
losetup -c "$crashed"
refused "a device that grew" "another size than when it was formatted" "$crashed"
losetup -d "$crashed"
losetup -d "$disk"
disk=$(losetup -r -f --show "$work/disk")
refused "a read-only device" "is read-only"
refused "a device that is not there" "names no block device" /dev/nothing
echo "1..$number"
