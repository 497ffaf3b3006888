#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is wrong in a file or on the command line is said in one sentence, with its place, and nothing
# else is written.

cd "$(dirname "$0")/../.." || exit 1
sim=build/bin/terrace-sim
trace=tests/data/traces/conversation-120.jsonl
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/tap.sh
. tests/tap.sh

# refused TEXT NAME COMMAND...: exit status 2, one line with TEXT on standard error, nothing else
refused()
{
	local text=$1 name=$2 status

	shift 2
	timeout 60 "$sim" "$@" >"$work/out" 2>"$work/said"
	status=$?
	echo "exit status $status" >>"$work/said"
	[ $status = 2 ] && [ ! -s "$work/out" ] && grep -qE -- "$text" "$work/said" &&
		[ "$(grep -c '^terrace-sim' "$work/said")" = 1 ] &&
		! grep -qE 'Sanitizer|runtime error' "$work/said"
	result $? "$name"
}

# ---- models ----

good='{"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32,
	"num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336,
	"vocab_size": 128256}'
moe='{"model_type": "mixtral", "hidden_size": 4096, "num_hidden_layers": 32,
	"num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336,
	"vocab_size": 32000, "num_local_experts": 8, "num_experts_per_tok": 2}'

# model TEXT NAME JSON FILTER: the JSON, changed by the filter of jq, is refused
model()
{
	printf '%s' "$3" | jq "$4" >"$work/model.json"
	refused "model.json: .*$1" "model: $2" fit --model "$work/model.json"
}

# model_text TEXT NAME TEXT-OF-FILE
model_text()
{
	printf '%s' "$3" >"$work/model.json"
	refused "model.json.*$1" "model: $2" fit --model "$work/model.json"
}

printf '%s' "$good" >"$work/model.json"
"$sim" fit --model "$work/model.json" >"$work/out" 2>"$work/said"
result $? "the model that is changed below is right"
printf '%s' "$moe" >"$work/model.json"
"$sim" fit --model "$work/model.json" >"$work/out" 2>"$work/said"
result $? "so is the mixture of experts"

model_text "" "an empty file" ''
model_text ":[0-9]+" "truncated JSON" '{"hidden_size": 4096, "num_hidden'
model_text "" "JSON that is no object" '[1, 2]'
model_text "duplicate" "a key twice" '{"hidden_size": 1, "hidden_size": 2}'
model_text ":[0-9]+" "NaN is not JSON" '{"hidden_size": NaN}'
model_text "" "a number beyond 64 bits" '{"hidden_size": 99999999999999999999999}'
model_text "" "binary data" $'\x7fELF\x01\x02'
model "hidden_size" "a width is missing" "$good" 'del(.hidden_size)'
model "hidden_size" "a width is negative" "$good" '.hidden_size = -4096'
model "hidden_size" "a width is 2^60" "$good" '.hidden_size = 1152921504606846976'
model "hidden_size" "a width is a text" "$good" '.hidden_size = "4096"'
model "hidden_size" "a width is not whole" "$good" '.hidden_size = 4096.5'
model "hidden_size.*num_attention_heads|num_attention_heads.*hidden_size" \
	"a width that heads do not divide" "$good" '.hidden_size = 4097'
model "num_key_value_heads" "more KV heads than heads" "$good" '.num_key_value_heads = 64'
model "num_key_value_heads" "KV heads that do not divide heads" "$good" '.num_key_value_heads = 7'
model "num_hidden_layers" "no layers" "$good" '.num_hidden_layers = 0'
model "num_hidden_layers" "a million layers" "$good" '.num_hidden_layers = 1000000'
model "vocab_size" "no vocabulary" "$good" '.vocab_size = 0'
model "intermediate_size" "no FFN" "$good" 'del(.intermediate_size)'
model "head_dim" "a head's size of 0" "$good" '.head_dim = 0'
model "num_experts_per_tok" "more experts a token than experts" "$moe" '.num_experts_per_tok = 9'
model "num_experts_per_tok" "no experts a token" "$moe" '.num_experts_per_tok = 0'
model "num_local_experts" "a million experts" "$moe" '.num_local_experts = 1000000'
model "tie_word_embeddings" "a flag that is a number" "$good" '.tie_word_embeddings = 7'
refused "nowhere.json" "model: a file that is not there" fit --model nowhere.json

