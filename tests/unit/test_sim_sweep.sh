#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace-sim sweep: the same bytes however it was made, also when it was killed half way.

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

# grid FILE LINE...
grid()
{
	local to=$1

	shift
	printf '%s\n' "$@" >"$to"
}

# sweep OPTION...: standard output goes to $work/out
sweep()
{
	"$sim" sweep "$@" >"$work/out" 2>"$work/said"
}

# lines FILE: how many it has, 0 when there is none
lines()
{
	if [ -e "$1" ]; then
		wc -l <"$1"
	else
		echo 0
	fi
}

# refused STATUS TEXT NAME LINE...: a grid of these lines is refused so, and nothing is written
refused()
{
	local status=$1 text=$2 name=$3 got

	shift 3
	grid "$work/bad.ini" "$@"
	sweep "$work/bad.ini" --out "$work/bad"
	got=$?
	[ $got = "$status" ] && grep -qE -- "$text" "$work/said" && [ ! -s "$work/out" ] &&
		[ ! -e "$work/bad" ] && [ ! -e "$work/bad.part" ]
	result $? "$name"
}

grid "$work/grid.ini" "# what fits where" "model = llama-3.1-70b" "requests = 200" "rate = 5" \
	"tiers = hbm4-hbf, tests/data/tiers/hbm.ini" "devices = 1, 2," "  4, 8" "tp = 1, 2"
sweep "$work/grid.ini" --jobs 1
result $? "a grid is swept"
cp "$work/out" "$work/one"
[ "$(wc -l <"$work/one")" = 17 ]
result $? "each combination has a row"
cut -d, -f4-6 "$work/one" | sed -n '2,4p;17p' | tr '\n' ' ' >"$work/said"
grep -q 'hbm4-hbf,1,1 hbm4-hbf,1,2 hbm4-hbf,2,1 tests/data/tiers/hbm.ini,8,2 ' "$work/said"
result $? "rows have the order of the grid, the last key first"
sweep "$work/grid.ini" --jobs 3
cmp "$work/one" "$work/out" >>"$work/said" 2>&1
result $? "three processes write the same bytes"
sweep "$work/grid.ini" && cmp "$work/one" "$work/out" >>"$work/said" 2>&1
result $? "so do as many as there are processors"
sweep "$work/grid.ini" --out "$work/file" && cmp "$work/one" "$work/file" >>"$work/said" 2>&1 &&
	[ ! -s "$work/out" ] && [ ! -e "$work/file.part" ] && [ ! -e "$work/file.new" ]
result $? "a file holds the same, and nothing else is left"

# What cannot be is a row.
grep -q '^llama-3.1-70b,200,5,tests/data/tiers/hbm.ini,1,1,".*lack [0-9]* bytes' "$work/one"
result $? "what does not fit is a row with its reason"
grep -q '^llama-3.1-70b,200,5,hbm4-hbf,1,2,1 devices cannot be laid out' "$work/one"
result $? "so is what cannot be laid out"
awk -F, '{ gsub(/"[^"]*"/, ""); if (NF != columns && NR > 1) exit 1; columns = NF }' "$work/one"
result $? "all rows have as many columns"

# A row says what a run says.
sweep "$work/grid.ini" --json
cp "$work/out" "$work/lines"
"$sim" run --json --model llama-3.1-70b --requests 200 --rate 5 --tiers hbm4-hbf \
	--devices 4 --tp 2 >"$work/run"
jq -c 'select(.values.devices == "4" and .values.tp == "2" and .values.tiers == "hbm4-hbf") |
	[.settings, .figures, .tier]' "$work/lines" >"$work/row"
jq -c '[.settings, .figures, .tier]' "$work/run" | cmp - "$work/row" >"$work/said" 2>&1
result $? "a JSON line has the settings and figures of the run"
value=$(jq '.figures.tokens_per_second.value' "$work/run")
awk -F, -v value="$value" 'NR == 1 { for (i = 1; i <= NF; i++)
		if ($i == "tokens_per_second (tokens/s)") at = i }
	$4 == "hbm4-hbf" && $5 == 4 && $6 == 2 {
		right = $at - value < 1e-9 * value && value - $at < 1e-9 * value }
	END { exit !right }' "$work/one"
result $? "so has a row of CSV"
jq -se 'length == 16 and ([.[] | select(.refused)] | length) > 1 and
	all(.refused or .figures.requests_served.value == 200)' "$work/lines" >"$work/said"
result $? "every cell is served or says why not"

# Killed half way.
grid "$work/long.ini" "model = llama-3.1-8b" "requests = 5000" "output = 50, 60, 70, 80" \
	"seed = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10" "rate = 100"
sweep "$work/long.ini" --jobs 2
cp "$work/out" "$work/whole"
"$sim" sweep "$work/long.ini" --jobs 2 --out "$work/killed" 2>"$work/said" &
pid=$!
while kill -0 $pid 2>/dev/null && [ "$(lines "$work/killed.part")" -lt 3 ]; do
	sleep 0.01
