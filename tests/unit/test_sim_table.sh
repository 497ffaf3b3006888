#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace-sim table: what is published and can be computed agrees within the limits below; the
# document has what the program prints; bad inputs are refused.

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

"$sim" table --list >"$work/list" 2>"$work/said"
result $? "tables are listed"
[ "$(cut -d ' ' -f 1 "$work/list" | tr '\n' ' ')" = "memories bottlenecks near h3 sandisk " ]
result $? "there are five"

while read -r table _; do
	"$sim" table --json "$table" >"$work/$table" 2>"$work/said" &&
		jq -e '.table == "'"$table"'" and (.rows | length) > 20 and
		       ([.inputs[] | select(.source == "")] | length) == 0' \
			"$work/$table" >"$work/said"
	result $? "$table: JSON has rows, and inputs with sources"
	"$sim" table --csv "$table" >"$work/csv" 2>"$work/said"
	[ "$(wc -l <"$work/csv")" = $(($(jq '.rows | length' "$work/$table") + 1)) ]
	result $? "$table: CSV has a line for each row"
	"$sim" table "$table" 2>"$work/said" | sed '/^inputs$/,$d' | sed '$d' >"$work/printed"
	awk -v fence="\`\`\` $table" '$0 == fence { on = 1; next } /^```/ { on = 0 } on' \
		Documentation/models/tables.md >"$work/documented"
	[ -s "$work/documented" ] && diff "$work/documented" "$work/printed" >"$work/said"
	result $? "$table: the document has what is printed"
done <"$work/list"

# agree TABLE SELECT COUNT NAME: so many rows that a jq expression selects all agree
agree()
{
	jq -e "[.rows[] | select($2)] | length == $3 and all(.verdict == \"agrees\")" \
		"$work/$1" >"$work/said"
	result $? "$4"
}

# within TABLE SUBJECT FIGURE LIMIT NAME: one row, whose difference is at most LIMIT
within()
{
	jq -e "[.rows[] | select(.subject == \"$2\" and .figure == \"$3\" and .published)] |
	       length == 1 and (.[0].difference | fabs) <= $4" "$work/$1" >"$work/said"
	result $? "$5"
}

agree memories '.basis | startswith("published")' 10 \
	"memories: figures per watt follow from the published ones"
agree memories '.figure == "bytes per read" or .figure == "read latency"' 10 \
	"memories: granules and latencies are those of the profiles"
agree memories '.figure == "write endurance"' 5 "memories: what wears out is what is said to"
agree memories '.subject == "hbf" and (.figure == "capacity" or .figure == "read bandwidth")' 2 \
	"memories: HBF's capacity and bandwidth are the profile's"
within memories hbf power 0.04 "memories: HBF's power within 4 %"
within memories hbm4 power 0.14 "memories: HBM4's power within 14 %"
jq -e '[.rows[] | select(.published)] | length == 28 and
       ([.[] | select(.verdict == "agrees")] | length) >= 25' "$work/bottlenecks" >"$work/said"
result $? "bottlenecks: 25 of 28 cells agree"
agree near '.subject == "winner" and .computed' 4 \
	"near: whoever wins a criterion that is computed is who is said to"
agree near '.subject == "pnm, module" and .published' 1 "near: PNM behind a link gains 2x"
agree h3 '.figure == "batch" or .figure == "shared KV"' 4 "h3: batch and shared KV agree"
within h3 1M throughput 0.07 "h3: throughput at 1M tokens within 7 %"
within h3 10M throughput 0.01 "h3: throughput at 10M tokens within 1 %"
within h3 hbf_bps "10M: throughput per watt" 0.01 "h3: half the bandwidth within 1 %"
agree sandisk '.figure == "capacity" or .figure == "capacity, times HBM'"'"'s"' 4 \
	"sandisk: capacity agrees"
jq -e '.rows[0].verdict == "agrees" and .rows[0].subject == "fused kernels"' \
	"$work/sandisk" >"$work/said"
result $? "sandisk: one stack is within 2.2 %"

# Inputs are a scenario: what is changed there changes what is computed.
sed 's/^devices_factor = 1$/devices_factor = 2/' user/tables/h3.ini >"$work/more.ini"
"$sim" table h3 --json --inputs "$work/more.ini" >"$work/more" 2>"$work/said" &&
	jq -e '.rows[1] | .figure == "batch" and .verdict == "differs" and .computed < 1.5' \
		"$work/more" >"$work/said"
result $? "other inputs give other figures"

# refused NAME TEXT STATUS ARGUMENT...: the command says TEXT and prints nothing
refused()
{
	local name=$1 text=$2 status=$3 got

	shift 3
	"$sim" table "$@" >"$work/out" 2>"$work/said"
	got=$?
	[ "$got" = "$status" ] && grep -q -e "$text" "$work/said" && [ ! -s "$work/out" ]
	result $? "$name"
}

# changed NAME STATUS TABLE SED TEXT: inputs that are changed so are refused
changed()
{
	sed "$4" "user/tables/$3.ini" >"$work/bad.ini"
	refused "$1" "$5" "$2" "$3" -i "$work/bad.ini"
}

refused "no table is refused" "table is missing" 2
refused "two tables are refused" "one too many" 2 near h3
refused "an unknown table is refused with the nearest name" "nearest one is 'memories'" 2 memory
refused "missing inputs are refused" "no-such" 2 near -i no-such
changed "a missing key is refused" 2 near '/^context/d' "context is missing in \[table\]"
changed "an unknown key is refused" 2 near 's/^dies/dices/' "bad.ini:.* no key 'dices'"
changed "a value without its limits is refused" 2 near 's/^dies = .*/dies = 65/' \
	"bad.ini:.* dies is 65: it must be from 1 to 64"
changed "an unknown profile is refused" 2 memories 's/= hbm4$/= hbm5/' "hbm5"
changed "an unknown model is refused" 2 h3 's/= llama-3.1-405b/= llama-9/' "llama-9"
changed "an unknown data type is refused" 2 near 's/= fp8/= fp7/' "fp7.*bf16 or fp8"
changed "a shard that no memory has is refused" 2 near 's/= 64e6/= 65e9/' "pim: a shard of pim has"
changed "devices that TP does not divide are refused" 2 bottlenecks 's/^devices = 8/devices = 9/' \
	"9 devices are no multiple of TP 8"
changed "sequences that groups do not share are refused" 2 bottlenecks \
	's/^sequences = 512/sequences = 100/' "100 sequences are not alike in 64 groups"
changed "steps of another kind are refused" 2 bottlenecks 's/= all$/= some/' "must be one or all"
changed "memory that does not wear is no flash" 2 sandisk 's/^profile = .*/profile = ddr5/' \
	"ddr5 is no flash"
echo "1..$number"
