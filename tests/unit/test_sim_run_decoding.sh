#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace-sim run: how answers come out, and by which devices.

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
trace=tests/data/traces/conversation-120.jsonl
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

# run OPTION...: serve the trace with the small model; standard output goes to $work/out
run()
{
	"$sim" run --trace $trace --model llama-3.1-8b "$@" >"$work/out" 2>"$work/said"
}

# run_json FILE OPTION...
run_json()
{
	local to=$1

	shift
	run --json "$@" && cp "$work/out" "$work/$to"
}

# holds FILTER NAME FILE...: the filter, with v(N; NAME) for a figure of the Nth file, is true
holds()
{
	local filter=$1 name=$2

	shift 2
	jq -es "def v(i; n): .[i].figures[n].value;
		def sum(i; n): [.[i].tier[].figures[n].value // 0] | add;
		def near(a; b; part): (a - b | fabs) <= part * (b | fabs); $filter" \
		"${@/#/$work/}" >"$work/said" 2>&1
	result $? "$name"
}

# refused STATUS TEXT NAME OPTION...: the command failed so, and said so
refused()
{
	local status=$1 text=$2 name=$3 got

	shift 3
	run "$@"
	got=$?
	[ $got = "$status" ] && grep -qE -- "$text" "$work/said" && [ ! -s "$work/out" ]
	result $? "$name"
}

speculative=(--decoding speculative --draft-tokens 4 --acceptance 700)
diffusion=(--decoding diffusion --diffusion-block 32 --denoising-steps 8)

# ---- speculation ----

run --csv
cp "$work/out" "$work/plain.csv"
run --csv --decoding speculative --draft-tokens 0 --acceptance 700 &&
	cmp "$work/out" "$work/plain.csv" >"$work/said"
result $? "without drafts all figures are those of autoregressive decoding"
run --csv --decoding diffusion --diffusion-block 1 --denoising-steps 1 &&
	cmp "$work/out" "$work/plain.csv" >"$work/said"
result $? "so they are with blocks of a token in one step"

run_json plain
run_json free "${speculative[@]}"
result $? "drafts are verified"
# (1 - 0.7^5) / 0.3
holds 'near(v(0; "tokens_per_turn"); 2.7731; 0.01)' "as many tokens a turn as expected" free
# 0.7 + 0.7^2 + 0.7^3 + 0.7^4 of 4
holds 'near(v(0; "draft_acceptance"); 44.3275; 0.01)' "as many drafts are accepted" free
holds 'v(0; "decoded_tokens") == v(0; "tokens") - v(0; "requests_served") +
	v(0; "tokens_beyond_end") + v(0; "rejected_draft_tokens")' \
	"a token that is computed is of an answer, beyond its end, or rejected" free
holds 'v(0; "tokens") == v(1; "tokens")' "answers are as long" free plain
holds 'sum(0; "kv_written") == (v(0; "prompt_tokens") - v(0; "cached_tokens") +
	v(0; "decoded_tokens")) * 131072' "KV of rejected drafts is written" free
holds 'v(0; "energy_memory_moving") > 0 and v(0; "operations") > v(1; "operations")' \
	"they are operations" free plain
holds 'v(0; "tpot_mean") < v(1; "tpot_mean")' "tokens come faster" free plain
run_json again "${speculative[@]}" && cmp "$work/again" "$work/free" >"$work/said"
result $? "the same seed gives the same bytes"
run_json other "${speculative[@]}" --seed 2
holds 'v(0; "rejected_draft_tokens") != v(1; "rejected_draft_tokens")' "another one does not" \
	free other
run_json right --decoding speculative --draft-tokens 3 --acceptance 1000
holds 'v(0; "tokens_per_turn") == 4 and v(0; "rejected_draft_tokens") == 0' \
	"all tokens of a turn are right" right
run_json wrong --decoding speculative --draft-tokens 3 --acceptance 0
holds 'v(0; "tokens_per_turn") == 1 and v(0; "draft_acceptance") == 0' "or one" wrong

run_json model "${speculative[@]}" --draft-model llama-2-7b
result $? "a model guesses"
# But for what one more prompt brings of a request that lost its blocks.
holds 'near(v(0; "tokens_per_turn"); v(1; "tokens_per_turn"); 0.001)' \
	"as many of its guesses are right" model free
holds 'v(0; "tpot_mean") > v(1; "tpot_mean") and v(0; "energy") > v(1; "energy")' \
	"its passes take time and energy" model free
holds '([.[0].tier[].figures.weights_per_device.value] | add) -
	([.[1].tier[].figures.weights_per_device.value] | add) == 2 * 6738415616' \
	"its weights take memory" model free

# One request: a draft model that takes c of the time of a step makes it faster by tokens a turn /
# (k c + 1), theorem 3.8 of Leviathan et al. (ICML 2023).
printf '{"timestamp": 0, "input_length": 64, "output_length": 3000, "hash_ids": [1]}\n' >"$work/one.jsonl"
one=(--trace "$work/one.jsonl" --devices 4 --tp 4)
run_json target "${one[@]}" --model llama-3.1-70b
run_json draft "${one[@]}" --model llama-3.1-8b
run_json both "${one[@]}" --model llama-3.1-70b --draft-model llama-3.1-8b "${speculative[@]}"
# shellcheck disable=SC2016 # these are jq's variables
holds 'v(0; "tpot_mean") as $all | (v(1; "tpot_mean") / v(0; "tpot_mean")) as $c |
	near($all / v(2; "tpot_mean"); v(2; "tokens_per_turn") / (4 * $c + 1); 0.01)' \
	"one request is faster as published" target draft both

# ---- diffusion ----

run_json blocks "${diffusion[@]}"
result $? "blocks are denoised"
holds 'v(0; "decoded_tokens") > v(1; "decoded_tokens") and v(0; "tokens") == v(1; "tokens")' \
	"what is computed again is in no answer" blocks plain
holds 'v(0; "tokens_beyond_end") > 0 and v(0; "rejected_draft_tokens") == 0' \
	"a last block goes beyond the end" blocks
holds 'sum(0; "kv_written") == (v(0; "prompt_tokens") - v(0; "cached_tokens") + v(0; "tokens") +
	v(0; "tokens_beyond_end")) * 131072' "KV of a block is written once" blocks
