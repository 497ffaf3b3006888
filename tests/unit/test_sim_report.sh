#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace-sim report: a page that is complete in itself, what it refuses, and how a browser sees it.
# shellcheck disable=SC2016 # dollars and backquotes are jq's and the program's

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
page=build/share/terrace/report/page.html
trace=tests/data/traces/conversation-120.jsonl
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

# skip REASON NAME...: results that need something that is not there
skip()
{
	local reason=$1 name

	shift
	for name in "$@"; do
		number=$((number + 1))
		echo "ok $number - $name # SKIP $reason"
	done
}

# run FILE OPTION...: JSON of a run
run()
{
	local to=$1

	shift
	"$sim" run --trace $trace --json "$@" >"$to" 2>"$work/said"
}

# report OPTION...
report()
{
	"$sim" report "$@" >"$work/out" 2>"$work/said"
}

# holds FILE FILTER NAME: the filter is true
holds()
{
	jq -e "def near(a; b): (a - b | fabs) <= 1e-9 * (b | fabs); $2" "$1" >"$work/said" 2>&1
	result $? "$3"
}

# ---- the operators of a run ----

run "$work/eight" --model llama-3.1-70b --devices 8 && run "$work/mixture" --model qwen3-30b-a3b
result $? "runs are made"
holds "$work/eight" '.roofline.step | map(.name) == ["decode", "prefill"]' "a run has two steps"
holds "$work/eight" '[.roofline.step[].operators[] | near([.tier[] | .read + .written] | add; .bytes)] |
	length > 20 and all' "bytes are those of the tiers"
holds "$work/eight" '.roofline.peak_ops as $peak | [.roofline.step[].operators[] |
	near(.seconds; [.ops / $peak, .tier[].seconds] | max)] | all' \
	"an operator takes as long as the slowest of operations and tiers"
holds "$work/eight" '[.roofline.step[].operators[] | .bound as $bound | .seconds as $all |
	[.tier[] | select(.name == $bound) | near(.seconds; $all)] == [true] or $bound == "compute"] | all' \
	"it names what bounds it"
holds "$work/eight" '[.roofline.step[] | ([.operators[].seconds] | add) as $sum |
	.seconds > 0 and .serial_seconds >= .seconds and $sum > 0 and $sum <= .serial_seconds] | all' \
	"a step in which nothing overlaps takes longest"

# ---- the page ----

rows=("the page is written" "the same command gives the same bytes"
	"standard input and output are files like others" "nothing of it is elsewhere"
	"no script runs but its own" "data cannot end their element" "the licence goes with it")
if [ ! -e $page ]; then
	skip "$page is missing: run make report" "${rows[@]}"
	echo "1..$number"
	exit 0
fi

# The page without what is in its scripts and data, in lines.
markup()
{
	awk '/<script/ { sub(/<script[^>]*>.*/, "<script>"); print; inside = 1 }
		inside && /<\/script>/ { inside = 0; next }
		!inside' "$1"
}

for tp in 1 2 4 8; do
	for batch in 1 16 256; do
		echo "{\"tp\": $tp, \"batch\": $batch, \"kind\": \"point\"," \
			"\"tpot_ms\": $((20 / tp + batch / 10 + 1))," \
			"\"tokens_per_second\": $((batch * 100 / (20 / tp + batch / 10 + 1)))}"
	done
done >"$work/points"
report -o "$work/page.html" "$work/eight" "$work/mixture" "$work/points" &&
	grep -q ': 2 runs, 14 points$' "$work/out"
result $? "${rows[0]}"
report -o "$work/again.html" "$work/eight" "$work/mixture" "$work/points" &&
	cmp "$work/page.html" "$work/again.html" >"$work/said"
result $? "${rows[1]}"
"$sim" report -o - - <"$work/eight" >"$work/stdin.html" 2>"$work/said" &&
	report -o "$work/file.html" "$work/eight" &&
	diff <(sed "s|$work/eight|standard input|g" "$work/file.html") "$work/stdin.html" >"$work/said"
result $? "${rows[2]}"
markup "$work/page.html" >"$work/markup"
grep -q '<main id="content">' "$work/markup" &&
	! grep -niE '<(link|img|iframe|object|embed|base)|(src|srcset|data|action)=|href="[^#]|url\(|@import' \
		"$work/markup" >"$work/said"
result $? "${rows[3]}"
policy=$(grep -o 'Content-Security-Policy" content="[^"]*"' "$work/page.html")
echo "$policy" >"$work/said"
[[ $policy == *"default-src 'none'; script-src 'sha256-"* ]] &&
	! [[ $policy =~ script-src[^\;]*unsafe ]]
