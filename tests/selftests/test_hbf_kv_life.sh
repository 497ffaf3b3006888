#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The tables about KV cache in Documentation/models/hbf.md are what the script makes of the profiles,
# and its budgets are the module's.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'terrace tier unload >/dev/null 2>&1; rm -rf "$work"' EXIT
# shellcheck source=tests/selftests/flash.sh
. tests/selftests/flash.sh

# module_budget PROFILE CYCLES: TB a day, as in the table
module_budget()
{
	cat >"$work/tiers.ini" <<-END
		[device]
		scale = 1048576
		[tier hbf]
		profile = $1
		backing = mem:0
		rank = 0
		classes = context
		endurance_cycles = $2
	END
	terrace tier load "$work/tiers.ini" >"$work/said" 2>&1 || return
	awk '{ printf "%.2f", $1 / 1e12 }' /sys/class/misc/terrace/tiers/hbf/write_budget_bytes_per_day
	terrace tier unload >/dev/null
}

echo "TAP version 13"
user/examples/hbf-kv-life.sh >"$work/tables" 2>"$work/said"
result $? "the tables are made"
sed -n '/^<!-- hbf-kv-life.sh -->$/,/^<!-- end -->$/ { /^<!--/d; p }' Documentation/models/hbf.md \
	>"$work/document"
[ -s "$work/document" ] && diff "$work/document" "$work/tables" >"$work/said"
result $? "the document has them"
other=$(command -v busybox) || other=$(command -v gawk)
if [ -z "$other" ]; then
	number=$((number + 1))
	echo "ok $number - another awk makes the same # SKIP neither busybox nor gawk is there"
else
	mkdir "$work/bin"
	ln -s "$other" "$work/bin/awk"
	PATH=$work/bin:$PATH user/examples/hbf-kv-life.sh 2>&1 | diff "$work/tables" - >"$work/said"
	result $? "another awk makes the same"
fi

rows=0
while IFS='|' read -r _ profile cycles _ budget _; do
	profile=${profile// /}
	cycles=${cycles//[ ,]/}
	budget=${budget// /}
	module=$(module_budget "$profile" "$cycles")
	echo "the module says $module, the table $budget" >>"$work/said"
	[ -n "$module" ] && [ "$module" = "$budget" ]
	result $? "$profile with $cycles cycles: the module's budget is that of the table"
	rows=$((rows + 1))
done < <(awk '/^\| profile/ { tables++ } tables == 1 && /^\| hbf-/' "$work/tables")
[ $rows = 8 ]
result $? "four profiles with two kinds of cells"
user/examples/hbf-kv-life.sh extra >"$work/said" 2>&1
[ $? = 2 ] && grep -q '^usage: ' "$work/said"
result $? "it takes no arguments"
echo "1..$number"
