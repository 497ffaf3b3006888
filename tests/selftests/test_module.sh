#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The module's life: it cannot go while it is used, an online tier is fixed, bad values are refused.

tiers=/sys/kernel/config/terrace/tiers
n=0

# result NAME STATUS: one TAP line
result()
{
	n=$((n + 1))
	[ "$2" = 0 ] && echo "ok $n - $1" || echo "not ok $n - $1"
}

# refused NAME COMMAND...: the command must fail
refused()
{
	local name=$1
	shift
	! "$@" 2>/dev/null
	result "$name" $?
}

# put VALUE FILE
put()
{
	echo "$1" 2>/dev/null >"$2"
}

echo "TAP version 13"
mkdir "$tiers/one"
result "a tier's directory can be made" $?
refused "a tier name with a capital letter" mkdir "$tiers/One"
refused "rmmod while a tier's directory is there" rmmod terrace
refused "online without a profile" put 1 "$tiers/one/online"
refused "an unknown backing" put disk:1 "$tiers/one/backing"
refused "an unknown class" put "kv vk" "$tiers/one/classes"
refused "a negative capacity" put -1 "$tiers/one/capacity_bytes"
refused "a capacity beyond the range" put 9999999999999999999999 "$tiers/one/capacity_bytes"
refused "a bandwidth below the range" put 1 "$tiers/one/read_bps"
refused "derating while offline" put 500 "$tiers/one/derate_permille"
put mem:0 "$tiers/one/backing" && put kv "$tiers/one/classes" &&
	put 16777216 "$tiers/one/capacity_bytes" && put 1000000000 "$tiers/one/read_bps" &&
	put 1000000000 "$tiers/one/write_bps" && put 1 "$tiers/one/online"
result "a tier comes online" $?
refused "a node that is not there" sh -c "mkdir $tiers/two && echo mem:77 >$tiers/two/backing &&
	for f in capacity_bytes read_bps write_bps; do echo 16777216 >$tiers/two/\$f; done &&
	echo kv >$tiers/two/classes && echo 1 >$tiers/two/rank && echo 1 >$tiers/two/online"
put mem:1 "$tiers/two/backing"
put 0 "$tiers/two/rank"
refused "a rank that is taken" put 1 "$tiers/two/online"
rmdir "$tiers/two"
result "an offline tier can be removed" $?
refused "rmdir of an online tier" rmdir "$tiers/one"
for file in rank classes backing read_bps capacity_bytes; do
	refused "$file of an online tier is fixed" put "$(cat "$tiers/one/$file")" "$tiers/one/$file"
done
refused "the scale while a tier is online" put 1 /sys/kernel/config/terrace/scale_shift
put 500 "$tiers/one/derate_permille"
result "an online tier can be derated" $?
refused "derating to nothing" put 0 "$tiers/one/derate_permille"
refused "rmmod while a tier is online" rmmod terrace
put 0 "$tiers/one/online" && rmdir "$tiers/one"
result "the tier goes" $?
exec 9<>/dev/terrace
refused "rmmod while a session is open" rmmod terrace
exec 9>&-
echo "1..$n"