result $? "${rows[4]}"
report -o "$work/other.html" "$work/mixture" &&
	[ "$(grep -o '</script' "$work/page.html" | wc -l)" = "$(grep -o '</script' $page | wc -l)" ] &&
	! sed -n 's|.*id="data">\(.*\)</script>$|\1|p' "$work/page.html" | grep -q '[<>&]'
result $? "${rows[5]}"
grep -q 'Licensed to the Apache Software Foundation' "$work/page.html" &&
	grep -q 'Redistribution and use in source and binary forms' "$work/page.html" &&
	grep -q 'The Apache Software Foundation' ${page%/*}/notice.txt
result $? "${rows[6]}"

# ---- what is refused ----

# refused STATUS TEXT NAME ARGUMENT...: so, and what was there stays
refused()
{
	local status=$1 text=$2 name=$3 got

	shift 3
	echo old >"$work/old.html"
	report -o "$work/old.html" "$@"
	got=$?
	[ $got = "$status" ] && grep -qE -- "$text" "$work/said" && [ "$(wc -l <"$work/said")" -le 3 ] &&
		[ "$(cat "$work/old.html")" = old ] && [ ! -e "$work/old.html.part" ]
	result $? "$name"
}
refused 2 "give a file of JSON" "no file is refused"
refused 2 "none.json: No such file" "a missing file is refused" none.json
printf '{"a": 1}\n{"a": 2}\n{"a" 3}\n' >"$work/bad"
refused 2 "bad:3: not JSON" "what is not JSON is refused with its line" "$work/bad"
printf '{"a": 1}\n\n[{"a": 2}, 3]\n' >"$work/bad"
refused 2 "bad:3: not an object" "what is no object is refused" "$work/bad"
printf '{"a": 1}\n{"b": [1]}\n' >"$work/bad"
refused 2 "bad:2: no run and no number" "a point that says nothing is refused" "$work/bad"
printf '{"refused": "no room"}\n' >"$work/bad"
refused 2 "bad holds no run" "a file without a number is refused" "$work/bad"
: >"$work/bad"
refused 2 "bad holds no run" "an empty file is refused" "$work/bad"
printf '{"a": 1, "a": 2}\n' >"$work/bad"
refused 2 "bad:1: not JSON: duplicate" "a name that is there twice is refused" "$work/bad"
refused 2 "--x: no point has a number 'tpot'" "an axis that is not there is refused" --x tpot \
	"$work/points"
refused 2 "unrecognized option" "a bad option is refused" --z tpot "$work/points"
report -o "$work/none/page.html" "$work/points"
[ $? = 1 ] && grep -q 'none/page.html' "$work/said"
result $? "a file that cannot be written is an error"
mkdir -p "$work/away/bin" && cp $sim "$work/away/bin"
if [ -e /usr/local/share/terrace/report/page.html ]; then
	skip "an installed page would be found" "without the page the command says how to make it"
else
	"$work/away/bin/terrace-sim" report -o "$work/old.html" "$work/points" 2>"$work/said"
	[ $? = 1 ] && grep -q 'run `make report`' "$work/said"
	result $? "without the page the command says how to make it"
fi

# ---- in a browser ----

rows=("it opens without errors" "every chart is drawn" "rooflines have their operators"
	"bars have their parts" "the front is drawn over all points" "axes can be asked for"
	"hostile names stay text" "hostile names run no script" "a width of a phone is enough"
	"a page of points alone opens" "runs of other versions open" "a sweep of many runs opens"
	"what a search and a sweep say besides is shown")
if ! command -v chromium >/dev/null; then
	skip "there is no chromium: tests/vm/install browser" "${rows[@]}"
	echo "1..$number"
	exit 0
fi

# browse PAGE [OPTION...]: the page as the browser has it, after its scripts, in $work/dom; what was
# said of it in $work/said
browse()
{
	local file=$1 status

	shift
	chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--user-data-dir="$work/profile" --window-size=1280,900 --virtual-time-budget=10000 \
		--enable-logging=stderr "$@" --dump-dom "file://$file" >"$work/whole" 2>"$work/log"
	status=$?
	grep -E 'CONSOLE' "$work/log" >"$work/said"
	# Scripts and data come last.
	sed '/<script/,$d' "$work/whole" >"$work/dom"
	[ $status = 0 ] && [ ! -s "$work/said" ] && [ -s "$work/dom" ]
}

# chart NAME: what is drawn of a chart
chart()
{
	awk -v RS='data-chart="' -v name="$1" 'NR > 1 && index($0, name "\"") == 1' "$work/dom" |
		sed 's|</svg>.*||'
}

# drawn NAME...: these are the charts of the page, each with a picture
drawn()
{
	local name

	grep -o 'data-chart="[^"]*"' "$work/dom" | cut -d'"' -f2 | sort >"$work/said"
	printf '%s\n' "$@" | sort | diff - "$work/said" >"$work/difference" || return 1
	for name in "$@"; do
		[ "$(chart "$name" | grep -o '<path' | wc -l)" -gt 8 ] || return 1
	done
}

browse "$work/page.html"
result $? "${rows[0]}"
drawn energy cost carbon pareto roofline-{decode,prefill}-{1,2}
result $? "${rows[1]}"
chart roofline-decode-1 >"$work/said"
grep -q '>attention<' "$work/said" && grep -q '>hbm0 .*B/s<' "$work/said" &&
	grep -q '>operations per byte (OP/B)<' "$work/said"
result $? "${rows[2]}"
chart energy >"$work/said"
for part in 'accelerators computing' 'hbm0 moving' 'hbf0 idle'; do
	grep -q ">$part<" "$work/said" || break
done && [ "$(grep -o 'fill="#0072b2"' "$work/said" | wc -l)" -ge 3 ]
result $? "${rows[3]}"
# 12 points have both numbers that most have; marks are moved to their places.
chart pareto >"$work/said"
grep -q '>tpot ms, less is better<' "$work/said" &&
	[ "$(grep -oE 'fill="#(0072b2|d55e00)"|fill="#fff" stroke="#d55e00"' "$work/said" | wc -l)" -ge 12 ]
result $? "${rows[4]}"
report -o "$work/axes.html" --x energy_per_token --y duration "$work/eight" "$work/mixture" &&
	browse "$work/axes.html" && chart pareto >"$work/said" &&
	grep -q '>energy per token (J/token), less is better<' "$work/said"
result $? "${rows[5]}"

hostile='</script><script>document.title="owned"</script><img src=x onerror=document.title="owned">'
jq --arg bad "$hostile" '.settings.model.value = $bad + "\u2028" | .settings[$bad] = .settings.model |
	.figures[$bad] = {"value": 1, "unit": $bad} | .tier[0].name = $bad |
	.roofline.tier[0].name = $bad |
	.roofline.step[].operators[] |= (.name = $bad | .tier[0].name = $bad | .bound = $bad)' \
	"$work/eight" >"$work/hostile"
jq -c --arg bad "$hostile" '. + {($bad): .tp, kind: $bad}' "$work/points" >"$work/$$ <b>&.jsonl"
report -o "$work/hostile.html" "$work/hostile" "$work/$$ <b>&.jsonl" && browse "$work/hostile.html" &&
	! grep -qiE '<(img|b)\b|onerror=[^&]*>' <(sed 's/&lt;[^<]*//g' "$work/dom")
result $? "${rows[6]}"
grep -q '&lt;img src=x' "$work/dom" && grep -q '<title>terrace-sim report</title>' "$work/dom" &&
	drawn energy cost carbon pareto roofline-{decode,prefill}-1
result $? "${rows[7]}"
browse "$work/page.html" --window-size=390,800 &&
	drawn energy cost carbon pareto roofline-{decode,prefill}-{1,2}
result $? "${rows[8]}"
report -o "$work/points.html" "$work/points" && browse "$work/points.html" && drawn pareto
result $? "${rows[9]}"
jq 'del(.roofline) | del(.figures.cost) | .figures.cost_wear.value = null' "$work/eight" >"$work/other"
report -o "$work/other.html" "$work/other" && browse "$work/other.html" && drawn energy carbon &&
	grep -q 'Without a value: 1: llama-3.1-70b' "$work/dom"
result $? "${rows[10]}"
for i in {1..30}; do
	jq -c --arg i "$i" '{values: {kind: $i}} + . | .figures.tpot_p50.value += ($i | tonumber) |
		.figures.tokens_per_second.value += ($i | tonumber)' "$work/mixture"
done >"$work/sweep"
echo '{"values": {"tp": "3"}, "refused": "3 devices cannot be laid out"}' >>"$work/sweep"
echo '{"kind": "settings", "layouts": 7, "rate": {"value": "2 requests/s", "default": true}}' \
	>>"$work/sweep"
mapfile -t charts < <(printf 'roofline-%s\n' {decode,prefill}-{1..12})
report -o "$work/sweep.html" "$work/sweep" && grep -q '24 runs, 30 points' "$work/out" &&
	browse "$work/sweep.html" && drawn energy cost carbon pareto "${charts[@]}" &&
	grep -q '6 runs more are points' "$work/dom" &&
	grep -q '18 runs more have no section' "$work/dom"
result $? "${rows[11]}"
grep -q '3 devices cannot be laid out' "$work/dom" && grep -q '2 requests/s' "$work/dom"
result $? "${rows[12]}"
echo "1..$number"