done
kill -9 $pid
wait $pid 2>/dev/null
kept=$(wc -l <"$work/killed.part")
[ "$kept" -ge 3 ] && [ "$kept" -lt 40 ] && [ ! -e "$work/killed" ]
result $? "one that was killed keeps what it has, and writes nothing"
printf '0123456789abcdef {"half' >>"$work/killed.part"
sweep "$work/long.ini" --jobs 3 --out "$work/killed" --progress
grep -q "^$kept of 40 cells were computed before" "$work/said"
result $? "it goes on where it was"
cmp "$work/whole" "$work/killed" >"$work/said" 2>&1 && [ ! -e "$work/killed.part" ]
result $? "what it writes is the same to the byte"

# What was computed from other files counts no more.
cp tests/data/tiers/hbm.ini "$work/mine.ini"
grid "$work/mine" "model = llama-3.1-8b" "requests = 10, 20" "tiers = hbm4-hbf, $work/mine.ini"
sweep "$work/mine" --out "$work/kept"
# A folder in the way of the output, so that the journal stays.
rm "$work/kept"
mkdir "$work/kept.new"
sweep "$work/mine" --out "$work/kept"
[ $? = 1 ] && [ "$(wc -l <"$work/kept.part")" = 4 ] && [ ! -e "$work/kept" ]
result $? "what cannot be written leaves the journal"
printf '# another comment\n' >>"$work/mine.ini"
rmdir "$work/kept.new"
sweep "$work/mine" --out "$work/kept" --progress
grep -q "^2 of 4 cells were computed before" "$work/said"
result $? "cells of a file that has changed are computed again"

# One at a time.
"$sim" sweep "$work/long.ini" --jobs 2 --out "$work/held" 2>"$work/said" &
pid=$!
while kill -0 $pid 2>/dev/null && [ ! -s "$work/held.part" ]; do
	sleep 0.01
done
kill -STOP $pid
sweep "$work/long.ini" --out "$work/held"
[ $? = 1 ] && grep -q "another sweep writes $work/held.part" "$work/said"
result $? "a second sweep to the same file is refused"
kill -9 $pid
wait $pid 2>/dev/null

sweep "$work/long.ini" --jobs 0
[ $? = 2 ] && grep -q 'jobs is "0"' "$work/said"
result $? "no processes are refused"

refused 2 "bad.ini:2: .*did you mean 'devices'" "a misspelt key is refused" \
	"model = llama-3.1-8b" "device = 4"
refused 2 "bad.ini:3: devices is .x." "a bad value in a list is refused, with its line" \
	"model = llama-3.1-8b" "requests = 1" "devices = 1, x"
refused 2 "bad.ini:3: devices is .x." "also where the list goes on" \
	"model = llama-3.1-8b" "devices = 1," "  x" "requests = 1"
refused 2 "bad.ini:2: a value of devices is empty" "an empty value is refused" \
	"model = llama-3.1-8b" "devices = 1,,2" "requests = 1"
refused 2 "bad.ini:3: model is given before" "a key that is there twice is refused" \
	"model = llama-3.1-8b" "requests = 1" "model = llama-3.1-70b"
refused 2 "bad.ini:1: there is no model 'llama-9'" "an unknown model is refused" \
	"model = llama-9" "requests = 1"
refused 2 "bad.ini:2: cannot read none.jsonl" "a trace that is not there is refused" \
	"model = llama-3.1-8b" "trace = none.jsonl"
refused 2 "bad.ini:2: there is no 'none' among the systems" "unknown tiers are refused" \
	"model = llama-3.1-8b" "tiers = hbm4-hbf, none" "requests = 1"
refused 2 "bad.ini:3: requests is of a load" "a trace and a load are refused" \
	"model = llama-3.1-8b" "trace = tests/data/traces/conversation-120.jsonl" "requests = 1"
refused 2 "cell 1: there is no model" "a grid without a model is refused" "requests = 1"
refused 2 "cell 1: there are no requests" "a grid without requests is refused" \
	"model = llama-3.1-8b"
refused 2 "bad.ini:2: scenario .* let it be the first" "a scenario behind other keys is refused" \
	"model = llama-3.1-8b" "scenario = $work/grid.ini"
refused 2 "bad.ini:[12]: .*leave .grid. out" "a section is refused" "[grid]" \
	"model = llama-3.1-8b"
many=$(seq -s, 1 30)
refused 2 "bad.ini:5: the grid has more than 100000 cells" "too many cells are refused" \
	"model = llama-3.1-8b" "requests = $many" "seed = $many" "input = $many" "output = $many"
sweep "$work/none.ini"
[ $? = 2 ] && grep -q "cannot open .*none.ini" "$work/said"
result $? "a grid that is not there is refused"
echo "this is a letter" >"$work/letter.part"
sweep "$work/grid.ini" --out "$work/letter"
[ $? = 1 ] && grep -q "letter.part:1: .*not the journal" "$work/said" &&
	grep -q letter "$work/letter.part"
result $? "a file that is no journal is left alone"

# A scenario as a value.
grid "$work/a.ini" "model = llama-3.1-8b" "requests = 20"
grid "$work/b.ini" "model = llama-3.1-8b" "requests = 30"
grid "$work/both.ini" "scenario = $work/a.ini, $work/b.ini" "devices = 1, 2"
sweep "$work/both.ini" --json &&
	jq -se 'map(.figures.requests_served.value) == [20, 20, 30, 30]' "$work/out" >"$work/said"
result $? "scenarios can be values"
echo "1..$number"