# ---- traces ----

# trace TEXT NAME LINE...: a trace of these lines is refused
trace()
{
	local text=$1 name=$2

	shift 2
	printf '%s\n' "$@" >"$work/trace.jsonl"
	refused "trace.jsonl.*$text" "trace: $name" run --trace "$work/trace.jsonl" \
		--model llama-3.1-8b
}
: >"$work/empty"
refused "empty" "trace: an empty file" run --trace "$work/empty" --model llama-3.1-8b
trace "" "no known format" "hello"
trace "" "an answer of 2^60 tokens" \
	'{"timestamp": 0, "input_length": 1, "output_length": 1152921504606846976, "hash_ids": [1]}'
trace "" "a negative prompt" \
	'{"timestamp": 0, "input_length": -1, "output_length": 1, "hash_ids": [1]}'
trace "" "a time that is NaN" \
	'{"timestamp": NaN, "input_length": 1, "output_length": 1, "hash_ids": [1]}'
trace "" "truncated JSON" '{"timestamp": 0, "input_length": 1'
trace "" "a header alone" "arrival_ns,input_toks,output_toks"
trace "" "lengths that are no numbers" "arrival_ns,input_toks,output_toks" "0,many,few"

# ---- files of what is simulated ----

# file KIND OPTION FILE TEXT NAME SED: the file, changed by the command of sed, is refused
file()
{
	sed "$5" "$2" >"$work/file.ini"
	if cmp -s "$2" "$work/file.ini"; then
		echo "'$5' changes nothing in $2" >"$work/said"
		result 1 "$1: $4"
		return
	fi
	refused "file.ini.*$3" "$1: $4" run --trace $trace --limit 1 --model llama-3.1-8b \
		"--$1" "$work/file.ini"
}
tiers=tests/data/tiers/hbm.ini
file tiers $tiers ":[0-9]+: .*profile" "a profile that does not exist" 's/= hbm4/= hbm9/'
file tiers $tiers "accelerator" "no accelerator" '/^\[accelerator/,/^active/d'
file tiers $tiers ":[0-9]+: .*peak_flops" "a rate of 0" 's/989e12/0/'
file tiers $tiers ":[0-9]+: .*peak_flops" "a rate that is NaN" 's/989e12/nan/'
file tiers $tiers ":[0-9]+: .*peak_flops" "a rate with an unknown unit" 's/989e12/989 TFLOPS/'
file tiers $tiers ":[0-9]+: .*efficiency_permille" "more than all of a rate" 's/= 500/= 1500/'
file tiers $tiers ":[0-9]+: .*nearest one is 'weights'" "a class that does not exist" 's/= weights/= wheights/'
file tiers $tiers ":[0-9]+: .*stacks" "stacks that are negative" 's/stacks = 2/stacks = -2/'
file tiers $tiers ":[0-9]+: .*stack" "a key twice" 's/stacks = 2/stacks = 2\nstacks = 4/'
file tiers $tiers ":[0-9]+: .*peak_flops" "a key of the accelerator twice" \
	's/^peak_flops = .*/&\n&/'
file tiers $tiers ":[0-9]+: .*scale" "a key of the device twice" 's/^scale = .*/&\n&/'
file tiers $tiers ":[0-9]+: .*rank" "a key without a value" 's/^rank = 0/rank =/'
file tiers $tiers "weights" "no tier for weights" 's/= weights kv/= kv/'
network=user/networks/low_latency_64.ini
file network $network "power of the radix" "a topology that does not connect" 's/^nodes = 64/nodes = 63/'
file network $network ":[0-9]+: .*link_bps" "a bandwidth of 0" 's/^link_bps = 100e9/link_bps = 0/'
file network $network "link_bps" "no bandwidth" '/^link_bps/d'
file network $network ":[0-9]+: .*link_bps" "a bandwidth of infinity" 's/^link_bps = 100e9/link_bps = inf/'
file network $network "source" "a number without source" '/^hop_ns.source/d'
file network $network ":[0-9]+: .*topology" "a topology that does not exist" 's/= fat_tree/= fat_three/'
file network user/networks/h100_dgx.ini ":[0-9]+: .*nodes" "2^60 nodes" 's/^nodes = 8/nodes = 1152921504606846976/'
prices=user/prices/2026-11.ini
file prices $prices ":[0-9]+: .*pue" "a PUE below 1" 's/^pue = .*/pue = 0.5/'
file prices $prices ":[0-9]+: .*electricity" "a negative price" \
	's/^electricity_usd_per_kwh = .*/electricity_usd_per_kwh = -1/'