run_json slower --decoding diffusion --diffusion-block 32 --denoising-steps 32
holds 'v(0; "tpot_mean") > v(1; "tpot_mean") and v(0; "ttft_mean") > v(1; "ttft_mean")' \
	"more steps a block take longer" slower blocks
run_json whole --decoding diffusion --diffusion-block 4096 --denoising-steps 64 \
	--max-step-tokens 16384
holds 'v(0; "tpot_mean") == 0' "a whole answer comes at once" whole

# ---- two pools ----

run_json one --devices 4
run_json two --devices 4 --prefill-devices 2
result $? "prompts are computed elsewhere"
holds 'v(0; "tokens") == v(1; "tokens") and v(0; "requests_served") == 120' "all are served" two one
# Answers of one token are done where the prompt is. KV of a token is 131072 bytes.
sent=$(jq -s 'map(select(.output_length > 1).input_length) | add' $trace)
holds "v(0; \"kv_transfers\") == 118 and v(0; \"kv_transferred\") == $sent * 131072" \
	"KV of all prompts that have more goes over" two
holds 'v(0; "kv_transfer_mean") > 0 and v(0; "kv_transfer_wait_mean") >= 0 and
	v(0; "kv_between_pools_peak") > 0' "that takes time" two
holds "sum(0; \"kv_written\") == (v(0; \"prompt_tokens\") - v(0; \"cached_tokens\") + $sent +
	v(0; \"decoded_tokens\")) * 131072" "it is written on both sides" two
holds 'near(v(0; "prefill_groups_busy") + v(0; "decode_groups_busy"); 2 * v(0; "groups_busy"); 1e-9)' \
	"the groups' shares are of each pool" two
holds 'v(0; "cached_tokens") > 0 and v(0; "recomputed_tokens") == 0' "prompts share prefixes" two
holds '.[0].settings | .["prefill-devices"].value == "2" and .devices.value == "4" and
	(.tp.value | tonumber) * (.dp.value | tonumber) == 2' "the layout is that of the others" two
run_json tp --devices 4 --prefill-devices 2 --prefill-tp 1
holds '.[0].settings | .["prefill-tp"] == {"value": "1", "default": false} and
	.["prefill-dp"].value == "2"' "prompts have a layout of their own" tp
run_json drafts --devices 4 --prefill-devices 2 "${speculative[@]}" --draft-model llama-2-7b
holds 'near(v(0; "tokens_per_turn"); 2.7731; 0.01) and v(0; "kv_transferred") > v(1; "kv_transferred")' \
	"KV of a draft model goes over as well" drafts two
run_json together --devices 4 --prefill-devices 2 "${diffusion[@]}"
holds 'v(0; "ttft_mean") > v(1; "ttft_mean") and v(0; "kv_transfers") == 120' \
	"blocks begin where answers are" together two

# ---- what is refused ----

refused 2 "speculative decoding needs draft-tokens" "drafts without a number are refused" \
	--decoding speculative --acceptance 700
refused 2 "diffusion decoding needs denoising-steps" "a block without steps is refused" \
	--decoding diffusion --diffusion-block 32
refused 2 "draft-tokens is of speculative decoding" "drafts of no speculation are refused" \
	--draft-tokens 4
refused 2 "a draft-model guesses no token" "so is a model for them" --draft-model llama-2-7b
refused 2 "give autoregressive, speculative or" "an unknown kind is refused" --decoding beam
refused 2 "give a number from 0 to 1000" "more than all is refused" \
	--decoding speculative --draft-tokens 4 --acceptance 1001
refused 2 "256 requests that decode 64 tokens" "a batch that no step holds is refused" \
	--decoding diffusion --diffusion-block 64 --denoising-steps 8 --max-batch 256
refused 2 "no model 'llama-9'" "an unknown draft model is refused" "${speculative[@]}" \
	--draft-model llama-9
refused 2 "take --pp 1" "a draft model in stages is refused" "${speculative[@]}" \
	--draft-model llama-2-7b --devices 2 --pp 2
refused 2 "leave none to decode" "prompts on all devices are refused" --devices 2 --prefill-devices 2
refused 2 "are of prefill-devices" "a layout of no devices is refused" --prefill-tp 2
refused 2 "cannot be laid out" "another number of them as well" --devices 8 --prefill-devices 4 \
	--prefill-tp 3
echo "1..$number"
