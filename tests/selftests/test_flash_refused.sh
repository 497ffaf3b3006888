#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What terrace tier load says when a device is too small or in use: the value, the limit, the remedy.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
# shellcheck source=tests/selftests/flash.sh
. tests/selftests/flash.sh
modprobe -q loop
truncate -s 64M "$work/disk"
disk=$(losetup -f --show "$work/disk") || { echo "Bail out! no loop device"; exit 1; }
# shellcheck disable=SC2317
cleanup()
{
	terrace tier unload >/dev/null 2>&1
	umount "$work/mnt" 2>/dev/null
	dmsetup remove --noudevsync held 2>/dev/null
	losetup -d "$disk"
	rm -rf "$work"
}
trap cleanup EXIT

echo "TAP version 13"
terrace tier format "$disk" >"$work/said"
# 31 segments of 2 MiB, 2 of them promised to nobody
room=$((29 * 2097152))
refuses_to_load "$(tier_file "$disk" $((room + 4096)))" "a page more than there is room for" \
	"^[^:]*: tier flash .* $((room + 4096)) bytes .* $disk has room for $room,.*use a larger device"
sed -i 's/^scale = 1/scale = 2/' "$(tier_file "$disk" $((2 * room + 8192)))"
refuses_to_load "$work/tiers.ini" "the same at a scale of 2" \
	"capacity of $((2 * room + 8192)) bytes divided by the scale of 2 is $((room + 4096)), "
terrace tier load "$(tier_file "$disk" $room)" >"$work/said" 2>&1
result $? "all there is room for"
terrace tier unload >"$work/said" 2>&1
result $? "and goes down"

exec 9<"$disk"
terrace tier load "$(tier_file "$disk" $room)" >"$work/said" 2>&1
result $? "a device that somebody only reads"
terrace tier unload >"$work/said" 2>&1
exec 9<&-

modprobe -q dm-mod
if dmsetup create --noudevsync held --table "0 131072 linear $disk 0" 2>"$work/said"; then
	refuses_to_load "$(tier_file "$disk" $room)" "a member of a device mapper device" \
		"$disk is in use; unmount it or take its holder down"
	dmsetup remove --noudevsync held
else
	number=$((number + 1))
	echo "ok $number - a member of a device mapper device # SKIP $(head -n 1 "$work/said")"
fi
mke2fs -q -F "$disk" 2>"$work/said"
mkdir "$work/mnt"
mount -o ro "$disk" "$work/mnt"
refuses_to_load "$(tier_file "$disk" $room)" "a mounted device" \
	"$disk is in use; unmount it or take its holder down"
umount "$work/mnt"
refuses_to_load "$(tier_file "$disk" $room)" "the file system that was on it" \
	"$disk was never formatted; see 'terrace tier format"
echo "1..$number"