file prices $prices ":[0-9]+: .*electricity" "a price that is NaN" \
	's/^electricity_usd_per_kwh = .*/electricity_usd_per_kwh = nan/'
file prices $prices ":[0-9]+: .*life_years" "a life of a price with a unit" \
	's/^life_years = .*/life_years = 5 years/'
head -c 300 $prices >"$work/cut.ini"
refused "cut.ini" "prices: a file that is cut off" run --trace $trace --limit 1 --model llama-3.1-8b \
	--prices "$work/cut.ini"

# ---- profiles, through a tier file ----

# profile TEXT NAME SED: the profile of HBM4, changed by the command of sed, is refused
profile()
{
	sed "s/^name = hbm4/name = changed/; $3" user/profiles/hbm4.ini >"$work/changed.ini"
	sed 's/= hbm4/= changed/' $tiers >"$work/profile-tiers.ini"
	refused "changed.ini.*$1" "profile: $2" run --trace $trace --limit 1 --model llama-3.1-8b \
		--tiers "$work/profile-tiers.ini"
}
profile ":[0-9]+: .*read_bps" "a bandwidth of 0" 's/^read_bps = .*/read_bps = 0/'
profile ":[0-9]+: .*capacity_bytes" "a capacity of 10^30" 's/^capacity_bytes = .*/capacity_bytes = 1e30/'
profile ":[0-9]+: .*read_bps" "a bandwidth with an unknown unit" 's/^read_bps = .*/read_bps = 1638 GB/'
profile "read_latency_ns" "a source is missing" '/^read_latency_ns.source/,/^$/d'
profile ":[0-9]+: .*read_bsp" "a key that does not exist" 's/^read_bps =/read_bsp =/'

# ---- scenarios ----

# scenario TEXT NAME LINE...
scenario()
{
	local text=$1 name=$2

	shift 2
	printf '%s\n' "$@" >"$work/scenario.ini"
	refused "scenario.ini:2: .*$text" "scenario: $name" run --trace $trace --model llama-3.1-8b \
		--scenario "$work/scenario.ini"
}
scenario "devices.*first in line 1" "a key twice" "devices = 8" "devices = 4"
scenario "slo-ttft is .2s" "a number with a unit" "devices = 8" "slo-ttft = 2s"
scenario "no .section" "half a line" "devices = 8" "slo-tt"
scenario "max-batch.*from 1 to" "a number beyond 64 bits" "devices = 8" \
	"max-batch = 99999999999999999999999"

# ---- the command line ----

refused 'context.*from 1 to' "a context of 2^60" fit --model llama-3.1-8b --context 1152921504606846976
refused 'context.*from 1 to' "a context of no tokens" fit --model llama-3.1-8b --context 0
refused 'batch.*from 1 to' "a negative batch" fit --model llama-3.1-8b --batch -1
refused 'devices.*from 1 to' "a billion devices" fit --model llama-3.1-8b --devices 1000000000
refused 'devices.*from 1 to' "devices that are NaN" fit --model llama-3.1-8b --devices nan
refused 'devices.*from 1 to' "half a device" fit --model llama-3.1-8b --devices 0.5
refused "has not the 8 that 8 requests decode" "a step too small for its batch" run --trace $trace \
	--model llama-3.1-8b --max-batch 8 --max-step-tokens 4
echo "1..$number"
