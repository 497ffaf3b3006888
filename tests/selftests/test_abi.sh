#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every file that the module puts into sysfs, configfs and tracefs, and every key of fdinfo, is
# documented in Documentation/ABI/testing.

cd "$(dirname "$0")/../.." || exit 1
abi=Documentation/ABI/testing
n=0

# check NAME DOCUMENT WHAT: one result
check()
{
	n=$((n + 1))
	if grep -qxF "What:		$3" "$abi/$2"; then
		echo "ok $n - $1 is documented"
	else
		echo "not ok $n - $1 is not in $abi/$2 as $3"
	fi
}

echo "TAP version 13"
if ! terrace tier load tests/data/tiers/hbm-cxl-hbf.ini >/dev/null; then
	echo "Bail out! the tiers of tests/data/tiers/hbm-cxl-hbf.ini do not come online"
	exit 1
fi
sysfs=/sys/class/misc/terrace
# dev, uevent, power and subsystem are the driver core's
for file in "$sysfs"/*; do
	name=${file##*/}
	case $name in dev | uevent | power | subsystem | tiers) continue ;; esac
	check "$name" sysfs-class-misc-terrace "$sysfs/$name"
done
for file in "$sysfs"/tiers/hbf0/*; do
	name=${file##*/}
	check "tier's $name" sysfs-class-misc-terrace "$sysfs/tiers/<tier>/$name"
done
# the same of a flash tier
terrace tier unload >/dev/null
terrace tier format /dev/nvme0n1 --overwrite /dev/nvme0n1 >/dev/null
terrace tier load tests/data/tiers/hbm-cxl-nvme.ini >/dev/null ||
	echo "not ok $((n += 1)) - the tiers of hbm-cxl-nvme.ini do not come online"
for file in "$sysfs"/tiers/hbf0/*; do
	name=${file##*/}
	check "flash tier's $name" sysfs-class-misc-terrace "$sysfs/tiers/<tier>/$name"
done
config=/sys/kernel/config/terrace
for file in "$config"/*; do
	name=${file##*/}
	[ -f "$file" ] || continue
	check "$name" configfs-terrace "$config/$name"
done
for file in "$config"/tiers/hbf0/*; do
	name=${file##*/}
	check "tier's $name" configfs-terrace "$config/tiers/<name>/$name"
done
mkdir "$config/quotas/12345"
for file in "$config"/quotas/12345/*; do
	name=${file##*/}
	check "quota $name" configfs-terrace "$config/quotas/<uid>/$name"
done
rmdir "$config/quotas/12345"
for file in /sys/module/terrace/parameters/*; do
	name=${file##*/}
	check "parameter $name" sysfs-module-terrace "/sys/module/terrace/parameters/$name"
done
events=/sys/kernel/tracing/events/terrace
for file in "$events"/*/; do
	name=$(basename "$file")
	check "tracepoint $name" tracefs-terrace "$events/$name"
done
exec 3<>/dev/terrace
while IFS=: read -r key _; do
	case $key in pos | flags | mnt_id | ino) continue ;; esac
	n=$((n + 1))
	# those of steps by kind are described for both kinds at once
	if sed -n 's/^\t\t\([a-z_, ]*\):.*/\1/p' "$abi/procfs-terrace" | tr -d ' ' | tr , '\n' |
		grep -qxE "$key|${key#prefill_}|${key#decode_}"; then
		echo "ok $n - fdinfo's $key is documented"
	else
		echo "not ok $n - fdinfo's $key is not in $abi/procfs-terrace"
	fi
done </proc/self/fdinfo/3
exec 3<&-
terrace tier unload >/dev/null || echo "not ok $((n += 1)) - the tiers do not go offline"
echo "1..$n"
