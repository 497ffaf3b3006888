#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace-sim fit: it says what run does, whether it fits, and how.

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
trace=tests/data/traces/conversation-120.jsonl
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

# fit STATUS NAME OPTION...: the command ends so; standard output goes to $work/out
fit()
{
	local status=$1 name=$2

	shift 2
	"$sim" fit "$@" >"$work/out" 2>"$work/said"
	[ $? = "$status" ]
	result $? "$name"
}

# holds FILTER NAME: the filter is true of the JSON
holds()
{
	jq -e "def v(n): .figures[n].value; $1" "$work/out" >"$work/said" 2>&1
	result $? "$2"
}

# as_run NAME OPTION...: what lies where is what run reports of its fullest device
as_run()
{
	local name=$1

	shift
	"$sim" fit --json "$@" >"$work/fit" 2>"$work/said" &&
		"$sim" run --json --trace $trace --limit 1 "$@" >"$work/run" 2>>"$work/said" &&
		jq -es '.[0] as $fit | .[1] as $run |
			($fit.figures.tp.value | tostring) == $run.settings.tp.value and
			($fit.figures.pp.value | tostring) == $run.settings.pp.value and
			($fit.figures.dp.value | tostring) == $run.settings.dp.value and
			($fit.figures.ep.value | tostring) == $run.settings.ep.value and
			($run.settings["kv-blocks"].value |
				startswith("\($fit.figures.kv_blocks_per_group.value) ")) and
			([range($run.tier | length)] | all(. as $i |
				$run.tier[$i].figures.weights_per_device.value ==
				([$fit.stage[].tier[$i].figures.weights.value] | max) and
				$run.tier[$i].figures.kv_room_per_device.value ==
				([$fit.stage[].tier[$i].figures.kv_room.value] | min)))' \
			"$work/fit" "$work/run" >>"$work/said"
	result $? "$name"
}
as_run "one device is filled as by run" --model llama-3.1-70b
as_run "stages are filled as by run" --model llama-3.1-405b --devices 16 --pp 8 \
	--tiers tests/data/tiers/hbm-cxl.ini
as_run "experts are filled as by run" --model deepseek-v3 --devices 8
as_run "FP8 is filled as by run" --model qwen3-235b-a22b --devices 4 --dtype fp8 \
	--tiers tests/data/tiers/hbm.ini

fit 0 "what fits ends well" --model llama-3.1-8b --json
[ ! -s "$work/said" ]
result $? "nothing is complained of"
holds 'v("fits") == 1 and v("lack_per_device") == 0 and v("context") == 8192' "and says so"
holds 'v("model_weights") == 16060522496' "weights are whole bytes"
fit 1 "what does not fit fails" --model llama-3.1-70b --tiers tests/data/tiers/hbm.ini --json
grep -qE 'lacks [0-9]+ bytes for weights and 2684354560 bytes for KV.*take 2 devices' "$work/said"
result $? "the bytes and the remedy are said"
holds 'v("fits") == 0 and v("enough_devices") == 2 and v("enough_tp") == 2 and v("fp8_fits") == 1' \
	"and are figures"
fit 0 "the remedy holds it" --model llama-3.1-70b --tiers tests/data/tiers/hbm.ini --devices 2
fit 0 "the other remedy holds it" --model llama-3.1-70b --tiers tests/data/tiers/hbm.ini --dtype fp8
fit 1 "requests that have no room fail" --model llama-3.1-8b --batch 10000 --context 100000
fit 0 "modules and banks are told" --model llama-3-70b --dtype fp8 --near --json
holds 'v("pnm32_shards") == 3 and v("pnm32_modules") == 3 and v("pnm16_shards") == 5 and
	v("pnm16_modules") == 5 and v("pim64_shards") > 1100 and v("pim64_ffn_split") == 12' \
	"Llama 3 70B is 3 modules of 32 GB, 5 of 16 GB, over 1,100 banks of 64 MB"
fit 0 "CSV is written" --model llama-3.1-405b --devices 8 --pp 4 --csv
awk -F, 'NR == 1 { good = $0 == "stage,devices,tier,item,value,unit" } NF != 6 { good = 0 }
	NR > 1 && $5 !~ /^[0-9]*$/ { good = 0 } END { exit !good }' "$work/out"
result $? "it has six columns, of whole numbers"
fit 2 "a context of 2^60 is refused" --model llama-3.1-8b --context 1152921504606846976
grep -q -- '--context is "1152921504606846976"; give a number from 1 to' "$work/said"
result $? "with its limit"
fit 2 "no model is refused" --devices 8
fit 2 "another number of devices is refused" --model llama-3.1-8b --devices 8 --tp 3
[ ! -s "$work/out" ]
result $? "and nothing is written"
echo "1..$number"
