#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The scenarios that come with the program: each runs, strains what it is said to strain, and the
# tables of Documentation/models/scenarios.md are what the program prints. With --write they are
# written anew.

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
document=Documentation/models/scenarios.md
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unset TERRACE_SCENARIOS TERRACE_MODELS TERRACE_SYSTEMS TERRACE_NETWORKS TERRACE_PRICES \
	TERRACE_PROFILES
# shellcheck source=tests/tap.sh
. tests/tap.sh

# The list of figures that the document's commands mean by $FIGURES.
figures=$(grep -m 1 '^tokens_per_second,' $document)

# written: the document, with what its commands print now
written()
{
	local line inside=

	while IFS= read -r line; do
		[ "$line" = '```' ] && inside=
		[ -z "$inside" ] && printf '%s\n' "$line"
		[ "${line#\$ terrace-sim compare }" = "$line" ] && continue
		inside=1
		# shellcheck disable=SC2086
		set -- ${line#\$ terrace-sim }
		"$sim" "${@/#\$FIGURES/$figures}" </dev/null || echo "FAILED"
	done <$document
}

written >"$work/written" 2>"$work/said"
if [ "${1-}" = --write ]; then
	cp "$work/written" $document
	exit
fi

for file in user/scenarios/*.ini; do
	name=$(basename "$file" .ini)
	"$sim" run --scenario "$name" --json >"$work/$name" 2>"$work/said" &&
		jq -e '.figures.requests_served.value == 500 and .figures.useful_tokens.value > 0' \
			"$work/$name" >>"$work/said"
	result $? "$name runs, and is of use"
	jq -e '.settings.note.value | length > 10' "$work/$name" >"$work/said" &&
		grep -qE '^# (Published|Assumed): |as in base.ini' "$file"
	result $? "$name says what it is, and where its lengths are from"
	[ "$name" = base ] && continue
	grep -q "compare base $name " $document
	result $? "$name has a table"
done

# strains SCENARIO FILTER NAME: true of r(FIGURE), its ratio to base, and p(FIGURE), that by token
strains()
{
	"$sim" compare base "$1" --json 2>"$work/said" | jq -e "def r(n): .figures[n].ratios[0];
		def p(n): r(n) / r(\"tokens\"); $2" >>"$work/said"
	result $? "$3"
}
strains moe 'r("hbf0.weights_per_device") > 4 and p("hbf0.weights_read") > 1.1' \
	"a mixture strains capacity and bandwidth"
strains reasoning 'p("hbm0.kv_read") > 5 and r("peak_batch") > 5' \
	"reasoning strains capacity and bandwidth"
strains multimodal 'p("hbm0.kv_read") > 4 and r("tpot_p50") > 1' "images strain bandwidth"
strains long-context 'p("hbm0.kv_read") > 50 and r("tpot_p50") > 1' \
	"long context strains bandwidth"
strains rag 'p("hbm0.kv_read") > 5 and r("tpot_p50") > 1' "retrieval strains bandwidth"

"$sim" run --scenario multimodal >"$work/out" 2>"$work/said"
head -n 1 "$work/out" | grep -q "^note  *lengths are supplied by the user"
result $? "the report of multimodal says whose the lengths are"
"$sim" run --scenario rag --input 2000 >"$work/out" 2>"$work/said"
grep -q "^input  *2000 tokens in the mean" "$work/out"
result $? "options replace what a scenario says"
"$sim" run --scenario base --trace tests/data/traces/conversation-120.jsonl >"$work/out" \
	2>"$work/said"
grep -q "^trace  *tests/data/traces/conversation-120.jsonl" "$work/out" &&
	! grep -q "^input " "$work/out"
result $? "a trace replaces a scenario's load"

grep -c '^figure  ' "$work/written" | grep -qx 5 && ! grep -q FAILED "$work/written" &&
	diff $document "$work/written" >"$work/said"
result $? "the tables of the document are what the program prints"
echo "1..$number"
