#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Calibrations: they are what their tables say, they bring a run nearer to what vLLM measured, and
# they contradict what they replace.

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
tables=tests/data/validation
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

# derived FILE NAME VARIABLE...: each value that the tables give is the file's
derived()
{
	local file=user/calibrations/$1 name=$2

	shift 2
	awk -F, "$@" -f tests/unit/calibrate.awk $tables/measured_vllm_dense_kernels.csv \
		$tables/measured_vllm_attention_kernels.csv $tables/measured_vllm_moe_kernels.csv \
		>"$work/values" 2>"$work/said"
	[ "$(wc -l <"$work/values")" -ge 6 ] &&
		while read -r key value; do
			grep -qx "$key = $value" "$file" || echo "$key is $value" >>"$work/said"
		done <"$work/values"
	[ -s "$work/values" ] && [ ! -s "$work/said" ]
	result $? "$name"
}
derived rtx4090.ini "the RTX 4090's values are those of its kernels" -v hardware=RTX4090 \
	-v models=Llama -v n=1 -v peak=165.2e12 -v bps=1008e9
derived rtx-pro-6000.ini "the RTX PRO 6000's values are those of its kernels" \
	-v hardware=RTXPRO6000 -v 'models=Llama-3.1-8B|Qwen3-32B' -v n=2 -v peak=500e12 \
	-v bps=1597e9

# vllm HARDWARE: the requests that vLLM served, and its mean TPOT
vllm()
{
	awk -F, -v h="$1" 'BEGIN { print "arrival_ns,input_toks,output_toks" }
		$1 == h { printf "%.0f,%d,%d\n", $6 * 1e9, $4, $5 }' \
		$tables/measured_vllm_requests.csv >"$work/$1.csv"
	awk -F, -v h="$1" '$1 == h { n++; sum += $10 } END { print sum / n }' \
		$tables/measured_vllm_requests.csv >"$work/$1.tpot"
}

# off HARDWARE OPTION...: sets off to how far the mean TPOT is from vLLM's, in %
off()
{
	local hardware=$1

	shift
	"$sim" run --json --trace "$work/$hardware.csv" --max-step-tokens 2048 "$@" \
		>"$work/out" 2>"$work/said" || return 1
	off=$(jq -r --argjson measured "$(cat "$work/$hardware.tpot")" \
		'(.figures.tpot_mean.value / $measured - 1) * 100 * 100 | round / 100' "$work/out")
}

# within LOW HIGH NAME: is off?
within()
{
	echo "$off %" >"$work/said"
	awk -v off="$off" -v low="$1" -v high="$2" 'BEGIN { exit !(off >= low && off <= high) }'
	result $? "$3 ($off %)"
}

vllm RTX4090
one="--model llama-3.1-8b --tiers tests/data/tiers/rtx4090.ini"
# shellcheck disable=SC2086
{
	off RTX4090 $one
	within -20 -8 "the roofline of an RTX 4090 is too fast"
	off RTX4090 $one --calibration rtx4090
	within -12 0 "calibrated it is nearer"
	jq -e '.settings.bound.value == "calibrated"' "$work/out" >"$work/said"
	result $? "the report says that it is"
	off RTX4090 $one --calibration rtx4090 --kernels $tables
	within -3 3 "with its kernels it is near"
	jq -e '.settings.bound.value == "calibrated, by measured kernels"' "$work/out" >"$work/said"
	result $? "the report says that too"
}
vllm RTXPRO6000
two="--model qwen3-30b-a3b-instruct-2507 --tiers tests/data/tiers/rtx-pro-6000.ini --max-batch 128
	--devices 2 --dp 2 --network tests/data/networks/pair.ini"
# shellcheck disable=SC2086
{
	off RTXPRO6000 $two
	within -30 -15 "the roofline of two RTX PRO 6000 with experts is too fast"
	off RTXPRO6000 $two --calibration rtx-pro-6000
	within -14 0 "calibrated it is nearer"
	off RTXPRO6000 $two --calibration rtx-pro-6000 --kernels $tables
	within -3 3 "with its kernels it is near"
}

# refused TEXT NAME OPTION...
refused()
{
	local text=$1 name=$2

	shift 2
	"$sim" run --trace "$work/RTX4090.csv" --model llama-3.1-8b --limit 1 "$@" >"$work/out" \
		2>"$work/said"
	[ $? = 2 ] && grep -qE -- "$text" "$work/said" && [ ! -s "$work/out" ]
	result $? "$name"
}
refused "--overhead and --calibration rtx4090 contradict" "software of a step is not counted twice" \
	--calibration rtx4090 --overhead 10
refused "--bandwidth and --calibration rtx4090 contradict" "bandwidth is not derated twice" \
	--calibration rtx4090 --bandwidth 900
refused "--bound and --calibration rtx4090 contradict" "a bound is not calibrated" \
	--calibration rtx4090 --bound serial
refused 'bound is "fast"' "an unknown bound is refused" --bound fast
refused "no 'none' among the calibrations" "an unknown calibration is refused" --calibration none
refused "needs a --calibration" "kernels without hardware are refused" --kernels $tables
refused "leave --dtype out" "kernels of another data type are refused" --calibration rtx4090 \
	--kernels $tables --dtype fp8
refused "take --pp 1" "kernels of a stage are refused" --calibration rtx4090 --kernels $tables \
	--devices 2 --pp 2
refused "no kernels of qwen3-8b on RTX4090 were measured" "kernels of another model are refused" \
	--calibration rtx4090 --kernels $tables --model qwen3-8b
refused "none: No such file" "a folder that is not there is refused" --calibration rtx4090 \
	--kernels none
printf '[calibration]\nname = x\ndescription = x\ngemm_compute_permille = 900\n' >"$work/x.ini"
refused "gemm_compute_permille.*source" "a number without source is refused" \
	--calibration "$work/x.ini"
printf '[calibration]\nname = x\ndescription = x\ngemm_compute_permille = 0\n' >"$work/x.ini"
refused "x.ini:4: .*from 1 to 1500" "a share of nothing is refused" --calibration "$work/x.ini"

"$sim" run --json --trace "$work/RTX4090.csv" --model llama-3.1-8b --limit 20 --bound serial \
	>"$work/out" 2>"$work/said" &&
	jq -e '.figures.step_mean.value == .figures.step_mean_serial.value and
		.settings.bound == {"value": "serial", "default": false}' "$work/out" >"$work/said"
result $? "the serial bound is what step_mean_serial tells"
echo "1..$number"
