# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the shell tests of flash tiers share. Sourced; the test has a folder $work, and what it ran
# wrote to $work/said.

# shellcheck source=tests/tap.sh
. tests/tap.sh

# tier_file DEVICE [CAPACITY]: a tier of memory and one of flash; its name
tier_file()
{
	cat >"$work/tiers.ini" <<-END
		[device]
		scale = 1
		[tier fast]
		profile = ddr5
		capacity_bytes = 67108864
		backing = mem:0
		rank = 0
		classes = kv
		[tier flash]
		profile = nvme-tlc
		capacity_bytes = ${2-134217728}
		backing = blk:$1
		landing_bytes = 8388608
		rank = 1
		classes = weights
	END
	echo "$work/tiers.ini"
}

# refuses_to_load FILE NAME PATTERN: one sentence with PATTERN, and no tier is left
refuses_to_load()
{
	! terrace tier load "$1" >"$work/said" 2>&1 && grep -qE "$3" "$work/said" &&
		[ "$(wc -l <"$work/said")" = 1 ] && [ ! -e /sys/class/misc/terrace/tiers/flash ]
	result $? "$2"
}
