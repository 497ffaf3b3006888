#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# llama.cpp, unmodified, with terraced: clients share their weights, hot experts move to the fast
# tier, and terrace status tells of it.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
daemon=
# shellcheck source=tests/selftests/flash.sh
. tests/selftests/flash.sh
# shellcheck source=tests/selftests/llama.sh
. tests/selftests/llama.sh

# start_daemon POLICY
start_daemon()
{
	local n

	mkdir -p /run/terrace
	terraced --policy "$1" >"$work/said" 2>&1 &
	daemon=$!
	for ((n = 0; n < 300; n++)); do
		[ ! -S /run/terrace/weights.sock ] || [ ! -S /run/terrace/metrics.sock ] ||
			return 0
		sleep 0.1
	done
	return 1
}

stop_daemon()
{
	kill "$daemon"
	wait "$daemon"
	daemon=
	rm -f /run/terrace/*.sock
}

# shellcheck disable=SC2317
cleanup()
{
	[ -z "$daemon" ] || stop_daemon
	terrace tier unload >/dev/null 2>&1
	rm -rf "$work"
}
trap cleanup EXIT

# metric NAME: its value
metric()
{
	curl -s --unix-socket /run/terrace/metrics.sock http://localhost/metrics |
		awk -v name="$1" '$1 == name { print $2 }'
}

# weights_on TIER: bytes of weights that are at home there
weights_on()
{
	terrace buffers --json |
		jq "[.[] | select(.class == \"weights\") | .tier_bytes.\"$1\" // 0] | add // 0"
}

echo "TAP version 13"
cp build/clients/moe.gguf "$model"
logits without env
result $? "the client runs without Terrace"
load_tiers mem:1 && start_daemon static
result $? "tiers and the daemon"

logits one terrace run --weights hbf0 --report "$work/report" -- &
first=$!
logits two terrace run --weights hbf0 --report "$work/report.two" -- &
wait $first
result $? "two clients at once"
wait $!
result $? "both end"
same without one "the logits of one are the same"
same without two "and of the other"
[ "$(metric terrace_weights_loads_total)" = 1 ] && [ "$(metric terrace_weights_shared_total)" = 1 ]
result $? "their weights were loaded once"
[ "$(weights_on hbf0)" -lt $((expert_bytes + 1048576)) ]
result $? "and are there once"
for part in report report.two; do
	jq -e '.ledger | any(.class == "weights" and .model_read_bytes > 0)' "$work/$part" >/dev/null
	result $? "$part: each is charged for what it reads"
done
logits again terrace run --weights hbf0 --report "$work/report" --
same without again "started again: the logits are the same"
[ "$(metric terrace_weights_loads_total)" = 1 ]
result $? "started again: nothing is loaded"
stop_daemon

terrace tier unload >/dev/null

text long 300 env
result $? "the client tells a long story"
for policy in lru class; do
	# by class, weights belong on flash that reads at least half as fast as the fast tier
	profile=nvme-tlc
	load_tiers mem:1 && start_daemon $policy
	result $? "$policy: tiers and the daemon"
	text told 300 terrace run --weights hbf0 --sample 1 --report "$work/report" -- &
	client=$!
	until_computing
	for ((n = 0; n < 600; n++)); do
		moved=$(weights_on hbm0)
		terrace status --json >"$work/status"
		[ "$moved" -lt 4194304 ] || ! jq -e '.open_sessions |
			any(.decode.tokens > 9 and .decode.model_tokens_per_second > 0)' \
			"$work/status" >/dev/null || break
		kill -0 $client 2>/dev/null || break
		sleep 0.1
	done
	kill -0 $client
	result $? "$policy: terrace status has the modelled tokens per second of the client"
	wait $client
	result $? "$policy: the client tells its story"
	[ "$moved" -ge 4194304 ] && [ "$moved" -le 67108864 ]
	result $? "$policy: $((moved >> 20)) MiB of hot experts moved to the fast tier"
	[ "$(report '[.ledger[] | select(.tier == "hbm0" and .class == "weights") |
		.model_read_bytes] | add // 0')" -gt 0 ]
	result $? "$policy: and are read from there"
	same long told "$policy: the story is the same"
	stop_daemon
	terrace tier unload >/dev/null
done
unset profile

# a step lasts 3000 times what it would on the modelled tiers, and longer than it takes here
load_tiers mem:1
text told 40 terrace run --weights hbf0 --pace 3000 --report "$work/report" --
same_start=$(head -c 100 "$work/told")
[ -n "$same_start" ] && [ "$same_start" = "$(head -c 100 "$work/long")" ]
result $? "paced: the story is the same"
theirs=$(sed -n 's/.* eval time = .*, *\([0-9.]*\) tokens per second.*/\1/p' "$work/said" | tail -n 1)
modelled=$(report '.decode.tokens / .decode.model_ns * 1e9')
echo "# the client says $theirs tokens/s, the model $modelled"
awk -v theirs="$theirs" -v modelled="$modelled" 'BEGIN {
	ratio = theirs * 3000 / modelled
	exit !(ratio > 0.98 && ratio < 1.02) }'
result $? "paced: its tokens per second times the factor are the modelled ones"
terrace tier unload >/dev/null
echo "1..$number"
