# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Results of shell tests. Sourced; the test has a folder $work, and what it ran wrote to $work/said.

number=0

# result STATUS NAME: a TAP line
result()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		sed 's/^/# /' "${work:?}/said"
		echo "not ok $number - $2"
	fi
}
