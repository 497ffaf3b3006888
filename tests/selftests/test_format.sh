#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace tier format: what it refuses, and that what it refused is untouched.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
# shellcheck source=tests/selftests/flash.sh
. tests/selftests/flash.sh
as=()
nvme=/dev/nvme0n1
modprobe -q loop
loop=
# shellcheck disable=SC2317
cleanup()
{
	umount "$work/mnt" 2>/dev/null
	[ -z "$loop" ] || losetup -d "$loop" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT

# accepts NAME PATTERN ARGUMENT...
accepts()
{
	local name=$1 pattern=$2

	shift 2
	terrace tier format "$@" >"$work/said" 2>&1 && grep -qE "$pattern" "$work/said"
	result $? "$name"
}

# refuses NAME STATUS PATTERN DEVICE ARGUMENT...: the status, one sentence, and the device's first
# and last 2 MiB as they were.
refuses()
{
	local name=$1 status=$2 pattern=$3 device=$4 before after got

	shift 4
	before=$(ends "$device")
	"${as[@]}" terrace tier format "$device" "$@" >"$work/said" 2>&1
	got=$?
	after=$(ends "$device")
	[ $got = "$status" ] && grep -qE "$pattern" "$work/said" &&
		[ "$(wc -l <"$work/said")" = 1 ] && [ "$before" = "$after" ]
	result $? "$name"
}

ends()
{
	[ ! -b "$1" ] || { head -c 2M "$1"; tail -c 2M "$1"; } | md5sum
}

# fresh SIZE: a zero loop device
fresh()
{
	[ -z "$loop" ] || losetup -d "$loop"
	rm -f "$work/disk"
	truncate -s "$1" "$work/disk"
	loop=$(losetup -f --show "$work/disk") || { echo "Bail out! no loop device"; exit 1; }
}

echo "TAP version 13"
# an earlier test may have used it
dd if=/dev/zero of=$nvme bs=4096 count=1 conv=notrunc status=none
accepts "an empty NVMe device" "^$nvme is formatted: 2047 segments of 2 MiB, UUID [0-9a-f-]{36}$" \
	$nvme
refuses "again" 1 "holds a format of Terrace, with its wear: .*--overwrite $nvme" $nvme
refuses "again, with another device's name" 1 "holds a format of Terrace" $nvme \
	--overwrite /dev/nvme0n2
accepts "again, with its own name" "is formatted" $nvme --overwrite $nvme
accepts "JSON" '"segments": *2047' $nvme --overwrite $nvme --json

fresh 64M
mkfs.ext4 -q "$loop" 2>/dev/null || mke2fs -q "$loop"
refuses "a file system" 1 "$loop holds ext[24]" "$loop"
mkdir "$work/mnt"
mount -o ro "$loop" "$work/mnt" # which writes nothing
refuses "a mounted file system" 1 "in use" "$loop" --overwrite "$loop"
umount "$work/mnt"
accepts "a file system, when told so" "is formatted" "$loop" --overwrite "$loop"
blkid -p "$loop" >"$work/said" 2>&1
[ $? = 2 ]
result $? "nothing of it is left"

fresh 64M
# one partition of type 83 from sector 2048, and the signature
printf '\0\0\0\0\203\0\0\0\0\10\0\0\0\0\1\0' | dd of="$loop" bs=1 seek=446 status=none
printf '\125\252' | dd of="$loop" bs=1 seek=510 status=none
sync "$loop"
refuses "a partition table" 1 "$loop holds dos" "$loop"
fresh 64M
mkswap "$loop" >/dev/null 2>&1
refuses "a swap area" 1 "$loop holds swap" "$loop"
fresh 64M
losetup -d "$loop"
loop=$(losetup -r -f --show "$work/disk")
refuses "a read-only device" 1 "is read-only|cannot be opened" "$loop"
fresh 33M
refuses "a device that is too small" 1 "the format needs 35651584: use a larger one" "$loop"
fresh 64M
modprobe -q dm-mod
if dmsetup create held --table "0 131072 linear $loop 0" 2>"$work/said"; then
	refuses "a member of a device mapper device" 1 "in use" "$loop"
	accepts "a device mapper device" "is formatted" \
		"/dev/$(dmsetup info -c --noheadings -o blkdevname held)"
	dmsetup remove held
else
	for name in "a member of a device mapper device" "a device mapper device"; do
		number=$((number + 1))
		echo "ok $number - $name # SKIP $(head -n 1 "$work/said")"
	done
fi
refuses "a file" 1 "is not a block device.*losetup" "$work/disk"
refuses "a device that is not there" 1 "cannot be opened \(No such file" /dev/nothing
as=(setpriv --reuid 65534 --clear-groups)
refuses "as nobody" 1 "cannot be opened \(Permission denied" $nvme
echo "1..$number"
