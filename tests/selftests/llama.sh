# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the tests with llama.cpp share: where it is, tiers for it, its runs. Sourced after flash.sh;
# the test has a folder $work.

llama=$(cat build/clients/llama)
# the guest's /var is its own
[ -d "$llama" ] || llama=/run/host$llama
model=${work:?}/moe.gguf
expert_bytes=169936032	# of the model, all but a MiB of them experts
alone=(-t 1 -fit off -fa on --no-warmup)	# what every run needs to be the same every time
options=()

# load_tiers HBF_BACKING: a fast tier of 64 MiB, one of flash for weights, and one for what the
# first has no room for
load_tiers()
{
	cat >"$work/tiers.ini" <<-END
		[device]
		scale = 1
		[tier hbm0]
		profile = hbm4
		capacity_bytes = 67108864
		backing = mem:0
		rank = 0
		classes = weights kv context activation
		[tier ddr0]
		profile = ddr5
		capacity_bytes = 67108864
		backing = mem:0
		rank = 1
		classes = kv activation
		[tier hbf0]
		profile = ${profile-hbf-ma-patterson}
		capacity_bytes = 268435456
		backing = $1
		rank = 2
		classes = weights context
	END
	[[ $1 != blk:* ]] || echo "landing_bytes = ${landing-33554432}" >>"$work/tiers.ini"
	terrace tier load "$work/tiers.ini" >"$work/said" 2>&1
}

# logits NAME [COMMAND...]: COMMAND runs the client, one ubatch a token, to $work/NAME
logits()
{
	local name=$1
	shift
	timeout 200 "$@" "$llama/run" llama-perplexity -m "$model" \
		-f tests/data/clients/story.txt -c 128 -b 1 -ub 1 "${alone[@]}" \
		--save-all-logits "$work/$name" </dev/null >"$work/said" 2>&1
}

# text NAME TOKENS COMMAND...: a story that COMMAND has the client tell, with $options
text()
{
	local name=$1 tokens=$2
	shift 2
	timeout 200 "$@" "$llama/run" llama-completion -m "$model" \
		-p 'Once upon a time' -n "$tokens" -c 512 --temp 0 -no-cnv -s 1 \
		--ignore-eos "${alone[@]}" "${options[@]}" </dev/null >"$work/$name" 2>"$work/said"
}

# Until a client that was started in the background computes.
until_computing()
{
	local n

	for ((n = 0; n < 600; n++)); do
		terrace buffers --json | jq -e 'any(.[]; .name == "kv-cache")' >/dev/null && break
		sleep 0.1
	done
	sleep 1
}

# same ONE TWO NAME: a result, and both must hold something
same()
{
	[ -s "$work/$1" ] && cmp -s "$work/$1" "$work/$2"
	result $? "$3"
}

# report FILTER: of the last run's report
report()
{
	tail -n 1 "$work/report" | jq "$1"
}
