#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The table of checks against studies of HBF in Documentation/models/hbf.md: what terrace-sim
# validate says of checks 1 to 4, as Markdown.

set -euo pipefail
export LC_ALL=C
here=$(dirname "$0")
[ $# -le 1 ] || { echo "usage: ${0##*/} [DIR]
Prints the table of checks in Documentation/models/hbf.md; DIR has the published tables." >&2; exit 2; }
command -v jq >/dev/null || { echo "${0##*/}: jq is missing" >&2; exit 1; }
PATH=$here/../../build/bin:$PATH

echo '| check | rows | nearest to a limit | median | limits | skipped |
|---|---:|---:|---:|---:|---:|'
# Whether all checks passed is what the rows tell.
{ terrace-sim validate --json "${1:-$here/../../tests/data/validation}" || [ $? = 1 ]; } | jq -r '
	def two: . * 100 | round / 100;
	.[] | select(.check | test("^[1-4] ")) |
	"| \(.check) | \(.rows) | \(.worst | two) | \(.median | two) | " +
	"\(.limit // ["–"] | map(tostring) | join(" to ")) | \([.skipped[]] | add // 0) |"'
